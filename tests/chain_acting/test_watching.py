"""Laws of one watch: how often it looks and tells, and what it makes of what endpoints answer."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from mammon.chain.follow import Follower
from mammon.errors import MammonError, OutsideError, PersonNeededError
from mammon.net.safe_text import safe_text
from mammon.sim.wire import SERVER_ERROR, RpcError
from tests.chain_acting.desk import Desk
from tests.chain_acting.test_bids import bid, errand
from tests.chain_acting.test_follow import states
from tests.chain_acting.watching import naps, sends, stuck_desk, watched, watcher


@pytest.fixture
def stuck(tmp_path: Path) -> Desk:
    return stuck_desk(tmp_path)


# --- how long, and how often -----------------------------------------------------------------------


@pytest.mark.parametrize(("follow_s", "looks"), [(1, 1), (3, 2), (4, 2), (5, 3)])
def test_it_looks_every_two_seconds_until_its_time_is_over(stuck: Desk, follow_s: int, looks: int) -> None:
    """Then it says so, and the slot stays as it is for the next start."""
    slept = naps(stuck)
    error = watched(stuck, follow_s)
    assert isinstance(error, OutsideError)
    assert error.code == "unresolved"
    assert slept == [2.0] * looks
    assert stuck.journal.open_slot() is not None


def test_what_is_in_a_block_is_looked_at_every_ten_seconds_and_the_end_is_not_waited_for(stuck: Desk) -> None:
    """Sixty blocks pass before a block is safe: polling them by twos would be for nothing."""
    stuck.world.chain.includes = True
    slept = naps(stuck)
    assert watched(stuck, 1_800) is None
    assert states(stuck) == ["settled"]
    first_slow = slept.index(10.0)
    assert set(slept[:first_slow]) <= {2.0}
    assert set(slept[first_slow:]) == {10.0}
    assert stuck.journal.seen_at() >= stuck.clock.now() - 2, "nothing is slept after it is settled"


def test_it_is_told_again_every_ten_seconds(stuck: Desk) -> None:
    """Not at every look: endpoints count requests. The first look of a new process tells at once."""
    told = sends(stuck)
    watched(stuck, 25)
    began = told[0][0]
    assert [at - began for at, _ in told] == [0.0, 10.0, 20.0]
    assert len({raw for _, raw in told}) == 1


def test_what_another_process_closed_is_watched_no_more(stuck: Desk) -> None:
    """Once its slot is closed, or another is open, there is nothing to look at: no question is asked."""
    old = errand(stuck)
    later = dataclasses.replace(old, slot=dataclasses.replace(old.slot, nonce=old.slot.nonce + 1))
    stuck.rpc.each = None  # type: ignore[assignment, method-assign]
    Follower(stuck.purse).follow(later)
    stuck.journal.close_slot(old.slot.nonce, "external", None, None)
    Follower(stuck.purse).follow(old)


def test_progress_is_each_new_block_once_and_the_end(stuck: Desk) -> None:
    """A person who waits sees that blocks come, each told once, and at last what became of it."""
    told: list[str] = []
    stuck.world.chain.includes = True
    assert watched(stuck, 1_800, progress=told.append) is None
    blocks = [int(line.split()[1]) for line in told[:-1]]
    assert blocks == sorted(set(blocks))
    assert len(blocks) > 5
    (mined,) = [one.mined for one in stuck.journal.unsealed()]
    assert mined is not None
    assert told[-1] == f"approve aave-v3: block {mined.block}"


def test_the_highest_block_and_time_of_several_count(tmp_path: Path) -> None:
    """One that lags holds back neither the time nor what a person is told."""
    desk = stuck_desk(tmp_path, endpoints=2)
    told: list[str] = []
    desk.clock.sleep(100)
    desk.nodes[0].head = lambda: desk.world.chain.head - 30  # type: ignore[method-assign]
    assert watched(desk, 1, progress=told.append) is not None
    assert told == [f"block {desk.world.chain.head - 1}"]
    assert desk.journal.seen_at() >= desk.clock.now() - 4


def test_a_block_that_is_seen_again_is_no_progress(stuck: Desk) -> None:
    """A chain that stands still is told once, and not as something that moves."""
    stands, told = stuck.world.chain.head, list[str]()
    stuck.nodes[0].head = lambda: stands  # type: ignore[method-assign]
    watched(stuck, 6, progress=told.append)
    assert told == [f"block {stands}"]


# --- what looks odd --------------------------------------------------------------------------------


def used_elsewhere(desk: Desk) -> None:
    """Have every endpoint count one transaction that is not ours, settled."""
    for node in desk.nodes:
        node.methods["eth_getTransactionCount"] = lambda _: hex(1)


def until_external(desk: Desk) -> float:
    """Watch until the nonce is believed to be used by others; return how long that took."""
    began = desk.clock.monotonic()
    error = watched(desk, 1_800)
    assert isinstance(error, PersonNeededError)
    assert error.code == "external"
    assert states(desk) == ["external"]
    return desk.clock.monotonic() - began


def test_a_foreign_use_is_believed_after_a_minute(tmp_path: Path) -> None:
    """By the newest time of all endpoints, from the first look on: one that lags shortens nothing."""
    desk = stuck_desk(tmp_path, endpoints=2)
    desk.clock.sleep(60)
    used_elsewhere(desk)
    desk.nodes[0].head = lambda: desk.world.chain.head - 25  # type: ignore[method-assign]
    assert 60 <= until_external(desk) <= 64


def test_a_look_that_nobody_answers_does_not_begin_the_minute_anew(stuck: Desk) -> None:
    """Silence is no answer: what looked odd before it still does."""
    used_elsewhere(stuck)
    real, began = stuck.nodes[0].exchange, stuck.clock.monotonic()

    def exchange(body: bytes, deadline: Any) -> bytes:
        if 30 <= stuck.clock.monotonic() - began < 34:
            raise OutsideError("unreachable", "nobody there", "try another")
        return real(body, deadline)

    stuck.nodes[0].exchange = exchange  # type: ignore[method-assign]
    assert 60 <= until_external(stuck) < 85


def test_a_look_that_is_not_odd_begins_it_anew(stuck: Desk) -> None:
    """Counted at the head and not at the safe block: that may still be ours, so the minute starts again."""
    began = stuck.clock.monotonic()

    def count(params: Any) -> str:
        settled = params[1] != "safe" or not 30 <= stuck.clock.monotonic() - began < 34
        return hex(int(settled))

    stuck.nodes[0].methods["eth_getTransactionCount"] = count
    assert until_external(stuck) >= 90


# --- what endpoints answer -------------------------------------------------------------------------


def test_what_endpoints_answer_is_noted_by_name(tmp_path: Path) -> None:
    """Taken; refused, with the beginning of its words; silent, by its code. None of it is believed."""
    desk = stuck_desk(tmp_path, endpoints=3)

    def refuses(params: Any) -> Any:
        raise RpcError(SERVER_ERROR, "x" * 300)

    def silent(body: bytes, deadline: Any) -> bytes:
        raise OutsideError("unreachable", "nobody there", "try another")

    desk.nodes[1].methods["eth_sendRawTransaction"] = refuses
    desk.nodes[2].exchange = silent  # type: ignore[method-assign]
    (newest,) = desk.journal.attempts(0)
    desk.world.chain.mempool.drop(newest.hash)
    before = len(desk.journal.tellings(newest.hash))
    Follower(desk.purse).tell(newest)
    found = {one.endpoint: one.answer for one in desk.journal.tellings(newest.hash)[before:]}
    assert found == {
        "node0": "taken",
        "node1": f"refused: {safe_text('x' * 300)}",
        "node2": "unreachable",
    }
    assert {one.at for one in desk.journal.tellings(newest.hash)[before:]} == {desk.journal.seen_at()}


# --- who may tell again ----------------------------------------------------------------------------

TOLD, WATCHED, RAISES = "told", "watched", "raises"


@pytest.mark.parametrize(
    ("stops", "exiting", "kind", "role", "what"),
    [
        ((), False, "move", "act", TOLD),
        (("halt",), False, "move", "act", TOLD),
        (("emergency",), False, "move", "act", RAISES),
        (("emergency",), False, "move", "cancel", TOLD),
        (("emergency",), False, "exit", "act", RAISES),
        (("kill_switch",), False, "move", "cancel", RAISES),
        (("emergency",), True, "exit", "act", TOLD),
        (("emergency",), True, "move", "act", WATCHED),
        (("emergency",), True, "exit", "cancel", TOLD),
        (("kill_switch",), True, "exit", "cancel", RAISES),
        (("kill_switch",), True, "exit", "act", RAISES),
        (("kill_switch",), True, "move", "act", RAISES),
        ((), True, "exit", "act", TOLD),
        ((), True, "move", "act", TOLD),
        ((), True, "move", "cancel", TOLD),
    ],
)
def test_who_may_tell_again(
    stuck: Desk, stops: tuple[str, ...], exiting: bool, kind: Any, role: Any, what: str
) -> None:
    """limits.md, the column of rebroadcasts; a commanded way home is told wherever it may be signed."""
    if role == "cancel":
        bid(stuck, "cancel")
    found = errand(stuck)
    found = dataclasses.replace(found, intent=dataclasses.replace(found.intent, kind=kind))
    stuck.stops.extend(stops)
    told = sends(stuck)
    with pytest.raises(MammonError) as caught:
        watcher(stuck, 1, exiting=exiting).follow(found)
    assert (RAISES if isinstance(caught.value, PersonNeededError) else TOLD if told else WATCHED) == what
    if what == TOLD:
        newest = stuck.journal.attempts(0)[-1]
        assert [raw for _, raw in told] == ["0x" + newest.raw.hex()]
