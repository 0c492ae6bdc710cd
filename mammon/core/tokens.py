"""Tokens as configured."""

from __future__ import annotations

from dataclasses import dataclass

from mammon.core.names import Address
from mammon.errors import MalformedError


@dataclass(frozen=True, slots=True)
class Token:
    """An ERC-20 as configured; its decimals are checked against the chain before any amount counts."""

    chain_id: int
    address: Address
    symbol: str
    decimals: int

    def __post_init__(self) -> None:
        """Refuse decimals that are no uint8."""
        require_decimals(self.decimals)


def require_decimals(decimals: int) -> None:
    """Raise `MalformedError` for decimals that are no uint8."""
    if decimals not in range(256):
        raise MalformedError("decimals", f"{decimals} decimals: contracts count them in one byte")
