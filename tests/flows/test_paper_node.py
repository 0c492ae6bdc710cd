"""The paper world over real protocol contracts: detected, judged, planned, refused, held, recovered."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from mammon.cli.worlds import NOBODY
from mammon.state.opening import Identity
from mammon.state.store import Store
from tests.chain.contract import MAX
from tests.chain.lab import Lab
from tests.chain.node import Node, loaded
from tests.chain.populate import MILLION, USD
from tests.chain.scenario import Scenario
from tests.flows.node_world import NodeShell

pytestmark = pytest.mark.chain

HELD = 250_000 * USD
WORLD = Identity("paper", 8453, NOBODY)
GAS = {"MAMMON_POLICY__MAX_GAS_USD": "20", "MAMMON_POLICY__MAX_GAS_DAY_USD": "1000"}
"""The node's own accounts tip a gwei, a thousand times what Base asks."""


@pytest.fixture
def owner(chain: Scenario) -> str:
    """An account that really holds a position in one venue and nothing else."""
    account = chain.account("alice")
    chain.fund(account, usdc=HELD, wei=10**18)
    chain.approve("usdc", account, chain["aave30.pool"].address)
    chain.aave30.supply(HELD, account)
    return account


@pytest.fixture
def shell(tmp_path: Path, lab: Lab, node: Node, chain: Scenario, owner: str) -> NodeShell:
    fresh_feeds(chain)
    return NodeShell(
        tmp_path / "home",
        lab,
        node.url,
        chain,
        "aave-30",
        "aave-36",
        MAMMON_MODE="paper",
        MAMMON_ACCOUNT=owner,
        **GAS,
    )


def fresh_feeds(chain: Scenario) -> None:
    """Let the price feeds say what they say as of now."""
    chain.feed("eth_usd", 3000 * 10**8, updated=chain.now)
    chain.feed("usdc_usd", 10**8, updated=chain.now)


def better(chain: Scenario) -> None:
    """Make aave-36 pay much more than aave-30, with plenty of cash left in it."""
    chain.aave30.utilise(40 * MILLION, 12 * MILLION)
    chain.aave36.utilise(60 * MILLION, 50 * MILLION)


def test_a_better_rate_is_detected_judged_and_planned_exactly(
    shell: NodeShell, chain: Scenario, owner: str
) -> None:
    """The position is found, the move passes every gate, and the plan withdraws and deposits all of it."""
    better(chain)
    positions = shell("detect-positions", "--json")
    assert positions.code == 0, positions.err
    held = {row["slug"]: int(row["assets"]["raw"]) for row in positions.data["positions"]}
    assert held["aave-30"] == int(chain.aave30.a_token.call("balanceOf", owner))
    gates = shell("gates", "--json")
    assert (gates.code, gates.data["action"]) == (0, "move"), gates.data["refused_by"]
    assert all(verdict["passed"] for verdict in gates.data["chosen"]["verdicts"])
    plan = shell("rebalance", "-i", "-", "--plan-only", "--json", piped=gates.out)
    assert plan.code == 0, plan.err
    steps = plan.data["decision"]["plan"]["steps"]
    assert [(step["action"], step["slug"]) for step in steps] == [
        ("withdraw", "aave-30"),
        ("approve", "aave-36"),
        ("deposit", "aave-36"),
    ]
    assert steps[0]["everything"]
    assert {int(step["amount"]) for step in steps} == {held["aave-30"]}


def test_the_planned_calls_do_what_they_say(shell: NodeShell, chain: Scenario, owner: str) -> None:
    """Sent as they stand by the account itself, the planned calls move the money and leave no allowance."""
    better(chain)
    plan = shell("rebalance", "--plan-only", "--json").data
    amount = int(plan["decision"]["plan"]["amount"])
    for call in plan["calls"]:
        chain.rpc.send(owner, call["to"], bytes.fromhex(call["data"][2:]))
    assert int(chain.aave30.a_token.call("balanceOf", owner)) == 0
    assert abs(int(chain.aave36.a_token.call("balanceOf", owner)) - amount) <= 2
    assert int(chain["usdc"].call("allowance", owner, chain["aave36.pool"].address)) == 0


def test_a_drained_venue_is_refused_by_the_right_gate(shell: NodeShell, chain: Scenario) -> None:
    """With its liquidity gone the better venue pays even more, and is refused for both: exit 3."""
    better(chain)
    chain.aave36.drain(left=1000 * USD)
    refused = shell("gates", "--json")
    assert refused.code == 3
    assert refused.data["action"] == "hold"
    assert refused.data["refused_by"] == ["bait", "exit_liquidity"]
    assert shell("rebalance", "--execute", "--yes").code == 3
    assert shell("detect-positions", "--json").data["positions"][1]["slug"] == "aave-30"


def test_with_no_better_venue_it_holds(shell: NodeShell, chain: Scenario) -> None:
    """In the best place already: hold, exit 0, nothing refused."""
    chain.aave30.utilise(40 * MILLION, 34 * MILLION)
    chain.aave36.utilise(60 * MILLION, 20 * MILLION)
    held = shell("gates", "--json")
    assert (held.code, held.data["action"], held.data["refused_by"]) == (0, "hold", [])


def test_a_fill_on_paper_moves_nothing_real(shell: NodeShell, chain: Scenario, owner: str) -> None:
    """`--execute` in paper fills the book; the chain's balances stay, and the next look shows the book."""
    better(chain)
    before = int(chain.aave30.a_token.call("scaledBalanceOf", owner))
    done = shell("rebalance", "--execute", "--yes", "--json")
    assert done.code == 0, done.err
    assert done.data["outcome"]["transactions"] == []
    assert int(chain.aave30.a_token.call("scaledBalanceOf", owner)) == before
    rows = {row["slug"]: row for row in shell("detect-positions", "--json").data["positions"]}
    assert "aave-30" not in rows
    assert int(rows["aave-36"]["assets"]["raw"]) == int(done.data["outcome"]["entered"])


def test_a_capital_without_an_account_is_judged_too(
    tmp_path: Path, lab: Lab, node: Node, chain: Scenario, shell: NodeShell
) -> None:
    """Without an account the book begins from the capital, idle."""
    better(chain)
    anonymous = NodeShell(
        tmp_path / "b", lab, node.url, chain, "aave-30", "aave-36", MAMMON_CAPITAL_USDC="50000", **GAS
    )
    moved = anonymous("rebalance", "--execute", "--yes", "--json")
    assert moved.code == 0, moved.err
    assert moved.data["outcome"]["source"] == "idle"
    assert int(moved.data["outcome"]["entered"]) == 50_000 * USD


def test_the_steady_scan_is_one_request(shell: NodeShell) -> None:
    """P5: once the hints are learnt, all markets, prices, fees and holdings come in one request."""
    for _ in range(2):
        scan = shell("scan", "--json")
    assert scan.data["requests"] == 1


def test_the_loop_follows_rates_that_move(shell: NodeShell, chain: Scenario) -> None:
    """Rates change on-chain between cycles: the loop moves when it pays, then holds, and books agree."""
    better(chain)
    rounds = iter(range(10))

    def between(seconds: float) -> None:
        chain.mine_at(chain.now + int(seconds))
        fresh_feeds(chain)
        if next(rounds) == 1:
            chain.aave36.repay(MAX)  # nobody borrows there any more: the rate falls to nothing
            chain.aave30.utilise(40 * MILLION, 34 * MILLION)

    shell.clock.between = between
    ended = shell("run", "--execute", "--yes", "--cycles", "5", "--interval", "1h", "--json")
    assert ended.code == 0, ended.err
    cycles = [json.loads(line)["data"] for line in ended.out.splitlines()]
    assert len(cycles) == 5
    moves = [(entry["outcome"]["source"], entry["outcome"]["target"]) for entry in cycles if entry["outcome"]]
    assert moves == [("aave-30", "aave-36"), ("aave-36", "aave-30")]


def test_the_node_dies_and_the_loop_goes_on(tmp_path: Path, lab: Lab) -> None:
    """Show 3: the node is killed during the run: that cycle is recorded as failed, the next ones work."""
    running = [loaded(lab.state, lab.timestamp)]
    try:
        chain = Scenario(lab, running[0].rpc)
        fresh_feeds(chain)
        better(chain)
        shell = NodeShell(tmp_path / "home", lab, running[0].url, chain, "aave-30", "aave-36", **GAS)
        waits = iter(range(10))

        def between(seconds: float) -> None:
            if seconds < 60:
                return  # a pause between attempts, not between cycles
            number = next(waits)
            if number == 1:
                saved = gzip.decompress(bytes.fromhex(chain.rpc("anvil_dumpState")[2:]))
                (tmp_path / "state.json").write_bytes(saved)
                shell.clock.fixed = chain.now + 1
                running[0].stop()
            elif number == 2:
                running[0] = loaded(tmp_path / "state.json", shell.clock.fixed, running[0].port)
                shell.clock.scenario, shell.clock.fixed = Scenario(lab, running[0].rpc), 0
                fresh_feeds(shell.clock.scenario)

        shell.clock.between = between
        ended = shell("run", "--execute", "--yes", "--cycles", "5", "--interval", "1h", "--json")
    finally:
        running[0].stop()
    assert ended.code == 0, ended.err
    cycles = [json.loads(line) for line in ended.out.splitlines()]
    assert [entry["data"]["action"] for entry in cycles] == ["move", "hold", "failed", "hold", "hold"]
    assert cycles[2]["errors"][0]["code"] != ""
    with Store.readonly(next((tmp_path / "home").glob("paper-*")), WORLD) as store:
        assert [row.outcome for row in store.cycles.page()] == ["hold", "hold", "failed", "hold", "moved"]
