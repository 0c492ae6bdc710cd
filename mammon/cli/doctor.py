"""`mammon doctor`: check this installation; each line ok, warn or fail, with the fix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import typer

from mammon.cli.options import BASE, WORLD, command

if TYPE_CHECKING:
    from mammon.cli.invocation import Invocation
    from mammon.reporting.tables import Table

RETRY = 4
PERSON = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `fix` says what to do unless it is ok."""

    name: str
    state: Literal["ok", "warn", "fail"]
    found: str
    fix: str = ""
    outside: bool = False
    """Whether a failure is the outside world's, and may pass by itself."""


@dataclass(frozen=True, slots=True)
class DoctorData:
    """Everything looked at, in order."""

    checks: tuple[Check, ...]


@command(BASE, WORLD)
def doctor(call: Invocation) -> None:
    """Check this installation: versions, files and their permissions, stops, endpoints.

    Ends with 0 when nothing fails, 4 when only the outside world does, 5 when a person has to mend
    something. Warnings change nothing.
    """
    data = DoctorData(tuple(_checks(call)))
    failed = [check for check in data.checks if check.state == "fail"]
    call.result("doctor", data, lambda: [_shown(data), _summary(data)], acted=bool(failed))
    if failed:
        raise typer.Exit(RETRY if all(check.outside for check in failed) else PERSON)


def _checks(call: Invocation) -> Iterator[Check]:
    from mammon.cli import checks, probes, signer_level

    yield from checks.versions()
    yield from checks.configuration(call)
    yield from checks.home(call)
    yield from checks.world(call)
    yield from checks.state(call)
    yield signer_level.signer(call)
    yield checks.terminals(call)
    if call.settings.mode != "mock":
        yield from probes.endpoints(call)


def _shown(data: DoctorData) -> Table:
    from mammon.reporting.tables import table

    return table(("", "check", "found"), [(check.state, check.name, check.found) for check in data.checks])


def _summary(data: DoctorData) -> str:
    open_ = [check for check in data.checks if check.state != "ok"]
    lines = [f"{check.state}: {check.name}: {check.fix}" for check in open_ if check.fix]
    return "\n".join(lines) if lines else "nothing to mend"
