"""Corrections by a person: what is changed is shown, agreed to, and kept with its reason."""

from __future__ import annotations

from mammon.cli.invocation import Invocation
from mammon.errors import PersonNeededError, UsageError

_LONGEST = 500


def reasoned(call: Invocation, question: str, reason: str | None) -> str:
    """Return why a correction is made, once a person agreed to it.

    With --yes the reason stands on the line; raises `UsageError` without one. At a terminal both are
    asked for; raises `PersonNeededError` where there is none, or nobody agrees.
    """
    if call.yes and not (reason or "").strip():
        raise UsageError("no_reason", "--yes takes a --reason with it", 'give --reason "WHAT YOU FOUND"')
    call.confirm(question)
    given = reason if reason is not None else call.ask("Why?", flag="--reason TEXT")
    if not given.strip():
        raise PersonNeededError("no_reason", "no reason was given, nothing was changed", "give --reason TEXT")
    return given.strip()[:_LONGEST]
