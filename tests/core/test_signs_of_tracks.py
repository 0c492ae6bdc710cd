"""Signs from tracks: a venue whose readings keep failing is held down, purely from what the snapshot says."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.desk import Desk
from mammon.core.fills import Book, Holding, open_book, shifted
from mammon.core.numbers import Units
from mammon.core.policy import Policy
from mammon.core.risk.rating import rated
from mammon.core.risk.signs import signs_of
from mammon.core.tracks import Track
from mammon.core.types import MarketState, Snapshot
from tests.core.build import NOW, portfolio, snapshot, state

counts = st.integers(0, 10_000)


@pytest.mark.parametrize(
    ("read", "failed", "shown"),
    [
        (18, 1, False),
        (18, 2, True),
        (19, 1, False),
        (95, 5, False),
        (95, 6, True),
        (0, 19, False),
        (0, 20, True),
    ],
)
def test_more_than_one_failure_in_twenty_is_a_sign(read: int, failed: int, shown: bool) -> None:
    """From twenty readings on; fewer say nothing of a venue."""
    found = signs_of(state("good"), Track("good", (), None, read, failed))
    assert ("unreliable" in found) == shown
    assert "unreliable" not in signs_of(state("good")), "without a track"


@given(counts, counts)
def test_a_track_never_betters_a_rating(read: int, failed: int) -> None:
    """What earlier readings tell only ever holds a venue down, and failures never help."""
    venue, track = state("good"), Track("good", (), None, read, failed)
    alone, beside = rated(venue, NOW), rated(venue, NOW, track)
    assert beside.score <= alone.score
    assert beside.tier >= alone.tier
    worse = rated(venue, NOW, dataclasses.replace(track, failed=failed + 1))
    if read + failed >= 20:
        assert worse.tier >= beside.tier


def test_a_decision_rates_by_the_track_of_its_snapshot() -> None:
    """The desk finds it by name: an unreliable venue is of tier 4, its neighbour is not."""
    tracks = (Track("good", (), None, 50, 50), Track("other", (), None, 100, 0))
    desk = Desk(snapshot(state("good"), state("other"), tracks=tracks), portfolio(), Policy(), NOW)
    good, other = desk.rating("good"), desk.rating("other")
    assert good is not None
    assert other is not None
    assert (good.tier, good.signs) == (4, ("unreliable",))
    assert other.signs == ()


def fill_of(seen: Snapshot) -> Book:
    """Return a book with everything in the first venue."""
    (venue,) = seen.markets
    assert isinstance(venue, MarketState)
    book = open_book(portfolio(), seen)
    held = Holding(venue.market.id, "good", book.idle, venue.index, Units(1), Units(1))
    return dataclasses.replace(book, idle=Units(0), holdings=(held,))


def test_a_paper_book_s_market_keeps_its_tracks() -> None:
    """Money that exists on paper only shifts the curves, and nothing of what earlier readings told."""
    tracks = (Track("good", (), None, 50, 50),)
    seen = snapshot(state("good"), tracks=tracks)
    book = fill_of(seen)
    assert shifted(seen, book, None).markets != seen.markets
    assert shifted(seen, book, None).tracks == tracks
