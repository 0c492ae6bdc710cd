"""What an acting loop asks while it has nothing to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mammon.cli.run import Teller
from mammon.cli.simulation import Simulation
from tests.flows.runner import Shell


def test_p9_an_acting_cycle_that_holds_asks_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P9: who signed, of one endpoint, and one reading of everything, which also explains the account."""
    shell = Shell(tmp_path / "home", MAMMON_MODE="mock", MAMMON_SEED="7")
    shell("scan")
    assert shell("rebalance", "--execute", "--yes").code == 0
    assert shell("run", "--cycles", "6", "--interval", "10m", "--execute", "--yes").code == 0
    asked, per_cycle = [0], list[int]()
    exchange, tell = Simulation.exchange, Teller.tell

    def counted(*arguments: Any) -> bytes:
        asked[0] += 1
        return exchange(*arguments)

    def told(*arguments: Any) -> None:
        per_cycle.append(asked[0])
        asked[0] = 0
        tell(*arguments)

    monkeypatch.setattr(Simulation, "exchange", counted)
    monkeypatch.setattr(Teller, "tell", told)
    ended = shell("run", "--cycles", "8", "--interval", "5m", "--execute", "--yes", "--json")
    assert ended.out.count('"action":"hold"') == 8, ended
    usual = sorted(per_cycle[1:])
    assert usual[0] == usual[len(usual) // 2] == 2, per_cycle
    assert usual[-1] < 12, "once an hour everything is explained"
