"""The one resolver: flag > environment > file > default, and where each value came from.

What the phase does not allow is lowered last, here, so that nothing ever sees a figure beyond it.
A layer is a mapping of key names to written values, each with its origin. Every layer is checked
whole, also where a higher one wins: a mistake never hides behind a flag.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from mammon.config import files
from mammon.config.keys import Key, keys, nearest
from mammon.config.settings import Settings
from mammon.config.values import BadValueError, value
from mammon.core.limits import effective
from mammon.errors import UsageError

VARIABLES = {
    "MAMMON_CONFIG": "the configuration file, as --config",
    "MAMMON_PASSWORD": "the password of the key file; others may read it: rather --password-fd",
}
"""Variables of the program that are no settings. A secret's variable belongs here, never in a file."""


class Written(NamedTuple):
    """A value as somebody wrote it."""

    raw: Any
    origin: str
    textual: bool


@dataclass(frozen=True, slots=True)
class Resolved:
    """Settings, the source of every one of them, and the file that was read."""

    settings: Settings
    origins: Mapping[str, str]
    """Key name -> `flag`, `env NAME`, `file PATH:LINE` or `default`."""
    file: Path | None


def resolve(
    flags: Mapping[str, Any],
    environment: Mapping[str, str],
    directory: Path,
    file: str | None = None,
    *,
    search: bool = True,
) -> Resolved:
    """Merge all layers into checked settings. `flags` maps key names to what was typed, None if not.

    `search=False` reads no file. Raises `UsageError` naming the key, its source and the fix.
    """
    path = files.locate(file or environment.get("MAMMON_CONFIG"), environment, directory) if search else None
    layers = [_state_home(environment), _file(path), _environment(environment), _flags(flags)]
    values: dict[str, Any] = {key.name: key.default for key in keys().values()}
    origins = dict.fromkeys(values, "default")
    for layer in layers:
        for name, written in layer.items():
            values[name], origins[name] = _checked(keys()[name], written), written.origin
    for name, found in values.items():
        if isinstance(found, Path):
            # A path in the file is meant from where the file is, not from where a command is run.
            base = path.parent if path and origins[name].startswith("file ") else directory
            values[name] = _absolute(found, environment, base)
    return Resolved(_lowered(_built(Settings(), (), values), origins), origins, path)


def _state_home(environment: Mapping[str, str]) -> dict[str, Written]:
    folder = environment.get("XDG_STATE_HOME", "")
    if not folder.startswith("/"):
        return {}
    return {"home": Written(f"{folder}/mammon", "env XDG_STATE_HOME", True)}


def _file(path: Path | None) -> dict[str, Written]:
    if path is None:
        return {}
    entries = files.read(path)
    for name, entry in entries.items():
        if name not in keys():
            raise UsageError("unknown_key", f"{entry.origin}: unknown key {name!r}", files.unknown_hint(name))
    return {name: Written(entry.raw, entry.origin, False) for name, entry in entries.items()}


def _environment(environment: Mapping[str, str]) -> dict[str, Written]:
    by_variable = {key.variable: key.name for key in keys().values()}
    found: dict[str, Written] = {}
    for variable in sorted(environment):
        if not variable.startswith("MAMMON_") or variable in VARIABLES:
            continue
        name = by_variable.get(variable)
        if name is None:
            raise UsageError(
                "unknown_variable",
                f"environment: unknown variable {variable}",
                files.secret_hint(variable) or nearest(variable, [*by_variable, *VARIABLES]) or "unset it",
            )
        found[name] = Written(environment[variable], f"env {variable}", True)
    return found


def _flags(flags: Mapping[str, Any]) -> dict[str, Written]:
    return {name: Written(raw, "flag", True) for name, raw in flags.items() if raw is not None}


def _checked(key: Key, written: Written) -> Any:
    try:
        return value(key.hint, written.raw, textual=written.textual)
    except BadValueError as error:
        hint = error.hint or _example(key)
        raise UsageError("bad_value", f"{key.name} ({written.origin}): {error}", hint) from error


def _example(key: Key) -> str:
    """Return the fix where the value itself suggests none: how the default is written."""
    from mammon.config.template import assignment  # only who is refused pays for it

    if key.default is None or key.default == ():
        return "leave it out, or see it in `mammon init --full`"
    return f"the default is written `{assignment(key, key.default)}`"


def _built(default: Any, above: tuple[str, ...], values: Mapping[str, Any]) -> Any:
    changes: dict[str, Any] = {}
    for key in keys().values():
        if key.path[: len(above)] != above:
            continue
        field, *below = key.path[len(above) :]
        if not below:
            changes[field] = values[key.name]
        elif field not in changes:
            changes[field] = _built(getattr(default, field), (*above, field), values)
    return dataclasses.replace(default, **changes)


def _lowered(settings: Settings, origins: dict[str, str]) -> Settings:
    """Hold the policy down to the phase in force, and say of each value that was lowered by what."""
    phase = settings.phase_in_force
    policy = effective(settings.policy, phase)
    for key in keys().values():
        if key.path[0] == "policy" and getattr(policy, key.path[1]) != getattr(settings.policy, key.path[1]):
            origins[key.name] += f", lowered to what the phase {phase} allows"
    return dataclasses.replace(settings, policy=policy)


def _absolute(path: Path, environment: Mapping[str, str], base: Path) -> Path:
    text = str(path)
    if text == "~" or text.startswith("~/"):
        return files.user_home(environment) / text[2:]
    return base / path
