"""What a position is worth in the account's asset, at prices of feeds that were read and are fresh.

An estimate: nothing is taken off for the way out. The pool's own price has no say in it, for it can be
moved for the length of a block. What has no price is `Unread`, never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from mammon.core.concentrated.positions import Coin, PoolPosition
from mammon.core.costs import price_problem
from mammon.core.names import Address
from mammon.core.numbers import Fraction, Rate, Units
from mammon.core.rates import CONTEXT
from mammon.core.types import Block, Price, Token, Unread

MAX_EMISSION_APR = 10_000
"""A million per cent a year: what pays more than that on dust is no rate that anybody can earn."""

_QUANTUM = Decimal("1e-18")
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rates:
    """The asset, and the dollar prices by token at one block."""

    asset: Token
    asset_usd: Price | Unread
    prices: Mapping[Address, Price | Unread]
    block: Block
    margin: Fraction
    """As in `price_problem`."""


@dataclass(frozen=True, slots=True)
class PoolWorth:
    """A position's parts in base units of the asset, each rounded down."""

    liquidity: Units | Unread
    fees: Units | Unread
    emissions: Units | Unread
    emission_apr: Rate | Unread
    """A year of emissions at the present rate over the worth of the liquidity, simple: no promise."""

    @property
    def total(self) -> Units | Unread:
        """All parts together; `Unread` as soon as one of them is."""
        total = 0
        for part in (self.liquidity, self.fees, self.emissions):
            if isinstance(part, Unread):
                return part
            total += part
        return Units(total)


def worth_of(held: PoolPosition, rates: Rates) -> PoolWorth:
    """Return what a position is worth. An amount of zero is worth nothing, whatever its price."""
    liquidity = _worth(zip(held.coins, held.amounts, strict=True), rates)
    fees = _units(_worth(zip(held.coins, held.fees, strict=True), rates))
    paid = held.emissions
    if paid is None:
        return PoolWorth(_units(liquidity), fees, Units(0), Rate(_NOTHING))
    earned = _units(_worth(((paid.coin, paid.earned),), rates))
    yearly = _worth(((paid.coin, paid.per_year),), rates)
    return PoolWorth(_units(liquidity), fees, earned, _apr(yearly, liquidity))


def _worth(parts: Iterable[tuple[Coin, Units]], rates: Rates) -> Decimal | Unread:
    """Return the sum of several amounts in base units of the asset, not rounded yet."""
    total = _NOTHING
    for coin, amount in parts:
        one = _in_asset(coin, amount, rates) if amount else _NOTHING
        if isinstance(one, Unread):
            return one
        total = CONTEXT.add(total, one)
    return total


def _in_asset(coin: Coin, amount: Units, rates: Rates) -> Decimal | Unread:
    token = coin.token
    if token is None:
        return Unread(coin.address, "unlisted", "the chain file does not list this token")
    if token.address == rates.asset.address:
        return Decimal(amount)
    missing = Unread(token.symbol, "no_feed", f"the chain file lists no price feed of {token.symbol}")
    price = rates.prices.get(token.address, missing)
    for each in (price, rates.asset_usd):
        problem = price_problem(each, rates.block, rates.margin)
        if problem:
            return Unread(token.symbol, problem, f"no price of {token.symbol} can be relied on")
    assert isinstance(price, Price)
    assert isinstance(rates.asset_usd, Price)
    scaled = Decimal(amount).scaleb(rates.asset.decimals - token.decimals, CONTEXT)
    return CONTEXT.divide(CONTEXT.multiply(scaled, price.usd), rates.asset_usd.usd)


def _units(value: Decimal | Unread) -> Units | Unread:
    return value if isinstance(value, Unread) else Units(int(value))


def _apr(yearly: Decimal | Unread, liquidity: Decimal | Unread) -> Rate | Unread:
    if isinstance(yearly, Unread):
        return yearly
    if isinstance(liquidity, Unread):
        return liquidity
    if not yearly:
        return Rate(_NOTHING)
    if yearly > CONTEXT.multiply(liquidity, Decimal(MAX_EMISSION_APR)):
        return Unread("emission_apr", "dust", "the liquidity is worth next to nothing")
    return Rate(CONTEXT.divide(yearly, liquidity).quantize(_QUANTUM, context=CONTEXT))
