"""E12: nothing is signed after a commit that failed, and damage of the state is named and mended."""

from __future__ import annotations

import sqlite3
from random import Random
from typing import Any

import pytest

from mammon.state.db import Database
from tests.reliability import disk_damage
from tests.reliability.disk import damaged, refused
from tests.reliability.disk_damage import mended
from tests.reliability.disk_writes import ERRORS, PLACES, Refusal, ran, refusals, writes

EACH = 61
DAMAGES = 50


def test_no_disk_that_refuses_costs_anything() -> None:
    """A3 41, 42: a full, failing or read-only disk ends the process, and the next one mends it."""
    tally = refused(list(refusals(writes()))[::EACH])
    assert not tally.failed, tally.failed
    assert {code for *_, code in ERRORS.values()} <= set(tally.outcomes), "each error was met"


@pytest.mark.parametrize("error", ERRORS)
def test_a_disk_that_stays_bad_moves_nothing(error: str) -> None:
    """From the first write on nothing can be made durable: nothing is sent, and afterwards all is done."""
    world, disk = ran(Refusal(error, "commit", 1, lasting=True))
    assert not world.violations
    assert len(disk.refused) > 3, "every start was refused"
    assert world.states["done"] == 1


def test_all_places_are_tried() -> None:
    """Each error at each place of each write, and staying."""
    found = list(refusals(2))
    assert len(found) == 2 * len(ERRORS) * (len(PLACES) + 1)
    assert {each.place for each in found} == set(PLACES)


def test_a_failed_commit_that_is_taken_for_done_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The campaign catches a program that goes on when its journal could not be written."""
    sound = Database.transaction

    def careless(self: Database) -> Any:
        return _Forgiving(sound(self))

    monkeypatch.setattr(Database, "transaction", careless)
    found = [refusal for refusal in refusals(writes()) if refusal.place == "commit" and not refusal.lasting]
    assert any(ran(refusal)[0].violations for refusal in found[::3])


class _Forgiving:
    """A transaction whose failed commit nobody hears of."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __enter__(self) -> Any:
        return self._inner.__enter__()

    def __exit__(self, *error: Any) -> Any:
        try:
            return self._inner.__exit__(*error)
        except Exception as failed:
            if isinstance(failed.__cause__, sqlite3.OperationalError):
                return True
            raise


def test_damage_is_harmless_or_named_and_a_backup_mends_it() -> None:
    """A3 44: changed bytes are never believed, `state check` names them, `state restore` brings all back."""
    tally = damaged(DAMAGES, seed=3)
    assert not tally.failed, tally.failed
    assert tally.outcomes["state_corrupt"] > 10
    assert tally.outcomes["harmless"] > 5


def test_a_check_that_finds_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The campaign catches a `state check` that calls a damaged state sound."""
    damaged(1, seed=3)  # what is right is kept before anything is wrong
    monkeypatch.setattr(disk_damage, "problems", lambda _: ())
    assert damaged(DAMAGES // 2, seed=3).failed


@pytest.mark.parametrize("damage", ["1/388", "1/1239"])
def test_what_was_once_missed_is_named_and_mended(damage: str) -> None:
    """A paper book's page replaced by another; a file so broken that even letting go of it fails. Raises."""
    _, code = mended(Random(damage))
    assert code != "right"
