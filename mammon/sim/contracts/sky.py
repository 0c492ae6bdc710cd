"""Sky savings on an L2: the oracle of the savings rate, the swap pool, and the vault in front of it.

The pool swaps the asset against savings shares at the oracle's worth of one, as long as it has what is
asked for. What it has of the asset lies in a pocket, which may be an account of its own.
"""

from __future__ import annotations

from dataclasses import replace

from mammon.core.curves import SkyCurve
from mammon.core.fixed import RAY
from mammon.core.numbers import Ray
from mammon.core.types import Address
from mammon.sim.contracts.encoding import ARITHMETIC, failure, panic
from mammon.sim.contracts.erc20 import Erc20
from mammon.sim.contracts.erc4626 import Vault
from mammon.sim.contracts.machine import Contract, Frame, external


class SsrOracle(Contract):
    """What the chain below has reported: rate, worth and when. `opening` is what the world begins with."""

    def __init__(self, address: Address, opening: SkyCurve) -> None:
        super().__init__(address)
        self.opening = opening

    def data(self, frame: Frame) -> SkyCurve:
        """Return what was reported last."""
        found: SkyCurve = frame.storage.get(self.key("data"), self.opening)
        return found

    def worth(self, frame: Frame) -> int:
        """Return the worth of one savings share now, ray."""
        found = self.data(frame).conversion_rate_at(frame.timestamp)
        if found is None:
            raise failure("SSROracleBase/invalid-timestamp")
        return found

    def report(self, frame: Frame, ssr: int) -> None:
        """Report another rate from now on."""
        found = replace(self.data(frame), ssr=Ray(ssr), chi=Ray(self.worth(frame)), rho=frame.timestamp)
        frame.storage.put(self.key("data"), found)

    @external("5e37e811", "getSSR()")
    def get_ssr(self, frame: Frame) -> int:
        return self.data(frame).ssr

    @external("0416c1a5", "getChi()")
    def get_chi(self, frame: Frame) -> int:
        return self.data(frame).chi

    @external("b4c7ec78", "getRho()")
    def get_rho(self, frame: Frame) -> int:
        return self.data(frame).rho

    @external("f36089ec", "getConversionRate()")
    def conversion_rate(self, frame: Frame) -> int:
        return self.worth(frame)


class SwapPool(Contract):
    """The pool. Its savings shares are a token of their own, 18 decimals."""

    def __init__(
        self, address: Address, pocket: Address, asset: Erc20, savings: Erc20, oracle: SsrOracle
    ) -> None:
        super().__init__(address)
        self.pocket, self.asset, self.savings, self.oracle = pocket, asset, savings, oracle
        self.constant("cccef9e2", "pocket()", pocket)

    def bought(self, frame: Frame, assets: int, up: bool = False) -> int:
        """Return the savings shares that the asset buys, each division rounded the same way."""
        one, unit = 10**self.savings.places, 10**self.asset.places
        first = _divided(assets * RAY, self.oracle.worth(frame), up)
        return _divided(first * one, unit, up)

    def sold(self, frame: Frame, shares: int, up: bool = False) -> int:
        """Return what savings shares bring in the asset."""
        one, unit = 10**self.savings.places, 10**self.asset.places
        return _divided(_divided(shares * self.oracle.worth(frame), RAY, up) * unit, one, up)


class SavingsVault(Vault):
    """The vault: as many shares as it has of the savings token."""

    def __init__(self, address: Address, name: str, symbol: str, pool: SwapPool) -> None:
        super().__init__(address, name, symbol, pool.asset, offset=18 - pool.asset.places)
        self.pool = pool
        self.constant("04bda262", "psm()", pool.address)

    def totals(self, frame: Frame) -> tuple[int, int]:
        """Return the worth of one savings share and the shares there are: what conversions go by."""
        return self.pool.oracle.worth(frame), self.minted(frame)

    def shares_for(self, assets: int, totals: tuple[int, int], up: bool = False) -> int:
        """Return the shares that `assets` buy at the worth in `totals`."""
        return _divided(_divided(assets * RAY, totals[0], up) * 10**18, 10**self.asset.places, up)

    def assets_for(self, shares: int, totals: tuple[int, int], up: bool = False) -> int:
        """Return what `shares` bring."""
        return _divided(_divided(shares * totals[0], RAY, up) * 10**self.asset.places, 10**18, up)

    def room(self, frame: Frame) -> int:
        """Return what the pool's savings shares are worth."""
        return self.pool.sold(frame, self.pool.savings.balance(frame, self.pool.address))

    def liquid(self, frame: Frame) -> int:
        """Return what lies in the pocket."""
        return self.asset.balance(frame, self.pool.pocket)

    def invest(self, frame: Frame, amount: int) -> None:
        """Swap a deposit for savings shares."""
        self.asset.move(frame, self.address, self.pool.pocket, amount)
        bought = self.pool.bought(frame, amount)
        self.pool.savings.move(frame, self.pool.address, self.address, bought)

    def divest(self, frame: Frame, amount: int) -> None:
        """Swap savings shares for a withdrawal."""
        if amount > self.liquid(frame):
            raise panic(ARITHMETIC)
        sold = min(self.pool.bought(frame, amount, up=True), self.pool.savings.balance(frame, self.address))
        self.pool.savings.move(frame, self.address, self.pool.address, sold)
        self.asset.move(frame, self.pool.pocket, self.address, amount)

    @external("01e1d114", "totalAssets()")
    def total_assets(self, frame: Frame) -> int:
        return self.assets_for(self.minted(frame), self.totals(frame))


def _divided(numerator: int, denominator: int, up: bool) -> int:
    return -(-numerator // denominator) if up else numerator // denominator
