"""What a person puts right: a stuck transaction, a nonce used elsewhere, changed code, books that differ."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mammon.chain.follow import Follower
from mammon.core.numbers import Units
from mammon.core.types import Hash32
from mammon.errors import OutsideError
from mammon.ops.lock import money_lock
from mammon.sim.world import SimWorld
from mammon.state.opening import Identity
from mammon.state.store import Store
from tests.flows.runner import Shell

REASON = ("--yes", "--reason", "looked at in an explorer")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "home", MAMMON_MODE="mock", MAMMON_SEED="7")


@contextlib.contextmanager
def stored(shell: Shell) -> Iterator[Store]:
    (directory,) = {path.parent for path in shell.home.rglob("mammon.db")}
    with Store.open(directory, Identity("mock", 8453, SimWorld(7).wallet)) as store:
        yield store


@pytest.fixture
def stuck(shell: Shell) -> Shell:
    """A world whose first transaction was sent, and its process died there."""

    def leave(*_: Any) -> None:
        raise OutsideError("unresolved", "the process ends here")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Follower, "follow", leave)
        assert shell("rebalance", "--execute", "--yes").code == 4
    assert shell("tx", "show", "--json").data["transaction"]["state"] == "sent"
    return shell


# --- what is on the wire -------------------------------------------------------------------------


def test_row_1_without_execute_it_is_only_told(stuck: Shell) -> None:
    """Row 1: what would be bid is said, nothing is signed."""
    for verb, words in (("bump", "Bid higher for transaction 0"), ("cancel", "Cancel transaction 0")):
        told = stuck("tx", verb)
        assert told.code == 0, told.err
        assert words in told.err
        assert "--execute" in told.err
    assert len(stuck("tx", "show", "--json").data["attempts"]) == 1


def test_row_1_bumped_and_mined(stuck: Shell) -> None:
    """Row 1: a higher fee under the same nonce, followed to its end."""
    done = stuck("tx", "bump", "--execute", "--yes", "--json")
    assert done.code == 0, done.err
    first, second = done.data["attempts"]
    assert int(second["max_fee"]) * 100 >= int(first["max_fee"]) * 110
    assert done.data["transaction"]["state"] == "settled"
    assert stuck("rebalance", "--execute", "--yes").code in (0, 3)


def test_row_1_bumped_to_what_a_person_names(stuck: Shell) -> None:
    """Row 1: in gwei per gas; what nodes or the ceiling would refuse is refused before it is signed."""
    assert stuck("tx", "bump", "--max-fee", "0.000001").code == 3
    assert stuck("tx", "bump", "--max-fee", "1000000").code == 3
    for wrong in ("much", "-1", "nan", "0", "0.0000000001", "1e400"):
        assert stuck("tx", "bump", "--max-fee", wrong).code == 2
    done = stuck("tx", "bump", "--max-fee", "0.05", "--execute", "--yes", "--json")
    assert done.code == 0, done.err
    assert done.data["attempts"][-1]["max_fee"] == "50000000"


def test_row_1_cancelled(stuck: Shell) -> None:
    """Row 1: its nonce is used for nothing, the money is where it was, and the next start goes on."""
    done = stuck("tx", "cancel", "--execute", "--yes", "--json")
    assert done.code == 0, done.err
    assert done.data["transaction"]["state"] in ("cancelled", "settled")
    assert [each["role"] for each in done.data["attempts"]] == ["act", "cancel"]
    assert stuck("rebalance", "--execute", "--yes").code in (0, 3)


def test_acting_needs_consent_and_the_stops_agree(stuck: Shell) -> None:
    """No terminal, no --yes: exit 5. Under the kill switch nothing, under emergency only the cancellation."""
    assert stuck("tx", "bump", "--execute").code == 5
    with stored(stuck) as store:
        folder = store.database.path.parent / "stops"
    folder.mkdir(mode=0o700)
    (folder / "emergency").touch(mode=0o600)
    assert stuck("tx", "bump", "--execute", "--yes").code == 5
    (stuck.home / ".kill_switch").touch()
    assert stuck("tx", "cancel", "--execute", "--yes").code == 5
    (stuck.home / ".kill_switch").unlink()
    done = stuck("tx", "cancel", "--execute", "--yes", "--json")
    assert done.code == 0, done.err


def test_with_nothing_on_the_wire_there_is_nothing_to_bid_for(shell: Shell) -> None:
    """Exit 2, with where to look; a mined one is too late; a paper book has none."""
    for verb in ("bump", "cancel"):
        ended = shell("tx", verb)
        assert (ended.code, "no_open_slot" in ended.err) == (2, True), ended.err
    paper = Shell(shell.home.parent / "paper", MAMMON_MODE="paper")
    assert paper("adopt-nonce", *REASON).code == 2


def test_what_a_block_has_is_not_bid_for(stuck: Shell) -> None:
    """Too late: exit 3, and nothing is signed."""
    stuck("run", "--cycles", "1", "--interval", "1s")
    with stored(stuck) as store:
        assert store.journal.open_slot() is not None
        store.simchain.head()
    waited = stuck("run", "--cycles", "2", "--interval", "1m")
    assert waited.code == 0, waited.err
    assert stuck("tx", "bump").code == 3


# --- the account's nonce -------------------------------------------------------------------------


def test_adopting_where_chain_and_journal_agree_does_nothing(shell: Shell) -> None:
    """Nothing to adopt is said, and needs no reason."""
    assert shell("rebalance", "--execute", "--yes").code == 0
    done = shell("adopt-nonce", "--json")
    assert done.code == 0, done.err
    assert (done.data["adopted"], done.data["counted"]) == (False, done.data["known"])


def test_adopting_asks_a_person_and_keeps_the_reason(shell: Shell) -> None:
    """Both figures are shown; --yes takes a reason; without either a person is needed; no stop is lifted."""
    assert shell("scan").code == 0
    assert shell("halt").code == 0
    assert shell("adopt-nonce").code == 5
    assert shell("adopt-nonce", "--yes").code == 2
    done = shell("adopt-nonce", *REASON, "--json")
    assert done.code == 0, done.err
    assert done.data == {"adopted": True, "counted": 0, "known": None, "reason": REASON[-1]}
    with stored(shell) as store:
        rows = b"".join(row.data for row in store.audit.rows(0, 1_000))
    assert b"looked at in an explorer" in rows
    assert shell("status", "--json").data["stops"] != []


def test_a_nonce_is_not_adopted_over_what_is_on_the_wire(stuck: Shell) -> None:
    """The chain counts less than the journal, or a slot is open: nothing is taken back."""
    ended = stuck("adopt-nonce", *REASON)
    assert ended.code in (4, 5), ended.err
    with stored(stuck) as store:
        assert store.journal.next_nonce() == 1


def test_corrections_wait_for_whoever_acts(shell: Shell) -> None:
    """Both hold the money lock: exit 4 while another command has it, and nothing changed."""
    assert shell("scan").code == 0
    with money_lock(shell.home, 8453, SimWorld(7).wallet, "run", 0):
        for words in (("adopt-nonce",), ("state", "correct", "--mark"), ("tx", "bump", "--execute")):
            assert shell(*words, *REASON[: 1 if "bump" in words else 3]).code == 4
    with stored(shell) as store:
        assert store.flows.mark() is None


# --- the state -----------------------------------------------------------------------------------


def test_changed_code_is_accepted_by_a_person(shell: Shell) -> None:
    """A pin that differs keeps the venue out until it is accepted, with a reason; its history stays."""
    done = shell("rebalance", "--execute", "--yes", "--json")
    assert done.code == 0, done.err
    with stored(shell) as store, store.transaction():
        address = store.database.rows("SELECT address FROM pins LIMIT 1")[0][0]
        known = store.pins.known(address)
        assert known is not None
        store.pins.accept(address, Hash32("0x" + "11" * 32), known[1], "made to differ")
    assert shell("state", "correct", "--pin", address).code == 5
    done = shell("state", "correct", "--pin", address, *REASON, "--json")
    assert done.code == 0, done.err
    assert (done.data["what"], done.data["changed"]) == ("pin", True)
    with stored(shell) as store:
        assert store.pins.known(address) == known
    assert shell("state", "correct", "--pin", address, "--json").data["changed"] is False
    assert shell("state", "correct", "--pin", "0x" + "00" * 19 + "01", *REASON).code == 2
    assert shell("state", "correct", "--pin", "nobody", *REASON).code == 2
    assert shell("state", "check").code == 0


def test_books_that_do_not_fit_stop_everything_until_they_are_corrected(shell: Shell) -> None:
    """limits.md: emergency at the next start, exit 5; corrected and resumed by a person, it goes on."""
    assert shell("rebalance", "--execute", "--yes").code == 0
    assert shell("run", "--cycles", "2", "--interval", "10m", "--execute", "--yes").code == 0
    with stored(shell) as store, store.transaction():
        mark = store.flows.mark()
        assert mark is not None
        assert mark.idle is not None
        store.flows.record(mark, dataclasses.replace(mark, idle=Units(mark.idle + 9)))
    stopped = shell("rebalance", "--execute", "--yes")
    assert stopped.code == 5
    assert "unexplained_decrease" in stopped.err
    held = shell("rebalance", "--execute", "--yes", "--json")
    assert held.code in (0, 3, 5)
    assert held.data["outcome"] is None
    assert shell("resume", "--reason", "unexplained_decrease: it was I", "--yes-with-name", "N").code == 0
    assert shell("rebalance", "--execute", "--yes").code == 5, "resumed, and still not explained"
    assert shell("state", "correct", "--mark").code == 5
    done = shell("state", "correct", "--mark", *REASON, "--json")
    assert done.code == 0, done.err
    assert shell("resume", "--reason", "unexplained_decrease: it was I", "--yes-with-name", "N").code == 0
    assert shell("rebalance", "--execute", "--yes").code in (0, 3)
    assert shell("state", "verify-log").code == 0


@pytest.mark.parametrize("words", [(), ("--mark", "--pin", "0x" + "00" * 19 + "01")])
def test_one_thing_is_corrected_at_a_time(shell: Shell, words: tuple[str, ...]) -> None:
    """None or both is a mistake of the caller's."""
    assert shell("state", "correct", *words).code == 2
