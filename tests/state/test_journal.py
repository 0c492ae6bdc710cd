"""The journal: what it refuses, what survives a kill, a race and a full disk. D11, D12, F10, F19."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from mammon.chain.journal import Journal as Contract
from mammon.core.numbers import Wei
from mammon.core.txstate import FOLLOWS, TransitionError
from mammon.errors import OutsideError, PersonNeededError, UsageError
from mammon.state import schema_journal
from mammon.state.inspection import problems
from mammon.state.store import Store
from tests.state import journals
from tests.state.journals import AT, attempt, begun, effect, journal_contents, mined, slot, write
from tests.state.worlds import ended_well, forked, opened


def contract(store: Store) -> Contract:
    """Return the journal as what the money path asks for: a type checker holds the two together."""
    return store.journal


def test_the_journal_is_what_the_money_path_asks_for(store: Store) -> None:
    """Every method of the contract is there."""
    asked = [name for name in vars(Contract) if not name.startswith("_")]
    assert all(callable(getattr(contract(store), name)) for name in asked)


def test_the_tables_know_the_same_steps() -> None:
    """What may follow what stands in the database as well."""
    steps = {f"{before}>{after}" for before, follows in FOLLOWS.items() for after in follows}
    assert set(schema_journal._STEPS["slots"]) == steps


REFUSED: list[tuple[str, Callable[[Store], object], type[Exception]]] = [
    (
        "another open slot",
        lambda s: s.journal.sign_slot(slot(6, 1, 2), attempt(6), Wei(1)),
        PersonNeededError,
    ),
    (
        "the open nonce",
        lambda s: s.journal.sign_slot(slot(5, 1, 2), attempt(5, 3), Wei(1)),
        PersonNeededError,
    ),
    ("adopting now", lambda s: s.journal.adopt(9, "x"), PersonNeededError),
    ("a slot begun as sent", lambda s: s.journal.sign_slot(_sent(), attempt(6), Wei(1)), TransitionError),
    ("the same bytes", lambda s: s.journal.sign_again(attempt(5), Wei(1)), TransitionError),
    ("a closed slot", lambda s: s.journal.sign_again(attempt(4, 2), Wei(1)), TransitionError),
    ("no slot", lambda s: s.journal.sign_again(attempt(77), Wei(1)), TransitionError),
    ("a negative cost", lambda s: s.journal.sign_again(attempt(5, 2), Wei(-1)), TransitionError),
    ("a foreign hash", lambda s: s.journal.mined(5, mined(attempt(4))), TransitionError),
    (
        "telling of a foreign hash",
        lambda s: s.journal.told(5, attempt(4).hash, (("a", "b"),), 1),
        TransitionError,
    ),
    ("unmining what is sent", lambda s: s.journal.unmined(5, "x"), TransitionError),
    ("closing what is sent", lambda s: s.journal.close_slot(5, "reverted", None, None), TransitionError),
    ("closing as open", lambda s: s.journal.close_slot(5, "mined", None, None), TransitionError),
    ("sealing what is open", lambda s: s.journal.seal(5), TransitionError),
    ("an unknown intent", lambda s: s.journal.close_intent(9, "done"), TransitionError),
    ("an intent on the wire", lambda s: s.journal.close_intent(1, "parked", "late"), TransitionError),
    ("parking without a reason", lambda s: s.journal.close_intent(1, "parked"), TransitionError),
    ("opening a parked one", lambda s: s.journal.close_intent(2, "done"), TransitionError),
    ("an unknown leg", lambda s: s.journal.fail_leg(1, 3, "x"), TransitionError),
    ("a leg on the wire", lambda s: s.journal.fail_leg(1, 1, "x"), TransitionError),
]


def _sent() -> journals.Slot:
    return dataclasses.replace(slot(6, 1, 2), state="sent")


@pytest.mark.parametrize(("act", "kind"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_refused_leaves_no_trace(
    store: Store, act: Callable[[Store], object], kind: type[Exception]
) -> None:
    """A step that the tables of states do not allow changes nothing, the audit log included."""
    write(store)
    before = journal_contents(store)
    with pytest.raises(kind):
        act(store)
    assert journal_contents(store) == before
    assert problems(store) == ()


def test_what_is_said_again_changes_nothing(store: Store) -> None:
    """Recovery may repeat itself: the same facts twice are one row."""
    write(store)
    journal, one = store.journal, attempt(5)
    journal.mined(5, mined(one, 140))
    before = journal_contents(store)
    journal.mined(5, mined(one, 140))
    journal.told(5, one.hash, (), 1)
    journal.saw(1)
    journal.seal(4)
    journal.fail_leg(2, 0, "again")
    journal.close_intent(2, "parked", "late")
    assert journal.begin("move", "key-0", "other", journals.plan(7), 1, 2) == journal.open_intents()[0]
    assert journal_contents(store) == before
    with pytest.raises(TransitionError):
        journal.mined(5, mined(one, 141))
    journal.close_slot(5, "reverted", None, None)
    journal.adopt(6, "it is the next anyway")
    assert journal.spent(0) == Wei(104 * 10**9 + 4 * 10**13), "what was paid is not known: all is reserved"
    assert [leg.state for leg in journal.legs(1)] == ["done", "waiting", "waiting"]
    assert problems(store) == ()


@pytest.mark.parametrize(("nonce", "code"), [(5, "nonce_used"), (4, "nonce_used"), (7, "nonce_gap")])
def test_a_nonce_is_used_once_and_in_order(store: Store, nonce: int, code: str) -> None:
    """D12: nothing is signed for a used nonce, nor past one that nobody has used."""
    write(store)
    journal = store.journal
    journal.mined(5, mined(attempt(5), 140))
    journal.close_slot(5, "reverted", Wei(1), None)
    with pytest.raises(PersonNeededError) as caught:
        journal.sign_slot(slot(nonce, 1, 1), attempt(nonce, 4), Wei(1))
    assert caught.value.code == code
    with pytest.raises(PersonNeededError):
        journal.adopt(5, "no")
    journal.fail_leg(1, 1, "x")
    with pytest.raises(TransitionError):
        journal.sign_slot(slot(6, 1, 1), attempt(6), Wei(1))


def test_a_foreign_use_of_the_nonce_fails_the_leg(store: Store) -> None:
    """What nothing of ours used is in no block of ours, and never sealed."""
    write(store)
    store.journal.close_slot(5, "external", Wei(0), None)
    assert store.journal.legs(1)[1].state == "failed"
    assert store.journal.unsealed() == ()
    with pytest.raises(TransitionError):
        store.journal.seal(5)
    assert problems(store) == ()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO slots SELECT 9, intent, seq, 'signed', opened_at, deadline, fee_ceiling, attempts,"
        " NULL, NULL, NULL, NULL, NULL, NULL, 0, seal FROM slots WHERE nonce = 5",
        "UPDATE slots SET state = 'sent' WHERE nonce = 4",
        "UPDATE slots SET nonce = 9 WHERE nonce = 5",
        "UPDATE attempts SET raw = x'02'",
        "INSERT OR REPLACE INTO attempts SELECT * FROM attempts WHERE nonce = 5",
        "INSERT OR REPLACE INTO slots SELECT * FROM slots WHERE nonce = 4",
        "DELETE FROM spends",
        "UPDATE spends SET paid = '0' WHERE nonce = 4",
        "UPDATE marks SET value = '1' WHERE name = 'seen_at'",
        "UPDATE intents SET state = 'open'",
        "UPDATE legs SET state = 'waiting' WHERE seq = 0",
    ],
)
def test_the_database_itself_refuses(store: Store, statement: str) -> None:
    """One open slot, bytes as signed, nothing taken away, states only forward: whoever asks."""
    write(store)
    with pytest.raises(sqlite3.IntegrityError):
        store.database.connection.execute(statement)


def test_two_processes_that_sign_at_once_open_one_slot(directory: Path) -> None:
    """I2: whatever each of them believes, the second is refused by name."""
    with opened(directory) as store:
        intent = begun(store.journal)
        store.journal.saw(AT)
    won, told = os.pipe()

    def work(seq: int) -> None:
        with opened(directory) as child:
            try:
                child.journal.sign_slot(slot(seq, intent, seq), attempt(seq), Wei(1))
                os.write(told, b"1")
            except PersonNeededError as error:
                if error.code != "open_slot":
                    raise

    for process in [forked(lambda seq=seq: work(seq)) for seq in (0, 1, 2)]:  # type: ignore[misc]
        assert ended_well(process)
    assert os.read(won, 9) == b"1"
    with opened(directory) as store:
        assert store.journal.open_slot() is not None
        assert problems(store) == ()


STEPS: list[Callable[[Store], object]] = [
    lambda s: s.journal.sign_again(attempt(5, 2), Wei(9)),
    lambda s: s.journal.mined(5, mined(attempt(5), 140)),
    lambda s: s.journal.close_slot(5, "settled", Wei(7), effect(140)) if s.journal.slot(5) else None,
    lambda s: s.journal.sign_slot(slot(6, 1, 2), attempt(6), Wei(9)),
]


def test_a_kill_between_any_two_statements_leaves_whole_steps(directory: Path) -> None:
    """A1: wherever the process dies, each step has happened or has not, and recovery reads which."""
    with opened(directory) as store:
        write(store)
    states = {}
    for step in STEPS:
        with opened(directory) as store:
            before = journal_contents(store)
        for fatal in range(1, 100):

            def work(step: Callable[[Store], object] = step, fatal: int = fatal) -> None:
                with opened(directory) as child:
                    seen = iter(range(1, 1000))
                    child.database.connection.set_trace_callback(
                        lambda _: os.kill(os.getpid(), 9) if next(seen) == fatal else None
                    )
                    step(child)

            if ended_well(forked(work)):
                break
            with opened(directory) as store:
                assert journal_contents(store) == before
                assert problems(store) == ()
        states[step] = fatal
    assert min(states.values()) > 5


def test_a_full_disk_never_leaves_half_a_step(store: Store) -> None:
    """A3 41: without room nothing is signed, and what is there can still be read."""
    write(store)
    pages = store.database.rows("PRAGMA page_count")[0][0]
    store.database.rows(f"PRAGMA max_page_count={pages}")
    code = ""
    for number in range(2, 200):
        before = journal_contents(store)
        try:
            store.journal.sign_again(attempt(5, number), Wei(9))
        except PersonNeededError as error:
            code = error.code
            break
    assert code == "disk_full"
    assert journal_contents(store) == before
    assert problems(store) == ()


AUDIT = [
    ("UPDATE audit SET row_json = replace(row_json, 'late', 'LATE')", "not what was written"),
    ("UPDATE audit SET row_json = CAST(x'ff' AS TEXT) WHERE seq = 3", "not what was written"),
    ("DELETE FROM audit WHERE seq = 4", "missing: row 5 comes next"),
    ("DELETE FROM audit WHERE seq > 4", "rows were written"),
    ("UPDATE audit SET prev_hash = hash WHERE seq = 2", "does not follow"),
    ("INSERT INTO audit SELECT seq + 1, hash, '{}', x'00' FROM audit ORDER BY seq DESC LIMIT 1", "written"),
]


@pytest.mark.parametrize(("change", "why"), AUDIT, ids=[change for change, _ in AUDIT])
def test_an_edited_audit_log_is_noticed(store: Store, change: str, why: str) -> None:
    """A3 57: edited, cut or continued by somebody else, the first bad row is named."""
    write(store)
    assert store.audit.require().bad is None
    for name in ("audit_update", "audit_delete"):
        store.database.connection.execute(f"DROP TRIGGER {name}")
    store.database.connection.execute(change)
    found = store.audit.verify()
    assert found.bad is not None
    assert found.rows == found.bad - 1
    assert why in found.why
    assert any(f"row {found.bad}" in problem for problem in problems(store))
    with pytest.raises(PersonNeededError):
        store.audit.require()


def test_a_rewritten_end_of_the_log_is_noticed(store: Store) -> None:
    """A last row with a hash that fits it is still not the one whose hash the state keeps."""
    from mammon.state.audit import digest

    write(store)
    last = store.audit.rows(limit=1000)[-1]
    store.database.connection.execute("DROP TRIGGER audit_update")
    made = digest(last.seq, last.before, b"{}")
    store.database.connection.execute(
        "UPDATE audit SET row_json = '{}', hash = ? WHERE seq = ?", (made, last.seq)
    )
    assert store.audit.verify().bad == last.seq


def test_pins_tell_what_changed_and_keep_their_history(store: Store) -> None:
    """A3 38: the first sight is kept until a person accepts another."""
    write(store)
    zero, other = journals.Hash32("0x" + "00" * 32), journals.Hash32("0x" + "c1" * 32)
    code = journals.Hash32("0x" + "c0" * 32)
    assert not store.pins.changed(journals.VENUE, code, zero)
    assert store.pins.changed(journals.VENUE, other, zero)
    assert not store.pins.changed(journals.Address(journals.OWNER), other, zero)
    with store.transaction():
        assert not store.pins.record(journals.VENUE, other, zero)
        store.pins.accept(journals.VENUE, other, zero, "upgraded by its governance")
        with pytest.raises(UsageError):
            store.pins.accept(journals.Address(journals.OWNER), other, zero, "x")
    assert store.pins.known(journals.VENUE) == (other, zero)


def test_flows_are_recorded_once(store: Store) -> None:
    """What another command has reconciled meanwhile is not recorded a second time."""
    write(store)
    mark = store.flows.mark()
    assert mark is not None
    (first, newest), (second, _) = store.flows.page(limit=1)[0], store.flows.page(before=2)[0]
    assert (first, second, newest.kind) == (2, 1, "accrual")
    with pytest.raises(OutsideError), store.transaction():
        store.flows.record(None, mark)


def bare(store: Store) -> None:
    """Take the tables' own rules away, so that a state can be made that they do not allow."""
    for kind in ("TRIGGER", "INDEX"):
        found = store.database.rows(
            "SELECT name FROM sqlite_master WHERE type = ? AND sql IS NOT NULL", (kind.lower(),)
        )
        for (name,) in found:
            store.database.connection.execute(f"DROP {kind} {name}")


def resealed(store: Store, table: str, change: Callable[[list[object]], object], where: str) -> None:
    """Change rows past every rule, with seals that fit."""
    known = store.database.tables[table]
    for row in known.rows(where):
        values = list(row)
        change(values)
        with store.database.transaction():
            known.put([values])  # type: ignore[list-item]


WRONG: list[tuple[str, str, int, object, str]] = [
    ("slots", "WHERE nonce = 4", 3, "sent", "2 slots are open"),
    ("slots", "WHERE nonce = 4", 1, 7, "which does not exist"),
    ("slots", "WHERE nonce = 5", 3, "reverted", "its block says otherwise"),
    ("slots", "WHERE nonce = 4", 8, "0x" + "99" * 32, "never signed"),
    ("slots", "WHERE nonce = 5", 7, 3, "more were signed"),
    ("attempts", "WHERE nonce = 4", 4, b"\x02", "nothing where an item is due"),
    ("attempts", "WHERE nonce = 4", 4, attempt(5).raw, "another hash"),
    ("attempts", "WHERE nonce = 4", 5, "1", "another nonce or fee"),
    ("attempts", "WHERE role = 'cancel'", 3, "act", "do not do the same"),
    ("attempts", "WHERE id = 1", 3, "cancel", "does something"),
    ("legs", "WHERE id = 1", 5, 2, "were opened"),
    ("legs", "WHERE id = 3", 4, "open", "its newest slot"),
    ("legs", "WHERE id = 1", 4, "waiting", "proves it"),
]


@pytest.mark.parametrize(("table", "where", "column", "value", "told"), WRONG, ids=[row[4] for row in WRONG])
def test_what_cannot_be_is_found(
    store: Store, table: str, where: str, column: int, value: object, told: str
) -> None:
    """`state check` holds the journal against itself: rows that are sealed and still cannot be."""
    write(store)
    bare(store)
    resealed(store, table, lambda values: values.__setitem__(column, value), where)
    assert any(told in problem for problem in problems(store)), problems(store)


def test_a_reservation_that_is_gone_is_damage(store: Store) -> None:
    """Nothing more is signed for a slot whose cost is not reserved."""
    write(store)
    bare(store)
    store.database.connection.execute("DELETE FROM spends WHERE nonce = 5")
    assert any("nothing is reserved" in problem for problem in problems(store))
    with pytest.raises(PersonNeededError) as caught:
        store.journal.sign_again(attempt(5, 2), Wei(9))
    assert caught.value.code == "state_corrupt"


def test_a_slot_closes_without_its_reservation(store: Store) -> None:
    """What a chain has settled is settled, whatever is lost of its cost; that stays damage."""
    write(store)
    bare(store)
    store.database.connection.execute("DELETE FROM spends WHERE nonce = 5")
    store.journal.mined(5, mined(attempt(5), 140))
    store.journal.close_slot(5, "reverted", Wei(7), None)
    assert store.journal.legs(1)[1].state == "waiting"
    assert any("nothing is reserved" in problem for problem in problems(store))


def test_every_telling_is_kept(store: Store) -> None:
    """Who was told of which bytes, and what each said."""
    write(store)
    told = [(one.endpoint, one.answer, one.at) for one in store.journal.tellings(attempt(4).hash)]
    assert told == [("node-a", "accepted", AT + 1), ("node-b", "known", AT + 1)]


def test_receipts_refine_the_gas_table(store: Store) -> None:
    """The figures of a receipt are in it, rounded up."""
    write(store)
    (row,) = store.gas.all()
    assert (row.protocol, row.action, row.units, row.tx_bytes) == ("aave_v3", "withdraw", 180_000, 140)


def test_two_open_slots_are_damage(store: Store) -> None:
    """An open slot that is not the newest is named, not passed over."""
    write(store)
    bare(store)
    resealed(store, "slots", lambda values: values.__setitem__(3, "sent"), "WHERE nonce = 4")
    with pytest.raises(PersonNeededError):
        store.journal.open_slot()
    assert any("2 slots are open" in problem for problem in problems(store))


def test_time_seen_elsewhere_meanwhile_stays(store: Store, directory: Path) -> None:
    """Of two processes that saw a block the later time counts, whoever writes last."""
    write(store)
    store.journal.saw(AT + 5)
    with opened(directory) as other:
        other.journal.saw(AT + 9)
    begun(store.journal, "key-9")
    assert store.journal.seen_at() == AT + 9


def test_time_seen_is_durable_before_whatever_rests_on_it(directory: Path) -> None:
    """It counts at once, costs no commit, and no later change of any kind is there without it."""
    with opened(directory) as store, opened(directory) as other:
        said: list[str] = []
        store.database.connection.set_trace_callback(said.append)
        store.journal.saw(AT)
        store.journal.saw(AT + 2)
        store.journal.saw(AT + 1)
        assert (store.journal.seen_at(), other.journal.seen_at()) == (AT + 2, 0)
        assert "COMMIT" not in said
        begun(store.journal)
        assert said.count("COMMIT") == 1
        assert (other.journal.seen_at(), len(other.journal.open_intents())) == (AT + 2, 1)
        store.journal.saw(AT + 30)
    with opened(directory) as store:
        assert store.journal.seen_at() == AT + 30, "who leaves in order leaves it behind"


def test_an_attempt_leads_to_its_nonce(store: Store) -> None:
    """A hash of ours is found, another's is not."""
    write(store)
    assert store.journal.nonce_of(attempt(5).hash) == 5
    assert store.journal.nonce_of("0x") is None
