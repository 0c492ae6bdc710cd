"""Fluid: what an fToken adds to ERC-4626, and the Liquidity layer's own storage."""

from __future__ import annotations

DATA = bytes.fromhex("3bc5de30")  # getData()
READ_FROM_STORAGE = bytes.fromhex("b5c736e4")  # readFromStorage(bytes32)
