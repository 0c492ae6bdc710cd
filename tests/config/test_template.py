"""Templates: what `init` writes is generated from the model and can be loaded (F21)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mammon.config import resolve, template
from mammon.config.keys import keys
from mammon.config.settings import Settings
from mammon.config.values import value

HOME = {"HOME": "/nowhere"}


def loaded(text: str, folder: Path) -> Any:
    (folder / "mammon.toml").write_text(text)
    return resolve({}, HOME, folder).settings


def test_the_full_template_changes_nothing(tmp_path: Path) -> None:
    """As it is shipped every line is a comment or the default."""
    assert loaded(template.full({}), tmp_path) == resolve({}, HOME, tmp_path / "empty").settings


def test_every_line_of_the_full_template_can_be_switched_on(tmp_path: Path) -> None:
    """A commented line holds the default, so that taking the sign away changes nothing either."""
    text = template.full({})
    on = "\n".join(
        line[1:] if line[:1] == "#" and line[1:2] not in (" ", "") else line for line in text.split("\n")
    )
    assert on.count(" = ") > 20
    assert loaded(on, tmp_path) == resolve({}, HOME, tmp_path / "empty").settings


def test_the_full_template_names_every_setting() -> None:
    """A new setting appears in the template by itself, with its comment."""
    text = template.full({})
    for key in keys().values():
        assert f"{key.name.rpartition('.')[2]} " in text
        assert template.comments()[key.name], f"{key.name} has no docstring"


@pytest.mark.parametrize("style", template.STYLES)
def test_each_style_is_a_valid_policy(style: template.Style, tmp_path: Path) -> None:
    """The styles load, differ from each other, and change the policy alone."""
    chosen = {
        name: value(keys()[name].hint, text, textual=True) for name, text in template.STYLES[style].items()
    }
    found = loaded(template.brief(chosen), tmp_path)
    default = Settings().policy
    assert (found.policy == default) == (style == "balanced")
    assert all(name.startswith("policy.") for name in chosen)


def test_careful_is_stricter_and_bold_is_looser() -> None:
    """Every value of a style lies on its side of the default."""
    higher_is_stricter = {
        "min_apy_gain",
        "min_annual_gain_usd",
        "exit_liquidity_multiple",
        "min_price_witnesses",
        "danger_liquidity_multiple",
        "cooldown",
    }
    for style, sign in (("careful", 1), ("bold", -1)):
        for name, text in template.STYLES[style].items():
            key = keys()[name]
            change = Decimal(value(key.hint, text, textual=True)) - Decimal(key.default)
            stricter = change > 0 if name.rpartition(".")[2] in higher_is_stricter else change < 0
            assert change != 0
            assert stricter == (sign > 0), name
