"""What is wrong with a written value."""

from __future__ import annotations


class BadValueError(ValueError):
    """Say what is wrong with a value and what to write; the resolver adds the key and its source."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
