"""The part of the gate that judges lists: claims of rewards name account, token, sum in lists of one. Pure.

A list of more than one would claim for somebody else too, or twice; one that cannot be read holds nothing.
Both show twice: here, and when the call is encoded again.
"""

from __future__ import annotations

from collections.abc import Iterator

from mammon.chain.evidence import Evidence, Refusal
from mammon.core import abi
from mammon.core.address import checksummed
from mammon.core.keccak import keccak256
from mammon.core.types import Address, Market
from mammon.errors import MalformedError
from mammon.protocols import merkl
from mammon.protocols.base import required_role
from mammon.protocols.forms import Role

Item = int | Address | abi.Dynamic
"""A sum, an address, or the path of a proof."""


def items(arguments: bytes, place: int, role: Role) -> tuple[Item, ...]:
    """Return what the list at a place holds, as its role reads it; nothing where it cannot be read."""
    try:
        if role == "paths":
            inner = abi.struct_at(arguments, place)
            if abi.words(inner[: abi.WORD], 1) != (1,):
                return ()
            return (abi.array(abi.words_at(inner[abi.WORD :], 0)),)
        found = abi.words_at(arguments, place)
    except MalformedError:
        return ()
    if role == "totals":
        return found
    return tuple(checksummed(f"0x{word % 2**160:040x}") for word in found)


def list_refusals(
    role: Role, found: tuple[Item, ...], market: Market, evidence: Evidence
) -> Iterator[Refusal]:
    """Yield why a list is not exactly the one item that is due."""
    try:
        code, due = _due(role, market, evidence)
    except MalformedError as error:
        yield Refusal(error.code, _shown(found), error.message)
        return
    if found != (due,):
        yield Refusal(code, _shown(found), _shown((due,)))


def _due(role: Role, market: Market, evidence: Evidence) -> tuple[str, Item]:
    """Return the code of a refusal, and the one item. Raises `MalformedError`."""
    if role == "owners":
        return "beneficiary", evidence.owner
    if role == "assets":
        return "asset", market.token.address
    if role == "venues":
        return "venue", required_role(market, "venue")
    granted = merkl.grant(market.id.key)
    if role == "totals":
        return "amount", granted.total
    return "proof", abi.array(granted.path)


def _shown(items: tuple[Item, ...]) -> str:
    return ", ".join(map(_told, items))[:200] or "none"


def _told(item: Item) -> str:
    if not isinstance(item, abi.Dynamic):
        return str(item)
    hashes = len(item.tail) // abi.WORD - 1
    return f"{hashes} hashes, digest 0x{keccak256(item.tail).hex()[:16]}"
