"""Laws of coming home: whatever else fails or is forbidden, what can leave a venue leaves it, once."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mammon.core.stops import TABLE
from mammon.errors import OutsideError, PersonNeededError, RefusedError
from mammon.sim import addresses as at
from mammon.sim.faults.venues import Drained
from mammon.sim.wallet import SimSigner
from tests.chain_acting.desk import MARKETS, Desk
from tests.chain_acting.homeward import (
    SLUGS,
    UNACKNOWLEDGED,
    USD,
    Dead,
    commanded,
    everywhere,
    exit_all,
    spread,
)
from tests.chain_acting.test_follow import at_send, states, swallow

WHOLE = 10_000 * USD


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "world")


def put(desk: Desk, key: tuple[str, ...], value: Any) -> None:
    """Change the chain's state in its next block."""
    desk.world.chain.intervene(desk.world.chain.head + 1, lambda frame: frame.storage.put(key, value))
    desk.clock.sleep(2)


def refused_codes(home: Any) -> dict[str, str]:
    """Return why venues gave less than all."""
    return {one.slug: one.problem.code for one in home.returns if one.problem is not None}


# --- all of it -----------------------------------------------------------------------------------


def test_everything_comes_home(desk: Desk) -> None:
    """From every protocol by its own form; an intent each, settled; nothing is held or allowed afterwards."""
    spread(desk)
    had, used = everywhere(desk), desk.journal.next_nonce()
    home = exit_all(desk)
    assert home.whole
    assert {one.slug for one in home.returns} == set(SLUGS)
    assert all(one.problem is None and len(one.transactions) == 1 for one in home.returns)
    assert everywhere(desk) == desk.idle >= had - 2 * len(SLUGS)
    assert used is not None
    assert desk.journal.next_nonce() == used + len(SLUGS)
    kinds = [(one.kind, one.state) for one in desk.journal.intents()][-len(SLUGS) :]
    assert set(kinds) == {("exit", "done")}


def test_nothing_to_do_signs_nothing(desk: Desk) -> None:
    """An account without positions is home; so is one that came home a moment ago."""
    assert exit_all(desk).whole
    spread(desk, "aave-v3")
    assert exit_all(desk).whole
    used = desk.journal.next_nonce()
    home = exit_all(desk)
    assert (home.whole, home.returns, desk.journal.next_nonce()) == (True, (), used)


# --- what is in force ----------------------------------------------------------------------------


@pytest.mark.parametrize("overriding", [False, True])
@pytest.mark.parametrize("stop", [*TABLE, "unknown_stop"])
def test_the_table_of_stops_says_who_may_go_home(stop: str, overriding: bool, desk: Desk) -> None:
    """By command under every stop but the kill switch, and under that with its override; never elsewhere."""
    spread(desk, "aave-v3")
    desk.stops.append(stop)
    answer = TABLE.get(stop, {}).get("exit_home", "no")
    home = exit_all(desk, overriding=overriding)
    assert home.whole is (answer in ("yes", "by_command") or (answer == "by_override" and overriding))
    assert (home.stopped is None) is home.whole
    assert (desk.held("aave-v3") == 0) is home.whole


def test_an_override_is_for_the_kill_switch_and_for_ways_home(desk: Desk) -> None:
    """With it, nothing is deposited."""
    commanded(desk, overriding=True)
    desk.stops.append("kill_switch")
    with pytest.raises(PersonNeededError, match="kill_switch"):
        desk.legs.execute(desk.decision("idle", "aave-v3"))
    assert desk.journal.next_nonce() == 0


@pytest.mark.parametrize("stop", ["halt", "emergency"])
def test_without_a_command_these_stops_hold(stop: str, desk: Desk) -> None:
    """What `by_command` means: the same carrier without the command is refused."""
    spread(desk, "aave-v3")
    desk.stops.append(stop)
    home = exit_all(desk, exiting=False)
    assert home.stopped is not None
    assert desk.held("aave-v3") > 0


def test_a_kill_switch_dropped_in_between_ends_it(desk: Desk) -> None:
    """What is signed by then is watched; the venues after it are not asked, and said not to be."""
    spread(desk, "aave-v3", "plain-vault")
    sign, signed = desk.signer.sign, list[int]()

    def signing(unsigned: Any) -> bytes:
        signed.append(unsigned.nonce)
        raw = sign(unsigned)
        if len(signed) == 1:
            desk.stops.append("kill_switch")
        return raw

    desk.signer.sign = signing  # type: ignore[method-assign]
    home = exit_all(desk)
    assert home.stopped is not None
    assert len(signed) == 1
    assert not home.whole
    desk.stops.clear()
    assert exit_all(desk).whole


def test_an_acknowledgement_does_not_hold_back_what_leads_home(desk: Desk) -> None:
    """Phase and acknowledgement are for going in: an exit passes without, a deposit does not."""
    spread(desk, "aave-v3")
    assert exit_all(desk, forbidden=UNACKNOWLEDGED).whole
    with pytest.raises(RefusedError, match=UNACKNOWLEDGED):
        desk.legs.execute(desk.decision("idle", "aave-v3"))
    assert desk.held("aave-v3") == 0


def test_it_holds_back_whatever_was_not_commanded(desk: Desk) -> None:
    """The same exit without the command is refused by the gate."""
    spread(desk, "aave-v3")
    home = exit_all(desk, exiting=False, forbidden=UNACKNOWLEDGED)
    assert refused_codes(home) == {"aave-v3": "forbidden"}


def test_another_key_signs_no_way_home(desk: Desk) -> None:
    """A key of another account brings nothing home, commanded or not."""
    spread(desk, "aave-v3")
    desk.purse = dataclasses.replace(desk.purse, signer=SimSigner(8))
    used = desk.journal.next_nonce()
    home = exit_all(desk)
    assert not home.whole
    assert desk.journal.next_nonce() == used


def test_the_hour_and_its_count_hold_nothing_back(desk: Desk) -> None:
    """Ten transactions this hour and five ways home: all are gone."""
    spread(desk)
    assert desk.journal.slots_since(desk.journal.seen_at() - 3_600) == 10
    assert exit_all(desk).whole
    assert desk.journal.slots_since(desk.journal.seen_at() - 3_600) == 15


# --- what cannot be read or had ------------------------------------------------------------------


def test_dead_price_feeds_hold_nothing_back(desk: Desk) -> None:
    """The ceiling is one in wei then."""
    spread(desk, "aave-v3", "steakhouse-usdc")
    for feed in (at.ETH_USD, at.USDC_USD):
        put(desk, (feed, "round"), (1 << 64, 0, 1, 1, 1 << 64))
    assert exit_all(desk).whole


@pytest.mark.parametrize("slug", SLUGS)
def test_a_venue_that_cannot_be_read_keeps_no_other(
    slug: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others come home; the one is named as unread, and not taken for empty; later it follows."""
    spread(desk)
    had = everywhere(desk)
    monkeypatch.setitem(desk.world.chain.contracts, MARKETS[slug].id.address, Dead())
    desk.clock.sleep(2)
    home = exit_all(desk)
    assert not home.whole
    assert home.left(slug) is None
    assert refused_codes(home).keys() == {slug}
    assert desk.idle >= had - 1_501 * USD
    monkeypatch.undo()
    assert exit_all(desk).whole
    assert desk.idle >= had - 2 * len(SLUGS)


def test_a_paused_venue_keeps_no_other(desk: Desk) -> None:
    """Its rehearsal fails: nothing is signed for it, the rest comes home, and it is said why."""
    spread(desk, "aave-v3", "plain-vault")
    put(desk, (at.AAVE_POOL, "paused"), True)
    used = desk.journal.next_nonce()
    home = exit_all(desk)
    assert refused_codes(home) == {"aave-v3": "rehearsal_failed"}
    assert used is not None
    assert desk.journal.next_nonce() == used + 1
    assert home.left("aave-v3") == desk.held("aave-v3") > 0
    assert desk.held("plain-vault") == 0
    put(desk, (at.AAVE_POOL, "paused"), False)
    assert exit_all(desk).whole


def drained(desk: Desk, left: int) -> None:
    """Let borrowers take what a pool has, but for so much."""
    fault = Drained(Random(1))
    fault.pool, fault.left = "aave-v3", left

    class Here:
        chain = desk.world.chain

    stage: Any = Here()
    fault.stage = stage
    for ahead in range(1, 60):  # the crowd would repay by and by
        desk.world.chain.intervene(desk.world.chain.head + ahead, fault.change)
    desk.clock.sleep(2)


def test_an_illiquid_venue_gives_what_it_has(desk: Desk) -> None:
    """A part comes home, the rest is told; running again takes what has become free meanwhile."""
    spread(desk, "aave-v3", "plain-vault", each=4_000 * USD)
    drained(desk, 1_000 * USD)
    home = exit_all(desk)
    (part,) = [one for one in home.returns if one.slug == "aave-v3"]
    assert 0 < part.brought < 4_000 * USD
    assert not home.whole
    assert home.stopped is None
    left = home.left("aave-v3")
    assert left is not None
    assert abs(left - (4_000 * USD - part.brought)) <= 5 * USD
    assert desk.held("plain-vault") == 0
    desk.clock.sleep(3_600)
    assert exit_all(desk).whole


def test_failed_ways_home_do_not_stop_the_world(desk: Desk) -> None:
    """What is refused on the way home is no failed move: the breaker does not count it."""
    spread(desk, "aave-v3")
    put(desk, (at.AAVE_POOL, "paused"), True)
    for _ in range(3):
        assert not exit_all(desk).whole
    assert desk.purse.stops() == ()


# --- the wire ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stop", "overriding"), [("emergency", False), ("kill_switch", True)])
def test_a_way_home_is_told_again_where_it_may_be_signed(stop: str, overriding: bool, desk: Desk) -> None:
    """A first broadcast that is swallowed strands nobody under a stop: the commanded exit is repeated."""
    spread(desk, "aave-v3")
    desk.stops.append(stop)
    at_send(desk.nodes[0], 1, swallow)
    assert exit_all(desk, overriding=overriding).whole


def left_signed(desk: Desk) -> None:
    """Have a process die between commit and broadcast of a move."""

    class DiedError(BaseException):
        pass

    real = desk.journal.told

    def die(*arguments: Any) -> None:
        raise DiedError

    at_send(desk.nodes[0], 1, swallow)
    desk.journal.told = die  # type: ignore[method-assign]
    with pytest.raises(DiedError):
        desk.legs.execute(desk.decision("idle", "steakhouse-usdc", 5 * USD))
    desk.journal.told = real  # type: ignore[method-assign]
    desk.restart()


def test_under_an_emergency_what_is_on_the_wire_is_cancelled_first(desk: Desk) -> None:
    """A move's transaction is not told again there; it is cancelled in time, then money comes home."""
    spread(desk, "aave-v3")
    left_signed(desk)
    desk.stops.append("emergency")
    assert exit_all(desk).whole
    assert states(desk)[2:] == ["cancelled", "settled"]


def test_under_the_kill_switch_it_needs_a_person(desk: Desk) -> None:
    """There nothing may be done about a transaction of a move: it says so at once, and signs nothing."""
    spread(desk, "aave-v3")
    left_signed(desk)
    desk.stops.append("kill_switch")
    with pytest.raises(PersonNeededError, match="kill_switch"):
        exit_all(desk, overriding=True)
    assert states(desk)[2:] == ["signed"]


def test_a_half_done_move_is_put_down_not_finished(desk: Desk) -> None:
    """Money that was on its way into a venue stays in the wallet, and the venue may take nothing."""
    spread(desk, "aave-v3")
    real, seen = desk.journal.close_slot, list[int]()

    class DiedError(BaseException):
        pass

    def die_after_approval(nonce: int, *rest: Any) -> None:
        real(nonce, *rest)
        seen.append(nonce)
        if len(seen) == 2:
            raise DiedError

    desk.journal.close_slot = die_after_approval  # type: ignore[method-assign]
    with pytest.raises(DiedError):
        desk.legs.execute(desk.decision("aave-v3", "plain-vault"))
    desk.restart()
    desk.stops.append("halt")
    had = everywhere(desk)
    home = exit_all(desk)
    assert home.whole
    assert desk.idle == had
    assert desk.purse.effects.allowance(MARKETS["plain-vault"].spender, None, desk.soon()) == 0
    assert desk.journal.open_intents() == ()
    assert any("put down" in note for note in desk.notes)


POINTS = ("begin", "sign_slot", "told", "mined", "close_slot", "close_intent", "saw")


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_it_is_run_again_to_the_end(point: str, after: bool, desk: Desk) -> None:
    """Before or after each write of the journal, five times running: then all is home, and once."""
    spread(desk, "aave-v3", "steakhouse-usdc", "plain-vault")
    had = everywhere(desk)

    class DiedError(BaseException):
        pass

    def dying(number: int) -> None:
        real, calls = getattr(desk.journal, point), [0]

        def die(*arguments: Any) -> Any:
            calls[0] += 1
            if calls[0] == number and not after:
                raise DiedError
            found = real(*arguments)
            if calls[0] == number:
                raise DiedError
            return found

        setattr(desk.journal, point, die)

    for number in (1, 1, 2, 1, 2):
        dying(number)
        with contextlib.suppress(DiedError):
            exit_all(desk)
        desk.restart()
    assert exit_all(desk).whole
    assert had - 6 <= desk.idle <= had + 10_000  # with the interest of the minutes between
    assert desk.idle == everywhere(desk)
    assert states(desk).count("settled") == 6 + 3
    assert desk.journal.open_intents() == ()
    assert "reverted" not in states(desk)


def test_an_endpoint_that_is_gone_ends_it_as_the_worlds_failure(desk: Desk) -> None:
    """Nothing read is nothing known: exit 4, nothing signed."""
    spread(desk, "aave-v3")
    desk.nodes[0].methods.clear()
    with pytest.raises(OutsideError):
        exit_all(desk)
