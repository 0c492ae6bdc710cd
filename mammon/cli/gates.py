"""`mammon gates`: judge the best move, or one that is asked about, against every gate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, INPUT, WORLD, command
from mammon.cli.readings import error_notes, reckoning, require_some, token_units, unread_note
from mammon.cli.wiring import Place, opened
from mammon.core import canonical
from mammon.core.decide import Ask, Decision
from mammon.core.judgement import Judgement, rank
from mammon.core.plan import IDLE
from mammon.core.types import Token
from mammon.engine.cycle import consider, judge
from mammon.engine.observe import Observation
from mammon.errors import UsageError
from mammon.reporting.dangers import danger_notes
from mammon.reporting.numbers import percent, token, usd
from mammon.reporting.rewarding import decision_notes
from mammon.reporting.sentences import headline, place, rate_notes, reserve_notes, source_notes
from mammon.reporting.tables import Table, table
from mammon.reporting.verdicts import verdict_table

REFUSED = 3


@command(BASE, WORLD, INPUT)
def gates(
    call: Invocation,
    source: Annotated[
        str | None, typer.Option("--from", metavar="VENUE", help="Where money comes from.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--to", metavar="VENUE", help="Where it would go; or `idle`.")
    ] = None,
    sum_: Annotated[
        str | None, typer.Option("--amount", metavar="USDC", help="How much; default all.")
    ] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 3 also for a hold.")] = False,
) -> None:
    """Judge the best move, or --from/--to, against every gate, and say by how much each passes.

    Reads anew, or judges the scan given with -i; of that nothing is recorded.
    """
    with opened(call, holdings=True) as place:
        ask = asked(source, target, sum_, place.asset)
        seen, decision = judged(call, place, ask)
        call.result(
            "gates", decision, lambda: shown(decision), block=seen.snapshot.block, errors=error_notes(seen)
        )
        leave(decision, exit_code)


def judged(call: Invocation, place: Place, ask: Ask | None) -> tuple[Observation, Decision]:
    """Return what was seen and the decision on it: the scan given with -i, else what is read now."""
    document = call.document("scan")
    if document is None:
        seen = place.world.observe()
        require_some(seen)
        return seen, judge(place.world, seen, ask)
    seen = Observation(document.data.snapshot, document.data.portfolio, {}, 0)
    place.require_own(seen)
    with reckoning():
        decision = consider(place.world, seen, ask)
        canonical.dumps(decision)  # what could not be written is refused here
    return seen, decision


def asked(source: str | None, target: str | None, sum_: str | None, asset: Token) -> Ask | None:
    """Return the move asked about, or None. Raises `UsageError` for half a question."""
    if target is None:
        if source is not None or sum_ is not None:
            raise UsageError("usage", "--from and --amount need --to", "name the venue the money would go to")
        return None
    amount = None if sum_ is None else token_units(sum_, asset, "--amount")
    return Ask(IDLE if source is None else source, target, amount)


def leave(decision: Decision, exit_code: bool) -> None:
    """Leave with 3 when a gate refused; with `exit_code` also for a plain hold."""
    if decision.refused_by or (exit_code and decision.action == "hold"):
        raise typer.Exit(REFUSED)


def shown(decision: Decision) -> Iterator[Table | str]:
    """Yield what a person sees: the headline, the gates of the chosen move, the other venues."""
    yield headline(decision)
    yield from danger_notes(decision)
    yield from reserve_notes(decision)
    decimals = decision.portfolio.asset.decimals
    if decision.chosen is not None:
        yield verdict_table(decision.chosen.verdicts, decimals)
    if decision.venues:
        first = decision.venues[0].move
        yield table(
            ("to", "amount", "now", "after", "gain/year", "refused by"),
            [_row(judged, decimals) for judged in sorted(decision.venues, key=rank, reverse=True)],
            title=f"Moves from {place(first.source)}, which earns {percent(first.source_apy)}",
        )
    yield from unread_note(decision.snapshot, decision.portfolio)
    yield from decision_notes(decision)
    yield from rate_notes(decision.snapshot)
    yield from source_notes(decision.snapshot)


def _row(judged: Judgement, decimals: int) -> tuple[str, ...]:
    move = judged.move
    failed = [verdict.gate for verdict in judged.verdicts if not verdict.passed]
    more = f" +{len(failed) - 2}" if len(failed) > 2 else ""
    refused = ", ".join(failed[:2]) + more
    amount = token(move.amount, decimals)
    rates = percent(move.target_apy), percent(move.target_apy_after)
    return (move.target, amount, *rates, usd(move.gain_usd), refused or "-")
