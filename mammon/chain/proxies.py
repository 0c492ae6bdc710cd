"""Proxies: what stands in a contract's EIP-1967 implementation slot, asked for beside a reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mammon.chain.jsonrpc import Request, Result, RpcFailure, data
from mammon.core.names import Address, Hash32

IMPLEMENTATION_SLOT = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc"
"""keccak256("eip1967.proxy.implementation") - 1."""


def requests(addresses: Sequence[Address], tag: str) -> list[Request]:
    """Ask for the slot of each contract at a block tag or number."""
    return [("eth_getStorageAt", (address, IMPLEMENTATION_SLOT, tag)) for address in addresses]


def words(addresses: Sequence[Address], results: Sequence[Result]) -> Mapping[Address, Hash32]:
    """Return the words that were told, 32 bytes each. Raises `MalformedError` for what is no data."""
    return {
        address: Hash32(f"0x{data(result, 'storage').rjust(32, bytes(1)).hex()}")
        for address, result in zip(addresses, results, strict=True)
        if not isinstance(result, RpcFailure)
    }
