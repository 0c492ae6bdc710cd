"""A claim of a reward: its plan, and whether it is worth what it costs."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from mammon.core.costs import Cost
from mammon.core.numbers import Usd
from mammon.core.plan import IDLE, Plan, Step
from mammon.core.rates import CONTEXT
from mammon.core.rewards import Owed
from mammon.core.types import Market, Unread, Verdict

GATE = "claim_worth"
_QUANTUM = Decimal("0.01")


def claim_plan(payer: Market, owed: Owed) -> Plan:
    """Return the one leg that has a payer hand over what it owes; the wallet keeps it as it is."""
    identity = dataclasses.replace(payer.id, key=owed.key)
    step = Step("claim", payer.slug, identity, payer.protocol, owed.amount)
    return Plan(payer.slug, IDLE, owed.amount, (step,))


def worth_it(worth: Usd | Unread, cost: Cost | Unread, least: Decimal) -> Verdict:
    """Judge a claim: its worth after the haircut, as a multiple of its cost, against the least.

    Passes only when both are known. The multiple is rounded down to show, and compared exactly.
    """
    for name, found in (("worth", worth), ("cost", cost)):
        if isinstance(found, Unread):
            return Verdict(GATE, False, None, least, None, "x", f"{name}_unknown:{found.code}")
    assert not isinstance(worth, Unread)
    assert not isinstance(cost, Unread)
    if cost.usd <= 0:
        return Verdict(GATE, worth > 0, None, least, None, "x", "" if worth > 0 else "nothing_owed")
    multiple = CONTEXT.divide(worth, cost.usd)
    passed = worth >= CONTEXT.multiply(least, cost.usd)
    shown = multiple.quantize(_QUANTUM, rounding="ROUND_DOWN", context=CONTEXT)
    return Verdict(GATE, passed, shown, least, shown - least, "x")
