"""Configuration files: where one is looked for, and its keys with the line each stands on."""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from mammon.config.keys import keys, nearest, sections
from mammon.errors import UsageError
from mammon.files import chmod

NAME = "mammon.toml"

_MAX_BYTES = 1 << 20
_HEADER = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?\Z")
_ENTRY = re.compile(r"\s*([A-Za-z0-9_\-.\"' ]+?)\s*=")
_SECRET = re.compile(
    r"private|mnemonic|phrase|passw|secret|seed_|priv_?key|raw_?key|(^|[._])(key|pk)\Z|api_?key|token", re.I
)


class Entry(NamedTuple):
    """One key of a file: its value as TOML has it, and `file PATH:LINE`."""

    raw: Any
    origin: str


def user_home(environment: Mapping[str, str]) -> Path:
    """Return the user's home directory. Raises `UsageError` for a user who has none."""
    if environment.get("HOME"):
        return Path(environment["HOME"])
    try:
        return Path("~").expanduser()
    except RuntimeError as error:  # neither in the environment nor in the list of users
        raise UsageError("home", "this user has no home directory", "set HOME") from error


def user_file(environment: Mapping[str, str]) -> Path:
    """Return the file in the user's configuration directory, there or not."""
    folder = environment.get("XDG_CONFIG_HOME", "")
    base = Path(folder) if folder.startswith("/") else user_home(environment) / ".config"
    return base / "mammon" / NAME


def locate(named: str | None, environment: Mapping[str, str], directory: Path) -> Path | None:
    """Return the one file to read: the named one, ./mammon.toml, the user's, or none."""
    if named is not None:
        path = directory / named
        if not _is_there(path):
            raise UsageError(
                "config", f"{path}: no such file", "write one with `mammon init`, or leave --config out"
            )
        return path
    for path in (directory / NAME, user_file(environment)):
        if _is_there(path):
            return path
    return None


def read(path: Path) -> dict[str, Entry]:
    """Return the keys of a TOML file by dotted name. Decimals are read as written, never as floats."""
    text = _text(path)
    try:
        tables = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, ValueError, ArithmeticError, RecursionError) as error:
        raise UsageError("config", f"{path}: not TOML: {error}", "mend that line") from error
    lines = _lines(text)
    return {
        name: Entry(raw, f"file {path}:{lines[name]}" if name in lines else f"file {path}")
        for name, raw in _flat(tables, "")
    }


def unknown_hint(name: str) -> str:
    """Return the fix for a key that does not exist: the nearest one, or where secrets belong."""
    if secret := secret_hint(name):
        return secret
    last = name.rpartition(".")[2]
    same = [key for key in keys() if key.rpartition(".")[2] == last]
    if same:
        return f"did you mean {same[0]!r}?"
    return nearest(name, [*keys(), *sections()]) or "`mammon config show` lists every key"


def secret_hint(name: str) -> str:
    """Return where a secret belongs, when the name of a key or variable is that of one; else nothing."""
    if not _SECRET.search(name):
        return ""
    return "a secret never stands in the configuration: `mammon keys import` encrypts a key into a file"


def _is_there(path: Path) -> bool:
    try:
        return path.exists() or path.is_symlink()
    except OSError:  # no file can have such a name
        return False


def _text(path: Path) -> str:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_BYTES:
            raise UsageError(
                "config", f"{path}: not a regular file below 1 MiB", "point --config at a TOML file"
            )
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fix = chmod(0o600, path) if isinstance(error, PermissionError) else "mend its encoding"
        raise UsageError("config", f"{path}: cannot be read: {error}", fix) from error


def _flat(table: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for key, raw in table.items():
        name = f"{above}{key}"
        if isinstance(raw, dict) and name in sections():
            yield from _flat(raw, name + ".")
        else:
            yield name, raw


def _lines(text: str) -> dict[str, int]:
    """Return the line of each key, found by looking, for messages only."""
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if match := _HEADER.match(line):
            table = match[1].replace('"', "").replace(" ", "") + "."
            found.setdefault(table[:-1], number)
        elif match := _ENTRY.match(line):
            found.setdefault(table + match[1].replace('"', "").replace(" ", ""), number)
    return found
