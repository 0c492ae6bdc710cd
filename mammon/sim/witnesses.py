"""Outside sources of the simulated world: they look at its chain now and then, each a little off.

As the real ones do they sample it when they are asked and know nothing of what happens until they are
asked again; what they say follows from the seed and from when they were asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from mammon.core.agreement import base_rate
from mammon.core.types import MarketState, Price, Snapshot
from mammon.core.witnesses import PRICES, Heard, is_price
from mammon.sim.chance import level

SUBJECTS = {"defillama": True, "kraken": False}
"""Which sources there are, and whether they speak of more than prices; no vault here is known to Morpho."""
RATE_OFF_PPM = 20_000
"""A rate is up to 2 % off."""
PRICE_OFF_PPM = 300
"""A price is up to 0.03 % off."""
LYING = 3
"""What a lying source multiplies by."""

_PPM = 1_000_000
_SILENT = {
    "dead": ("deadline", "no answer in the time allowed"),
    "unlisted": ("malformed", "it says nothing of what it was asked"),
}
_RATE = Decimal("1e-6")
_PRICE = Decimal("1e-4")


def answers(
    seed: int, source: str, subjects: Sequence[str], snapshot: Snapshot, fault: str = ""
) -> Iterator[Heard]:
    """Yield what a source says of each subject at a block. `fault`: `lying`, or `dead`."""
    at = snapshot.block.timestamp
    if subjects == PRICES:
        found = _prices(snapshot)
    else:
        found = _worths(snapshot) if is_price(subjects[0]) else _rates(snapshot)
    for subject in subjects:
        value = found.get(subject)
        if fault == "dead" or value is None:
            code, why = _SILENT["dead" if fault == "dead" else "unlisted"]
            yield Heard(source, subject, at, code=code, reason=f"{source}: {why}")
            continue
        off, quantum = (PRICE_OFF_PPM, _PRICE) if is_price(subject) else (RATE_OFF_PPM, _RATE)
        parts = _PPM + level(seed, f"{source}/{subject}", at // 600) * off // _PPM
        said = value * parts / _PPM * (LYING if fault == "lying" else 1)
        yield Heard(source, subject, at, said.quantize(quantum), at)


def subjects_of(source: str, snapshot: Snapshot) -> tuple[tuple[str, ...], ...]:
    """Return what a source can be asked about, a question each: prices, collateral, the markets' rates."""
    if source not in SUBJECTS:
        return ()
    states = [state for state in snapshot.markets if isinstance(state, MarketState)]
    slugs = tuple(state.market.slug for state in states if state.curve is not None)
    pegs = tuple(pegged.peg.subject for pegged in snapshot.pegs)
    return (PRICES, *(asked for asked in (pegs, slugs) if asked and SUBJECTS[source]))


def _prices(snapshot: Snapshot) -> Mapping[str, Decimal]:
    feeds = {"asset_usd": snapshot.asset_usd, "eth_usd": snapshot.eth_usd}
    return {subject: price.usd for subject, price in feeds.items() if isinstance(price, Price)}


def _worths(snapshot: Snapshot) -> Mapping[str, Decimal]:
    """Return what collateral costs over what it stands for or wraps."""
    found: dict[str, Decimal] = {}
    for pegged in snapshot.pegs:
        price, par = pegged.price, pegged.par
        if isinstance(price, Price) and isinstance(par, Price):
            found[pegged.peg.subject] = price.usd if pegged.peg.wrapped else price.usd / par.usd
    return found


def _rates(snapshot: Snapshot) -> Mapping[str, Decimal]:
    at = snapshot.block.timestamp
    states = (state for state in snapshot.markets if isinstance(state, MarketState))
    found = ((state.market.slug, base_rate(state, at)) for state in states)
    return {slug: rate for slug, rate in found if rate is not None}
