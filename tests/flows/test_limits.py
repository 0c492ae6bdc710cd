"""Limits and phases through the real commands, in the simulated world: each refuses, or cuts, by itself."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mammon.core import canonical
from mammon.core.decide import Decision, replay
from tests.flows.runner import Ended, Shell

EAGER = {
    "MAMMON_MODE": "mock",
    "MAMMON_SEED": "7",
    "MAMMON_POLICY__MIN_ANNUAL_GAIN_USD": "0.1",
    "MAMMON_POLICY__MAX_COST_SHARE": "1",
    "MAMMON_POLICY__MAX_BREAK_EVEN_DAYS": "365",
}
"""Small amounts pay too: what decides is the limits."""
PARTS = {"policy.max_cycle_share": "0.25"}
"""Four moves instead of one."""
SOON = {"policy.cooldown": "0s"}


def shell(tmp_path: Path, settings: dict[str, str] | None = None) -> Shell:
    """Return a shell in a fresh home, with these settings."""
    names = {f"MAMMON_{name.replace('.', '__').upper()}": text for name, text in (settings or {}).items()}
    return Shell(tmp_path / "home", **{**EAGER, **names})


def acted(at: Shell, *words: str) -> Ended:
    """Have it carry out its best move."""
    return at("rebalance", "--execute", "--yes", "--json", *words)


def verdict(ended: Ended, gate: str) -> dict[str, Any]:
    """Return what a gate said of the chosen move."""
    verdicts = ended.data["decision"]["chosen"]["verdicts"]
    found: dict[str, Any] = next(row for row in verdicts if row["gate"] == gate)
    return found


def moved(ended: Ended) -> int:
    """Return how much was moved, in whole dollars."""
    assert ended.code == 0, ended
    return int(ended.data["outcome"]["entered"]) // 10**6


def refused(ended: Ended, gate: str) -> None:
    """Check that just this gate stood in the way: exit 3, nothing done."""
    assert (ended.code, ended.data["decision"]["refused_by"], ended.data["outcome"]) == (3, [gate], None)


# --- amounts -------------------------------------------------------------------------------------


def test_a_wallet_of_ten_thousand_in_canary_deposits_fifty_dollars(tmp_path: Path) -> None:
    """And no more an hour later: the ceiling is of what is deposited, not of one move."""
    at = shell(tmp_path, {"phase": "canary"} | SOON)
    first = acted(at)
    assert moved(first) == 50
    assert (verdict(first, "total_ceiling")["measured"], verdict(first, "total_ceiling")["limit"]) == (
        "50000000",
        "50000000",
    )
    later = at("run", "--cycles", "3", "--interval", "1h", "--execute", "--yes", "--json")
    assert later.out.count('"outcome":null') == 3
    held = at("detect-positions", "--json").data["positions"]
    assert [row["slug"] for row in held].count("idle") == 1


@pytest.mark.parametrize(
    ("phase", "amount"), [("canary", 50), ("limited", 1250), ("scaled", 2500), ("production", 2500)]
)
def test_each_phase_moves_at_most_its_share(phase: str, amount: int, tmp_path: Path) -> None:
    """$10,000 in the wallet: 100 % of 50, 25 % of 5,000, 25 % of 10,000."""
    assert moved(acted(shell(tmp_path, {"phase": phase}))) == amount


def test_configuration_does_not_raise_a_phase(tmp_path: Path) -> None:
    """F20: more is asked for in every layer there is, and 50 is what is moved."""
    at = shell(tmp_path, {"phase": "canary", "policy.max_total_usd": "1000000"})
    (at.home / "mammon.toml").write_text("[policy]\nmax_total_usd = 500000\n")
    assert moved(acted(at)) == 50
    shown = at("config", "show", "--origin", "--json").data["settings"]
    (row,) = [row for row in shown if row["key"] == "policy.max_total_usd"]
    assert row["value"] == "50"
    assert row["origin"] == "env MAMMON_POLICY__MAX_TOTAL_USD, lowered to what the phase canary allows"


def test_configuration_lowers_a_phase(tmp_path: Path) -> None:
    """The stricter figure counts."""
    assert moved(acted(shell(tmp_path, {"phase": "canary", "policy.max_total_usd": "20"}))) == 20


def test_a_move_named_above_the_ceiling_is_refused_by_it(tmp_path: Path) -> None:
    """Only what the program chooses itself is cut; what a person names is judged as it stands."""
    at = shell(tmp_path, {"phase": "canary"})
    words = ("gates", "--from", "idle", "--to", "aave-v3", "--json", "--amount")
    assert "total_ceiling" not in at(*words, "50").data["refused_by"]
    assert "total_ceiling" in at(*words, "50.000001").data["refused_by"]


def test_a_venue_takes_its_share(tmp_path: Path) -> None:
    """40 % of 10,000, then the rest of the money has to go elsewhere."""
    at = shell(tmp_path, {"policy.max_venue_share": "0.4"} | SOON)
    first, second = acted(at), acted(at)
    assert (moved(first), moved(second)) == (4000, 4000)
    targets = {ended.data["outcome"]["target"] for ended in (first, second)}
    assert len(targets) == 2


def test_a_large_plan_is_carried_out_in_parts(tmp_path: Path) -> None:
    """limits.md: one part a cycle, until all of it is where it should be."""
    at = shell(tmp_path, PARTS | SOON)
    ended = at("run", "--cycles", "5", "--interval", "1h", "--execute", "--yes", "--json")
    assert ended.out.count('"entered"') == 4
    held = {
        row["slug"]: int(row["assets"]["raw"]) for row in at("detect-positions", "--json").data["positions"]
    }
    assert held.pop("idle", 0) < 10**6
    assert sum(held.values()) >= 9_999 * 10**6


# --- windows -------------------------------------------------------------------------------------


def test_moves_keep_their_distance(tmp_path: Path) -> None:
    """The next part waits for the cooldown."""
    at = shell(tmp_path, PARTS)
    assert moved(acted(at)) == 2500
    refused(acted(at), "cooldown")


def test_there_are_so_many_moves_a_day(tmp_path: Path) -> None:
    """The day's moves are counted from what was recorded, by another process each time."""
    at = shell(tmp_path, PARTS | SOON | {"policy.max_moves_per_day": "2"})
    assert [moved(acted(at)) for _ in range(2)] == [2500, 2500]
    third = acted(at)
    refused(third, "daily_moves")
    assert verdict(third, "daily_moves")["measured"] == "3"


def test_a_transaction_costs_at_most_its_ceiling(tmp_path: Path) -> None:
    """Gas above the ceiling is a refusal, however well the move pays."""
    refused(acted(shell(tmp_path, {"policy.max_gas_usd": "0.000001"})), "gas_ceiling")


def test_a_day_costs_at_most_its_ceiling(tmp_path: Path) -> None:
    """What the day's moves really paid counts, and the one asked for on top."""
    at = shell(tmp_path, PARTS | SOON)
    alone = Decimal(verdict(at("rebalance", "--json"), "daily_gas")["measured"])
    assert moved(acted(at)) == 2500
    both = Decimal(verdict(at("rebalance", "--json"), "daily_gas")["measured"])
    assert both > alone
    at.environment["MAMMON_POLICY__MAX_GAS_DAY_USD"] = f"{both * 3 / 4:.6f}"
    refused(acted(at), "daily_gas")


def test_there_are_so_many_transactions_an_hour(tmp_path: Path) -> None:
    """An approval and a deposit each time; after the hour there is room again."""
    at = shell(tmp_path, PARTS | SOON | {"policy.max_transactions_per_hour": "3"})
    assert moved(acted(at)) == 2500
    second = acted(at)
    refused(second, "hourly_transactions")
    assert verdict(second, "hourly_transactions")["measured"] == "4"
    ended = at("run", "--cycles", "2", "--interval", "61m", "--execute", "--yes", "--json")
    assert '"entered"' in ended.out.splitlines()[-1]


def test_a_decision_under_limits_replays_to_the_same_bytes(tmp_path: Path) -> None:
    """The policy in force, not the one asked for, is what a decision carries."""
    at = shell(tmp_path, {"phase": "limited"})
    found = at("gates", "--json").document
    decision = canonical.decode(Decision, found["data"])
    assert canonical.dumps(replay(decision)) == canonical.dumps(decision)
    assert decision.policy.hash == found["policy_hash"]
    free = dataclasses.replace(decision.policy, max_total_usd=None)
    assert free.hash != decision.policy.hash


# --- the owner's word ----------------------------------------------------------------------------

LIVE = {"mode": "live", "account": "0x00000000000000000000000000000000000000AA"}


def test_the_token_is_the_one_that_is_missing(tmp_path: Path) -> None:
    """`phase status` says that it is missing until it is set, and again when a limit changes."""
    at = shell(tmp_path, LIVE)
    assert at("phase", "status", "--json").data["missing"] == "not_acknowledged"
    given = at("phase", "acknowledge", "--json").data
    assert given["variable"] == "I_UNDERSTAND_LIVE_RISK"
    for wrong in ("true", "yes", given["token"][:-1], given["token"].upper()):
        at.environment["I_UNDERSTAND_LIVE_RISK"] = wrong
        assert at("phase", "status", "--json").data["missing"] == "acknowledgement_differs"
    at.environment["I_UNDERSTAND_LIVE_RISK"] = given["token"]
    assert at("phase", "status", "--json").data["missing"] is None
    at.environment["MAMMON_POLICY__MAX_TOTAL_USD"] = "49"
    assert at("phase", "status", "--json").data["missing"] == "acknowledgement_differs"


def test_a_phase_that_was_not_earned_may_not_sign(tmp_path: Path) -> None:
    """On a real chain nothing beyond canary, whatever is configured and acknowledged."""
    at = shell(tmp_path, LIVE | {"phase": "limited"})
    at.environment["I_UNDERSTAND_LIVE_RISK"] = at("phase", "acknowledge", "--json").data["token"]
    found = at("phase", "status", "--json").data
    assert (found["phase"], found["missing"]) == ("limited", "phase_not_earned")
    assert "canary" in at("phase", "status").out


def test_production_asks_for_the_owners_figure(tmp_path: Path) -> None:
    """No figure, no ceiling: then it is no phase that may sign."""
    found = shell(tmp_path, LIVE | {"phase": "production"})("phase", "status", "--json").data
    assert found["missing"] == "phase_not_earned"
    assert found["next"] is None


@pytest.mark.parametrize("given", ["", "true"])
def test_acting_without_the_token_is_5_with_the_fix(given: str, tmp_path: Path) -> None:
    """`true` is not an understanding; the fix names the command that prints what is."""
    at = shell(tmp_path, LIVE)
    if given:
        at.environment["I_UNDERSTAND_LIVE_RISK"] = given
    ended = at("rebalance", "--execute", "--yes")
    assert ended.code == 5
    assert "mammon phase acknowledge" in ended.err


@pytest.mark.parametrize("settings", [{}, {"phase": "canary"}, {"mode": "live"}])
def test_there_is_no_token_where_nothing_is_at_stake(settings: dict[str, str], tmp_path: Path) -> None:
    """Nor without an account."""
    assert shell(tmp_path, settings)("phase", "acknowledge").code == 2


def test_the_phase_is_told_with_its_limits(tmp_path: Path) -> None:
    """What is in force, where it comes from, and what the next phase asks for."""
    told = shell(tmp_path, {"phase": "canary"})("phase", "status").out
    assert "phase: canary" in told
    assert "lowered to what the phase canary allows" in told
    assert "to enter limited" in told
    assert "none, the policy decides" in shell(tmp_path)("phase", "status").out
