"""A decision told whole: what was decided, what it earns and costs, every gate, the other venues."""

from __future__ import annotations

from collections.abc import Iterator

from mammon.core.costs import Cost
from mammon.core.decide import Decision
from mammon.core.gates import KINDS
from mammon.core.judgement import Judgement
from mammon.reporting.dangers import danger_notes
from mammon.reporting.numbers import native, percent, usd
from mammon.reporting.rewarding import decision_notes
from mammon.reporting.sentences import headline, rate_notes, reserve_notes, sentence, source_notes
from mammon.reporting.tables import Table
from mammon.reporting.targets import target_table
from mammon.reporting.verdicts import verdict_table


def explanation(decision: Decision) -> Iterator[Table | str]:
    """Yield the headline, the money, the gates of the chosen move, what refused it, the other venues."""
    yield headline(decision)
    yield from danger_notes(decision, unknown=True)
    yield from reserve_notes(decision)
    chosen = decision.chosen
    if chosen is not None:
        if chosen.move.amount:
            yield _money(chosen)
        yield from _gates(chosen, decision.portfolio.asset.decimals)
    split = target_table(decision)
    if split is not None:
        yield split
    others = [j for j in decision.venues if chosen is None or j.move.target != chosen.move.target]
    if others:
        yield "\n".join(["The other venues", *(f"  {_other(judged)}" for judged in others)])
    yield from decision_notes(decision)
    yield from rate_notes(decision.snapshot)
    yield from source_notes(decision.snapshot)
    yield f"\nBlock {decision.snapshot.block.number}, policy {decision.policy.hash[:12]}."


def _gates(chosen: Judgement, decimals: int) -> Iterator[Table | str]:
    paying = [v for v in chosen.verdicts if KINDS.get(v.gate) == "profit"]
    if paying:
        yield verdict_table(paying, decimals, "Does it pay?")
    yield verdict_table([v for v in chosen.verdicts if v not in paying], decimals, "May it be done?")
    refused = [f"  {sentence(v, decimals)}" for v in chosen.verdicts if not v.passed]
    if refused:
        yield "\n".join(["What refuses it", *refused])


def _money(judged: Judgement) -> str:
    move = judged.move
    if not isinstance(move.cost, Cost):
        return f"What it costs is not known: {move.cost.reason}."
    if move.gain_usd is None:
        first = "What it would gain is not known; it would"
    else:
        verb = "lose" if move.gain_usd < 0 else "gain"
        first = f"It would {verb} {usd(abs(move.gain_usd))} a year and"
    shares = (("execution", move.cost.l2), ("L1 data", move.cost.l1), ("operator", move.cost.operator))
    parts = ", ".join(f"{name} {native(wei)}" for name, wei in shares)
    return f"{first} cost {usd(move.cost.usd)} once.\nGas: {native(move.cost.wei)} ETH: {parts}."


def _other(judged: Judgement) -> str:
    failed = [verdict.gate for verdict in judged.verdicts if not verdict.passed]
    state = f"refused by {', '.join(failed)}" if failed else "passes every gate"
    return f"{judged.move.target}: {percent(judged.move.target_apy_after)} after our deposit; {state}"
