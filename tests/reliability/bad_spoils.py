"""How an answer of a node is spoilt: so that no sound node gives it, or so that it is only untrue."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from tests.reliability.bad_forms import leaves, placed, spoilt

Item = dict[str, Any]
Spoil = Callable[[list[Item]], bytes]

NO_VALUE: tuple[Any, ...] = (
    7,
    1.5,
    True,
    [],
    {},
    [["0x1"]],
    "",
    "0x",
    "12",
    "0xg",
    "0X1f",
    "-0x1",
    " 0x1",
    "0x1\n",
    "0x_1",
    "0x" + "f" * 65,
    "\uff10\uff58\uff11",
    "\x1b[2J",
    "NaN",
)
"""What stands for no quantity, no hash and no bytes that a sound node would give."""


# --- answers that no sound node gives ------------------------------------------------------------


def in_bytes(draw: Random) -> tuple[str, Spoil]:
    def spoil(items: list[Item]) -> bytes:
        return spoilt(json.dumps(items if len(items) > 1 else items[0]).encode(), draw)[1]

    return "bytes", spoil


def enveloped(draw: Random) -> tuple[str, Spoil]:
    form = draw.choice(sorted(ENVELOPES))

    def spoil(items: list[Item]) -> bytes:
        changed = ENVELOPES[form](items, draw.randrange(len(items)))
        single = len(items) == 1 and isinstance(changed, list) and len(changed) == 1
        return json.dumps(changed[0] if single else changed).encode()

    return form, spoil


def _put(items: list[Item], at: int, **fields: Any) -> list[Item]:
    return [{**item, **fields} if place == at else item for place, item in enumerate(items)]


def _without(items: list[Item], at: int, name: str) -> list[Item]:
    return [{k: v for k, v in item.items() if place != at or k != name} for place, item in enumerate(items)]


def _others(items: list[Item], at: int) -> list[Item]:
    """Answers to somebody else's questions: another's ids, and two of them in each other's place."""
    turned = [*items]
    turned[at - 1], turned[at] = turned[at], turned[at - 1]
    return [{**mine, "id": item["id"] + 1_000} for item, mine in zip(items, turned, strict=True)]


_FAILED = {"code": -32000, "message": "no"}

ENVELOPES: dict[str, Callable[[list[Item], int], Any]] = {
    "others' answers": _others,
    "text id": lambda items, at: _put(items, at, id=str(items[at]["id"])),
    "float id": lambda items, at: _put(items, at, id=items[at]["id"] + 0.5),
    "true id": lambda items, at: _put(items, at, id=True),
    "two of one id": lambda items, at: [*items, items[at]],
    "one less": lambda items, at: items[:at] + items[at + 1 :],
    "one more": lambda items, at: [*items, {**items[at], "id": 10**6}],
    "both": lambda items, at: _put(_without(items, at, "error"), at, result="0x1", error=_FAILED),
    "neither": lambda items, at: _without(_without(items, at, "result"), at, "error"),
    "error as text": lambda items, at: _put(_without(items, at, "result"), at, error="\x1b[31mno"),
    "error without code": lambda items, at: _put(_without(items, at, "result"), at, error={"message": "no"}),
    "wrapped": lambda items, at: [items],
    "an item as text": lambda items, at: [*items[:at], "0x1", *items[at + 1 :]],
    "a bare result": lambda items, at: items[at].get("result", 7) if len(items) > 1 else "0x1",
}


def valued(draw: Random) -> tuple[str, Spoil]:
    def spoil(items: list[Item]) -> bytes:
        at = draw.choice([place for place, item in enumerate(items) if "result" in item] or [0])
        if "result" not in items[at]:
            return json.dumps(items).encode()
        result = items[at]["result"]
        path = draw.choice(leaves(result))
        was = result
        for step in path:
            was = was[step]
        usual = [value for value in NO_VALUE if value != was and not (value == "0x" and was == "0x")]
        items = _put(items, at, result=placed(result, path, draw.choice(usual)))
        return json.dumps(items if len(items) > 1 else items[0]).encode()

    return "value", spoil


def _return_data(draw: Random) -> tuple[str, Spoil]:
    form = draw.choice(sorted(DATA))

    def spoil(items: list[Item]) -> bytes:
        calls = [at for at, item in enumerate(items) if len(str(item.get("result"))) > 1_000]
        if calls:
            at = draw.choice(calls)
            data = items[at]["result"]
            if isinstance(data, str):
                items = _put(items, at, result=DATA[form](data, draw))
        return json.dumps(items if len(items) > 1 else items[0]).encode()

    return form, spoil


def _word(data: str, number: int, value: int) -> str:
    start = 2 + 64 * number
    return data[:start] + f"{value:064x}" + data[start + 64 :]


def _offset(data: str, draw: Random) -> str:
    rows = int(data[2 + 64 : 2 + 128], 16)
    far = draw.choice((len(data) // 2, 2**64, 2**255, 2**256 - 32))
    return _word(data, 2 + draw.randrange(rows), far)


def _row(data: str, draw: Random, word: int, value: int) -> str:
    """Change a word of one of the rows: 0 is its flag, 2 the length of what it returned."""
    return _word(data, _place(data, draw)[0] + word, value)


DATA: dict[str, Callable[[str, Random], str]] = {
    "data cut": lambda data, draw: data[: -2 * draw.randrange(1, 32)],
    "data cut by far": lambda data, draw: data[: 2 + 2 * draw.randrange(1, len(data) // 2 - 64)],
    "half a byte": lambda data, draw: data[:-1],
    "not hex": lambda data, draw: data[:400] + "zz" + data[402:],
    "spaces in hex": lambda data, draw: data[:400] + "  " + data[402:],
    "offset past the end": _offset,
    "first offset": lambda data, draw: _word(data, 0, 2**256 - 1),
    "rows without end": lambda data, draw: _word(data, 1, draw.choice((2**32, 2**64, 2**255))),
    "a flag of two": lambda data, draw: _row(data, draw, 0, draw.choice((2, 2**255))),
    "length past the end": lambda data, draw: _row(
        data, draw, 2, draw.choice((len(data), 2**63, 2**256 - 1))
    ),
}


# --- answers that are well formed and untrue -----------------------------------------------------


def untrue_words(draw: Random) -> tuple[str, Spoil]:
    """Any words in what contracts return, any quantities, null where something was."""

    def spoil(items: list[Item]) -> bytes:
        long = [at for at, item in enumerate(items) if len(str(item.get("result"))) > 1_000]
        at = draw.choice(long) if long and draw.random() < 0.8 else draw.randrange(len(items))
        result = items[at].get("result")
        if isinstance(result, str) and at in long:
            for _ in range(draw.choice((1, 1, 2, 8))):
                result = _untrue(result, draw)
            items = _put(items, at, result=result)
        elif "result" in items[at]:
            path = draw.choice(leaves(result))
            items = _put(
                items, at, result=placed(result, path, draw.choice((None, "0x0", "0x1", hex(2**63))))
            )
        return json.dumps(items if len(items) > 1 else items[0]).encode()

    return "untrue", spoil


def _untrue(data: str, draw: Random) -> str:
    """Change a word of what one row returned, or say that its call failed."""
    start, size = _place(data, draw)
    if size < 1 or draw.random() < 0.1:
        return _word(data, start, 0)
    return _word(data, start + 3 + draw.randrange(size), draw.choice(WORDS))


def _place(data: str, draw: Random) -> tuple[int, int]:
    """Return the first word of a row, and how many words it returned."""
    rows = int(data[2 + 64 : 2 + 128], 16)
    offset = int(data[2 + 64 * (2 + draw.randrange(rows)) :][:64], 16)
    start = 2 + offset // 32
    return start, (int(data[2 + 64 * (start + 2) :][:64], 16) + 31) // 32


WORDS = (0, 1, 2, 31, 32, 10**6, 10**18, 10**27, 2**63, 2**112, 2**127, 2**128 - 1, 2**255, 2**256 - 1)

MALFORMED = (in_bytes, enveloped, valued, _return_data)
