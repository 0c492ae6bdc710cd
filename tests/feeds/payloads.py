"""Answers of outside sources, composed after their published forms; none was captured."""

from __future__ import annotations

import json
from typing import Any

AT = 1_795_219_200
"""2026-11-21T00:00:00Z."""


def chart(*points: dict[str, Any], **changes: Any) -> bytes:
    """DefiLlama's `/chart/{pool}`, oldest point first."""
    return json.dumps({"status": "success", "data": list(points) or [point()], **changes}).encode()


def point(percent: Any = 3.45, at: str = "2026-11-20T23:01:12.345Z", **changes: Any) -> dict[str, Any]:
    """One day's point."""
    return {
        "timestamp": at,
        "tvlUsd": 21650000,
        "apy": percent,
        "apyBase": percent,
        "apyReward": None,
        "il7d": None,
        "apyBase7d": None,
        "pricePerShare": None,
        **changes,
    }


def coins(**changes: Any) -> bytes:
    """DefiLlama's `/prices/current`; `changes` by the part of the id behind its colon."""
    found = {
        "coingecko:usd-coin": coin(0.99981, "USDC"),
        "coingecko:ethereum": coin(2448.1, "ETH"),
    }
    for name, change in changes.items():
        found[f"coingecko:{name.replace('_', '-')}"].update(change)
    return json.dumps({"coins": found}).encode()


def ratios(**changes: Any) -> bytes:
    """DefiLlama's `/prices/current` about collateral; `changes` by symbol, or by the coin's own name."""
    found = {
        "cbBTC": coin(83016.64, "CBBTC"),
        "cbETH": coin(2860.71, "CBETH"),
        "wstETH": coin(3123.3, "WSTETH"),
        "bitcoin": coin(82983.03, "BTC"),
        "ethereum": coin(2507.07, "ETH"),
    }
    for name, change in changes.items():
        found[name].update(change)
    return json.dumps({"coins": {COINS[name]: said for name, said in found.items()}}).encode()


COINS = {
    "cbBTC": "base:0xcbB7C0000aB88B473b1f5aFd9ef808440eed33Bf",
    "cbETH": "base:0x2Ae3F1Ec7F1F5012CFEab0185bfc7aa3cf0DEc22",
    "wstETH": "base:0xc1CBa3fCea344f92D9239c08C0568f6F2F0ee452",
    "bitcoin": "coingecko:bitcoin",
    "ethereum": "coingecko:ethereum",
}


def coin(price: Any, symbol: str) -> dict[str, Any]:
    """One coin's price."""
    return {"price": price, "symbol": symbol, "timestamp": AT - 60, "confidence": 0.99}


def ticker(**pairs: Any) -> bytes:
    """Kraken's `Ticker`; `pairs` replaces what is said of one."""
    found = {
        "USDCUSD": pair("0.99990", "0.99980"),
        "XETHZUSD": pair("2448.11", "2448.09"),
        **pairs,
    }
    return json.dumps({"error": [], "result": found}).encode()


def pair(ask: str, bid: str) -> dict[str, Any]:
    """One pair's ticker."""
    return {
        "a": [ask, "34", "34.000"],
        "b": [bid, "628", "628.000"],
        "c": [bid, "115.05510869"],
        "v": ["267638.8", "587455.2"],
        "p": ["0.99938164", "0.99862453"],
        "t": [1219, 2709],
        "l": ["0.99696", "0.99608"],
        "h": ["1.003", "1.003"],
        "o": "0.99828",
    }


def vaults(*found: Any, **changes: Any) -> bytes:
    """Morpho's answer about vaults, in the order asked."""
    return json.dumps({"data": {f"v{number}": one for number, one in enumerate(found)}, **changes}).encode()


def vault(address: str, rate: Any = 0.0412) -> dict[str, Any]:
    """One vault."""
    return {"address": address, "state": {"avgNetApyExcludingRewards": rate}}
