"""Who pays rewards on the simulated chain, to a wallet whose deposits were made before its world began.

Compound's and Moonwell's belong to venues that only the full world has; Merkl pays in every world.
"""

from __future__ import annotations

from dataclasses import dataclass

from mammon.core.types import Address
from mammon.sim import addresses as at
from mammon.sim import processes
from mammon.sim.contracts.erc20 import Erc20
from mammon.sim.contracts.machine import Contract, Slots
from mammon.sim.contracts.oracles import Feed
from mammon.sim.contracts.rewards import (
    Accruing,
    CometRewards,
    Distributor,
    MerklDistributor,
    PayingComptroller,
    RewardTerms,
    tracking,
)
from mammon.sim.further import Further

FUNDS = 10**25
"""Of each token, in the hands of each who pays it."""

_TOKEN = 10**18
_ENDS = processes.OPENING + 60 * 86_400


@dataclass(frozen=True)
class Paying:
    """The contracts, and who of them holds what token."""

    merkl: MerklDistributor
    accruing: tuple[tuple[Accruing, int], ...]
    """Each with what it owes the wallet from the first."""
    contracts: tuple[Contract, ...]

    def slots(self, wallet: Address) -> Slots:
        """Return the slots with which the world begins."""
        found: Slots = {self.merkl.key("account"): wallet}
        holders = [(token, self.merkl.address) for token in self.merkl.tokens.values()]
        for payer, owed in self.accruing:
            found[payer.key("owed", wallet)] = owed + 1
            holders.append((payer.terms.token, payer.address))
        for token, holder in holders:
            supply = token.key("supply")
            found[supply] = found.get(supply, 0) + FUNDS
            found[token.key("balance", holder)] = FUNDS
        return found


def paying(more: Further | None) -> Paying:
    """Return who pays: Merkl, and where the world has their venues, Compound and Moonwell too."""
    well = Erc20(at.WELL, "WELL", "WELL", 18)
    morpho = Erc20(at.MORPHO_TOKEN, "Morpho Token", "MORPHO", 18)
    grants = {"WELL": (55 * _TOKEN, _TOKEN), "MORPHO": (14 * _TOKEN, 3 * _TOKEN // 10)}
    merkl = MerklDistributor(at.MERKL, {"WELL": well, "MORPHO": morpho}, grants)
    everywhere: tuple[Contract, ...] = (
        well,
        morpho,
        merkl,
        Feed(at.WELL_USD, "WELL / USD", 12, processes.well_usd),
        Feed(at.MORPHO_USD, "MORPHO / USD", 12, processes.morpho_usd),
    )
    if more is None:
        return Paying(merkl, (), everywhere)
    comp = Erc20(at.COMP, "Compound", "COMP", 18)
    comp_terms = RewardTerms(comp, _TOKEN // 10_000, 20, _ENDS)
    well_terms = RewardTerms(well, _TOKEN // 2, 20, _ENDS)
    comet = CometRewards(at.COMET_REWARDS, at.COMET, comp_terms)
    moonwell = Distributor(at.MOONWELL_DISTRIBUTOR, at.MTOKEN, at.KEEPER, well_terms)
    comptroller = PayingComptroller(at.MOONWELL_COMPTROLLER, more.token, moonwell)
    accruing = ((comet, 21 * _TOKEN // 10), (moonwell, 640 * _TOKEN))
    theirs = (comp, tracking(more.comet, comp_terms), comet, moonwell, comptroller)
    return Paying(merkl, accruing, (*everywhere, *theirs))
