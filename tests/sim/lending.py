"""A simulated world with a Comet and a Moonwell market beside everything else, and a crowd at both."""

from __future__ import annotations

import dataclasses

from mammon.core.curves.comet import RateLine
from mammon.core.curves.moonwell import JumpRate
from mammon.core.fixed import SECONDS_PER_YEAR, WAD
from mammon.core.numbers import Units, Wad
from mammon.core.types import Market, MarketId
from mammon.sim import addresses as at
from mammon.sim.chainfile import USDC
from mammon.sim.contracts.comet import Comet, CometTerms
from mammon.sim.contracts.machine import Contract, Frame
from mammon.sim.contracts.moonwell import MoonwellTerms, MToken
from mammon.sim.contracts.multicall import Multicall3
from mammon.sim.crowd_lending import move_comet, move_moonwell
from mammon.sim.genesis import CAPITAL
from mammon.sim.processes import FIRST_TIMESTAMP
from mammon.sim.world import SimWorld
from tests.sim.lab import Lab

MILLION = 10**12


def yearly(mille: int) -> Wad:
    """Return thousandths a year by the second."""
    return Wad(mille * 10**15 // SECONDS_PER_YEAR)


_LINES = (
    RateLine(Wad(85 * WAD // 100), Wad(0), yearly(48), yearly(1_600)),
    RateLine(Wad(85 * WAD // 100), yearly(15), yearly(53), yearly(1_800)),
)
COMET_TERMS = CometTerms(*_LINES, 1, Wad(1_087_312_004_511_903), Wad(1_131_904_771_207_322))
MOONWELL_TERMS = MoonwellTerms(
    at.MTOKEN,
    at.MOONWELL_COMPTROLLER,
    at.MOONWELL_MODEL,
    JumpRate(Wad(0), Wad(yearly(615) // 10), yearly(9_000), Wad(9 * WAD // 10)),
    Wad(WAD // 10),
    120 * MILLION,
    231_904_771_207_322,
)
MARKETS = (
    Market(MarketId(at.CHAIN_ID, at.COMET, at.USDC), "compound-v3", "compound_v3", USDC, at.COMET,
           (("multicall3", at.MULTICALL3),)),
    Market(MarketId(at.CHAIN_ID, at.MTOKEN, at.USDC), "moonwell", "moonwell", USDC, at.MTOKEN,
           (("multicall3", at.MULTICALL3),)),
)  # fmt: skip
SLUGS = ("compound-v3", "moonwell")


class LendingLab(Lab):
    """The world with both markets; the crowd has moved once, and moves again by `crowd`."""

    def __init__(self, seed: int = 42, capital: Units = CAPITAL) -> None:
        super().__init__(world=SimWorld(seed, capital))
        usdc = self.chain.deployed.usdc
        self.comet, self.token = Comet(at.COMET, COMET_TERMS, usdc), MToken(MOONWELL_TERMS, usdc)
        contracts: dict[at.Address, Contract] = dict(self.chain.contracts)
        added: tuple[Contract, ...] = (
            self.comet,
            *self.token.contracts(),
            Multicall3(at.MULTICALL3, contracts),
        )
        contracts.update({contract.address: contract for contract in added})
        self.chain.contracts = contracts
        self.chain.slots[self.comet.key("market")] = self.comet.opening(FIRST_TIMESTAMP)
        self.chain.slots[self.token.key("market")] = self.token.opening(FIRST_TIMESTAMP)
        self.file = dataclasses.replace(self.file, markets=(*self.file.markets, *MARKETS))
        self.crowd(50 * MILLION, 800_000)

    def crowd(self, target: int, level: int) -> None:
        """Have the crowd move at both markets in the next block, and wait for it."""

        def change(frame: Frame) -> None:
            move_comet(frame, self.comet, target, level)
            move_moonwell(frame, self.token, target, level)

        self.chain.intervene(self.chain.head + 1, change)
        self.clock.sleep(2)

    def put(self, contract: Contract, *name: str, value: object) -> None:
        """Write one of a contract's slots in the next block: a switch of governance."""
        self.chain.intervene(self.chain.head + 1, lambda frame: frame.storage.put(contract.key(*name), value))
        self.clock.sleep(2)
