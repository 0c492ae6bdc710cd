"""What the program does with each method, on its own code, and what came of it, held against the node."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Literal, cast

from mammon.chain import oracle
from mammon.chain.logs import Wanted, events_between
from mammon.chain.look import look
from mammon.chain.prepare import prepared
from mammon.chain.purse import Patience, Purse
from mammon.chain.reader import MAX_AGE_S, Reader
from mammon.chain.rpc import Rpc
from mammon.core.types import Call, Unread
from mammon.core.watch import Action, Found, Lost, Odd, Pace, Settle, Tell, Wait, next_action
from mammon.errors import DeadlinePassedError, MalformedError, MammonError, OutsideError
from mammon.net.deadline import Deadline
from mammon.protocols.abi import erc20
from tests.chain.node import CHAIN_ID
from tests.reliability.rpc_world import BUDGET_S, RpcWorld

Verdict = Literal["answer", "earlier", "old", "told", "undecided", "wrong"]
"""`answer`: true at the newest block. `earlier`: true at one block, a fresh one that is not the newest.
`old`: true, and said to be too old to act on. `told`: an error that has a code. `undecided`: nothing that
could not be taken back. `wrong`: anything else."""

Told = tuple[Verdict, str]
Operation = Callable[[RpcWorld, Rpc], Told]
PACE = Pace(least_depth=2)
BACK = 8
"""Blocks over which transfers are explained."""
TYPED = (OutsideError, MalformedError, DeadlinePassedError)


def reading(world: RpcWorld, rpc: Rpc) -> Told:
    """Read the head, the price of gas and a balance as every command does."""
    reader = Reader(rpc, CHAIN_ID, world.multicall)
    reads = {"idle": oracle.token_balance(world.asset, world.owner)}
    found = reader.read(reads, _deadline())
    held, block = found.values["idle"], found.block.number
    if not isinstance(held, int):
        return "told", f"{held.code}: {held.reason}"
    if held != world.balance(block):
        return "wrong", f"{held} at block {block}, where the node has {world.balance(block)}"
    if found.age_s > MAX_AGE_S:
        return "old", f"{found.age_s} s"
    return ("answer" if block == world.chain.block else "earlier"), f"block {block}"


def watching(world: RpcWorld, rpc: Rpc) -> Told:
    """Look for a transaction of ours that is settled, as the follower does, from first sight to the end."""
    slot, attempts = world.slot(), (world.attempt,)
    first = _next(world, rpc)(slot)
    if not isinstance(first, Found):
        return _undecided(first)
    if (first.mined.hash, first.mined.block_hash) != (world.attempt.hash, world.mined["blockHash"]):
        return "wrong", f"found in {first.mined.block_hash}"
    slot = dataclasses.replace(slot, state="mined", mined=first.mined)
    last = next_action(slot, attempts, look(rpc, world.owner, attempts, _deadline()), None, PACE)
    if not isinstance(last, Settle):
        return _undecided(last)
    return ("answer", "settled") if last.mined == first.mined else ("wrong", "settled elsewhere")


def sending(world: RpcWorld, rpc: Rpc) -> Told:
    """Send a raw transaction to every provider, as the sender does: on the chain once, or not at all."""
    before = world.count()
    raw = "0x" + world.raw(before).hex()
    answers = rpc.each([("eth_sendRawTransaction", (raw,))], _deadline())
    world.chain.rpc("evm_mine")
    if world.count() - before > 1:
        return "wrong", "sent twice"
    errors = [answer for answer in answers.values() if isinstance(answer, MammonError)]
    if any(not isinstance(error, TYPED) for error in errors):
        return "wrong", str(errors)
    if world.count() == before + 1 and len(errors) < len(answers):
        return "answer", "on the chain"
    return ("told" if len(errors) == len(answers) else "wrong"), "; ".join(error.code for error in errors)


def rehearsing(world: RpcWorld, rpc: Rpc) -> Told:
    """Read everything a signature rests on, with a rehearsal, as the sender does."""
    data = bytes.fromhex("a9059cbb") + bytes(12) + b"\x11" * 20 + (1).to_bytes(32, "big")
    calls = [Call(world.asset.address, data)]
    ready = prepared(cast(Purse, _purse(world, rpc)), calls, [world.asset.address], _deadline())
    if ready.simulated is None or not ready.simulated.calls[0].succeeded:
        return "wrong", "the rehearsal failed"
    block = ready.block.number
    if ready.nonce != world.count() or ready.idle != world.balance(world.chain.block):
        return "wrong", f"nonce {ready.nonce}, {ready.idle} units, as of block {block}"
    if ready.simulated.calls[0].delta != -1:
        return "wrong", f"would move {ready.simulated.calls[0].delta}"
    return ("answer" if block == world.chain.block else "earlier"), f"block {block}"


def explaining(world: RpcWorld, rpc: Rpc) -> Told:
    """Read the asset's transfers to the account since a block, as what explains balances does."""
    block = world.node_block()
    wanted = Wanted((world.asset.address,), (erc20.TRANSFER_TOPIC,), world.owner)
    found = events_between(rpc, wanted, block.number - BACK, block, _deadline())
    if isinstance(found, Unread):
        return "told", f"{found.code}: {found.reason}"
    told, truth = len(found[0]), world.transfers(block.number - BACK, block.number)
    return ("answer" if told == truth else "wrong"), f"{told} of {truth}"


OPERATIONS: dict[str, Operation] = {
    "eth_chainId": reading,
    "eth_getBlockByNumber": reading,
    "eth_feeHistory": reading,
    "eth_call": reading,
    "eth_getTransactionCount": watching,
    "eth_getTransactionReceipt": watching,
    "eth_sendRawTransaction": sending,
    "eth_simulateV1": rehearsing,
    "eth_getLogs": explaining,
}
"""By the method that a fault befalls: the operation of the program's that uses it."""


def _next(world: RpcWorld, rpc: Rpc) -> Callable[[Any], Action]:
    views = look(rpc, world.owner, (world.attempt,), _deadline())
    return lambda slot: next_action(slot, (world.attempt,), views, None, PACE)


def _undecided(action: Action) -> Told:
    harmless = isinstance(action, Wait | Odd | Tell | Lost | Found)
    return ("undecided" if harmless else "wrong"), type(action).__name__


def _deadline() -> Deadline:
    return Deadline(BUDGET_S)


def _purse(world: RpcWorld, rpc: Rpc) -> SimpleNamespace:
    return SimpleNamespace(
        rpc=rpc,
        owner=world.owner,
        asset=world.asset,
        gas_price_oracle=world.gas_price_oracle,
        clock=world.clock,
        patience=Patience(),
    )
