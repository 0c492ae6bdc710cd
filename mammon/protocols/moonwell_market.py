"""From the answers of an mToken, its comptroller and its rate model to the market's curve and state."""

from __future__ import annotations

from mammon.core import abi
from mammon.core.curves import MoonwellCurve
from mammon.core.curves.moonwell import MAX_BORROW_RATE, JumpRate, Totals, accrue
from mammon.core.fixed import WAD
from mammon.core.numbers import Ray, Units, Wad
from mammon.core.types import Hint, Market, MarketState
from mammon.errors import MalformedError
from mammon.protocols.pieces import Answers, block_time

_WAD_TO_RAY = 10**9
_MAX_INDEX = 10**45
_MODEL = ("model.base", "model.multiplier", "model.jump", "model.kink")


def exchange_rate(answers: Answers) -> int:
    """Return what one mToken unit is worth in units of the asset at this block, wad, interest included.

    Raises `MalformedError`, also where the contract cannot accrue and nothing could be redeemed.
    """
    shares = answers.number("total_shares", 128)
    if shares == 0:
        raise MalformedError("shares", "somebody holds mTokens, and there are none")
    return _accrued(answers).owned * WAD // shares


def state_of(market: Market, answers: Answers, hint: Hint) -> MarketState:
    """Return the market's state at the block the answers were read at."""
    stored = _stored(answers)
    if answers.number("borrow_rate", 128) > MAX_BORROW_RATE:
        return _stuck(market, answers, stored, hint)
    totals, curve = _accrued(answers), _curve(answers, stored)
    room = 0 if curve is None else curve.room_at(answers.number("supply_cap"), block_time(answers))
    locked = () if abi.boolean(answers.words("listing", 2)[0]) else ("not_listed",)
    closed = (*locked, *(("paused",) if answers.number("mint_paused", 1) else ()))
    if curve is None:
        closed = (*closed, "model_mismatch")
    elif room == 0:
        closed = (*closed, "cap_full")
    minted = answers.number("total_shares", 128)
    return MarketState(
        market=market,
        curve=curve,
        supplied=Units(totals.owned),
        borrowed=Units(totals.borrows),
        withdrawable=Units(0 if locked else min(totals.cash, totals.owned)),
        room=Units(0) if closed else None if room is None else Units(room),
        index=_index(market, answers, exchange_rate(answers) if minted else None),
        closed=closed,
        locked=locked,
        hint=hint,
    )


def _stuck(market: Market, answers: Answers, stored: Totals, hint: Hint) -> MarketState:
    """Return the state of a market that cannot accrue: every deposit and withdrawal reverts."""
    return MarketState(
        market=market,
        curve=None,
        supplied=Units(stored.owned),
        borrowed=Units(stored.borrows),
        withdrawable=Units(0),
        room=Units(0),
        index=_index(market, answers, None),
        closed=("rate_cap",),
        locked=("rate_cap",),
        hint=hint,
    )


def _stored(answers: Answers) -> Totals:
    names = ("cash", "borrows", "reserves")
    totals = Totals(*(answers.number(name, 128) for name in names))
    if totals.owned < 0 or answers.number("reserve_factor", 64) > WAD:
        raise MalformedError("totals", "reserves or reserve factor are out of range")
    return totals


def _accrued(answers: Answers) -> Totals:
    """Return the totals at the block, by the rate the contract itself says it accrues at."""
    elapsed = block_time(answers) - answers.number("accrued_at", 40)
    rate, factor = answers.number("borrow_rate", 128), answers.number("reserve_factor", 64)
    try:
        return accrue(_stored(answers), factor, rate, elapsed)
    except ValueError as error:
        raise MalformedError("totals", str(error)) from error


def _curve(answers: Answers, stored: Totals) -> MoonwellCurve | None:
    """Return the curve; None where the model is none that we know, or does not say what the curve does."""
    if not all(answers.has(name) for name in _MODEL):
        return None
    curve = MoonwellCurve(
        cash=Units(stored.cash),
        borrows=Units(stored.borrows),
        reserves=Units(stored.reserves),
        borrow_index=Wad(answers.number("borrow_index", 128)),
        updated_at=answers.number("accrued_at", 40),
        reserve_factor=Wad(answers.number("reserve_factor", 64)),
        model=JumpRate(*(Wad(answers.number(name, 64)) for name in _MODEL)),
    )
    return curve if _trusted(answers, curve, stored) else None


def _trusted(answers: Answers, curve: MoonwellCurve, stored: Totals) -> bool:
    """Say whether the contract computes rates and shares as we do: exact, for both are of stored figures."""
    shares, rate = answers.number("total_shares", 128), answers.number("exchange_rate", 128)
    told = (answers.number("supply_rate", 128), answers.number("borrow_rate", 128))
    try:
        rates = (curve.rate_now(), curve.borrow_rate_now())
    except ValueError:
        return False
    return rates == told and (shares == 0 or stored.owned * WAD // shares == rate)


def _index(market: Market, answers: Answers, accrued: int | None) -> Ray:
    """Return the worth of one whole mToken in whole units of the asset, ray; None: by the stored rate."""
    rate = answers.number("exchange_rate", 128) if accrued is None else accrued
    decimals = answers.number("share_decimals", 8)
    index: int = rate * 10**decimals * _WAD_TO_RAY // 10**market.token.decimals
    if not 0 < index < _MAX_INDEX:
        raise MalformedError("index", f"an exchange rate of {rate} at {decimals} decimals")
    return Ray(index)
