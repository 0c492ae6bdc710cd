"""One read under way: an adapter's generator, the calls it waits for, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mammon.chain.aggregate import Answer, Key
from mammon.core.types import Call, CallFailed, Read, Unread
from mammon.errors import CallFailedError, MammonError
from mammon.net.safe_text import safe_text

MAX_ROUNDS = 8
_REASON_CAP = 300

Found = Mapping[Key, "Answer | MammonError"]
"""What became of each call; an error stands where nobody could be asked."""


class Drive:
    """Run one read to its value. Whatever it raises is its own `Unread`, and nobody else's."""

    def __init__(self, name: str, read: Read[Any]) -> None:
        self.name = name
        self.calls: Sequence[Call] = ()
        """What it waits for; empty when it has ended."""
        self.value: Any = None
        self._read = read
        self._rounds = 0
        self._step(lambda: next(read))

    def advance(self, found: Found) -> None:
        """Hand over the answers to the calls it waits for."""
        if not self.calls:
            return
        answers: list[bytes | CallFailed] = []
        for call in self.calls:
            answer = found[call.target, call.data]
            if isinstance(answer, MammonError):
                # Not an answer of the contract, so not one an optional call may take for its absence.
                self._read.close()
                self._end(Unread(self.name, answer.code, _short(answer.message)))
                return
            answers.append(answer)
        failure = _failure(self.calls, answers)
        if failure is None:
            self._step(lambda: self._read.send(answers))
        else:
            self._step(lambda: self._read.throw(failure))

    def _step(self, resume: Callable[[], Sequence[Call]]) -> None:
        """Resume the generator until it wants an answer, or ends."""
        try:
            calls = resume()
            while not calls and self._rounds < MAX_ROUNDS:
                self._rounds += 1
                calls = self._read.send([])
        except StopIteration as stop:
            self._end(stop.value)
        except MammonError as error:
            self._end(Unread(self.name, error.code, _short(error.message)))
        except (ArithmeticError, LookupError, ValueError) as error:
            # Return data that a formula chokes on (a zero denominator) is that market's trouble alone.
            reason = f"{type(error).__name__}: {error}"
            self._end(Unread(self.name, "unusable", _short(reason)))
        else:
            self._rounds += 1
            if self._rounds <= MAX_ROUNDS:
                self.calls = calls
            else:
                self._read.close()
                self._end(Unread(self.name, "rounds", f"more than {MAX_ROUNDS} rounds of calls"))

    def _end(self, value: Any) -> None:
        self.calls = ()
        self.value = value


def _failure(calls: Sequence[Call], answers: Sequence[bytes | CallFailed]) -> CallFailedError | None:
    """Return the first failure of a call the read cannot do without."""
    for call, answer in zip(calls, answers, strict=True):
        if isinstance(answer, CallFailed) and not call.optional:
            called = f"call 0x{call.data[:4].hex()} to {call.target}"
            return CallFailedError(answer.code, f"{called} failed: {answer.reason}")
    return None


def _short(text: str) -> str:
    return safe_text(text, _REASON_CAP)
