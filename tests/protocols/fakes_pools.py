"""Position managers, pools and a gauge, put into the dictionary that answers contract calls."""

from __future__ import annotations

from dataclasses import dataclass, field

from eth_abi import encode
from eth_abi.packed import encode_packed
from eth_utils import keccak

from mammon.core.concentrated.managers import PositionManager
from mammon.core.concentrated.ticks import sqrt_price_at
from mammon.core.types import Address, Token
from tests.protocols.fakes import CHAIN_ID, MULTICALL3, NOW, OWNER, TOKEN, USDC, ZERO, Evm, account, base_evm

MANAGER, FACTORY, VOTER = account(0x1A), account(0x1B), account(0x1C)
POOL, GAUGE = account(0x2A), account(0x2B)
WETH = Token(CHAIN_ID, account(0x10), "WETH", 18)
AERO = Token(CHAIN_ID, account(0x20), "AERO", 18)
STRANGER = account(0xBAD)
"""A token of somebody's own making: every call to it fails the test."""
WRAP = 2**256


@dataclass
class Lot:
    """One position, as its manager and its pool have it."""

    number: int
    lower: int = -1000
    upper: int = 1000
    liquidity: int = 10**18
    seen: tuple[int, int] = (0, 0)
    owed: tuple[int, int] = (0, 0)
    in_pool: tuple[int, ...] | None = None
    """Liquidity, both growths seen and both owed, where the pool differs from the manager."""
    pair: tuple[Address, Address] = (WETH.address, USDC)
    parameter: int = 500


@dataclass
class Pools:
    """One manager with one pool. Slipstream's where `slip`, with a gauge."""

    slip: bool = False
    tick: int = 0
    price: int = 2**96
    total: tuple[int, int] = (0, 0)
    outside: dict[int, tuple[int, int]] = field(default_factory=dict)
    staked_liquidity: int = 10**19
    rate: int = 10**18
    ends: int = NOW + 1000

    def manager(self) -> PositionManager:
        """Return the manager as a chain file lists it."""
        common = (CHAIN_ID, "slip" if self.slip else "uni", "slipstream" if self.slip else "uniswap_v3")
        tokens = (TOKEN, WETH, AERO)
        if not self.slip:
            return PositionManager(*common, MANAGER, FACTORY, MULTICALL3, tokens=tokens)
        return PositionManager(*common, MANAGER, FACTORY, MULTICALL3, VOTER, (POOL,), tokens)

    def evm(self, *owned: Lot, staked: tuple[Lot, ...] = (), earned: tuple[int, int] = (0, 0)) -> Evm:
        """Return a chain where the owner has these positions."""
        evm = base_evm()
        for token in (WETH, AERO):
            evm.put(token.address, "decimals()", gives=(token.decimals,))
        evm.put(MANAGER, "factory()", gives=(FACTORY,))
        evm.put(MANAGER, "balanceOf(address)", OWNER, gives=(len(owned),))
        for place, lot in enumerate(owned):
            evm.put(MANAGER, "tokenOfOwnerByIndex(address,uint256)", OWNER, place, gives=(lot.number,))
            self.issue(evm, lot, MANAGER)
        if self.slip:
            self._gauge(evm, staked, earned)
        self._pool(evm)
        return evm

    def issue(self, evm: Evm, lot: Lot, holder: Address) -> None:
        """Have manager, factory and pool tell of a position; to the pool, its liquidity is `holder`'s."""
        words = (0, ZERO, *lot.pair, lot.parameter, lot.lower, lot.upper, lot.liquidity, *lot.seen, *lot.owed)
        kinds = "uint96 address address address int24 int24 int24 uint128 uint256 uint256 uint128 uint128"
        evm.raw(MANAGER, "positions(uint256)", (lot.number,), encode(kinds.split(), words))
        keyed = "int24" if self.slip else "uint24"
        evm.put(FACTORY, f"getPool(address,address,{keyed})", *lot.pair, lot.parameter, gives=(POOL,))
        packed = encode_packed(["address", "int24", "int24"], [holder, lot.lower, lot.upper])
        kept = lot.in_pool or (lot.liquidity, *lot.seen, *lot.owed)
        evm.put(POOL, "positions(bytes32)", keccak(packed), gives=kept)
        for tick in (lot.lower, lot.upper):
            self._tick(evm, tick)

    def _tick(self, evm: Evm, tick: int) -> None:
        kept = self.outside.get(tick, (0, 0))
        before, after = ((1, 2, 3), (7, 8, 9, 10, 1)) if self.slip else ((1, 2), (7, 8, 9, 1))
        evm.put(POOL, "ticks(int24)", tick, gives=(*before, *kept, *after))

    def _pool(self, evm: Evm) -> None:
        data = encode(["uint160", "int24"], [self.price, self.tick])
        rest = encode(["uint256"] * (4 if self.slip else 5), [1] * (4 if self.slip else 5))
        evm.raw(POOL, "slot0()", (), data + rest)
        evm.put(POOL, "feeGrowthGlobal0X128()", gives=(self.total[0],))
        evm.put(POOL, "feeGrowthGlobal1X128()", gives=(self.total[1],))

    def _gauge(self, evm: Evm, staked: tuple[Lot, ...], earned: tuple[int, int]) -> None:
        evm.put(VOTER, "gauges(address)", POOL, gives=(GAUGE,))
        numbers = encode(["uint256[]"], [[lot.number for lot in staked]])
        evm.raw(GAUGE, "stakedValues(address)", (OWNER,), numbers)
        evm.put(GAUGE, "pool()", gives=(POOL,))
        evm.put(GAUGE, "rewardToken()", gives=(AERO.address,))
        evm.put(GAUGE, "rewardRate()", gives=(self.rate,))
        evm.put(GAUGE, "periodFinish()", gives=(self.ends,))
        evm.put(POOL, "stakedLiquidity()", gives=(self.staked_liquidity,))
        for lot in staked:
            self.issue(evm, lot, GAUGE)
            evm.put(GAUGE, "earned(address,uint256)", OWNER, lot.number, gives=(earned[0],))
            evm.put(GAUGE, "rewards(uint256)", lot.number, gives=(earned[1],))


def at_tick(tick: int, slip: bool = False) -> Pools:
    """Return a pool at a tick's own price."""
    return Pools(slip, tick, sqrt_price_at(tick))
