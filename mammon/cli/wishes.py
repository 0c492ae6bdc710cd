"""What is wanted of a plan beside its calls, and where it goes: a stream, a file, other hands."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from mammon.cli import outfile, streams
from mammon.cli.invocation import Invocation
from mammon.cli.output import json_line
from mammon.cli.plans import Form, PlanData, shown
from mammon.cli.readings import error_notes
from mammon.cli.sealing import sealed
from mammon.engine.observe import Observation
from mammon.errors import UsageError
from mammon.reporting.numbers import utc


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of a plan."""

    dry_run: bool
    emit: Form | None
    valid_s: int
    out: Path | None

    @property
    def keyless(self) -> bool:
        """Say whether the calls are tried out for hands that are not this program's."""
        return self.dry_run or self.emit is not None


def require_one(
    plan_only: bool, dry_run: bool, emit: Form | None, execute: bool, valid_for: str | None, out: str | None
) -> None:
    """Raise `UsageError` for wishes that contradict each other."""
    flags = {
        "--plan-only": plan_only,
        "--dry-run": dry_run,
        "--emit": emit is not None,
        "--execute": execute,
        "--valid-for": execute and valid_for is not None,
        "--out": execute and out is not None,
    }
    asked = [flag for flag, given in flags.items() if given]
    if len(asked) > 1:
        raise UsageError("usage", f"{asked[0]} and {asked[1]} contradict each other", "give one of them")


def tell(call: Invocation, wish: Wish, seen: Observation, data: PlanData) -> None:
    """Print the result, and write the plan or the batch where it is wanted."""

    @functools.cache
    def document() -> str:
        return sealed(call, "plan", data, data.decision.snapshot.block, error_notes(seen))

    out, passed = wish.out, data.rehearsal is not None and data.rehearsal.passed
    if wish.emit is None:
        if out is not None:
            _write(call, out, json_line(document()))
    elif not passed:
        call.output.note("nothing is emitted")
    else:
        batch = _batch(call, wish.emit, data)
        if out is None:
            call.output.progress("")
            call.output.wrote = True
            streams.write(call.process.stdout, batch, needed=True)
            return
        _write(call, out, batch)
    call.output.result(document, lambda: shown(data), acted=data.outcome is not None or bool(data.recovered))


def _write(call: Invocation, out: Path, text: str) -> None:
    outfile.write(out, text, "output")
    call.output.note(f"wrote {out}")


def _batch(call: Invocation, form: Form, data: PlanData) -> str:
    from mammon.cli.batches import emitted  # who only plans has no need of transactions

    until = utc(data.valid_until)
    call.output.note(f"good until {until}; before the last signature: mammon tx show FILE")
    return json_line(emitted(call, form, data))
