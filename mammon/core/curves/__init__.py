"""Rate curves: each venue's own formula in its own integers.

`curve.rate_after(amount, at)` accrues the state to unix second `at`, then deposits `amount`: the
integer that the venue's contract reads after a deposit of `amount` mined at `at`. `curve.scale`
says what that integer is counted in (`core.rates`). `curve.shift` is supply of our own that the
chain does not know (the paper book); it is deposited first.
"""

from __future__ import annotations

from mammon.core.curves.aave import AaveCurve
from mammon.core.curves.comet import CometCurve
from mammon.core.curves.euler import EulerCurve
from mammon.core.curves.fluid import FluidCurve
from mammon.core.curves.growth import GrowthCurve
from mammon.core.curves.metamorpho import MetaMorphoCurve
from mammon.core.curves.moonwell import MoonwellCurve
from mammon.core.curves.morpho_supply import MorphoCurve
from mammon.core.curves.sky import SkyCurve
from mammon.core.curves.vault_v2 import VaultV2Curve

AnyCurve = (
    AaveCurve
    | MetaMorphoCurve
    | GrowthCurve
    | CometCurve
    | MoonwellCurve
    | MorphoCurve
    | FluidCurve
    | EulerCurve
    | SkyCurve
    | VaultV2Curve
)

__all__ = [
    "AaveCurve",
    "AnyCurve",
    "CometCurve",
    "EulerCurve",
    "FluidCurve",
    "GrowthCurve",
    "MetaMorphoCurve",
    "MoonwellCurve",
    "MorphoCurve",
    "SkyCurve",
    "VaultV2Curve",
]
