"""The document `mammon/plan@1`: a decision judged at a block, its calls, how they were tried, what came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mammon.cli.documents import Amount
from mammon.cli.place import PlannedCall
from mammon.core.decide import Decision
from mammon.core.plan import IDLE, Finished, Outcome
from mammon.reporting.dangers import danger_notes
from mammon.reporting.numbers import DASH, counted, native, token
from mammon.reporting.sentences import headline, reserve_notes, sentence
from mammon.reporting.tables import Table, table

Form = Literal["calldata", "safe"]
"""What a plan's calls can be emitted as."""


@dataclass(frozen=True, slots=True)
class LegNote:
    """What one call would come to, on top of the block and after the calls before it."""

    action: str
    slug: str
    delta: Amount | None
    """Of the asset to (+) or from (-) the account, by its events; None where they were not shown."""
    gas: int
    """Units of gas, after refunds."""
    reason: str
    """Why it would fail; empty when it would not."""


@dataclass(frozen=True, slots=True)
class RefusalNote:
    """One rule that a call breaks."""

    leg: int
    """Counted from 0."""
    code: str
    measured: str
    limit: str


@dataclass(frozen=True, slots=True)
class RehearsalNote:
    """The plan's calls tried out at the head of the chain, and judged as before a signature."""

    block: int
    passed: bool
    """Nothing speaks against signing: they did what they are planned to, and no rule refuses."""
    reason: str
    """Why the calls would not do what they are planned to; empty when they would."""
    legs: tuple[LegNote, ...]
    """The first alone where the node can try no more at once."""
    refusals: tuple[RefusalNote, ...]


@dataclass(frozen=True, slots=True)
class PlanData:
    """A decision judged at the current block, the calls of its plan, and what came of them."""

    decision: Decision
    calls: tuple[PlannedCall, ...]
    """In order; the amount of a deposit after a withdrawal is what the withdrawal is planned to bring.
    None when a hold was proposed, whatever the decision says."""
    outcome: Outcome | None
    """None: nothing was done."""
    rehearsal: RehearsalNote | None
    """None: the calls were not tried out."""
    valid_until: int
    """Unix seconds of the chain: the last at which it is taken with `-i`."""
    hash: str = ""
    """SHA-256, in hexadecimal, of this whole document as written, with this field empty."""
    recovered: tuple[Finished, ...] = ()
    """What an earlier process had begun and was finished first, before anything was decided."""


def shown(data: PlanData) -> Iterator[Table | str]:
    """Yield what a person sees: the headline, what refused, the legs, and what was measured."""
    decision, asset = data.decision, data.decision.portfolio.asset
    for one in data.recovered:
        told = outcome_line(one.outcome, asset.decimals, asset.symbol)
        yield f"Begun before, finished now: {told}"
    yield headline(decision)
    yield from danger_notes(decision)
    yield from reserve_notes(decision)
    if decision.chosen is not None:
        for verdict in decision.chosen.verdicts:
            if not verdict.passed:
                yield f"  NO  {sentence(verdict, asset.decimals)}"
    if data.rehearsal is not None:
        yield from _rehearsed(data, data.rehearsal)
    elif decision.plan is not None:
        yield table(
            ("leg", "what", "where", asset.symbol),
            [
                (str(number), step.action, step.slug, token(step.amount, asset.decimals))
                for number, step in enumerate(decision.plan.steps, 1)
            ],
            title="Plan",
        )
    if data.outcome is not None:
        yield outcome_line(data.outcome, asset.decimals, asset.symbol)


def _rehearsed(data: PlanData, rehearsal: RehearsalNote) -> Iterator[Table | str]:
    asset = data.decision.portfolio.asset
    rows = []
    for number, call in enumerate(data.calls, 1):
        if number > len(rehearsal.legs):
            rows.append((str(number), call.action, call.slug, "not tried", DASH))
            continue
        leg = rehearsal.legs[number - 1]
        moved = DASH if leg.delta is None else token(leg.delta.raw, asset.decimals)
        rows.append((str(number), leg.action, leg.slug, moved, str(leg.gas)))
    yield table(("leg", "what", "where", f"{asset.symbol} would move", "gas"), rows, title="Rehearsal")
    if rehearsal.reason:
        yield f"  NO  {rehearsal.reason}"
    for refusal in rehearsal.refusals:
        told = f"{refusal.code}: {refusal.measured}, allowed {refusal.limit}"
        yield f"  NO  leg {refusal.leg + 1}: {told}"
    gas = sum(leg.gas for leg in rehearsal.legs)
    verdict = "would do what is planned" if rehearsal.passed else "must not be signed"
    yield f"Rehearsed on block {rehearsal.block}: {verdict}; {gas} gas in all; nothing was sent."


def outcome_line(outcome: Outcome, decimals: int, symbol: str) -> str:
    """Say what was measured after a move."""
    home = outcome.target == IDLE
    moved = token(outcome.left if home else outcome.entered, decimals, symbol)
    count = len(outcome.transactions)
    how = counted(count, "transaction") if count else "on paper"
    gas = f"{native(outcome.gas)} ETH for gas"
    what = f"Brought {moved} home" if home else f"Moved {moved}"
    where = outcome.source if home else f"{outcome.source} to {outcome.target}"
    return f"{what} from {where} ({how}, {gas})."
