"""Reads of the dictionary chain's MetaMorpho vault."""

from __future__ import annotations

from mammon.core.curves import MetaMorphoCurve
from mammon.core.curves.metamorpho import VaultMarket
from mammon.core.curves.morpho import MorphoMarket
from mammon.core.types import Hint, MarketState
from mammon.protocols.metamorpho import MetaMorpho
from tests.protocols.fakes import (
    ZERO,
    base_evm,
    market,
)
from tests.protocols.fakes_vaults import (
    IRM,
    META,
    MORPHO,
    BlueMarket,
    MetaVault,
)

VENUE = MetaMorpho()
MARKET = market("metamorpho", META, irm=IRM, morpho=MORPHO)
VAULT = MetaVault()
HINT = Hint(VAULT.hint)


def state(vault: MetaVault, hint: Hint | None = None) -> MarketState:
    """Read a vault."""
    found = vault.into(base_evm()).run(VENUE.read_market(MARKET, hint))
    assert isinstance(found, MarketState)
    return found


def curve(vault: MetaVault, hint: Hint | None = None) -> MetaMorphoCurve:
    """Read a vault's curve."""
    found = state(vault, hint).curve
    assert isinstance(found, MetaMorphoCurve)
    return found


def in_curve(entry: BlueMarket) -> VaultMarket:
    """Return a market as the curve should hold it."""
    idle = entry.irm == ZERO
    return VaultMarket(
        MorphoMarket(
            entry.supply,
            entry.supply * 10**6,
            entry.borrow,
            entry.updated_at,
            entry.fee,
            0 if idle else entry.rate,
            idle,
        ),
        entry.vault_assets * 10**6,
        entry.cap,
    )
