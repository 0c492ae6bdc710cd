"""`mammon config show`: what is in force, merged and redacted, and where each value came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mammon.cli.options import BASE, WORLD, command

if TYPE_CHECKING:
    from mammon.cli.invocation import Invocation
    from mammon.config.keys import Key
    from mammon.config.settings import Settings
    from mammon.reporting.tables import Table


@dataclass(frozen=True, slots=True)
class SettingNote:
    """One setting: its key, its value as configuration writes it, its source, its variable."""

    key: str
    value: str | None
    origin: str
    variable: str


@dataclass(frozen=True, slots=True)
class ConfigData:
    """Every setting in force, and the file that was read."""

    file: str | None
    settings: tuple[SettingNote, ...]


@command(BASE, WORLD)
def config_show(
    call: Invocation,
    origin: Annotated[bool, typer.Option("--origin", help="Show where each value comes from.")] = False,
) -> None:
    """Print the settings in force, merged from flags, environment, file and defaults.

    URLs are shown as scheme, host and digits: they may hold keys.
    """
    data = ConfigData(str(call.resolved.file) if call.resolved.file else None, tuple(_notes(call)))
    call.result("config", data, lambda: [_shown(data, origin)])


def _notes(call: Invocation) -> Iterator[SettingNote]:
    from mammon.config.keys import keys
    from mammon.config.written import spelled

    for key in keys().values():
        value = spelled(key, _value(call.settings, key))
        yield SettingNote(key.name, value, call.resolved.origins[key.name], key.variable)


def _value(settings: Settings, key: Key) -> Any:
    value: Any = settings
    for field in key.path:
        value = getattr(value, field)
    return value


def _shown(data: ConfigData, origin: bool) -> Table:
    from mammon.reporting.tables import Column, Table

    headings = ("key", "value", *(("source",) if origin else ()))
    rows = tuple(
        (entry.key, "-" if entry.value is None else entry.value, *((entry.origin,) if origin else ()))
        for entry in data.settings
    )
    return Table(tuple(Column(heading, "left") for heading in headings), rows)
