"""Concentrated-liquidity positions, read only: there is no call form for them, so none can be signed for."""

from __future__ import annotations

from collections.abc import Mapping

from mammon.protocols.pools.layout import SLIPSTREAM, UNISWAP_V3, Layout

POOLS: Mapping[str, Layout] = {SLIPSTREAM.protocol: SLIPSTREAM, UNISWAP_V3.protocol: UNISWAP_V3}
"""The kinds of position managers, by hand."""
