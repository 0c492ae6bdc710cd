"""E13: no clock of a machine opens a limit again, holds anything up for good, or hangs a process."""

from __future__ import annotations

import dataclasses

import pytest

from mammon.core import limit_gates
from mammon.core.case import Case
from mammon.core.types import Verdict
from tests.reliability import clocks
from tests.reliability.clock_scripts import SCRIPTS, Script


@pytest.mark.parametrize("script", SCRIPTS, ids=[script.name for script in SCRIPTS])
def test_a_clock_opens_no_limit_and_stops_nothing(script: Script) -> None:
    """A3 40: windows are the chain's own; when the clock is right again, what is due is done."""
    told = clocks.ran(script)
    assert not told.wrong, (told.wrong, told.ends)


def test_there_are_twenty_four_and_each_has_its_name() -> None:
    """Ahead, behind, stepping, drifting, suspended, 1970, 2038, local time; between moves and within one."""
    assert len({script.name for script in SCRIPTS}) == len(SCRIPTS) == 24
    assert {change.what for script in SCRIPTS for change in script.changes} == {
        "off by", "shows", "suspended", "drifts",
    }  # fmt: skip
    assert any(change.signature for script in SCRIPTS for change in script.changes)


def test_a_window_that_forgets_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripts catch a gate that does not see the day's moves."""
    script = next(each for each in SCRIPTS if each.name == "right")
    sound = limit_gates.daily_moves

    def forgetful(case: Case) -> Verdict:
        return sound(dataclasses.replace(case, portfolio=dataclasses.replace(case.portfolio, moved=())))

    _plant(monkeypatch, "daily_moves", forgetful)
    assert any("within" in each for each in clocks.ran(script).wrong)


def _plant(monkeypatch: pytest.MonkeyPatch, code: str, bug: object) -> None:
    from mammon.core import gates

    planted = tuple(
        dataclasses.replace(gate, judge=bug) if gate.code == code else gate for gate in gates.GATES
    )
    monkeypatch.setattr(gates, "GATES", planted)
