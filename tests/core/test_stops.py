"""The table of stops, held against a second transcription, and the law that the strictest decides."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.stops import ACTS, SEEKING_EXITS, TABLE, Act, Answer, Stop, allowed

TRANSCRIBED = """
            | deposit | move | exit_home   | revoke     | rebroadcast | bump | cancel
pause       | no      | no   | yes         | yes        | yes         | yes  | yes
reduce      | no      | no   | yes         | yes        | yes         | yes  | yes
halt        | no      | no   | by_command  | by_command | yes         | yes  | yes
emergency   | no      | no   | by_command  | by_command | no          | no   | yes
kill_switch | no      | no   | by_override | no         | no          | no   | no
"""
"""Typed from limits.md a second time, by another hand than the table's."""


def transcribed() -> dict[tuple[str, str], str]:
    """Return the answers of the second transcription."""
    head, *rows = [
        [cell.strip() for cell in line.split("|")] for line in TRANSCRIBED.strip("\n").splitlines()
    ]
    return {(row[0], act): answer for row in rows for act, answer in zip(head[1:], row[1:], strict=True)}


SECOND = transcribed()
STOPS = tuple(get_args(Stop))
ORDER = list(get_args(Answer))
SETS = [names for size in range(len(STOPS) + 1) for names in itertools.combinations(STOPS, size)]


def test_both_tables_have_every_stop_and_every_act() -> None:
    """Nothing is missing from either: five stops by seven acts."""
    assert tuple(TABLE) == STOPS
    assert get_args(Act) == ACTS
    assert SECOND.keys() == {(stop, act) for stop in STOPS for act in ACTS}
    assert all(tuple(row) == ACTS for row in TABLE.values())


@pytest.mark.parametrize(("stop", "act"), SECOND)
def test_each_stop_says_to_each_act_what_limits_md_says(stop: str, act: Act) -> None:
    """Every cell of the table."""
    assert allowed([stop], act) == SECOND[stop, act]


@pytest.mark.parametrize("act", ACTS)
def test_without_a_stop_everything_is_allowed(act: Act) -> None:
    """The stops are the only thing this table asks about."""
    assert allowed((), act) == "yes"


@pytest.mark.parametrize("names", SETS, ids=lambda names: "+".join(names) or "none")
@pytest.mark.parametrize("act", ACTS)
def test_stops_together_allow_only_what_each_allows(names: tuple[str, ...], act: Act) -> None:
    """Two stops are never milder than either, in whatever order they are named."""
    together = allowed(names, act)
    each = [SECOND[name, act] for name in names]
    assert all(ORDER.index(together) >= ORDER.index(answer) for answer in each)
    assert together == (max(each, key=ORDER.index) if each else "yes")
    assert allowed(tuple(reversed(names)), act) == together


@given(st.text(), st.sets(st.sampled_from(STOPS)))
def test_a_stop_nobody_knows_allows_nothing(name: str, more: set[str]) -> None:
    """A name from a newer version, or a slip, is the strictest stop there is."""
    if name not in TABLE:
        assert {allowed([name, *more], act) for act in ACTS} == {"no"}


def test_only_reduce_seeks_ways_home() -> None:
    """The difference between `pause` and `reduce`."""
    assert frozenset({"reduce"}) == SEEKING_EXITS
