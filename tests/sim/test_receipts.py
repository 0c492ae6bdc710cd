"""Receipts, transactions and logs as the real endpoints give them."""

from __future__ import annotations

import pytest

from mammon.core.types import All
from mammon.protocols.abi import aave_v3, erc20, erc4626
from mammon.protocols.registry import VENUES
from tests.sim.lab import SLUGS, Lab, RpcRefusalError, succeeded

FIELDS = {
    "type", "from", "to", "status", "gasUsed", "cumulativeGasUsed", "effectiveGasPrice", "contractAddress",
    "logsBloom", "logs", "l1Fee", "l1GasPrice", "l1BlobBaseFee", "l1BaseFeeScalar", "l1BlobBaseFeeScalar",
    "operatorFeeScalar", "operatorFeeConstant", "blockNumber", "blockHash", "transactionHash",
    "transactionIndex",
}  # fmt: skip


def topic(address: str) -> str:
    """Return an address as it stands in a topic."""
    return "0x" + "00" * 12 + address[2:].lower()


def test_a_receipt_has_the_fields_of_an_op_stack_chain() -> None:
    """Everything that accounting needs is there, and adds up over the block."""
    lab = Lab()
    receipts = lab.supply("aave-v3", 1_000_000)
    assert succeeded(receipts)
    assert all(set(receipt) == FIELDS for receipt in receipts)
    used = [int(receipt["gasUsed"], 16) for receipt in receipts]
    assert [int(receipt["cumulativeGasUsed"], 16) for receipt in receipts] == [used[0], sum(used)]
    header = lab.ask("eth_getBlockByNumber", receipts[0]["blockNumber"], False)
    assert header["hash"] == receipts[0]["blockHash"]
    assert header["transactions"] == [receipt["transactionHash"] for receipt in receipts]
    full = lab.ask("eth_getBlockByHash", header["hash"], True)["transactions"]
    assert [entry["hash"] for entry in full] == header["transactions"]
    assert full[1]["blockHash"] == header["hash"]


@pytest.mark.parametrize("slug", SLUGS)
def test_gas_is_within_the_chain_files_figures(slug: str) -> None:
    """What the chain file plans for a step is at least what it takes, and not much more."""
    lab = Lab()
    figures = {(row.protocol, row.action): row.units for row in lab.file.gas_units}
    protocol = lab.market(slug).protocol
    receipts = lab.supply(slug, 9_876_543_210)
    receipts.append(lab.withdraw(slug, All(lab.position(slug).shares)))
    actions = (("erc20", "approve"), (protocol, "deposit"), (protocol, "withdraw_all"))
    for receipt, action in zip(receipts, actions, strict=True):
        assert 0.97 * figures[action] < int(receipt["gasUsed"], 16) <= figures[action], action


def test_a_deposits_events_tell_what_happened() -> None:
    """The transfer of the asset, the mint of the claim and the venue's own event are all in the receipt."""
    lab = Lab()
    amount = 7_000_000
    _, receipt = lab.supply("aave-v3", amount)
    found = {(log["address"], log["topics"][0]): log for log in receipt["logs"]}
    pool, token = lab.market("aave-v3").id.address, lab.file.token("USDC").address
    moved = found[token.lower(), "0x" + erc20.TRANSFER_TOPIC.hex()]
    assert moved["topics"][1] == topic(lab.owner)
    assert int(moved["data"], 16) == amount
    supplied = found[pool.lower(), "0x" + aave_v3.SUPPLY_TOPIC.hex()]
    assert supplied["topics"][1:3] == [topic(token), topic(lab.owner)]
    assert [int(log["logIndex"], 16) for log in receipt["logs"]] == list(range(1, 5))


def test_a_vaults_events_tell_what_happened() -> None:
    """`Deposit` and `Withdraw` carry assets and shares, which are what the wallet then holds."""
    lab = Lab()
    _, receipt = lab.supply("gauntlet-usdc", 5_000_000)
    deposit = next(log for log in receipt["logs"] if log["topics"][0] == "0x" + erc4626.DEPOSIT_TOPIC.hex())
    shares = lab.position("gauntlet-usdc").shares
    assert int(deposit["data"][2:66], 16) == 5_000_000
    assert int(deposit["data"][66:], 16) == shares
    receipt = lab.withdraw("gauntlet-usdc", All(shares))
    out = next(log for log in receipt["logs"] if log["topics"][0] == "0x" + erc4626.WITHDRAW_TOPIC.hex())
    assert int(out["data"][2:66], 16) == lab.usdc() - (10_000_000_000 - 5_000_000)


def test_a_reverted_transaction_pays_and_changes_nothing_else() -> None:
    """Status 0, no logs, the fee gone, the nonce used, the allowance kept."""
    lab = Lab()
    approve, deposit = lab.supply("aave-v3", 20_000_000_000)
    assert (approve["status"], deposit["status"]) == ("0x1", "0x0")
    assert deposit["logs"] == []
    assert lab.usdc() == 10_000_000_000
    assert lab.ether() < 5 * 10**16
    assert int(lab.ask("eth_getTransactionCount", lab.owner, "latest"), 16) == 2


def test_too_little_gas_costs_all_of_it() -> None:
    """A gas limit between the base and what the code takes is used up, without a reason."""
    lab = Lab()
    approve = VENUES["aave_v3"].supply(lab.market("aave-v3"), 1_000_000, lab.owner)[0]
    (receipt,) = lab.mined([approve], gas=30_000)
    assert (receipt["status"], int(receipt["gasUsed"], 16)) == ("0x0", 30_000)


def test_logs_are_found_by_address_topic_and_range() -> None:
    """Filters select by emitter, by topic at its place, by range and by block hash."""
    lab = Lab()
    start = lab.chain.head
    _, receipt = lab.supply("aave-v3", 1_000_000)
    token = lab.file.token("USDC").address
    transfer = "0x" + erc20.TRANSFER_TOPIC.hex()
    window = {"fromBlock": hex(start), "toBlock": "latest"}
    everything = lab.ask("eth_getLogs", window)
    assert len(everything) == 5
    mine = lab.ask("eth_getLogs", {**window, "address": token, "topics": [transfer, topic(lab.owner)]})
    assert [log["transactionHash"] for log in mine] == [receipt["transactionHash"]]
    assert lab.ask("eth_getLogs", {**window, "topics": [transfer, None, topic(lab.owner)]})
    assert lab.ask("eth_getLogs", {"blockHash": receipt["blockHash"]}) == everything
    assert lab.ask("eth_getLogs", {**window, "topics": [[transfer, transfer], None, [topic(token)]]}) == []
    assert lab.ask("eth_getLogs", {**window, "address": [lab.owner]}) == []
    lab.clock.sleep(20)
    assert lab.ask("eth_getLogs", {"fromBlock": "latest"}) == []


def test_a_log_filter_with_hash_and_range_is_refused() -> None:
    """As the common client does."""
    lab = Lab()
    head = lab.ask("eth_getBlockByNumber", "latest", False)["hash"]
    with pytest.raises(RpcRefusalError, match="cannot specify both"):
        lab.ask("eth_getLogs", {"blockHash": head, "fromBlock": "latest"})
