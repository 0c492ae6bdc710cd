"""The bid that a person names for what is on the wire: what every node takes, and the ceiling allows."""

from __future__ import annotations

from mammon.core.fixed import mul_div_up
from mammon.core.numbers import Wei
from mammon.core.txstate import Attempt, Role
from mammon.core.watch import CANCEL_GAS, LEAST_BUMP_PERCENT, Sign, higher_bid
from mammon.errors import RefusedError


def bid_for(attempt: Attempt, role: Role, base_fee: Wei, ceiling: Wei, max_fee: Wei | None) -> Sign:
    """Return the bid that replaces the newest attempt: at `max_fee` per gas, or a quarter higher.

    `ceiling` is what the transaction may come to cost at most. Raises `RefusedError`: `bid_low` when
    nodes would not take it in the other's place, `bid_ceiling` when it could cost more than is allowed.
    """
    gas = CANCEL_GAS if role == "cancel" else attempt.gas
    least = mul_div_up(attempt.max_fee, LEAST_BUMP_PERCENT, 100)
    if max_fee is None:
        wanted = higher_bid(attempt, role, base_fee, ceiling)
        if wanted is None:
            raise _too_dear(gas * least, ceiling)
        return wanted
    tip = mul_div_up(attempt.tip, LEAST_BUMP_PERCENT, 100)
    if max_fee < max(least, tip):
        raise RefusedError(
            "bid_low",
            f"{max_fee} wei per gas do not replace {attempt.max_fee}",
            f"nodes ask for a tenth more: {max(least, tip)} or higher",
        )
    if gas * max_fee > ceiling:
        raise _too_dear(gas * max_fee, ceiling)
    return Sign(role, max_fee, Wei(tip))


def _too_dear(cost: int, ceiling: Wei) -> RefusedError:
    return RefusedError(
        "bid_ceiling",
        f"it could cost {cost} wei, {ceiling} are allowed for this transaction",
        "it is broadcast again and again meanwhile; `mammon tx cancel` takes least gas",
    )
