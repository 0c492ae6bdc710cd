"""Reads of Morpho Blue markets, for the vaults that lend there. Not a venue of its own yet.

A market's id is the hash of its parameters: parameters from wherever are trusted once they hash to
the id in question, and for nothing else.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from mammon.core import abi
from mammon.core.curves.morpho import MorphoMarket
from mammon.core.fixed import WAD
from mammon.core.keccak import keccak256
from mammon.core.numbers import Units, Wad
from mammon.core.types import Address, Call
from mammon.errors import MalformedError
from mammon.protocols.abi import morpho
from mammon.protocols.pieces import Answers, Questions

NO_ADDRESS = Address("0x" + "0" * 40)


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
