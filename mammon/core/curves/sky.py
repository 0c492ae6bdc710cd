"""Sky's savings rate as it reaches an L2: `chi` as of `rho`, growing by `ssr` each second.

Source: `SSROracleBase.getConversionRate` (xchain-ssr-oracle@232f950f). The rate is set by governance
and paid on whatever is saved: no deposit thins it. What limits the venue is the swap pool between it
and the asset, which is no matter of the rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mammon.core.curves.power import rpow
from mammon.core.curves.quotes import Plain, Quotes
from mammon.core.fixed import RAY
from mammon.core.numbers import Ray, Units
from mammon.core.rates import Scale
from mammon.errors import MalformedError

_NOTHING = Units(0)


@dataclass(frozen=True, slots=True)
class SkyCurve:
    """The oracle's data; the rate is the growth factor of a second, ray.

    Raises `MalformedError` for a factor below one or a share worth nothing, which the oracle refuses too.
    """

    scale: ClassVar[Scale] = Scale.RAY_FACTOR

    ssr: Ray
    chi: Ray
    """Worth of one share at `rho`."""
    rho: int
    shift: Units = _NOTHING

    def __post_init__(self) -> None:
        """Refuse what is no savings rate."""
        if self.ssr < RAY or self.chi <= 0:
            raise MalformedError("curve", f"a savings factor of {self.ssr} on {self.chi}")

    def rate_after(self, amount: int, at: int) -> int:  # noqa: ARG002  # nobody thins it
        """Return `getSSR()`, whatever is deposited, or, negative, withdrawn, from `rho` on."""
        if at < self.rho:
            raise ValueError("the time lies before the oracle's last update")
        return self.ssr

    def quotes(self, at: int) -> Quotes:
        """Return what the curve pays at `at`, to be asked about many amounts."""
        return Plain(self, at)

    def rate_ceiling(self, at: int) -> int:
        """Return a rate that no deposit at `at` exceeds."""
        return self.rate_after(0, at)

    def conversion_rate_at(self, at: int) -> int | None:
        """Return `getConversionRate(at)`: the worth of one share, ray; None where it reverts."""
        growth = rpow(self.ssr, at - self.rho, RAY) if at >= self.rho else None
        return None if growth is None else growth * self.chi // RAY
