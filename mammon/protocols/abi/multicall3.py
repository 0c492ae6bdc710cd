"""Multicall3's views of the block it runs in (`aggregate3` itself is in `core.abi`)."""

from __future__ import annotations

BLOCK_NUMBER = bytes.fromhex("42cbb15c")  # getBlockNumber()
BLOCK_TIMESTAMP = bytes.fromhex("0f28c97d")  # getCurrentBlockTimestamp()
LAST_BLOCK_HASH = bytes.fromhex("27e86d6e")  # getLastBlockHash()
CHAIN_ID = bytes.fromhex("3408e470")  # getChainId()
