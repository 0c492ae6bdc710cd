"""The small tables: runs, cycles, positions, the book, outside, hints, moves, the simulated chain, gas."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mammon.core.numbers import Units
from mammon.core.types import Address, GasUnits, Hint, MarketId, Position, Unread
from mammon.errors import OutsideError, PersonNeededError, UsageError
from mammon.state.moves import DAY_S
from mammon.state.resting import LONGEST_S
from mammon.state.simchain import Accepted, SimHead
from mammon.state.store import Store
from tests.state.realistic import OWNER, USDC, address
from tests.state.worlds import HEARD, PRICES, made, opened

DAY = 1_767_225_600


def position(slug: str, assets: int, owner: Address = OWNER) -> Position:
    """Return a holding whose market follows from its slug."""
    return Position(
        MarketId(8453, address(slug), USDC.address), slug, owner, Units(assets * 2), Units(assets)
    )


# --- runs and cycles -----------------------------------------------------------------------------


def test_a_run_ends_once(store: Store) -> None:
    """An end that was recorded stays; runs without one are found."""
    with store.transaction():
        first = store.runs.begin(10, "scan", "0.1.0", "a")
        second = store.runs.begin(20, "run --execute", "0.1.0", "b")
        store.runs.end(first, 15, "done")
        store.runs.end(first, 99, "killed")
    newest, oldest = store.runs.latest(2)
    assert (oldest.started, oldest.ended, oldest.outcome) == (10, 15, "done")
    assert (newest.command, newest.version, newest.ended, newest.outcome) == (
        "run --execute",
        "0.1.0",
        None,
        None,
    )
    assert [run.id for run in store.runs.unended()] == [second]
    with pytest.raises(PersonNeededError), store.transaction():
        store.runs.end(77, 1, "done")


def test_a_failed_cycle_is_a_row_too(store: Store) -> None:
    """Uptime is counted from cycles, so those that failed are there with their code."""
    with store.transaction():
        run = store.runs.begin(10, "run", "0.1.0", "a")
        store.cycles.record(run, 10, 12, "hold")
        store.cycles.record(run, 310, 341, "failed", "rpc")
    failed, held = store.cycles.page()
    assert (failed.run, failed.outcome, failed.error_code) == (run, "failed", "rpc")
    assert (held.started, held.ended, held.outcome, held.error_code) == (10, 12, "hold", None)


# --- positions -----------------------------------------------------------------------------------


def test_an_unread_position_stays_what_it_was(store: Store) -> None:
    """An error on reading never closes a position: it is marked, with the block of the failure."""
    with store.transaction():
        store.positions.observe(OWNER, 100, DAY, [position("a", 1000)])
    failure = Unread("a", "timeout", "no answer within 5 s")
    with store.transaction():
        store.positions.observe(OWNER, 101, DAY + 2, [failure])
    (seen,) = store.positions.of(OWNER)
    assert (seen.position, seen.block_number, seen.block_at) == (position("a", 1000), 100, DAY)
    assert (seen.unread, seen.unread_block) == (failure, 101)
    with store.transaction():
        store.positions.observe(OWNER, 102, DAY + 4, [position("a", 1001)])
    (seen,) = store.positions.of(OWNER)
    assert (seen.position.assets, seen.block_number, seen.unread) == (1001, 102, None)


def test_what_was_never_read_is_not_zero(store: Store) -> None:
    """A market that could not be read and was never seen has no row: nothing is known of it."""
    with store.transaction():
        store.positions.observe(OWNER, 100, DAY, [Unread("a", "timeout", "")], [position("b", 0).market])
    assert store.positions.of(OWNER) == ()


def test_only_a_reading_that_found_nothing_closes(store: Store) -> None:
    """A market that is not mentioned keeps its row; one that was read as empty is closed."""
    with store.transaction():
        store.positions.observe(OWNER, 100, DAY, [position("a", 5), position("b", 6)])
        store.positions.observe(OWNER, 101, DAY + 2, [], [position("b", 0).market])
    a, b = store.positions.of(OWNER)
    assert (a.position.assets, a.block_number) == (5, 100)
    assert (b.position.assets, b.position.shares, b.block_number) == (0, 0, 101)


def test_an_older_block_does_not_overwrite(store: Store) -> None:
    """An answer from a node that lags behind changes nothing that a later block has shown."""
    with store.transaction():
        store.positions.observe(OWNER, 100, DAY, [position("a", 5)])
        for found, empty in (
            ([position("a", 4)], []),
            ([Unread("a", "timeout", "")], []),
            ([], [position("a", 0).market]),
        ):
            store.positions.observe(OWNER, 99, DAY - 2, found, empty)
    (seen,) = store.positions.of(OWNER)
    assert (seen.position.assets, seen.block_number, seen.unread) == (5, 100, None)


def test_rows_are_an_owners_own(store: Store) -> None:
    """Another account's readings do not touch ours."""
    other = Address("0x" + "Bb" * 20)
    with store.transaction():
        store.positions.observe(OWNER, 100, DAY, [position("a", 5)])
        store.positions.observe(other, 101, DAY, [Unread("a", "x", "")], [position("a", 0).market])
    assert [seen.position.assets for seen in store.positions.of(OWNER)] == [5]
    assert store.positions.of(other) == ()


def test_a_market_is_known_by_its_address(store: Store) -> None:
    """A slug that points elsewhere now is another market: its reading does not close the old one."""
    moved = dataclasses.replace(position("a", 7), market=MarketId(8453, address("new"), USDC.address))
    with store.transaction():
        store.positions.observe(OWNER, 100, DAY, [position("a", 5)])
        store.positions.observe(OWNER, 101, DAY, [moved])
    assert sorted(seen.position.assets for seen in store.positions.of(OWNER)) == [5, 7]
    with store.transaction():
        store.positions.observe(OWNER, 102, DAY, [], [moved.market])
    assert sorted(seen.position.assets for seen in store.positions.of(OWNER)) == [0, 5]


# --- the paper book ------------------------------------------------------------------------------


def test_the_book_changes_from_the_version_before(store: Store) -> None:
    """A change made from an older version is refused, and its fills with it."""
    assert store.book.current() is None
    with store.transaction():
        assert store.book.replace(0, b"one", 10, [b"f1"]) == 1
    with store.transaction():
        assert store.book.replace(1, b"two", 20, [b"f2", b"f3"]) == 2
    for stale in (0, 1, 3):
        with pytest.raises(OutsideError) as caught, store.transaction():
            store.book.replace(stale, b"lost", 30, [b"lost"])
        assert caught.value.code == "book_changed"
    book = store.book.current()
    assert book is not None
    assert (book.version, book.at, book.document) == (2, 20, b"two")
    assert [(fill.version, fill.at, fill.document) for fill in store.book.fills()] == [
        (1, 10, b"f1"),
        (2, 20, b"f2"),
        (2, 20, b"f3"),
    ]
    assert [fill.document for fill in store.book.fills(after=1, limit=1)] == [b"f2"]


# --- resting endpoints ---------------------------------------------------------------------------


def test_resting_endpoints_are_remembered_for_as_long_as_they_rest(store: Store) -> None:
    """What is kept counts down, ends, is replaced whole, and outlives no stepped clock."""
    with store.transaction():
        store.resting.keep({"a": 59.6, "b": 10.0}, 1000)
    assert store.resting.left(1000) == {"a": 60, "b": 10}
    assert store.resting.left(1010) == {"a": 50}
    assert store.resting.left(1060) == {}
    assert store.resting.left(-(10**9)) == {"a": LONGEST_S, "b": LONGEST_S}
    with store.transaction():
        store.resting.keep({"c": 5.0}, 1001)
    assert store.resting.left(1001) == {"c": 5}


def test_what_is_known_of_resting_endpoints_need_not_be_kept_again(store: Store) -> None:
    """Another second of the same rest is nothing new; a new rest and an ended one are."""
    with store.transaction():
        store.resting.keep({"a": 60.0}, 1000)
    assert not store.resting.differs({"a": 49.4}, 1010)
    for resting in ({"a": 60.0}, {"b": 50.0}, {"a": 50.0, "b": 1.0}, {}):
        assert store.resting.differs(resting, 1010)
    assert not store.resting.differs({}, 1061)


# --- outside -------------------------------------------------------------------------------------


def test_what_was_heard_takes_the_place_of_what_was_heard_before(store: Store) -> None:
    """One row for each source and subject; figures come back as they were, and so does silence."""
    assert store.outside.heard() == ()
    with store.transaction():
        store.outside.keep_heard(HEARD)
    assert store.outside.heard() == HEARD
    later = dataclasses.replace(HEARD[0], asked=2, value=Decimal("1.000000001"), code="late")
    with store.transaction():
        store.outside.keep_heard([later])
        store.outside.keep_heard([])
    assert store.outside.heard() == (later, HEARD[1])


def test_prices_are_remembered_as_a_whole(store: Store) -> None:
    """What is kept takes the place of everything before; no digit is lost."""
    assert store.outside.prices() == ()
    with store.transaction():
        store.outside.keep_prices(PRICES)
    assert store.outside.prices() == PRICES
    with store.transaction():
        store.outside.keep_prices(PRICES[1:])
    assert store.outside.prices() == PRICES[1:]


# --- hints ---------------------------------------------------------------------------------------


def test_hints_are_kept_per_market(store: Store) -> None:
    """A new hint takes the old one's place; others stay; the same again is not written."""
    first, second = Hint(("0x1", "0x2")), Hint(())
    with store.transaction():
        store.hints.put({"a": first, "b": first})
        store.hints.put({"a": second})
    assert store.hints.all() == {"a": second, "b": first}
    before = store.database.connection.total_changes
    with store.transaction():
        store.hints.put({"a": second, "b": first})
    assert store.database.connection.total_changes == before


# --- moves ---------------------------------------------------------------------------------------


def test_a_move_counts_once(store: Store) -> None:
    """The key of what was carried out makes a move one move, also when it is recorded again."""
    with store.transaction():
        assert store.moves.record(made(1)) is True
        assert store.moves.record(made(1)) is False
    assert store.moves.since(0) == (made(1),)


def test_the_day_is_the_last_24_hours(store: Store) -> None:
    """A move of exactly 24 hours ago still counts; a second earlier it does not."""
    with store.transaction():
        for index, age in enumerate((DAY_S + 1, DAY_S, 5, 0)):
            store.moves.record(made(index, DAY - age))
    assert store.moves.last_day(DAY) == (DAY - DAY_S, DAY - 5, DAY)


def test_a_clock_set_back_frees_no_move(store: Store) -> None:
    """Moves that lie in the future of a clock that stepped back still count."""
    with store.transaction():
        store.moves.record(made(1, DAY))
        store.moves.record(made(2, DAY - 3600))  # recorded after the step
    assert store.moves.last_day(DAY - 3600) == (DAY - 3600, DAY)


@settings(max_examples=15)
@given(ages=st.lists(st.integers(0, 3 * DAY_S), max_size=60))
@example(ages=list(range(0, 3 * DAY_S, 900)))
@example(ages=list(range(200)))
def test_the_day_holds_exactly_its_moves(tmp_path_factory: pytest.TempPathFactory, ages: list[int]) -> None:
    """However many moves there were, those of the last day are found, ascending, and no others."""
    times = sorted(DAY - age for age in ages)
    with opened(tmp_path_factory.mktemp("home") / "world") as store:
        with store.transaction():
            for index, at in enumerate(times):
                store.moves.record(made(index, at))
        assert store.moves.last_day(DAY) == tuple(at for at in times if at >= DAY - DAY_S)


# --- the simulated chain -------------------------------------------------------------------------


def test_the_simulated_chain_is_remembered(store: Store) -> None:
    """Seed, height and accepted transactions come back in order; the height never goes back."""
    assert store.simchain.head() is None
    assert store.simchain.accepted() == ()
    with store.transaction():
        start = store.simchain.begin(2**70, 100)
        assert store.simchain.begin(2**70, 555) == start == SimHead(2**70, 100, 0)
        taken = (Accepted(100, b"\x02\x01"), Accepted(101, b"\x02\x02"))
        head = store.simchain.advance(start, 103, taken)
        head = store.simchain.advance(head, 103)
    assert head == store.simchain.head() == SimHead(2**70, 103, 2)
    assert store.simchain.accepted() == taken
    with pytest.raises(ValueError), store.transaction():
        store.simchain.advance(head, 102)


def test_another_seed_is_another_world(store: Store) -> None:
    """A simulated chain is not continued with another seed."""
    with store.transaction():
        store.simchain.begin(1, 0)
    with pytest.raises(UsageError) as caught, store.transaction():
        store.simchain.begin(2, 0)
    assert caught.value.code == "other_seed"
    assert "--seed 1" in caught.value.hint


# --- gas -----------------------------------------------------------------------------------------


def test_gas_is_the_mean_of_receipts_rounded_up(store: Store) -> None:
    """Measured units are a mean, rounded against us; the length is the longest seen."""
    with store.transaction():
        for units, size in ((200_000, 180), (200_001, 190), (200_000, 170)):
            store.gas.observe("aave_v3", "deposit", units, size)
        store.gas.observe("aave_v3", "withdraw", 7, 9)
    assert store.gas.all() == (
        GasUnits("aave_v3", "deposit", 200_001, 190, 3),
        GasUnits("aave_v3", "withdraw", 7, 9, 1),
    )
