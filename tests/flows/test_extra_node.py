"""A venue that mammon has never heard of, a real ERC-4626 vault, added by a table in `mammon.toml` alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chain.lab import Lab
from tests.chain.node import Node
from tests.chain.populate import MILLION, USD
from tests.chain.scenario import Scenario
from tests.flows.node_world import NodeShell
from tests.flows.test_paper_node import GAS, fresh_feeds

pytestmark = pytest.mark.chain

SLUG = "example-vault"
TABLE = """\
[[markets.extra]]
slug = "{slug}"
protocol = "erc4626"
token = "USDC"
address = "{address}"
source = "the vault's documentation"
"""
LATER_S = 86_400


@pytest.fixture
def shell(tmp_path: Path, lab: Lab, node: Node, chain: Scenario) -> NodeShell:
    """A paper world whose chain file lists one market, and not the vault."""
    fresh_feeds(chain)
    return NodeShell(tmp_path / "home", lab, node.url, chain, "aave-30", MAMMON_CAPITAL_USDC="50000", **GAS)


def configured(shell: NodeShell, chain: Scenario, more: str = "") -> None:
    """Write the one file that makes the venue exist."""
    text = TABLE.format(slug=SLUG, address=chain["vault"].address)
    (shell.home / "mammon.toml").write_text(text + more)


def row(shell: NodeShell, *words: str) -> dict[str, object]:
    """Return the venue's row of a scan."""
    ended = shell("scan", SLUG, *words, "--json")
    assert ended.code == 0, ended.err
    (found,) = ended.data["markets"]
    return dict(found)


def earn(chain: Scenario, shares_of: int) -> None:
    """Let a day pass in which the vault earns one part in so many of all it has."""
    chain.warp(LATER_S)
    chain.mint("usdc", chain["vault"].address, int(chain["vault"].call("totalAssets")) // shares_of)
    fresh_feeds(chain)


def test_a_vault_is_added_looked_at_and_entered_by_configuration_alone(
    shell: NodeShell, chain: Scenario
) -> None:
    """Unknown without the table; read with it, rated a day later, then entered as far as its tier lets."""
    refused = shell("scan", SLUG)
    assert (refused.code, "no venue is named" in refused.err) == (2, True)
    configured(shell, chain, 'deposits = false\nnote = "not compared yet"\n')
    first = row(shell)
    assert (first["state"], first["reasons"], first["apy"]) == ("withdraw only", ["rate_unknown"], None)
    assert first["withdrawable"] == str(5 * MILLION)
    earn(chain, 5_000)
    second = row(shell)
    assert 0.07 < float(str(second["apy"])) < 0.08  # a five-thousandth a day
    assert second["outlook"]["exit"]["month"] == {"bound": "exact", "seconds": 0}  # type: ignore[index]
    asked = ("--from", "idle", "--to", SLUG, "--amount", "50000")
    assert shell("gates", *asked).code == 3
    configured(shell, chain)
    assert row(shell)["state"] == "open"
    # A protocol of which nothing is documented is of a low tier, and so is what may be held there.
    judged = shell("gates", *asked, "--json")
    assert judged.data["refused_by"] == ["tier_cap"]
    little = shell("gates", *asked[:-1], "5000", "--json")
    moved = shell("rebalance", "-i", "-", "--execute", "--yes", "--json", piped=little.out)
    assert moved.code == 0, moved.err
    held = {
        each["slug"]: int(each["assets"]["raw"])
        for each in shell("detect-positions", "--json").data["positions"]
    }
    assert abs(held[SLUG] - 5_000 * USD) <= 1


def test_its_curve_is_drawn_like_any_other(shell: NodeShell, chain: Scenario) -> None:
    """Thinned by new money as a fixed sum would be: half of the rate once as much again is in it."""
    configured(shell, chain)
    assert row(shell)["apy"] is None
    assert f"{SLUG}: no rate to draw" in shell("scan", SLUG, "--curve").out
    earn(chain, 5_000)
    rates = {
        int(point["deposit"]): float(point["apy"])
        for point in shell("scan", SLUG, "--curve", "--json").data["curves"][0]["points"]
    }
    assert rates[4_700_000 * USD] / rates[1_000 * USD] == pytest.approx(0.5, abs=0.03)
    drawn = shell("scan", SLUG, "--curve", "--out", "vault.svg")
    assert drawn.code == 0, drawn.err
    assert SLUG in (shell.home / "vault.svg").read_text()
