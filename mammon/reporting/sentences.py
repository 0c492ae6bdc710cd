"""Decisions in words: what was decided, by how much each gate passed or refused, and why.

The numbers come from the decision alone; nothing is looked up and nothing is computed anew.
"""

from __future__ import annotations

from decimal import Decimal

from mammon.core.candidates import Judgement
from mammon.core.costs import Cost
from mammon.core.decide import Decision
from mammon.core.gates import KINDS
from mammon.core.plan import IDLE
from mammon.core.types import Verdict
from mammon.reporting.numbers import duration, percent, rounded, token, usd

QUESTIONS: dict[str, str] = {
    "apy_gain": "yearly yield gained after dilution and cost",
    "annual_gain": "net gain in a year",
    "break_even": "days until the gain has paid the cost",
    "cost_share": "cost as a share of the amount",
    "source_funds": "amount against what the source can give in this block",
    "venue_read": "readings of the venue that failed",
    "venue_open": "reasons the venue takes no deposit or gives none back",
    "no_loss": "bad debt or loss the venue carries",
    "rate_sane": "the venue's rate",
    "cap_room": "amount against the room under the venue's cap",
    "exit_liquidity": "what could leave at once over what we would hold",
    "pool_share": "our share of the market",
    "data_fresh": "age of the block read",
    "peg": "price of the asset",
    "sequencer": "time since the sequencer came up",
    "gas_ceiling": "cost of the dearest transaction",
    "cooldown": "time since the last move",
    "daily_moves": "moves in 24 hours, this one included",
    "stops": "stops in force",
}
"""What each gate asks, as a noun phrase. A test holds it against `GATES`."""

_UNASKED = "not a gate of this version"
"""A document may name gates that this version does not have."""


def headline(decision: Decision) -> str:
    """Say in one sentence what the decision is."""
    chosen = decision.chosen
    if chosen is None:
        return "Hold: there is nothing to move."
    what = movement(decision, chosen)
    if decision.action == "move":
        return f"Move {what}."
    if decision.refused_by:
        return f"Hold: a gate refused to move {what} ({', '.join(decision.refused_by)})."
    failed = [v.gate for v in chosen.verdicts if not v.passed and KINDS.get(v.gate) == "profit"]
    return f"Hold: moving {what} does not pay ({', '.join(failed)})."


def movement(decision: Decision, judged: Judgement) -> str:
    """Name a candidate: how much, from where, to where, for what. The second rate is with it there."""
    move, asset = judged.move, decision.portfolio.asset
    amount = token(move.amount, asset.decimals, asset.symbol)
    source = "the wallet" if move.source == IDLE else move.source
    rates = percent(move.source_apy), percent(move.target_apy_after)
    return f"{amount} from {source} ({rates[0]}) to {move.target} ({rates[1]})"


def sentence(verdict: Verdict, decimals: int) -> str:
    """Say one verdict: the question, the measure, the limit and the margin."""
    question = QUESTIONS.get(verdict.gate, _UNASKED)
    outcome = "passes" if verdict.passed else "refuses"
    why = f" ({verdict.detail})" if verdict.detail else ""
    if verdict.measured is None:
        state = "nothing to ask" if verdict.passed else "not known"
        return f"{verdict.gate} {outcome}: {question}: {state}{why}"
    measured = quantity(verdict.measured, verdict.unit, decimals)
    if verdict.limit is None or verdict.margin is None:
        return f"{verdict.gate} {outcome}: {question} is {measured}{why}"
    limit = quantity(verdict.limit, verdict.unit, decimals)
    margin = quantity(abs(verdict.margin), verdict.unit, decimals)
    by = f"by {margin}"
    return f"{verdict.gate} {outcome} {by}: {question} is {measured}, limit {limit}{why}"


def quantity(value: Decimal, unit: str, decimals: int) -> str:
    """Spell a measured value in its unit."""
    if unit == "fraction":
        return percent(value, 3)
    if unit == "usd":
        return usd(value)
    if unit == "units":
        return token(int(value), decimals)
    if unit == "s":
        return duration(value)
    if unit == "days":
        return f"{rounded(value, 2)} days"
    return str(rounded(value, 2)) if unit == "ratio" else f"{value:f}"


def explanation(decision: Decision) -> list[str]:
    """Tell a decision whole: headline, money, every gate of the chosen move, the other venues."""
    lines = [headline(decision), ""]
    decimals = decision.portfolio.asset.decimals
    if decision.chosen:
        lines += _money(decision.chosen)
        for kind, title in (("profit", "Does it pay?"), ("safety", "May it be done?")):
            lines += ["", title]
            verdicts = [v for v in decision.chosen.verdicts if KINDS.get(v.gate, "safety") == kind]
            lines += [f"  {sentence(verdict, decimals)}" for verdict in verdicts]
    others = [
        j for j in decision.venues if not decision.chosen or j.move.target != decision.chosen.move.target
    ]
    if others:
        lines += ["", "The other venues"]
        lines += [f"  {_other(judged)}" for judged in others]
    lines += ["", f"Block {decision.snapshot.block.number}, policy {decision.policy.hash[:12]}."]
    return lines


def _money(judged: Judgement) -> list[str]:
    move = judged.move
    if not isinstance(move.cost, Cost):
        return [f"What it costs is not known: {move.cost.reason}."]
    shares = f"execution {move.cost.l2}, L1 data {move.cost.l1}, operator {move.cost.operator} wei"
    verb = "lose" if move.gain_usd is not None and move.gain_usd < 0 else "gain"
    gain = None if move.gain_usd is None else abs(move.gain_usd)
    return [f"It would {verb} {usd(gain)} a year and cost {usd(move.cost.usd)} once ({shares})."]


def _other(judged: Judgement) -> str:
    failed = [verdict.gate for verdict in judged.verdicts if not verdict.passed]
    state = f"refused by {', '.join(failed)}" if failed else "passes every gate"
    return f"{judged.move.target}: {percent(judged.move.target_apy_after)} after our deposit; {state}"
