"""The hooks that faults will use: changes from outside, and reorganisations."""

from __future__ import annotations

import pytest

from mammon.core.numbers import Wei
from mammon.core.types import Call
from mammon.sim.chain import StateUnavailableError
from mammon.sim.contracts.machine import Frame
from mammon.sim.node import SimNode
from tests.sim.lab import Lab, RpcRefusalError, succeeded


def test_a_change_happens_in_its_block_and_stays() -> None:
    """Until the block the state is as it was; from it on as changed, in old state as well."""
    lab = Lab()
    pool, _ = lab.chain.deployed.pools["aave-v3"]
    due = lab.chain.head + 40

    def freeze(frame: Frame) -> None:
        frame.storage.put(pool.key("frozen"), True)

    lab.chain.intervene(due, freeze)
    lab.clock.sleep(78)
    assert lab.state("aave-v3").closed == ()
    lab.clock.sleep(2)
    assert lab.state("aave-v3").closed == ("frozen",)
    lab.clock.sleep(1_000)
    assert lab.chain.state(due - 1).get(pool.key("frozen")) == 0
    assert lab.chain.state(due).get(pool.key("frozen")) is True
    with pytest.raises(ValueError, match="there already"):
        lab.chain.intervene(lab.chain.head, freeze)


def test_a_reorganisation_undoes_what_was_mined() -> None:
    """Receipt, transaction and count go back as if nothing had been sent; the hashes are others."""
    lab = Lab()
    lab.clock.sleep(10)
    receipts = lab.supply("aave-v3", 5_000_000)
    assert succeeded(receipts)
    lab.clock.sleep(4)
    head, held = lab.chain.head, lab.chain.block_hash(lab.chain.head - 3)
    dropped = lab.chain.reorganise(3)
    assert [entry.hash for entry in dropped] == [receipt["transactionHash"] for receipt in receipts]
    assert lab.chain.head == head
    assert lab.chain.block_hash(head - 3) == held
    assert lab.ask("eth_getBlockByHash", receipts[0]["blockHash"], False) is None
    for receipt in receipts:
        assert lab.ask("eth_getTransactionReceipt", receipt["transactionHash"]) is None
        assert lab.ask("eth_getTransactionByHash", receipt["transactionHash"]) is None
    assert lab.ask("eth_getTransactionCount", lab.owner, "latest") == "0x0"
    assert lab.usdc() == 10_000_000_000
    assert lab.ether() == 5 * 10**16
    assert lab.position("aave-v3").shares == 0


def test_what_was_undone_can_be_sent_again() -> None:
    """The same bytes are accepted once more and mined in a later block."""
    lab = Lab()
    receipts = lab.supply("aave-v3", 5_000_000)
    for entry in lab.chain.reorganise(1):
        lab.ask("eth_sendRawTransaction", "0x" + entry.raw.hex())
    lab.clock.sleep(2)
    again = [lab.ask("eth_getTransactionReceipt", receipt["transactionHash"]) for receipt in receipts]
    assert succeeded(again)
    assert again[0]["blockHash"] != receipts[0]["blockHash"]
    assert lab.position("aave-v3").assets in (4_999_998, 4_999_999, 5_000_000)


def test_a_reorganisation_over_an_epochs_start_repeats_the_crowds_move() -> None:
    """The crowd is a function of seed and time: without us, the state after is the state before."""
    lab = Lab()
    lab.clock.sleep(304)
    before = dict(lab.chain.slots)
    lab.chain.reorganise(10)
    assert lab.chain.slots == before
    with pytest.raises(StateUnavailableError):
        lab.chain.reorganise(5_000)


class Lagging(SimNode):
    """An endpoint five blocks behind."""

    def head(self) -> int:
        """Return the head of ten seconds ago."""
        return super().head() - 5


def test_an_endpoint_can_lag_behind_the_others() -> None:
    """A node that overrides its head knows nothing of later blocks, receipts and counts."""
    lab = Lab()
    behind = Lab(world=lab.world)
    behind.node = Lagging(lab.world, "behind")
    receipt = lab.supply("aave-v3", 1_000_000)[0]
    assert int(behind.ask("eth_blockNumber"), 16) == lab.chain.head - 5
    assert behind.ask("eth_getTransactionReceipt", receipt["transactionHash"]) is None
    assert behind.ask("eth_getTransactionByHash", receipt["transactionHash"]) is None
    assert behind.ask("eth_getBlockByHash", receipt["blockHash"], False) is None
    assert behind.ask("eth_getTransactionCount", lab.owner, "latest") == "0x0"
    assert behind.ask("eth_getLogs", {"fromBlock": hex(lab.chain.head - 10), "toBlock": "latest"}) == []
    with pytest.raises(RpcRefusalError, match="header not found"):
        behind.ask("eth_getBalance", lab.owner, hex(lab.chain.head))
    lab.clock.sleep(10)
    assert behind.ask("eth_getTransactionReceipt", receipt["transactionHash"]) == receipt


def test_a_surge_makes_blocks_dear() -> None:
    """Base fee and data fee rise by what is asked, in headers and receipts alike."""
    lab, calm = Lab(), Lab()
    lab.chain.surge = lambda _number: (50, 100)
    nothing = Call(lab.owner, b"")
    dear, cheap = (one.mined([nothing], gas=21_000, max_fee=Wei(10**10))[0] for one in (lab, calm))
    price = int(dear["effectiveGasPrice"], 16) - 10**6
    assert price == 50 * (int(cheap["effectiveGasPrice"], 16) - 10**6)
    assert price == int(lab.ask("eth_getBlockByNumber", "latest", False)["baseFeePerGas"], 16)
    assert int(dear["l1Fee"], 16) // 100 == int(cheap["l1Fee"], 16)


def test_blocks_can_come_without_transactions() -> None:
    """While nothing is included time goes on and the pool waits; afterwards it is mined at once."""
    lab = Lab()
    lab.chain.includes = False
    waiting = lab.send(Call(lab.owner, b""))
    lab.clock.sleep(3_600)
    assert lab.ask("eth_getTransactionReceipt", waiting) is None
    assert lab.ask("eth_getTransactionCount", lab.owner, "pending") == "0x1"
    lab.chain.includes = True
    lab.clock.sleep(2)
    assert int(lab.ask("eth_getTransactionReceipt", waiting)["blockNumber"], 16) == lab.chain.head
