"""The table of phases, held against a second transcription, and the law that configuration only lowers."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.decide import decide
from mammon.core.limits import (
    EVIDENCE,
    FIRST,
    LOCAL_NODE,
    LOWERED,
    PHASES,
    Ceilings,
    Phase,
    acknowledgement,
    effective,
    forbidden,
    ledger_time,
)
from mammon.core.numbers import Fraction, Seconds, Usd
from mammon.core.policy import Policy
from mammon.core.types import Used
from tests.core.build import NOW, OWNER, portfolio, snapshot, state

TRANSCRIBED: dict[str, dict[str, Any]] = {
    "canary": {"total": 50, "venue": "1", "cycle": "1", "above": 0, "loss": ("0.05", "0.10"), "moves": 10},
    "limited": {
        "total": 5000,
        "venue": "0.6",
        "cycle": "0.25",
        "above": 1000,
        "loss": ("0.005", "0.02"),
        "moves": 4,
    },
    "scaled": {
        "total": 50000,
        "venue": "0.4",
        "cycle": "0.25",
        "above": 0,
        "loss": ("0.005", "0.02"),
        "moves": 4,
    },
    "production": {
        "total": None,
        "venue": "0.4",
        "cycle": "0.25",
        "above": 0,
        "loss": ("0.005", "0.02"),
        "moves": 4,
    },
}
"""Typed from limits.md a second time. The row below its table holds for every phase."""
ALWAYS = {"spacing_s": 1800, "transactions_per_hour": 12, "venues_at_once": 3}
ALWAYS_USD = {"gas_usd": "0.50", "gas_day_usd": "2", "exit_gas_usd": "25"}
AT_LEAST = {"cooldown_s"}
"""Limits that are the stricter the higher they are."""

USD = st.decimals(0, 10**9, places=2).map(Usd)
SHARE = st.decimals(0, 1, places=4).map(Fraction)
POLICIES = st.builds(
    Policy,
    max_total_usd=st.none() | USD,
    max_venue_share=SHARE,
    venue_share_above_usd=USD,
    max_cycle_share=SHARE,
    cycle_share_above_usd=USD,
    max_moves_per_day=st.integers(0, 10**6),
    cooldown_s=st.integers(0, 10**9).map(Seconds),
    max_transactions_per_hour=st.integers(0, 10**6),
    max_gas_usd=USD,
    max_gas_day_usd=USD,
)


@pytest.mark.parametrize("phase", TRANSCRIBED)
def test_each_phase_is_as_limits_md_says(phase: Phase) -> None:
    """Every figure of every row."""
    row, ours = TRANSCRIBED[phase], PHASES[phase]
    assert ours.total_usd == row["total"]
    assert (ours.venue_share, ours.cycle_share) == (Decimal(row["venue"]), Decimal(row["cycle"]))
    assert ours.venue_share_above_usd == ours.cycle_share_above_usd == row["above"]
    assert (ours.loss_share_day, ours.loss_share_total) == tuple(map(Decimal, row["loss"]))
    assert ours.moves_per_day == row["moves"]
    assert {name: getattr(ours, name) for name in ALWAYS} == ALWAYS
    assert {name: getattr(ours, name) for name in ALWAYS_USD} == {
        name: Decimal(usd) for name, usd in ALWAYS_USD.items()
    }


def test_both_tables_have_every_phase() -> None:
    """The phases in their order, each with what must be shown to enter it."""
    assert tuple(PHASES) == tuple(TRANSCRIBED) == get_args(Phase) == tuple(EVIDENCE)
    assert next(iter(PHASES)) == FIRST == "canary"


def test_the_canary_ceiling_is_compiled_in() -> None:
    """No setting is read for it: $50, whoever asks for more."""
    assert effective(Policy(max_total_usd=Usd(Decimal(10**9))), "canary").max_total_usd == 50
    assert effective(Policy(), "canary").max_total_usd == 50


def within(policy: Policy, ceilings: Ceilings, asked: Policy) -> bool:
    """Say whether a policy's limits are within a phase's and within what was asked for."""
    total = policy.max_total_usd
    pairs = (
        (policy.max_venue_share, ceilings.venue_share),
        (policy.venue_share_above_usd, ceilings.venue_share_above_usd),
        (policy.max_cycle_share, ceilings.cycle_share),
        (policy.cycle_share_above_usd, ceilings.cycle_share_above_usd),
        (policy.max_moves_per_day, ceilings.moves_per_day),
        (ceilings.spacing_s, policy.cooldown_s),
        (policy.max_transactions_per_hour, ceilings.transactions_per_hour),
        (policy.max_gas_usd, ceilings.gas_usd),
        (policy.max_gas_day_usd, ceilings.gas_day_usd),
    )
    capped = ceilings.total_usd is None or (total is not None and total <= ceilings.total_usd)
    owned = asked.max_total_usd is None or (total is not None and total <= asked.max_total_usd)
    return capped and owned and all(ours <= most for ours, most in pairs)


@given(POLICIES, st.sampled_from(get_args(Phase)))
def test_no_configuration_reaches_beyond_its_phase(policy: Policy, phase: Phase) -> None:
    """For every policy and phase: effective <= the phase's ceiling, and <= what the policy asked for."""
    held = effective(policy, phase)
    assert within(held, PHASES[phase], policy)
    for name in set(LOWERED) - {"max_total_usd"}:
        ours, asked = getattr(held, name), getattr(policy, name)
        assert ours >= asked if name in AT_LEAST else ours <= asked, name
    assert effective(held, phase) == held


@given(POLICIES, st.sampled_from(get_args(Phase)))
def test_a_phase_touches_limits_alone(policy: Policy, phase: Phase) -> None:
    """What is no limit of the phase stays as configured, and the list of limits is complete."""
    held = effective(policy, phase)
    for field in dataclasses.fields(Policy):
        if field.name not in LOWERED:
            assert getattr(held, field.name) == getattr(policy, field.name)


@given(POLICIES)
def test_without_a_phase_the_policy_decides(policy: Policy) -> None:
    """Where no real money is at stake nothing is lowered."""
    assert effective(policy, None) is policy


@given(POLICIES)
def test_each_phase_allows_what_the_ones_below_it_allow(policy: Policy) -> None:
    """Up the ladder the money ceiling only rises."""
    totals = [effective(policy, phase).max_total_usd for phase in PHASES]
    known = [total for total in totals if total is not None]
    assert known == sorted(known)
    assert totals[:3] == known[:3]


# --- the ledger's time ---------------------------------------------------------------------------


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(-(10**6), 10**6))
def test_the_ledger_never_goes_back(seen: int, moved: int, step: int) -> None:
    """Whatever the block just read says, time is at least the highest one seen and the last move's."""
    used = Used(seen_at=NOW + seen)
    account = portfolio(1, moved=(NOW + moved,), used=used)
    shot = snapshot(state("good"))
    early = dataclasses.replace(shot, block=dataclasses.replace(shot.block, timestamp=NOW + step))
    assert ledger_time(early, account) == max(NOW + step, NOW + seen, NOW + moved)
    assert ledger_time(early, portfolio(1)) == NOW + step


@pytest.mark.parametrize("back_s", [1, 1800, 86_400, 10 * 86_400])
def test_a_clock_step_back_reopens_no_window(back_s: int) -> None:
    """A3 40, D3: with the day's moves made, a block time gone back changes nothing about the refusal."""
    moved = (NOW - 9000, NOW - 8000, NOW - 7000, NOW - 6000)
    shot = snapshot(state("good"))
    for at in (NOW, NOW - back_s):
        earlier = dataclasses.replace(shot, block=dataclasses.replace(shot.block, timestamp=at))
        decision = decide(earlier, portfolio(moved=moved, used=Used(seen_at=NOW)), Policy(), at)
        assert "daily_moves" in decision.refused_by
    again = dataclasses.replace(shot, block=dataclasses.replace(shot.block, timestamp=NOW + 86_400))
    assert "daily_moves" not in decide(again, portfolio(moved=moved), Policy(), NOW + 86_400).refused_by


def test_f19_the_daily_limit_is_a_rolling_window() -> None:
    """F19, D3: four moves a day for thirty days are allowed, and never five in any 24 hours."""
    moved: tuple[int, ...] = ()
    shot = snapshot(state("good"))
    for hour in range(30 * 24):
        at = NOW + hour * 3600
        now = dataclasses.replace(
            shot,
            block=dataclasses.replace(shot.block, timestamp=at),
            asset_usd=dataclasses.replace(shot.asset_usd, updated=at - 60),
            eth_usd=dataclasses.replace(shot.eth_usd, updated=at - 60),
        )
        if decide(now, portfolio(moved=moved[-5:]), Policy(), at).action == "move":
            moved = (*moved, at)
    assert 4 * 29 <= len(moved) <= 4 * 31
    assert all(later - earlier >= 86_400 for earlier, later in zip(moved, moved[4:], strict=False))


# --- the owner's word ----------------------------------------------------------------------------

POLICY = effective(Policy(), "canary")
TOKEN = acknowledgement(OWNER, 8453, "canary", POLICY, "0.1.0")


@pytest.mark.parametrize(
    "changed",
    [
        acknowledgement(
            type(OWNER)("0x00000000000000000000000000000000000000bb"), 8453, "canary", POLICY, "0.1.0"
        ),
        acknowledgement(OWNER, 1, "canary", POLICY, "0.1.0"),
        acknowledgement(OWNER, 8453, "limited", POLICY, "0.1.0"),
        acknowledgement(OWNER, 8453, "canary", POLICY, "1.0.0"),
        *(
            acknowledgement(
                OWNER,
                8453,
                "canary",
                dataclasses.replace(POLICY, **{name: getattr(POLICY, name) + 1}),
                "0.1.0",
            )
            for name in LOWERED
        ),
    ],
)
def test_the_token_is_another_for_every_change(changed: str) -> None:
    """It is bound to account, chain, phase, every limit and the major version."""
    assert changed != TOKEN


def test_the_token_survives_what_it_is_not_bound_to() -> None:
    """A patch release, or a threshold that limits no money, needs no new word."""
    patient = dataclasses.replace(POLICY, min_annual_gain_usd=Usd(Decimal(1)))
    assert acknowledgement(OWNER, 8453, "canary", patient, "0.9.4") == TOKEN
    assert TOKEN.startswith("canary-")


@pytest.mark.parametrize(
    ("phase", "chain_id", "total", "given", "code"),
    [
        ("canary", 8453, 50, TOKEN, ""),
        ("canary", LOCAL_NODE, 50, TOKEN, ""),
        ("limited", LOCAL_NODE, 5000, TOKEN, ""),
        ("production", LOCAL_NODE, 100, TOKEN, ""),
        ("production", LOCAL_NODE, None, TOKEN, "total_not_set"),
        ("limited", 8453, 5000, TOKEN, "phase_not_earned"),
        ("scaled", 1, 5000, TOKEN, "phase_not_earned"),
        ("production", 8453, 100, TOKEN, "phase_not_earned"),
        ("canary", 8453, 50, "", "not_acknowledged"),
        ("canary", 8453, 50, "true", "acknowledgement_differs"),
        ("canary", 8453, 50, TOKEN.upper(), "acknowledgement_differs"),
    ],
)
def test_what_may_sign(phase: Phase, chain_id: int, total: int | None, given: str, code: str) -> None:
    """Only a phase that is earned, with a ceiling, and the very token."""
    figure = None if total is None else Usd(Decimal(total))
    policy = dataclasses.replace(POLICY, max_total_usd=figure)
    assert forbidden(phase, chain_id, policy, given, TOKEN) == code
