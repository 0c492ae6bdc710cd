"""A split against the naive choice, over real contracts: what was foretold, and what 30 days really paid.

Both hands have the same money in the same world. One puts all of it where the rate is best now; the other
carries out, call by call, what the program emits until it holds. Then the time passes, everything is taken
out, and the money is counted.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.chain.contract import MAX
from tests.chain.lab import Lab
from tests.chain.node import Node
from tests.chain.populate import MILLION, USD
from tests.chain.scenario import Scenario
from tests.flows.node_world import NodeShell
from tests.flows.test_keyless_node import executed
from tests.flows.test_paper_node import GAS, fresh_feeds

pytestmark = pytest.mark.chain

VENUES = ("aave-30", "aave-36", "moonwell")
MONEY = 100_000 * USD
OWNER = "0x00000000000000000000000000000000DeaDBeef"
"""An account whose key nobody has: the node acts for it."""
MONTH_S = 30 * 86_400
YEAR_S = 365 * 86_400
RULES = {
    "MAMMON_POLICY__SPLIT": "true",
    "MAMMON_POLICY__COOLDOWN": "0s",
    "MAMMON_POLICY__MAX_MOVES_PER_DAY": "12",
}


@pytest.fixture
def shell(tmp_path: Path, lab: Lab, node: Node, chain: Scenario) -> NodeShell:
    """Two small pools that pay well and thin out, beside a deep one that pays less."""
    chain.rpc("anvil_impersonateAccount", OWNER)
    chain.fund(OWNER, usdc=MONEY, wei=10**18)
    chain.aave30.utilise(12 * MILLION // 10, 103 * MILLION // 100)
    chain.aave36.utilise(12 * MILLION // 10, 102 * MILLION // 100)
    fresh_feeds(chain)
    settings = {"MAMMON_MODE": "paper", "MAMMON_ACCOUNT": OWNER, **GAS, **RULES}
    return NodeShell(tmp_path / "home", lab, node.url, chain, *VENUES, **settings)


def deposited(chain: Scenario, slug: str, amount: int) -> None:
    """Put money into a venue by hand."""
    if slug == "moonwell":
        chain["usdc"].send("approve", chain["moonwell.market"].address, amount, sender=OWNER)
        chain.moonwell.supply(amount, OWNER)
    else:
        pool = chain[f"{slug.replace('-', '')}.pool"]
        chain["usdc"].send("approve", pool.address, amount, sender=OWNER)
        pool.send("supply", chain["usdc"].address, amount, OWNER, 0, sender=OWNER)


def counted(chain: Scenario) -> int:
    """Let a month pass, take everything out, and return what the account then has."""
    chain.warp(MONTH_S)
    for aave in (chain.aave30, chain.aave36):
        if aave.a_token.call("balanceOf", OWNER):
            aave.pool.send("withdraw", chain["usdc"].address, MAX, OWNER, sender=OWNER)
    shares = int(chain["moonwell.market"].call("balanceOf", OWNER))
    if shares:
        chain.moonwell.sure("redeem", shares, sender=OWNER)
    return chain.balance(OWNER)


def month_of(apy: str | Decimal) -> Decimal:
    """Return what a yearly yield pays for a month, as a fraction."""
    return (1 + Decimal(apy)) ** (Decimal(MONTH_S) / YEAR_S) - 1


def split(shell: NodeShell, chain: Scenario) -> dict[str, Any]:
    """Carry out what is emitted until nothing is, and return the target first told."""
    judged = shell("gates", "--json")
    assert judged.code == 0, judged.err
    for _ in range(8):
        fresh_feeds(chain)
        emitted = shell("rebalance", "--emit", "calldata", "--json")
        assert emitted.code == 0, emitted.err
        document = emitted.document
        if document["schema"] == "mammon/plan@1":
            return dict(judged.data["target"])
        executed(chain, OWNER, document["data"]["calls"])
    raise AssertionError("it never came to rest")


def test_the_split_earns_what_it_foretells_and_more_than_the_best_rate(
    shell: NodeShell, chain: Scenario
) -> None:
    """$100,000 among three venues: foretold within 1 % of what is counted, and more than the naive choice."""
    scanned = shell("scan", "--amount", "100000", "--json")
    assert scanned.code == 0, scanned.err
    rows = {row["slug"]: row for row in scanned.data["markets"]}
    best = max(rows, key=lambda slug: Decimal(rows[slug]["apy"]))
    with chain.undone():
        deposited(chain, best, MONEY)
        naive = counted(chain) - MONEY
    target = split(shell, chain)
    assert sum(int(share["target"]) > 0 for share in target["shares"]) >= 2
    foretold = MONEY * month_of(target["apy"])
    earned = counted(chain) - MONEY
    thinned = MONEY * month_of(rows[best]["apy_after"])
    print(f"all in {best}: foretold {thinned / USD:.2f}, earned {Decimal(naive) / USD:.2f} USDC in 30 days")
    print(f"split: foretold {foretold / USD:.2f}, earned {Decimal(earned) / USD:.2f} USDC in 30 days")
    assert abs(earned - foretold) <= foretold / 100
    assert abs(naive - thinned) <= thinned / 100
    assert earned > naive
