"""What a person does about what is on the wire: bid higher, cancel; by the gate, by the table of stops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mammon.chain.follow import Errand, Follower
from mammon.core.bids import bid_for
from mammon.core.numbers import Wei
from mammon.core.stops import Act
from mammon.core.txstate import OPEN, Role
from mammon.errors import OutsideError, PersonNeededError
from tests.chain_acting.desk import Desk
from tests.chain_acting.test_follow import WHOLE, states


@pytest.fixture
def stuck(tmp_path: Path) -> Desk:
    """A desk whose first transaction lies in the pool, and no block takes it."""
    desk = Desk(tmp_path / "world")
    desk.world.chain.includes = False

    def leaves(errand: Errand) -> None:
        raise OutsideError("unresolved", "the process ends here")

    desk.sender.follower.follow = leaves  # type: ignore[method-assign]
    with pytest.raises(OutsideError):
        desk.legs.execute(desk.decision("idle", "aave-v3"))
    desk.restart()
    return desk


def errand(desk: Desk) -> Errand:
    slot = desk.journal.open_slot()
    assert slot is not None
    intent = desk.journal.intent(slot.intent)
    assert intent is not None
    return Errand(slot, intent, desk.journal.legs(intent.id))


def bid(desk: Desk, role: Role) -> Follower:
    """Bid as a person would, and return who follows it."""
    found = errand(desk)
    newest = desk.journal.attempts(found.slot.nonce)[-1]
    follower = Follower(desk.purse)
    wanted = bid_for(
        newest, role, Wei(desk.world.chain.base_fee(desk.world.chain.head)), found.slot.fee_ceiling, None
    )
    follower.bid(found, wanted)
    return follower


def test_row_1_a_stuck_transaction_is_bid_higher_and_mined(stuck: Desk) -> None:
    """Row 1: the same act under the same nonce, a tenth more at least, durable before it is sent."""
    follower = bid(stuck, "act")
    first, second = stuck.journal.attempts(0)
    assert second.max_fee * 100 >= first.max_fee * 110
    assert second.raw != first.raw
    stuck.world.chain.includes = True
    follower.follow(errand(stuck))
    assert states(stuck) == ["settled"]
    stuck.legs.recover()
    assert stuck.held("aave-v3") + stuck.idle >= WHOLE - 2


def test_row_1_a_stuck_transaction_is_cancelled(stuck: Desk) -> None:
    """Row 1: its nonce is used for nothing; the money stays where it was, and the next start decides anew."""
    follower = bid(stuck, "cancel")
    stuck.world.chain.includes = True
    follower.follow(errand(stuck))
    assert states(stuck) == ["cancelled"]
    stuck.legs.recover()
    assert (stuck.idle, stuck.journal.open_intents()) == (WHOLE, ())


def test_row_1_nothing_new_is_begun_while_one_is_on_the_wire(stuck: Desk) -> None:
    """Row 1: a second intent signs nothing: the first one's nonce would only be followed by a gap."""
    with pytest.raises(PersonNeededError) as caught:
        stuck.legs.execute(stuck.decision("idle", "plain-vault", 5 * 10**6))
    assert caught.value.code == "open_slot"
    assert len(stuck.journal.attempts(0)) == 1
    assert stuck.journal.next_nonce() == 1


@pytest.mark.parametrize(
    ("stop", "acts"),
    [("pause", {"bump", "cancel"}), ("reduce", {"bump", "cancel"}), ("halt", {"bump", "cancel"}),
     ("emergency", {"cancel"}), ("kill_switch", set())],
)  # fmt: skip
@pytest.mark.parametrize("role", ["act", "cancel"])
def test_stops_say_which(stuck: Desk, stop: str, acts: set[Act], role: Role) -> None:
    """limits.md: a bump is no deposit: what stops new money does not stop what is on the wire from ending."""
    stuck.stops.append(stop)
    if ("cancel" if role == "cancel" else "bump") in acts:
        bid(stuck, role)
        assert len(stuck.journal.attempts(0)) == 2
    else:
        with pytest.raises(PersonNeededError, match=stop):
            bid(stuck, role)
        assert len(stuck.journal.attempts(0)) == 1


def test_a_stop_between_signing_and_sending(stuck: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed and durable, then stopped: nobody is told, and the next start knows of it."""
    real = stuck.journal.sign_again

    def again(attempt: Any, most: Any) -> None:
        real(attempt, most)
        stuck.stops.append("kill_switch")

    monkeypatch.setattr(stuck.journal, "sign_again", again)
    with pytest.raises(PersonNeededError, match="kill_switch"):
        bid(stuck, "act")
    newest = stuck.journal.attempts(0)[-1]
    assert stuck.journal.tellings(newest.hash) == ()
    slot = stuck.journal.open_slot()
    assert slot is not None
    assert slot.state in OPEN


def test_a_pause_does_not_keep_a_bid_from_being_raised(stuck: Desk) -> None:
    """The watch by itself bids higher under a pause, as the table says: what is on the wire has to end."""
    stuck.stops.append("pause")
    real = stuck.journal.sign_again

    def again(attempt: Any, most: Any) -> None:
        real(attempt, most)
        stuck.world.chain.includes = True

    stuck.journal.sign_again = again  # type: ignore[method-assign]
    stuck.follower.follow(errand(stuck))
    assert states(stuck) == ["settled"]
    assert len(stuck.journal.attempts(0)) == 2
