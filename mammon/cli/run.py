"""`mammon run`: the loop: observe, decide, with --execute act, record, again."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import typer

from mammon.cli.documents import ErrorNote
from mammon.cli.invocation import Invocation
from mammon.cli.options import ACT, BASE, LOOP, WORLD, command
from mammon.cli.output import printable
from mammon.cli.plans import outcome_line
from mammon.cli.readings import error_notes, require_some
from mammon.cli.redaction import clean
from mammon.cli.scan import scanned
from mammon.cli.scan_table import legend, market_table
from mammon.cli.streams import is_terminal
from mammon.cli.wiring import Place, opened
from mammon.core.decide import Decision
from mammon.core.lookout import Watched
from mammon.core.plan import Finished, Outcome
from mammon.core.types import Snapshot
from mammon.engine.cycle import CycleResult, cycle
from mammon.engine.hurry import Hurry
from mammon.engine.loop import Pace, loop
from mammon.engine.sentry import Beat, Sentry
from mammon.errors import MammonError, PersonNeededError, UsageError
from mammon.ops.alarm import alarm
from mammon.ops.lock import process_identity
from mammon.reporting.dangers import danger_notes
from mammon.reporting.numbers import counted
from mammon.reporting.sentences import headline
from mammon.reporting.tables import Table

_LOG = logging.getLogger("mammon.run")

FAILED_ALL = 4
_LINE = 1000


@dataclass(frozen=True, slots=True)
class CycleData:
    """One cycle of the loop: what was decided and what came of it."""

    cycle: int
    action: str
    """`hold`, `move` or `exit` (carried out when there is an outcome), or `failed`."""
    refused_by: tuple[str, ...]
    headline: str
    outcome: Outcome | None
    recovered: tuple[Finished, ...] = ()
    """What an earlier process had begun and was finished first, before anything was decided."""
    dangers: tuple[str, ...] = ()
    """What endangers the money, in words: where, the code, what was measured, and who says so."""


@command(BASE, WORLD, ACT, LOOP)
def run(call: Invocation) -> None:
    """Loop: read, decide, with --execute act, record. A failed cycle is recorded and the loop goes on."""
    if call.execute:
        call.confirm(f"Act on every decision in the {call.settings.mode} world?")
    with opened(call, holdings=True, acting=call.execute) as place:
        for dead in place.killed():
            call.output.note(f"`{dead.command}` (process {dead.process.partition(':')[0]}) was killed before")
        ended = _looped(call, place)
        if not ended.useful:
            raise typer.Exit(FAILED_ALL)


def _looped(call: Invocation, place: Place) -> Teller:
    settings = call.settings.run
    with place.running(call.command, process_identity(os.getpid())) as log:
        ended, hurry = Teller(call), Hurry(place.block_s)
        sentry = _sentry(call, place)

        def once(number: int) -> None:
            if call.deadline is not None:
                call.deadline.require("the run")
            sentry.watch(None)
            with log.cycle() as entry, alarm(settings.cycle_timeout_s):
                result = cycle(place.world, call.execute, hurry.decided)
                require_some(result.observation)
                entry.done(result)
                if result.outcome is not None and result.outcome.transactions:
                    place.look_again()
            sentry.watch(Watched(result.observation.snapshot, result.decision))
            ended.tell(number, result)

        pace = Pace(settings.interval_s, settings.duration_s, settings.cycles)
        within_s = hurry.within_s if call.execute else lambda: None
        loop(once, ended.failed, place.world.clock, pace, within_s, sentry.rest)
        ended.summary()
        return ended


def _sentry(call: Invocation, place: Place) -> Sentry:
    """Return who looks between cycles: at nothing, unless somebody acts."""
    settings = call.settings
    every_s = settings.watch_in_force_s if call.execute else 0

    def look(slugs: Sequence[str]) -> Snapshot:
        with alarm(settings.run.cycle_timeout_s):
            return place.look(slugs)

    return Sentry(look, place.world.clock, Beat(every_s, place.block_s), _LOG.warning)


class Teller:
    """Tells each cycle as it ends: a document per line with --json, else a line per cycle."""

    def __init__(self, call: Invocation) -> None:
        self.call = call
        self.useful = 0
        self.lost = 0
        self.moves = 0
        self._stood: tuple[str, ...] = ()
        """The dangers of the last cycle, by name alone."""

    def tell(self, number: int, result: CycleResult) -> None:
        """Tell a cycle that ended well."""
        decision = result.decision
        self.useful += 1
        self.moves += result.outcome is not None
        dangers = tuple(danger_notes(decision))
        data = CycleData(
            number,
            decision.action,
            decision.refused_by,
            headline(decision),
            result.outcome,
            result.recovered,
            dangers,
        )
        new = self._warn(number, decision, dangers)
        errors = error_notes(result.observation)
        for note in errors:
            _LOG.warning("cycle %d: not read: %s (%s)", number, note.message, note.code)
        self.call.result(
            "cycle",
            data,
            lambda: self._shown(data, result, dangers if new or result.outcome is not None else ()),
            block=decision.snapshot.block,
            errors=errors,
            acted=result.outcome is not None or bool(result.recovered),
        )

    def _warn(self, number: int, decision: Decision, told: tuple[str, ...]) -> bool:
        """Warn of the dangers when they are others than in the cycle before; return whether they are."""
        stand = tuple(f"{one.standing} {one.subject} {one.code}" for one in decision.dangers)
        before, self._stood = self._stood, stand
        if stand != before:
            for text in told:
                _LOG.warning("cycle %d: %s", number, text)
        return stand != before

    def failed(self, number: int, error: MammonError) -> None:
        """Tell a cycle that failed; the loop goes on, unless a person or the deadline has to end it."""
        deadline = self.call.deadline
        passed = deadline is not None and deadline.remaining() <= 0
        if passed or isinstance(error, UsageError | PersonNeededError):
            raise error
        self.lost += 1
        process = self.call.process
        told = (clean(text, process.secrets(), process.tokens) for text in (error.message, error.hint))
        message, hint = (printable(text, _LINE) for text in told)
        data = CycleData(number, "failed", (), f"Cycle failed: {message}", None)
        errors = (ErrorNote(error.code, message, hint),)
        why = f"{message}; {hint}" if hint else message
        _LOG.log(self._level(), "cycle %d failed: %s: %s", number, error.code, why)
        self.call.result(
            "cycle", data, lambda: [f"cycle {number}: failed: {error.code}: {message}"], errors=errors
        )

    def _level(self) -> int:
        """Return how loud a failure is in the log: a person at a terminal has it on stdout already."""
        call = self.call
        logged = call.output.json or call.settings.log.file is not None
        return logging.WARNING if logged or not is_terminal(call.process.stdout) else logging.DEBUG

    def summary(self) -> None:
        """Say on stderr what the loop came to."""
        total, made = counted(self.useful + self.lost, "cycle"), counted(self.moves, "move")
        self.call.output.note(f"{total}: {self.useful} useful, {self.lost} failed, {made}")

    def _shown(self, data: CycleData, result: CycleResult, dangers: tuple[str, ...]) -> Iterator[Table | str]:
        decision: Decision = result.decision
        if data.cycle == 1:
            read = scanned(self.call, result.observation)
            yield market_table(read)
            yield from legend(read)
        asset = decision.portfolio.asset
        for one in data.recovered:
            told = outcome_line(one.outcome, asset.decimals, asset.symbol)
            yield " " * 6 + f"Begun before, finished now: {told}"
        at = datetime.fromtimestamp(decision.snapshot.block.timestamp, UTC).strftime("%Y-%m-%d %H:%M")
        yield f"{data.cycle:>4}  {at}  {data.headline}"
        yield from (" " * 24 + told for told in dangers)
        if result.outcome is not None:
            yield " " * 24 + outcome_line(result.outcome, asset.decimals, asset.symbol)
