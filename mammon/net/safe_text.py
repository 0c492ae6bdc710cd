"""Text from outside, made fit for a terminal, a log line and a table cell."""

from __future__ import annotations


def safe_text(text: str, limit: int = 64) -> str:
    """Return `text` with everything unprintable escaped, at most `limit` characters long.

    Unprintable is every Unicode category C* (controls, bidirectional marks, surrogates, private use,
    unassigned) and every separator but the space: no escape sequence, hidden mark or second line
    gets through. What was cut ends in an ellipsis.
    """
    head = text[: limit + 1]
    if not head.isprintable():
        head = "".join(character if character.isprintable() else _escape(character) for character in head)
    return head if len(head) <= limit else head[: limit - 1] + "…"


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
