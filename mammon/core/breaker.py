"""The breaker: when moves fail one after the other, acting ends until a person has looked.

What is counted are intents of the journal, so that no restart forgets them. A refusal by a gate is no
failure: nothing was tried. The breaker does not mend itself: a stop is put in force and a person lifts it.
"""

from __future__ import annotations

from collections.abc import Iterable

from mammon.core.txstate import Intent
from mammon.core.types import FailedExit

MOST_FAILED = 3
"""Failed intents in a row after which nothing more is tried."""

FAILURES = frozenset({"leg_failed", "rehearsal_failed", "late"})
"""Why an intent is parked that was tried and did not work; every other reason is a judgement."""

UNTRIED = frozenset({"not_begun", "put_down"})
"""Why an intent is parked of which nothing was tried."""


def failed_in_a_row(intents: Iterable[Intent]) -> int:
    """Count the newest intents that failed, up to one that was done; `intents`: newest first.

    What takes an allowance back belongs to the failure before it; a way home or a drill, which a person
    commanded, and a refusal are neither failure nor success.
    """
    count = 0
    for intent in intents:
        if intent.kind != "move" or intent.state == "open":
            continue
        if intent.state == "done":
            break
        count += intent.reason in FAILURES
    return count


def tripped(intents: Iterable[Intent]) -> bool:
    """Say whether so many failed in a row that acting must end; `intents`: newest first."""
    return failed_in_a_row(intents) >= MOST_FAILED


def failed_exits(intents: Iterable[Intent]) -> tuple[FailedExit, ...]:
    """Count for each venue the ways out of it that failed since one worked; `intents`: newest first.

    A refusal counts here: a way that the gate does not let through is no way, however often it is asked.
    """
    found: dict[str, FailedExit] = {}
    ended: set[str] = set()
    for intent in intents:
        slug = intent.plan.source
        if intent.kind != "exit" or intent.state == "open" or slug in ended or intent.reason in UNTRIED:
            continue
        if intent.state == "done":
            ended.add(slug)
            continue
        known = found.get(slug, FailedExit(slug, 0, intent.decided_at))
        found[slug] = FailedExit(slug, known.times + 1, known.at)
    return tuple(found[slug] for slug in sorted(found))
