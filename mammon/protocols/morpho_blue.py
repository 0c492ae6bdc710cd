"""Morpho Blue: supply to one market of the singleton, without a vault between.

The market's address is the singleton, its key the market's id, its roles the addresses that hash to it.
A read takes one round and needs no hint. Nothing on the chain tells a market's interest up to the block:
the formula is proven instead, by what the rate model says of two made-up markets. They are as old as
the clock and next to the target, one above and one below, so that their answers rest on all of it: the
rate at target, the exponential, the means and the slope.
"""

from __future__ import annotations

from mammon.core import abi
from mammon.core.curves import MorphoCurve
from mammon.core.curves.morpho import adaptive_rate, utilisation
from mammon.core.fixed import WAD
from mammon.core.numbers import Ray, Units
from mammon.core.types import Address, All, Call, Hint, Market, MarketState, Position, Read
from mammon.protocols.abi import morpho
from mammon.protocols.base import Capabilities, Roles, required_role
from mammon.protocols.morpho_blue_market import (
    PINNED,
    Singleton,
    id_of,
    market_of,
    market_questions,
    shares_of,
    terms_of,
)
from mammon.protocols.pieces import (
    Answers,
    Questions,
    approval,
    ask,
    balance,
    block_time,
    check_decimals,
    decimals_question,
    positive,
    time_question,
)
from mammon.protocols.shares import MarketShares

MADE_UP = (WAD * 8_997 // 10_000, WAD * 90_004 // 100_000)
"""What is borrowed of one whole in the two markets the rate model is asked about."""

_NOTHING = abi.byte_string(b"")


class MorphoBlue:
    """Supply directly to a market. There is no cap, no pause and no share token."""

    protocol = "morpho_blue"
    can = Capabilities(read=True, deposit=True, withdraw=True, rewards=False)
    roles = Roles((*PINNED, "multicall3"), key=True)

    def read_market(self, market: Market, hint: Hint | None) -> Read[MarketState]:  # noqa: ARG002
        """Read the market in one round."""
        answers = yield from ask(
            {**_questions(market, market.id.address), **_model_questions(market), **_liquid(market)}
        )
        curve, now = _curve(market, answers), block_time(answers)
        totals = curve.market.accrued(now)
        trusted = _model_holds(answers, curve, now)
        liquid = totals.supply_assets - totals.borrow_assets
        return MarketState(
            market=market,
            curve=curve if trusted else None,
            supplied=totals.supply_assets,
            borrowed=totals.borrow_assets,
            withdrawable=Units(min(liquid, answers.number("liquid", 128))),
            room=None if trusted else Units(0),
            index=Ray(curve.index_at(now)),
            closed=() if trusted else ("model_mismatch",),
            backing=((required_role(market, "collateral"), totals.supply_assets),),
        )

    def read_position(
        self,
        market: Market,
        owner: Address,
        hint: Hint | None = None,  # noqa: ARG002  # one round holds all there is to it
        last_shares: int = 0,  # noqa: ARG002
    ) -> Read[Position]:
        """Read supply shares, and compute what the singleton would pay for them in this block."""
        answers = yield from ask(_questions(market, owner))
        curve, now = _curve(market, answers), block_time(answers)
        shares = shares_of(answers, id_of(market), curve.market)
        return Position(market.id, market.slug, owner, shares, Units(curve.assets_at(shares, now)))

    def share_token(self, market: Market, hint: Hint | None) -> MarketShares:  # noqa: ARG002
        """Name the singleton and the market whose events count."""
        return MarketShares(market.id.address, id_of(market))

    def supply(self, market: Market, amount: int, owner: Address) -> tuple[Call, ...]:
        """Approve the singleton for `amount` and supply it, with no data for a callback."""
        terms = terms_of(market)
        data = abi.encode_call(morpho.SUPPLY, terms, positive(amount), 0, owner, _NOTHING)
        return approval(market, amount), Call(market.id.address, data)

    def withdraw(self, market: Market, amount: int | All, owner: Address) -> tuple[Call, ...]:
        """Withdraw an amount of assets, or every share: the other of the two is zero."""
        terms = terms_of(market)
        if isinstance(amount, All):
            assets, shares = 0, positive(amount.shares)
        else:
            assets, shares = positive(amount), 0
        data = abi.encode_call(morpho.WITHDRAW, terms, assets, shares, owner, owner)
        return (Call(market.id.address, data),)


def _questions(market: Market, holder: Address) -> Questions:
    singleton = Singleton(market.id.address, required_role(market, "irm"))
    return {
        **decimals_question(market.token),
        **time_question(market),
        **market_questions(singleton, id_of(market), holder),
    }


def _liquid(market: Market) -> Questions:
    return {"liquid": balance(market.token.address, market.id.address)}


def _model_questions(market: Market) -> Questions:
    """Ask the rate model about markets made up to be `MADE_UP`, last touched at time 0."""
    terms = terms_of(market)
    return {
        f"model.{place}": Call(
            required_role(market, "irm"),
            abi.encode_call(morpho.BORROW_RATE_VIEW, terms, (WAD, WAD, borrowed, borrowed, 0, 0)),
        )
        for place, borrowed in enumerate(MADE_UP)
    }


def _model_holds(answers: Answers, curve: MorphoCurve, now: int) -> bool:
    """Say whether the rate model answers what our formula does, to the unit."""
    started = curve.market.rate_at_target
    return all(
        answers.number(f"model.{place}") == adaptive_rate(utilisation(WAD, borrowed), started, now)[0]
        for place, borrowed in enumerate(MADE_UP)
    )


def _curve(market: Market, answers: Answers) -> MorphoCurve:
    check_decimals(market.token, answers)
    terms_of(market)  # the figures are those of the id: the addresses must be the id's too
    return MorphoCurve(market_of(answers, id_of(market), accrues=True, now=block_time(answers)))
