"""The desk: the money and the venues of one decision; every candidate is priced exactly and judged here."""

from __future__ import annotations

from decimal import Decimal

from mammon.core.case import Case
from mammon.core.costs import Cost, asset_usd, cost_of
from mammon.core.counted import Rewards
from mammon.core.gains import gain_of, reward_of
from mammon.core.gates import judge, money_of
from mammon.core.history import track_of
from mammon.core.judgement import Judgement
from mammon.core.limits import ledger_time
from mammon.core.numbers import Units, Usd
from mammon.core.offers import Offers
from mammon.core.plan import NO_REWARD, Move, actions_of
from mammon.core.policy import Policy
from mammon.core.ranking import by_promise
from mammon.core.reserve import reserve_of
from mammon.core.risk.rating import Rating, after_risk, cap_of, rated
from mammon.core.room import clipped, stake_of
from mammon.core.sources import Source, sources_of
from mammon.core.spread import spread_of
from mammon.core.types import MarketState, Portfolio, Price, Snapshot, Unread, Verdict, slug_of


class Desk:
    """The rates, sources and targets of one decision, each computed once."""

    def __init__(self, snapshot: Snapshot, portfolio: Portfolio, policy: Policy, now: int) -> None:
        self.snapshot, self.portfolio, self.policy, self.now = snapshot, portfolio, policy, now
        self.stake = stake_of(portfolio, policy)
        self.reserve = reserve_of(portfolio, policy, ledger_time(snapshot, portfolio))
        self.at = snapshot.block.timestamp + policy.execution_delay_s
        self._ratings: dict[str, Rating] = {}
        self._costs: dict[tuple[str, str], Cost | Unread] = {}
        self._settled: dict[str, Verdict] = {}
        self._from_primary: dict[str, Judgement] = {}
        self.readings = {slug_of(reading): reading for reading in snapshot.markets}
        self.spread = spread_of(self.readings, portfolio, policy, self.stake)
        self.offers = Offers(snapshot, self.at)
        self.apys = self.offers.apys
        """Of interest alone."""
        self.rewards = Rewards(snapshot, policy)
        self.holdings = {slug_of(position): position for position in portfolio.positions}
        self.sources = sources_of(portfolio, self.reserve, self.readings, self.apys, self.worth)
        most = max((source.available or Units(0) for source in self.sources), default=Units(0))
        self.ceilings = {slug: self._ceiling(slug, most) for slug in self.readings}
        self.promising = sorted(self.ceilings, key=lambda slug: (-self.ceilings[slug], slug))
        """Every venue, the highest ceiling first."""
        self.primary = next(iter(by_promise(self.sources, self.ceilings, self.promising)), None)
        """The source with most to gain: the one each venue is judged for."""

    # --- candidates --------------------------------------------------------------------------------

    def judgement(
        self, source: Source, target: str, amount: Units | None = None, *, returning: bool = False
    ) -> Judgement:
        """Return the candidate of moving `amount` (default: what fits), with its verdicts."""
        if source is not self.primary or amount is not None:
            return self._judge(source, self.move(source, self.readings[target], amount), returning)
        found = self._from_primary.get(target)
        if found is None:
            found = self._judge(source, self.move(source, self.readings[target], None))
            self._from_primary[target] = found
        return found

    def proposed(self, source: Source, target: str) -> Move:
        """Return the candidate of moving what fits; one that was judged already is not priced again."""
        known = self._from_primary.get(target) if source is self.primary else None
        return known.move if known else self.move(source, self.readings[target], None)

    def judged(self, source: Source, move: Move) -> Judgement:
        """Return the verdicts on a move that was `proposed`."""
        known = self._from_primary.get(move.target)
        return known if known is not None and known.move is move else self._judge(source, move)

    def move(self, source: Source, target: MarketState | Unread, amount: Units | None) -> Move:
        """Price one candidate exactly: the rate after our deposit, the gain, the cost."""
        slug = slug_of(target)
        if isinstance(target, Unread):
            size = amount if amount is not None else source.available or Units(0)
            unread = Unread("cost", f"venue:{target.code}", target.reason)
            return Move(source.slug, slug, size, source.apy, None, None, unread, None)
        size = amount if amount is not None else self._fitting(source, target)
        after = self.offers.apy_after(slug, size)
        cost = self._cost(source, target)
        gain, reward = gain_of(self, source, slug, size, after), NO_REWARD
        if gain is not None:
            reward = reward_of(self, source, slug, size)
            gain = Usd(gain + reward)
        return Move(source.slug, slug, size, source.apy, self.apys[slug], after, cost, gain, reward)

    def fitting(self, source: Source, target: str, amount: Units) -> Units:
        """Cut an amount to what the limits allow; where nothing is left it stays, for their gates to tell."""
        held, decimals = self.held(target), self.portfolio.asset.decimals
        fits = clipped(amount, source.slug, held, self.stake, self.policy, decimals)
        cap = self._tier_cap(target)
        more = None if cap is None or held is None else cap - held
        fits = fits if more is None or more <= 0 else min(fits, more)
        return Units(self.spread.fitting(source.slug, target, fits))

    def merit(self, move: Move, net: Decimal) -> Decimal:
        """Return a net gain less what the risk of its ends costs more than before, dollars a year."""
        usd = self.worth(move.amount)
        return net - self.risk_usd(move.target, usd) + self.risk_usd(move.source, usd)

    def risk_usd(self, slug: str, usd: Usd | None) -> Decimal:
        """Return what the policy's premium asks of so much money in a place; the wallet's is nothing."""
        return Decimal(0) if usd is None else usd * self.risk_apy(slug)

    # --- what is known about one place ---------------------------------------------------------

    def source(self, slug: str) -> Source | None:
        """Return the source of that name, if the account has anything there."""
        return next((source for source in self.sources if source.slug == slug), None)

    def held(self, slug: str) -> int | None:
        """Return what the account has in a venue; None where that was not read."""
        position = self.holdings.get(slug)
        if isinstance(position, Unread):
            return None
        return 0 if position is None else position.assets

    def worth(self, amount: Units) -> Usd | None:
        """Return what an amount of the asset is worth; None when its price is not known."""
        price = self.snapshot.asset_usd
        return asset_usd(amount, self.portfolio.asset.decimals, price) if isinstance(price, Price) else None

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

    def risk_apy(self, slug: str) -> Decimal:
        """Return the yield that the policy's premium asks of a place; nothing where it asks for none."""
        premium, rating = self.policy.risk_premium, self.rating(slug) if self.policy.risk_premium else None
        return Decimal(0) if rating is None else -after_risk(Decimal(0), rating.score, premium)

    def _tier_cap(self, slug: str) -> int | None:
        """Return what a venue of its tier may hold, by which its gate judges; None where nothing caps."""
        whole = self.stake.whole
        rating = self.rating(slug)
        if rating is None or whole is None:
            return None
        return cap_of(rating.tier, whole, self.policy.tier_share_above_usd, self.portfolio.asset.decimals)

    def _ceiling(self, slug: str, most: Units) -> Decimal:
        ceiling = self.offers.ceiling(slug, most)
        return ceiling if ceiling < 0 else ceiling + self.rewards.ceiling(slug)

    # --- what a pair is worth ------------------------------------------------------------------

    def _fitting(self, source: Source, target: MarketState) -> Units:
        """Cut what could move to the cap's room and to what the limits allow.

        Where nothing is left, the amount stays: the gate of that cap or limit says so.
        """
        amount, room = source.available or Units(0), target.room
        fits = amount if room is None or room <= 0 else min(amount, room)
        return self.fitting(source, target.market.slug, fits)

    def _cost(self, source: Source, target: MarketState) -> Cost | Unread:
        leaving = source.state.market.protocol if source.state else ""
        key = (leaving, target.market.protocol)
        if key not in self._costs:
            actions = actions_of(source.state, target)
            self._costs[key] = cost_of(actions, self.snapshot, self.policy.price_margin)
        return self._costs[key]

    def _judge(self, source: Source, move: Move, returning: bool = False) -> Judgement:
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
