"""E6: bad inputs of every kind are refused by name, or read rightly; and the campaign notices when not."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from mammon.chain import jsonrpc
from mammon.config import values
from mammon.core import canonical_reading
from mammon.feeds import answers
from mammon.net import safe_text
from mammon.state import table
from tests.reliability.bad_inputs import KINDS, campaign, told

CASES = 5_000
EACH = 1_250
"""In one test, so that they share out over processes."""
ENOUGH = 12_000
"""Within so many cases of its kind a planted bug is found: far fewer than the long form has."""


@pytest.mark.parametrize("seed", range(1, 1 + CASES // EACH))
def test_no_bad_input_gets_through(seed: int) -> None:
    """Each is a typed refusal or the right answer: nothing signed, no traceback, no control byte."""
    tally = campaign(EACH, seed)
    found = [
        f"{what}: python -m tests.reliability.bad_inputs --replay {seed} {number}"
        for number, what in tally.failed.items()
    ]
    assert not found, "\n".join(found)
    assert set(tally.kinds) == set(KINDS), "every kind was drawn"
    assert json.loads(json.dumps(told(tally, seed)))["runs"] == EACH


# --- planted bugs --------------------------------------------------------------------------------

Plant = Callable[[pytest.MonkeyPatch], None]


def _nan_in_a_document(patch: pytest.MonkeyPatch) -> None:
    """Take every decimal that Python takes."""
    patch.setitem(canonical_reading._SCALARS, Decimal, lambda value: Decimal(value))
    canonical_reading.reader.cache_clear()
    patch.setattr(canonical_reading, "_decimal", Decimal)


def _nan_in_a_file(patch: pytest.MonkeyPatch) -> None:
    """Take every number that TOML has."""
    sound = values._READERS[Decimal]
    lenient: Any = lambda raw, textual: raw if type(raw) is Decimal else sound(raw, textual)  # noqa: E731
    for hint in (Decimal, values.Usd, values.Fraction):
        patch.setitem(values._READERS, hint, lenient)


def _nan_in_an_answer(patch: pytest.MonkeyPatch) -> None:
    """Take what Python's own parser takes, which knows NaN, Infinity and floats."""
    patch.setattr(jsonrpc, "_DECODER", json.JSONDecoder())
    patch.setattr(jsonrpc, "quantity", lambda value, what, bits=256: int(value or 0, 16))


def _escapes(patch: pytest.MonkeyPatch) -> None:
    """Print names as they come."""
    patch.setattr(safe_text, "safe_text", lambda text, limit=64: text[:limit])


def _others_answers(patch: pytest.MonkeyPatch) -> None:
    """Take answers in the order they come, whatever they answer."""

    def lenient(body: bytes, first_id: int, count: int) -> Any:
        answer = jsonrpc.parse(body)
        items = answer if type(answer) is list else [answer]
        if len(items) != count or any(type(item) is not dict for item in items):
            raise jsonrpc._wrong("not as many answers as calls")
        return [jsonrpc._result(item) for item in items]

    patch.setattr(jsonrpc, "read", lenient)


def _no_seals(patch: pytest.MonkeyPatch) -> None:
    """Believe every row that the database gives."""
    patch.setattr(
        table.Table,
        "rows",
        lambda self, clause="", given=(): [
            row[:-1] for row in self._database.rows(self._select + clause, given)
        ],
    )


def _lies_beyond_anything(patch: pytest.MonkeyPatch) -> None:
    """Take every figure a source gives, whatever it can be."""
    patch.setattr(answers, "within", lambda value, low, high, what: value)


PLANTS: dict[str, tuple[Plant, tuple[str, ...]]] = {
    "NaN in a document": (_nan_in_a_document, ("documents",)),
    "NaN in a file": (_nan_in_a_file, ("configuration files",)),
    "NaN in an answer": (_nan_in_an_answer, ("answers: what a signature rests on",)),
    "an escape in a name": (_escapes, ("names rendered",)),
    "the answers of others": (_others_answers, ("answers: what a signature rests on",)),
    "figures beyond anything": (_lies_beyond_anything, ("answers of outside sources",)),
    "rows without seals": (_no_seals, ("bytes of the state",)),
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_bug_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader or renderer that lets through what it must not is caught, or the campaign is none."""
    plant, kinds = PLANTS[name]
    campaign(40, 1)  # what is right is recorded before anything is wrong
    try:
        with monkeypatch.context() as patch:
            plant(patch)
            tally = campaign(ENOUGH, 1, stop=True, only=kinds)
    finally:
        canonical_reading.reader.cache_clear()
    assert tally.failed, f"{tally.runs} cases of {kinds} found nothing"
