"""A chain of a few contracts: adapters read it, calls move money in it, time passes when told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mammon.core.types import Address, Call, CallFailed, Read
from mammon.errors import CallFailedError
from mammon.sim import addresses as at
from mammon.sim.contracts.encoding import Reverted
from mammon.sim.contracts.erc20 import UNLIMITED, Usdc
from mammon.sim.contracts.machine import Contract, Environment, Frame, Log, Slots, Storage
from mammon.sim.contracts.multicall import Multicall3

START = 1_800_000_000


class Bench:
    """Some contracts beside the asset, which `rich` people have plenty of."""

    def __init__(self, usdc: Usdc, contracts: Iterable[Contract], rich: Iterable[Address] = ()) -> None:
        self.now, self.usdc = START, usdc
        self.slots: Slots = {usdc.key("balance", one): 10**16 for one in rich}
        self.contracts: dict[Address, Contract] = {usdc.address: usdc}
        self.contracts.update({contract.address: contract for contract in contracts})
        self.contracts[at.MULTICALL3] = Multicall3(at.MULTICALL3, self.contracts)
        self.rounds = 0

    def frame(self, sender: Address) -> Frame:
        """Return a frame in a block of this time."""
        environment = Environment(1, 1, self.now, lambda _: (1, 1, 1), lambda _: bytes(32))
        return Frame(environment, Storage(self.slots), sender)

    def send(self, sender: Address, calls: Sequence[Call]) -> list[Log]:
        """Make calls one after the other and keep what they do. Raises `Reverted`."""
        logs: list[Log] = []
        for call in calls:
            frame = self.frame(sender)
            self.contracts[call.target].call(frame, call.data)
            frame.storage.keep()
            logs += frame.logs
        return logs

    def stir(self, contract: Any, method: str, *arguments: Any) -> None:
        """Let the world do something that is no call."""
        frame = self.frame(at.CROWD)
        getattr(contract, method)(frame, *arguments)
        frame.storage.keep()

    def allow(self, owner: Address, spender: Address) -> None:
        """Grant an allowance that never ends."""
        self.slots[self.usdc.key("allowance", owner, spender)] = UNLIMITED

    def balance(self, holder: Address) -> int:
        """Return what somebody has of the asset."""
        return self.usdc.balance(self.frame(holder), holder)

    def read(self, read: Read[Any]) -> Any:
        """Drive an adapter's read at this time, counting its rounds."""
        self.rounds = 0
        answers: Any = None
        try:
            while True:
                calls = read.send(answers)
                self.rounds += 1
                answers = [self._answer(call) for call in calls]
        except StopIteration as end:
            return end.value

    def _answer(self, call: Call) -> bytes | CallFailed:
        try:
            return self.contracts[call.target].call(self.frame(at.KEEPER), call.data)
        except Reverted as error:
            if not call.optional:
                raise CallFailedError("reverted", error.data.hex()) from error
            return CallFailed("reverted", error.data.hex())
