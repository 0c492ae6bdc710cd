"""Templates: mammon.toml written from the model, so that a shipped file can never be out of date.

Comments are the docstrings below the settings' fields; values are spelled by the same types that
read them back.
"""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import tomli_w

from mammon.config.keys import Key, keys
from mammon.config.settings import Settings, Timeout
from mammon.config.values import duration_text
from mammon.core.numbers import Seconds

Style = Literal["careful", "balanced", "bold"]

STYLES: dict[Style, dict[str, str]] = {
    "careful": {
        "policy.min_apy_gain": "0.01",
        "policy.min_annual_gain_usd": "25",
        "policy.max_pool_share": "0.10",
        "policy.exit_liquidity_multiple": "5",
        "policy.danger_liquidity_multiple": "3",
        "policy.min_price_witnesses": "1",
        "policy.max_moves_per_day": "2",
        "policy.cooldown": "6h",
    },
    "balanced": {},
    "bold": {
        "policy.min_apy_gain": "0.003",
        "policy.min_annual_gain_usd": "5",
        "policy.max_pool_share": "0.25",
        "policy.exit_liquidity_multiple": "2",
        "policy.danger_liquidity_multiple": "1.25",
    },
}
"""What each style changes of the defaults, as text; `balanced` is the defaults."""

_HEAD = "# mammon.toml: flags and MAMMON_* variables win over this file; `mammon config show --origin`"


def brief(values: Mapping[str, Any]) -> str:
    """Return a file that sets just these keys, one commented line each."""
    lines = [_HEAD]
    for section, members in _by_section(key for key in keys().values() if key.name in values):
        if section:
            lines += ["", f"[{section}]"]
        for key in members:
            comment = first_sentence(comments()[key.name])
            lines.append(f"{assignment(key, values[key.name])}  # {comment}".rstrip(" #"))
    return "\n".join(lines) + "\n"


def full(values: Mapping[str, Any]) -> str:
    """Return a file with every key: those given as set, the rest as comments with their defaults."""
    lines = [_HEAD]
    for section, members in _by_section(keys().values()):
        if section:
            lines += ["", f"[{section}]"]
        for key in members:
            lines += [
                "",
                *textwrap.wrap(comments()[key.name], 96, initial_indent="# ", subsequent_indent="# "),
            ]
            if key.name in values:
                lines.append(assignment(key, values[key.name]))
            elif key.default is None:
                lines.append(f"# {key.name.rpartition('.')[2]} is not set")
            else:
                lines.append("#" + assignment(key, key.default))
    return "\n".join(lines) + "\n"


def assignment(key: Key, value: Any) -> str:
    """Return `key = value` in TOML, spelled so that it is read back as the same value."""
    if key.hint in (Seconds, Timeout):
        value = duration_text(value)
    elif isinstance(value, Path):
        value = str(value)
    elif isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else value
    elif isinstance(value, tuple):
        value = list(value)
    return tomli_w.dumps({key.name.rpartition(".")[2]: value}).strip().replace("\n", " ")


def first_sentence(text: str) -> str:
    """Return a comment short enough for the end of a line."""
    return text.partition(". ")[0].partition("; ")[0].rstrip(".")


@functools.cache
def comments() -> dict[str, str]:
    """Return the docstring of every setting, read from the source of its dataclass."""
    by_path = dict(_documented(Settings, ()))
    return {key.name: by_path.get(key.path, "") for key in keys().values()}


def _documented(cls: type, above: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], str]]:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(tree, ast.ClassDef)
    for statement, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        field = statement.target.id
        nested = _section_class(cls, field)
        if nested is not None:
            yield from _documented(nested, (*above, field))
        elif isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            yield (*above, field), " ".join(str(after.value.value).split())


def _section_class(cls: type, field: str) -> type | None:
    default = getattr(Settings(), field, None) if cls is Settings else None
    return type(default) if hasattr(default, "__dataclass_fields__") else None


def _by_section(chosen: Iterable[Key]) -> list[tuple[str, list[Key]]]:
    found: dict[str, list[Key]] = {}
    for key in chosen:
        found.setdefault(key.name.rpartition(".")[0], []).append(key)
    return sorted(found.items(), key=lambda entry: entry[0] != "")
