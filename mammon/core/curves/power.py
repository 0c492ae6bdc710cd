"""Powers in fixed point, by squaring, as the contracts take them.

Source: MakerDAO's `rpow`, in `RPow` (euler-vault-kit 1.0) and `SSROracleBase` (xchain-ssr-oracle): the
two differ in what they do about an overflow and not in when there is one.
"""

from __future__ import annotations

_WORD = 256
_HALF_WORD = 128


def rpow(base: int, exponent: int, scale: int) -> int | None:
    """Return base**exponent, both in units of `scale`; None where the contract's 256 bits overflow.

    Every product is rounded to nearest, halves up.
    """
    half = scale >> 1
    result = base if exponent & 1 else scale
    exponent >>= 1
    while exponent:
        if base >> _HALF_WORD:
            return None
        base = (base * base + half) // scale
        if exponent & 1:
            product = result * base + half
            if product >> _WORD:
                return None
            result = product // scale
        exponent >>= 1
    return result
