"""Danger: what speaks against leaving money where it is, each with what was measured and who says it.

A *fact* was read from the chain: bad debt, code that was replaced, a share price or a liquidity that is
lower than it was. A *claim* rests on one word alone: one price, or one reading of the last minutes, which
may be of a block that is gone. Two claims of different sources are *agreed*. Facts and what is agreed call
for an exit; a claim is told and closes the venue to entry; what could not be known is told too, and is
neither danger nor safety.

Liquidity is short below a multiple of what is held. Whoever waits for that in a run comes late, for the
last part goes at once: so it is a danger too when it fell from one look to the next, twice, and two more
falls like the last would make it short.

What is no danger: a loss of less than a basis point (rounding); a share price that falls no faster than
the highest fee of the field takes it down (fees are taken over time, losses at once); one fall of
liquidity, however large, while a multiple of what is held is left; liquidity that is short and does not
fall; collateral that falls and has no peg, which is what loans are closed for in time.

Collateral that lost its peg is a danger of every venue that lends more than a little against it. Where it
was not read how much is lent, no more than a claim can come of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from mammon.core import collateral
from mammon.core.agreement import problem
from mammon.core.collateral import OffPeg
from mammon.core.costs import price_problem
from mammon.core.fixed import BPS, SECONDS_PER_DAY, SECONDS_PER_YEAR
from mammon.core.history import samples_of
from mammon.core.numbers import Fraction
from mammon.core.policy import Policy
from mammon.core.prices import PRICE_FRESH_S
from mammon.core.tracks import Sample, Witness
from mammon.core.types import MarketState, Portfolio, Snapshot, Unread, slug_of

Standing = Literal["fact", "agreed", "claim", "unknown"]

CODES = (
    "share_price_fell",
    "bad_debt",
    "draining",
    "liquidity_falling",
    "code_changed",
    "locked",
    "collateral_off_peg",
    "off_peg",
)
"""Every danger, the most urgent first: where several stand, the first decides which money leaves first."""
UNKNOWN = ("unread", "no_track", "collateral_unpriced", "price_unknown")
"""What can be unknown of a place where money is."""
ASSET = "asset_usd"
"""The subject of what endangers the asset itself, wherever it is."""

WINDOW_S = 31 * SECONDS_PER_DAY
"""Earlier readings count for so long: money that cannot leave in a run stays in danger meanwhile."""
SETTLED_S = 600
"""A reading of so long ago is no longer of a block that may be gone."""
PACE_S = 1_800
"""Readings that tell how fast something falls are no further apart than this, each from the next."""
AGREEING = 2
"""Sources, or earlier readings, that make a claim more than a claim."""

_PPB = 10**9
_PRICE_DUST_PPB = _PPB // BPS
_FEE_PPB_A_YEAR = _PPB // 20
"""The highest management fee that the vaults of the field allow: 5 % a year (Vault V2)."""
_FALL_BPS = 2_000
"""Liquidity that is less lower than this share moves as every market's does."""
_LIKE = 4
"""The fall before the last is a fall when it was no less than one part in so many of the last."""
UNSIZED = "share_unknown"
"""Ends the detail where it was not read how much is lent against a collateral."""
_OWED = frozenset({"unfunded_rewards"})
"""Evidence of what somebody still has to pay in, not of what is lost."""


@dataclass(frozen=True, slots=True)
class Danger:
    """One thing that endangers money in one place."""

    subject: str
    """A market's slug, or `asset_usd`: the asset itself."""
    code: str
    """One of `CODES`; of `UNKNOWN` where it could not be judged."""
    standing: Standing
    measured: Decimal | None
    limit: Decimal | None
    unit: str
    sources: tuple[str, ...] = ()
    """Who says it: `chain`, `feed`, the name of a source outside the chain."""
    since: int | None = None
    """Unix seconds of the earlier reading it is held against; None where it is of this block alone."""
    detail: str = ""
    """A stable code where numbers do not say it."""

    @property
    def acts(self) -> bool:
        """Whether it is sure enough to bring money home for."""
        return self.standing in ("fact", "agreed")


def dangers_of(snapshot: Snapshot, portfolio: Portfolio, policy: Policy) -> tuple[Danger, ...]:
    """Return what endangers the money in venues, the most urgent first; nothing where none is there."""
    held = [item for item in portfolio.positions if isinstance(item, Unread) or item.assets > 0]
    if not held:
        return ()
    states = {slug_of(reading): reading for reading in snapshot.markets}
    found: list[Danger] = []
    for item in held:
        slug = slug_of(item)
        state = states.get(slug)
        if isinstance(item, Unread):
            found.append(_unknown(slug, "unread", item.code))
        if state is None or isinstance(state, Unread):
            found.append(_unknown(slug, "unread", "no_market" if state is None else state.code))
            continue
        amount = None if isinstance(item, Unread) else int(item.assets)
        found += venue_dangers(state, amount, snapshot, policy)
        if not _samples(snapshot, slug):
            found.append(_unknown(slug, "no_track", ""))
        silent = collateral.unpriced(state, snapshot, policy.price_margin)
        if silent:
            found.append(_unknown(slug, "collateral_unpriced", ",".join(silent)))
    found += _off_peg(snapshot, policy)
    return tuple(sorted(found, key=_urgency))


def venue_dangers(
    state: MarketState, holding: int | None, snapshot: Snapshot, policy: Policy
) -> tuple[Danger, ...]:
    """Return what endangers a holding in a venue; `holding` None: how much is not known."""
    samples, at = _samples(snapshot, state.market.slug), snapshot.block.timestamp
    multiple = policy.danger_liquidity_multiple
    found = (
        _bad_debt(state),
        _share_price(state, samples, at),
        None if holding is None else _drain(state, samples, holding, at, multiple),
        None if holding is None else _liquidity(state, samples, holding, at, multiple),
        _code(state),
        _locked(state),
        *_collateral(state, snapshot, policy.price_margin),
    )
    return tuple([danger for danger in found if danger is not None])


def entry_dangers(
    state: MarketState, holding: int, snapshot: Snapshot, multiple: Decimal, margin: Fraction
) -> tuple[str, ...]:
    """Return the codes of what speaks against a holding beside the state itself, which has other gates.

    It is what earlier readings say, and the collateral that is off its peg, each named.
    """
    samples, at = _samples(snapshot, state.market.slug), snapshot.block.timestamp
    found = (
        _share_price(state, samples, at),
        _drain(state, samples, holding, at, multiple),
        _liquidity(state, samples, holding, at, multiple),
    )
    off = tuple([f"{danger.code}:{danger.detail}" for danger in _collateral(state, snapshot, margin)])
    return tuple([danger.code for danger in found if danger is not None]) + off


# --- of one venue --------------------------------------------------------------------------------


def _bad_debt(state: MarketState) -> Danger | None:
    material = [(amount, name) for name, amount in state.evidence if amount * BPS > state.supplied]
    if not material:
        return None
    standing: Standing = "claim" if all(name in _OWED for _, name in material) else "fact"
    names = ",".join(name for _, name in material)
    worst, limit = Decimal(max(material)[0]), Decimal(state.supplied // BPS)
    return Danger(state.market.slug, "bad_debt", standing, worst, limit, "units", ("chain",), None, names)


def _share_price(state: MarketState, samples: tuple[Sample, ...], at: int) -> Danger | None:
    """Hold the share price against earlier ones, what a fee may have taken of them left out."""
    lower = [sample for sample in samples if _fall_ppb(state, sample) > _allowed_ppb(sample, at)]
    if not lower:
        return None
    worst = max(lower, key=lambda sample: _fall_ppb(state, sample) - _allowed_ppb(sample, at))
    fell, limit = (Decimal(ppb).scaleb(-9) for ppb in (_fall_ppb(state, worst), _allowed_ppb(worst, at)))
    return Danger(
        state.market.slug,
        "share_price_fell",
        _standing(lower, at),
        fell,
        limit,
        "fraction",
        ("chain",),
        worst.at,
    )


def _fall_ppb(state: MarketState, sample: Sample) -> int:
    """Return by how much the share price is lower, rounded down: no unit of rounding is a loss."""
    return (sample.index - state.index) * _PPB // sample.index if state.index < sample.index else 0


def _allowed_ppb(sample: Sample, at: int) -> int:
    return _PRICE_DUST_PPB + _FEE_PPB_A_YEAR * (at - sample.at) // SECONDS_PER_YEAR


def _drain(
    state: MarketState, samples: tuple[Sample, ...], holding: int, at: int, limit: Decimal
) -> Danger | None:
    """Ask what two more falls like the last would leave, where it has fallen twice."""
    if holding <= 0 or len(samples) < AGREEING:
        return None
    before, last = samples[-2:]
    if at - last.at > PACE_S or last.at - before.at > PACE_S:
        return None
    once, again = before.withdrawable - last.withdrawable, last.withdrawable - state.withdrawable
    left = state.withdrawable - 2 * again
    if again <= 0 or once * _LIKE < again or left >= limit * holding:
        return None
    ratio = Decimal(left) / holding
    return Danger(state.market.slug, "draining", "fact", ratio, limit, "ratio", ("chain",), before.at)


def _liquidity(
    state: MarketState, samples: tuple[Sample, ...], holding: int, at: int, limit: Decimal
) -> Danger | None:
    """Ask whether what could leave is little beside what is held, and less than it was."""
    liquid = state.withdrawable
    if holding <= 0 or liquid >= limit * holding:
        return None
    higher = [sample for sample in samples if liquid * BPS < sample.withdrawable * (BPS - _FALL_BPS)]
    if not higher:
        return None
    ratio = Decimal(liquid) / holding
    since = max(higher, key=lambda sample: (sample.withdrawable, sample.at)).at
    standing = _standing(higher, at)
    return Danger(state.market.slug, "liquidity_falling", standing, ratio, limit, "ratio", ("chain",), since)


def _code(state: MarketState) -> Danger | None:
    if "code_changed" not in state.signs:
        return None
    return _counted(state.market.slug, "code_changed", 1)


def _locked(state: MarketState) -> Danger | None:
    if not state.locked:
        return None
    return _counted(state.market.slug, "locked", len(state.locked), ",".join(state.locked))


def _collateral(state: MarketState, snapshot: Snapshot, margin: Fraction) -> tuple[Danger, ...]:
    """Tell of each collateral of the venue that is off its peg."""
    found = collateral.off_peg(state, snapshot, margin)
    return tuple([_away(state.market.slug, one) for one in found])


def _away(slug: str, one: OffPeg) -> Danger:
    standing: Standing = "agreed" if one.lost and one.sized else "claim"
    detail = one.symbol if one.sized else f"{one.symbol}:{UNSIZED}"
    return Danger(
        slug, "collateral_off_peg", standing, one.worth, one.limit, "fraction", one.sources, None, detail
    )


def _counted(slug: str, code: str, number: int, detail: str = "") -> Danger:
    return Danger(slug, code, "fact", Decimal(number), Decimal(0), "count", ("chain",), None, detail)


# --- of the asset --------------------------------------------------------------------------------


def _off_peg(snapshot: Snapshot, policy: Policy) -> Iterator[Danger]:
    """Yield that the asset is worth less than its peg, or that nobody says what it is worth.

    The price nearest to the peg is what was measured: so much at least is agreed.
    """
    low, said = policy.min_price_usd, dict(_prices(snapshot, policy))
    below = {source: price for source, price in said.items() if price < low}
    if below:
        standing: Standing = "agreed" if len(below) >= AGREEING else "claim"
        sources = tuple(sorted(below))
        yield Danger(ASSET, "off_peg", standing, max(below.values()), low, "usd", sources)
    elif not said:
        yield _unknown(ASSET, "price_unknown", "")


def _prices(snapshot: Snapshot, policy: Policy) -> Iterator[tuple[str, Decimal]]:
    """Yield what each source that is of use says of the asset's price."""
    price, at = snapshot.asset_usd, snapshot.block.timestamp
    if not isinstance(price, Unread) and not price_problem(price, snapshot.block, policy.price_margin):
        yield "feed", price.usd
    for witness in snapshot.witnesses:
        if witness.subject != ASSET or not isinstance(witness, Witness):
            continue
        if witness.value > 0 and not problem(witness, at, PRICE_FRESH_S):
            yield witness.source, witness.value


# --- pieces --------------------------------------------------------------------------------------


def _samples(snapshot: Snapshot, slug: str) -> tuple[Sample, ...]:
    """Return the earlier readings of a market that count: of lower blocks, and not too old."""
    return tuple([sample for sample in samples_of(snapshot, slug, WINDOW_S) if sample.index > 0])


def _standing(samples: list[Sample], at: int) -> Standing:
    """Say what readings of the past are worth: one of the last minutes alone is a claim."""
    settled = any(at - sample.at >= SETTLED_S for sample in samples)
    return "fact" if settled or len({sample.block for sample in samples}) >= AGREEING else "claim"


def _unknown(subject: str, code: str, detail: str) -> Danger:
    return Danger(subject, code, "unknown", None, None, "count", (), None, detail)


def _urgency(danger: Danger) -> tuple[bool, int, str]:
    order = (*CODES, *UNKNOWN).index(danger.code)
    return not danger.acts, order, danger.subject
