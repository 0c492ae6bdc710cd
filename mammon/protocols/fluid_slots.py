"""What Fluid's Liquidity layer has in storage, and how it is packed.

The layer answers `readFromStorage(slot)` with one word. Source: `LiquiditySlotsLink`, `BigMathMinified`
(fluid-contracts-public@a9949b48). Amounts are 56 bits shifted by an exponent of 8, rounded when stored.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from mammon.core.abi import encode
from mammon.core.curves import FluidCurve
from mammon.core.curves.fluid import RateLine, withdrawal_floor
from mammon.core.keccak import keccak256
from mammon.core.numbers import Units
from mammon.core.types import Address
from mammon.errors import MalformedError

STATUS = (1).to_bytes(32, "big")
"""1: open, 2: paused or in the middle of an operation."""

_PRICES, _RATES, _TOTALS, _SUPPLIED = 5, 6, 7, 8
_MAX_EXPONENT = 128
_LINES = {1: (4, 20, 36, 52), 2: (4, 20, 36, 52, 68, 84)}
"""Rate data by version: places of the rate at 0, then of each kink and the rate there, then of the rate at
100 %."""


def prices_slot(token: Address) -> bytes:
    """Return where a token's exchange prices and configuration stand."""
    return _mapped(token, _PRICES)


def rates_slot(token: Address) -> bytes:
    """Return where a token's rate data stands."""
    return _mapped(token, _RATES)


def totals_slot(token: Address) -> bytes:
    """Return where a token's totals stand."""
    return _mapped(token, _TOTALS)


@lru_cache(maxsize=64)
def supplied_slot(user: Address, token: Address) -> bytes:
    """Return where a user's supply of a token stands."""
    return keccak256(encode(token, _mapped(user, _SUPPLIED)))


def rate_line(word: int) -> RateLine | None:
    """Return the borrow rate; None for a version that is not known. Raises `MalformedError`."""
    places = _LINES.get(word & 0xF)
    if places is None:
        return None
    zero, *kinks, full = (_bits(word, place, 16) for place in places)
    return RateLine(((0, zero), *zip(kinks[::2], kinks[1::2], strict=True), (10_000, full)))


def curve_of(prices: int, totals: int, line: RateLine) -> FluidCurve:
    """Return the curve of a token from its words. Raises `MalformedError`."""
    return FluidCurve(
        supply_price=Units(_bits(prices, 91, 64)),
        borrow_price=Units(_bits(prices, 155, 64)),
        borrow_rate=_bits(prices, 0, 16),
        fee=_bits(prices, 16, 14),
        utilisation=_bits(prices, 30, 14),
        threshold=_bits(prices, 44, 14),
        supply_ratio=_bits(prices, 219, 15),
        borrow_ratio=_bits(prices, 234, 15),
        updated_at=_bits(prices, 58, 33),
        supply_raw=_amount(_bits(totals, 0, 64)),
        supply_free=_amount(_bits(totals, 64, 64)),
        borrow_raw=_amount(_bits(totals, 128, 64)),
        borrow_free=_amount(_bits(totals, 192, 64)),
        line=line,
    )


class Supplied(NamedTuple):
    """What one user has supplied, raw, and the floor that withdrawals may not go below."""

    bearing: bool
    """Whether it bears interest."""
    amount: Units
    floor: Units
    updated_at: int
    expand: int
    expand_s: int
    paused: bool

    def floor_at(self, at: int) -> int:
        """Return what has to stay at `at`, raw."""
        elapsed = at - self.updated_at
        return withdrawal_floor(self.amount, self.floor, self.expand, self.expand_s, elapsed)


def supplied_of(word: int) -> Supplied:
    """Return what a user has supplied. Raises `MalformedError` for one who is not listed."""
    found = Supplied(
        bearing=bool(word & 1),
        amount=_amount(_bits(word, 1, 64)),
        floor=_amount(_bits(word, 65, 64)),
        updated_at=_bits(word, 129, 33),
        expand=_bits(word, 162, 14),
        expand_s=_bits(word, 176, 24),
        paused=bool(word >> 255),
    )
    if found.expand_s == 0 or found.expand > 10_000:
        raise MalformedError("fluid", f"the Liquidity layer lists no such supplier: {word:#x}")
    return found


@lru_cache(maxsize=64)
def _mapped(key: Address, slot: int) -> bytes:
    return keccak256(encode(key, slot))


def _bits(word: int, place: int, size: int) -> int:
    return word >> place & (1 << size) - 1


def _amount(packed: int) -> Units:
    exponent = packed & 0xFF
    if exponent > _MAX_EXPONENT:
        raise MalformedError("fluid", f"an amount shifted by {exponent} bits")
    return Units(packed >> 8 << exponent)
