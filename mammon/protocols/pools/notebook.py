"""A notebook: what was asked in one reading, so that all of it can be asked in the first round of the next.

A hint never stands for an answer. It names questions; they are asked beside those of the first round, and
where a later step asks one of them its answer is there already, from the same block. A hint that is wrong,
old or lost changes what is asked, and nothing of what is read.
"""

from __future__ import annotations

from collections.abc import Iterator

from mammon.core.address import checksummed
from mammon.core.types import Address, Call, CallFailed, Hint, Read
from mammon.errors import MalformedError
from mammon.protocols.pieces import Answers, Questions

MOST = 600
"""Questions that a hint may name; a longer one is not ours."""


class Notebook:
    """The answers of one reading, by question. A failed call is its own question's failure alone."""

    def __init__(self, owner: Address, hint: Hint | None) -> None:
        self._owner = owner
        self._found: dict[Call, bytes | CallFailed] = {}
        self._asked: dict[Call, None] = {}
        self._recalled = tuple(_recalled(owner, hint))

    def ask(self, questions: Questions) -> Read[Answers]:
        """Return the answers by name, in one round, or in none where they are all known."""
        wanted = {name: Call(call.target, call.data, optional=True) for name, call in questions.items()}
        self._asked.update(dict.fromkeys(wanted.values()))
        missing = dict.fromkeys(call for call in wanted.values() if call not in self._found)
        if missing:
            missing.update(dict.fromkeys(self._recalled))
            self._recalled = ()
            self._found.update(zip(missing, (yield tuple(missing)), strict=True))
        return Answers({name: self._found[call] for name, call in wanted.items()})

    def hint(self) -> Hint:
        """Return what was asked, for the next reading of the same owner."""
        return Hint((self._owner, *(f"{call.target}:{call.data.hex()}" for call in self._asked)))


def _recalled(owner: Address, hint: Hint | None) -> Iterator[Call]:
    if hint is None or not 1 < len(hint.items) <= MOST + 1 or hint.items[0] != owner:
        return
    for item in hint.items[1:]:
        target, _, data = item.partition(":")
        try:
            yield Call(checksummed(target), bytes.fromhex(data), optional=True)
        except (ValueError, MalformedError):
            continue  # a question nobody asks
