"""Laws of what came in of late: nothing from outside is deposited before its time, our own money at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from mammon.cli.ledgers import StateInflows
from mammon.core.plan import IDLE
from mammon.core.types import Inflow
from tests.chain_acting.desk import Desk
from tests.chain_acting.stranger import Stranger, settled

USD = 10**6
HOUR = 3_600


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "world")


@pytest.fixture
def stranger(desk: Desk) -> Stranger:
    """Somebody else; and the account was looked at once."""
    found = Stranger(desk)
    desk.legs.recover()
    return found


def fresh(desk: Desk) -> tuple[Inflow, ...]:
    """Return what a decision at the head would be told."""
    seen = desk.observation()
    assert seen.portfolio is not None
    return StateInflows(desk.store, HOUR)(seen.snapshot, seen.portfolio)


def test_what_was_there_at_first_sight_is_no_inflow(desk: Desk, stranger: Stranger) -> None:
    """Before the first mark nothing is known of what came when; with it, nothing has come."""
    assert fresh(desk) == ()


def test_before_the_first_mark_nothing_is_said(desk: Desk) -> None:
    """A world in which nothing was acted has no books to hold the wallet against."""
    assert desk.store.flows.mark() is None
    assert fresh(desk) == ()


def test_it_counts_from_the_block_it_is_first_seen_in(desk: Desk, stranger: Stranger) -> None:
    """Before it is settled and explained, what the wallet has beyond the mark is what just came in."""
    stranger.pays(2_000 * USD)
    (seen,) = fresh(desk)
    assert (seen.amount, seen.at) == (2_000 * USD, desk.observation().snapshot.block.timestamp)


def test_explained_it_counts_from_its_own_block_and_ends(desk: Desk, stranger: Stranger) -> None:
    """Once recorded it is counted once, from when it came; an hour later it is money like any other."""
    stranger.pays(2_000 * USD)
    came = desk.observation().snapshot.block.timestamp
    settled(desk)
    desk.legs.recover()
    (seen,) = fresh(desk)
    assert seen.amount == 2_000 * USD
    assert came - 4 <= seen.at <= came
    desk.clock.sleep(HOUR)
    assert fresh(desk) == ()


def test_our_own_withdrawal_is_no_inflow(desk: Desk, stranger: Stranger) -> None:
    """What a leg brought home may go on at once: a move must not be stopped half-way by its own money."""
    desk.legs.execute(desk.decision(IDLE, "aave-v3"))
    desk.legs.execute(desk.decision("aave-v3", "aave-fork", 4_000 * USD))
    assert fresh(desk) == ()
    stranger.pays(500 * USD)
    assert [seen.amount for seen in fresh(desk)] == [500 * USD]


def test_dust_holds_nothing_back(desk: Desk, stranger: Stranger) -> None:
    """A stranger cannot keep money from its work by a few cents an hour, explained or not."""
    stranger.pays(999_999)
    assert fresh(desk) == ()
    settled(desk)
    desk.legs.recover()
    assert fresh(desk) == ()


def test_what_went_out_again_is_not_waited_for(desk: Desk, stranger: Stranger) -> None:
    """Not yet explained, only what is really more than before is fresh."""
    stranger.pays(2_000 * USD)
    stranger.collects(1_500 * USD)
    assert [seen.amount for seen in fresh(desk)] == [500 * USD]
