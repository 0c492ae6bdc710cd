"""Batches over real contracts: what is emitted moves the money exactly, also through a real Safe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.chain.lab import Lab
from tests.chain.node import Node
from tests.chain.populate import MILLION, USD
from tests.chain.rpc import RevertedError
from tests.chain.safe import Safe
from tests.chain.scenario import Scenario
from tests.flows.node_world import NodeShell
from tests.flows.test_paper_node import GAS, fresh_feeds

pytestmark = pytest.mark.chain

HELD = 250_000 * USD
STRANGER = "0x00000000000000000000000000000000DeaDBeef"
"""An account whose key nobody has: the node acts for it."""


def funded(chain: Scenario, owner: str, idle: int = 0) -> None:
    """Give an account a position in one venue, idle money, and no coin for gas."""
    chain.rpc("anvil_impersonateAccount", owner)
    chain.fund(owner, usdc=HELD + idle, wei=10**18)
    pool = chain["aave30.pool"]
    chain["usdc"].send("approve", pool.address, HELD, sender=owner)
    pool.send("supply", chain["usdc"].address, HELD, owner, 0, sender=owner)
    chain.rpc("anvil_setBalance", owner, "0x0")


def world(folder: Path, lab: Lab, node: Node, chain: Scenario, owner: str, **more: str) -> NodeShell:
    """Return a shell for an account, with aave-36 paying far more than aave-30."""
    chain.aave30.utilise(40 * MILLION, 12 * MILLION)
    chain.aave36.utilise(60 * MILLION, 50 * MILLION)
    fresh_feeds(chain)
    settings = {"MAMMON_MODE": "paper", "MAMMON_ACCOUNT": owner, **GAS, **more}
    return NodeShell(folder / "home", lab, node.url, chain, "aave-30", "aave-36", **settings)


def held(chain: Scenario, owner: str) -> tuple[int, int, int, int]:
    """Return what an account has in aave-30, in aave-36, in its wallet, and what it still allows."""
    return (
        int(chain.aave30.a_token.call("balanceOf", owner)),
        int(chain.aave36.a_token.call("balanceOf", owner)),
        chain.balance(owner),
        int(chain["usdc"].call("allowance", owner, chain["aave36.pool"].address)),
    )


def executed(chain: Scenario, owner: str, calls: list[dict[str, Any]]) -> None:
    """Send calls in the name of an account."""
    chain.rpc("anvil_setBalance", owner, hex(10**18))
    for call in calls:
        assert call["value"] == "0"
        chain.rpc.send(owner, call["to"], bytes.fromhex(call["data"][2:]))


@pytest.fixture
def shell(tmp_path: Path, lab: Lab, node: Node, chain: Scenario) -> NodeShell:
    funded(chain, STRANGER)
    return world(tmp_path, lab, node, chain, STRANGER)


def test_a_dry_run_for_any_account_says_what_then_happens(shell: NodeShell, chain: Scenario) -> None:
    """Deltas to the unit but for the interest of a block, gas no more than told; nothing moves before."""
    before = held(chain, STRANGER)
    ended = shell("rebalance", "--dry-run", "--json")
    assert ended.code == 0, ended.err
    assert "on the chain, not by the paper book" in ended.err
    assert held(chain, STRANGER) == before
    legs = ended.data["rehearsal"]["legs"]
    assert [leg["action"] for leg in legs] == ["withdraw", "approve", "deposit"]
    told = [int(leg["delta"]["raw"]) for leg in legs]
    chain.rpc("anvil_setBalance", STRANGER, hex(10**18))
    for call, leg, due in zip(ended.data["calls"], legs, told, strict=True):
        had = chain.balance(STRANGER)
        receipt = chain.rpc.send(STRANGER, call["to"], bytes.fromhex(call["data"][2:]))
        assert abs(chain.balance(STRANGER) - had - due) <= (2_000 if leg["action"] == "withdraw" else 0)
        assert int(receipt["gasUsed"], 16) <= leg["gas"] * 5 // 4


def test_emitted_calls_move_everything(shell: NodeShell, chain: Scenario) -> None:
    """All leaves, exactly what was known is deposited, later interest is idle, nothing stays allowed."""
    document = json.loads(shell("rebalance", "--emit", "calldata").out)
    terms = document["data"]["terms"]
    amount = int(terms["amount"])
    assert terms["everything"]
    assert amount == held(chain, STRANGER)[0]
    chain.warp(240)
    executed(chain, STRANGER, document["data"]["calls"])
    left, entered, idle, allowed = held(chain, STRANGER)
    assert (left, allowed) == (0, 0)
    assert amount - 2 <= entered <= amount
    assert 0 <= idle < 10 * USD


def test_emitted_calls_move_an_exact_amount(shell: NodeShell, chain: Scenario) -> None:
    """A part: to the unit out of one venue and into the other, and not one unit beside."""
    gates = shell("gates", "--from", "aave-30", "--to", "aave-36", "--amount", "100000", "--json")
    assert gates.code == 0, gates.data["refused_by"]
    document = json.loads(shell("rebalance", "-i", "-", "--emit", "calldata", piped=gates.out).out)
    assert not document["data"]["terms"]["everything"]
    executed(chain, STRANGER, document["data"]["calls"])
    left, entered, idle, allowed = held(chain, STRANGER)
    assert (idle, allowed) == (0, 0)
    assert abs(entered - 100_000 * USD) <= 2
    assert HELD - 100_000 * USD <= left < HELD - 99_990 * USD


def test_money_that_was_idle_before_stays(tmp_path: Path, lab: Lab, node: Node, chain: Scenario) -> None:
    """A batch from a venue touches nothing of the wallet's own."""
    funded(chain, STRANGER, idle=777 * USD)
    shell = world(tmp_path, lab, node, chain, STRANGER)
    gates = shell("gates", "--from", "aave-30", "--to", "aave-36", "--json")
    document = json.loads(shell("rebalance", "-i", "-", "--emit", "calldata", piped=gates.out).out)
    executed(chain, STRANGER, document["data"]["calls"])
    assert 777 * USD <= held(chain, STRANGER)[2] < 778 * USD


def test_a_real_safe_executes_the_batch(tmp_path: Path, lab: Lab, node: Node, chain: Scenario) -> None:
    """Two owners, one MultiSend: judged before the last signature, all or nothing, moved exactly."""
    safe = Safe(chain, (chain.account("alice"), chain.account("bob")))
    funded(chain, safe.address)
    shell = world(tmp_path, lab, node, chain, safe.address)
    emitted = shell("rebalance", "--emit", "safe", "--out", "batch.json", "--valid-for", "1h")
    assert emitted.code == 0, emitted.err
    batch = json.loads((shell.home / "batch.json").read_text())
    assert batch["meta"]["createdFromSafeAddress"] == safe.address
    chain.warp(600)
    fresh_feeds(chain)
    judged = shell("tx", "show", "batch.json", "--json")
    assert judged.code == 0, judged.err
    assert judged.data["rehearsal"]["passed"]
    safe.execute(batch["transactions"])
    left, entered, idle, allowed = held(chain, safe.address)
    assert (left, allowed) == (0, 0)
    assert abs(entered - int(batch["meta"]["mammon"]["amount"])) <= 2
    assert 0 <= idle < 10 * USD
    assert shell("tx", "show", "batch.json").code == 3


def test_a_real_safe_executes_the_way_home(tmp_path: Path, lab: Lab, node: Node, chain: Scenario) -> None:
    """Two venues in one MultiSend: everything comes home, to the last unit of interest, nothing is left."""
    safe = Safe(chain, (chain.account("alice"), chain.account("bob")))
    funded(chain, safe.address, idle=50_000 * USD)
    shell = world(tmp_path, lab, node, chain, safe.address)
    pool = chain["aave36.pool"]
    chain.rpc("anvil_impersonateAccount", safe.address)
    chain.rpc("anvil_setBalance", safe.address, hex(10**18))
    chain["usdc"].send("approve", pool.address, 50_000 * USD, sender=safe.address)
    pool.send("supply", chain["usdc"].address, 50_000 * USD, safe.address, 0, sender=safe.address)
    chain.warp(86_400)
    fresh_feeds(chain)
    emitted = shell("exit-all", "--emit", "safe", "--out", "home.json", "--valid-for", "1h")
    assert emitted.code == 0, emitted.err
    assert held(chain, safe.address)[2] == 0
    chain.warp(600)
    fresh_feeds(chain)
    judged = shell("tx", "show", "home.json", "--json")
    assert judged.code == 0, judged.err
    batch = json.loads((shell.home / "home.json").read_text())
    assert len(batch["transactions"]) == 2
    safe.execute(batch["transactions"])
    left, beside, idle, allowed = held(chain, safe.address)
    assert (left, beside, allowed) == (0, 0, 0)
    assert HELD + 50_000 * USD < idle < HELD + 50_200 * USD


def test_a_batch_that_cannot_finish_does_nothing(
    tmp_path: Path, lab: Lab, node: Node, chain: Scenario
) -> None:
    """Drained since: `tx show` refuses it, and a Safe that signs all the same is not moved."""
    safe = Safe(chain, (chain.account("alice"), chain.account("bob")))
    funded(chain, safe.address)
    shell = world(tmp_path, lab, node, chain, safe.address)
    assert shell("rebalance", "--emit", "safe", "--out", "batch.json").code == 0
    chain.aave30.drain(left=1000 * USD)
    fresh_feeds(chain)
    assert shell("tx", "show", "batch.json").code == 3
    before = held(chain, safe.address)
    batch = json.loads((shell.home / "batch.json").read_text())
    with pytest.raises(RevertedError) as refused:
        safe.execute(batch["transactions"])
    assert b"GS013" in refused.value.data  # the inner call failed, so all of it is undone
    after = held(chain, safe.address)
    assert after[1:] == before[1:]
    assert after[0] >= before[0]


def test_the_paper_book_has_no_say(shell: NodeShell, chain: Scenario) -> None:
    """Filled on paper the book is elsewhere; what is emitted moves what the account really holds."""
    assert shell("rebalance", "--execute", "--yes").code == 0
    rows = shell("detect-positions", "--json").data["positions"]
    assert "aave-30" not in {row["slug"] for row in rows}
    document = json.loads(shell("rebalance", "--emit", "calldata").out)
    terms = document["data"]["terms"]
    assert (terms["source"], terms["target"]) == ("aave-30", "aave-36")
    assert int(terms["amount"]) == held(chain, STRANGER)[0]


def test_code_that_changed_is_refused(shell: NodeShell, chain: Scenario) -> None:
    """The gates pass and the calls would work: what answers is no more what it was, so nothing is emitted."""
    assert shell("rebalance", "--emit", "safe", "--out", "batch.json").code == 0
    pool = chain["aave36.pool"].address
    chain.rpc("anvil_setCode", pool, chain.rpc("eth_getCode", pool, "latest") + "00")
    judged = shell("tx", "show", "batch.json", "--json")
    assert judged.code == 3, judged.err
    assert judged.data["decision"]["action"] == "move"
    found = judged.data["rehearsal"]
    assert (found["passed"], found["reason"]) == (False, "")
    assert {(one["leg"], one["code"]) for one in found["refusals"]} == {
        (1, "code_changed"),
        (2, "code_changed"),
    }
    again = shell("rebalance", "--emit", "safe", "--json")
    assert (again.code, again.document["schema"]) == (3, "mammon/plan@1")
    assert "nothing is emitted" in again.err


def test_live_rehearses_and_emits_without_a_key(
    tmp_path: Path, lab: Lab, node: Node, chain: Scenario
) -> None:
    """No signer and no acknowledgement are asked for; within the phase's ceilings it works, beyond not."""
    chain.fund(STRANGER, usdc=40 * USD)
    pays = {"MAMMON_POLICY__MIN_ANNUAL_GAIN_USD": "0", "MAMMON_POLICY__MAX_BREAK_EVEN_DAYS": "3650"}
    shell = world(tmp_path, lab, node, chain, STRANGER, MAMMON_MODE="live", **pays)
    chain.feed("eth_usd", 300 * 10**8, updated=chain.now)
    ended = shell("rebalance", "--dry-run", "--json")
    assert ended.code == 0, ended.err
    assert ended.data["rehearsal"]["passed"]
    assert calls_in(shell("rebalance", "--emit", "safe").out) == 2
    assert shell("rebalance", "--execute", "--yes").code == 5
    chain.fund(STRANGER, usdc=400 * USD)
    more = shell("gates", "--to", "aave-36", "--amount", "440", "--json")
    refused = shell("rebalance", "-i", "-", "--emit", "safe", "--json", piped=held_by(more.out))
    assert refused.code == 3
    assert "total_ceiling" in refused.data["decision"]["refused_by"]


def calls_in(text: str) -> int:
    return len(json.loads(text)["transactions"])


def held_by(text: str) -> str:
    """Return a refused decision with the plan that it was not given."""
    document = json.loads(text)
    document["data"]["plan"] = {"source": "idle", "target": "aave-36", "amount": str(440 * USD), "steps": []}
    return json.dumps(document)
