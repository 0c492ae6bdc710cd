"""The adapters, by hand: what is not in this table does not exist."""

from __future__ import annotations

from mammon.protocols.aave_v3 import AaveV3
from mammon.protocols.base import LendingVenue
from mammon.protocols.erc4626 import Erc4626
from mammon.protocols.metamorpho import MetaMorpho

VENUES: dict[str, LendingVenue] = {
    AaveV3.protocol: AaveV3(),
    Erc4626.protocol: Erc4626(),
    MetaMorpho.protocol: MetaMorpho(),
}
