"""What every kind of bad input shares: spoilt bytes, hostile texts, and what a refusal has to look like."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from mammon.cli import failure
from mammon.cli.process import Process
from mammon.errors import MammonError
from tests.flows.mangling import HOSTILE_TEXTS

Outcome = tuple[str, str]
"""The form of the input, and what became of it: `right`, `another`, or the code of the refusal."""
Kind = Callable[[Random], Outcome]
"""Draws one input, gives it to the program, and raises when a law does not hold."""

_CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z_]+)?\Z")
_LONGEST = 1_000
_CATEGORIES = ("Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp", "Zs", "Lo", "Mn", "So", "Sm")


class WrongError(Exception):
    """Say which law an input broke."""


class Clock:
    """Time that stands still, but for waits."""

    def __init__(self, now: int) -> None:
        self._now, self._slept = now, 0.0

    def now(self) -> int:
        """Return unix seconds."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds."""
        return self._slept

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._slept += max(0.0, seconds)


def process(*words: str) -> tuple[Process, io.StringIO, io.StringIO]:
    """Return a process with streams to look into."""
    out, err = io.StringIO(), io.StringIO()
    return Process({}, Path("/"), None, out, err, Clock(1_770_000_000), list(words)), out, err


def refused(error: MammonError, *, hint: bool = True) -> str:
    """Hold a refusal to what each must have, tell it as the program does, and return its code."""
    if not _CODE.match(error.code) or not error.message.strip():
        raise WrongError(f"a refusal without code or sentence: {error.code!r} {error.message!r}")
    if hint and not error.hint.strip():
        raise WrongError(f"a refusal without a next step: {error}")
    where, out, err = process("--json")
    failure._failed(where, error)
    printed(err.getvalue())
    printed(out.getvalue())
    json.loads(out.getvalue())
    return error.code


def printed(text: str, *, widest: int | None = _LONGEST + 1_000) -> None:
    """Raise unless a terminal can only print a text, line by line."""
    for line in text.split("\n"):
        if not line.isprintable():
            bad = next(character for character in line if not character.isprintable())
            raise WrongError(f"a rendered line holds {bad!r}")
        if widest is not None and len(line) > widest and not line.startswith("{"):
            raise WrongError(f"a rendered line is {len(line)} characters long")


def hostile(draw: Random) -> str:
    """Return a text that somebody would put into a name to steer a terminal, a log or a table."""
    if draw.random() < 0.4:
        return draw.choice(HOSTILE_TEXTS)[:2_000]
    pieces = [draw.choice((*HOSTILE_TEXTS[:7], "x", "USDC", character(draw))) for _ in range(5)]
    return "".join(pieces)[: draw.choice((1, 8, 64, 200))]


def character(draw: Random) -> str:
    """Return a character of a category that is mostly trouble; never half a surrogate pair."""
    wanted = draw.choice(_CATEGORIES)
    for _ in range(64):
        found = chr(draw.choice((draw.randrange(0x250), draw.randrange(0x110000))))
        if unicodedata.category(found) == wanted and not 0xD800 <= ord(found) < 0xE000:
            return found
    return "\x1b"


def spoilt(text: bytes, draw: Random) -> tuple[str, bytes]:
    """Return what no reader of JSON may take: `text`, an object or an array, broken as bytes."""
    form = draw.choice(sorted(BYTES))
    return form, BYTES[form](text, draw)


def _inserted(what: bytes) -> Callable[[bytes, Random], bytes]:
    def form(text: bytes, draw: Random) -> bytes:
        at = text.index(b'"') + 1
        return text[:at] + what + text[at:]

    return form


def _in_place_of_a_number(what: str) -> Callable[[bytes, Random], bytes]:
    def form(text: bytes, draw: Random) -> bytes:
        places = [
            match.span(1) for match in re.finditer(rb'[:\[,] ?("[^"\\]{1,80}"|-?[0-9]+)(?=[,\]}])', text)
        ]
        start, end = draw.choice(places)
        return text[:start] + what.encode() + text[end:]

    return form


BYTES: dict[str, Callable[[bytes, Random], bytes]] = {
    "cut": lambda text, draw: text[: draw.randrange(len(text.rstrip()))],
    "twice": lambda text, draw: text + text,
    "text before": lambda text, draw: b"ok\n" + text,
    "text behind": lambda text, draw: text + b"}",
    "byte order mark": lambda text, draw: b"\xef\xbb\xbf" + text,
    "not UTF-8": _inserted(b"\xff\xfe"),
    "control byte": _inserted(b"\x01"),
    "escape": _inserted(b"\x1b[2J"),
    "html": lambda text, draw: b"<html><body>502 Bad Gateway</body></html>",
    "deep": lambda text, draw: b"[" * 5_000 + text,
    "wide": lambda text, draw: b"[" + b"{" * 250_000,
    "NaN": _in_place_of_a_number("NaN"),
    "infinity": _in_place_of_a_number("-Infinity"),
    "endless integer": _in_place_of_a_number("9" * 5_000),
    "hexadecimal": _in_place_of_a_number("0x10"),
    "unquoted": _in_place_of_a_number("none"),
}
"""No form of these is JSON that any reader may take."""


def leaves(value: Any, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of every value that is no container, or an empty one."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path for key, each in inner for path in leaves(each, (*above, key))]
    return found or [above]


def placed(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    """Return plain JSON with one value replaced; what the path does not lead through is shared."""
    if not path:
        return new
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[path[0]] = placed(value[path[0]], path[1:], new)
    return changed
