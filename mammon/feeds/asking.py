"""Asking outside sources: all at once, each in a thread of its own, under one short total deadline.

Whatever goes wrong becomes an answer: a code and a sentence in the place of each figure that was asked
for. Nothing here raises for what a source does, and nothing waits for one beyond the deadline: a thread
that is still busy is left behind, its socket carries the same deadline.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from mammon.core.ports import Deadline
from mammon.core.witnesses import Heard
from mammon.errors import MalformedError, MammonError
from mammon.feeds.question import Question

_GRACE_S = 0.25
"""For a thread to put down what it found when its deadline passed."""


class Exchange(Protocol):
    """Put one question, within a deadline. Raises `MammonError`."""

    def __call__(self, question: Question, deadline: Deadline) -> bytes: ...


class Asking:
    """Questions that are being asked. Begins at once; `heard` waits for what is left of the deadline."""

    def __init__(
        self, questions: Sequence[Question], exchange: Exchange, deadline: Deadline, now: Callable[[], int]
    ) -> None:
        self._questions, self._exchange = tuple(questions), exchange
        self._deadline, self._now = deadline, now
        self._began = now()
        self._found: dict[int, tuple[Heard, ...]] = {}
        self._threads = [
            threading.Thread(target=self._ask, args=(number,), daemon=True)
            for number in range(len(self._questions))
        ]
        for thread in self._threads:
            thread.start()

    def heard(self) -> tuple[Heard, ...]:
        """Return one entry for each subject of each question, in their order."""
        for thread in self._threads:
            thread.join(max(0.0, self._deadline.remaining() + _GRACE_S))
        late = "no answer in the time allowed"
        found = (
            self._found.get(number) or failed(question, self._began, "deadline", late)
            for number, question in enumerate(self._questions)
        )
        return tuple(heard for each in found for heard in each)

    def _ask(self, number: int) -> None:
        question = self._questions[number]
        try:
            body = self._exchange(question, self._deadline)
            self._found[number] = read(question, body, self._began, self._now())
        except MammonError as error:
            self._found[number] = failed(question, self._began, error.code, error.message)


def read(question: Question, body: bytes, asked: int, now: int) -> tuple[Heard, ...]:
    """Return what an answer says of each subject; a malformed one says nothing of any."""
    try:
        words = question.read(body, now)
    except MalformedError as error:
        return failed(question, asked, error.code, error.message)
    found: list[Heard] = []
    for subject in question.subjects:
        word = words[subject]
        if isinstance(word, MalformedError):
            found.append(_unheard(question.source, subject, asked, word.code, word.message))
        else:
            found.append(Heard(question.source, subject, asked, *word))
    return tuple(found)


def failed(question: Question, asked: int, code: str, why: str) -> tuple[Heard, ...]:
    """Return that nothing was heard of any subject of a question."""
    return tuple(_unheard(question.source, subject, asked, code, why) for subject in question.subjects)


def fetched(question: Question, deadline: Deadline) -> bytes:
    """Put one question, once: what is asked again every few minutes needs no second attempt."""
    from mammon.net.http import HttpTransport  # the simulated world has no network

    method: Literal["POST", "GET"] = "POST" if question.body else "GET"
    transport = HttpTransport(question.url, method=method, byte_cap=question.byte_cap)
    try:
        return transport.exchange(question.body, deadline)
    finally:
        transport.close()


def _unheard(source: str, subject: str, asked: int, code: str, why: str) -> Heard:
    return Heard(source, subject, asked, code=code, reason=f"{source}: {why}")
