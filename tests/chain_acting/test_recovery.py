"""Laws of the start of every acting command: what is taken as ours, what is sealed, what stops everything."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mammon.chain.follow import Errand
from mammon.errors import MammonError, OutsideError, PersonNeededError
from mammon.sim.node import SimNode
from mammon.sim.wire import SERVER_ERROR, RpcError
from tests.chain_acting.desk import Desk

USD = 10**6


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "world")


def counting(node: SimNode, count: Callable[[str], int]) -> None:
    """Have a node count the account's transactions as told, by the block that is asked about."""
    node.methods["eth_getTransactionCount"] = lambda params: hex(count(params[1]))


def failing(desk: Desk) -> MammonError:
    """Return how a start fails."""
    with pytest.raises(MammonError) as caught:
        desk.recovery.run()
    return caught.value


def sealed(desk: Desk) -> list[int]:
    """Return the nonces that the log calls final."""
    rows = (json.loads(row.data) for row in desk.store.audit.rows(limit=1000))
    return [row["nonce"] for row in rows if row["event"] == "seal"]


# --- whose transactions these are -----------------------------------------------------------------


def test_the_first_count_is_taken_once_it_is_settled_everywhere(tmp_path: Path) -> None:
    """It is adopted with its reason; from then on every transaction is ours or somebody else's."""
    desk = Desk(tmp_path / "world", begun=False)
    counting(desk.nodes[0], lambda _: 3)
    found = desk.recovery.run()
    assert (found.followed, found.open) == (False, ())
    assert desk.journal.next_nonce() == 3
    (row,) = (json.loads(row.data) for row in desk.store.audit.rows() if b"adopt" in row.data)
    assert (row["nonce"], row["why"]) == (3, "first sight")


@pytest.mark.parametrize("where", ["latest", "safe"])
def test_a_first_count_that_is_not_settled_is_not_taken(where: str, tmp_path: Path) -> None:
    """Something is on the wire that nobody here knows: wait for it, and sign nothing."""
    desk = Desk(tmp_path / "world", begun=False)
    counting(desk.nodes[0], lambda block: 3 if block == where else 2)
    desk.recovery.run()
    assert desk.journal.next_nonce() is None


def test_a_settled_transaction_more_than_ours_stops_everything(desk: Desk) -> None:
    """I7: our key signed what the journal does not know: an emergency, with both counts in its sentence."""
    assert desk.journal.next_nonce() == 0
    counting(desk.nodes[0], lambda _: 1)
    error = failing(desk)
    assert isinstance(error, PersonNeededError)
    assert error.code == "foreign_nonce"
    assert "has sent 1 transactions, the journal knows 0" in error.message
    assert [code for code, _ in desk.emergencies] == ["foreign_nonce"]


def test_one_that_is_not_settled_is_waited_for(desk: Desk) -> None:
    """Counted at the head and not at the safe block: no emergency yet, and no signature either."""
    counting(desk.nodes[0], lambda block: 1 if block == "latest" else 0)
    error = failing(desk)
    assert isinstance(error, OutsideError)
    assert (error.code, error.hint) == ("nonce_unsettled", "wait, try again")
    assert "1 transactions are counted, 0 known" in error.message
    assert desk.emergencies == []


def test_one_endpoint_of_two_makes_no_emergency(tmp_path: Path) -> None:
    """The other one does not know of it: it may lie, or the other lags; nothing is signed meanwhile."""
    desk = Desk(tmp_path / "world", endpoints=2)
    counting(desk.nodes[0], lambda _: 1)
    assert failing(desk).code == "nonce_unsettled"
    assert desk.emergencies == []
    counting(desk.nodes[1], lambda _: 1)
    assert failing(desk).code == "foreign_nonce"


def test_one_that_answers_of_two_makes_no_emergency(tmp_path: Path) -> None:
    """A single voice of several is not enough to stop everything, nor to take a first count from."""
    desk = Desk(tmp_path / "world", endpoints=2, begun=False)
    desk.nodes[1].methods.clear()
    counting(desk.nodes[0], lambda _: 1)
    desk.recovery.run()
    assert desk.journal.next_nonce() is None
    desk.journal.adopt(0, "of the test")
    assert failing(desk).code == "nonce_unsettled"
    assert desk.emergencies == []


def test_with_no_endpoint_nothing_is_taken_for_granted(desk: Desk) -> None:
    """Silence is an error of the outside world, with what to do."""
    desk.nodes[0].methods.clear()
    error = failing(desk)
    assert isinstance(error, OutsideError)
    assert (error.code, error.hint) == ("unread", "try again")


def test_the_newest_block_time_is_kept(desk: Desk) -> None:
    """I10: durations go by the highest block time seen, and a look at the account sees one."""
    before = desk.journal.seen_at()
    desk.clock.sleep(60)
    desk.recovery.run()
    assert desk.journal.seen_at() >= before + 58


# --- what was settled ------------------------------------------------------------------------------


@pytest.fixture
def moved(desk: Desk) -> Desk:
    """Return a desk that has put money into a venue."""
    desk.legs.execute(desk.decision("idle", "aave-v3", 500 * USD))
    return desk


def block_of(desk: Desk) -> int:
    """Return the block of what is not final yet."""
    (first, *_) = desk.journal.unsealed()
    assert first.mined is not None
    return first.mined.block


def as_final(node: SimNode, number: int | None) -> None:
    """Have a node call a block final, or know of none."""
    real = node.methods["eth_getBlockByNumber"]

    def block(params: Any) -> Any:
        if params[0] != "finalized":
            return real(params)
        return None if number is None else real([hex(number), False])

    node.methods["eth_getBlockByNumber"] = block


@pytest.mark.parametrize(("above", "count"), [(-1, 0), (0, 1), (10_000, 2), (None, 0)])
def test_only_what_is_final_is_sealed(moved: Desk, above: int | None, count: int) -> None:
    """At its own block and beyond, not one before; where nobody tells, it is looked at again next time."""
    before, first = sealed(moved), block_of(moved)
    assert before == []
    number = None if above is None else min(first + above, moved.world.chain.head)
    as_final(moved.nodes[0], number)
    moved.recovery.run()
    assert len(sealed(moved)) == count
    moved.recovery.run()
    assert len(sealed(moved)) == count


def test_a_settled_block_that_is_another_stops_everything(moved: Desk) -> None:
    """A2 22 beyond every depth: what was settled is undone; a person is called, and nothing is signed."""
    number, real = block_of(moved), moved.nodes[0].methods["eth_getBlockByNumber"]

    def other(params: Any) -> Any:
        found = real(params)
        return {**found, "hash": "0x" + "77" * 32} if params[0] == hex(number) else found

    moved.nodes[0].methods["eth_getBlockByNumber"] = other
    error = failing(moved)
    assert isinstance(error, PersonNeededError)
    assert error.code == "settled_undone"
    assert f"block {number}" in error.message
    assert [code for code, _ in moved.emergencies] == ["settled_undone"]
    assert sealed(moved) == []


def test_a_block_that_no_endpoint_has_is_asked_for_again(moved: Desk) -> None:
    """An endpoint that lags is no proof that anything was undone."""
    number, real = block_of(moved), moved.nodes[0].methods["eth_getBlockByNumber"]
    moved.nodes[0].methods["eth_getBlockByNumber"] = lambda params: (
        None if params[0] == hex(number) else real(params)
    )
    error = failing(moved)
    assert isinstance(error, OutsideError)
    assert (error.code, error.hint) == ("behind", "try again")
    assert f"block {number}" in error.message
    assert moved.emergencies == []


# --- what is on the wire ---------------------------------------------------------------------------


@pytest.fixture
def stuck(desk: Desk) -> Desk:
    """Return a desk whose process died with its first transaction in the pool, in no block yet."""

    def dies(errand: Errand) -> None:
        raise OutsideError("unresolved", "the process ends here")

    desk.world.chain.includes = False
    desk.sender.follower.follow = dies  # type: ignore[method-assign]
    with pytest.raises(OutsideError):
        desk.legs.execute(desk.decision("idle", "aave-v3", 500 * USD))
    desk.restart()
    return desk


def test_what_is_on_the_wire_is_followed_to_its_end_first(stuck: Desk) -> None:
    """D11: closed before anything else begins, and said; its intent is open still, with legs to do."""
    (intent,) = stuck.journal.open_intents()
    stuck.journal.begin("move", "another", "decision", intent.plan, 1, 2)
    stuck.world.chain.includes = True
    found = stuck.recovery.run()
    assert found.followed
    assert [one.id for one in found.open] == [intent.id, intent.id + 1]
    assert stuck.journal.open_slot() is None
    first, *others = stuck.journal.legs(intent.id)
    assert (first.state, {leg.state for leg in others}) == ("done", {"waiting"})
    assert {leg.state for leg in stuck.journal.legs(intent.id + 1)} == {"waiting"}
    assert not stuck.recovery.run().followed


def test_it_is_followed_for_the_intent_that_it_is_of(stuck: Desk) -> None:
    """Whatever other intents are open, the errand has the legs of its own."""
    own = stuck.journal.open_slot()
    assert own is not None
    (intent,) = stuck.journal.open_intents()
    stuck.journal.begin("exit", "another", "decision", intent.plan, 1, 2)
    seen: list[Errand] = []
    stuck.follower.follow = seen.append  # type: ignore[method-assign]
    stuck.recovery.run()
    assert seen == [Errand(own, intent, stuck.journal.legs(intent.id))]


# --- several endpoints -----------------------------------------------------------------------------


@pytest.fixture
def three(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "three", endpoints=3)


def test_two_of_three_are_enough(three: Desk) -> None:
    """One that is silent keeps nobody from seeing that the key was used elsewhere."""
    three.nodes[2].methods.clear()
    for node in three.nodes[:2]:
        counting(node, lambda _: 1)
    assert failing(three).code == "foreign_nonce"
    assert [code for code, _ in three.emergencies] == ["foreign_nonce"]


def test_one_of_three_is_not(three: Desk) -> None:
    """However many there are, a single voice stops nothing; it is waited for."""
    for node in three.nodes[1:]:
        node.methods.clear()
    counting(three.nodes[0], lambda _: 1)
    assert failing(three).code == "nonce_unsettled"
    assert three.emergencies == []


def test_a_safe_count_that_is_not_told_is_no_settled_one(desk: Desk) -> None:
    """Silence about the safe block is no proof that somebody else signs."""

    def count(params: Any) -> str:
        if params[1] == "safe":
            raise RpcError(SERVER_ERROR, "no safe block yet")
        return hex(1)

    desk.nodes[0].methods["eth_getTransactionCount"] = count
    assert failing(desk).code == "nonce_unsettled"
    assert desk.emergencies == []


@pytest.mark.parametrize("latest", [2, 4])
def test_a_first_count_that_one_denies_is_not_taken(latest: int, tmp_path: Path) -> None:
    """Endpoints that do not tell the same count do not tell what is ours; the next start asks again."""
    desk = Desk(tmp_path / "world", endpoints=2, begun=False)
    counting(desk.nodes[0], lambda _: 3)
    counting(desk.nodes[1], lambda _: latest)
    desk.recovery.run()
    assert desk.journal.next_nonce() is None
    counting(desk.nodes[1], lambda _: 3)
    desk.recovery.run()
    assert desk.journal.next_nonce() == 3


def test_the_newest_of_several_block_times_is_kept(tmp_path: Path) -> None:
    """An endpoint that lags takes nothing back of what another has seen."""
    desk = Desk(tmp_path / "world", endpoints=2)
    desk.clock.sleep(600)
    desk.nodes[0].head = lambda: desk.world.chain.head - 100  # type: ignore[method-assign]
    desk.recovery.run()
    assert desk.journal.seen_at() >= desk.clock.now() - 2


def test_only_headers_are_asked_for(moved: Desk) -> None:
    """A block with all its transactions is a thousand times the answer, at every start."""
    asked: list[Any] = []
    real = moved.nodes[0].methods["eth_getBlockByNumber"]

    def block(params: Any) -> Any:
        asked.append(tuple(params))
        return real(params)

    moved.nodes[0].methods["eth_getBlockByNumber"] = block
    number = block_of(moved)
    moved.recovery.run()
    assert {(hex(number), False), ("finalized", False)} <= set(asked)
    assert not any(full for _, full in asked)
