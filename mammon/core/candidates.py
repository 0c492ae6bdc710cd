"""Candidates: which money could go where, priced exactly, the hopeless ones pruned by bounds.

Every venue's rate is known before any deposit, and no deposit of what the account has raises a yield
above the venue's ceiling (`Quotes.ceiling`). So `ceiling - source rate` bounds what a pair could gain
per dollar, times the amount what it could gain in all, and pairs are priced exactly only while
their bounds reach the policy's least gains and the best found. What is priced and too little is not
judged. The result is the same as judging all pairs; a test compares.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal

from mammon.core import rates
from mammon.core.case import Case
from mammon.core.costs import Cost, asset_usd, cost_of
from mammon.core.curves.quotes import Quotes
from mammon.core.gates import judge, money_of
from mammon.core.history import track_of
from mammon.core.limits import ledger_time
from mammon.core.numbers import Rate, Units, Usd
from mammon.core.plan import IDLE, Move, actions_of
from mammon.core.policy import Policy
from mammon.core.rates import Scale
from mammon.core.reserve import reserve_of
from mammon.core.risk.rating import Rating, after_risk, cap_of, rated
from mammon.core.room import clipped, stake_of
from mammon.core.types import (
    MarketState,
    Portfolio,
    Position,
    Price,
    Snapshot,
    Unread,
    Verdict,
    slug_of,
)
from mammon.errors import MalformedError

DUST_USD = Decimal("0.01")
"""What a place holds below this is no money to move, unless there is nothing else."""

Accept = Callable[[tuple[Verdict, ...]], bool]


@dataclass(frozen=True, slots=True)
class Judgement:
    """One candidate with every gate's verdict on it."""

    move: Move
    verdicts: tuple[Verdict, ...]

    @property
    def passed(self) -> bool:
        """Whether every gate passed."""
        return all(verdict.passed for verdict in self.verdicts)


@dataclass(frozen=True, slots=True)
class Source:
    """Money that could move: the wallet, or one position."""

    slug: str
    state: MarketState | None
    """None for the wallet, and for a market that could not be read."""
    available: Units | None
    """None when what could leave is not known."""
    apy: Rate | None
    usd: Usd | None = None
    """Worth of what is available; None when the amount or the price is not known."""


class Desk:
    """The rates, sources and targets of one decision, each computed once."""

    def __init__(self, snapshot: Snapshot, portfolio: Portfolio, policy: Policy, now: int) -> None:
        self.snapshot, self.portfolio, self.policy, self.now = snapshot, portfolio, policy, now
        self.stake = stake_of(portfolio, policy)
        self.reserve = reserve_of(portfolio, policy, ledger_time(snapshot, portfolio))
        self.at = snapshot.block.timestamp + policy.execution_delay_s
        self._yields: dict[tuple[str, int], Rate] = {}
        self._ratings: dict[str, Rating] = {}
        self._costs: dict[tuple[str, str], Cost | Unread] = {}
        self._settled: dict[str, Verdict] = {}
        self._from_primary: dict[str, Judgement] = {}
        self.readings = {slug_of(reading): reading for reading in snapshot.markets}
        self.quotes = {slug: self._quotes(reading) for slug, reading in self.readings.items()}
        self.apys = {slug: self._apy_after(slug, Units(0)) for slug in self.readings}
        self.holdings = {slug_of(position): position for position in portfolio.positions}
        self.sources = self._sources()
        most = max((source.available or Units(0) for source in self.sources), default=Units(0))
        self.ceilings = {slug: self._ceiling(slug, most) for slug in self.readings}
        self.promising = sorted(self.ceilings, key=lambda slug: (-self.ceilings[slug], slug))
        """Every venue, the highest ceiling first."""
        self.primary = next(iter(self._by_promise(self.promising)), None)
        """The source with most to gain: the one each venue is judged for."""

    def source(self, slug: str) -> Source | None:
        """Return the source of that name, if the account has anything there."""
        return next((source for source in self.sources if source.slug == slug), None)

    def judgement(
        self, source: Source, target: str, amount: Units | None = None, *, returning: bool = False
    ) -> Judgement:
        """Return the candidate of moving `amount` (default: what fits), with its verdicts."""
        if source is not self.primary or amount is not None:
            return self._judged(source, self.move(source, self.readings[target], amount), returning)
        found = self._from_primary.get(target)
        if found is None:
            found = self._judged(source, self.move(source, self.readings[target], None))
            self._from_primary[target] = found
        return found

    def move(self, source: Source, target: MarketState | Unread, amount: Units | None) -> Move:
        """Price one candidate exactly: the rate after our deposit, the gain, the cost."""
        slug = slug_of(target)
        if isinstance(target, Unread):
            size = amount if amount is not None else source.available or Units(0)
            unread = Unread("cost", f"venue:{target.code}", target.reason)
            return Move(source.slug, slug, size, source.apy, None, None, unread, None)
        size = amount if amount is not None else self._fitting(source, target)
        after = self._apy_after(slug, size)
        cost = self._cost(source, target)
        gain = self._gain(source, slug, size, after)
        return Move(source.slug, slug, size, source.apy, self.apys[slug], after, cost, gain)

    def fitting(self, source: Source, target: str, amount: Units) -> Units:
        """Cut an amount to what the limits allow; where nothing is left it stays, for their gates to tell."""
        held, decimals = self.held(target), self.portfolio.asset.decimals
        fits = clipped(amount, source.slug, held, self.stake, self.policy, decimals)
        cap = self._tier_cap(target)
        more = None if cap is None or held is None else cap - held
        return Units(fits if more is None or more <= 0 else min(fits, more))

    def best(self, targets: Collection[str], accept: Accept, at_least_usd: Decimal) -> Judgement | None:
        """Return the accepted candidate of most merit among those with a net gain of `at_least_usd` a year.

        None when there is no such candidate. Ties go to the first in order of promise, then name.
        `accept` must not take what a profit gate refuses: such candidates may not come before it.
        """
        order = [slug for slug in self.promising if slug in targets]
        found: Judgement | None = None
        most = Decimal(0)
        for source in self._by_promise(order):
            kept = self._from_primary if source is self.primary else {}
            # No move out of here has more merit than its gain and what its risk costs where it is.
            worth = (
                at_least_usd
                if found is None
                else max(at_least_usd, most - self._risk_usd(source.slug, source.usd))
            )
            for target in order:
                if target == source.slug:
                    continue
                if self._hopeless(source, target, worth):
                    break
                known = kept.get(target)
                move = known.move if known else self.move(source, self.readings[target], None)
                net = net_gain(move)
                if net is None or net < at_least_usd:
                    continue
                merit = self.merit(move, net)
                if found is not None and merit <= most:
                    continue
                candidate = known or self._judged(source, move)
                if accept(candidate.verdicts):
                    found, most = candidate, merit
                    worth = max(at_least_usd, most - self._risk_usd(source.slug, source.usd))
        return found

    def merit(self, move: Move, net: Decimal) -> Decimal:
        """Return a net gain less what the risk of its ends costs more than before, dollars a year."""
        usd = self.worth(move.amount)
        return net - self._risk_usd(move.target, usd) + self._risk_usd(move.source, usd)

    def _risk_usd(self, slug: str, usd: Usd | None) -> Decimal:
        """Return what the policy's premium asks of so much money in a place; the wallet's is nothing."""
        premium, rating = self.policy.risk_premium, self.rating(slug) if self.policy.risk_premium else None
        if rating is None or usd is None:
            return Decimal(0)
        return usd * -after_risk(Decimal(0), rating.score, premium)

    # --- what is known about one place ---------------------------------------------------------

    def _quotes(self, reading: MarketState | Unread) -> tuple[Quotes, Scale] | None:
        if isinstance(reading, Unread) or reading.curve is None:
            return None
        try:
            return reading.curve.quotes(self.at), reading.curve.scale
        except (ValueError, MalformedError):  # the curve lies after the moment we ask about
            return None

    def _apy_after(self, slug: str, amount: Units) -> Rate | None:
        return self._apy(slug, lambda quotes: quotes.rate_after(amount))

    def _ceiling(self, slug: str, most: Units) -> Decimal:
        ceiling = self._apy(slug, lambda quotes: quotes.ceiling(most))
        return Decimal(-1) if ceiling is None else ceiling  # what cannot be priced promises nothing

    def _apy(self, slug: str, ask: Callable[[Quotes], int]) -> Rate | None:
        """Return a venue's answer as a yield; None when it would revert, or is beyond any curve."""
        known = self.quotes[slug]
        if known is None:
            return None
        quotes, scale = known
        try:
            raw = ask(quotes)
            found = self._yields.get((slug, raw))
            if found is None:
                found = self._yields[slug, raw] = Rate(rates.apy(raw, scale))
        except (ValueError, MalformedError):
            return None
        return found

    def held(self, slug: str) -> int | None:
        """Return what the account has in a venue; None where that was not read."""
        position = self.holdings.get(slug)
        if isinstance(position, Unread):
            return None
        return 0 if position is None else position.assets

    def rating(self, slug: str) -> Rating | None:
        """Return how a venue stands at this block; None for the wallet, and where it was not read."""
        found = self._ratings.get(slug)
        if found is None:
            state = self.readings.get(slug)
            if state is None or isinstance(state, Unread):
                return None
            track = track_of(self.snapshot, slug)
            found = self._ratings[slug] = rated(state, self.snapshot.block.timestamp, track)
        return found

    def _sources(self) -> tuple[Source, ...]:
        idle = self.portfolio.idle
        if isinstance(idle, Unread):
            wallet = Source(IDLE, None, None, None)
        else:
            spare = Units(max(0, idle - self.reserve.held))
            wallet = Source(IDLE, None, spare, Rate(Decimal(0)), self.worth(spare))
        held = [self._held_source(position) for position in self.portfolio.positions]
        found = tuple(s for s in (wallet, *held) if s.available is None or s.available > 0)
        worth = tuple(s for s in found if s.usd is None or s.usd >= DUST_USD)
        return worth or found

    def _held_source(self, position: Position | Unread) -> Source:
        slug = slug_of(position)
        state = self.readings.get(slug)
        if isinstance(position, Unread) or state is None or isinstance(state, Unread):
            return Source(slug, None, None, None)
        liquid = Units(0) if state.locked else Units(min(position.assets, state.withdrawable))
        return Source(slug, state, liquid, self.apys[slug], self.worth(liquid))

    def worth(self, amount: Units) -> Usd | None:
        """Return what an amount of the asset is worth; None when its price is not known."""
        price = self.snapshot.asset_usd
        return asset_usd(amount, self.portfolio.asset.decimals, price) if isinstance(price, Price) else None

    def _fitting(self, source: Source, target: MarketState) -> Units:
        """Cut what could move to the cap's room and to what the limits allow.

        Where nothing is left, the amount stays: the gate of that cap or limit says so.
        """
        amount, room = source.available or Units(0), target.room
        fits = amount if room is None or room <= 0 else min(amount, room)
        return self.fitting(source, target.market.slug, fits)

    def _tier_cap(self, slug: str) -> int | None:
        """Return what a venue of its tier may hold, by which its gate judges; None where nothing caps."""
        whole = self.stake.whole
        rating = self.rating(slug)
        if rating is None or whole is None:
            return None
        return cap_of(rating.tier, whole, self.policy.tier_share_above_usd, self.portfolio.asset.decimals)

    # --- what a pair is worth ------------------------------------------------------------------

    def _cost(self, source: Source, target: MarketState) -> Cost | Unread:
        leaving = source.state.market.protocol if source.state else ""
        key = (leaving, target.market.protocol)
        if key not in self._costs:
            actions = actions_of(source.state, target)
            self._costs[key] = cost_of(actions, self.snapshot, self.policy.price_margin)
        return self._costs[key]

    def _gain(self, source: Source, target: str, amount: Units, after: Rate | None) -> Usd | None:
        usd = self.worth(amount)
        if after is None or source.apy is None or usd is None:
            return None
        gain = usd * (after - source.apy)
        rest = self._gain_of_rest(source, target, amount, after) if self.policy.split else Decimal(0)
        return None if rest is None else Usd(gain + rest)

    def _gain_of_rest(self, source: Source, target: str, amount: Units, after: Rate) -> Decimal | None:
        """Return what a move changes in the yield of what stays at its two ends: dollars a year.

        What was in the target already is thinned, what stays in the source is thickened. Where the
        rate after a withdrawal cannot be told, it counts as unchanged. None where what an end holds
        was not read.
        """
        left = self._apy_after(source.slug, Units(-amount)) if source.state else None
        ends = ((target, 0, after), (source.slug, amount, left))
        gain = Decimal(0)
        for slug, leaving, then in ends:
            held, now = self.held(slug), self.apys.get(slug)
            if held is None:
                return None
            rest = self.worth(Units(held - leaving))
            if now is not None and then is not None and rest is not None:
                gain += rest * (then - now)
        return gain

    def _judged(self, source: Source, move: Move, returning: bool = False) -> Judgement:
        case = Case(
            move,
            money_of(move, self.snapshot, self.portfolio, self.policy),
            self.readings[move.target],
            self.rating(move.target),
            self.rating(source.slug),
            source.available,
            self.held(move.target),
            self.stake,
            returning,
            self.snapshot,
            self.portfolio,
            self.policy,
            self.now,
        )
        return Judgement(move, judge(case, self._settled))

    def _hopeless(self, source: Source, target: str, worth: Decimal) -> bool:
        """Say whether no amount could gain `worth` and the least yield: nor could a lower ceiling."""
        if self._bound(source, target) < worth:
            return True
        return source.apy is not None and self.ceilings[target] - source.apy < self.policy.min_apy_gain

    def _bound(self, source: Source, target: str) -> Decimal:
        """Return what no amount moved from here to there gains more than, dollars; 0 when it is not known."""
        if source.apy is None or source.usd is None:
            return Decimal(0)
        return source.usd * (self.ceilings[target] - source.apy)

    def _by_promise(self, order: list[str]) -> list[Source]:
        if not order:
            return []
        return sorted(
            self.sources,
            key=lambda source: (-self._bound(source, order[0]), source.available is None, source.slug),
        )


def net_gain(move: Move) -> Decimal | None:
    """Return a candidate's yearly gain after its cost in dollars, or None when it is not known."""
    if move.gain_usd is None or isinstance(move.cost, Unread):
        return None
    return move.gain_usd - move.cost.usd


def rank(judged: Judgement) -> tuple[bool, Decimal]:
    """Return a key that puts the best known net gain highest and what is unknown lowest."""
    net = net_gain(judged.move)
    return net is not None, net if net is not None else Decimal(0)
