"""Whole numbers in few bits: one byte each that compresses well, and the rest as bare bits.

The byte says how many bits a number's magnitude has, or that the magnitude came before in the list (a
deposit shows in several totals at once). The bits are the sign, then the magnitude without its leading
one, or which of the earlier magnitudes it is.
"""

from __future__ import annotations

from collections.abc import Sequence

LONGEST = 250
"""Most bits of a magnitude."""
_AGAIN = 251


def coded(numbers: Sequence[int]) -> tuple[bytes, bytes]:
    """Return the bytes, one for each number, and the bits, filled up to whole bytes."""
    codes = bytearray()
    bits: list[str] = []
    order: dict[int, int] = {}
    for number in numbers:
        magnitude = abs(number)
        bits.append("1" if number < 0 else "0")
        if magnitude in order:
            codes.append(_AGAIN)
            bits.append(f"{order[magnitude]:0{_width(len(order))}b}")
        else:
            codes.append(magnitude.bit_length())
            bits.append(f"{magnitude:b}"[1:])
            order[magnitude] = len(order)
    # A leading one keeps the zeros behind it.
    whole = int("".join(("1", *bits)), 2)
    return bytes(codes), whole.to_bytes((whole.bit_length() + 7) // 8, "big")


def decoded(codes: bytes, bits: bytes) -> list[int]:
    """Return the numbers. Raises `ValueError` or `IndexError` when the bits do not fit the codes."""
    stream = f"{int.from_bytes(bits, 'big'):b}"
    at = 1
    numbers: list[int] = []
    distinct: list[int] = []
    for code in codes:
        sign, start = stream[at], at + 1
        at = start + (_width(len(distinct)) if code == _AGAIN else max(0, code - 1))
        rest = stream[start:at]
        if code == _AGAIN:
            magnitude = distinct[int(rest, 2)]
        else:
            magnitude = int(f"1{rest}", 2) if code else 0
            distinct.append(magnitude)
        numbers.append(-magnitude if sign == "1" else magnitude)
    return numbers


def _width(count: int) -> int:
    return max(1, (count - 1).bit_length())
