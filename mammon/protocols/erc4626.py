"""A plain ERC-4626 vault: what it holds can be read, its rate only observed.

The index is the worth of shares in rays: 1e27 when one whole share is worth one whole asset.
The hint holds observations of it, `(erc4626, time, index[, time, index])`, oldest first. The rate is
the growth since the oldest, from `MIN_AGE_S` on: vaults that book their earnings in steps would
show nothing or a leap over a shorter time. A second observation is kept meanwhile, and takes the
first's place once it is `WINDOW_S` old: the rate is that of the last one to two windows.
"""

from __future__ import annotations

import re

from mammon.core import abi
from mammon.core.curves import GrowthCurve
from mammon.core.fixed import UINT256_MAX
from mammon.core.numbers import Ray, Units
from mammon.core.types import Call, Hint, Market, MarketState, Read
from mammon.errors import MalformedError
from mammon.protocols.abi import erc4626
from mammon.protocols.base import Capabilities, Roles, role
from mammon.protocols.pieces import Answers, Questions, ask, balance, block_time, time_question
from mammon.protocols.vault_calls import (
    ANYONE,
    VaultCalls,
    check_identity,
    identity_questions,
    share_decimals,
    worth_of,
)

MIN_AGE_S = 600
WINDOW_S = 3600

_SHARES = 10**18
_PRECISE = 10**18
_MAX_INDEX = 10**45
_FIGURE = re.compile(r"[1-9][0-9]{0,59}\Z")

Observations = tuple[tuple[int, int], ...]


class Erc4626(VaultCalls):
    """Deposit into any vault that keeps to the standard. The market's address is the vault.

    Role `liquidity`: who holds the asset that withdrawals are paid from; the vault itself when not given.
    """

    protocol = "erc4626"
    can = Capabilities(read=True, deposit=True, withdraw=True, rewards=False)
    roles = Roles(("multicall3",), ("liquidity",))

    def read_market(self, market: Market, hint: Hint | None) -> Read[MarketState]:
        """Read the vault in one round."""
        answers = yield from ask(_questions(market))
        check_identity(market, answers)
        now, index = block_time(answers), _index(market, answers)
        earlier = _observations(hint, now)
        supplied = answers.number("total_assets", 128)
        paused = answers.offered("paused", 1) == 1
        room = answers.number("max_deposit")
        reasons = ("paused",) if paused else ("cap_full",) if room == 0 else ()
        return MarketState(
            market=market,
            curve=_curve(earlier, now, index, supplied),
            supplied=Units(supplied),
            borrowed=None,
            withdrawable=Units(0 if paused else min(supplied, answers.number("liquid", 128))),
            room=Units(0) if reasons else None if room == UINT256_MAX else Units(room),
            index=Ray(index),
            closed=reasons,
            locked=("paused",) if paused else (),
            hint=_next_hint(earlier, now, index),
        )


def _questions(market: Market) -> Questions:
    vault = market.id.address
    holder = role(market, "liquidity") or vault
    return {
        **identity_questions(market),
        **time_question(market),
        "share_decimals": share_decimals(vault),
        "total_assets": Call(vault, abi.encode_call(erc4626.TOTAL_ASSETS)),
        "worth": worth_of(vault, _SHARES),
        "precise_worth": worth_of(vault, _SHARES * _PRECISE, optional=True),
        "max_deposit": Call(vault, abi.encode_call(erc4626.MAX_DEPOSIT, ANYONE)),
        "paused": Call(vault, abi.encode_call(erc4626.PAUSED), optional=True),
        "liquid": balance(market.token.address, holder),
    }


def _index(market: Market, answers: Answers) -> int:
    """Return the worth of shares in rays; the many-share answer gives digits where it is in line."""
    decimals = answers.number("share_decimals", 8)
    worth = answers.number("worth", 128)
    precise = answers.offered("precise_worth")
    if precise is None or abs(precise // _PRECISE - worth) > 1:
        precise = worth * _PRECISE
    index: int = precise * 10**27 * 10**decimals // (_SHARES * _PRECISE * 10**market.token.decimals)
    if not 0 < index < _MAX_INDEX:
        raise MalformedError("index", f"{worth} assets for {_SHARES} shares of {decimals} decimals")
    return index


def _curve(earlier: Observations, now: int, index: int, supplied: int) -> GrowthCurve | None:
    if not earlier or now - earlier[0][0] < MIN_AGE_S:
        return None
    time0, index0 = earlier[0]
    return GrowthCurve.observed(index0, time0, index, now, supplied)


def _observations(hint: Hint | None, now: int) -> Observations:
    """Return what the hint observed; nothing unless it is whole, in order and in the past."""
    if hint is None or hint.items[:1] != (Erc4626.protocol,):
        return ()
    figures = hint.items[1:]
    if len(figures) not in (2, 4) or not all(map(_FIGURE.match, figures)):
        return ()
    numbers = [int(item) for item in figures]
    found = tuple(zip(numbers[::2], numbers[1::2], strict=True))
    in_order = found[-1][0] <= now and (len(found) == 1 or found[0][0] < found[1][0])
    return found if in_order else ()


def _next_hint(earlier: Observations, now: int, index: int) -> Hint:
    kept = earlier
    if len(kept) < 2:
        # The second observation starts a window of its own half-way at the latest.
        kept = (*kept, (now, index)) if not kept or now - kept[0][0] >= MIN_AGE_S else kept
    elif now - kept[1][0] >= WINDOW_S:
        kept = (kept[1], (now, index))
    items = (str(figure) for observation in kept for figure in observation)
    return Hint((Erc4626.protocol, *items))
