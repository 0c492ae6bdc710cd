"""Golden transactions: every call that may be signed, in several sizes, with evidence that allows it.

The calls are written by eth_abi from signatures, so that nothing here rests on the codec, the literals or
the table of forms under test.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from eth_abi import encode
from eth_utils import keccak

from mammon.chain.evidence import Action, Evidence, Pin, Rehearsal
from mammon.core.numbers import Units, Wei
from mammon.core.transaction import Unsigned
from mammon.core.types import Address, Hash32, Market, MarketId, Token
from tests.protocols.fakes import CHAIN_ID, MAX, TOKEN, USDC, account, calldata

OWNER = account(0xA11CE)
STRANGER = account(0xBAD)
NOW = 1_800_000_000
HEAD = 25_000_000
NONCE = 7
GWEI = 10**9
SIZES = (1, 50_000_000, 4_999_123_456, 10**15)
SHARES_PER_UNIT = 997 * 10**9

VENUES = {
    "aave_v3": account(0xAA4E),
    "compound_v3": account(0xC03E7),
    "erc4626": account(0x4626),
    "euler_v2": account(0xE0),
    "fluid": account(0xF70),
    "metamorpho": account(0x3E7A),
    "moonwell": account(0x300E11),
    "morpho_blue": account(0xB10E),
    "sky_savings": account(0x50),
}
PAYERS = {
    "comet_rewards": account(0xC03E75),
    "merkl": account(0x3E741),
    "moonwell_rewards": account(0x300E75),
}
"""Who pays rewards."""
REWARD = Token(CHAIN_ID, account(0x4E3A4D), "WELL", 18)
PATH = (b"\x11" * 32, b"\xee" * 32, b"\x7a" * 32)
"""A proof, of three hashes."""
TERMS = USDC, account(0xC011), account(0x04AC), account(0x12A), 86 * 10**16
"""The parameters of the one market of Morpho Blue that is entered."""

APPROVE = "approve(address,uint256)"
SUPPLY = "supply(address,uint256,address,uint16)"
AAVE_WITHDRAW = "withdraw(address,uint256,address)"
DEPOSIT = "deposit(uint256,address)"
WITHDRAW = "withdraw(uint256,address,address)"
REDEEM = "redeem(uint256,address,address)"
COMET_SUPPLY = "supply(address,uint256)"
COMET_WITHDRAW = "withdraw(address,uint256)"
MINT = "mint(uint256)"
REDEEM_UNDERLYING = "redeemUnderlying(uint256)"
REDEEM_SHARES = "redeem(uint256)"
COMET_CLAIM = "claim(address,address,bool)"
MOONWELL_CLAIM = "claimReward(address,address[])"
MERKL_CLAIM = "claim(address[],address[],uint256[],bytes32[][])"
_TERMS = "(address,address,address,address,uint256)"
BLUE_SUPPLY = f"supply({_TERMS},uint256,uint256,address,bytes)"
BLUE_WITHDRAW = f"withdraw({_TERMS},uint256,uint256,address,address)"


@dataclass(frozen=True)
class Golden:
    """One transaction that must be allowed."""

    name: str
    unsigned: Unsigned
    evidence: Evidence

    @property
    def payload(self) -> bytes:
        return self.unsigned.payload()

    def sent(self, **changes: Any) -> bytes:
        """Return the payload with some fields changed."""
        return dataclasses.replace(self.unsigned, **changes).payload()

    def known(self, **changes: Any) -> Evidence:
        """Return the evidence with something changed."""
        return dataclasses.replace(self.evidence, **changes)


def market(protocol: str) -> Market:
    """Return a market of a protocol whose contract pulls the token itself."""
    where = VENUES[protocol]
    found = Market(MarketId(CHAIN_ID, where, USDC), protocol.replace("_", "-"), protocol, TOKEN, where)
    if protocol != "morpho_blue":
        return found
    key = "0x" + keccak(encode(["address"] * 4 + ["uint256"], TERMS)).hex()
    roles = (("collateral", TERMS[1]), ("irm", TERMS[3]), ("oracle", TERMS[2]))
    return dataclasses.replace(found, id=dataclasses.replace(found.id, key=key), addresses=roles)


def payer(kind: str, key: str = "") -> Market:
    """Return one who pays rewards."""
    where = PAYERS[kind]
    roles = {"comet_rewards": ("venue",), "moonwell_rewards": ("distributor", "venue"), "merkl": ()}[kind]
    listed = tuple((role, VENUES["compound_v3"]) for role in roles)
    return Market(
        MarketId(CHAIN_ID, where, REWARD.address, key), kind, kind, REWARD, where, listed, deposits=False
    )


def pin(address: Address, code: int = 1) -> Pin:
    """Return what the code of a contract is."""
    return Pin(address, Hash32(f"0x{code:064x}"), Hash32("0x" + "0" * 64))


def evidence(action: Action, found: Market | None, at_most: int, **changes: Any) -> Evidence:
    """Return evidence that allows an action."""
    addresses = (USDC, REWARD.address, *VENUES.values(), *PAYERS.values())
    base = Evidence(
        chain_id=CHAIN_ID,
        owner=OWNER,
        nonce=NONCE,
        action=action,
        market=found,
        at_most=Units(at_most),
        everything=False,
        shares=0,
        pins={each: pin(each) for each in addresses},
        code={each: pin(each) for each in addresses},
        fee_ceiling=Wei(10**15),
        data_fee=Wei(10**12),
        day_left=Wei(4 * 10**15),
        rehearsal=None if found is None else Rehearsal(HEAD, True, ""),
        head=HEAD,
        stops=(),
        forbidden="",
        now=NOW,
    )
    return dataclasses.replace(base, **changes)


def golden(name: str, to: Address, data: bytes, known: Evidence, gas: int = 200_000) -> Golden:
    """Return a golden transaction with this call."""
    tip, most = Wei(GWEI // 1000), Wei(GWEI // 10)
    return Golden(name, Unsigned(CHAIN_ID, NONCE, tip, most, gas, to, Wei(0), data), known)


def goldens() -> tuple[Golden, ...]:
    """Return all of them: no two have the same bytes."""
    found = {each.payload: each for each in _all()}
    return tuple(found.values())


def _all() -> Iterator[Golden]:
    for protocol in VENUES:
        for size in SIZES:
            yield from _of(protocol, size)
    yield from _claims()
    yield golden("cancel", OWNER, b"", evidence("cancel", None, 0), gas=21_000)


def _claims() -> Iterator[Golden]:
    def made(found: Market, signature: str, *arguments: Any, size: int = 1) -> Golden:
        data = calldata(signature, *arguments)
        known = evidence("claim", found, size)
        return golden(f"{found.protocol}-claim-{size}", found.id.address, data, known)

    venue = VENUES["compound_v3"]
    yield made(payer("comet_rewards"), COMET_CLAIM, venue, OWNER, True)
    yield made(payer("moonwell_rewards"), MOONWELL_CLAIM, OWNER, [venue])
    for size in SIZES:
        granted = payer("merkl", "/".join((str(size), *(each.hex() for each in PATH))))
        yield made(granted, MERKL_CLAIM, [OWNER], [REWARD.address], [size], [list(PATH)], size=size)


def _of(protocol: str, size: int) -> Iterator[Golden]:
    found, spender = market(protocol), VENUES[protocol]

    def made(action: Action, to: Address, signature: str, *arguments: Any, **more: Any) -> Golden:
        known = evidence(action, found, size, **more)
        name = f"{protocol}-{signature.partition('(')[0]}-{action}-{size}{'-all' if known.everything else ''}"
        return golden(name, to, calldata(signature, *arguments), known)

    yield made("approve", USDC, APPROVE, spender, size)
    yield made("revoke", USDC, APPROVE, spender, 0)
    if protocol == "aave_v3":
        yield made("deposit", spender, SUPPLY, USDC, size, OWNER, 0)
        yield made("withdraw", spender, AAVE_WITHDRAW, USDC, size, OWNER)
        yield made("withdraw", spender, AAVE_WITHDRAW, USDC, MAX, OWNER, everything=True)
        return
    if protocol == "compound_v3":
        yield made("deposit", spender, COMET_SUPPLY, USDC, size)
        yield made("withdraw", spender, COMET_WITHDRAW, USDC, size)
        yield made("withdraw", spender, COMET_WITHDRAW, USDC, MAX, everything=True)
        return
    shares = size * SHARES_PER_UNIT
    if protocol == "moonwell":
        yield made("deposit", spender, MINT, size)
        yield made("withdraw", spender, REDEEM_UNDERLYING, size)
        yield made("withdraw", spender, REDEEM_SHARES, shares, everything=True, shares=shares)
        return
    if protocol == "morpho_blue":
        yield made("deposit", spender, BLUE_SUPPLY, TERMS, size, 0, OWNER, b"")
        yield made("withdraw", spender, BLUE_WITHDRAW, TERMS, size, 0, OWNER, OWNER)
        all_of_it = {"everything": True, "shares": shares}
        yield made("withdraw", spender, BLUE_WITHDRAW, TERMS, 0, shares, OWNER, OWNER, **all_of_it)
        return
    yield made("deposit", spender, DEPOSIT, size, OWNER)
    yield made("withdraw", spender, WITHDRAW, size, OWNER, OWNER)
    yield made("withdraw", spender, REDEEM, shares, OWNER, OWNER, everything=True, shares=shares)
