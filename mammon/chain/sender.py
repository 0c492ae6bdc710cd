"""The plain sender: sign one transaction, send it, wait for its receipt.

It keeps no journal and asks no signing gate, so what dies between its steps is not recovered: the
wiring hands it to the simulated world alone. The error text of a node is never taken as evidence;
what counts is the receipt.
"""

from __future__ import annotations

from dataclasses import dataclass

from mammon.chain.jsonrpc import RpcFailure, quantity
from mammon.chain.rpc import Rpc
from mammon.core.numbers import Wei
from mammon.core.ports import Clock, Deadline, Signer
from mammon.core.transaction import Unsigned, signed, transaction_hash
from mammon.core.types import Call, Fees
from mammon.errors import OutsideError, RefusedError

GAS_MARGIN_PERCENT = 130
"""The gas limit over the node's estimate: state may move between the estimate and the block."""
POLL_S = 2.0


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mined transaction: where, and whether it did not revert."""

    hash: str
    block: int
    succeeded: bool


class Sender:
    """Send transactions of one account, one after the other."""

    def __init__(self, rpc: Rpc, signer: Signer, clock: Clock) -> None:
        self.rpc, self.signer, self.clock = rpc, signer, clock

    def send(self, call: Call, fees: Fees, deadline: Deadline) -> Receipt:
        """Sign and send one call with no value attached; return its receipt, mined and successful.

        Raises `RefusedError` when the node says that it would revert, or when it did;
        `DeadlinePassedError` when no receipt came in time: the transaction may still be mined.
        """
        unsigned = self._prepared(call, fees, deadline)
        raw = signed(unsigned, *self.signer.sign_digest(unsigned.digest()))
        wanted = transaction_hash(raw)
        self.rpc.batch([("eth_sendRawTransaction", ["0x" + raw.hex()])], deadline)
        receipt = self._awaited(wanted, deadline)
        if not receipt.succeeded:
            raise RefusedError(
                "reverted", f"transaction {wanted} was mined and reverted", "see `mammon explain`"
            )
        return receipt

    def _prepared(self, call: Call, fees: Fees, deadline: Deadline) -> Unsigned:
        me, data = self.signer.address, "0x" + call.data.hex()
        nonce, gas = self.rpc.batch(
            [
                ("eth_getTransactionCount", [me, "latest"]),
                ("eth_estimateGas", [{"from": me, "to": call.target, "data": data}, "latest"]),
            ],
            deadline,
        )
        if isinstance(nonce, RpcFailure):
            raise OutsideError("rpc", f"the nonce could not be read: {nonce.message}", "try again")
        if isinstance(gas, RpcFailure):
            raise RefusedError("would_revert", f"the call to {call.target} would revert: {gas.message}")
        limit = quantity(gas, "gas") * GAS_MARGIN_PERCENT // 100
        most = Wei(2 * fees.base_fee + fees.tip)
        chain = self.rpc.chain_id
        return Unsigned(
            chain, quantity(nonce, "nonce"), fees.tip, most, limit, call.target, Wei(0), call.data
        )

    def _awaited(self, wanted: str, deadline: Deadline) -> Receipt:
        while True:
            (found,) = self.rpc.batch([("eth_getTransactionReceipt", [wanted])], deadline)
            if isinstance(found, dict):
                return _receipt(wanted, found)
            deadline.require(f"waiting for {wanted}")
            self.clock.sleep(POLL_S)


def _receipt(wanted: str, found: dict[str, object]) -> Receipt:
    number = quantity(found.get("blockNumber"), "blockNumber")
    return Receipt(wanted, number, quantity(found.get("status"), "status") == 1)
