"""The equality campaigns, and a chain to run them on outside pytest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.chain import (
    build,
    equality_aave,
    equality_metamorpho,
    equality_moonwell,
    equality_morpho,
    equality_uniswap,
    equality_vault,
)
from tests.chain.node import loaded
from tests.chain.points import Campaign
from tests.chain.scenario import Scenario

AAVE_30 = Campaign("Aave 3.0", equality_aave.aave30, 320)
AAVE_36 = Campaign("Aave 3.6", equality_aave.aave36, 320)
MAIN_VAULT = Campaign("MetaMorpho, 4 markets", equality_metamorpho.main_vault, 240)
MOONWELL = Campaign("Compound V2 by second", equality_moonwell.moonwell, 320)
MORPHO_BLUE = Campaign("Morpho Blue, direct", equality_morpho.direct, 320)
SMALL_VAULT = Campaign("MetaMorpho, 1 market", equality_metamorpho.small_vault, 80)
PLAIN_VAULT = Campaign("ERC-4626", equality_vault.plain_vault, 200)
UNISWAP = Campaign("Uniswap V3, positions", equality_uniswap.uniswap, 160)
CAMPAIGNS = (AAVE_30, AAVE_36, MAIN_VAULT, SMALL_VAULT, MORPHO_BLUE, MOONWELL, PLAIN_VAULT, UNISWAP)


@contextmanager
def running() -> Iterator[Scenario]:
    """Run a node of its own on the lab's state."""
    lab = build.lab()
    node = loaded(lab.state, lab.timestamp)
    try:
        yield Scenario(lab, node.rpc)
    finally:
        node.stop()
