"""Reads of Morpho Blue markets: for the venue that supplies to one, and for the vaults that lend there.

A market's id is the hash of its parameters: parameters from wherever are trusted once they hash to
the id in question, and for nothing else.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from mammon.core import abi
from mammon.core.address import parse_address
from mammon.core.curves.morpho import MorphoMarket
from mammon.core.fixed import WAD
from mammon.core.keccak import keccak256
from mammon.core.numbers import Units, Wad
from mammon.core.types import Address, Call, Market
from mammon.errors import MalformedError, UsageError
from mammon.protocols.abi import morpho
from mammon.protocols.base import required_role
from mammon.protocols.pieces import Answers, Questions

NO_ADDRESS = Address("0x" + "0" * 40)

PINNED = ("collateral", "oracle", "irm")
"""The addresses of a market's parameters beside its loan token, by the roles of its table."""

_ENABLED = (860, 915, 945, 965, 770, 625, 385, 980, 0)
"""The loan-to-value limits that Morpho's owner has enabled, in thousandths, the usual ones first."""
_LLTVS = tuple(Wad(each * WAD // 1000) for each in dict.fromkeys((*_ENABLED, *range(0, 1000, 5))))


_LLTV = re.compile(r"(0|[1-9][0-9]{0,18})\Z")
_HEX = frozenset("0123456789abcdef")


class Params(NamedTuple):
    """What defines a market."""

    loan_token: Address
    collateral_token: Address
    oracle: Address
    irm: Address
    """`NO_ADDRESS`: an idle market, where nothing is borrowed and nothing accrues."""
    lltv: Wad


class Singleton(NamedTuple):
    """The contracts markets are read from."""

    morpho: Address
    irm: Address
    """The adaptive rate model, the one whose formula is known."""


@lru_cache(maxsize=1024)  # a vault's markets are told by their parameters in every reading
def market_id(params: Params) -> bytes:
    """Return the id of the market these parameters define."""
    return keccak256(abi.encode(*params))


def id_of(market: Market) -> bytes:
    """Return the id that a market's table gives as its key. Raises `MalformedError`."""
    digits = market.id.key.removeprefix("0x")
    if len(digits) != 64 or market.id.key != f"0x{digits.lower()}" or not set(digits) <= _HEX:
        raise MalformedError(
            "market_id", f"{market.slug}: {market.id.key[:80]!r} is not a market's id", "correct its key"
        )
    return bytes.fromhex(digits)


def terms_of(market: Market) -> Params:
    """Return the parameters behind a market's id: its table's addresses, and the limit that is left.

    A table holds addresses; the loan-to-value limit is the one with which they hash to the id, sought
    among those that are enabled and every half of a percent. Raises `MalformedError` when there is none.
    """
    collateral, oracle, irm = (required_role(market, name) for name in PINNED)
    return _terms(market.slug, id_of(market), market.token.address, collateral, oracle, irm)


@lru_cache(maxsize=256)
def _terms(
    slug: str, identity: bytes, loan_token: Address, collateral: Address, oracle: Address, irm: Address
) -> Params:
    for lltv in _LLTVS:
        params = Params(loan_token, collateral, oracle, irm, lltv)
        if market_id(params) == identity:
            return params
    raise MalformedError(
        "market_id",
        f"{slug}: no market of this token, collateral, oracle and rate model has its id",
        "correct the market's key or its addresses",
    )


def written(params: Params) -> str:
    """Return how hints write a market of a known token: `collateral,oracle,irm,lltv`."""
    return f"{params.collateral_token},{params.oracle},{params.irm},{params.lltv}"


def remembered(asset: Address, item: str) -> Params:
    """Return the market a hint tells of. Raises `UsageError` for what is none."""
    parts = item.split(",")
    if len(parts) != 4 or not _LLTV.match(parts[3]):
        raise UsageError("hint", f"{item[:80]!r} is not a market")
    collateral, oracle, irm = map(parse_address, parts[:3])
    return Params(asset, collateral, oracle, irm, Wad(int(parts[3])))


def params_question(singleton: Singleton, identity: bytes) -> Questions:
    """Ask for a market's parameters."""
    data = abi.encode_call(morpho.MARKET_PARAMS, identity)
    return {f"{identity.hex()}.params": Call(singleton.morpho, data)}


def params_of(answers: Answers, identity: bytes) -> Params:
    """Return a market's parameters; raise `MalformedError` unless they hash to its id."""
    name = f"{identity.hex()}.params"
    words = answers.words(name, 5)
    loan_token, collateral_token, oracle, irm = map(abi.address, words[:4])
    params = Params(loan_token, collateral_token, oracle, irm, Wad(words[4]))
    if market_id(params) != identity:
        raise MalformedError("market_id", f"{name}: these parameters belong to another market")
    return params


def market_questions(singleton: Singleton, identity: bytes, holder: Address) -> Questions:
    """Ask for a market's totals, its rate at target, and what `holder` has supplied.

    Optional, because a hint may name a market that is no longer of interest.
    """
    name = identity.hex()
    market = abi.encode_call(morpho.MARKET, identity)
    position = abi.encode_call(morpho.POSITION, identity, holder)
    rate = abi.encode_call(morpho.RATE_AT_TARGET, identity)
    return {
        f"{name}.market": Call(singleton.morpho, market, optional=True),
        f"{name}.position": Call(singleton.morpho, position, optional=True),
        f"{name}.rate": Call(singleton.irm, rate, optional=True),
    }


def market_of(answers: Answers, identity: bytes, accrues: bool, now: int) -> MorphoMarket:
    """Return a market as stored. `accrues` False: its rate model is none, or one that is not known."""
    name = f"{identity.hex()}.market"
    figures = [answers.unsigned(name, word, 128) for word in answers.words(name, 6)]
    supply_assets, supply_shares, borrow_assets, _, updated_at, fee = figures
    if borrow_assets > supply_assets or not 0 < updated_at <= now or fee > WAD:
        raise MalformedError("market", f"{name}: totals, time or fee are out of range")
    return MorphoMarket(
        supply_assets=Units(supply_assets),
        supply_shares=Units(supply_shares),
        borrow_assets=Units(borrow_assets),
        updated_at=updated_at,
        fee=Wad(fee),
        rate_at_target=Wad(answers.number(f"{identity.hex()}.rate", 64) if accrues else 0),
        idle=not accrues,
    )


def shares_of(answers: Answers, identity: bytes, market: MorphoMarket) -> Units:
    """Return the holder's supply shares in a market, which are some of all there are."""
    name = f"{identity.hex()}.position"
    shares = answers.words(name, 3)[0]
    if shares > market.supply_shares:
        raise MalformedError("market", f"{name}: more shares than the market has")
    return Units(shares)
