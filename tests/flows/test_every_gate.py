"""Every gate refuses something through the real command, and lets the nearest neighbour of it through.

The gates are those of `GATES`; a gate without a line in `gate_cases.CASES` fails here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mammon.core import canonical
from mammon.core.decide import Decision, decide
from mammon.core.gates import GATES
from mammon.core.types import Snapshot
from tests.flows.gate_cases import CASES, TARGET, Knob, Reading, Sums, Switch
from tests.flows.runner import Ended, Shell

CODES = [gate.code for gate in GATES]
EAGER = {
    "policy.min_apy_gain": "0.0001",
    "policy.min_annual_gain_usd": "0.1",
    "policy.max_cost_share": "1",
    "policy.max_break_even_days": "365",
}
"""Small sums pay too: what decides is the gate that is asked about."""


def variables(settings: Mapping[str, str]) -> dict[str, str]:
    return {f"MAMMON_{name.replace('.', '__').upper()}": text for name, text in settings.items()}


def world(folder: Path, settings: Mapping[str, str]) -> Shell:
    return Shell(folder / "home", MAMMON_MODE="mock", MAMMON_SEED="7", **variables({**EAGER, **settings}))


def asked(shell: Shell, scan: str, amount: str, target: str = TARGET) -> Ended:
    """Ask about a move out of the wallet, judged by a scan."""
    words = ("--from", "idle", "--to", target, "--amount", amount)
    return shell("gates", "-i", "-", *words, "--json", piped=scan)


def verdict(ended: Ended, code: str) -> dict[str, Any]:
    """Return what a gate said of the move asked about."""
    assert ended.code in (0, 3), ended
    found: dict[str, Any] = next(each for each in ended.data["chosen"]["verdicts"] if each["gate"] == code)
    return found


def check(code: str, passing: Ended, refused: Ended) -> None:
    """Check that the one is let through by every gate and the other is refused by this one, exit 3."""
    assert (passing.code, passing.data["refused_by"]) == (0, []), passing.data["refused_by"]
    assert passing.data["action"] == "move"
    assert verdict(passing, code)["passed"]
    assert (refused.code, refused.data["action"]) == (3, "hold")
    assert code in refused.data["refused_by"]
    assert not verdict(refused, code)["passed"]


def test_every_gate_has_a_case() -> None:
    """The list is complete, and none is of a gate that there is not."""
    assert sorted(CASES) == sorted(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_gate_refuses_and_nearly_refuses_its_neighbour(code: str, tmp_path: Path) -> None:
    """One unit, one second, one step of a limit decides, and the document names the gate."""
    case = CASES[code]
    if isinstance(case, Knob):
        check(code, *turned(code, case, tmp_path))
    elif isinstance(case, Sums):
        shell = world(tmp_path, case.settings)
        scan = shell("scan", "--json").out
        check(code, *(asked(shell, scan, sum_, case.target) for sum_ in (case.passing, case.refused)))
    elif isinstance(case, Reading):
        check(code, *found(code, case, tmp_path))
    else:
        check(code, *switched(case, tmp_path))


def turned(code: str, case: Knob, folder: Path) -> tuple[Ended, Ended]:
    """Return what is said with the limit at what was measured, and one step tighter."""
    shell = world(folder, case.settings)
    usual = dict(shell.environment)
    shell.environment |= variables(case.meanwhile)
    for words in case.before:
        assert shell(*words).code == 0
    shell.environment = usual
    scan = shell("scan", "--json").out
    measured = Decimal(str(verdict(asked(shell, scan, case.amount), code)["measured"]))
    step = Decimal(case.step)
    # Limits are set to so many digits: the nearest of them on the passing side, and the next one.
    near = measured.quantize(step, "ROUND_FLOOR" if case.tighter == "up" else "ROUND_CEILING")
    beyond = near + step if case.tighter == "up" else near - step
    ends = []
    for limit in (near, beyond):
        text = f"{limit:f}" + ("s" if case.key == "policy.cooldown" else "")
        shell.environment |= variables({case.key: text})
        ends.append(asked(shell, scan, case.amount))
    return ends[0], ends[1]


def found(code: str, case: Reading, folder: Path) -> tuple[Ended, Ended]:
    """Return what is said of the last scan that passes, and of the next one."""
    shell = world(folder, {})
    plain = shell("scan", "--json").document
    snapshot = canonical.decode(Snapshot, plain["data"]["snapshot"])
    base = canonical.decode(Decision, asked(shell, json.dumps(plain), "10000").data)

    def passes(x: int) -> bool:
        changed = case.change(snapshot, x)
        chosen = decide(changed, base.portfolio, base.policy, base.now, base.ask).chosen
        assert chosen is not None
        return next(each.passed for each in chosen.verdicts if each.gate == code)

    last, first = 0, case.most
    assert (passes(last), passes(first)) == (True, False)
    while first - last > 1:
        middle = (last + first) // 2
        last, first = (middle, first) if passes(middle) else (last, middle)
    ends = []
    for x in (last, first):
        plain["data"]["snapshot"] = canonical.encode(case.change(snapshot, x))
        ends.append(asked(shell, json.dumps(plain), "10000"))
    return ends[0], ends[1]


def switched(case: Switch, folder: Path) -> tuple[Ended, Ended]:
    """Return what is said once it is over, and while it lasts."""
    shell = world(folder, {})
    scan = shell("scan", "--json").out
    assert shell(*case.on).code == 0
    refused = asked(shell, scan, "10000")
    assert shell(*case.off).code == 0
    return asked(shell, scan, "10000"), refused
