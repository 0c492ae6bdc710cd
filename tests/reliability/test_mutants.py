"""E16: a mutant that a test finds is killed, one that none finds is reported. The long form: `mutants`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reliability import mutants as campaign
from tests.reliability.mutant_targets import EQUIVALENT, TARGETS
from tests.reliability.mutating import Mutant, mutants

MODULE = "mammon.core.stops"
PATH = campaign.ROOT / "mammon" / "core" / "stops.py"

SOURCE = '''
"""A docstring is left alone."""
from typing import Literal
LIMIT = 3
State = Literal["open"]

def judged(found: int = 1, *, why: str = "late") -> str | None:
    """So is this."""
    if found < LIMIT and not why:
        raise ValueError("a sentence for people")
    return "code"

class Kept:
    state: str = "open"

    def rows(self):
        with self.database.transaction():
            yield self.table
        return max(1, 2)
'''


def _changes() -> list[Mutant]:
    return mutants("example", SOURCE)


@pytest.mark.parametrize(
    ("function", "before", "after"),
    [
        ("judged", "if found < LIMIT and (not why):", "if found <= LIMIT and (not why):"),
        ("judged", "if found < LIMIT and (not why):", "if found >= LIMIT and (not why):"),
        ("judged", "if found < LIMIT and (not why):", "if found < LIMIT or not why:"),
        ("judged", "if found < LIMIT and (not why):", "if found < LIMIT and why:"),
        ("judged", "raise ValueError('a sentence for people')", "pass"),
        ("judged", "return 'code'", "return None"),
        ("judged", "return 'code'", "return 'mutated'"),
        ("Kept.rows", "with self.database.transaction():", "if True:"),
        ("Kept.rows", "return max(1, 2)", "return min(1, 2)"),
        ("", "LIMIT = 3", "LIMIT = 4"),
        ("", "LIMIT = 3", "LIMIT = 2"),
        ("", "state: str = 'open'", "state: str = 'mutated'"),
    ],
)
def test_each_kind_of_change_is_made(function: str, before: str, after: str) -> None:
    """At its place, by its function, and readable in a report."""
    assert (function, before, after) in {one.key for one in _changes()}


def test_what_decides_nothing_is_left_alone() -> None:
    """Docstrings, sentences, types and annotations: no test should hold them."""
    assert not any(word in one.after for one in _changes() for word in ("mutated people", "Literal['mut"))
    assert all("docstring" not in one.before and "sentence" not in one.after for one in _changes())
    assert all(compile(one.source, "example", "exec") for one in _changes())


def test_a_mutant_that_a_test_finds_is_killed(tmp_path: Path) -> None:
    """In a function, and in a table that is made when its module is loaded."""
    chosen = [one for one in mutants(MODULE, PATH.read_text()) if one.function == "allowed"][:1]
    chosen += [one for one in mutants(MODULE, PATH.read_text()) if "_STRICTER" in one.before][:1]
    told = _judged(tmp_path, "tests/core/test_stops.py", chosen)
    assert told == ["killed", "killed"]


def test_a_mutant_that_no_test_finds_is_reported(tmp_path: Path) -> None:
    """Judged by a test that looks at something else, it lives, and the campaign fails and names it."""
    chosen = [one for one in mutants(MODULE, PATH.read_text()) if one.function == "allowed"][:1]
    assert _judged(tmp_path, "tests/core/test_fixed.py", chosen) == ["survived"]
    alive = campaign.Judged(MODULE, [(chosen[0], campaign.SURVIVED), (chosen[0], campaign.KILLED)])
    assert (alive.percent, alive.alive, alive.passed) == (50.0, [chosen[0]], False)


def test_what_is_written_down_as_equal_and_is_found_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of equivalent mutants is held to the truth: one that a test kills is no equivalent."""
    (one, *_) = mutants(MODULE, PATH.read_text())
    monkeypatch.setitem(EQUIVALENT, MODULE, {one.key: "of the test"})
    assert campaign.Judged(MODULE, [(one, campaign.SURVIVED)]).stale == []
    found = campaign.Judged(MODULE, [(one, campaign.KILLED)])
    assert (found.percent, found.stale, found.passed) == (100.0, [one.key], False)


def test_every_target_and_every_reason_is_of_something_that_is_there() -> None:
    """Modules, their tests, and a reason for each mutant that nobody can find."""
    for module, tests in TARGETS.items():
        known = {one.key for one in mutants(module, (campaign.ROOT / _path(module)).read_text())}
        assert all((campaign.ROOT / test).is_file() for test in tests)
        assert set(EQUIVALENT.get(module, {})) <= known
        assert all(len(reason) > 10 for reason in EQUIVALENT.get(module, {}).values())


def _path(module: str) -> str:
    return module.replace(".", "/") + ".py"


def _judged(folder: Path, test: str, chosen: list[Mutant]) -> list[str]:
    """Judge mutants as the campaign does: in a process that has loaded nothing of mammon."""
    program = (
        "import sys; from tests.reliability.mutants import judge\n"
        f"keys = {[one.key for one in chosen]!r}\n"
        f"found = judge({MODULE!r}, [{test!r}], lambda one: one.key in keys)\n"
        "print(*(verdict for _, verdict in found.verdicts))"
    )
    known = {**os.environ, "TMPDIR": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=campaign.ROOT, env=known, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()
