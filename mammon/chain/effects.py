"""What a mined leg really did: its own events and the balances around its block have to agree.

A receipt that says "success" proves nothing: some venues return an error code and move nothing. The
effect is what the asset's events in this receipt moved for the account; the balance of the wallet must
have changed by that, together with whatever others moved in the same block, and the venue must credit
what it took.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mammon.chain import oracle
from mammon.chain.events import event, moved
from mammon.chain.jsonrpc import RpcFailure
from mammon.chain.reader import Reader, Round
from mammon.chain.receipts import Receipt, receipt
from mammon.chain.rpc import Rpc
from mammon.core import abi
from mammon.core.numbers import Units
from mammon.core.plan import Step
from mammon.core.ports import Deadline
from mammon.core.txstate import Effect, Mined
from mammon.core.types import Address, Call, CallFailed, Market, Position, Read, Token, Unread
from mammon.errors import CallFailedError, MalformedError, OutsideError, PersonNeededError
from mammon.protocols.abi import erc20
from mammon.protocols.base import LendingVenue

ROUNDING_UNITS = 2
"""What a venue may keep of a deposit or a withdrawal by rounding, in base units of the asset."""
STATE_BLOCKS = 120
"""For how many blocks every node can be asked what the state was; beyond, some have forgotten."""


@dataclass(frozen=True, slots=True)
class Held:
    """The wallet and one position at one block."""

    idle: Units
    position: Position


class Effects:
    """Prove what legs of one account did."""

    def __init__(
        self,
        rpc: Rpc,
        reader: Reader,
        venues: Mapping[str, LendingVenue],
        markets: Mapping[str, Market],
        asset: Token,
        owner: Address,
    ) -> None:
        self.rpc, self.reader, self.venues, self.markets = rpc, reader, venues, markets
        self.asset, self.owner = asset, owner

    def proven(self, step: Step, amount: Units, mined: Mined, deadline: Deadline) -> Effect | None:
        """Return what a successful transaction of this leg did; None when it did nothing.

        `amount` is what it was to do. Raises `OutsideError` while it cannot be read (try again),
        `PersonNeededError` when events and balances contradict each other.
        """
        if step.action in ("approve", "revoke"):
            allowed = self.allowance(self.markets[step.slug].spender, mined, deadline)
            return Effect(allowed, Units(0), mined.block) if allowed == amount else None
        told = self._receipt(mined, deadline)
        own = moved(told.events, self.asset.address, self.owner)
        if step.action == "claim":
            return self._claimed(step, told, own, mined, deadline)
        brought = own if step.action == "withdraw" else -own
        if brought < 0:
            raise _contradiction(mined, f"{step.action} moved {own} units the wrong way")
        held = self._credited(step, own, mined, deadline)
        return Effect(Units(brought), held, mined.block) if brought else None

    def _claimed(
        self, step: Step, told: Receipt, asset: int, mined: Mined, deadline: Deadline
    ) -> Effect | None:
        """Return what a claim brought of its token, None for nothing; `asset`: what it moved of the asset."""
        token = self.markets[step.slug].token
        brought = moved(told.events, token.address, self.owner)
        if brought < 0 or asset < 0:
            raise _contradiction(mined, f"a claim took {min(brought, asset)} units out of the wallet")
        held = self._received(token, brought, mined, deadline)
        return Effect(Units(brought), held, mined.block) if brought else None

    def _received(self, token: Token, brought: int, mined: Mined, deadline: Deadline) -> Units:
        """Hold the events of a claim against the balances around its block; return what is there now."""

        def balance(block: int | None, mined: Mined | None) -> tuple[int, Units]:
            reads = {"idle": oracle.token_balance(token, self.owner)}
            round_ = self._read(reads, block, mined, deadline)
            return round_.block.number, round_.values["idle"]

        try:
            _, before = balance(mined.block - 1, None)
            _, after = balance(mined.block, mined)
        except (OutsideError, MalformedError):
            block, now = balance(None, None)
            if block - mined.block <= STATE_BLOCKS:
                raise
            return now
        self._require_moved(token, after - before, brought, mined, deadline)
        return after

    def _credited(self, step: Step, own: int, mined: Mined, deadline: Deadline) -> Units:
        """Hold the events of a leg against the balances around its block; return what is held afterwards.

        Nodes forget the state of old blocks: then what is held now has to do, for nothing of ours came
        after. Raises as `proven`.
        """
        try:
            before = self._held(step, mined.block - 1, None, deadline)
            after = self._held(step, mined.block, mined, deadline)
        except (OutsideError, MalformedError):
            block, now = self._now(step, deadline)
            if block - mined.block <= STATE_BLOCKS:
                raise
            if step.action == "deposit" and now.position.assets < -own - ROUNDING_UNITS:
                raise _contradiction(
                    mined, f"{step.slug} took {-own} units and shows {now.position.assets}"
                ) from None
            return now.position.assets
        self._require_moved(self.asset, after.idle - before.idle, own, mined, deadline)
        credited = after.position.assets - before.position.assets
        if step.action == "deposit" and credited < -own - ROUNDING_UNITS:
            raise _contradiction(
                mined, f"{step.slug} took {-own} units and shows {credited} more than before"
            )
        return after.position.assets

    def _require_moved(self, token: Token, changed: int, own: int, mined: Mined, deadline: Deadline) -> None:
        """Raise unless the wallet changed by what our transaction moved, or everybody in its block."""
        if changed == own:
            return
        everybody = self._moved_in_block(token, mined, deadline)
        if changed != everybody:
            raise _contradiction(mined, f"the wallet changed by {changed} units, events say {everybody}")

    def allowance(self, spender: Address, mined: Mined | None, deadline: Deadline) -> Units:
        """Return what a spender may take: at a transaction's block, or now."""

        def reads() -> dict[str, Read[Any]]:
            return {"allowance": _allowance(self.asset, self.owner, spender)}

        try:
            found = self._read(reads(), None if mined is None else mined.block, mined, deadline)
        except (OutsideError, MalformedError):
            now = self._read(reads(), None, None, deadline)
            if mined is None or now.block.number - mined.block <= STATE_BLOCKS:
                raise
            found = now
        return Units(int(found.values["allowance"]))

    def _held(self, step: Step, block: int, mined: Mined | None, deadline: Deadline) -> Held:
        found = self._read(self._reads(step), block, mined, deadline).values
        return Held(found["idle"], found["held"])

    def _now(self, step: Step, deadline: Deadline) -> tuple[int, Held]:
        round_ = self._read(self._reads(step), None, None, deadline)
        return round_.block.number, Held(round_.values["idle"], round_.values["held"])

    def _reads(self, step: Step) -> dict[str, Read[Any]]:
        market = self.markets[step.slug]
        return {
            "idle": oracle.token_balance(self.asset, self.owner),
            "held": self.venues[market.protocol].read_position(market, self.owner),
        }

    def _read(
        self, reads: dict[str, Read[Any]], block: int | None, mined: Mined | None, deadline: Deadline
    ) -> Round:
        round_ = self.reader.read(reads, deadline, at=block)
        if mined is not None and round_.block.hash != mined.block_hash:
            raise OutsideError("reorganised", f"block {mined.block} is another one now", "try again")
        for value in round_.values.values():
            if isinstance(value, Unread):
                raise OutsideError(value.code, f"{value.subject} was not read: {value.reason}", "try again")
        return round_

    def _receipt(self, mined: Mined, deadline: Deadline) -> Receipt:
        (found,) = self.rpc.batch([("eth_getTransactionReceipt", (mined.hash,))], deadline)
        told = receipt(found, mined.hash)
        if told is None or told.mined != mined:
            self.rpc.distrust("another receipt than before")
            raise OutsideError("receipt", f"the receipt of {mined.hash} is not there now", "try again")
        return told

    def _moved_in_block(self, token: Token, mined: Mined, deadline: Deadline) -> int:
        """Return what every transfer of a token in that block moved for the account."""
        topic, mine = "0x" + erc20.TRANSFER_TOPIC.hex(), "0x" + abi.word(self.owner).hex()
        where = {"blockHash": mined.block_hash, "address": token.address}
        asked = [{**where, "topics": [topic, mine]}, {**where, "topics": [topic, None, mine]}]
        found: dict[str, Any] = {}
        for result in self.rpc.batch([("eth_getLogs", (one,)) for one in asked], deadline):
            if isinstance(result, RpcFailure) or type(result) is not list:
                raise OutsideError("events", f"the events of block {mined.block} were not read", "try again")
            found.update({str(log.get("logIndex")): log for log in result if type(log) is dict})
        return moved(map(event, found.values()), token.address, self.owner)


def _allowance(asset: Token, owner: Address, spender: Address) -> Read[int]:
    (answer,) = yield (Call(asset.address, abi.encode_call(erc20.ALLOWANCE, owner, spender)),)
    if isinstance(answer, CallFailed):
        raise CallFailedError(answer.code, answer.reason)
    return abi.words(answer, 1)[0]


def _contradiction(mined: Mined, what: str) -> PersonNeededError:
    return PersonNeededError(
        "contradiction",
        f"transaction {mined.hash} in block {mined.block}: {what}",
        "look at it in an explorer; `mammon resume` with a reason when it is explained",
    )
