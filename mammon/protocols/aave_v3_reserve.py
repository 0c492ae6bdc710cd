"""From the answers of an Aave V3 pool to a reserve's curve and state.

Releases are told apart by what they offer, never by an address: a pool without a virtual balance
is 3.0; one without `RESERVE_INTEREST_RATE_STRATEGY` is 3.1 to 3.3; between neighbours the pool's
revision decides (4 is 3.1; 7 and 8 are 3.4), as in the pool contracts of each release.
"""

from __future__ import annotations

from typing import NamedTuple

from mammon.core import abi
from mammon.core.curves import AaveCurve
from mammon.core.curves.aave import RAY_PER_BPS, Generation, StableDebt
from mammon.core.fixed import BPS, RAY
from mammon.core.numbers import Ray, Units
from mammon.core.types import Address, Hint, Market, MarketState
from mammon.errors import MalformedError
from mammon.protocols.pieces import Answers, agrees, block_time, loss

NO_ADDRESS = Address("0x" + "0" * 40)

_WORDS = 15
_REVISION_3_1 = 4
_REVISIONS_3_4 = (7, 8)
_WITH_DEFICIT = ("3.4", "3.5")
"""Where `getReserveDeficit` must answer: 3.2 stands for 3.3 too, which has it, and for itself."""


class Contracts(NamedTuple):
    """The contracts of one reserve."""

    a_token: Address
    debt_token: Address
    stable_debt_token: Address
    """`NO_ADDRESS` where a release has none."""
    strategy: Address


class _Rates(NamedTuple):
    optimal_usage: int
    base: int
    slope1: int
    slope2: int


class _Flags(NamedTuple):
    """The configuration word of a reserve."""

    word: int

    def bits(self, first: int, count: int) -> int:
        return self.word >> first & (1 << count) - 1

    @property
    def decimals(self) -> int:
        return self.bits(48, 8)

    @property
    def reserve_factor_bps(self) -> int:
        return self.bits(64, 16)

    @property
    def supply_cap_tokens(self) -> int:
        """In whole tokens; 0 means no cap."""
        return self.bits(116, 36)

    @property
    def virtual_accounting(self) -> bool:
        """Meaningful in 3.1 to 3.3 alone."""
        return bool(self.bits(252, 1))

    @property
    def locked(self) -> tuple[str, ...]:
        """Why nothing can be withdrawn."""
        return (*(() if self.bits(56, 1) else ("inactive",)), *(("paused",) if self.bits(60, 1) else ()))

    @property
    def closed(self) -> tuple[str, ...]:
        """Why nothing can be supplied, whatever the cap."""
        return (*self.locked, *(("frozen",) if self.bits(57, 1) else ()))


def contracts_of(answers: Answers, market: Market) -> Contracts:
    """Return the reserve's contracts as the pool names them; raise `MalformedError` when it lists none."""
    words = answers.words("reserve", _WORDS)
    a_token, stable, variable, strategy = map(abi.address, words[8:12])
    if a_token == NO_ADDRESS:
        raise MalformedError("not_listed", f"the pool of {market.slug} has no reserve for the asset")
    if answers.has("pool.strategy") and answers.address("pool.strategy") != strategy:
        raise MalformedError("strategy", f"the pool of {market.slug} names two strategies")
    return Contracts(a_token, variable, stable, strategy)


def state_of(market: Market, answers: Answers, hint: Hint) -> MarketState:
    """Return the reserve's state at the block the answers were read at."""
    now = block_time(answers)
    flags = _Flags(answers.words("reserve", _WORDS)[0])
    if flags.decimals != market.token.decimals:
        raise MalformedError(
            "decimals", f"the pool counts {market.token.symbol} in {flags.decimals} decimals"
        )
    curve = _curve(answers, flags, now)
    income, debt = answers.number("income", 128), answers.number("debt", 128) + _stable_total(answers, curve)
    if income < RAY:
        raise MalformedError("index", f"a normalised income of {income} is below one ray")
    supplied = curve.scaled_supply * income // RAY
    trusted = agrees(curve.index_at(now), income) and agrees(curve.debt_at(now), debt)
    room = curve.room_at(flags.supply_cap_tokens * 10**market.token.decimals, now) if trusted else 0
    closed = flags.closed
    if not trusted:
        closed = (*closed, "model_mismatch")
    elif room == 0:
        closed = (*closed, "cap_full")
    liquid = min(curve.available, answers.number("held", 128))
    return MarketState(
        market=market,
        curve=curve if trusted else None,
        supplied=Units(supplied),
        borrowed=Units(debt),
        withdrawable=Units(0 if flags.locked else liquid),
        room=Units(0) if closed else _units(room),
        index=Ray(income),
        closed=closed,
        locked=flags.locked,
        evidence=loss("deficit", _deficit(answers), supplied),
        hint=hint,
    )


def _deficit(answers: Answers) -> int:
    return answers.offered("deficit", 128) or 0


def _units(value: int | None) -> Units | None:
    return None if value is None else Units(value)


def _curve(answers: Answers, flags: _Flags, now: int) -> AaveCurve:
    generation = _generation(answers)
    if generation in ("3.1", "3.2") and not flags.virtual_accounting:
        raise MalformedError("virtual_accounting", "the reserve mints its asset: no curve is known for it")
    words = answers.words("reserve", _WORDS)
    stored = [answers.unsigned("reserve", word, 128) for word in words[1:5]]
    updated_at = answers.unsigned("reserve", words[6], 40)
    treasury, unbacked = (answers.unsigned("reserve", word, 128) for word in words[12:14])
    if min(stored[0], stored[2]) < RAY or updated_at > now or flags.reserve_factor_bps > BPS:
        raise MalformedError("reserve", "the reserve's indices, time or reserve factor are out of range")
    rates = _strategy_of_3_0(answers) if generation == "3.0" else _strategy(answers)
    available = answers.offered("virtual", 128)
    deficit = answers.number("deficit", 128) if generation in _WITH_DEFICIT else _deficit(answers)
    return AaveCurve(
        generation=generation,
        available=Units(answers.number("held", 128) if available is None else available),
        scaled_debt=Units(answers.number("scaled_debt", 128)),
        unbacked=Units(unbacked + deficit),
        scaled_supply=Units(answers.number("scaled_supply", 128)),
        accrued_to_treasury=Units(treasury),
        liquidity_index=Ray(stored[0]),
        borrow_index=Ray(stored[2]),
        liquidity_rate=Ray(stored[1]),
        borrow_rate=Ray(stored[3]),
        updated_at=updated_at,
        reserve_factor_bps=flags.reserve_factor_bps,
        optimal_usage=Ray(rates.optimal_usage),
        base_rate=Ray(rates.base),
        slope1=Ray(rates.slope1),
        slope2=Ray(rates.slope2),
        stable_debt=_stable_debt(answers, generation, now),
    )


def _generation(answers: Answers) -> Generation:
    revision = answers.offered("pool.revision")
    if not answers.has("virtual"):
        return "3.0"
    if not answers.has("pool.strategy"):
        return "3.1" if revision == _REVISION_3_1 else "3.2"
    return "3.4" if revision in _REVISIONS_3_4 else "3.5"


def _strategy(answers: Answers) -> _Rates:
    """Return the parameters one strategy keeps for every reserve, in basis points, as rays."""
    words = answers.words("rates", 4)
    bps = [answers.unsigned("rates", word, bits) for word, bits in zip(words, (16, 32, 32, 32), strict=True)]
    return _checked(_Rates(*(value * RAY_PER_BPS for value in bps)))


def _strategy_of_3_0(answers: Answers) -> _Rates:
    """Return the parameters of a strategy made for one reserve, in rays."""
    return _checked(
        _Rates(*(answers.number(name, 128) for name in ("optimal_usage", "base_rate", "slope1", "slope2")))
    )


def _checked(rates: _Rates) -> _Rates:
    if not 0 < rates.optimal_usage <= RAY:
        raise MalformedError("strategy", f"an optimal usage of {rates.optimal_usage} rays")
    return rates


def _stable_debt(answers: Answers, generation: Generation, now: int) -> StableDebt | None:
    if generation not in ("3.0", "3.1") or not answers.asked("stable_debt"):
        return None
    principal, total, average_rate, updated_at = answers.words("stable_debt", 4)
    if max(principal, total, average_rate) >> 128 or updated_at > now:
        raise MalformedError("stable_debt", "the stable debt's figures are out of range")
    return StableDebt(Units(principal), Ray(average_rate), updated_at)


def _stable_total(answers: Answers, curve: AaveCurve) -> int:
    return 0 if curve.stable_debt is None else answers.words("stable_debt", 4)[1]
