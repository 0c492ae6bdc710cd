"""Laws of reading a stranger's JSON: figures are exact and possible, everything else is refused by code."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.tracks import Witness
from mammon.core.types import Unread
from mammon.errors import MalformedError
from mammon.feeds import answers
from mammon.feeds.asking import read
from mammon.feeds.question import Question
from tests.feeds import payloads
from tests.feeds.questions import QUESTIONS

HOSTILE = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"<html>Just a moment...</html>",
    b"\xff\xfe\x00",
    b"\xef\xbb\xbf{}",
    b'{"status":"success","data":',
    b'{"a":NaN}',
    b'{"a":Infinity}',
    b'{"a":-Infinity}',
    b'{"a":1e999}',
    b'{"a":' + b"9" * 100_000 + b"}",
    b'{"a":0.' + b"9" * 100_000 + b"}",
    b'{"a":1,"a":2}',
    b"[" * 100_000,
    b'{"a":' * 5_000,
    b'{"status":"success","data":[]}',
    b'{"status":"error","data":[]}',
    b'{"status":"success","data":{}}',
    b'{"status":"success","data":[null]}',
    b'{"coins":[]}',
    b'{"coins":{}}',
    b'{"error":["EGeneral:Internal error"]}',
    b'{"error":null,"result":{}}',
    b'{"error":{},"result":{}}',
    b'{"error":[5],"result":{}}',
    b'{"error":[],"result":[]}',
    b'{"error":[],"result":{}}',
    b'{"errors":[{"message":"\x1b[31mno\x1b[0m"}],"data":null}',
    b'{"errors":[],"data":null}',
    b'{"errors":[5]}',
    b'{"data":{}}',
    b'{"data":{"v0":null}}',
    b'{"data":{"v0":{"address":5,"state":null}}}',
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.source + question.subjects[0])
def test_whatever_is_answered_no_figure_comes_of_it(question: Question, body: bytes) -> None:
    """A broken, hostile or empty answer is an `Unread` with a code and a printable reason, never a raise."""
    for heard in read(question, body, 5, 10):
        word = heard.word
        assert isinstance(word, Unread)
        assert word.code in ("malformed", "refused")
        assert word.reason.isprintable()
        assert word.reason.startswith(f"{question.source}: ")


@pytest.mark.parametrize(
    "body",
    [b'{"a":NaN}', b'{"a":1e999}', b'{"a":' + b"1" * 41 + b"}", b'{"a":1,"a":1}', b"[" * 100],
)
def test_what_json_readers_let_in_is_refused(body: bytes) -> None:
    """NaN, numbers without bound, doubled keys, depth."""
    with pytest.raises(MalformedError):
        answers.parsed(body)


@pytest.mark.parametrize("text", ["1", "-0.5", "4.12e-2", "0.000000000000000000000001"])
def test_numbers_are_read_exactly(text: str) -> None:
    """As they are written, never through a float; written as text they are the same number."""
    assert answers.parsed(text.encode()) == Decimal(text)
    assert answers.number(text, "it") == Decimal(text)


@pytest.mark.parametrize("value", [None, True, [], "0x1", "1_000", " 1", "nan", "Infinity", "١"])
def test_what_is_no_number_is_refused(value: Any) -> None:
    """Neither a boolean nor a text that some parser would take."""
    with pytest.raises(MalformedError):
        answers.number(value, "it")


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-21T00:00:00Z",
        "2026-11-21T00:00:00.123456789Z",
        "2026-11-21 00:00:00.000 UTC",
        "2026-11-21T00:00:00+00:00",
        Decimal(payloads.AT),
    ],
)
def test_times_are_read_in_each_spelling_in_use(value: Any) -> None:
    """With fractions of any length, with a zone that is UTC, or as a number of seconds."""
    assert answers.whole_seconds(value, "it") == payloads.AT


@pytest.mark.parametrize(
    "value",
    [None, "2026-11-21", "2026-11-21T00:00:00", "2026-11-21T00:00:00+01:00", "2026-13-41T00:00:00Z",
     "2026-11-21T25:00:00Z", Decimal(-1), Decimal(10) ** 30],
)  # fmt: skip
def test_what_is_no_time_is_refused(value: Any) -> None:
    """A day, a time without a zone or in another one, a month that is none, a time before or beyond all."""
    with pytest.raises(MalformedError):
        answers.whole_seconds(value, "it")


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
documents = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
VALID = (
    payloads.chart(),
    payloads.coins(),
    payloads.ticker(),
    payloads.vaults(payloads.vault("0x" + "1" * 40)),
)


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """A right answer with one value somewhere in it replaced, or some bytes changed."""
    body = draw(st.sampled_from(VALID))
    if draw(st.booleans()):
        plain: Any = json.loads(body)
        place = plain
        while True:
            key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
            if not isinstance(place[key], dict | list) or not place[key] or draw(st.booleans()):
                place[key] = draw(documents)
                return json.dumps(plain).encode()
            place = place[key]
    start = draw(st.integers(0, len(body) - 1))
    return body[:start] + draw(st.binary(max_size=4)) + body[start + draw(st.integers(0, 4)) :]


@settings(max_examples=500)
@given(body=mangled(), number=st.integers(0, len(QUESTIONS) - 1))
def test_no_mangled_answer_raises_or_says_the_impossible(body: bytes, number: int) -> None:
    """Whatever one change makes of an answer: a possible figure, or an `Unread`."""
    question = QUESTIONS[number]
    found = read(question, body, 5, 10)
    assert [heard.subject for heard in found] == list(question.subjects)
    for heard in found:
        word = heard.word
        if isinstance(word, Witness):
            assert word.value.is_finite()
            assert 0 <= word.value <= answers.MAX_PRICE
            assert 0 <= word.at <= 2**40
        else:
            assert word.code
            assert word.reason.isprintable()
