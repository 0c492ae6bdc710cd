"""Needs in a file: a day or a time with its zone, an amount, a note; all else is refused with the fix."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.config import resolve
from mammon.config.keys import keys
from mammon.config.needs import when
from mammon.config.written import spelled
from mammon.core.numbers import Usd
from mammon.core.policy import Need
from mammon.errors import UsageError

HOME = {"HOME": "/nowhere"}
DAY = 1_801_353_600
"""2027-01-31, 00:00 UTC."""


def loaded(text: str, folder: Path) -> tuple[Need, ...]:
    (folder / "mammon.toml").write_text(text)
    return resolve({}, HOME, folder).settings.policy.needs


@pytest.mark.parametrize(
    ("at", "seconds"),
    [
        ("2027-01-31", DAY),
        ('"2027-01-31"', DAY),
        ("2027-01-31T09:30:00Z", DAY + 34_200),
        ("2027-01-31 09:30:00+02:00", DAY + 27_000),
        ('"2027-01-31T09:30:00-05:00"', DAY + 52_200),
        ("2027-01-31T00:00:00.9Z", DAY),
    ],
)
def test_a_day_begins_at_midnight_utc_and_a_time_is_in_its_zone(
    at: str, seconds: int, tmp_path: Path
) -> None:
    """TOML's own dates and text say the same."""
    found = loaded(f'[[needs]]\nat = {at}\namount_usdc = 3000.25\nnote = "rent"\n', tmp_path)
    assert found == (Need(seconds, Usd(Decimal("3000.25")), "rent"),)


def test_several_needs_are_several_tables(tmp_path: Path) -> None:
    """They stand at the top of the file beside the policy, and are part of its hash."""
    text = '[policy]\nneeds_notice = "2d"\n' + "[[needs]]\nat = 2027-01-31\namount_usdc = 1\n" * 2
    assert len(loaded(text, tmp_path)) == 2
    settings = resolve({}, HOME, tmp_path).settings
    assert settings.policy.needs_notice_s == 172_800
    assert settings.policy.hash != resolve({}, HOME, tmp_path / "none").settings.policy.hash


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("at = 2027-01-31T09:30:00\namount_usdc = 1", "has no zone"),
        ('at = "2027-01-31T09:30:00"\namount_usdc = 1', "has no zone"),
        ("at = 09:30:00\namount_usdc = 1", "expected a day or a time"),
        ("at = 1801353600\namount_usdc = 1", "expected a day or a time"),
        ('at = "31.01.2027"\namount_usdc = 1', "is no day and no time"),
        ('at = "tomorrow, maybe"\namount_usdc = 1', "is no day and no time"),
        ("at = 0001-01-01\namount_usdc = 1", "long past"),
        ("at = 0001-01-01T00:00:00+14:00\namount_usdc = 1", "long past|no calendar"),
        ("amount_usdc = 1", "at is missing"),
        ("at = 2027-01-31", "amount_usdc is missing"),
        ("at = 2027-01-31\namount_usdc = 0", "nothing is needed"),
        ("at = 2027-01-31\namount_usdc = -5", "below zero"),
        ('at = 2027-01-31\namount_usdc = "5 %"', "percentage"),
        ("at = 2027-01-31\namount_usdc = nan", "plain decimal"),
        ("at = 2027-01-31\namount_usdc = 1\nnote = 5", "a line of text"),
        ("at = 2027-01-31\namount_usdc = 1\nmemo = 'x'", "unknown field 'memo'"),
    ],
)
def test_what_is_not_meant_so_is_refused(table: str, told: str, tmp_path: Path) -> None:
    """Nothing is guessed: neither a zone nor a unit, and a mistyped field is no silent loss."""
    with pytest.raises(UsageError, match=told) as caught:
        loaded(f"[[needs]]\n{table}\n", tmp_path)
    assert caught.value.code == "bad_value"
    assert "mammon.toml:1" in caught.value.message


def test_a_variable_cannot_hold_a_table(tmp_path: Path) -> None:
    """The fix is to write it in the file."""
    with pytest.raises(UsageError, match="table") as caught:
        resolve({}, {**HOME, "MAMMON_NEEDS": "2027-01-31"}, tmp_path)
    assert "[[needs]]" in caught.value.hint


def test_a_seed_phrase_is_no_note(tmp_path: Path) -> None:
    """A secret is recognised wherever it is written, and not shown."""
    phrase = " ".join(["abandon"] * 11 + ["about"])
    with pytest.raises(UsageError, match="looks like a private key") as caught:
        loaded(f'[[needs]]\nat = 2027-01-31\namount_usdc = 1\nnote = "{phrase}"\n', tmp_path)
    assert "abandon" not in caught.value.message


def test_it_is_shown_as_people_read_it() -> None:
    """`config show` names time, amount and note."""
    key = keys()["needs"]
    found = (Need(DAY, Usd(Decimal("3000.5")), "rent"), Need(DAY + 1, Usd(Decimal(7))))
    assert spelled(key, found) == "3000.5 at 2027-01-31T00:00:00Z (rent), 7 at 2027-01-31T00:00:01Z"


@given(st.datetimes(timezones=st.timezones()).filter(lambda at: 2001 < at.year < 9999))
def test_any_time_with_its_zone_is_that_moment(at: object) -> None:
    """Also around a change of the clocks."""
    assert when(at) == int(at.timestamp())  # type: ignore[attr-defined]
