"""Laws of what a move costs: few requests, and an estimate that receipts bear out."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from mammon.core.costs import Action, Cost, cost_of
from mammon.core.numbers import Fraction
from mammon.core.policy import Policy
from mammon.core.types import GasUnits
from tests.chain_acting.desk import Desk

WHOLE = 10_000 * 10**6


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "world")


def test_p8_two_requests_before_a_receipt(desk: Desk) -> None:
    """P8: one request reads and rehearses, one sends; the same for every leg."""
    asked: list[set[str]] = []
    node, real = desk.nodes[0], desk.nodes[0].exchange

    def exchange(body: bytes, deadline: Any) -> bytes:
        calls = json.loads(body)
        asked.append({call["method"] for call in (calls if isinstance(calls, list) else [calls])})
        return real(body, deadline)

    node.exchange = exchange  # type: ignore[method-assign]
    desk.legs.execute(desk.decision("idle", "aave-v3"))
    sends = [place for place, methods in enumerate(asked) if "eth_sendRawTransaction" in methods]
    assert len(sends) == 2
    for place in sends:
        assert "eth_simulateV1" in asked[place - 1]
        assert "eth_simulateV1" not in asked[place - 2]


@pytest.mark.parametrize("target", ["steakhouse-usdc", "plain-vault", "aave-fork"])
def test_an_estimate_from_receipts_is_within_a_tenth(target: str, desk: Desk) -> None:
    """D18, row 18: once each leg was measured, what is expected is what is paid, the L1 data fee included."""
    part = 1_000 * 10**6
    desk.legs.execute(desk.decision("idle", "aave-v3"))
    desk.legs.execute(desk.decision("aave-v3", target, part))  # measures every leg
    decision = desk.decision("aave-v3", target, part)
    measured = {(row.protocol, row.action): row for row in desk.store.gas.all()}
    table = tuple(measured.get((row.protocol, row.action), row) for row in decision.snapshot.gas_units)
    snapshot = dataclasses.replace(decision.snapshot, gas_units=table)
    protocol = next(step.protocol for step in decision.plan.steps if step.action == "deposit")  # type: ignore[union-attr]
    legs = [Action("aave_v3", "withdraw"), Action("erc20", "approve"), Action(protocol, "deposit")]
    expected = cost_of(legs, snapshot, Fraction(Policy().price_margin))
    assert isinstance(expected, Cost)
    assert expected.l1 > 0
    paid = desk.legs.execute(decision).gas
    assert abs(expected.wei - paid) * 10 <= paid


def test_every_leg_refines_the_table(desk: Desk) -> None:
    """A receipt's gas takes the place of the planning figure, under the action it was for."""
    desk.legs.execute(desk.decision("idle", "aave-v3"))
    desk.legs.execute(desk.decision("aave-v3", "plain-vault"))
    measured: dict[tuple[str, str], GasUnits] = {
        (row.protocol, row.action): row for row in desk.store.gas.all()
    }
    assert set(measured) == {
        ("erc20", "approve"),
        ("aave_v3", "deposit"),
        ("aave_v3", "withdraw_all"),
        ("erc4626", "deposit"),
    }
    assert measured["erc20", "approve"].samples == 2
