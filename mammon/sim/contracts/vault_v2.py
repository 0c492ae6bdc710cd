"""A Morpho Vault V2 over the simulated Morpho: idle money, adapters, caps by id, a rate it may not exceed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mammon.core import abi
from mammon.core.fixed import WAD
from mammon.core.numbers import Wad
from mammon.core.types import Address
from mammon.protocols.morpho_blue_market import Params
from mammon.protocols.vault_v2_layout import cap_ids
from mammon.sim.contracts.encoding import ARITHMETIC, ZERO_ADDRESS, custom, panic
from mammon.sim.contracts.erc20 import UNLIMITED, Erc20
from mammon.sim.contracts.erc4626 import Vault
from mammon.sim.contracts.machine import Contract, Frame, external
from mammon.sim.contracts.metamorpho import MetaMorpho
from mammon.sim.contracts.morpho import MarketTerms, Morpho

_OUT_OF_BOUNDS = 0x32


class MarketAdapter(Contract):
    """An adapter that lends in markets directly."""

    def __init__(self, address: Address, morpho: Morpho, markets: Sequence[MarketTerms]) -> None:
        super().__init__(address)
        self.morpho, self.markets = morpho, tuple(markets)
        self.constant("d8fbc833", "morpho()", morpho.address)
        self.constant("399e3a50", "adaptiveCurveIrm()", morpho.irm)

    def held(self, frame: Frame, place: int) -> int:
        """Return what is in one market."""
        entry = self.markets[place]
        return self.morpho.held(frame, entry, self.address, self.morpho.accrued(frame, entry))

    def put(self, frame: Frame, place: int, amount: int) -> None:
        """Supply what the vault has sent."""
        self.morpho.supply(frame, self.markets[place], self.address, amount)

    def take(self, frame: Frame, place: int, amount: int, to: Address) -> None:
        """Withdraw to the vault."""
        self.morpho.withdraw(frame, self.markets[place], self.address, amount, to)

    def ids(self, place: int) -> tuple[bytes, ...]:
        """Return the ids that money in one market counts under."""
        entry, asset = self.markets[place], self.morpho.asset.address
        params = Params(asset, entry.collateral, entry.oracle, self.morpho.irm, Wad(entry.lltv))
        return cap_ids(self.address, params)

    def data(self, place: int) -> bytes:
        """Return how the vault names one market."""
        return self.morpho.encoded_parameters(self.markets[place])

    def _entered(self, frame: Frame) -> list[MarketTerms]:
        return [entry for entry in self.markets if self.morpho.shares(frame, entry, self.address)]

    @external("56c07573", "realAssets()")
    def real(self, frame: Frame) -> int:
        return sum(self.held(frame, place) for place in range(len(self.markets)))

    @external("ace48b45", "marketIdsLength()")
    def markets_length(self, frame: Frame) -> int:
        return len(self._entered(frame))

    @external("779a9683", "marketIds(uint256)")
    def market_ids(self, frame: Frame, place: int) -> bytes:
        entered = self._entered(frame)
        if place >= len(entered):
            raise panic(_OUT_OF_BOUNDS)
        return entered[place].id

    @external("6ead54d8", "supplyShares(bytes32)")
    def supply_shares(self, frame: Frame, market_id: bytes) -> int:
        entry = self.morpho.terms.get(market_id)
        return 0 if entry is None else self.morpho.shares(frame, entry, self.address)


class InnerVaultAdapter(Contract):
    """An adapter that holds shares of a MetaMorpho vault."""

    def __init__(self, address: Address, inner: MetaMorpho) -> None:
        super().__init__(address)
        self.inner = inner
        self.constant("e4baaddf", "morphoVaultV1()", inner.address)

    def held(self, frame: Frame, _place: int) -> int:
        """Return what the shares are worth."""
        return self.inner.assets_for(self.inner.balance(frame, self.address), self.inner.totals(frame))

    def put(self, frame: Frame, _place: int, amount: int) -> None:
        """Deposit what the vault has sent."""
        allowance = self.inner.asset.key("allowance", self.address, self.inner.address)
        frame.storage.put(allowance, UNLIMITED)
        self.inner.enter(frame, self.address, self.address, amount)

    def take(self, frame: Frame, _place: int, amount: int, to: Address) -> None:
        """Withdraw to the vault."""
        own = frame.nested(self.address)
        shares = self.inner.shares_for(amount, self.inner.accrue(own), up=True)
        if shares > self.inner.balance(own, self.address):
            raise panic(ARITHMETIC)
        self.inner.leave(own, self.address, to, amount, shares)
        frame.merge(own)

    def ids(self, _place: int) -> tuple[bytes, ...]:
        """Return the id that its money counts under."""
        return cap_ids(self.address, None)

    def data(self, _place: int) -> bytes:
        """Return how the vault names it: by nothing."""
        return b""

    @external("56c07573", "realAssets()")
    def real(self, frame: Frame) -> int:
        return self.held(frame, 0)


class VaultFactory(Contract):
    """The factory, which knows the vaults it made."""

    def __init__(self, address: Address, vaults: Sequence[Address]) -> None:
        super().__init__(address)
        self.vaults = frozenset(vaults)

    @external("5edec50d", "isVaultV2(address)")
    def is_vault(self, _frame: Frame, vault: Address) -> bool:
        return vault in self.vaults


@dataclass(frozen=True, slots=True)
class VaultV2Terms:
    """What the curator has set; caps are the same for every id."""

    name: str
    symbol: str
    performance_fee: Wad
    management_fee: Wad
    max_rate: Wad
    absolute_cap: int
    relative_cap: Wad
    penalty: Wad
    liquidity: tuple[int, int]
    """The adapter's position, and its market's."""


class VaultV2(Vault):
    """The vault. Fee shares go to the recipient at each touch; all `max*` functions answer 0."""

    def __init__(
        self,
        address: Address,
        terms: VaultV2Terms,
        asset: Erc20,
        adapters: Sequence[MarketAdapter | InnerVaultAdapter],
        fee_recipient: Address,
    ) -> None:
        super().__init__(address, terms.name, terms.symbol, asset, offset=18 - asset.places)
        self.terms, self.adapters, self.fee_recipient = terms, tuple(adapters), fee_recipient
        self.way, self.place = self.adapters[terms.liquidity[0]], terms.liquidity[1]
        self.constant("ece1d6e5", "maxRate()", terms.max_rate)
        self.constant("87788782", "performanceFee()", terms.performance_fee)
        self.constant("a6f7f5d6", "managementFee()", terms.management_fee)
        self.constant("5aa22bc8", "adaptersLength()", len(self.adapters))
        self.constant("ad468d11", "liquidityAdapter()", self.way.address)
        named = abi.encode(abi.byte_string(self.way.data(self.place)))
        self.constant("2e029228", "liquidityData()", named)

    # --- the vault's side of ERC-4626 --------------------------------------------------------------

    def totals(self, frame: Frame) -> tuple[int, int]:
        """Return total assets, within the maximal rate, and total shares, the fees' included."""
        stored, since = self._stored(frame)
        elapsed, terms = frame.timestamp - since, self.terms
        real = self.asset.balance(frame, self.address) + sum(each.real(frame) for each in self.adapters)
        total = min(real, stored + stored * elapsed * terms.max_rate // WAD)
        performance = max(0, total - stored) * terms.performance_fee // WAD
        management = total * elapsed * terms.management_fee // WAD
        shares, kept = self.minted(frame) + self.unit, total - performance - management + 1
        minted = performance * shares // kept + management * shares // kept
        return total, self.minted(frame) + minted

    def accrue(self, frame: Frame) -> tuple[int, int]:
        """Book the total, mint the fees' shares, and return the totals."""
        total, shares = self.totals(frame)
        if shares > self.minted(frame):
            self.mint(frame, self.fee_recipient, shares - self.minted(frame))
        self._store(frame, total)
        return total, shares

    def invest(self, frame: Frame, amount: int) -> None:
        """Allocate to the liquidity adapter, as far as the caps let it."""
        before, _ = self._stored(frame)
        self._store(frame, before + amount)
        self.asset.move(frame, self.address, self.way.address, amount)
        self.way.put(frame, self.place, amount)
        self._book(frame)
        for each in self.way.ids(self.place):
            booked = self._allocation(frame, each)
            if booked > self.terms.absolute_cap:
                raise custom("4616e4af")  # AbsoluteCapExceeded()
            if self.terms.relative_cap < WAD and booked > before * self.terms.relative_cap // WAD:
                raise custom("44e1772c")  # RelativeCapExceeded()

    def divest(self, frame: Frame, amount: int) -> None:
        """Take what idle money lacks out of the liquidity adapter."""
        total, _ = self._stored(frame)
        missing = amount - self.asset.balance(frame, self.address)
        if missing > 0:
            self.way.take(frame, self.place, missing, self.address)
            self._book(frame)
        self._store(frame, total - amount)

    # --- pieces ------------------------------------------------------------------------------------

    def _stored(self, frame: Frame) -> tuple[int, int]:
        total, since = frame.storage.get(self.key("stored"), (0, frame.timestamp))
        return int(total), int(since)

    def _store(self, frame: Frame, total: int) -> None:
        frame.storage.put(self.key("stored"), (total, frame.timestamp))

    def _allocation(self, frame: Frame, identity: bytes) -> int:
        return int(frame.storage.get(self.key("allocation", identity.hex())))

    def _book(self, frame: Frame) -> None:
        """Book what the liquidity adapter now holds under each of its ids."""
        ids = self.way.ids(self.place)
        change = self.way.held(frame, self.place) - self._allocation(frame, ids[-1])
        for each in ids:
            booked = self._allocation(frame, each) + change
            frame.storage.put(self.key("allocation", each.hex()), booked)

    # --- external ----------------------------------------------------------------------------------

    @external("ce04bebb", "_totalAssets()")
    def stored_assets(self, frame: Frame) -> int:
        return self._stored(frame)[0]

    @external("c0463711", "lastUpdate()")
    def last_update(self, frame: Frame) -> int:
        return self._stored(frame)[1]

    @external("4ef501ac", "adapters(uint256)")
    def adapter_at(self, _frame: Frame, place: int) -> Address:
        if place >= len(self.adapters):
            raise panic(_OUT_OF_BOUNDS)
        return self.adapters[place].address

    @external("c69507dd", "allocation(bytes32)")
    def allocation(self, frame: Frame, identity: bytes) -> int:
        return self._allocation(frame, identity)

    @external("bc0dd374", "absoluteCap(bytes32)")
    def absolute_cap(self, _frame: Frame, _identity: bytes) -> int:
        return self.terms.absolute_cap

    @external("a68bafa3", "relativeCap(bytes32)")
    def relative_cap(self, _frame: Frame, _identity: bytes) -> int:
        return self.terms.relative_cap

    @external("99e99183", "forceDeallocatePenalty(address)")
    def penalty(self, _frame: Frame, _adapter: Address) -> int:
        return self.terms.penalty

    @external("98c9b49c", "canReceiveShares(address)")
    @external("8e511e4d", "canSendShares(address)")
    @external("0d326b18", "canReceiveAssets(address)")
    @external("20fe8d58", "canSendAssets(address)")
    def is_let(self, _frame: Frame, account: Address) -> bool:
        return account != ZERO_ADDRESS

    @external("402d267d", "maxDeposit(address)")
    @external("c63d75b6", "maxMint(address)")
    @external("ce96cb77", "maxWithdraw(address)")
    @external("d905777e", "maxRedeem(address)")
    def nothing_at_most(self, _frame: Frame, _owner: Address) -> int:
        return 0
