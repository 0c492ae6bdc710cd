"""Values: what a person writes is read exactly, or refused with the fix."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.config.settings import Count, Table, Timeout, Url
from mammon.config.values import BadValueError, duration_s, duration_text, value
from mammon.core.numbers import Fraction, Seconds, Usd
from mammon.core.types import Address

MIXED = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"
ANY_HINT = [
    str,
    bool,
    int,
    Decimal,
    Seconds,
    Timeout,
    Count,
    Fraction,
    Usd,
    Address,
    Url,
    Table,
    Literal["a", "b"],
    tuple[str, ...],
    tuple[Url, ...],
]


@given(st.integers(0, 999_999 * 86400))
def test_a_duration_is_read_back_from_its_own_spelling(seconds: int) -> None:
    """What `config show` prints can be written into a file."""
    assert duration_s(duration_text(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5m", 300), ("1h30m", 5400), ("2d", 172800), ("0s", 0), ("1d1s", 86401)],
)
def test_durations(text: str, seconds: int) -> None:
    """Days, hours, minutes and seconds, each at most once, in this order."""
    assert duration_s(text) == seconds


@pytest.mark.parametrize("raw", [30, Decimal("1.5"), "30", "1.5"])
def test_a_bare_number_is_no_duration_and_the_fix_is_named(raw: Any) -> None:
    """Seconds or minutes is never guessed."""
    with pytest.raises(BadValueError, match="no unit") as caught:
        duration_s(raw)
    assert f'"{raw}s"' in caught.value.hint


@pytest.mark.parametrize(
    "raw", ["", "m", "5 m", "5M", "-5m", "5s5m", "1.5h", "5mm", "٥m", None, True, [], "9" * 50 + "s"]
)
def test_anything_else_is_no_duration(raw: Any) -> None:
    """Spaces, signs, fractions, other digits, other orders."""
    with pytest.raises(BadValueError):
        duration_s(raw)


@pytest.mark.parametrize(
    ("hint", "raw", "fix"),
    [
        (Fraction, "5%", "0.05"),
        (Fraction, "12.5 %", "0.125"),
        (Usd, "10%", "0.10"),
        (Fraction, 5, "0.05"),
        (Fraction, "1.01", "0.0101"),
    ],
)
def test_a_percentage_is_refused_with_its_fraction(hint: Any, raw: Any, fix: str) -> None:
    """Rates are fractions: 0.05, never 5 and never "5%"."""
    with pytest.raises(BadValueError) as caught:
        value(hint, raw)
    assert fix in caught.value.hint


@pytest.mark.parametrize(
    ("hint", "raw"),
    [
        *(
            (hint, raw)
            for hint in (Usd, Fraction, Decimal)
            for raw in ("nan", "inf", "-inf", "1e3", "1_000", "", " 1")
        ),
        *(
            (Usd, raw)
            for raw in (Decimal("NaN"), Decimal("Infinity"), 0.5, True, None, [], "-1", -1, "1,5", "9" * 99)
        ),
        *((int, raw) for raw in (True, 1.0, Decimal(1), "1", -1, 10**18, None)),
        (Count, 0),
        (Timeout, "0s"),
        *((bool, raw) for raw in (1, 0, "true", None)),
        *((Address, raw) for raw in (MIXED[:-1], MIXED.replace("fCD", "fcD"), "vitalik.eth", "", 5)),
        *(
            (Url, raw)
            for raw in ("node.invalid", "ftp://x/", "http://node.invalid/", "file:///etc/passwd", 5)
        ),
        *((str, raw) for raw in ("", " ", "a\nb", "\x1b[31m", 5, "x" * 3000)),
        (Literal["a", "b"], "c"),
        (tuple[str, ...], "a,b"),
        (tuple[str, ...], ["a", 5]),
        (Table, "x"),
    ],
)
def test_a_wrong_value_is_refused(hint: Any, raw: Any) -> None:
    """No value is bent into shape."""
    with pytest.raises(BadValueError):
        value(hint, raw)


@pytest.mark.parametrize(
    ("hint", "text", "expected"),
    [
        (bool, "true", True),
        (int, "7", 7),
        (Count, "1", 1),
        (Usd, "0.50", Decimal("0.50")),
        (Fraction, "1", Decimal(1)),
        (tuple[str, ...], "a, b,", ("a", "b")),
        (Address, MIXED.lower(), MIXED),
        (Url, "http://127.0.0.1:8545", "http://127.0.0.1:8545"),
    ],
)
def test_text_is_read_as_the_type_its_key_declares(hint: Any, text: str, expected: Any) -> None:
    """Variables and flags are text; the key's type says what it means."""
    assert value(hint, text, textual=True) == expected


def test_a_url_is_never_repeated() -> None:
    """A wrong URL may hold a right key."""
    with pytest.raises(BadValueError) as caught:
        value(Url, "http://node.invalid/v1/c0ffee")
    assert "c0ffee" not in str(caught.value)


@given(
    hint=st.sampled_from(ANY_HINT),
    raw=st.one_of(st.text(max_size=30), st.integers(), st.booleans(), st.none()),
)
def test_nothing_else_escapes(hint: Any, raw: Any) -> None:
    """Any value is either read or refused as a bad value."""
    for textual in (False, True):
        with contextlib.suppress(BadValueError):
            value(hint, raw, textual=textual)
