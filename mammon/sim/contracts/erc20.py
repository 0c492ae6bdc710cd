"""ERC-20: the asset itself, and the base of every token that a venue mints."""

from __future__ import annotations

from mammon.core.types import Address
from mammon.sim.contracts.encoding import ZERO_ADDRESS, Reverted, custom, encoded_text, failure
from mammon.sim.contracts.machine import Contract, Frame, external

TRANSFER = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
APPROVAL = "8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"
UNLIMITED = 2**256 - 1


class Erc20(Contract):
    """A token with the custom errors of recent libraries. Balances and allowances are whole base units."""

    def __init__(self, address: Address, name: str, symbol: str, decimals: int) -> None:
        super().__init__(address)
        self.ticker, self.places = symbol, decimals
        self.constant("06fdde03", "name()", encoded_text(name))
        self.constant("95d89b41", "symbol()", encoded_text(symbol))
        self.constant("313ce567", "decimals()", decimals)

    # --- for other contracts -----------------------------------------------------------------------

    def balance(self, frame: Frame, holder: Address) -> int:
        """Return what `holder` has."""
        return int(frame.storage.get(self.key("balance", holder)))

    def minted(self, frame: Frame) -> int:
        """Return how much exists."""
        return int(frame.storage.get(self.key("supply")))

    def move(self, frame: Frame, holder: Address, to: Address, amount: int) -> None:
        """Move tokens and emit `Transfer`. Reverts when the holder has too few."""
        if not frame.quiet:
            self._check(frame, holder, to)
        storage, source, target = frame.storage, self.key("balance", holder), self.key("balance", to)
        held = storage.get(source)
        if amount > held:
            raise self._short_balance(holder, held, amount)
        storage.put(source, held - amount)
        storage.put(target, storage.get(target) + amount)
        frame.emit(self.address, TRANSFER, (holder, to), amount)

    def pull(self, frame: Frame, spender: Address, holder: Address, to: Address, amount: int) -> None:
        """Move tokens on the holder's allowance to `spender`."""
        self.spend(frame, holder, spender, amount)
        self.move(frame, holder, to, amount)

    def spend(self, frame: Frame, holder: Address, spender: Address, amount: int) -> None:
        """Use up allowance; an unlimited one stays unlimited."""
        allowed = int(frame.storage.get(self.key("allowance", holder, spender)))
        if allowed == UNLIMITED:
            return
        if amount > allowed:
            raise self._short_allowance(spender, allowed, amount)
        frame.storage.put(self.key("allowance", holder, spender), allowed - amount)

    def mint(self, frame: Frame, to: Address, amount: int) -> None:
        """Create tokens."""
        frame.storage.put(self.key("supply"), self.minted(frame) + amount)
        frame.storage.put(self.key("balance", to), self.balance(frame, to) + amount)
        frame.emit(self.address, TRANSFER, (ZERO_ADDRESS, to), amount)

    def burn(self, frame: Frame, holder: Address, amount: int) -> None:
        """Destroy tokens. Reverts when the holder has too few."""
        held = self.balance(frame, holder)
        if amount > held:
            raise self._short_balance(holder, held, amount)
        frame.storage.put(self.key("supply"), self.minted(frame) - amount)
        frame.storage.put(self.key("balance", holder), held - amount)
        frame.emit(self.address, TRANSFER, (holder, ZERO_ADDRESS), amount)

    def _check(self, _frame: Frame, _holder: Address, to: Address) -> None:
        """Refuse a movement that the token's own rules forbid."""
        if to == ZERO_ADDRESS:
            raise custom("ec442f05", ZERO_ADDRESS)  # ERC20InvalidReceiver(address)

    def _short_balance(self, holder: Address, held: int, amount: int) -> Reverted:
        return custom("e450d38c", holder, held, amount)  # ERC20InsufficientBalance(address,uint256,uint256)

    def _short_allowance(self, spender: Address, allowed: int, amount: int) -> Reverted:
        return custom("fb8f41b2", spender, allowed, amount)  # ERC20InsufficientAllowance(…)

    # --- external ----------------------------------------------------------------------------------

    @external("18160ddd", "totalSupply()")
    def total_supply(self, frame: Frame) -> int:
        return self.minted(frame)

    @external("70a08231", "balanceOf(address)")
    def balance_of(self, frame: Frame, holder: Address) -> int:
        return self.balance(frame, holder)

    @external("dd62ed3e", "allowance(address,address)")
    def allowance(self, frame: Frame, holder: Address, spender: Address) -> int:
        return int(frame.storage.get(self.key("allowance", holder, spender)))

    @external("095ea7b3", "approve(address,uint256)", 34_000)
    def approve(self, frame: Frame, spender: Address, amount: int) -> bool:
        frame.storage.put(self.key("allowance", frame.sender, spender), amount)
        frame.emit(self.address, APPROVAL, (frame.sender, spender), amount)
        return True

    @external("a9059cbb", "transfer(address,uint256)", 23_000)
    def transfer(self, frame: Frame, to: Address, amount: int) -> bool:
        self.move(frame, frame.sender, to, amount)
        return True

    @external("23b872dd", "transferFrom(address,address,uint256)", 32_000)
    def transfer_from(self, frame: Frame, holder: Address, to: Address, amount: int) -> bool:
        self.pull(frame, frame.sender, holder, to, amount)
        return True


class Usdc(Erc20):
    """The asset: 6 decimals, an issuer who can pause it and block accounts, reasons in words."""

    @external("5c975abb", "paused()")
    def paused(self, frame: Frame) -> bool:
        return bool(frame.storage.get(self.key("paused")))

    @external("fe575a87", "isBlacklisted(address)")
    def blocked(self, frame: Frame, account: Address) -> bool:
        return bool(frame.storage.get(self.key("blocked", account)))

    def _check(self, frame: Frame, holder: Address, to: Address) -> None:
        if self.paused(frame):
            raise failure("Pausable: paused")
        if self.blocked(frame, holder) or self.blocked(frame, to):
            raise failure("Blacklistable: account is blacklisted")
        if to == ZERO_ADDRESS:
            raise failure("ERC20: transfer to the zero address")

    def _short_balance(self, _holder: Address, _held: int, _amount: int) -> Reverted:
        return failure("ERC20: transfer amount exceeds balance")

    def _short_allowance(self, _spender: Address, _allowed: int, _amount: int) -> Reverted:
        return failure("ERC20: transfer amount exceeds allowance")
