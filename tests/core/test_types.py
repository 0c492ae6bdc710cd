"""What no contract can say is refused where it is built, so that documents cannot carry it in."""

from __future__ import annotations

import dataclasses

import pytest

from mammon.core.curves.metamorpho import MetaMorphoCurve
from mammon.core.numbers import Units, Wad
from mammon.errors import MalformedError
from tests.core.build import USDC, snapshot


@pytest.mark.parametrize("decimals", [-1, 256, 10**9])
def test_decimals_fit_a_byte(decimals: int) -> None:
    """Row 17: decimals beyond a byte would be raised to a power; no token or feed has them."""
    with pytest.raises(MalformedError):
        dataclasses.replace(USDC, decimals=decimals)
    with pytest.raises(MalformedError):
        dataclasses.replace(snapshot().eth_usd, decimals=decimals)


@pytest.mark.parametrize(("queue", "offset"), [((0,), 12), ((-1,), 12), ((), 19), ((), -1)])
def test_a_vault_points_at_its_own_markets(queue: tuple[int, ...], offset: int) -> None:
    """A queue that names a market the vault has not, or an offset no vault has, is refused."""
    with pytest.raises(MalformedError):
        MetaMorphoCurve("1.0", (), queue, Wad(0), Units(0), Units(0), offset)
