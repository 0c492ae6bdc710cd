"""Coming home from real contracts: the live world over the local node, and the paper book over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mammon.ops import killswitch
from tests.chain.lab import Lab
from tests.chain.node import Node
from tests.chain.populate import MILLION, USD
from tests.chain.scenario import Scenario
from tests.flows.node_world import NodeShell
from tests.reliability.kill_world import HELD, KillWorld, kill_world

pytestmark = pytest.mark.chain

SLUGS = ("aave-30", "aave-36", "mm-main", "vault")
EXIT = ("exit-all", "--execute", "--yes", "--json")
EACH = 400 * USD


def given(world: KillWorld, *names: str) -> None:
    """Have somebody deposit for the account."""
    chain, whale = world.chain, world.chain.account("whale")
    chain.rpc("evm_setAutomine", True)
    for name in names:
        chain.approve("usdc", whale, chain[name].address)
        chain[name].send("deposit", EACH, world.owner, sender=whale)
    chain.rpc("evm_setAutomine", False)
    world.mine(8)  # the fee history forgets what the node's own accounts tipped


def test_live_money_comes_home_without_price_phase_or_acknowledgement(lab: Lab, tmp_path: Path) -> None:
    """Aave, MetaMorpho and a plain vault, through legs, gate and journal, over one endpoint; twice is once.

    The first of them is drained but for a part: that part comes, the rest is told, exit 4.
    """
    with kill_world(lab, tmp_path, slugs=SLUGS) as world:
        del world.environment["I_UNDERSTAND_LIVE_RISK"]
        world.environment["MAMMON_PHASE"] = "production"
        world.environment["MAMMON_RPC__URLS"] = world.providers[0].url
        given(world, "vault_main", "vault")
        world.chain.rpc("evm_setAutomine", True)
        world.chain.aave30.drain(left=100 * USD)
        world.chain.feed("eth_usd", 0)
        world.chain.rpc("evm_setAutomine", False)
        world.mine(8)
        assert world.ran("rebalance", "--execute", "--yes").code == 5
        looked = world.ran("exit-all", "--dry-run", "--json")
        assert looked.code == 4, looked.err
        assert {row["slug"]: row["ready"] for row in looked.data["venues"]} == {
            "aave-30": True,
            "mm-main": True,
            "vault": True,
        }
        first = world.ran(*EXIT)
        assert first.code == 4, first.err
        rows = {row["slug"]: row for row in first.data["venues"]}
        assert 0 < int(rows["aave-30"]["brought"]["raw"]) < HELD
        for slug in ("mm-main", "vault"):
            assert int(rows[slug]["brought"]["raw"]) >= EACH - 2
            assert rows[slug]["left"]["raw"] == "0"
        world.chain.rpc("evm_setAutomine", True)
        world.chain.aave30.repay(20 * MILLION)
        world.chain.rpc("evm_setAutomine", False)
        world.mine(8)
        second = world.ran(*EXIT)
        assert second.code == 0, second.err
        assert world.money()["idle"] >= HELD + 2 * EACH - 6
        assert world.allowance() == 0
        count = world.count()
        assert world.ran(*EXIT).code == 0
        assert world.count() == count == 4


def test_a_live_drill_accounts_for_every_unit_and_needs_what_a_move_needs(lab: Lab, tmp_path: Path) -> None:
    """Each venue gives back what it took; without the acknowledgement nothing is tried."""
    with kill_world(lab, tmp_path, slugs=SLUGS) as world:
        drill = ("drill", "--part", "--execute", "--yes", "--json")
        assert world.ran(*EXIT).code == 0
        idle = world.money()["idle"]
        done = world.ran(*drill)
        rows = {row["slug"]: row for row in done.data["venues"]}
        assert {slug: row["reason"] for slug, row in rows.items() if row["passed"]} == dict.fromkeys(
            ("aave-30", "aave-36", "mm-main"), ""
        ), done.err
        assert rows["vault"]["code"] == "later"
        lost = sum(int(row["lost"]["raw"]) for row in rows.values())
        assert idle - world.money()["idle"] == lost <= 6
        assert world.allowance() == 0
        del world.environment["I_UNDERSTAND_LIVE_RISK"]
        count = world.count()
        assert world.ran(*drill).code == 5
        assert world.count() == count


# --- paper ---------------------------------------------------------------------------------------


@pytest.fixture
def shell(tmp_path: Path, lab: Lab, node: Node, chain: Scenario) -> NodeShell:
    chain.feed("eth_usd", 3000 * 10**8, updated=chain.now)
    chain.feed("usdc_usd", 10**8, updated=chain.now)
    slugs = ("aave-30", "aave-36")
    gas = {"MAMMON_POLICY__MAX_GAS_USD": "20"}
    return NodeShell(tmp_path / "home", lab, node.url, chain, *slugs, MAMMON_MODE="paper", **gas)


def invested(shell: NodeShell, chain: Scenario) -> None:
    """Have the paper book's money in aave-36."""
    chain.aave36.utilise(60 * MILLION, 50 * MILLION)
    assert shell("rebalance", "--execute", "--yes").code == 0


def test_a_paper_book_comes_home(shell: NodeShell, chain: Scenario) -> None:
    """By a fill, to the unit, its gas paid, also without a price of gas in dollars; twice is once."""
    invested(shell, chain)
    chain.feed("eth_usd", 0, updated=1)
    looked = shell("exit-all", "--json")
    assert (looked.code, looked.data["venues"][0]["ready"]) == (0, None), looked.err
    done = shell(*EXIT)
    (row,) = done.data["venues"]
    assert (done.code, row["transactions"], row["left"]["raw"]) == (0, [], "0"), done.err
    assert row["gas"] != "0"
    assert done.data["idle"]["raw"] == row["brought"]["raw"]
    again = shell(*EXIT)
    assert (again.code, again.data["venues"], again.data["idle"]) == (0, [], done.data["idle"])


def test_a_stop_is_asked_about_on_paper_too(shell: NodeShell, chain: Scenario) -> None:
    """The kill switch holds the book; a halt lets a person bring it home, and no drill in."""
    invested(shell, chain)
    switch = shell.home / killswitch.NAME
    switch.touch()
    assert shell(*EXIT).code == 5
    switch.unlink()
    assert shell("halt").code == 0
    assert shell("drill", "--execute", "--yes").code == 5
    assert shell(*EXIT).code == 0


def test_a_paper_drill_is_a_fill_and_back(shell: NodeShell, chain: Scenario) -> None:
    """Both venues pass; the book has what it had, and no move was counted."""
    done = shell("drill", "--execute", "--yes", "--json")
    assert done.code == 0, done.err
    assert [row["passed"] for row in done.data["venues"]] == [True, True]
    idle = shell("exit-all", "--json").data["idle"]
    assert idle["raw"] == "10000000000"
    invested(shell, chain)
