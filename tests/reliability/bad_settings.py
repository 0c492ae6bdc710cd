"""Configuration files with anything in them: refused by key and line, or read as exactly what they say."""

from __future__ import annotations

import atexit
import dataclasses
import shutil
import tempfile
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from mammon.config import Settings
from mammon.config.keys import Key, keys
from mammon.config.resolve import Resolved, resolve
from mammon.config.settings import Count, Table, Timeout, Url
from mammon.config.template import assignment, full
from mammon.core.limits import LOWERED, PHASES
from mammon.core.names import Address
from mammon.core.numbers import Fraction, Seconds, Usd
from mammon.errors import MammonError
from tests.reliability.bad_forms import Outcome, WrongError, hostile, refused

NEVER = (
    "nan",
    "-nan",
    "inf",
    "-inf",
    '"NaN"',
    '"inf"',
    "1e999",
    "-1",
    "-0.5",
    '"-1"',
    "1979-05-27T07:32:00Z",
    "07:32:00",
    "{ a = 1 }",
    "[[1]]",
    "[{}]",
    '"5 %"',
    '"\\u001b[2J"',
    '"\\u202e"',
    '""',
    "0x",
    "1_",
    "'",
    '"',
    '"""',
    "[",
    "{",
    "=",
)
"""What no key takes, but for text where text is due."""
NUMBERS = (
    '"5%"',
    '"50 bps"',
    "true",
    '"1,5"',
    '"1e-2"',
    '"ten"',
    '"0x10"',
    '"٣"',
    "9" * 40,
    '"' + "9" * 80 + '"',
)
"""What no number is written as."""
DURATIONS = ("30", '"30"', '"5 minutes"', '"1d1d"', '"-5m"', '"1.5h"', '"m"', "true", '"9999999999s"')
ADDRESSES = (
    '"0x"',
    '"0x0000"',
    "0",
    '"vitalik.eth"',
    '"0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913 "',
    '"0x833589FCD6eDb6E08f4c7C32D4f71b54bdA02913"',
    '"833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"',
)
"""No address, or one whose checksum is wrong."""
URLS = (
    '"file:///etc/passwd"',
    '"ftp://x"',
    '"//x"',
    '"http://"',
    '"https://a b"',
    '"https://a\\nb"',
    '"x"',
    '"http://[::1"',
)
SECRET = '"0x' + "ab" * 32 + '"'


@cache
def _folder() -> Path:
    ram = "/dev/shm" if Path("/dev/shm").is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="mammon-settings-", dir=ram))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _whole() -> bytes:
    """Return a file in which every key that has a default is set to it."""
    return full({key.name: key.default for key in keys().values() if key.default is not None}).encode()


def settings(draw: Random) -> Outcome:
    """Break a file in one way and read it."""
    form = draw.choice(
        ("bytes", "never", "wrong kind", "wrong kind", "name", "twice", "secret", "untrue", "untrue")
    )
    if form == "bytes":
        return form, _read(_bytes(draw))
    if form == "untrue":
        return form, _changed(draw)
    text = None
    while text is None:
        text = FORMS[form](_key(draw), draw)
    outcome = _read(text.encode())
    if outcome in ("right", "another"):
        raise WrongError(f"{form} was taken: {text[:200]!r}")
    return form, outcome


def _key(draw: Random) -> Key:
    return draw.choice(tuple(keys().values()))


def _resolved(text: bytes, mode: str = "") -> Resolved:
    path = _folder() / "mammon.toml"
    path.write_bytes(text)
    environment = {"HOME": str(_folder()), **({"MAMMON_MODE": mode} if mode else {})}
    return resolve({}, environment, _folder())


def _read(text: bytes) -> str:
    try:
        found = _resolved(text).settings
    except MammonError as error:
        return refused(error)
    _require_possible(found)
    return "right" if found == _default() else "another"


@cache
def _default() -> Settings:
    return _resolved(b"").settings


def _require_possible(found: Any) -> None:
    """Raise unless every number is one, and none is below nothing."""
    for field in dataclasses.fields(found):
        value = getattr(found, field.name)
        if dataclasses.is_dataclass(value):
            _require_possible(value)
        elif isinstance(value, Decimal | int) and not (Decimal(value).is_finite() and value >= 0):
            raise WrongError(f"{field.name} is {value}")
        elif isinstance(value, str) and not value.isprintable():
            raise WrongError(f"{field.name} is {value!r}")


def _bytes(draw: Random) -> bytes:
    text = bytearray(_whole())
    for _ in range(draw.choice((1, 1, 3, 20))):
        at = draw.randrange(len(text))
        form = draw.randrange(4)
        if form == 0:
            text[at] = draw.randrange(256)
        elif form == 1:
            del text[at : at + draw.choice((1, 2, 40))]
        elif form == 2:
            text[at:at] = draw.choice(
                (b"\x00", b"\xff", b"\x1b[2J", b'"', b"\n[[", b"=", hostile(draw).encode())
            )
        else:
            del text[at:]
        text = text or bytearray(b"x")
    return bytes(text)


def _line(key: Key, text: str) -> str:
    section, _, last = key.name.rpartition(".")
    return f"[{section}]\n{last} = {text}\n" if section else f"{last} = {text}\n"


def _never(key: Key, draw: Random) -> str | None:
    text = draw.choice(NEVER)
    plain = key.hint in (str, Path) or getattr(key.hint, "__origin__", None) is tuple
    return None if plain else _line(key, text)


def _wrong(key: Key, draw: Random) -> str | None:
    kinds: dict[Any, tuple[str, ...]] = {
        Fraction: (*NUMBERS, "1.01", "5"),
        Usd: NUMBERS,
        Decimal: NUMBERS,
        int: (*NUMBERS, "1.5"),
        Count: (*NUMBERS, "0", "1.5"),
        Seconds: DURATIONS,
        Timeout: (*DURATIONS, '"0s"'),
        Address: ADDRESSES,
        Url: URLS,
        bool: ('"yes"', "1", '"true "'),
        Table: ("1", '"x"'),
    }
    choices = kinds.get(key.hint)
    return None if choices is None else _line(key, draw.choice(choices))


def _name(key: Key, draw: Random) -> str:
    """Return a file in which the key's name is written wrongly."""
    section, _, last = key.name.rpartition(".")
    at = draw.randrange(len(last))
    odd = draw.choice((last[:at] + "_" + last[at:], last + "s", last.upper(), last[::-1] + "_", "x-" + last))
    head = f"[{draw.choice((section, section + 'x', section.upper()))}]\n" if section else ""
    return f"{head}{odd} = 1\n"


def _twice(key: Key, draw: Random) -> str:
    line = _line(key, '"x"')
    return line + line


def _secret(key: Key, draw: Random) -> str | None:
    return None if key.hint is Table else _line(key, SECRET)


FORMS: dict[str, Callable[[Key, Random], str | None]] = {
    "never": _never,
    "wrong kind": _wrong,
    "name": _name,
    "twice": _twice,
    "secret": _secret,
}
"""What is not to be taken; None where a key cannot be written so."""


def _changed(draw: Random) -> str:
    """Set one key to another value of its type: it is what was written, or what the phase lets through."""
    values: dict[Any, tuple[Any, ...]] = {
        Fraction: (Decimal(0), Decimal("0.013"), Decimal(1)),
        Usd: (Decimal(0), Decimal("0.07"), Decimal(10**9)),
        Decimal: (Decimal(0), Decimal("1.5"), Decimal(10**6)),
        int: (0, 7, 10**9),
        Count: (1, 7),
        Seconds: (0, 1, 90, 10**6),
        Timeout: (1, 90),
    }
    key = draw.choice([key for key in keys().values() if key.hint in values])
    value, mode = draw.choice(values[key.hint]), draw.choice(("", "live"))
    section = key.name.rpartition(".")[0]
    text = (f"[{section}]\n" if section else "") + assignment(key, value) + "\n"
    try:
        found = _resolved(text.encode(), mode).settings
    except MammonError as error:
        return refused(error)
    _require_possible(found)
    read: Any = found
    for name in key.path:
        read = getattr(read, name)
    if read != value and not (mode == "live" and key.path[-1] in LOWERED):
        raise WrongError(f"{key.name} was written as {value} and read as {read}")
    if mode == "live":
        _require_held_down(found)
    return "right"


def _require_held_down(found: Settings) -> None:
    policy, most = found.policy, PHASES["canary"]
    held = (
        policy.max_total_usd is not None and policy.max_total_usd <= (most.total_usd or 0),
        policy.max_moves_per_day <= most.moves_per_day,
        policy.cooldown_s >= most.spacing_s,
        policy.max_gas_usd <= most.gas_usd,
        policy.max_gas_day_usd <= most.gas_day_usd,
        policy.max_transactions_per_hour <= most.transactions_per_hour,
    )
    if not all(held):
        raise WrongError(f"beyond what the phase allows: {held}")
