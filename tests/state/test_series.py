"""Series: the very bytes come back, stored small, whatever is packed when."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.core.types import MarketState
from mammon.errors import UsageError
from mammon.state.series import AT_ONCE_BYTES, MOST_PENDING, Series
from mammon.state.store import Store
from tests.state.realistic import payload, portfolio, snapshots
from tests.state.worlds import IDENTITY, POLICY, opened, record

GROWTH_BYTES = 3072


def test_snapshots_come_back_to_the_byte(store: Store, directory: Path) -> None:
    """Before packing, after it, and in another process, a snapshot is the bytes that were added."""
    kept = [payload(snapshot) for snapshot in snapshots(8, 12)]
    ids = []
    for number, (data, block, at) in enumerate(kept):
        with store.transaction():
            ids.append(store.snapshots.add(data, block, at))
        if number % 3 == 2:
            store.pack()
    for _ in range(2):
        with Store.readonly(directory, IDENTITY) as reader:
            assert [reader.snapshots.bytes_of(each) for each in ids] == [data for data, _, _ in kept]
        store.pack()
    newest = store.snapshots.latest()[0]
    assert (newest.id, newest.block_number, newest.block_at) == (ids[-1], *kept[-1][1:])


def test_the_same_bytes_are_kept_once(store: Store) -> None:
    """One snapshot id per content: a scan recorded twice is one row."""
    data, block, at = payload(next(snapshots(8, 1)))
    with store.transaction():
        first = store.snapshots.add(data, block, at)
    store.pack()
    with store.transaction():
        assert store.snapshots.add(data, block, at) == first
    assert len(store.snapshots.latest(9)) == 1


def test_what_is_asked_for_must_exist(store: Store) -> None:
    """An id that was never recorded is the caller's mistake."""
    for ask in (store.snapshots.bytes_of, store.policies.bytes_of):
        with pytest.raises(UsageError):
            ask("00" * 32)


def test_a_policy_is_found_by_its_hash(store: Store) -> None:
    """The hash every decision carries leads back to the policy."""
    with store.transaction():
        known = store.policies.add(POLICY)
    assert known == hashlib.sha256(POLICY).hexdigest()
    assert store.policies.bytes_of(known) == POLICY


def test_snapshots_are_found_by_time(store: Store) -> None:
    """A range of time includes its start and not its end."""
    kept = [payload(snapshot) for snapshot in snapshots(2, 4)]
    with store.transaction():
        ids = [store.snapshots.add(*each) for each in kept]
    found = store.snapshots.between(kept[1][2], kept[3][2])
    assert [row.id for row in found] == ids[1:3]


def test_packing_waits_only_so_long(store: Store) -> None:
    """Also where nobody packs, what waits stays bounded."""
    for snapshot in snapshots(8, MOST_PENDING + 3):
        record(store, snapshot)
    assert store.snapshots.series.pending() == 3
    store.pack()
    assert store.snapshots.series.pending() == 0
    store.pack()  # nothing to do


def test_packing_elsewhere_while_a_document_is_read_is_no_damage(
    store: Store, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader beside a running loop gets the bytes, also when they move under its hands."""
    data, block, at = payload(next(snapshots(8, 1)))
    with store.transaction():
        kept = store.snapshots.add(data, block, at)
    with Store.readonly(directory, IDENTITY) as reader:
        series, real = reader.snapshots.series, reader.snapshots.series.row

        def meanwhile(entry: int) -> object:
            row = real(entry)
            store.pack()
            return row

        monkeypatch.setattr(series, "row", meanwhile)
        assert reader.snapshots.bytes_of(kept) == data


def test_a_keyframe_follows_when_differences_grow(store: Store) -> None:
    """Another list of markets begins a new keyframe, and both kinds stay readable."""
    kept = [payload(s) for n in (6, 7, 3) for s in snapshots(n, 3, seed=n)]
    with store.transaction():
        ids = [store.snapshots.add(*each) for each in kept]
        store.snapshots.series.pack()
    assert 1 < store.snapshots.series.table.count("WHERE base IS NULL") < len(kept)
    assert [store.snapshots.bytes_of(each) for each in ids] == [data for data, _, _ in kept]


def test_a_keyframe_that_was_undone_is_not_referred_to(store: Store) -> None:
    """After a failed transaction its keyframe is forgotten, in memory too."""
    lost = [payload(snapshot) for snapshot in snapshots(4, 2, seed=5)]
    kept, later = [payload(snapshot) for snapshot in snapshots(4, 2, seed=6)]

    def fail() -> None:
        with store.transaction():
            for each in lost:
                store.snapshots.add(*each)
            store.snapshots.series.pack()
            raise ValueError

    with pytest.raises(ValueError):
        fail()
    for each in (kept, later):
        with store.transaction():
            store.snapshots.add(*each)
            store.snapshots.series.pack()
    fresh = Store(store.database)
    assert [fresh.snapshots.bytes_of(row.id) for row in fresh.snapshots.latest(9)] == [later[0], kept[0]]


@settings(max_examples=20)
@given(
    documents=st.lists(st.binary(max_size=3 * AT_ONCE_BYTES // 2), max_size=12),
    packs=st.sets(st.integers(0, 11)),
)
def test_any_documents_come_back(
    tmp_path_factory: pytest.TempPathFactory, documents: list[bytes], packs: set[int]
) -> None:
    """Whatever the documents are, large or small, alike or not."""
    with opened(tmp_path_factory.mktemp("home") / "world") as store:
        series: Series = store.policies.series
        rows = []
        for number, document in enumerate(documents):
            with store.transaction():
                rows.append(series.add(document)[0])
            if number in packs:
                store.pack()
        fresh = Store(store.database)
        assert [fresh.policies.series.data(row) for row in rows] == documents


def test_a_holding_loop_grows_slowly(store: Store) -> None:
    """Where all numbers of eight markets move every cycle, a cycle costs less than 3 KiB for good.

    Without the readings that tracks rest on: they are thinned, and stay below 600 rows (`test_readings`).
    """
    sizes, last_read = [], list(snapshots(8, 150))
    for number, snapshot in enumerate(last_read):
        markets = [state.market for state in snapshot.markets if isinstance(state, MarketState)]
        tracks = store.readings.tracks(markets, snapshot.block)
        last_read[number] = dataclasses.replace(snapshot, tracks=tracks)
        record(store, last_read[number])
        store.pack()
        thinned = store.database.rows("SELECT sum(length(body)) FROM readings")[0][0]
        sizes.append(store.database.rows("PRAGMA page_count")[0][0] * 4096 - thinned)
    assert (sizes[-1] - sizes[40]) / (len(sizes) - 41) < GROWTH_BYTES
    first, last = store.decisions.page(limit=150)[-1], store.decisions.page(limit=1)[0]
    for recorded, snapshot in ((first, last_read[0]), (last, last_read[-1])):
        inputs = store.decisions.inputs(recorded)
        assert inputs.snapshot == canonical.dumps(snapshot)
        assert inputs.portfolio == canonical.dumps(portfolio(snapshot))
        assert inputs.policy == POLICY


def test_what_nothing_waits_for_is_packed_at_once(store: Store) -> None:
    """Without haste no packing is left for later, but behind what waits already it waits as well."""
    kept = [payload(snapshot) for snapshot in snapshots(8, 3)]
    with store.transaction():
        store.snapshots.add(*kept[0], haste=False)
    assert store.snapshots.series.pending() == 0
    with store.transaction():
        store.snapshots.add(*kept[1])
        store.snapshots.add(*kept[2], haste=False)
    assert store.snapshots.series.pending() == 2, "packed in the order they came in"
    store.pack()
    assert [store.snapshots.series.data(entry) for entry in (1, 2, 3)] == [data for data, _, _ in kept]
