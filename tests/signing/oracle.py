"""A second opinion on what may be signed: the same rules, written from the design with other libraries.

It knows signatures and eth_abi where the gate knows selectors and forms, and `rlp` where the gate has its
own decoder. It says yes or no; which rule spoke is the gate's own business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import rlp
from eth_abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils import keccak

from mammon.chain.evidence import Evidence
from mammon.core.types import Address, Market
from tests.protocols.fakes import MAX, calldata, types_of
from tests.signing.golden import (
    AAVE_WITHDRAW,
    APPROVE,
    BLUE_SUPPLY,
    BLUE_WITHDRAW,
    COMET_CLAIM,
    COMET_SUPPLY,
    COMET_WITHDRAW,
    DEPOSIT,
    MERKL_CLAIM,
    MINT,
    MOONWELL_CLAIM,
    PAYERS,
    REDEEM,
    REDEEM_SHARES,
    REDEEM_UNDERLYING,
    SUPPLY,
    WITHDRAW,
)

EMPTY = {"0x" + "00" * 32, "0x" + keccak(b"").hex()}
PROTOCOLS = (
    "aave_v3",
    "compound_v3",
    "erc4626",
    "euler_v2",
    "fluid",
    "metamorpho",
    "moonwell",
    "morpho_blue",
    "sky_savings",
)


@dataclass(frozen=True)
class Upto:
    """An amount from 1 to a most."""

    most: int


@dataclass(frozen=True)
class Terms:
    """The parameters of a market: its own addresses, and together what its key is the hash of."""

    market: Market

    def fit(self, found: tuple[Any, ...]) -> bool:
        roles = dict(self.market.addresses)
        due = [self.market.token.address, *(roles.get(name, "") for name in ("collateral", "oracle", "irm"))]
        digest = keccak(encode(["address"] * 4 + ["uint256"], found)).hex()
        return [each.lower() for each in due] == list(found[:4]) and self.market.id.key == f"0x{digest}"


Due = tuple[Address, str, tuple[Any, ...]]


def permitted(payload: bytes, evidence: Evidence) -> bool:
    """Say whether a transaction may be signed."""
    fields = _fields(payload)
    if fields is None or evidence.forbidden or evidence.stops:
        return False
    chain, nonce, tip, most, gas = (int.from_bytes(each, "big") for each in fields[:5])
    to, value, data = fields[5], fields[6], fields[7]
    cost = gas * most + evidence.data_fee
    plain = (chain, nonce, value) == (evidence.chain_id, evidence.nonce, b"")
    if not plain or tip > most or max(most, tip) >= 2**256:
        return False
    if cost > min(evidence.fee_ceiling, evidence.day_left) or not 21_000 <= gas <= 3_000_000:
        return False
    if evidence.action == "cancel":
        mine = bytes.fromhex(evidence.owner[2:])
        return evidence.market is None and (to, data, gas) == (mine, b"", 21_000)
    return _sound(evidence) and any(_is(due, to, data) for due in _due(evidence))


def _fields(payload: bytes) -> list[bytes] | None:
    if payload[:1] != b"\2":
        return None
    try:
        fields = rlp.decode(payload[1:], strict=True)
    except (rlp.exceptions.RLPException, RecursionError):
        return None
    if not isinstance(fields, list) or len(fields) != 9 or rlp.encode(fields) != payload[1:]:
        return None
    if fields[8] != [] or not all(isinstance(each, bytes) for each in fields[:8]) or len(fields[5]) != 20:
        return None
    numbers = [*fields[:5], fields[6]]
    return None if any(each[:1] == b"\0" or len(each) > 32 for each in numbers) else fields


def _sound(evidence: Evidence) -> bool:
    """Say whether market, code and rehearsal are in order."""
    market, rehearsal = evidence.market, evidence.rehearsal
    if market is None or rehearsal is None or not rehearsal.passed:
        return False
    if not -5 <= evidence.head - rehearsal.block <= 5:
        return False
    if {market.id.chain_id, market.token.chain_id} != {evidence.chain_id}:
        return False
    if market.protocol not in (*PROTOCOLS, *PAYERS) or market.id.asset != market.token.address:
        return False
    if not market.deposits and evidence.action in ("approve", "deposit"):
        return False
    venue = set() if evidence.action == "revoke" else {market.id.address, market.spender}
    return all(
        each in evidence.pins
        and evidence.pins[each].address == each
        and evidence.pins[each].code not in EMPTY
        and evidence.code.get(each) == evidence.pins[each]
        for each in {market.token.address} | venue
    )


def _due(evidence: Evidence) -> Iterator[Due]:
    """Yield every call that is allowed."""
    market, me, most = evidence.market, evidence.owner, evidence.at_most
    assert isinstance(market, Market)
    token, venue = market.token.address, market.id.address
    if (evidence.action == "claim") != (market.protocol in PAYERS):
        return
    if evidence.action == "claim":
        yield from _claim(market, me)
    elif evidence.action == "approve" and 0 < most < 2**128:
        yield token, APPROVE, (market.spender, most)
    elif evidence.action == "revoke":
        yield token, APPROVE, (market.spender, 0)
    elif market.protocol == "aave_v3":
        if evidence.action == "deposit":
            yield venue, SUPPLY, (token, Upto(most), me, 0)
        if evidence.action == "withdraw":
            yield venue, AAVE_WITHDRAW, (token, Upto(most), me)
        if evidence.action == "withdraw" and evidence.everything:
            yield venue, AAVE_WITHDRAW, (token, MAX, me)
    elif market.protocol == "compound_v3":
        if evidence.action == "deposit":
            yield venue, COMET_SUPPLY, (token, Upto(most))
        if evidence.action == "withdraw":
            yield venue, COMET_WITHDRAW, (token, Upto(most))
        if evidence.action == "withdraw" and evidence.everything:
            yield venue, COMET_WITHDRAW, (token, MAX)
    elif market.protocol == "moonwell":
        if evidence.action == "deposit":
            yield venue, MINT, (Upto(most),)
        if evidence.action == "withdraw":
            yield venue, REDEEM_UNDERLYING, (Upto(most),)
        if evidence.action == "withdraw" and evidence.everything and evidence.shares > 0:
            yield venue, REDEEM_SHARES, (evidence.shares,)
    elif market.protocol == "morpho_blue":
        if evidence.action == "deposit":
            yield venue, BLUE_SUPPLY, (Terms(market), Upto(most), 0, me, b"")
        if evidence.action == "withdraw":
            yield venue, BLUE_WITHDRAW, (Terms(market), Upto(most), 0, me, me)
        if evidence.action == "withdraw" and evidence.everything and evidence.shares > 0:
            yield venue, BLUE_WITHDRAW, (Terms(market), 0, evidence.shares, me, me)
    else:
        if evidence.action == "deposit":
            yield venue, DEPOSIT, (Upto(most), me)
        if evidence.action == "withdraw":
            yield venue, WITHDRAW, (Upto(most), me, me)
        if evidence.action == "withdraw" and evidence.everything and evidence.shares > 0:
            yield venue, REDEEM, (evidence.shares, me, me)


def _claim(market: Market, me: Address) -> Iterator[Due]:
    """Yield the one call that has a payer pay: for this account alone, on its own market, what is granted."""
    of = dict(market.addresses).get("venue")
    if market.protocol == "comet_rewards" and of:
        yield market.id.address, COMET_CLAIM, (of, me, True)
    if market.protocol == "moonwell_rewards" and of:
        yield market.id.address, MOONWELL_CLAIM, (me, (of,))
    if market.protocol == "merkl" and market.id.key:
        total, *path = market.id.key.split("/")
        proof = tuple(bytes.fromhex(each) for each in path)
        lists = ((me,), (market.token.address,), (int(total),), (proof,))
        yield market.id.address, MERKL_CLAIM, lists


def _is(due: Due, to: bytes, data: bytes) -> bool:
    target, signature, arguments = due
    if to != bytes.fromhex(target[2:]) or data[:4] != keccak(text=signature)[:4]:
        return False
    try:
        found = decode(types_of(signature), data[4:])
    except (DecodingError, OverflowError):  # the latter for a length beyond any stream's
        return False
    if calldata(signature, *found) != data:
        return False
    return all(_fits(value, wanted) for value, wanted in zip(found, arguments, strict=True))


def _fits(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, Upto):
        return bool(0 < value <= min(wanted.most, 2**128 - 1))
    if isinstance(wanted, Terms):
        return wanted.fit(value)
    if isinstance(wanted, tuple):
        return len(value) == len(wanted) and all(map(_fits, value, wanted))
    return bool(value == (wanted.lower() if isinstance(wanted, str) else wanted))
