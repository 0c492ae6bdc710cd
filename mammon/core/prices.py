"""Prices between readings: how long a source speaks of one, and which readings are remembered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mammon.core.tracks import PriceSample
from mammon.core.types import Price, Snapshot
from mammon.core.witnesses import PRICES

PRICE_FRESH_S = 1800
"""A source's price is of use for so long."""
MOST_SAMPLES = 32
"""So many earlier readings of one price are kept at most."""


def remembered(known: Iterable[PriceSample], snapshot: Snapshot, keep_s: int) -> tuple[PriceSample, ...]:
    """Return the readings to keep once this block was read, by subject, oldest first.

    Of a price that stood still the first and the last reading are kept; nothing older than `keep_s`.
    """
    at = snapshot.block.timestamp
    earlier = [sample for sample in known if 0 < at - sample.at <= keep_s]
    kept: list[PriceSample] = []
    for subject in PRICES:
        series = [sample for sample in earlier if sample.subject == subject]
        price = snapshot.asset_usd if subject == "asset_usd" else snapshot.eth_usd
        if isinstance(price, Price) and price.answer > 0:
            series.append(PriceSample(subject, price.usd, at))
        kept += run_ends(series)[-MOST_SAMPLES:]
    return tuple(kept)


def run_ends(series: Sequence[PriceSample]) -> list[PriceSample]:
    """Return one price's readings, oldest first, without those inside a run of one figure.

    A move is then the same whether or not what lies inside was thrown away before.
    """
    kept: list[PriceSample] = []
    for sample in series:
        if len(kept) > 1 and kept[-1].usd == kept[-2].usd == sample.usd:
            kept[-1] = sample
        else:
            kept.append(sample)
    return kept
