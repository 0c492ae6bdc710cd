"""Ticks: prices in steps of a hundredth of a per cent, and their square roots as the pools store them.

A tick t stands for the price 1.0001**t of token0 in token1. Pools keep the square root of the price,
scaled by 2**96. The contracts multiply one constant per set bit of the tick and round up at the end;
these are their steps (Uniswap V3 `TickMath`, which Slipstream took over), so the result is theirs to
the last bit.
"""

from __future__ import annotations

from typing import NewType

from mammon.errors import MalformedError

SqrtPrice = NewType("SqrtPrice", int)
"""Square root of token0's price in token1, both in base units, scaled by 2**96."""

MAX_TICK = 887_272
Q96 = 1 << 96

_Q32 = 1 << 32
_Q128 = 1 << 128
_UINT256_MAX = (1 << 256) - 1

_FACTORS = (
    0xFFFCB933BD6FAD37AA2D162D1A594001,
    0xFFF97272373D413259A46990580E213A,
    0xFFF2E50F5F656932EF12357CF3C7FDCC,
    0xFFE5CACA7E10E4E61C3624EAA0941CD0,
    0xFFCB9843D60F6159C9DB58835C926644,
    0xFF973B41FA98C081472E6896DFB254C0,
    0xFF2EA16466C96A3843EC78B326B52861,
    0xFE5DEE046A99A2A811C461F1969C3053,
    0xFCBE86C7900A88AEDCFFC83B479AA3A4,
    0xF987A7253AC413176F2B074CF7815E54,
    0xF3392B0822B70005940C7A398E4B70F3,
    0xE7159475A2C29B7443B29C7FA6E889D9,
    0xD097F3BDFD2022B8845AD8F792AA5825,
    0xA9F746462D870FDF8A65DC1F90E061E5,
    0x70D869A156D2A1B890BB3DF62BAF32F7,
    0x31BE135F97D08FD981231505542FCFA6,
    0x9AA508B5B7A84E1C677DE54F3E99BC9,
    0x5D6AF8DEDB81196699C329225EE604,
    0x2216E584F5FA1EA926041BEDFE98,
    0x48A170391F7DC42444E8FA2,
)
"""1.0001**(-2**i / 2) for the i-th bit of a tick, scaled by 2**128."""


def sqrt_price_at(tick: int) -> SqrtPrice:
    """Return the square root of the price at a tick, rounded up. Raises `MalformedError` beyond the ends."""
    steps = abs(tick)
    if steps > MAX_TICK:
        raise MalformedError("tick", f"tick {tick} is none that a pool can have")
    ratio = _Q128
    for bit, factor in enumerate(_FACTORS):
        if steps >> bit & 1:
            ratio = ratio * factor >> 128
    if tick > 0:
        ratio = _UINT256_MAX // ratio
    return SqrtPrice(-(-ratio // _Q32))
