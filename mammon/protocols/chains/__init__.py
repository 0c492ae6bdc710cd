"""Chains as data: one TOML file each, every address with its source."""

from __future__ import annotations

from pathlib import Path

from mammon.errors import UsageError
from mammon.protocols.chains.file import ChainFile, Feed, SequencerFeed
from mammon.protocols.chains.markets import market_from_table, with_markets
from mammon.protocols.chains.parse import parse_chain

SHIPPED = ("base", "optimism")
"""The chains that come with the program, by the name of their file."""
_HERE = Path(__file__).parent

__all__ = [
    "SHIPPED",
    "ChainFile",
    "Feed",
    "SequencerFeed",
    "chain",
    "market_from_table",
    "parse_chain",
    "with_markets",
]


def chain(name: str, text: str | None = None) -> ChainFile:
    """Return a shipped chain by name, or the chain that `text` describes (`name` is then for errors)."""
    if text is not None:
        return parse_chain(text, name)
    if name not in SHIPPED:
        known = ", ".join(SHIPPED)
        raise UsageError("chain_file", f"no chain {name!r} is shipped", f"shipped: {known}; or name a file")
    return parse_chain((_HERE / f"{name}.toml").read_text("utf-8"), name)
