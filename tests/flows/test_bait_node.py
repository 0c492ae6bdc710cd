"""Show 3 over real protocol contracts: the best-looking rate is bait and refused, a healthy riser is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.chain.lab import Lab
from tests.chain.node import Node
from tests.chain.populate import MILLION, USD
from tests.chain.scenario import Scenario
from tests.flows.node_world import NodeShell
from tests.flows.test_paper_node import GAS, fresh_feeds

pytestmark = pytest.mark.chain

CAPITAL = 10_000
LEFT = 60_000 * USD
"""In a market of sixty millions: 99.9 % is lent, and six times our money could still leave."""


@pytest.fixture
def shell(tmp_path: Path, lab: Lab, node: Node, chain: Scenario) -> NodeShell:
    """A paper account of ten thousand dollars in the wallet, before two quiet venues."""
    chain.aave30.utilise(40 * MILLION, 24 * MILLION)
    chain.aave36.utilise(60 * MILLION, 30 * MILLION)
    fresh_feeds(chain)
    home = tmp_path / "home"
    return NodeShell(
        home, lab, node.url, chain, "aave-30", "aave-36", MAMMON_CAPITAL_USDC=str(CAPITAL), **GAS
    )


def watched(shell: NodeShell, chain: Scenario) -> None:
    """Let the account look twice, ten minutes and more apart, and then let some time pass."""
    for _ in range(2):
        assert shell("scan").code == 0
        chain.warp(660)
        fresh_feeds(chain)


def verdicts(data: dict[str, Any], slug: str) -> dict[str, dict[str, Any]]:
    """Return every gate's verdict on one venue."""
    (found,) = [judged for judged in data["venues"] if judged["move"]["target"] == slug]
    return {verdict["gate"]: verdict for verdict in found["verdicts"]}


def rate(shell: NodeShell, slug: str) -> float:
    """Return what a venue pays now."""
    (row,) = [row for row in shell("scan", "--json").data["markets"] if row["slug"] == slug]
    return float(row["apy"])


def test_a_venue_drained_to_the_last_thousandth_is_refused_by_its_code(
    shell: NodeShell, chain: Scenario
) -> None:
    """At 99.9 % it pays by far the most, a new home and a watchful one refuse it by `bait` alone."""
    chain.aave36.drain(left=LEFT)
    cold = shell("gates", "--to", "aave-36", "--json")
    assert (cold.code, cold.data["refused_by"]) == (3, ["bait"]), cold.err
    found = verdicts(cold.data, "aave-36")["bait"]
    assert (found["detail"], found["limit"]) == ("nearly_all_lent", "0.98")
    assert 0.9989 < float(found["measured"]) < 0.9991
    own = shell("gates", "--json")
    assert (own.code, own.data["chosen"]["move"]["target"]) == (0, "aave-30"), own.data["refused_by"]
    assert rate(shell, "aave-36") > 3 * rate(shell, "aave-30")
    watched(shell, chain)
    warm = shell("gates", "--to", "aave-36", "--json")
    assert (warm.code, warm.data["refused_by"]) == (3, ["bait"])
    told = shell("gates", "--to", "aave-36")
    assert "bait" in told.out
    assert "nearly_all_lent" in told.out


def test_a_rate_that_rose_with_nearly_all_lent_is_refused_by_who_saw_it_rise(
    shell: NodeShell, chain: Scenario
) -> None:
    """At 97 % the level alone is no reason; that it was 50 % an hour ago, and the rate risen, is one."""
    watched(shell, chain)
    chain.aave36.drain(left=30 * LEFT)
    refused = shell("gates", "--to", "aave-36", "--json")
    assert (refused.code, refused.data["refused_by"]) == (3, ["bait"]), refused.err
    found = verdicts(refused.data, "aave-36")["bait"]
    assert found["detail"] == "nearly_all_lent"
    assert float(found["measured"]) > 2 * float(found["limit"])


def test_at_97_percent_a_new_home_says_that_it_has_no_history(shell: NodeShell, chain: Scenario) -> None:
    """Nothing is claimed of a slope that nobody saw."""
    chain.aave36.drain(left=30 * LEFT)
    passed = shell("gates", "--to", "aave-36", "--json")
    found = verdicts(passed.data, "aave-36")["bait"]
    assert (passed.code, found["passed"], found["detail"]) == (0, True, "no_history")


def test_a_healthy_riser_is_taken(shell: NodeShell, chain: Scenario) -> None:
    """Its rate more than doubled, with lending below the kink: the money goes there."""
    watched(shell, chain)
    before = rate(shell, "aave-36")
    chain.aave36.utilise(60 * MILLION, 51 * MILLION)
    risen = shell("gates", "--json")
    assert risen.code == 0, risen.data["refused_by"]
    assert (risen.data["action"], risen.data["chosen"]["move"]["target"]) == ("move", "aave-36")
    found = verdicts(risen.data, "aave-36")
    assert (found["bait"]["passed"], found["bait"]["detail"]) == (True, "rose")
    assert found["earned"]["passed"]
    assert rate(shell, "aave-36") > 2 * before


def test_the_index_of_a_real_venue_earns_its_rate(shell: NodeShell, chain: Scenario) -> None:
    """Own computation against growth: over ten minutes of real accrual both venues' figures meet."""
    watched(shell, chain)
    judged = shell("gates", "--json").data
    for slug in ("aave-30", "aave-36"):
        found = verdicts(judged, slug)["earned"]
        assert found["passed"]
        assert found["detail"] == ""
        assert abs(float(found["measured"]) - rate(shell, slug)) < 0.0005
