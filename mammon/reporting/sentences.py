"""Decisions in words: what was decided, by how much each gate passed or refused, and why.

The numbers come from the decision alone; nothing is looked up and nothing is computed anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from mammon.core.decide import Decision
from mammon.core.gates import KINDS
from mammon.core.judgement import Judgement
from mammon.core.plan import IDLE
from mammon.core.types import MarketState, Portfolio, Position, Snapshot, Unread, Verdict, slug_of
from mammon.reporting.dangers import out_of
from mammon.reporting.numbers import duration, percent, rounded, token, usd, utc

QUESTIONS: dict[str, str] = {
    "apy_gain": "yearly yield gained after dilution and cost",
    "annual_gain": "net gain in a year",
    "break_even": "days until the gain has paid the cost",
    "cost_share": "cost as a share of the amount",
    "risk_gain": "yearly yield gained once each end's risk is paid for",
    "source_funds": "amount against what the source can give in this block",
    "venue_read": "readings of the venue that failed",
    "venue_open": "reasons the venue takes no deposit or gives none back",
    "no_loss": "bad debt or loss the venue carries",
    "no_danger": "what earlier readings and its collateral say against the venue",
    "rate_sane": "the venue's rate",
    "bait": "what is lent out, or a rate that rose for a bad reason",
    "earned": "what the venue's index really earned a year",
    "rate_agrees": "how far an outside source puts the rate from ours",
    "cap_room": "amount against the room under the venue's cap",
    "exit_liquidity": "what could leave at once over what we would hold",
    "pool_share": "our share of the market",
    "venue_share": "what we would hold in the venue",
    "tier_cap": "what we would hold in a venue of its tier",
    "shared_risk": "what would stand behind one shared cause",
    "concentration": "how concentrated the money would be",
    "cycle_share": "amount moved at once",
    "total_ceiling": "what would be deposited in all venues together",
    "data_fresh": "age of the block read",
    "peg": "price of the asset",
    "price_agrees": "how far an outside source puts a price off",
    "price_steady": "how far a price moved in a short time",
    "sequencer": "time since the sequencer came up",
    "gas_ceiling": "cost of the dearest transaction",
    "daily_gas": "gas in 24 hours, this move included",
    "cooldown": "time since the last move",
    "daily_moves": "moves in 24 hours, this one included",
    "hourly_transactions": "transactions in an hour, this move's included",
    "stops": "stops in force",
}
"""What each gate asks, as a noun phrase. A test holds it against `GATES`."""

_OBSERVED = "erc4626"
"""The protocol whose rate no formula tells (`protocols.erc4626`)."""
_NOTE = 60
"""Of a need's note so much is shown."""
_UNASKED = "not a gate of this version"
"""A document may name gates that this version does not have."""


def headline(decision: Decision) -> str:
    """Say in one sentence what the decision is."""
    chosen = decision.chosen
    if chosen is None:
        return "Hold: there is nothing to move."
    if _empty(decision.portfolio, chosen.move.source):
        target = place(chosen.move.target)
        return f"Hold: there is nothing in {place(chosen.move.source)} to move to {target}."
    what = movement(decision, chosen)
    if decision.action == "exit":
        verb = "Bring home" if chosen.move.target == IDLE else "Move"
        return f"{verb} {what}{_reason(decision)}."
    if decision.action == "move":
        return f"Move {what}."
    if decision.refused_by:
        verb = "bring home" if chosen.move.target == IDLE else "move"
        return f"Hold: a gate refused to {verb} {what} ({', '.join(decision.refused_by)})."
    failed = [v.gate for v in chosen.verdicts if not v.passed and KINDS.get(v.gate) == "profit"]
    return f"Hold: moving {what} does not pay ({', '.join(failed)})."


def movement(decision: Decision, judged: Judgement) -> str:
    """Name a candidate: how much, from where, to where, for what. The second rate is with it there."""
    move, asset = judged.move, decision.portfolio.asset
    amount = token(move.amount, asset.decimals, asset.symbol)
    rates = percent(move.source_apy), percent(move.target_apy_after)
    if move.target == IDLE:
        return f"{amount} from {place(move.source)} ({rates[0]})"
    return f"{amount} from {place(move.source)} ({rates[0]}) to {move.target} ({rates[1]})"


def place(source: str) -> str:
    """Name where money is."""
    return "the wallet" if source == IDLE else source


def reserve_notes(decision: Decision) -> Iterator[str]:
    """Say what stays in the wallet for needs and of what just came in; nothing where neither is."""
    reserve, asset = decision.reserve, decision.portfolio.asset
    for need in reserve.needs:
        note = " ".join(need.note.split())[:_NOTE]
        due = f"{rounded(need.amount_usdc, 2):,} {asset.symbol} at {utc(need.at)}"
        yield f"need: {due}{note and f' ({note})'}"
    if reserve.missing:
        yield f"missing for needs: {token(reserve.missing, asset.decimals, asset.symbol)} in the wallet"
    if reserve.fresh:
        fresh = token(reserve.fresh, asset.decimals, asset.symbol)
        yield f"fresh: {fresh} came in less than {duration(decision.policy.deploy_after_s)} ago and waits"


def rate_notes(snapshot: Snapshot) -> Iterator[str]:
    """Say of each vault whose rate is not known yet when it will be."""
    for reading in snapshot.markets:
        if isinstance(reading, MarketState) and reading.market.protocol == _OBSERVED and not reading.curve:
            yield (
                f"rate_unknown: {reading.market.slug}: its rate is the growth seen between two readings,"
                " ten minutes or more apart; scan again later"
            )


def source_notes(snapshot: Snapshot) -> Iterator[str]:
    """Say why each outside source is not heard, and of what: a line for each reason."""
    silent: dict[str, list[str]] = {}
    for item in snapshot.witnesses:
        if isinstance(item, Unread):
            silent.setdefault(f"{item.reason} ({item.code})", []).append(item.subject)
    for why, subjects in silent.items():
        yield f"unheard: {', '.join(subjects)}: {why}"


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


def _reason(decision: Decision) -> str:
    if decision.ask is not None:
        return ""
    return out_of(decision) or " for needs that fall due"


def _empty(portfolio: Portfolio, source: str) -> bool:
    """Say whether it is known that nothing is there."""
    if source == IDLE:
        return portfolio.idle == 0
    held = [position for position in portfolio.positions if slug_of(position) == source]
    return all(isinstance(position, Position) and position.assets == 0 for position in held)
