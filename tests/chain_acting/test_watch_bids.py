"""Laws of bids: on what they stand, what keeps them from being signed or sent, and what is done then."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mammon.chain.follow import Follower
from mammon.core.numbers import Wei
from mammon.core.watch import Sign
from mammon.errors import OutsideError, PersonNeededError, RefusedError
from mammon.sim.wire import SERVER_ERROR, RpcError
from tests.chain_acting.desk import Desk
from tests.chain_acting.test_bids import bid
from tests.chain_acting.test_follow import states
from tests.chain_acting.watching import homeward, old, sends, stuck_desk, watched, watcher


@pytest.fixture
def stuck(tmp_path: Path) -> Desk:
    return stuck_desk(tmp_path)


def _forbids(desk: Desk) -> dict[str, Any]:
    return {"forbidden": lambda: "phase"}


def _reads_nothing(desk: Desk) -> dict[str, Any]:
    def fails(params: Any) -> Any:
        raise RpcError(SERVER_ERROR, "try later")

    for name in ("eth_simulateV1", "eth_feeHistory", "eth_call"):
        desk.nodes[0].methods[name] = fails
    return {}


@pytest.mark.parametrize("hinder", [_forbids, _reads_nothing], ids=["refused", "unread"])
def test_a_bid_that_cannot_be_signed_leaves_what_there_is(
    stuck: Desk, hinder: Callable[[Desk], dict[str, Any]]
) -> None:
    """The newest bytes are told again instead: whoever cannot bid does not fall silent."""
    bid(stuck, "act")
    old(stuck)
    changes, told = hinder(stuck), sends(stuck)
    error = watched(stuck, 1, **changes)
    assert isinstance(error, OutsideError)
    assert error.code == "unresolved"
    attempts = stuck.journal.attempts(0)
    assert len(attempts) == 2
    assert [raw for _, raw in told] == ["0x" + attempts[-1].raw.hex()]


def test_a_bid_that_a_stop_forbids_is_a_persons(stuck: Desk) -> None:
    """It says which stop; on a commanded way home what is on the wire is watched on."""
    old(stuck)
    stuck.stops.append("emergency")
    told = sends(stuck)
    error = watched(stuck, 1)
    assert isinstance(error, PersonNeededError)
    assert error.code == "emergency"
    error = watched(stuck, 1, exiting=True)
    assert isinstance(error, OutsideError)
    assert (len(stuck.journal.attempts(0)), told) == (1, [])


def test_a_bid_of_the_watch_is_told(stuck: Desk) -> None:
    """Durable first, and its very bytes are what is broadcast."""
    old(stuck)
    told = sends(stuck)
    watched(stuck, 1)
    _, second = stuck.journal.attempts(0)
    assert [raw for _, raw in told] == ["0x" + second.raw.hex()]


def test_a_way_home_is_bid_higher_by_command_alone_under_a_halt(tmp_path: Path) -> None:
    """limits.md: `by_command` is a person's word, which a watch by itself does not have."""
    leaving = stuck_desk(tmp_path, source="aave-v3", target="aave-fork")
    nonce = homeward(leaving).slot.nonce
    old(leaving)
    leaving.stops.append("halt")
    with pytest.raises(PersonNeededError, match="halt"):
        watcher(leaving, 1).follow(homeward(leaving))
    assert len(leaving.journal.attempts(nonce)) == 1
    (newest,) = leaving.journal.attempts(nonce)
    higher = Sign("act", Wei(newest.max_fee * 2), Wei(newest.tip * 2))
    Follower(leaving.purse).bid(homeward(leaving), higher)
    assert len(leaving.journal.attempts(nonce)) == 2


def test_a_commanded_way_home_is_told_and_not_bid_higher_in_an_emergency(stuck: Desk) -> None:
    """The table has "no" for a bump, whatever it is of; its bytes may be told wherever they may be signed."""
    old(stuck)
    stuck.stops.append("emergency")
    told = sends(stuck)
    with pytest.raises(OutsideError):
        watcher(stuck, 1, exiting=True).follow(homeward(stuck))
    (only,) = stuck.journal.attempts(0)
    assert [raw for _, raw in told] == ["0x" + only.raw.hex()]


@pytest.mark.parametrize("role", ["act", "cancel"])
def test_what_a_stop_forbids_is_refused_before_anything_is_read(stuck: Desk, role: Any) -> None:
    """A person at the switch hears of the switch, also when no endpoint answers."""
    stuck.stops.append("kill_switch")
    stuck.nodes[0].methods.clear()
    with pytest.raises(PersonNeededError, match="kill_switch"):
        bid(stuck, role)


def test_the_watch_reads_nothing_for_a_bid_that_a_stop_forbids(stuck: Desk) -> None:
    """Nor is it told as an endpoint's failure: which stop it is comes first."""
    old(stuck)
    stuck.stops.append("emergency")
    _reads_nothing(stuck)
    told = sends(stuck)
    error = watched(stuck, 1)
    assert isinstance(error, PersonNeededError)
    assert (error.code, told) == ("emergency", [])
    assert "no bump" in error.message


@pytest.mark.parametrize(("role", "told"), [("act", False), ("cancel", True)])
def test_an_emergency_between_signing_and_sending(stuck: Desk, role: Any, told: bool) -> None:
    """A cancellation is still sent, a higher bid of the act is not; both are in the journal."""
    real = stuck.journal.sign_again

    def again(attempt: Any, most: Any) -> None:
        real(attempt, most)
        stuck.stops.append("emergency")

    stuck.journal.sign_again = again  # type: ignore[method-assign]
    if told:
        bid(stuck, role)
    else:
        with pytest.raises(PersonNeededError, match="emergency"):
            bid(stuck, role)
    _, second = stuck.journal.attempts(0)
    assert bool(stuck.journal.tellings(second.hash)) == told


def test_a_cancellation_is_outbid_by_none_but_a_cancellation(stuck: Desk) -> None:
    """A bid stands on the newest attempt: after a cancellation there is no act to repeat."""
    bid(stuck, "cancel")
    with pytest.raises(RefusedError):
        bid(stuck, "act")
    assert [one.role for one in stuck.journal.attempts(0)] == ["act", "cancel"]
    bid(stuck, "cancel")
    assert [one.role for one in stuck.journal.attempts(0)] == ["act", "cancel", "cancel"]


def test_a_third_bid_is_higher_than_the_second(stuck: Desk) -> None:
    """Each stands on the newest, whoever asked for it: nodes refuse less than a tenth more."""
    for _ in range(2):
        bid(stuck, "act")
    fees = [one.max_fee for one in stuck.journal.attempts(0)]
    assert all(after * 100 >= before * 110 for before, after in pairwise(fees))


def test_everything_is_withdrawn_by_a_higher_bid_too(tmp_path: Path) -> None:
    """The second attempt names the same shares, and the gate holds it against them."""
    desk = stuck_desk(tmp_path, source="plain-vault")
    (first,) = desk.journal.attempts(2)
    bid(desk, "act")
    _, second = desk.journal.attempts(2)
    assert second.max_fee > first.max_fee
    desk.world.chain.includes = True
    assert watched(desk, 1_800) is None
    assert (states(desk)[2], desk.held("plain-vault")) == ("settled", 0)
