"""Phases through the one resolver: ceilings beat configuration, from whatever layer, and it is said where."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.config import resolve
from mammon.config.keys import keys
from mammon.config.settings import Mode
from mammon.core.limits import LOWERED, Phase, effective
from mammon.core.policy import Policy

HOME = {"HOME": "/nowhere/home"}
DIRECTORY = Path("/nowhere")
BEYOND = {
    "policy.max_total_usd": "1000000",
    "policy.max_venue_share": "1",
    "policy.venue_share_above_usd": "1000000",
    "policy.max_cycle_share": "1",
    "policy.cycle_share_above_usd": "1000000",
    "policy.max_moves_per_day": "1000",
    "policy.cooldown": "0s",
    "policy.max_transactions_per_hour": "1000",
    "policy.max_gas_usd": "1000",
    "policy.max_gas_day_usd": "1000",
}
"""Each limit, set beyond every phase."""
TIGHT = {"max_venue_share", "max_cycle_share"}
"""Limits that canary does not lower."""


def resolved(layer: str, tmp_path: Path, phase: str | None) -> Any:
    """Resolve a live configuration that asks for more than any phase allows, in one layer."""
    base = {"mode": "live"} | ({"phase": phase} if phase else {})
    if layer == "flag":
        return resolve(base | BEYOND, HOME, tmp_path)
    if layer == "env":
        return resolve(base, HOME | {keys()[name].variable: text for name, text in BEYOND.items()}, tmp_path)
    lines = [f'{name.removeprefix("policy.")} = "{text}"' for name, text in BEYOND.items()]
    whole = {"max_moves_per_day", "max_transactions_per_hour"}
    lines = [line.replace('"', "") if line.split(" ")[0] in whole else line for line in lines]
    (tmp_path / "mammon.toml").write_text("\n".join(["[policy]", *lines]))
    return resolve(base, HOME, tmp_path)


def test_every_limit_is_asked_for() -> None:
    """The list above is that of the limits a phase holds down."""
    assert {keys()[name].path[-1] for name in BEYOND} == set(LOWERED)


@pytest.mark.parametrize("layer", ["flag", "env", "file"])
@pytest.mark.parametrize("phase", [None, *get_args(Phase)])
def test_a3_47_ceilings_beat_configuration(layer: str, phase: Phase | None, tmp_path: Path) -> None:
    """F20: whatever layer asks for more, the figure in force is the phase's, and its source says so."""
    found = resolved(layer, tmp_path, phase)
    ours = effective(found.settings.policy, phase or "canary")
    assert found.settings.policy == ours, "nothing is left to lower"
    for name in BEYOND:
        origin = found.origins[name]
        lowered = "lowered to what the phase" in origin
        if keys()[name].path[-1] in TIGHT and phase in (None, "canary"):
            assert not lowered
        elif not (name == "policy.max_total_usd" and phase == "production"):
            assert lowered, name
            assert origin.endswith(f"phase {phase or 'canary'} allows")
            assert origin.startswith(layer)


def test_live_begins_as_canary() -> None:
    """Without a word about the phase at most $50 are at stake, and another phase is only ever named."""
    policy = resolve({"mode": "live"}, HOME, DIRECTORY).settings.policy
    assert policy.max_total_usd == Decimal(50)
    assert resolve({"mode": "live"}, HOME, DIRECTORY).settings.phase_in_force == "canary"
    named = resolve({"mode": "live", "phase": "limited"}, HOME, DIRECTORY).settings
    assert (named.phase_in_force, named.policy.max_total_usd) == ("limited", Decimal(5000))


@pytest.mark.parametrize("mode", ["mock", "paper"])
def test_elsewhere_the_policy_decides_until_a_phase_is_named(mode: str) -> None:
    """Nothing real is at stake: the defaults stay, and a phase can be rehearsed."""
    assert resolve({"mode": mode}, HOME, DIRECTORY).settings.policy == Policy()
    rehearsed = resolve({"mode": mode, "phase": "canary"}, HOME, DIRECTORY).settings.policy
    assert rehearsed.max_total_usd == Decimal(50)


@given(st.decimals(0, 49, places=2))
def test_configuration_can_lower_further(total: Decimal) -> None:
    """What is stricter than the phase counts, and is nobody's doing but the owner's."""
    found = resolve({"mode": "live", "policy.max_total_usd": str(total)}, HOME, DIRECTORY)
    assert found.settings.policy.max_total_usd == total
    assert found.origins["policy.max_total_usd"] == "flag"


def test_what_is_held_is_looked_at_where_the_chain_is_real() -> None:
    """Every ten seconds unless told otherwise; a simulated chain is passed by unless told."""
    found = {
        mode: resolve({"mode": mode}, HOME, DIRECTORY).settings.watch_in_force_s for mode in get_args(Mode)
    }
    assert found == {"mock": 0, "paper": 10, "live": 10}
    for told, seconds in (("0s", 0), ("4s", 4), ("1m", 60)):
        environment = {"run.watch": told, "mode": "live"}
        assert resolve(environment, HOME, DIRECTORY).settings.watch_in_force_s == seconds
