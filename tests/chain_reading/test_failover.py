"""Endpoints fail, stay silent or ask for a pause: another one answers, inside one deadline."""

from __future__ import annotations

from typing import Any

import pytest

from mammon.chain.rpc import OPEN_S, PATIENCE_S, REQUEST_S
from mammon.errors import DeadlinePassedError, MalformedError, OutsideError, TransientError
from tests.chain_reading.endpoints import HEIGHT_CALL, Bad, ask, make, refused
from tests.chain_reading.node import HEIGHT, Chain, Clock, Node


@pytest.mark.parametrize("dead", [1, 2, 3])
def test_dead_endpoints_cost_nothing_once_known(dead: int) -> None:
    """Fail-over happens inside the request; the next request goes straight to what works."""
    clock = Clock()
    bad = [Bad(clock, refused(), name=f"bad{index}") for index in range(dead)]
    nodes = [Node(Chain(), f"node{index}") for index in range(4 - dead)]
    rpc = make(*bad, *nodes, clock=clock)
    for _ in range(10):
        assert ask(rpc, clock) == [hex(HEIGHT)]
    assert [one.asked for one in bad] == [1] * dead
    assert clock.pauses == []
    assert rpc.requests == 10 + dead


def test_what_one_process_learnt_of_endpoints_serves_the_next() -> None:
    """An endpoint that rested is asked last, for the rest of its time; then its turn comes back."""
    clock = Clock()
    first, second = Bad(clock, refused(), name="first"), Node(Chain(), "second")
    earlier = make(first, second, clock=clock)
    assert earlier.resting() == {}
    assert ask(earlier, clock) == [hex(HEIGHT)]
    assert earlier.resting() == pytest.approx({"first": OPEN_S})
    later = make(first, second, clock=clock, resting={"first": 40.0, "gone": 40.0})
    assert ask(later, clock) == [hex(HEIGHT)]
    assert first.asked == 1
    assert later.resting() == pytest.approx({"first": 40.0})
    clock.time += 41
    assert later.resting() == {}
    assert ask(later, clock) == [hex(HEIGHT)]
    assert first.asked == 2


def test_a_resting_endpoint_is_asked_when_the_others_fail() -> None:
    """What was remembered changes the order and nothing else; an answer ends the rest."""
    clock = Clock()
    first, second = Node(Chain(), "first"), Bad(clock, refused(), name="second")
    rpc = make(first, second, clock=clock, resting={"first": 40.0})
    assert ask(rpc, clock) == [hex(HEIGHT)]
    assert second.asked == 1
    assert rpc.resting() == pytest.approx({"second": OPEN_S})


def test_a_pause_asked_for_counts_as_rest() -> None:
    """`Retry-After` may be longer than our own rest: the next process keeps to it too."""
    clock = Clock()
    busy = Bad(clock, TransientError("rate_limited", "429", retry_after_s=OPEN_S + 30))
    rpc = make(busy, Node(Chain()), clock=clock)
    assert ask(rpc, clock) == [hex(HEIGHT)]
    assert rpc.resting() == pytest.approx({"bad": OPEN_S + 30})


def test_a_silent_endpoint_gets_its_share_only() -> None:
    """An endpoint that never answers is left after its share, and the others still have theirs (A2 13)."""
    clock = Clock()
    silent = [Bad(clock, None, name=f"silent{index}") for index in range(3)]
    rpc = make(*silent, Node(Chain()), clock=clock)
    assert ask(rpc, clock, seconds=4) == [hex(HEIGHT)]
    assert [wait for one in silent for wait in one.waited] == pytest.approx([1.0, 1.0, 1.0])
    assert ask(rpc, clock, seconds=4) == [hex(HEIGHT)]
    assert [one.asked for one in silent] == [1, 1, 1]


def test_patience_is_bounded_while_others_wait_and_longer_for_the_last() -> None:
    """However long the deadline, one endpoint may hold it up for 1.5 s, the last one for 5 s."""
    clock = Clock()
    first, last = Bad(clock, None), Bad(clock, None)
    rpc = make(first, last, clock=clock, attempts=1)
    with pytest.raises(TransientError):
        ask(rpc, clock, seconds=60)
    assert (first.waited, last.waited) == ([PATIENCE_S], [REQUEST_S])


def test_the_deadline_holds_over_all_endpoints_and_attempts() -> None:
    """Silence everywhere ends with the deadline, with every endpoint named (field notes, row 9)."""
    clock = Clock()
    rpc = make(Bad(clock, None, name="a"), Bad(clock, None, name="b"), clock=clock)
    with pytest.raises(DeadlinePassedError, match=r"a, b: no answer"):
        ask(rpc, clock, seconds=2)
    assert clock.time == pytest.approx(2)


def test_an_endpoint_that_overruns_ends_the_pass() -> None:
    """When one endpoint used up the whole deadline the others are not asked, and it is named."""
    clock = Clock()
    node = Node(Chain())

    def overrun(_: Any) -> bytes:
        clock.time += 60
        raise refused()

    rpc = make(Node(Chain(), "slow", fault=overrun), node, clock=clock)
    with pytest.raises(DeadlinePassedError, match="slow: refused"):
        ask(rpc, clock, seconds=5)
    assert node.asked == []


def test_no_time_left_asks_nobody() -> None:
    """With the deadline passed nothing is sent."""
    clock = Clock()
    node = Node(Chain())
    with pytest.raises(DeadlinePassedError):
        ask(make(node, clock=clock), clock, seconds=0)
    assert node.asked == []


def test_all_endpoints_failing_are_tried_three_times() -> None:
    """Only when all failed does a pause begin; after three passes the failures are told together."""
    clock = Clock()
    bad = [Bad(clock, refused(), name=name) for name in ("a", "b")]
    with pytest.raises(TransientError, match=r"a, b: refused\Z") as caught:
        ask(make(*bad, clock=clock), clock)
    assert caught.value.code == "connect"
    assert [one.asked for one in bad] == [3, 3]
    assert clock.pauses == pytest.approx([0.05, 0.1])


def test_what_several_endpoints_failed_of_is_said_once() -> None:
    """The reason stands behind the names of all it holds for; another reason stands for itself."""
    clock = Clock()
    dead = TransientError("dns", "the name was not resolved: no such name", "check the network")
    bad = [Bad(clock, dead, name="a"), Bad(clock, refused(), name="b"), Bad(clock, dead, name="c")]
    with pytest.raises(TransientError) as caught:
        ask(make(*bad, clock=clock), clock)
    assert caught.value.message == "a, c: the name was not resolved: no such name; b: refused"
    assert caught.value.hint == "check the network"


def test_a_refusal_by_all_is_not_retried() -> None:
    """What will not pass is not asked again."""
    clock = Clock()
    bad = [Bad(clock, OutsideError("http_401", "key refused", "check the key")) for _ in range(2)]
    with pytest.raises(OutsideError) as caught:
        ask(make(*bad, clock=clock), clock)
    assert (caught.value.code, caught.value.hint) == ("http_401", "check the key")
    assert [one.asked for one in bad] == [1, 1]


def test_three_failures_open_a_circuit_that_closes_by_itself() -> None:
    """Open: not asked while anything else is left to ask. After a minute one request probes it."""
    clock = Clock()
    shaky, node = Bad(clock, refused(), name="shaky"), Node(Chain())
    other = Bad(clock, refused(), name="other")
    rpc = make(shaky, other, clock=clock)
    with pytest.raises(TransientError):
        ask(rpc, clock)
    assert (shaky.asked, other.asked) == (3, 3)
    rpc = make(shaky, node, clock=clock)
    shaky.asked = 0
    for expected in (1, 2, 3, 4):
        ask(rpc, clock)
        ask(rpc, clock)
        assert shaky.asked == expected
        clock.time += 30 * OPEN_S
    shaky_endpoint = rpc.endpoints[0]
    assert shaky_endpoint.failures == 4


def test_an_open_circuit_is_not_asked_even_when_the_others_fail() -> None:
    """Three failures in a row, and a failing neighbour does not bring the circuit back early."""
    clock = Clock()
    shaky = Bad(clock, refused(), name="shaky")
    flaky = Node(Chain(), "flaky")
    rpc = make(shaky, flaky, clock=clock, attempts=1)
    flaky.fault = lambda calls: b"<html>"
    for _ in range(3):
        with pytest.raises(TransientError):
            ask(rpc, clock)
    assert (shaky.asked, len(flaky.asked)) == (3, 3)
    rpc.endpoints[1].worked()
    with pytest.raises(MalformedError):
        ask(rpc, clock)
    assert shaky.asked == 3


def test_when_every_circuit_is_open_all_are_asked() -> None:
    """Nothing is gained by refusing to look when nothing else is left."""
    clock, node = Clock(), Node(Chain())
    rpc = make(node, clock=clock)
    for _ in range(5):
        rpc.endpoints[0].failed(clock.monotonic(), refused())
    assert ask(rpc, clock) == [hex(HEIGHT)]
    assert rpc.endpoints[0].failures == 0


def limited(retry_after_s: float) -> TransientError:
    return TransientError("rate_limited", "429", retry_after_s=retry_after_s)


def test_an_endpoint_at_its_limit_is_passed_over_and_left_in_peace() -> None:
    """A 429 moves on to the next endpoint, and the first is not asked again before its time (row 12, F5)."""
    clock = Clock()
    busy, node = Bad(clock, limited(60)), Node(Chain())
    rpc = make(busy, node, clock=clock)
    for _ in range(5):
        assert ask(rpc, clock) == [hex(HEIGHT)]
    assert (busy.asked, clock.pauses) == (1, [])


def test_a_pause_within_the_budget_is_waited_for() -> None:
    """With a single endpoint a short `Retry-After` is slept through, once."""
    clock = Clock()
    node = Node(Chain())
    first = [limited(2.0)]

    def fault(_: Any) -> bytes | None:
        if first:
            raise first.pop()
        return None

    node.fault = fault
    assert ask(make(node, clock=clock), clock) == [hex(HEIGHT)]
    assert clock.pauses == [2.0]


def test_a_pause_beyond_the_budget_ends_the_request_and_bars_the_next() -> None:
    """A long `Retry-After` is an error at once, and until it has passed nothing is sent at all."""
    clock = Clock()
    busy = Bad(clock, limited(60))
    rpc = make(busy, clock=clock)
    for _ in range(3):
        with pytest.raises(TransientError) as caught:
            ask(rpc, clock)
        assert caught.value.code == "rate_limited"
    assert (busy.asked, clock.pauses) == (1, [])
    clock.time += 61
    with pytest.raises(TransientError):
        ask(rpc, clock)
    assert busy.asked == 2


def test_our_own_rate_limit_waits_inside_the_deadline() -> None:
    """A token bucket per endpoint spaces requests out; a wait that does not fit is an error."""
    clock, node = Clock(), Node(Chain())
    rpc = make(node, clock=clock, calls_per_s=10.0)
    for _ in range(30):
        ask(rpc, clock)
    assert sum(clock.pauses) == pytest.approx(1.1)  # 31 calls with the chain id, 20 of them in the burst
    with pytest.raises(TransientError) as caught:
        ask(rpc, clock, seconds=0.5, calls=[HEIGHT_CALL] * 50)
    assert caught.value.code == "own_rate_limit"
    assert rpc.endpoints[0].failures == 0
