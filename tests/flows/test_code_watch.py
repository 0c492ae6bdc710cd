"""The code of venues, watched by each reading: what runs other code than it was pinned with is signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mammon.chain import code
from mammon.chain.evidence import Pin
from mammon.cli.code_watch import CodeWatch
from mammon.core.names import Address, Hash32
from mammon.core.risk.signs import best_left
from mammon.errors import OutsideError
from tests.core.build import market
from tests.flows.runner import Shell
from tests.flows.settled import MOCK
from tests.flows.test_changed_code import MARKETS, opened, slug_of

WORDS = {name: Hash32("0x" + name * 32) for name in ("00", "22", "33")}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A world whose money is in a venue: its contracts are pinned."""
    found = Shell(tmp_path / "home", **MOCK)
    assert found("rebalance", "--execute", "--yes").code == 0
    return found


def implement(shell: Shell, address: Address, word: Hash32) -> None:
    """Have the books remember another implementation of a contract than it has."""
    with opened(shell) as store, store.transaction():
        known = store.pins.known(address)
        assert known is not None
        store.pins.accept(address, known[0], word, "made to differ")


def standing(shell: Shell, slug: str) -> tuple[Any, Any, int]:
    """Return a venue's tier and signs as `scan` tells them, and how many requests it took."""
    data = shell("scan", "--json").data
    (row,) = [row for row in data["markets"] if row["slug"] == slug]
    return row["standing"]["tier"], row["standing"]["signs"], data["requests"]


def test_a_venue_whose_implementation_changed_is_danger(shell: Shell) -> None:
    """Tier 5, by its sign, in the very next scan; the neighbours are what they were."""
    slug = slug_of(shell)
    tier, signs, requests = standing(shell, slug)
    assert "code_changed" not in signs
    assert requests == 1
    implement(shell, MARKETS[slug].id.address, WORDS["22"])
    changed = standing(shell, slug)
    assert (changed[0], "code_changed" in changed[1]) == (5, True)
    assert tier < 5
    others = [row for row in shell("scan", "--json").data["markets"] if row["slug"] != slug]
    assert not [row for row in others if "code_changed" in row["standing"]["signs"]]


def test_what_a_person_accepted_is_no_sign_any_more(shell: Shell) -> None:
    """The newest pin is in force."""
    slug = slug_of(shell)
    for word in (WORDS["22"], WORDS["00"]):
        implement(shell, MARKETS[slug].id.address, word)
    assert "code_changed" not in standing(shell, slug)[1]


# --- one endpoint's word -------------------------------------------------------------------------


@dataclass
class Round:
    """What a reading told of implementations."""

    implementations: Mapping[Address, Hash32]


GOOD, OTHER = market("good"), market("other", spender=Address("0x" + "77" * 20))
PINS = {GOOD.id.address: (WORDS["33"], WORDS["00"]), OTHER.spender: (WORDS["33"], WORDS["00"])}


def signs(
    monkeypatch: pytest.MonkeyPatch, told: Mapping[Address, Hash32], everybody: Pin | OutsideError
) -> tuple[Mapping[str, str], list[Address]]:
    """Return the signs after a reading told so much, and of what every endpoint was asked."""
    asked: list[Address] = []

    def fingerprint(_rpc: object, address: Address, _deadline: object) -> Pin:
        asked.append(address)
        if isinstance(everybody, OutsideError):
            raise everybody
        return Pin(address, everybody.code, everybody.implementation)

    monkeypatch.setattr(code, "fingerprint", fingerprint)
    watch = CodeWatch(None, {"good": GOOD, "other": OTHER}, lambda: PINS, lambda: None)  # type: ignore[arg-type, return-value]
    assert watch.addresses() == (GOOD.id.address, OTHER.spender)
    return watch.signs(Round(told)), asked  # type: ignore[arg-type]


def test_nothing_is_asked_where_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pinned word costs no request and is no sign."""
    same = Pin(GOOD.id.address, WORDS["33"], WORDS["00"])
    told = {GOOD.id.address: WORDS["00"], OTHER.spender: WORDS["00"]}
    assert signs(monkeypatch, told, same) == ({}, [])


def test_one_endpoint_s_word_is_asked_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """What all see is a change; what only one sees is none; where they differ it is disputed."""
    told = {GOOD.id.address: WORDS["00"], OTHER.spender: WORDS["22"]}
    seen = Pin(OTHER.spender, WORDS["33"], WORDS["22"])
    assert signs(monkeypatch, told, seen) == ({"other": "code_changed"}, [OTHER.spender])
    kept = Pin(OTHER.spender, WORDS["33"], WORDS["00"])
    assert signs(monkeypatch, told, kept)[0] == {}
    apart = OutsideError("code", "endpoints do not agree", "try again")
    assert signs(monkeypatch, told, apart)[0] == {"other": "code_disputed"}


def test_what_is_not_told_is_no_all_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slot that an endpoint keeps to itself holds the venue down, and nobody else is asked."""
    same = Pin(GOOD.id.address, WORDS["33"], WORDS["00"])
    assert signs(monkeypatch, {GOOD.id.address: WORDS["00"]}, same) == ({"other": "code_unread"}, [])
    assert best_left(("code_unread",)) == 4


def test_a_change_is_graver_than_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two contracts of one market, the worse one counts."""
    both = market("other", spender=GOOD.id.address)
    watch = CodeWatch(
        None, {"other": both}, lambda: PINS | {both.id.address: PINS[OTHER.spender]}, lambda: None
    )  # type: ignore[arg-type, return-value]
    changed = Pin(both.id.address, WORDS["33"], WORDS["22"])
    monkeypatch.setattr(code, "fingerprint", lambda *_: changed)
    assert set(watch.addresses()) == {both.id.address, GOOD.id.address}
    assert watch.signs(Round({both.id.address: WORDS["22"]})) == {"other": "code_changed"}  # type: ignore[arg-type]


def test_nothing_is_watched_before_something_is_pinned() -> None:
    """Who never acted has no pins, and asks about no code."""
    watch = CodeWatch(None, {"good": GOOD}, dict, lambda: None)  # type: ignore[arg-type, return-value]
    assert watch.addresses() == ()
