"""Stops: what each of them still allows, as one table; the strictest of those in force decides.

An open transaction is watched until it settles whatever is in force: that is no act. A stop whose name
the table does not know allows nothing, so that a name from elsewhere never reads as "all is well".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

Stop = Literal["pause", "reduce", "halt", "emergency", "kill_switch"]
Act = Literal["deposit", "move", "exit_home", "revoke", "rebroadcast", "bump", "cancel"]
Answer = Literal["yes", "by_command", "by_override", "no"]
"""`by_command`: only when a person gives the command for it. `by_override`: only by `exit-all` with
`--override-stop` and a reason, by a person at a terminal."""

ACTS: tuple[Act, ...] = ("deposit", "move", "exit_home", "revoke", "rebroadcast", "bump", "cancel")

_STRICTER: tuple[Answer, ...] = ("yes", "by_command", "by_override", "no")
"""From the mildest to the strictest."""


def _row(
    deposit: Answer,
    move: Answer,
    exit_home: Answer,
    revoke: Answer,
    rebroadcast: Answer,
    bump: Answer,
    cancel: Answer,
) -> Mapping[Act, Answer]:
    return dict(zip(ACTS, (deposit, move, exit_home, revoke, rebroadcast, bump, cancel), strict=True))


TABLE: Mapping[str, Mapping[Act, Answer]] = {
    "pause": _row("no", "no", "yes", "yes", "yes", "yes", "yes"),
    "reduce": _row("no", "no", "yes", "yes", "yes", "yes", "yes"),
    "halt": _row("no", "no", "by_command", "by_command", "yes", "yes", "yes"),
    "emergency": _row("no", "no", "by_command", "by_command", "no", "no", "yes"),
    "kill_switch": _row("no", "no", "by_override", "no", "no", "no", "no"),
}
"""What each stop allows, the mildest stop first."""

SEEKING_EXITS = frozenset({"reduce"})
"""Stops under which ways home are sought, not only allowed."""


def allowed(stops: Iterable[str], act: Act) -> Answer:
    """Return what the stops in force, together, say to an act: the strictest of their answers."""
    answers = [TABLE[stop][act] if stop in TABLE else "no" for stop in stops]
    return max(answers, key=_STRICTER.index, default="yes")
