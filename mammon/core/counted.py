"""What of the rewards counts as yield in a decision: the share that the policy says, by default nothing.

It counts in what a move gains, and so in ranking and in the gates of profit. It is no part of a rate: the
gates that look for bait, the sane rate and what was really earned are about interest alone. Counted is

    rate once our money is in * (1 - haircut) * share * the part of the coming year in which it is paid

of programmes in force whose token has a fresh price on the chain. One pays until its end, and no longer
than what its payer holds lasts at its speed. What counts nothing, with the code that says why:

| code                          | what is the matter                                              |
|-------------------------------|-----------------------------------------------------------------|
| `no_feed`, `stale`, …         | no price of the token, or of the asset, that can be relied on   |
| `stale`                       | the source's word is older than an hour                         |
| `end_unknown`                 | a source outside the chain does not say when it ends            |
| `funds_unknown`               | what the payer has left was not read                            |
| `native_unknown`              | a net target without the market's own rate, which has to come off |
| `too_high`, `absurd`          | more than the policy's `max_apy`: a broken figure or bait       |
| `over`, `not_begun`           | it is known to pay nothing now                                  |
| any other                     | a programme that was not read                                   |

Who leaves a market of which something counts nothing, and is not known to pay nothing, gains nothing by
rewards elsewhere: an unknown reward must not make all other venues look better. Of a net target at least the
market's own rate as its curve tells it comes off, so that the two never add up to more than the target.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from mammon.core.agreement import base_rate
from mammon.core.costs import price_problem
from mammon.core.fixed import SECONDS_PER_YEAR, WAD
from mammon.core.numbers import Rate, Units, Usd
from mammon.core.policy import Policy
from mammon.core.programmes import Emission, Programme, Quote, Untold
from mammon.core.rates import CONTEXT
from mammon.core.rewards import in_force, part_of
from mammon.core.types import MarketState, Snapshot, Unread

_NOTHING = Decimal(0)
_QUANTUM = Decimal("1e-18")
_KNOWN = frozenset({"", "over", "not_begun"})


@dataclass(frozen=True, slots=True)
class CountedPart:
    """What one programme counts for on its market, before anything is added."""

    source: str
    """Who says so, or was asked."""
    symbol: str
    apr: Rate
    """As counted: 0.0035 adds 0.35 % a year to what is gained there."""
    problem: str
    """Why it counts nothing: a stable code; empty where it counts."""


@dataclass(frozen=True, slots=True)
class _Counting:
    """A programme that counts, and how much of its rate does."""

    programme: Programme
    weight: Decimal


class Rewards:
    """What rewards count for in one decision, by market."""

    def __init__(self, snapshot: Snapshot, policy: Policy) -> None:
        self._snapshot, self._policy = snapshot, policy
        self._states: dict[str, MarketState] = {}
        self._counting: dict[str, list[_Counting]] = {}
        self._parts: dict[str, list[CountedPart]] = {}
        self._aprs: dict[tuple[str, int], Decimal] = {}
        if policy.reward_share and snapshot.paid is not None:
            self._prices = {one.token: one.price for one in snapshot.paid.prices}
            self._states = {one.market.slug: one for one in snapshot.markets if isinstance(one, MarketState)}
            for programme in snapshot.paid.programmes:
                self._take(programme)

    @property
    def slugs(self) -> list[str]:
        """The markets of which something counts, or would if it were known; sorted."""
        return sorted(self._parts)

    def parts(self, slug: str) -> tuple[CountedPart, ...]:
        """Return what is paid on a market beside its interest, and what each counts for."""
        return tuple(self._parts.get(slug, ()))

    def known(self, slug: str) -> bool:
        """Say whether all that is paid on a market counts; where nothing is paid, it does."""
        return all(part.problem in _KNOWN for part in self._parts.get(slug, ()))

    def apr(self, slug: str, added: int = 0) -> Decimal:
        """Return what counts on a market once so much more is supplied to it, or less where negative."""
        if slug not in self._counting:
            return _NOTHING
        found = self._aprs.get((slug, added))
        if found is None:
            found = sum((self._part(slug, one, added) for one in self._counting[slug]), _NOTHING)
            self._aprs[slug, added] = found
        return found

    def ceiling(self, slug: str) -> Decimal:
        """Return what no amount supplied to a market makes more count than."""
        return sum((self._most(slug, one) for one in self._counting.get(slug, ())), _NOTHING)

    def counts(self, slug: str) -> bool:
        """Say whether anything counts on a market, at whatever amount."""
        return slug in self._counting

    def bends(self, slug: str) -> tuple[int, ...]:
        """Return the changes of what is supplied at which a programme begins to pay, or to be shared."""
        found: list[int] = []
        for one in self._counting.get(slug, ()):
            waiting = self._waiting(slug, one.programme)
            found += (waiting - 1, waiting)
        return tuple(found)

    def line(self, slug: str, low: int, high: int) -> tuple[Decimal, Decimal]:
        """Return what counts at two changes, with nothing between above the line through them."""
        lines = [self._line(slug, one, low, high) for one in self._counting.get(slug, ())]
        return sum((line[0] for line in lines), _NOTHING), sum((line[1] for line in lines), _NOTHING)

    def gain(
        self,
        source: str,
        target: str,
        amount: int,
        usd: Callable[[Units], Decimal | None],
        rest: tuple[int, int] = (0, 0),
    ) -> Usd:
        """Return what a move gains by rewards in a year, dollars; less than nothing where it forgoes more.

        `usd` tells what an amount is worth. `rest`: what stays in the source and what is in the target
        already, where a change of their rates counts too.
        """
        if not self._counting:
            return Usd(_NOTHING)
        here, there = self.apr(source), self.apr(target, amount)
        changes = (
            (amount, there - here),
            (rest[0], self.apr(source, -amount) - here),
            (rest[1], there - self.apr(target)),
        )
        gain = sum((change * (usd(Units(of)) or 0) for of, change in changes if of and change), _NOTHING)
        return Usd(gain if self.known(source) else min(_NOTHING, gain))

    # --- one programme -------------------------------------------------------------------------

    def _take(self, found: Programme | Untold) -> None:
        """Take a programme in: what counts of it, or why nothing does."""
        if isinstance(found, Untold):
            self._tell(found.slug, CountedPart(found.source, found.symbol, Rate(_NOTHING), found.code))
            return
        state = self._states.get(found.slug)
        if state is None:
            return  # nothing is judged there
        programme = _net_of(found, state, self._snapshot.block.timestamp)
        problem = self._problem(programme, state)
        counted = Rate(_NOTHING)
        if not problem:
            one = _Counting(programme, self._weight(programme))
            self._counting.setdefault(found.slug, []).append(one)
            counted = Rate(self._part(found.slug, one, 0))
        self._tell(found.slug, CountedPart(found.source, found.token.symbol, counted, problem))

    def _tell(self, slug: str, part: CountedPart) -> None:
        self._parts.setdefault(slug, []).append(part)

    def _problem(self, programme: Programme, state: MarketState) -> str:
        """Return why a programme counts nothing, or the empty string."""
        token, pays, at = programme.token, programme.pays, self._snapshot.block.timestamp
        if not in_force(programme, at):
            return "not_begun" if programme.starts > at else "over"
        price = self._prices.get(token.address, Unread(token.symbol, "no_feed", ""))
        problem = price_problem(price, self._snapshot.block, self._policy.price_margin)
        if problem:
            return problem.removeprefix("unread:")
        if isinstance(pays, Quote) and programme.ends is None:
            return "end_unknown"
        if isinstance(pays, Emission) and pays.funds is None:
            return "funds_unknown"
        told = self._told(programme, state, 0)
        if isinstance(told, str):
            return told
        return "too_high" if told > self._policy.max_apy else ""

    def _told(self, programme: Programme, state: MarketState, added: int) -> Decimal | str:
        snapshot = self._snapshot
        part = part_of(
            programme,
            state,
            self._prices,
            snapshot.asset_usd,
            snapshot.block,
            self._policy.price_margin,
            Units(added),
        )
        return part.problem if part.apr is None else part.apr

    def _part(self, slug: str, one: _Counting, added: int) -> Decimal:
        told = self._told(one.programme, self._states[slug], added)
        if isinstance(told, str) or told > self._policy.max_apy:
            return _NOTHING
        return CONTEXT.multiply(told, one.weight).quantize(_QUANTUM, ROUND_FLOOR, CONTEXT)

    def _line(self, slug: str, one: _Counting, low: int, high: int) -> tuple[Decimal, Decimal]:
        """Return a programme's line: its chord where it falls convexly all the way, else a level one."""
        first, last = self._part(slug, one, low), self._part(slug, one, high)
        if low >= self._waiting(slug, one.programme) and first:
            return first, last
        most = self._most(slug, one, low)
        return most, most

    def _most(self, slug: str, one: _Counting, least: int = 0) -> Decimal:
        """Return what a programme counts for where it is shared least: more supplied is less for each."""
        at = max(least, self._waiting(slug, one.programme))
        told = self._told(one.programme, self._states[slug], at)
        # One that would pay too much there counts further on, where it pays just what is allowed.
        told = self._policy.max_apy if isinstance(told, str) else min(told, self._policy.max_apy)
        return CONTEXT.multiply(told, one.weight).quantize(_QUANTUM, ROUND_FLOOR, CONTEXT)

    def _waiting(self, slug: str, programme: Programme) -> int:
        """Return from which change of what is supplied on a programme is shared by more and more."""
        state, pays = self._states[slug], programme.pays
        if isinstance(pays, Emission):
            return max(1, pays.least_supplied) - state.supplied
        return 0 if state.curve is None else -state.curve.shift

    def _weight(self, programme: Programme) -> Decimal:
        """Return how much of a programme's rate counts: share, haircut, and the part of the coming year."""
        policy = self._policy
        share = CONTEXT.multiply(policy.reward_share, 1 - policy.reward_haircut)
        return CONTEXT.divide(CONTEXT.multiply(share, Decimal(self._paid_s(programme))), SECONDS_PER_YEAR)

    def _paid_s(self, programme: Programme) -> int:
        """Return for how long of the coming year a programme pays, seconds."""
        found, pays = SECONDS_PER_YEAR, programme.pays
        if programme.ends is not None:
            found = min(found, programme.ends - self._snapshot.block.timestamp)
        if isinstance(pays, Emission) and pays.per_second > 0:
            assert pays.funds is not None  # else it does not count
            found = min(found, pays.funds * WAD // pays.per_second)
        return found


def _net_of(programme: Programme, state: MarketState, at: int) -> Programme:
    """Return a programme whose net target has at least the market's own rate taken off."""
    pays = programme.pays
    if isinstance(pays, Emission) or not pays.net or pays.native_apr is None:
        return programme
    own = base_rate(state, at)
    native = pays.native_apr if own is None else Rate(max(own, pays.native_apr))
    return dataclasses.replace(programme, pays=dataclasses.replace(pays, native_apr=native))
