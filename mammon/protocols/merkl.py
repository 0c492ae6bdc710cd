"""Merkl's tree: who is granted how much in all, proven by a path of hashes to one root.

A leaf is keccak256 of (account, token, total) in words; a pair is hashed with the lower hash first.
A grant is the total ever earned, never the part that is left: the contract takes off what it paid.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mammon.core import abi
from mammon.core.keccak import keccak256
from mammon.core.names import Address
from mammon.core.numbers import Units
from mammon.errors import MalformedError
from mammon.protocols.abi import rewards

MOST_HASHES = 64
"""Of a path; a tree of so many levels has more leaves than there are accounts."""
MOST_TOTAL = 2**208 - 1
"""What the contract can count."""

_KEY = re.compile(r"([1-9][0-9]{0,62})((?:/[0-9a-f]{64}){0,64})\Z")


@dataclass(frozen=True, slots=True)
class Grant:
    """What the tree grants one account of one token, and the proof."""

    total: Units
    """Ever earned, what was claimed before included."""
    path: tuple[bytes, ...]
    """From the leaf to the root, 32 bytes each."""

    def __post_init__(self) -> None:
        """Refuse what the contract could not take."""
        sound = 0 < self.total <= MOST_TOTAL and len(self.path) <= MOST_HASHES
        if not sound or any(len(each) != abi.WORD for each in self.path):
            raise MalformedError("grant", f"a grant of {self.total} units with {len(self.path)} hashes")


def root(owner: Address, token: Address, grant: Grant) -> bytes:
    """Return the root that a grant's path leads to."""
    found: bytes = keccak256(abi.encode(owner, token, grant.total))
    for each in grant.path:
        found = keccak256(min(found, each) + max(found, each))
    return found


def key(grant: Grant) -> str:
    """Return a grant as the key of a payer: the total, then the path in hexadecimal."""
    return "/".join((str(grant.total), *(each.hex() for each in grant.path)))


def grant(key: str) -> Grant:
    """Return the grant that a key names. Raises `MalformedError`."""
    if not _KEY.match(key):
        raise MalformedError("grant", f"the key {key[:40]!r} names no grant")
    total, *path = key.split("/")
    return Grant(Units(int(total)), tuple(bytes.fromhex(each) for each in path))


def claim_data(owner: Address, token: Address, granted: Grant) -> bytes:
    """Return the data of the call that claims one grant for its account."""
    return abi.encode_call(
        rewards.MERKL_CLAIM,
        abi.array((owner,)),
        abi.array((token,)),
        abi.array((granted.total,)),
        abi.array((abi.array(granted.path),)),
    )
