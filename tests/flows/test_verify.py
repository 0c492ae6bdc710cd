"""`detect-positions --verify`: books and chain, held against each other."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from mammon.core.numbers import Units
from mammon.core.types import Hash32
from mammon.sim.world import SimWorld
from mammon.state.opening import Identity
from mammon.state.store import Store
from tests.flows.runner import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "home", MAMMON_MODE="mock", MAMMON_SEED="7")


def test_the_first_look_has_nothing_to_compare(shell: Shell) -> None:
    """Without books nothing is explained and nothing alarms; the document says so."""
    found = shell("detect-positions", "--verify", "--json")
    assert found.code == 0, found.err
    assert found.data["verification"] == {"findings": [], "flows": [], "since": None, "unread": []}
    assert shell("detect-positions", "--json").data["verification"] is None


def test_f16_a_holding_the_books_do_not_have_is_told(shell: Shell) -> None:
    """F16: money in a venue that the books never looked at is found on the chain and named."""
    done = shell("rebalance", "--execute", "--yes", "--json")
    assert done.code == 0, done.err
    target = done.data["outcome"]["target"]
    assert shell("detect-positions", "--verify").code == 0
    with _store(shell) as store, store.transaction():
        mark = store.flows.mark()
        assert mark is not None
        held = tuple(holding for holding in mark.holdings if holding.slug != target)
        assert len(held) < len(mark.holdings)
        store.flows.record(mark, dataclasses.replace(mark, holdings=held))
    found = shell("detect-positions", "--verify", "--json")
    assert found.code == 0, found.err
    (finding,) = found.data["verification"]["findings"]
    assert (finding["code"], finding["subject"]) == ("new_position", target)
    assert "agree" in shell("detect-positions", "--verify").out


def test_books_that_hold_more_than_the_chain_are_an_emergency(shell: Shell) -> None:
    """Money the books have and the chain has not, with no event for it: exit 5, and the books stay."""
    assert shell("detect-positions", "--verify").code == 0
    with _store(shell) as store, store.transaction():
        mark = store.flows.mark()
        assert mark is not None
        assert mark.idle is not None
        store.flows.record(mark, dataclasses.replace(mark, idle=Units(mark.idle + 7)))
    for _ in range(2):
        found = shell("detect-positions", "--verify", "--json")
        assert found.code == 5
        (finding,) = found.data["verification"]["findings"]
        assert finding == {
            "amount": "-7", "code": "unexplained_decrease", "severity": "emergency", "subject": "idle",
        }  # fmt: skip
    assert "unexplained_decrease" in shell("detect-positions", "--verify").out
    assert shell("detect-positions").code == 0


def test_a_mark_the_chain_does_not_have_verifies_nothing(shell: Shell) -> None:
    """A mark of another chain's block is said to be unusable; with --strict that is exit 4."""
    assert shell("detect-positions", "--verify").code == 0
    with _store(shell) as store, store.transaction():
        mark = store.flows.mark()
        assert mark is not None
        store.flows.record(mark, dataclasses.replace(mark, hash=Hash32("0x" + "11" * 32)))
    found = shell("detect-positions", "--verify", "--strict", "--json")
    assert found.code == 4
    assert [item["code"] for item in found.data["verification"]["unread"]] == ["reorganised"]
    assert "not verified" in shell("detect-positions", "--verify").out


def test_verifying_after_verifying_explains_the_wallet_too(shell: Shell) -> None:
    """Once everything was explained the next verification begins there: acts, gas and all."""
    assert shell("detect-positions", "--verify").code == 0
    assert shell("rebalance", "--execute", "--yes").code == 0
    found = shell("detect-positions", "--verify", "--json").data["verification"]
    assert (found["findings"], found["unread"]) == ([], [])
    assert [flow["kind"] for flow in found["flows"]][:2] == ["act", "act"]
    assert shell("detect-positions", "--verify", "--json").data["verification"]["flows"] == []


def test_a_paper_book_is_on_no_chain(tmp_path: Path) -> None:
    """Verifying a paper book is a mistake of the caller's, said before anything is asked of the network."""
    shell = Shell(tmp_path / "home", MAMMON_MODE="paper")
    assert shell("detect-positions", "--verify").code == 2


@contextlib.contextmanager
def _store(shell: Shell) -> Iterator[Store]:
    (directory,) = {path.parent for path in shell.home.rglob("*.db")}
    store = Store.open(directory, Identity("mock", 8453, SimWorld(7).wallet))
    with store:
        yield store
