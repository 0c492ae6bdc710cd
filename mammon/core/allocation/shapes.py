"""Shapes: what is known of each family's curve beyond its values.

A kinked model that is no flatter above its kink than below makes the rate a convex function of what is
supplied: the rate is then a convex, rising function of utilisation, and utilisation a convex, falling one
of supply.
"""

from __future__ import annotations

from mammon.core.curves import (
    AaveCurve,
    AnyCurve,
    CometCurve,
    EulerCurve,
    GrowthCurve,
    MoonwellCurve,
    MorphoCurve,
    SkyCurve,
)
from mammon.core.fixed import RAY

_LAST_UNITS = 8
_MANY_UNITS = 10**12
"""Of which one more changes utilisation by less than the noise that is allowed for."""


def is_convex(curve: AnyCurve) -> bool:
    """Say whether the rate is surely convex in what is supplied; False where nobody worked it out."""
    match curve:
        case AaveCurve():
            optimal = curve.optimal_usage
            return curve.slope2 * optimal >= curve.slope1 * (RAY - optimal)
        case CometCurve():
            # Utilisation is told in whole units of both sides: among few of them every unit is a step.
            return curve.supply_principal >= _MANY_UNITS and curve.supply.slope_high >= curve.supply.slope_low
        case MoonwellCurve():
            return curve.model.jump >= curve.model.multiplier
        case EulerCurve():
            return curve.model is None or curve.model.slope2 >= curve.model.slope1
        case GrowthCurve() | MorphoCurve() | SkyCurve():
            return True
        case _:
            return False


def noise_of(curve: AnyCurve) -> int:
    """Return by how many of its last units a rate may lie off the smooth function that it rounds."""
    if isinstance(curve, EulerCurve) and curve.model is not None:
        return _LAST_UNITS + max(curve.model.slope1, curve.model.slope2)  # of one step of utilisation
    return _LAST_UNITS


def bends_of(curve: AnyCurve, at: int) -> tuple[int, ...]:
    """Return the changes of what is supplied on both sides of the kink; none where it is left to be found."""
    if not isinstance(curve, AaveCurve) or curve.optimal_usage == 0:
        return ()
    debt = curve.debt_at(at)
    kink = debt * RAY // curve.optimal_usage - debt - curve.available - curve.shift
    return (kink, kink + 1)
