"""ERC-4626: what every vault answers, and one vault that does nothing but grow."""

from __future__ import annotations

from mammon.core.fixed import SECONDS_PER_YEAR
from mammon.core.types import Address
from mammon.sim.contracts.encoding import custom
from mammon.sim.contracts.erc20 import Erc20
from mammon.sim.contracts.machine import Frame, external

DEPOSIT = "dcbc1c05240f31ff3ad067ef1ee35ce4997762752e3a095284754544f4c709d7"
WITHDRAW = "fbde797d201c681b91056529119e0b02407c7bb96a4a2c75c01fc9667232c8db"


class Vault(Erc20):
    """A vault's shares and its deposits and withdrawals; what it does with the money is a subclass's.

    Rounding favours the vault: deposits and redemptions down, mints and withdrawals up.
    """

    def __init__(self, address: Address, name: str, symbol: str, asset: Erc20, offset: int) -> None:
        super().__init__(address, name, symbol, asset.places + offset)
        self.asset, self.unit = asset, 10**offset
        self.constant("38d52e0f", "asset()", asset.address)

    # --- what a subclass says ----------------------------------------------------------------------

    def totals(self, frame: Frame) -> tuple[int, int]:
        """Return total assets and total shares as of now, fees yet to be minted included."""
        return self.asset.balance(frame, self.address), self.minted(frame)

    def room(self, _frame: Frame) -> int:
        """Return what may still be deposited."""
        return 2**256 - 1

    def liquid(self, frame: Frame) -> int:
        """Return what could be paid out now."""
        return self.asset.balance(frame, self.address)

    def accrue(self, frame: Frame) -> tuple[int, int]:
        """Do what each deposit and withdrawal begins with and return the totals."""
        return self.totals(frame)

    def invest(self, frame: Frame, amount: int) -> None:
        """Put a deposit to work."""

    def divest(self, frame: Frame, amount: int) -> None:
        """Get the money for a withdrawal."""

    # --- conversions -------------------------------------------------------------------------------

    def shares_for(self, assets: int, totals: tuple[int, int], up: bool = False) -> int:
        """Return the shares that `assets` are worth."""
        return _divided(assets * (totals[1] + self.unit), totals[0] + 1, up)

    def assets_for(self, shares: int, totals: tuple[int, int], up: bool = False) -> int:
        """Return the assets that `shares` are worth."""
        return _divided(shares * (totals[0] + 1), totals[1] + self.unit, up)

    def withdrawable(self, frame: Frame, owner: Address) -> int:
        """Return what `owner` could take out now."""
        worth = self.assets_for(self.balance(frame, owner), self.totals(frame))
        return min(worth, self.liquid(frame))

    # --- money in and out --------------------------------------------------------------------------

    def enter(self, frame: Frame, payer: Address, owner: Address, assets: int) -> int:
        """Take `assets` from `payer` and give shares to `owner`; return the shares."""
        room = self.room(frame)
        if assets > room:
            raise self._too_much_in(owner, assets, room)
        shares = self.shares_for(assets, self.accrue(frame))
        self.asset.pull(frame, self.address, payer, self.address, assets)
        self.mint(frame, owner, shares)
        frame.emit(self.address, DEPOSIT, (payer, owner), assets, shares)
        self.invest(frame, assets)
        return shares

    def leave(self, frame: Frame, owner: Address, to: Address, assets: int, shares: int) -> None:
        """Burn the owner's `shares` and pay `assets` to `to`."""
        if frame.sender != owner:
            self.spend(frame, owner, frame.sender, shares)
        self.divest(frame, assets)
        self.burn(frame, owner, shares)
        self.asset.move(frame, self.address, to, assets)
        frame.emit(self.address, WITHDRAW, (frame.sender, to, owner), assets, shares)

    def _too_much_in(self, owner: Address, assets: int, room: int) -> Exception:
        return custom("79012fb2", owner, assets, room)  # ERC4626ExceededMaxDeposit(…)

    # --- external ----------------------------------------------------------------------------------

    @external("01e1d114", "totalAssets()")
    def total_assets(self, frame: Frame) -> int:
        return self.totals(frame)[0]

    @external("07a2d13a", "convertToAssets(uint256)")
    @external("4cdad506", "previewRedeem(uint256)")
    def convert_to_assets(self, frame: Frame, shares: int) -> int:
        return self.assets_for(shares, self.totals(frame))

    @external("c6e6f592", "convertToShares(uint256)")
    @external("ef8b30f7", "previewDeposit(uint256)")
    def convert_to_shares(self, frame: Frame, assets: int) -> int:
        return self.shares_for(assets, self.totals(frame))

    @external("0a28a477", "previewWithdraw(uint256)")
    def preview_withdraw(self, frame: Frame, assets: int) -> int:
        return self.shares_for(assets, self.totals(frame), up=True)

    @external("402d267d", "maxDeposit(address)")
    def max_deposit(self, frame: Frame, _owner: Address) -> int:
        return self.room(frame)

    @external("ce96cb77", "maxWithdraw(address)")
    def max_withdraw(self, frame: Frame, owner: Address) -> int:
        return self.withdrawable(frame, owner)

    @external("d905777e", "maxRedeem(address)")
    def max_redeem(self, frame: Frame, owner: Address) -> int:
        totals = self.totals(frame)
        liquid = self.shares_for(self.liquid(frame), totals)
        return min(self.balance(frame, owner), liquid)

    @external("6e553f65", "deposit(uint256,address)", 300_000)
    def deposit(self, frame: Frame, assets: int, owner: Address) -> int:
        return self.enter(frame, frame.sender, owner, assets)

    @external("b460af94", "withdraw(uint256,address,address)", 320_000)
    def withdraw(self, frame: Frame, assets: int, to: Address, owner: Address) -> int:
        totals = self.accrue(frame)
        shares = self.shares_for(assets, totals, up=True)
        held = self.balance(frame, owner)
        if shares > held:
            raise custom("fe9cceec", owner, assets, self.assets_for(held, totals))
        self.leave(frame, owner, to, assets, shares)
        return shares

    @external("ba087652", "redeem(uint256,address,address)", 320_000)
    def redeem(self, frame: Frame, shares: int, to: Address, owner: Address) -> int:
        totals = self.accrue(frame)
        held = self.balance(frame, owner)
        if shares > held:
            raise custom("b94abeec", owner, shares, held)
        assets = self.assets_for(shares, totals)
        self.leave(frame, owner, to, assets, shares)
        return assets


class PlainVault(Vault):
    """A vault of which one sees the share price and nothing else.

    Its manager earns a fixed sum per second, whoever deposits, and pays it in when the sum changes.
    """

    def __init__(self, address: Address, name: str, symbol: str, asset: Erc20, cap: int) -> None:
        super().__init__(address, name, symbol, asset, offset=0)
        self.cap = cap

    def totals(self, frame: Frame) -> tuple[int, int]:
        """Return total assets, what the manager owes included, and total shares."""
        return self.asset.balance(frame, self.address) + self.owed(frame), self.minted(frame)

    def room(self, frame: Frame) -> int:
        """Return what the cap leaves; nothing while paused."""
        return 0 if self.paused(frame) else max(0, self.cap - self.totals(frame)[0])

    def liquid(self, frame: Frame) -> int:
        """Return what could be paid out now; nothing while paused."""
        return 0 if self.paused(frame) else super().liquid(frame)

    def owed(self, frame: Frame) -> int:
        """Return what the manager has earned and not paid in yet."""
        per_year, since = frame.storage.get(self.key("earning"), (0, 0))
        return int(per_year * (frame.timestamp - since) // SECONDS_PER_YEAR)

    def earn(self, frame: Frame, manager: Address, rate_ppm: int) -> None:
        """Pay in what is owed and set what is earned from now on, as a rate on today's assets."""
        self.asset.move(frame, manager, self.address, self.owed(frame))
        per_year = self.asset.balance(frame, self.address) * rate_ppm // 10**6
        frame.storage.put(self.key("earning"), (per_year, frame.timestamp))

    def leave(self, frame: Frame, owner: Address, to: Address, assets: int, shares: int) -> None:
        """Pay out unless paused."""
        if self.paused(frame):
            raise custom("d93c0665")  # EnforcedPause()
        super().leave(frame, owner, to, assets, shares)

    @external("5c975abb", "paused()")
    def paused(self, frame: Frame) -> bool:
        return bool(frame.storage.get(self.key("paused")))


def _divided(numerator: int, denominator: int, up: bool) -> int:
    return -(-numerator // denominator) if up else numerator // denominator
