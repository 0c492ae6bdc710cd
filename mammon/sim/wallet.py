"""The simulated wallet: a key that anybody can derive from the seed, and that holds nothing anywhere else.

The address is found with plain integers, so that looking at a simulated world loads no curve library.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b

from mammon.core.address import checksummed
from mammon.core.keccak import keccak256
from mammon.core.transaction import CURVE_ORDER, Unsigned, signed
from mammon.core.types import Address

_FIELD = 2**256 - 2**32 - 977
_BASE = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)

Point = tuple[int, int, int]
"""Jacobian coordinates; z = 0 is the point at infinity."""


@cache
def wallet_key(seed: int) -> bytes:
    """Return the 32-byte private key of the wallet in the world of this seed."""
    digest = blake2b(f"mammon simulated wallet/{seed}".encode(), digest_size=40).digest()
    return (int.from_bytes(digest, "big") % (CURVE_ORDER - 1) + 1).to_bytes(32, "big")


@cache
def wallet_address(seed: int) -> Address:
    """Return the wallet's address."""
    x, y = _public(int.from_bytes(wallet_key(seed), "big"))
    public = x.to_bytes(32, "big") + y.to_bytes(32, "big")
    return checksummed("0x" + keccak256(public)[12:].hex())


class SimSigner:
    """Sign for the simulated wallet: the `Signer` port of the simulated world."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    @property
    def address(self) -> Address:
        """The wallet's address."""
        return wallet_address(self._seed)

    def sign(self, unsigned: Unsigned) -> bytes:
        """Return the raw transaction; the signature is deterministic, with s in the lower half."""
        # Loaded here: reading a simulated chain needs no elliptic curves.
        from coincurve import PrivateKey

        signature = PrivateKey(wallet_key(self._seed)).sign_recoverable(unsigned.digest(), hasher=None)
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
        return signed(unsigned, signature[64], r, s)


def _public(key: int) -> tuple[int, int]:
    total: Point = (0, 1, 0)
    addend: Point = (*_BASE, 1)
    while key:
        if key & 1:
            total = _sum(total, addend)
        addend = _double(addend)
        key >>= 1
    x, y, z = total
    inverse = pow(z, -1, _FIELD)
    square = inverse * inverse % _FIELD
    return x * square % _FIELD, y * square * inverse % _FIELD


def _double(point: Point) -> Point:
    x, y, z = point
    square = y * y % _FIELD
    s = 4 * x * square % _FIELD
    m = 3 * x * x % _FIELD
    x3 = (m * m - 2 * s) % _FIELD
    return x3, (m * (s - x3) - 8 * square * square) % _FIELD, 2 * y * z % _FIELD


def _sum(p: Point, q: Point) -> Point:
    """Add two different points; doubling and inverses do not occur in a walk up the bits of a key."""
    if p[2] == 0:
        return q
    (x1, y1, z1), (x2, y2, z2) = p, q
    z1z1, z2z2 = z1 * z1 % _FIELD, z2 * z2 % _FIELD
    u1, u2 = x1 * z2z2 % _FIELD, x2 * z1z1 % _FIELD
    s1, s2 = y1 * z2 * z2z2 % _FIELD, y2 * z1 * z1z1 % _FIELD
    h, r = (u2 - u1) % _FIELD, (s2 - s1) % _FIELD
    hh = h * h % _FIELD
    hhh, v = h * hh % _FIELD, u1 * hh % _FIELD
    x3 = (r * r - hhh - 2 * v) % _FIELD
    return x3, (r * (v - x3) - s1 * hhh) % _FIELD, h * z1 * z2 % _FIELD
