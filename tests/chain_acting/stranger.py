"""Somebody else on a desk's chain: pays in, collects what the owner allowed, and may have the owner's key."""

from __future__ import annotations

from collections.abc import Callable

from mammon.core import abi
from mammon.core.numbers import Wei
from mammon.core.transaction import Unsigned
from mammon.core.types import Call
from mammon.protocols.abi import erc4626
from mammon.sim.addresses import CHAIN_ID
from mammon.sim.contracts.machine import Frame
from mammon.sim.wallet import SimSigner
from tests.chain_acting.desk import MARKETS, USDC, Desk
from tests.chain_acting.ledger import erc20

FUNDS = 10**14


class Stranger:
    """An account with money of its own, which may spend the owner's. To be made before anything happens."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.signer, self.nonce = desk, SimSigner(10_000), 0
        chain = desk.world.chain
        usdc = chain.deployed.usdc
        chain.slots[usdc.key("balance", self.signer.address)] = FUNDS
        chain.slots["native", self.signer.address] = 10**19
        for market in MARKETS.values():
            chain.slots[usdc.key("allowance", self.signer.address, market.spender)] = 2**256 - 1
        chain.slots[usdc.key("allowance", desk.world.wallet, self.signer.address)] = 2**256 - 1
        desk.clock.sleep(120)

    def pays(self, amount: int) -> None:
        """Send the asset to the owner."""
        self._send(Call(USDC.address, erc20("a9059cbb", self.desk.world.wallet, amount)))

    def collects(self, amount: int) -> None:
        """Take what the owner allowed: the owner's spending."""
        owner = self.desk.world.wallet
        self._send(Call(USDC.address, erc20("23b872dd", owner, self.signer.address, amount)))

    def uses_our_key(self, nonce: int = 0) -> None:
        """Send a transaction of the owner's that the journal does not know."""
        call = Call(USDC.address, erc20("a9059cbb", self.signer.address, 5 * 10**6))
        self._submit(self.desk.signer, nonce, call)

    def tops_up(self, amount: int) -> None:
        """Give the owner native coin for gas; it makes no event."""
        key = ("native", self.desk.world.wallet)
        self._later(lambda frame: frame.storage.put(key, frame.storage.get(key) + amount))

    def deposits_for_us(self, slug: str, amount: int) -> None:
        """Deposit into a vault with the owner as the one it is credited to."""
        vault, owner = MARKETS[slug].id.address, self.desk.world.wallet
        self._send(Call(vault, abi.encode_call(erc4626.DEPOSIT, amount, owner)))

    def takes_without_a_trace(self, amount: int) -> None:
        """Make the owner have less without any event."""
        owner, usdc = self.desk.world.wallet, self.desk.world.chain.deployed.usdc

        def change(frame: Frame) -> None:
            key = usdc.key("balance", owner)
            frame.storage.put(key, frame.storage.get(key) - amount)

        self._later(change)

    def _later(self, change: Callable[[Frame], None]) -> None:
        chain = self.desk.world.chain
        chain.intervene(chain.head + 1, change)
        self.desk.clock.sleep(2)

    def _send(self, call: Call) -> None:
        self._submit(self.signer, self.nonce, call)
        self.nonce += 1

    def _submit(self, signer: SimSigner, nonce: int, call: Call) -> None:
        unsigned = Unsigned(
            CHAIN_ID, nonce, Wei(10**9), Wei(10**10), 1_000_000, call.target, Wei(0), call.data
        )
        self.desk.world.submit(signer.sign(unsigned))
        self.desk.clock.sleep(2)


def settled(desk: Desk) -> None:
    """Wait until everything that happened is settled."""
    desk.clock.sleep(300)
