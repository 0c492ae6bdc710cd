"""Text from outside and URLs with keys are made fit to print."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mammon.net.redact import redacted
from mammon.net.safe_text import safe_text

ANYTHING = st.text(st.characters(categories=["C", "Z", "L", "M", "P", "S", "N"]), max_size=300)


@given(ANYTHING)
@example("\x1b]52;c;cm0gLXJm\x07")
@example("USDC\u202ecipoT")
@example("a\nb\rc\u2028d")
@example("\ud800")
@example("x" * 1_000_000)
def test_nothing_unprintable_survives(text: str) -> None:
    """No control, format, surrogate, private or unassigned character and no line break gets through."""
    shown = safe_text(text)
    assert len(shown) <= 64
    for character in shown:
        category = unicodedata.category(character)
        assert category[0] != "C"
        assert category[0] != "Z" or character == " "


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=64))
def test_printable_text_is_left_alone(text: str) -> None:
    """What is short and printable is shown as it is."""
    assert safe_text(text) == text


def test_escapes_are_visible_and_cuts_are_marked() -> None:
    """What was changed can be seen."""
    assert safe_text("a\x1b[31m") == "a\\x1b[31m"
    assert safe_text("abcdef", 4) == "abc…"
    assert safe_text("\x1b\x1b", 6) == "\\x1b\\…"


SECRET = "k3yk3yk3yk3yk3yk3yk3y"


@pytest.mark.parametrize(
    "url",
    [
        f"https://base.example/v2/{SECRET}",
        f"https://base.example/?key={SECRET}",
        f"https://base.example#{SECRET}",
        f"https://user:{SECRET}@base.example/",
        f"https://{SECRET}@base.example",
        f"https:/{SECRET}",
        f"{SECRET}",
        f"https://a@{SECRET}@base.example/",
    ],
)
def test_a_secret_in_a_url_is_not_shown(url: str) -> None:
    """Path, query, fragment and user name vanish; so does what is no URL at all."""
    assert SECRET not in redacted(url)


def test_a_redacted_url_still_tells_endpoints_apart() -> None:
    """Scheme and host are shown, and eight digits that differ with the key and stay between runs."""
    one, two = redacted("https://Base.example/v2/a"), redacted("https://base.example/v2/b")
    assert one.startswith("https://base.example#")
    assert len(one) == len("https://base.example#") + 8
    assert one != two
    assert redacted("https://base.example/v2/b") == two
    assert "\n" not in redacted("https://ba\nse.example/")
