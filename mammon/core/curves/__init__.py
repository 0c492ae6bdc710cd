"""Rate curves: each venue's own formula in its own integers.

`curve.rate_after(amount, at)` accrues the state to unix second `at`, then deposits `amount`: the
integer that the venue's contract reads after a deposit of `amount` mined at `at`. `curve.scale`
says what that integer is counted in (`core.rates`). `curve.shift` is supply of our own that the
chain does not know (the paper book); it is deposited first.
"""

from __future__ import annotations

from mammon.core.curves.aave import AaveCurve
from mammon.core.curves.growth import GrowthCurve
from mammon.core.curves.metamorpho import MetaMorphoCurve

AnyCurve = AaveCurve | MetaMorphoCurve | GrowthCurve

__all__ = ["AaveCurve", "AnyCurve", "GrowthCurve", "MetaMorphoCurve"]
