"""Earlier readings: what they come to is what was read, before the block asked about, of this very market."""

from __future__ import annotations

import dataclasses
import os
import signal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.numbers import Ray, Units
from mammon.core.tracks import Track
from mammon.core.types import Block, Hash32, Market, MarketState, Snapshot, Unread, Wei
from mammon.errors import PersonNeededError
from mammon.state.readings import AGES_S, DAY_S, DAYS, KEPT_S, Readings
from mammon.state.store import Store
from tests.core import build
from tests.state.worlds import IDENTITY, ended_well, forked, opened

START = 20_000 * DAY_S
A, B = build.market("a"), build.market("b")


def block(at: int) -> Block:
    """Return the block of a time: one every two seconds."""
    word = Hash32("0x" + "11" * 32)
    return Block(at // 2, word, word, at, Wei(1))


def reading(at: int, *states: MarketState | Unread) -> Snapshot:
    """Return what a block showed."""
    return build.snapshot(*states, block=block(at))


def state(market: Market, liquid: int, index: int = 10**27) -> MarketState:
    """Return a market of which so much could leave."""
    return dataclasses.replace(
        build.state(market.slug), market=market, withdrawable=Units(liquid), index=Ray(index)
    )


def keep(store: Store, *snapshots: Snapshot) -> None:
    """Keep readings, each in a transaction of its own."""
    for snapshot in snapshots:
        with store.transaction():
            store.readings.keep(snapshot)


def track(store: Store, at: int, market: Market = A) -> Track | None:
    """Return a market's track at a block's time."""
    return next(iter(store.readings.tracks([market], block(at))), None)


def test_what_was_never_read_has_no_track(store: Store) -> None:
    """An empty history says nothing, and nothing is not a reading of zero."""
    assert store.readings.tracks([A, B], block(START)) == ()
    keep(store, reading(START, state(A, 5)))
    assert [found.slug for found in store.readings.tracks([B, A], block(START + 2))] == ["a"]


def test_a_sample_is_what_was_read(store: Store) -> None:
    """Every figure comes back as it was, absent ones as absent."""
    full = dataclasses.replace(
        state(A, 7, 10**27 + 3), room=Units(9), evidence=(("deficit", Units(4)), ("lost_assets", Units(6)))
    )
    bare = dataclasses.replace(state(B, 0), borrowed=None, room=None)
    keep(store, reading(START, bare, full))
    a, b = store.readings.tracks([B, A], block(START + 10))
    (one,), (other,) = a.samples, b.samples
    assert (one.block, one.at, one.index, one.room, one.loss) == (START // 2, START, 10**27 + 3, 9, 6)
    assert (one.supplied, one.borrowed, one.withdrawable) == (full.supplied, full.borrowed, 7)
    assert (other.borrowed, other.room, other.loss, b.least_withdrawable) == (None, None, 0, 0)


def test_no_sample_is_of_the_block_itself_or_after_it(store: Store) -> None:
    """An older block that is read again, or a branch that was left, is not told what came later."""
    keep(store, *(reading(START + 300 * n, state(A, 10 + n)) for n in range(5)))
    for at in range(START - 300, START + 1800, 150):
        found = track(store, at)
        samples = found.samples if found else ()
        assert all(sample.at < at and sample.block < at // 2 for sample in samples)
    same_number = dataclasses.replace(block(START + 301), number=START // 2)
    assert [s.samples for s in store.readings.tracks([A], same_number)] == [()]


def test_a_block_that_is_not_after_the_newest_is_not_kept(store: Store) -> None:
    """Neither an endpoint that lags nor the same block read twice counts as one more reading."""
    keep(
        store, reading(START + 60, state(A, 9)), reading(START, state(A, 1)), reading(START + 60, state(A, 2))
    )
    found = track(store, START + 120)
    assert found is not None
    assert (found.read, found.least_withdrawable, len(found.samples)) == (1, 9, 1)


def test_a_name_given_to_another_contract_has_no_track(store: Store) -> None:
    """A track is a market's, not its name's."""
    keep(store, reading(START, state(A, 9)))
    moved = dataclasses.replace(A, id=B.id)
    assert track(store, START + 60, moved) is None
    keep(store, reading(START + 60, state(moved, 5)))
    found = track(store, START + 120, moved)
    assert found is not None
    assert (found.least_withdrawable, found.read, [s.withdrawable for s in found.samples]) == (5, 1, [5])


def test_failures_are_counted_where_others_answered(store: Store) -> None:
    """A market that does not answer is counted; an endpoint that answers for none counts against nobody."""
    silent = Unread("a", "reverted", "no answer")
    keep(store, reading(START, silent, state(B, 1)), reading(START + 60, silent))
    keep(store, reading(START + 120, silent, state(B, 1)), reading(START + 180, state(A, 3), state(B, 1)))
    a, b = store.readings.tracks([A, B], block(START + 240))
    assert (a.read, a.failed, a.least_withdrawable, len(a.samples)) == (1, 2, 3, 1)
    assert (b.read, b.failed) == (3, 0)
    only = Unread("c", "reverted", "no answer")
    keep(store, reading(START + 300, only, state(B, 1)))
    (c,) = store.readings.tracks([build.market("c")], block(START + 360))
    assert c == Track("c", (), None, 0, 1)


def test_samples_stand_further_apart_the_older_they_are(store: Store) -> None:
    """Of 40 days read every five minutes, each age has its sample, and few rows are left."""
    every = range(START, START + 40 * DAY_S, 300)
    with store.transaction():
        for at in every:
            store.readings.keep(reading(at, state(A, at - START)))
    now = every[-1] + 240
    found = track(store, now)
    assert found is not None
    ages = [now - sample.at for sample in reversed(found.samples)]
    assert ages[0] == 240
    for age, wanted in zip(ages[1:], AGES_S[1:], strict=True):
        assert wanted <= age <= wanted + wanted // 6 + 7_200
    days = [at for at in every if at // DAY_S > now // DAY_S - DAYS]
    assert (found.read, found.least_withdrawable) == (len(days), days[0] - START)
    rows = store.readings._readings.count()
    assert rows < 600
    assert store.readings._readings.part("min(block_at)")[0][0] >= now - KEPT_S - DAY_S
    store.check()


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.sampled_from([2, 60, 300, 601, 4_000, 30_000, DAY_S, 9 * DAY_S]), max_size=25),
    data=st.data(),
)
def test_a_track_is_what_a_plain_list_of_the_readings_says(
    tmp_path_factory: pytest.TempPathFactory, gaps: list[int], data: st.DataObject
) -> None:
    """However far apart they came, the newest is there, every sample was read, counts and least agree."""
    at, known = START, []
    with Store.open(tmp_path_factory.mktemp("home") / "world", IDENTITY) as store:
        for gap in gaps:
            at += gap
            liquid = data.draw(st.none() | st.integers(0, 10**15))
            mine = Unread("a", "reverted", "no answer") if liquid is None else state(A, liquid)
            keep(store, reading(at, mine, state(B, 1)))
            known.append((at, liquid))
            now = at + data.draw(st.integers(2, 9_000))
            found = track(store, now) or Track("a")
            read = [(t, amount) for t, amount in known if amount is not None]
            assert [(s.at, s.withdrawable) for s in found.samples] == [
                (t, amount) for t, amount in read if t in {s.at for s in found.samples}
            ]
            if known[-1][1] is not None:
                assert found.samples[-1].at == at
            within = [amount for t, amount in known if t // DAY_S > now // DAY_S - DAYS]
            came = [amount for amount in within if amount is not None]
            assert (found.read, found.failed) == (len(came), len(within) - len(came))
            assert found.least_withdrawable == min(came, default=None)
            store.check()


def test_a_death_while_a_reading_is_kept_loses_that_reading_alone(directory: Path) -> None:
    """It is kept with everything else of its cycle or not at all."""
    with opened(directory) as store:
        keep(store, reading(START, state(A, 5)))

    def dying() -> None:
        with opened(directory) as mine, mine.transaction():
            mine.readings.keep(reading(START + 300, state(A, 1)))
            os.kill(os.getpid(), signal.SIGKILL)

    assert not ended_well(forked(dying))
    with opened(directory) as store:
        found = track(store, START + 600)
        assert found is not None
        assert (found.read, found.least_withdrawable) == (1, 5)
        store.check()


def test_readings_that_are_gone_are_missed(store: Store) -> None:
    """Days that were counted have readings, and readings are of days that were counted."""
    for table in ("readings", "reading_days"):
        keep(store, reading(START + len(table) * DAY_S, state(A, 5)))
        with store.transaction():
            store.database.write(f"DELETE FROM {table}")
        with pytest.raises(PersonNeededError, match="readings: they are not of the days"):
            store.check()
        with store.transaction():
            store.database.write("DELETE FROM readings")
            store.database.write("DELETE FROM reading_days")


def test_a_second_process_sees_what_the_first_kept(directory: Path) -> None:
    """Nothing of a track lives in a process: what is cached follows from the rows that were read."""
    with opened(directory) as first, opened(directory) as second:
        for number in range(4):
            keep((first, second)[number % 2], reading(START + 60 * number, state(A, 50 - number)))
            at = START + 60 * number + 30
            assert Readings(first.database).tracks([A], block(at)) == second.readings.tracks([A], block(at))


def failing(store: Store) -> None:
    """Keep two readings in a transaction, look at them, and fail."""
    with store.transaction():
        store.readings.keep(reading(START + 900, state(A, 99)))
        store.readings.keep(reading(START + 2_000, state(A, 98)))
        assert track(store, START + 2_600) is not None
        raise RuntimeError("undone")


def test_a_reading_that_was_undone_is_in_no_track(store: Store) -> None:
    """What a transaction that failed had written is forgotten with it, also by who had read it."""
    keep(store, *(reading(START + 300 * n, state(A, 10 + n)) for n in range(3)))
    with pytest.raises(RuntimeError, match="undone"):
        failing(store)
    found = track(store, START + 2_600)
    assert found is not None
    assert [sample.withdrawable for sample in found.samples] == [10, 12]
    assert found.read == 3
