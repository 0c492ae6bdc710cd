"""Calls that would be made, one after the other, on blocks that do not exist yet (`eth_simulateV1`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mammon.core.types import Address, Hash32
from mammon.sim import processes, wire
from mammon.sim.chain import Chain
from mammon.sim.contracts.encoding import encoded
from mammon.sim.contracts.erc20 import TRANSFER
from mammon.sim.contracts.machine import Environment, Frame, Log, Storage
from mammon.sim.execution import Outcome, gas_needed, nonce, run
from mammon.sim.wire import CallRequest, Json, RpcError, invalid

_NATIVE_TOKEN = Address("0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE")
_MAX_BLOCKS = 256
_VM_ERROR = -32015


def simulated(chain: Chain, params: Sequence[Json], number_of: Callable[[Json], int]) -> Json:
    """Return what each call of each block would come to.

    Taken: `blockStateCalls` with `calls`, `blockOverrides` (`number`, `time`) and `stateOverrides`
    (`balance`, `nonce`), and `traceTransfers`. Refused: any other override.
    """
    plain = params[0] if isinstance(params[0], Mapping) else {}
    blocks = plain.get("blockStateCalls")
    if plain.get("validation") or plain.get("returnFullTransactions"):
        raise invalid("validation and full transactions are not simulated")
    if not isinstance(blocks, list) or not 0 < len(blocks) <= _MAX_BLOCKS:
        raise invalid("blockStateCalls is not a list of blocks")
    number = min(number_of(params[1] if len(params) > 1 else "latest"), chain.head)
    storage = chain.state(number)
    time = processes.timestamp_of(number)
    found: list[Json] = []
    for block in blocks:
        environment = _environment(chain, block, number + 1, time + processes.BLOCK_S)
        if environment.number <= number or environment.timestamp <= time:
            raise RpcError(wire.INVALID_PARAMS, "block numbers and timestamps must be in order")
        number, time = environment.number, environment.timestamp
        _override(storage, block.get("stateOverrides") or {})
        calls = [wire.call_request(call) for call in block.get("calls") or []]
        trace = plain.get("traceTransfers") is True
        told = [_told(chain, environment, storage, call, trace) for call in calls]
        found.append(_block(chain, environment, told))
    return found


def _environment(chain: Chain, block: Json, number: int, time: int) -> Environment:
    if not isinstance(block, Mapping):
        raise invalid("a block is not an object")
    overrides = block.get("blockOverrides") or {}
    unknown = set(overrides) - {"number", "time"}
    if unknown:
        raise invalid(f"the block override {min(unknown)} is not simulated")
    if "number" in overrides:
        number = wire.quantity(overrides["number"], "number")
    if "time" in overrides:
        time = wire.quantity(overrides["time"], "time")
    return chain.environment(number, time)


def _override(storage: Storage, overrides: Mapping[str, Json]) -> None:
    for text, fields in overrides.items():
        account = wire.address(text, "overridden account")
        for name, value in fields.items():
            if name not in ("balance", "nonce"):
                raise invalid(f"the state override {name} is not simulated")
            key = "native" if name == "balance" else "nonce"
            storage.put((key, account), wire.quantity(value, name))


def _told(
    chain: Chain, environment: Environment, storage: Storage, call: CallRequest, trace: bool
) -> dict[str, Json]:
    frame = Frame(environment, storage, call.sender)
    outcome = run(chain.contracts, frame, call.to, call.data, call.value, call.gas)
    storage.put(("nonce", call.sender), nonce(storage, call.sender) + 1)
    logs = _native_transfer(call) if trace and call.value and outcome.success else ()
    where = {
        "blockNumber": hex(environment.number),
        "blockHash": "0x" + chain.block_hash(environment.number).hex(),
        "transactionHash": Hash32("0x" + "00" * 32),
        "transactionIndex": "0x0",
    }
    entries = enumerate((*logs, *outcome.logs))
    told: dict[str, Json] = {
        "status": hex(outcome.success),
        "returnData": "0x" + outcome.answer.hex(),
        "gasUsed": hex(outcome.gas_used),
        "logs": [wire.log_entry(entry, index, where) for index, entry in entries],
    }
    if not outcome.success:
        told["error"] = _error(outcome, call.gas < gas_needed(chain.contracts, call.to, call.data))
    return told


def _native_transfer(call: CallRequest) -> tuple[Log, ...]:
    topics = (bytes.fromhex(TRANSFER), encoded(call.sender), encoded(call.to))
    return (Log(_NATIVE_TOKEN, topics, encoded(call.value)),)


def _error(outcome: Outcome, out_of_gas: bool) -> Json:
    if out_of_gas:
        return {"code": _VM_ERROR, "message": "out of gas"}
    error = wire.reverted(outcome.answer)
    return {"code": error.number, "message": error.message, "data": error.data}


def _block(chain: Chain, environment: Environment, calls: list[dict[str, Json]]) -> Json:
    gas = sum(int(call["gasUsed"], 16) for call in calls)
    return {
        **wire.header(chain, environment.number, full=False),
        "timestamp": hex(environment.timestamp),
        "gasUsed": hex(gas),
        "calls": calls,
    }
