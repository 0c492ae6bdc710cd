"""Bytes that changed on the disk: a typed error or the right answer, never a wrong one."""

from __future__ import annotations

import dataclasses
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mammon.errors import MammonError, PersonNeededError
from mammon.state.inspection import problems
from mammon.state.opening import NAME
from mammon.state.remainder import cut
from mammon.state.store import Store
from mammon.state.table import Table, seal
from tests.state import journals
from tests.state.realistic import snapshots
from tests.state.worlds import IDENTITY, contents, furnish, opened, record

FLIPS = 250
"""In the suite. `flips` with more of them is the campaign."""


def flips(directory: Path, scratch: Path, count: int, seed: int) -> dict[str, int]:
    """Change one byte at a time in copies of a world; return how often each error came, and none."""
    with Store.readonly(directory, IDENTITY) as store:
        right = contents(store)
    whole, chance = (directory / NAME).read_bytes(), random.Random(seed)
    results: dict[str, int] = {}
    scratch.mkdir(mode=0o700)
    for _ in range(count):
        place, bit = chance.randrange(len(whole)), 1 << chance.randrange(8)
        damaged = bytearray(whole)
        damaged[place] ^= bit
        (scratch / NAME).write_bytes(damaged)
        (scratch / NAME).chmod(0o600)
        result = _answer(scratch, right, f"byte {place} bit {bit}")
        results[result] = results.get(result, 0) + 1
    shutil.rmtree(scratch)
    return results


def _answer(directory: Path, right: dict[str, Any], where: str) -> str:
    try:
        with Store.open(directory, IDENTITY) as store:
            store.check()
            assert contents(store) == right, where
    except MammonError as error:
        return error.code
    except BaseException as error:
        raise AssertionError(where) from error
    return "right"


def test_a_flipped_byte_never_gives_a_wrong_answer(directory: Path, tmp_path: Path) -> None:
    """Wherever a bit flips, an acting command is refused or reads exactly what was written."""
    with opened(directory) as store:
        furnish(store, list(snapshots(3, 5)))
    results = flips(directory, tmp_path / "scratch", FLIPS, seed=11)
    assert results["state_corrupt"] > 20
    assert results["right"] > 20, "what lies in no row harms nothing"


def test_a_cut_file_is_refused(directory: Path) -> None:
    """A database that lost its end is damage."""
    with opened(directory) as store:
        furnish(store, list(snapshots(3, 5)))
    whole = (directory / NAME).read_bytes()
    for keep in (len(whole) // 2, len(whole) - 1, len(whole) - 4096):
        (directory / NAME).write_bytes(whole[:keep])
        with pytest.raises(PersonNeededError) as caught:
            _checked(directory)
        assert caught.value.code == "state_corrupt"


def _checked(directory: Path) -> None:
    with opened(directory) as store:
        store.check()
        contents(store)


CHANGES: list[tuple[str, Callable[[Store], object]]] = [
    ("UPDATE positions SET assets = assets || '0'", lambda s: contents(s)["positions"]),
    ("UPDATE runs SET ended = 5 WHERE ended IS NULL", lambda s: s.runs.latest(9)),
    ("UPDATE hints SET items = '[]'", lambda s: s.hints.all()),
    ("UPDATE readings SET body = '{}'", lambda s: contents(s)["tracks"]),
    ("UPDATE reading_days SET body = '{}'", lambda s: contents(s)["tracks"]),
    ("UPDATE witnesses SET value = '1' WHERE value IS NOT NULL", lambda s: s.outside.heard()),
    ("UPDATE witnesses SET at = at + 3600", lambda s: s.outside.heard()),
    ("UPDATE prices SET body = '[]'", lambda s: s.outside.prices()),
    ("UPDATE resting SET until = until + 1", lambda s: s.resting.left(0)),
    ("UPDATE book SET document = x'00'", lambda s: s.book.current()),
    ("UPDATE book SET version = 9", lambda s: s.book.current()),
    ("UPDATE gas_units SET samples = 2", lambda s: s.gas.all()),
    ("UPDATE sim_chain SET height = 9", lambda s: s.simchain.head()),
    ("UPDATE snapshots SET block_at = 1", lambda s: s.snapshots.latest()),
    ("UPDATE snapshots SET body = x'0102' WHERE base IS NOT NULL", lambda s: contents(s)),
    ("UPDATE snapshots SET body = x'0102' WHERE base IS NULL", lambda s: contents(s)),
    ("UPDATE pending SET body = x'00'", lambda s: contents(s)),
    ("DELETE FROM pending", lambda s: contents(s)),
    ("DELETE FROM snapshots WHERE id = 1", lambda s: contents(s)),
    ("UPDATE policies SET base = 1", lambda s: contents(s)),
    ("DELETE FROM summaries WHERE id = 1", lambda s: s.decisions.page()),
    ("UPDATE moves SET at = at - 86400", lambda s: s.moves.last_day(1_767_225_600)),
    ("UPDATE fills SET version = 7", lambda s: s.book.fills()),
    (
        "UPDATE decisions SET document = x'0102' WHERE document IS NOT NULL",
        lambda s: contents(s)["documents"],
    ),
    ("DELETE FROM sim_transactions WHERE id = 1", lambda s: s.simchain.accepted()),
    ("DELETE FROM sim_transactions WHERE id = 2", lambda s: s.simchain.accepted()),
    ("UPDATE meta SET value = 'x'", lambda s: Store.readonly(s.database.path.parent, IDENTITY)),
    ("UPDATE slots SET state = 'settled' WHERE state = 'sent'", lambda s: s.journal.open_slot()),
    ("UPDATE slots SET state = 'odd' WHERE state = 'sent'", lambda s: s.journal.open_slot()),
    ("DELETE FROM slots WHERE state = 'sent'", lambda s: s.journal.open_slot()),
    ("DELETE FROM slots WHERE state = 'sent'", lambda s: s.journal.next_nonce()),
    ("UPDATE slots SET opened_at = 0", lambda s: s.journal.slots_since(1)),
    ("UPDATE slots SET nonce = 90 WHERE state = 'settled'", lambda s: s.journal.open_slot()),
    ("UPDATE attempts SET nonce = 4 WHERE nonce = 5", lambda s: s.journal.attempts(5)),
    ("UPDATE attempts SET raw = x'02'", lambda s: s.journal.attempts(5)),
    ("DELETE FROM attempts WHERE role = 'cancel'", lambda s: s.journal.attempts(5)),
    ("UPDATE intents SET state = 'done' WHERE state = 'open'", lambda s: s.journal.open_intents()),
    ("UPDATE legs SET intent = 9 WHERE seq = 2 AND intent = 1", lambda s: s.journal.legs(1)),
    ("DELETE FROM legs WHERE seq = 2", lambda s: s.journal.legs(1)),
    ("UPDATE spends SET at = 0", lambda s: s.journal.spent(1)),
    ("UPDATE spends SET paid = '0'", lambda s: s.journal.spent(0)),
    ("UPDATE marks SET value = '0' WHERE name = 'seen_at'", lambda s: s.journal.seen_at()),
    ("UPDATE marks SET value = '0' WHERE name = 'adopted'", lambda s: s.journal.next_nonce()),
    ("UPDATE marks SET value = '{}' WHERE name = 'reconciled'", lambda s: s.flows.mark()),
    ("UPDATE flows SET amount = '0'", lambda s: s.flows.page()),
    ("UPDATE pins SET address = '0x'", lambda s: s.pins.known(journals.VENUE)),
    ("UPDATE sightings SET answer = 'accepted'", lambda s: contents(s)),
    ("DELETE FROM meta", lambda s: Store.readonly(s.database.path.parent, IDENTITY)),
]


@pytest.mark.parametrize(("change", "read"), CHANGES, ids=[change for change, _ in CHANGES])
def test_a_changed_value_is_found_when_it_is_read(
    store: Store, change: str, read: Callable[[Store], object]
) -> None:
    """Every table's rows are sealed: a value that nobody wrote is never given out."""
    furnish(store, list(snapshots(4, 4)))
    triggers = store.database.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for (name,) in triggers:
        store.database.connection.execute(f"DROP TRIGGER {name}")
    store.database.connection.execute(change)
    fresh = Store(store.database)  # nothing kept in memory
    with pytest.raises(PersonNeededError) as caught:
        read(fresh)
    assert caught.value.code == "state_corrupt"


def test_a_text_that_is_none_any_more_is_damage(store: Store) -> None:
    """Bytes that are not UTF-8 where text should be are damage, not a crash."""
    with store.transaction():
        store.runs.begin(1, "scan", "0.1.0", "")
    store.database.connection.execute("UPDATE runs SET command = CAST(x'ff' AS TEXT)")
    with pytest.raises(PersonNeededError) as caught:
        store.runs.latest()
    assert caught.value.code == "state_corrupt"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"CREATE TABLE hints", b"CREATE TABLE \xff\xc5nts"),
        (b"slug TEXT PRIMARY KEY", b"slug TEXT PRIMARY \xc5\xc5Y"),
    ],
    ids=["a name", "a word that SQLite then quotes"],
)
def test_a_schema_that_is_no_text_any_more_is_damage(
    store: Store, directory: Path, before: bytes, after: bytes
) -> None:
    """Also where SQLite's own complaint quotes bytes that are no text."""
    store.close()
    whole = (directory / NAME).read_bytes()
    assert before in whole
    (directory / NAME).write_bytes(whole.replace(before, after))
    with pytest.raises(PersonNeededError) as caught:
        opened(directory)
    assert caught.value.code == "state_corrupt"


def test_a_document_that_does_not_give_its_decision_is_damage(store: Store) -> None:
    """A row may be whole and still not lead to the bytes it names."""
    record(store, next(snapshots(2, 1)))
    decisions = store.decisions
    for document in (b"\x01\xff", cut(b"another", [b"", b"", b""])):
        with store.transaction():
            decisions._table.append(b"\x01" * 32, None, 1, 1, 1, None, 0, "move", 1, document)
        with pytest.raises(PersonNeededError) as caught:
            decisions.document(decisions.page(limit=1)[0])
        assert caught.value.code == "state_corrupt"
    gone = dataclasses.replace(decisions.page(limit=1)[0], number=99)
    with pytest.raises(PersonNeededError):
        decisions.inputs(gone)


SIGNED = ["attempts", "sightings", "audit", "pins", "flows"]


@pytest.mark.parametrize("table", ["decisions", "cycles", "moves", "fills", "sim_transactions", *SIGNED])
def test_history_cannot_be_rewritten(store: Store, table: str) -> None:
    """Rows that say what happened are neither changed nor removed."""
    furnish(store, list(snapshots(2, 2)))
    column = "hash" if table == "audit" else "seal"
    for statement in (f"UPDATE {table} SET {column} = x'00'", f"DELETE FROM {table}"):
        with pytest.raises(Exception, match=r"append-only|nothing of the journal"):
            store.database.connection.execute(statement)


def test_a_seal_tells_types_and_tables_apart() -> None:
    """The same characters as another type, or in another table, have another seal."""
    rows = [(1, "2"), ("1", "2"), (b"1", "2"), (1, None), (1, "None"), ("12", ""), ("1", "2", "")]
    seals = {seal(table, row) for table in ("a", "b") for row in rows}
    assert len(seals) == 2 * len(rows)


def test_repositories_name_every_column(store: Store) -> None:
    """What a repository reads and writes is what its table has, in whatever order."""
    found = [value for repository in _repositories(store) for value in _tables(repository)]
    assert len({table.name for table in found}) >= 15
    for table in found:
        named = [row[1] for row in store.database.rows(f"PRAGMA table_info({table.name})")]
        assert sorted(table.columns) == sorted(named), table.name


def test_no_sealed_table_is_left_out(store: Store) -> None:
    """Who looks a state over reads every table that has seals, also those that no command asked for yet."""
    named = store.database.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
    sealed = {
        name
        for (name,) in named
        if any(row[1] == "seal" for row in store.database.rows(f"PRAGMA table_info({name})"))
    }
    assert problems(store) == ()
    assert set(store.database.tables) == sealed


def _repositories(store: Store) -> list[object]:
    top = store.repositories()
    return [*top, *(inner for outer in top for inner in vars(outer).values() if hasattr(inner, "table"))]


def _tables(repository: object) -> list[Table]:
    return [value for value in vars(repository).values() if isinstance(value, Table)]


EMPTY_TABLE = b"\x0d\x00\x00\x00\x00\x10\x00\x00"
EMPTY_INDEX = b"\x0a\x00\x00\x00\x00\x10\x00\x00"
"""Heads of pages that are sound and hold nothing (SQLite file format, section 1.6)."""


@pytest.mark.parametrize("table", ["moves", "intents", "legs", "attempts", "spends", "slots", "marks"])
def test_rows_that_went_missing_are_missed(directory: Path, table: str) -> None:
    """A page that a disk lost, and that reads as an empty one, opens no limit and forgets no transaction."""
    with opened(directory) as store:
        furnish(store, list(snapshots(2, 2)))
        store.check()
        (root,) = store.database.rows("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,))[0]
        (size,) = store.database.rows("PRAGMA page_size")[0]
    whole = bytearray((directory / NAME).read_bytes())
    page = (EMPTY_INDEX if table == "marks" else EMPTY_TABLE).ljust(size, b"\0")
    whole[(root - 1) * size : root * size] = page
    (directory / NAME).write_bytes(whole)
    with opened(directory) as store:
        assert store.database.rows(f"SELECT count(*) FROM {table} NOT INDEXED")[0][0] == 0
        assert store.database.rows("PRAGMA quick_check") == [("ok",)], "SQLite misses nothing"
        with pytest.raises(PersonNeededError) as caught:
            store.check()
        assert caught.value.code == "state_corrupt"
        assert problems(store) != ()


def test_a_mark_whose_name_changed_is_damage(directory: Path) -> None:
    """One bit in its name must not make the time up to which the chain was seen begin anew."""
    with opened(directory) as store:
        furnish(store, list(snapshots(2, 2)))
        value = store.database.rows("SELECT value FROM marks WHERE name = 'seen_at'")[0][0]
    whole = (directory / NAME).read_bytes()
    row = f"seen_at{value}".encode()
    assert whole.count(row) == 1
    (directory / NAME).write_bytes(whole.replace(row, row.replace(b"seen_at", b"seen_au")))
    with opened(directory) as store, pytest.raises(PersonNeededError) as caught:
        store.journal.seen_at()
    assert caught.value.code == "state_corrupt"


def test_a_book_that_is_gone_is_missed(directory: Path) -> None:
    """A page of another place in its stead is sound in itself: a paper account must not begin anew."""
    with opened(directory) as store:
        with store.transaction():
            store.book.replace(0, b"{}", 1_500, [b"{}"])
        store.check()
        with store.transaction():
            store.database.write("DELETE FROM book")
        with pytest.raises(PersonNeededError, match="book: it is gone"):
            store.check()


def test_the_check_reads_every_document(directory: Path) -> None:
    """A body that does not match its hash is named, before anybody asks for that decision."""
    with opened(directory) as store:
        furnish(store, list(snapshots(3, 4)))
        assert problems(store) == ()
        body = store.database.rows("SELECT body FROM snapshots WHERE base IS NULL AND body IS NOT NULL")[0][0]
    whole = (directory / NAME).read_bytes()
    place = whole.index(body[-40:])
    (directory / NAME).write_bytes(whole[:place] + b"\0" + whole[place + 1 :])
    with opened(directory) as store:
        store.check()
        assert any("snapshots" in each for each in problems(store))
