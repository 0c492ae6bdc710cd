"""Names of markets, prices and collateral at outside sources: `ids.toml`, read when something is asked."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mammon.core.types import Address, Market, Token

_FILE = Path(__file__).with_name("ids.toml")


@dataclass(frozen=True, slots=True)
class MarketIds:
    """By which names a market is known."""

    protocol: str
    defillama: str
    """Its pool's id; empty: none is known."""
    morpho: bool
    """Its vault is known to Morpho by its address."""
    source: str


@dataclass(frozen=True, slots=True)
class AssetIds:
    """By which names the two prices of an asset's world are known, each by subject."""

    defillama: Mapping[str, str]
    kraken: Mapping[str, str]
    source: str


@dataclass(frozen=True, slots=True)
class PegIds:
    """By which names a collateral and what it stands for or wraps are known at DefiLlama."""

    token: str
    coin: str
    source: str


def market_ids(market: Market) -> MarketIds | None:
    """Return a market's names, None where it has none; its own key holds many markets and has none."""
    known = _listed()[0].get((market.id.chain_id, market.id.address))
    return known if known is not None and known.protocol == market.protocol and not market.id.key else None


def asset_ids(asset: Token) -> AssetIds | None:
    """Return the names of an asset's prices, None where it has none."""
    return _listed()[1].get((asset.chain_id, asset.address))


def peg_ids(chain_id: int, token: Address) -> PegIds | None:
    """Return the names of a collateral, None where it has none."""
    return _listed()[2].get((chain_id, token))


_Key = tuple[int, Address]


@functools.cache
def _listed() -> tuple[Mapping[_Key, MarketIds], Mapping[_Key, AssetIds], Mapping[_Key, PegIds]]:
    plain = tomllib.loads(_FILE.read_text("utf-8"))
    markets = {
        (row["chain_id"], row["address"]): MarketIds(
            row["protocol"], row.get("defillama", ""), row.get("morpho", False), row["source"]
        )
        for row in plain["markets"]
    }
    assets = {
        (row["chain_id"], row["address"]): AssetIds(row["defillama"], row["kraken"], row["source"])
        for row in plain["assets"]
    }
    pegs = {
        (row["chain_id"], row["address"]): PegIds(
            row["defillama"]["token"], row["defillama"]["coin"], row["source"]
        )
        for row in plain.get("pegs", ())
    }
    return markets, assets, pegs
