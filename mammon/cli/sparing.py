"""Parameters spared: typer builds a pydantic model for each, together several times Python's own start.

A value that already is what its parameter declares (text, a flag, one of the choices) needs no model.
Everything else takes typer's way.
"""

from __future__ import annotations

import functools
from typing import Any, get_args, get_origin

from typer.core import TyperCommand


class Command(TyperCommand):
    """A command whose parameters are spared."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, the help option included."""
        return spared(super().get_params(ctx))


def spared(parameters: list[Any]) -> list[Any]:
    """Give each parameter the short way; doing it again changes nothing."""
    for parameter in parameters:
        descriptor = getattr(parameter, "type_descriptor", None)
        if descriptor is not None and "process_value" not in vars(parameter):
            parameter.process_value = functools.partial(
                _process, parameter, parameter.process_value, descriptor.annotation
            )
    return parameters


def _process(parameter: Any, original: Any, hint: Any, ctx: Any, value: Any) -> Any:
    absent = value is None or value in ((), [])
    if not (absent and not parameter.required) and not _is_already(hint, value):
        return original(ctx, value)
    if parameter.callback is not None:
        return parameter.callback(ctx, parameter, value)
    return value


def _is_already(hint: Any, value: Any) -> bool:
    if isinstance(hint, type) and get_origin(hint) is None:
        return type(value) is hint
    if get_origin(hint) is list:
        return isinstance(value, list | tuple) and all(_is_already(get_args(hint)[0], item) for item in value)
    return isinstance(value, str) and value in get_args(hint)
