"""What Merkl would answer about the simulated chain: its JSON, from the tree that its contract has."""

from __future__ import annotations

import json
from typing import Any

from mammon.sim.addresses import AAVE_POOL, CHAIN_ID, STEAKHOUSE
from mammon.sim.processes import OPENING
from mammon.sim.world import SimWorld

_YEAR_S = 365 * 86_400
_CAMPAIGNS = (
    # market, percent a year, of what kind, the market's own percent, dollars that share it, how long, in what
    (STEAKHOUSE, "1.85", "DUTCH_AUCTION", "4.2", 30_000_000, 4 * _YEAR_S, "MORPHO"),
    (AAVE_POOL, "5.1", "AAVE_NET_APR", "4.4", 200_000_000, _YEAR_S // 4, "WELL"),
)


def answer(world: SimWorld, url: str) -> bytes:
    """Return the body that answers a request."""
    if "/rewards?" in url:
        return _body([{"chain": {"id": CHAIN_ID, "name": "simulated"}, "rewards": _grants(world)}])
    return _body(_opportunities(world) if url.endswith("page=0") else [])


def _grants(world: SimWorld) -> list[dict[str, Any]]:
    merkl, head = world.chain.deployed.paying.merkl, world.chain.head
    return [
        {
            "token": {"address": token.address, "symbol": name, "decimals": token.places},
            "amount": str(merkl.total(name, head)),
            "claimed": "0",
            "pending": "0",
            "proofs": ["0x" + each.hex() for each in merkl.path(name, head, world.wallet)],
        }
        for name, token in merkl.tokens.items()
    ]


def _opportunities(world: SimWorld) -> list[dict[str, Any]]:
    tokens = world.chain.deployed.paying.merkl.tokens
    return [
        {
            "chainId": CHAIN_ID,
            "identifier": market,
            "status": "LIVE",
            "action": "LEND",
            "apr": float(percent),
            "nativeApr": float(native),
            "tvl": shared,
            "liveCampaigns": 1,
            "earliestCampaignEnd": str(OPENING + lasts_s),
            "latestCampaignEnd": str(OPENING + lasts_s),
            "aprRecord": {"breakdowns": [{"distributionType": kind, "value": float(percent)}]},
            "rewardsRecord": {"breakdowns": [{"token": {"address": tokens[paid].address, "symbol": paid}}]},
        }
        for market, percent, kind, native, shared, lasts_s, paid in _CAMPAIGNS
    ]


def _body(value: Any) -> bytes:
    return json.dumps(value).encode()
