"""The adapters, by hand: what is not in this table does not exist."""

from __future__ import annotations

from mammon.protocols.aave_v3 import AaveV3
from mammon.protocols.base import LendingVenue
from mammon.protocols.compound_v3 import CompoundV3
from mammon.protocols.erc4626 import Erc4626
from mammon.protocols.euler_v2 import EulerV2
from mammon.protocols.fluid import Fluid
from mammon.protocols.metamorpho import MetaMorpho
from mammon.protocols.moonwell import Moonwell
from mammon.protocols.morpho_blue import MorphoBlue
from mammon.protocols.sky_savings import SkySavings
from mammon.protocols.vault_v2 import VaultV2

VENUES: dict[str, LendingVenue] = {
    AaveV3.protocol: AaveV3(),
    CompoundV3.protocol: CompoundV3(),
    Erc4626.protocol: Erc4626(),
    EulerV2.protocol: EulerV2(),
    Fluid.protocol: Fluid(),
    MetaMorpho.protocol: MetaMorpho(),
    Moonwell.protocol: Moonwell(),
    MorphoBlue.protocol: MorphoBlue(),
    SkySavings.protocol: SkySavings(),
    VaultV2.protocol: VaultV2(),
}
