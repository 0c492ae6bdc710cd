"""Laws of following a transaction to its end: whatever the network does, one act or none, all accounted."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mammon.chain.jsonrpc import Json
from mammon.core.txstate import OPEN
from mammon.errors import OutsideError, PersonNeededError, RefusedError
from mammon.sim.execution import Pooled
from mammon.sim.node import SimNode
from tests.chain_acting.desk import Desk

WHOLE = 10_000 * 10**6


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "world")


def at_send(node: SimNode, number: int, do: Callable[[Callable[[Any], Json], Any], Json]) -> None:
    """Have the node's `number`th send done by `do(real, params)`."""
    real, seen = node.methods["eth_sendRawTransaction"], [0]

    def send(params: Any) -> Json:
        seen[0] += 1
        return do(real, params) if seen[0] == number else real(params)

    node.methods["eth_sendRawTransaction"] = send


def swallow(real: Callable[[Any], Json], params: Any) -> Json:
    """Answer as if it had been taken."""
    from mammon.core.transaction import transaction_hash

    return transaction_hash(bytes.fromhex(params[0][2:]))


def dated_ahead(node: SimNode, ahead_s: int) -> None:
    """Have the node's newest block dated so many seconds ahead."""
    real = node.methods["eth_getBlockByNumber"]

    def block(params: Any) -> Json:
        found = real(params)
        if params[0] != "latest":
            return found
        return {**found, "timestamp": hex(int(found["timestamp"], 16) + ahead_s)}

    node.methods["eth_getBlockByNumber"] = block


def states(desk: Desk) -> list[str]:
    """Return what became of each nonce, in order."""
    rows = desk.store.database.rows("SELECT state FROM slots ORDER BY nonce")
    return [str(row[0]) for row in rows]


def test_a_send_that_is_swallowed_is_told_again(desk: Desk) -> None:
    """A2 20: taken, never gossiped: the same bytes again until a block has them."""
    at_send(desk.nodes[0], 1, swallow)
    outcome = desk.legs.execute(desk.decision("idle", "aave-v3"))
    assert outcome.entered == WHOLE
    assert states(desk) == ["settled", "settled"]
    assert len(desk.journal.attempts(0)) == 1


def test_a_refusal_that_lied_is_no_second_act(desk: Desk) -> None:
    """A1 5: refused in words and taken in fact: the chain is looked at, nothing else is signed."""

    def lie(real: Callable[[Any], Json], params: Any) -> Json:
        from mammon.sim.wire import SERVER_ERROR, RpcError

        real(params)
        raise RpcError(SERVER_ERROR, "insufficient funds for gas * price + value")

    at_send(desk.nodes[0], 1, lie)
    desk.legs.execute(desk.decision("idle", "aave-v3"))
    assert states(desk) == ["settled", "settled"]
    assert [len(desk.journal.attempts(nonce)) for nonce in (0, 1)] == [1, 1]


def test_one_endpoint_from_next_year_moves_no_limit(tmp_path: Path) -> None:
    """Block time only rises in the journal: what one endpoint dates ahead is never remembered (I10)."""
    desk = Desk(tmp_path / "world", endpoints=3)
    desk.legs.execute(desk.decision("idle", "aave-v3"))
    dated_ahead(desk.nodes[0], 365 * 86_400)
    desk.start(desk.nodes)
    desk.recovery.run()
    desk.legs.execute(desk.decision("aave-v3", "steakhouse-usdc"))
    assert desk.journal.seen_at() <= desk.clock.now()
    assert set(states(desk)) == {"settled"}


def test_nothing_is_signed_on_a_head_from_the_future(desk: Desk) -> None:
    """With no other endpoint it is refused by its own code, and the journal keeps its time."""
    before = desk.journal.seen_at()
    decision = desk.decision("idle", "aave-v3")
    dated_ahead(desk.nodes[0], 600)
    with pytest.raises(OutsideError) as caught:
        desk.legs.execute(decision)
    assert caught.value.code == "future_head"
    assert states(desk) == []
    assert desk.journal.seen_at() < desk.clock.now() + 60
    assert desk.journal.seen_at() >= before


def test_what_the_pool_drops_is_told_again(desk: Desk) -> None:
    """A2 21: dropped from the mempool: rebroadcast, as it was."""

    def drop(real: Callable[[Any], Json], params: Any) -> Json:
        found = real(params)
        desk.world.chain.mempool.drop(found)
        return found

    at_send(desk.nodes[0], 2, drop)
    desk.legs.execute(desk.decision("idle", "aave-v3"))
    assert states(desk) == ["settled", "settled"]


@pytest.mark.parametrize("depth", [1, 2, 20])
def test_a_reorganisation_leads_back_and_forward(depth: int, desk: Desk) -> None:
    """A2 22: what a reorganisation took out is sent again, the very same bytes, and mined once."""
    dropped: list[Pooled] = []
    real = desk.journal.mined

    def mined(nonce: int, found: Any) -> None:
        real(nonce, found)
        if not dropped:
            desk.clock.sleep(2 * (depth - 1))
            dropped.extend(desk.world.chain.reorganise(depth))

    desk.journal.mined = mined  # type: ignore[method-assign]
    outcome = desk.legs.execute(desk.decision("idle", "aave-v3"))
    assert len(dropped) == 1
    assert dropped[0].hash in outcome.transactions
    assert states(desk) == ["settled", "settled"]
    assert desk.idle == 0


def test_an_underpriced_transaction_is_bid_higher(desk: Desk) -> None:
    """A2 23: a base fee that ran away is followed, by tenths at least, under the same nonce."""
    start: list[int] = []

    def surge(real: Callable[[Any], Json], params: Any) -> Json:
        found = real(params)
        start.append(desk.world.chain.head)
        desk.world.chain.surge = lambda number: (8, 1)
        return found

    at_send(desk.nodes[0], 1, surge)
    outcome = desk.legs.execute(desk.decision("idle", "aave-v3"))
    bids = desk.journal.attempts(0)
    assert len(bids) > 1
    for before, after in pairwise(bids):
        assert after.max_fee * 100 >= before.max_fee * 110
        assert after.tip * 100 >= before.tip * 110
        assert after.gas == before.gas
    assert outcome.transactions[0] == bids[-1].hash
    assert desk.held("aave-v3") >= WHOLE - 2


def test_what_no_block_takes_is_cancelled(desk: Desk) -> None:
    """Ten minutes unmined: cancelled; trying again is judged anew, and if not, the money is said to stay."""
    real, chain = desk.journal.sign_again, desk.world.chain

    def again(attempt: Any, most: Any) -> None:
        real(attempt, most)
        if attempt.role == "cancel":
            for one in desk.journal.attempts(attempt.nonce):
                chain.mempool.drop(one.hash)
            chain.includes = True

    chain.includes = False
    desk.journal.sign_again = again  # type: ignore[method-assign]
    desk.refuse = "apy_gain"
    with pytest.raises(RefusedError, match="idle in the wallet"):
        desk.legs.execute(desk.decision("idle", "aave-v3"))
    assert states(desk) == ["cancelled"]
    assert desk.idle == WHOLE
    assert desk.journal.open_slot() is None


def test_the_original_may_win_against_its_cancellation(desk: Desk) -> None:
    """A2 26: whichever is mined is what happened: the deposit that came through late is a deposit."""
    real, chain = desk.journal.sign_again, desk.world.chain

    def again(attempt: Any, most: Any) -> None:
        real(attempt, most)
        chain.includes = True
        desk.clock.sleep(4)  # the original is mined before the cancellation is told

    chain.includes = False
    desk.journal.sign_again = again  # type: ignore[method-assign]
    desk.legs.execute(desk.decision("idle", "aave-v3"))
    assert states(desk) == ["settled", "settled"]
    assert desk.held("aave-v3") >= WHOLE - 2


def test_a_stranger_with_our_key_stops_everything(desk: Desk) -> None:
    """A2 25, row 4: the nonce used by what we did not sign is an emergency, never a new nonce."""
    other = Desk(desk.folder.parent / "other")

    def steal(real: Callable[[Any], Json], params: Any) -> Json:
        found = other.decision("idle", "plain-vault", 5)
        other.world, other.clock, other.nodes = desk.world, desk.clock, [SimNode(desk.world)]
        other.start(transports=other.nodes)
        _send_one(other, found)
        return "0x" + "00" * 32

    at_send(desk.nodes[0], 1, steal)
    with pytest.raises(PersonNeededError, match="did not sign"):
        desk.legs.execute(desk.decision("idle", "aave-v3"))
    assert [code for code, _ in desk.emergencies] == ["external"]
    assert states(desk) == ["external"]


def _send_one(desk: Desk, decision: Any) -> None:
    """Send the first call of a plan with the account's key, past any journal."""
    from mammon.chain.calls import planned_calls
    from mammon.core.numbers import Wei
    from mammon.core.transaction import Unsigned
    from mammon.protocols.registry import VENUES
    from mammon.sim.addresses import CHAIN_ID
    from tests.chain_acting.desk import MARKETS

    call = planned_calls(decision.plan, desk.world.wallet, VENUES, MARKETS, 0)[0]
    unsigned = Unsigned(CHAIN_ID, 0, Wei(10**9), Wei(10**11), 200_000, call.target, Wei(0), call.data)
    desk.world.submit(desk.signer.sign(unsigned))


def test_endpoints_that_contradict_each_other_end_in_a_freeze(tmp_path: Path) -> None:
    """A2 36: one denies what the other has mined: nothing is settled, and after five minutes a person."""
    desk = Desk(tmp_path / "world", endpoints=2)
    desk.nodes[1].methods["eth_getTransactionReceipt"] = lambda _: None
    with pytest.raises(PersonNeededError, match="does not have it") as caught:
        desk.legs.execute(desk.decision("idle", "aave-v3"))
    assert caught.value.code == "endpoints_disagree"
    assert desk.journal.open_slot() is not None
    assert desk.stops == ["emergency"]


def test_an_endpoint_that_lags_is_no_contradiction(tmp_path: Path) -> None:
    """A2 19: an endpoint some blocks behind does not know yet; it delays nothing and denies nothing."""
    desk = Desk(tmp_path / "world", endpoints=2)
    desk.nodes[1].head = lambda: desk.world.chain.head - 3  # type: ignore[method-assign]
    outcome = desk.legs.execute(desk.decision("idle", "aave-v3"))
    assert outcome.entered == WHOLE
    assert desk.emergencies == []


def test_what_is_not_settled_in_time_is_left_to_the_next_start(desk: Desk) -> None:
    """I10: a watch ends; the slot stays open and says so, and the next process goes on with it."""
    stalled = desk.world.chain.head - 60
    desk.nodes[0].safe = lambda: stalled  # type: ignore[method-assign]
    with pytest.raises(OutsideError, match="not settled yet") as caught:
        desk.legs.execute(desk.decision("idle", "aave-v3"))
    assert caught.value.exit_code == 4
    slot = desk.journal.open_slot()
    assert slot is not None
    assert slot.state in OPEN


@pytest.mark.parametrize("stop", ["pause", "halt", "emergency", "kill_switch"])
def test_a_stop_leaves_what_is_on_the_wire_to_its_table(stop: str, desk: Desk) -> None:
    """Between commit and broadcast a stop may appear: nothing is sent then, and the next start says why."""
    real = desk.journal.sign_slot

    def sign_slot(*arguments: Any) -> None:
        real(*arguments)
        desk.stops.append(stop)

    desk.journal.sign_slot = sign_slot  # type: ignore[method-assign]
    with pytest.raises(PersonNeededError, match=stop):
        desk.legs.execute(desk.decision("idle", "aave-v3"))
    assert len(desk.world.chain.mempool) == 0
    desk.journal.sign_slot = real  # type: ignore[method-assign]
    if stop in ("pause", "halt"):  # rebroadcasting is allowed: it settles, and nothing new begins
        with pytest.raises(PersonNeededError, match=stop):
            desk.legs.recover()
        assert states(desk) == ["settled"]
    else:
        with pytest.raises(PersonNeededError, match=stop):
            desk.legs.recover()
        assert states(desk) == ["signed"]
    desk.stops.clear()
    desk.legs.recover()
    assert desk.idle + desk.held("aave-v3") >= WHOLE - 2
    assert desk.journal.open_slot() is None


def test_the_first_count_is_taken_where_endpoints_agree(tmp_path: Path) -> None:
    """A start that could not settle what the account has sent signs nothing on one endpoint's word."""
    fresh = Desk(tmp_path / "fresh", begun=False)
    with pytest.raises(OutsideError, match="do not agree") as caught:
        fresh.legs.execute(fresh.decision("idle", "aave-v3"))
    assert caught.value.code == "nonce_unsettled"
    assert fresh.journal.next_nonce() is None
    fresh.legs.recover()
    assert fresh.journal.next_nonce() == 0
