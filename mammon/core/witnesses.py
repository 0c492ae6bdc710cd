"""Witnesses between readings: what each outside source was last heard to say, and when to ask it again.

A source that fails loses nothing it said before: its last good word stays, with its own age, until that
is too old to speak; only then its failure stands where the word should be.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from mammon.core.pegs import SUBJECT
from mammon.core.tracks import Witness
from mammon.core.types import Unread

PRICES = ("asset_usd", "eth_usd")
"""Subjects that are prices; every other one is a peg's, or a market's slug."""
RETRY_S = 300
"""A source that failed is asked again after so long, or sooner where it is asked more often."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one source was last heard to say of one subject."""

    source: str
    subject: str
    asked: int
    """When it was last asked, unix seconds."""
    value: Decimal | None = None
    """Its last good word; None: it never gave one."""
    at: int = 0
    """When that was so, by its own account."""
    code: str = ""
    """Why it was not heard when it was last asked; empty: it was."""
    reason: str = ""

    @property
    def word(self) -> Witness | Unread:
        """What it says, else why nothing was heard."""
        if self.value is None:
            return Unread(self.subject, self.code, self.reason)
        return Witness(self.source, self.subject, self.value, self.at)


def is_price(subject: str) -> bool:
    """Say whether a subject is a price, or how two compare, rather than a market's rate."""
    return subject in PRICES or subject.startswith(SUBJECT)


def is_due(heard: Heard, every_s: int, now: int) -> bool:
    """Return whether to ask again; also when the clock was set back behind the last time."""
    wait_s = min(every_s, RETRY_S) if heard.code else every_s
    return not 0 <= now - heard.asked < wait_s


def after(known: Heard | None, new: Heard, fresh_s: int) -> Heard:
    """Return what is known once a source was asked anew: what it said, else what it said before.

    What it said before is let go of when it is older than `fresh_s`.
    """
    if new.value is not None or known is None or known.value is None:
        return new
    if new.asked - known.at > fresh_s:
        return new
    return dataclasses.replace(new, value=known.value, at=known.at)


def words(heard: Iterable[Heard]) -> tuple[Witness | Unread, ...]:
    """Return what the sources say, in the order of subjects and sources."""
    return tuple(one.word for one in sorted(heard, key=lambda one: (one.subject, one.source)))


def of(subject: str, witnesses: Sequence[Witness | Unread]) -> tuple[Witness | Unread, ...]:
    """Return what is said of one subject."""
    return tuple(witness for witness in witnesses if witness.subject == subject)
