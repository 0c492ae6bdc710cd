"""An endpoint of the simulated chain: JSON-RPC as the common client answers it, without a socket.

It implements the `Transport` port. Answering takes no time; blocks come only when the world's clock
moves. A test or a fault harness wraps `exchange`, or replaces one entry of `methods`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from mammon.core.canonical import check_depth
from mammon.core.ports import Deadline
from mammon.core.types import Address
from mammon.errors import MalformedError
from mammon.sim import processes, wire
from mammon.sim.addresses import CHAIN_ID
from mammon.sim.chain import StateUnavailableError
from mammon.sim.contracts.machine import Environment, Frame, Storage
from mammon.sim.execution import Mined, Outcome, gas_needed, native, nonce, run
from mammon.sim.logs import matching
from mammon.sim.mempool import PoolRefusalError
from mammon.sim.processes import FIRST_BLOCK
from mammon.sim.simulate import simulated
from mammon.sim.wire import CallRequest, Hex, Json, RpcError, invalid
from mammon.sim.world import SimWorld

SAFE_LAG = 60
FINALIZED_LAG = 600
_MAX_BATCH = 1_000
_MAX_HISTORY = 1_024

Method = Callable[[Sequence[Json]], Json]


class SimNode:
    """Answer JSON-RPC for one world. Several nodes may share a world."""

    def __init__(self, world: SimWorld, name: str = "simulated") -> None:
        self.world, self._name = world, name
        self.methods: dict[str, Method] = {
            "eth_chainId": lambda _: hex(CHAIN_ID),
            "net_version": lambda _: str(CHAIN_ID),
            "web3_clientVersion": lambda _: "mammon/simulated",
            "eth_syncing": lambda _: False,
            "eth_blockNumber": lambda _: hex(self.head()),
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getBlockByHash": self._block_by_hash,
            "eth_call": self._call,
            "eth_estimateGas": self._estimate_gas,
            "eth_simulateV1": lambda params: simulated(self.world.chain, params, self._number),
            "eth_getBalance": lambda params: hex(native(*self._account(params))),
            "eth_getTransactionCount": self._transaction_count,
            "eth_getCode": self._code,
            "eth_getStorageAt": self._storage_at,
            "eth_gasPrice": lambda _: hex(self._next_base_fee() + processes.TIP),
            "eth_maxPriorityFeePerGas": lambda _: hex(processes.TIP),
            "eth_feeHistory": self._fee_history,
            "eth_sendRawTransaction": self._send,
            "eth_getTransactionReceipt": self._receipt,
            "eth_getTransactionByHash": self._transaction,
            "eth_getLogs": self._logs,
        }

    @property
    def name(self) -> str:
        """The endpoint's name."""
        return self._name

    def head(self) -> int:
        """Return the latest block this endpoint knows; one that lags overrides it."""
        return self.world.chain.head

    def safe(self) -> int:
        """Return the latest block that the chain below has."""
        return max(FIRST_BLOCK, self.head() - SAFE_LAG)

    def finalized(self) -> int:
        """Return the latest block that is final on the chain below."""
        return max(FIRST_BLOCK, self.head() - FINALIZED_LAG)

    def exchange(self, body: bytes, deadline: Deadline) -> bytes:
        """Answer one request body, a call or a batch."""
        deadline.require(self._name)
        answer = self._body(body)
        text = f"[{','.join(map(_text, answer))}]" if isinstance(answer, list) else _text(answer)
        return text.encode()

    def answer(self, method: str, params: Sequence[Json]) -> Json:
        """Return the result of one call. Raises `RpcError`."""
        found = self.methods.get(method)
        if found is None:
            raise RpcError(wire.METHOD_NOT_FOUND, f"the method {method} does not exist/is not available")
        try:
            return found(params)
        except StateUnavailableError as error:
            raise RpcError(wire.SERVER_ERROR, f"missing trie node: {error.message}") from error
        except PoolRefusalError as error:
            raise RpcError(wire.SERVER_ERROR, error.message) from error
        except IndexError as error:
            raise RpcError(wire.INVALID_PARAMS, "missing value for required argument") from error

    def _body(self, body: bytes) -> Json:
        try:
            text = body.decode()
            check_depth(text)
            asked = json.loads(text)
        except (ValueError, MalformedError):
            return _failed(None, RpcError(wire.PARSE_ERROR, "parse error"))
        if not isinstance(asked, list):
            return self._one(asked)
        if not asked or len(asked) > _MAX_BATCH:
            return _failed(None, RpcError(wire.INVALID_REQUEST, "empty or too large batch"))
        return [self._one(item) for item in asked]

    def _one(self, asked: Json) -> Json:
        if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
            return _failed(None, RpcError(wire.INVALID_REQUEST, "invalid request"))
        number, params = asked.get("id"), asked.get("params", [])
        try:
            if not isinstance(params, list):
                raise invalid("params are not an array")
            return {"jsonrpc": "2.0", "id": number, "result": self.answer(asked["method"], params)}
        except RpcError as error:
            return _failed(number, error)

    # --- blocks ------------------------------------------------------------------------------------

    def _number(self, tag: Json) -> int:
        """Return the block a tag, a number or an EIP-1898 object names; one past the head is pending."""
        named: dict[str, Callable[[], int]] = {
            "latest": self.head,
            "safe": self.safe,
            "finalized": self.finalized,
            "earliest": lambda: FIRST_BLOCK,
            "pending": lambda: self.head() + 1,
        }
        if isinstance(tag, dict):
            if "blockHash" in tag:
                return self._by_hash(tag["blockHash"])
            tag = tag.get("blockNumber")
        if isinstance(tag, str) and tag in named:
            return named[tag]()
        if isinstance(tag, str) and len(tag) == 66:
            return self._by_hash(tag)
        number = wire.quantity(tag, "block")
        if not FIRST_BLOCK <= number <= self.head():
            raise RpcError(wire.SERVER_ERROR, "header not found")
        return number

    def _by_hash(self, text: Json) -> int:
        number = self._known(text)
        if number is None:
            raise RpcError(wire.SERVER_ERROR, "header for hash not found")
        return number

    def _known(self, text: Json) -> int | None:
        number = self.world.chain.number_of(bytes.fromhex(wire.hash32(text, "block hash")[2:]))
        return None if number is None or number > self.head() else number

    def _block_by_number(self, params: Sequence[Json]) -> Json:
        try:
            number = self._number(params[0])
        except RpcError as error:
            if error.number == wire.SERVER_ERROR:
                return None
            raise
        # Nothing is known of a block before it is sealed, so the pending one is the latest.
        return wire.header(self.world.chain, min(number, self.head()), _full(params))

    def _block_by_hash(self, params: Sequence[Json]) -> Json:
        number = self._known(params[0])
        return None if number is None else wire.header(self.world.chain, number, _full(params))

    def _next_base_fee(self) -> int:
        return self.world.chain.base_fee(self.head() + 1)

    def _fee_history(self, params: Sequence[Json]) -> Json:
        count = params[0] if type(params[0]) is int else wire.quantity(params[0], "block count")
        chain = self.world.chain
        newest = min(self._number(params[1]), self.head())
        percentiles = params[2] if len(params) > 2 and params[2] else []
        oldest = max(FIRST_BLOCK, newest + 1 - min(max(count, 1), _MAX_HISTORY))
        numbers = range(oldest, newest + 1)
        fees = [hex(chain.base_fee(number)) for number in range(oldest, newest + 2)]
        found: dict[str, Json] = {
            "oldestBlock": hex(oldest),
            "baseFeePerGas": fees,
            "gasUsedRatio": [wire.gas_used_share(chain, number) for number in numbers],
        }
        if percentiles:
            found["reward"] = [[hex(processes.TIP)] * len(percentiles) for _ in numbers]
        return found

    # --- state -------------------------------------------------------------------------------------

    def _state(self, tag: Json) -> tuple[Environment, Storage]:
        chain = self.world.chain
        number = self._number(tag)
        return chain.environment(number), chain.state(min(number, self.head()))

    def _account(self, params: Sequence[Json]) -> tuple[Storage, Address]:
        account = wire.address(params[0], "address")
        return self._state(_tag(params))[1], account

    def _transaction_count(self, params: Sequence[Json]) -> Json:
        storage, account = self._account(params)
        mined = nonce(storage, account)
        pending = _tag(params) == "pending"
        return hex(self.world.chain.mempool.pending_nonce(account, mined) if pending else mined)

    def _code(self, params: Sequence[Json]) -> Json:
        storage, account = self._account(params)
        contract = self.world.chain.contracts.get(account)
        # Not code that runs: bytes that differ from contract to contract, for who compares hashes.
        code = b"" if contract is None else b"\xfe" + type(contract).__name__.encode()
        return "0x" + bytes(storage.get((account, "code"), code)).hex()

    def _storage_at(self, params: Sequence[Json]) -> Json:
        # No contract here is a proxy and none keeps its state in words, unless a fault wrote one.
        storage, account = self._state(params[2] if len(params) > 2 else "latest")[1], params[0]
        slot = hex(int(wire.hash32(params[1], "slot"), 16))
        return "0x" + bytes(storage.get((wire.address(account, "address"), "word", slot), bytes(32))).hex()

    def _run(self, call: CallRequest, tag: Json) -> Outcome:
        environment, storage = self._state(tag)
        frame = Frame(environment, storage, call.sender)
        needed = gas_needed(self.world.chain.contracts, call.to, call.data)
        if call.gas < needed:
            raise RpcError(wire.SERVER_ERROR, "out of gas")
        outcome = run(self.world.chain.contracts, frame, call.to, call.data, call.value, call.gas)
        if not outcome.success:
            raise wire.reverted(outcome.answer)
        return outcome

    def _call(self, params: Sequence[Json]) -> Json:
        if len(params) > 2 and params[2]:
            raise invalid("state overrides are taken by eth_simulateV1 alone")
        return Hex("0x" + self._run(wire.call_request(params[0]), _tag(params)).answer.hex())

    def _estimate_gas(self, params: Sequence[Json]) -> Json:
        return hex(self._run(wire.call_request(params[0]), _tag(params)).gas_used)

    # --- transactions ------------------------------------------------------------------------------

    def _send(self, params: Sequence[Json]) -> Json:
        return self.world.submit(wire.octets(params[0], "transaction"))

    def _receipt(self, params: Sequence[Json]) -> Json:
        mined = self._mined(params)
        return None if mined is None else wire.receipt(self.world.chain, mined)

    def _mined(self, params: Sequence[Json]) -> Mined | None:
        mined = self.world.chain.mined.get(wire.hash32(params[0], "transaction hash"))
        return None if mined is None or mined.number > self.head() else mined

    def _transaction(self, params: Sequence[Json]) -> Json:
        chain, mined = self.world.chain, self._mined(params)
        if mined is not None:
            return wire.transaction(chain, mined.transaction, mined)
        waiting = chain.mempool.find(wire.hash32(params[0], "transaction hash"))
        return None if waiting is None else wire.transaction(chain, waiting, None)

    def _logs(self, params: Sequence[Json]) -> Json:
        return matching(self.world.chain, params[0], self._number)


def _text(answer: Json) -> str:
    """Return an answer as JSON."""
    result = answer.get("result")
    if type(result) is Hex:
        return f'{{"jsonrpc":"2.0","id":{json.dumps(answer["id"])},"result":"{result}"}}'
    return json.dumps(answer, separators=(",", ":"))


def _tag(params: Sequence[Json]) -> Json:
    return params[1] if len(params) > 1 else "latest"


def _full(params: Sequence[Json]) -> bool:
    return len(params) > 1 and params[1] is True


def _failed(number: Json, error: RpcError) -> Json:
    told: dict[str, Json] = {"code": error.number, "message": error.message}
    if error.data is not None:
        told["data"] = error.data
    return {"jsonrpc": "2.0", "id": number, "error": told}
