"""Earlier readings of every market, thinned as they age, and what they come to: tracks.

A reading is one row with all markets in it. Beside the rows, one row for each day (UTC) keeps the least
that was withdrawable and how many readings of a market came and failed, so that no question about 30
days walks through the readings of 30 days. A market is known by what makes it the same (its `MarketId`),
not by its name alone: a name that is given to another contract has no track yet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from mammon.core.numbers import Units
from mammon.core.tracks import Sample, Track
from mammon.core.types import Block, Market, MarketId, MarketState, Snapshot, slug_of
from mammon.state.db import Database, Row
from mammon.state.table import Table

DAY_S = 86_400
AGES_S = (0, 600, 3_600, 21_600, DAY_S, 7 * DAY_S, 30 * DAY_S)
"""How old a track's samples are, about; the first is of the reading before."""
DAYS = 30
"""How many days counts and least amounts reach back, today included."""
KEPT_S = 36 * DAY_S
"""How long a reading is kept: the oldest sample may be 35 days old."""
THINNED = ((7_200, 1_200), (2 * DAY_S, 7_200))
"""Of readings older than the first, one is kept in each span of the second, seconds."""
_THIN_EVERY_S = 3_600
_STEADY = 6
"""A sample stays the same for a sixth of its age, so that few change from one reading to the next."""

Days = Mapping[str, tuple[str, int | None, int, int]]
"""By slug: which market (empty: it never answered that day), the least withdrawable, read, failed."""


class Readings:
    """The tables of readings and of their days."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._readings = Table(database, "readings", ("block_at", "block_number", "body"))
        self._days = Table(database, "reading_days", ("day", "body"))
        self._settled: dict[int, Row] = {}
        """By time, the last reading up to it where a later one is kept: none comes in between any more."""
        self._undone = database.undone

    def keep(self, snapshot: Snapshot) -> None:
        """Keep what a block showed, inside a transaction; one that is not after the newest is passed over.

        A reading in which no market answered tells of the endpoint, and counts against nobody.
        """
        block, states = snapshot.block, [s for s in snapshot.markets if isinstance(s, MarketState)]
        newest = self._readings.part("max(block_at)")[0][0]
        if not states or (newest is not None and newest >= block.timestamp):
            return
        body = {key_of(state.market.id): _packed(state) for state in states}
        self._readings.put([(block.timestamp, block.number, _text(body))])
        self._count(block.timestamp // DAY_S, snapshot, states)
        if newest is not None and newest // _THIN_EVERY_S != block.timestamp // _THIN_EVERY_S:
            self._thin(block.timestamp)

    def tracks(self, markets: Sequence[Market], block: Block) -> tuple[Track, ...]:
        """Return what readings before a block tell of markets, by slug; of one never tried, nothing."""
        today = block.timestamp // DAY_S
        where = "WHERE day > ? AND day <= ?"
        with self._database.one_state():
            rows = [_samples(*row) for row in self._chosen(block)]
            days = [_day(text) for _, text in self._days.rows(where, (today - DAYS, today))]
        found = (_track(market, rows, days) for market in sorted(markets, key=_slug))
        return tuple(track for track in found if track.samples or track.read or track.failed)

    def _count(self, day: int, snapshot: Snapshot, states: Sequence[MarketState]) -> None:
        row = self._days.row("WHERE day = ?", (day,))
        known = dict(_day(row[1])) if row else {}
        read = {state.market.slug: state for state in states}
        for slug in map(slug_of, snapshot.markets):
            state = read.get(slug)
            key, least, came, failed = known.get(slug, ("", None, 0, 0))
            if state is None:
                known[slug] = (key, least, came, failed + 1)
                continue
            if key not in ("", key_of(state.market.id)):
                least, came, failed = None, 0, 0  # what had this name before
            liquid = state.withdrawable if least is None else min(least, state.withdrawable)
            known[slug] = (key_of(state.market.id), liquid, came + 1, failed)
        self._days.put([(day, _text(known))])

    def _thin(self, at: int) -> None:
        """Let go of what is older than a track reaches, and of most of what is getting old."""
        day = (at - KEPT_S) // DAY_S
        self._database.write("DELETE FROM readings WHERE block_at < ?", (day * DAY_S,))
        self._database.write("DELETE FROM reading_days WHERE day < ?", (day,))
        for older_s, span_s in THINNED:
            # The first of each span of the whole table: a span keeps its reading when it grows old.
            self._database.write(
                "DELETE FROM readings WHERE block_at < ? AND block_at NOT IN"
                " (SELECT min(block_at) FROM readings GROUP BY block_at / ?)",
                (at - older_s, span_s),
            )

    def _chosen(self, block: Block) -> tuple[Row, ...]:
        """Return the readings whose samples stand in tracks, oldest first, each once."""
        found: dict[int, Row] = {}
        settled: dict[int, Row] = {}
        if self._undone != self._database.undone:
            self._settled, self._undone = {}, self._database.undone
        for age in AGES_S:
            step = max(1, age // _STEADY)
            latest = min(block.timestamp - 1, (block.timestamp - age) // step * step)
            row = self._settled.get(latest) or self._reading("DESC", latest, block)
            oldest = None if row else self._reading("ASC", block.timestamp - 1, block)
            found.update((each[0], each) for each in (row, oldest) if each and each[1] < block.number)
            if row is None:
                break  # nothing is that old, let alone older: the oldest there is stands for it
            if latest <= max(found, default=0):
                settled[latest] = row
        self._settled = settled
        return tuple(found[at] for at in sorted(found))

    def _reading(self, order: str, latest: int, block: Block) -> Row | None:
        """Return the first or the last reading of a time up to `latest` and of a lower block."""
        where = f"WHERE block_at <= ? AND block_number < ? ORDER BY block_at {order} LIMIT 1"
        return self._readings.row(where, (latest, block.number))


@lru_cache(maxsize=256)
def key_of(market: MarketId) -> str:
    """Return what stands for a market in a row: 16 hexadecimal digits that follow from its identity."""
    identity = (market.chain_id, market.address, market.asset, market.key)
    return blake2b(ascii(identity).encode("ascii"), digest_size=8).hexdigest()


def _track(market: Market, rows: Sequence[Mapping[str, Sample]], days: Sequence[Days]) -> Track:
    key, slug = key_of(market.id), market.slug
    samples = tuple(row[key] for row in rows if key in row)
    same = [day[slug] for day in days if slug in day and day[slug][0] in ("", key)]
    least = min((liquid for _, liquid, _, _ in same if liquid is not None), default=None)
    return Track(
        slug,
        samples,
        None if least is None else Units(least),
        sum(read for _, _, read, _ in same),
        sum(failed for _, _, _, failed in same),
    )


def _packed(state: MarketState) -> list[Any]:
    loss = max((amount for _, amount in state.evidence), default=0)
    return [state.index, state.supplied, state.borrowed, state.withdrawable, state.room, loss]


def _slug(market: Market) -> str:
    return market.slug


def _text(body: Mapping[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"))


@lru_cache(maxsize=16)
def _samples(at: int, number: int, text: str) -> Mapping[str, Sample]:
    """Return the samples of a reading by the keys of their markets."""
    return {key: Sample(number, at, *figures) for key, figures in json.loads(text).items()}


@lru_cache(maxsize=DAYS + 2)
def _day(text: str) -> Days:
    return {slug: (key, least, read, failed) for slug, (key, least, read, failed) in json.loads(text).items()}
