"""`mammon state verify-log`: the audit log followed from its first row to its head."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import typer

from mammon.cli.archive import archive
from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, WORLD, command
from mammon.reporting.numbers import counted

PERSON = 5


@dataclass(frozen=True, slots=True)
class AuditData:
    """How far the chain of audit rows holds."""

    rows: int
    """How many rows are sound, from the first on."""
    head: str | None
    """Hash of the last row; None when there is none, or when one is bad."""
    bad: int | None
    """The first row that is not what was written, or is missing."""
    why: str | None


@command(BASE, WORLD)
def state_verify_log(call: Invocation) -> None:
    """Follow the audit log from its first row to its head; name the first bad row.

    Ends with 5 when there is one. Keep the head elsewhere to prove later that nothing was rewritten.
    """
    with archive(call) as stored:
        found = stored.store.audit.verify()
    data = AuditData(found.rows, found.head or None, found.bad, found.why or None)
    call.result("audit", data, lambda: _shown(data), acted=found.bad is not None)
    if found.bad is not None:
        raise typer.Exit(PERSON)


def _shown(data: AuditData) -> Iterator[str]:
    yield f"{counted(data.rows, 'row')} in order" + (f", head {data.head}" if data.head else "")
    if data.bad is not None:
        yield f"bad: row {data.bad}: {data.why}"
