"""Pictures of rates: what is drawn is what the curves say, in text and in SVG, the same every time."""

from __future__ import annotations

import dataclasses
import itertools
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from mammon.core.curves import MorphoCurve
from mammon.core.curves.morpho import MorphoMarket
from mammon.core.numbers import Rate, Units, Wad
from mammon.core.types import Unread
from mammon.reporting.figures import apy_of
from mammon.reporting.plot import ASCII, ROWS, column_of, plots, scale_top
from mammon.reporting.rate_curve import RateCurve, RatePoint, deposits, rate_curves
from mammon.reporting.svg import svg
from tests.core.build import MILLION, NOW, snapshot, state

SIZES = tuple(deposits(6))
AMOUNT = Units(10_000_000_000)
SVG = "{http://www.w3.org/2000/svg}"


def drawn(*apys: str | None, room: int | None = None, kinks: tuple[int, ...] = ()) -> RateCurve:
    """Return a curve with as many points as there are sizes, the last rate repeated."""
    rates = [*apys, *([apys[-1]] * (len(SIZES) - len(apys)))]
    points = tuple(
        RatePoint(size, None if rate is None else Rate(Decimal(rate)))
        for size, rate in zip(SIZES, rates, strict=True)
    )
    limit = None if room is None else Units(room)
    return RateCurve("venue", points, limit, Units(5 * MILLION), tuple(map(Units, kinks)))


# --- the curves ----------------------------------------------------------------------------------


def test_points_are_what_the_curve_says_up_to_the_room() -> None:
    """From 1,000 to 100 million in equal steps; beyond what is taken there is no rate."""
    venue = state("a", room=Units(2 * MILLION))
    (curve,) = rate_curves(snapshot(venue), ("a",), 10)
    assert [point.deposit for point in curve.points] == list(SIZES)
    assert (SIZES[0], SIZES[-1]) == (10**9, 10**14)
    assert all(11 * low <= 10 * high <= 13 * low for low, high in itertools.pairwise(SIZES))
    for point in curve.points:
        wanted = apy_of(venue, point.deposit, NOW + 10) if point.deposit <= 2 * MILLION else None
        assert point.apy == wanted


def test_a_closed_venue_takes_nothing_and_an_unread_one_has_no_curve() -> None:
    """Neither is drawn as if it paid."""
    read = snapshot(state("a", closed=("paused",)), Unread("b", "timeout", ""))
    (curve,) = rate_curves(read, ("a", "b"), 10)
    assert (curve.slug, curve.room) == ("a", 0)
    assert all(point.apy is None for point in curve.points)


def test_a_bend_lies_where_utilisation_comes_down_to_it() -> None:
    """Of 95 % lent a deposit of 5.56 % brings it to 90 %; below the bend there is none to pass."""
    (above,) = rate_curves(snapshot(state("a", 5 * MILLION, 95 * MILLION)), ("a",), 10)
    (kink,) = above.kinks
    assert 95 * MILLION * 9_999 < (100 * MILLION + kink) * 9_000 < 95 * MILLION * 10_001
    (below,) = rate_curves(snapshot(state("a", 30 * MILLION, 70 * MILLION)), ("a",), 10)
    assert below.kinks == ()
    (through_others,) = rate_curves(snapshot(state("a", borrowed=None)), ("a",), 10)
    assert through_others.kinks == ()


def test_the_bend_of_an_adaptive_market_is_its_target() -> None:
    """Morpho's curve bends at 90 % of what is supplied."""
    supplied, borrowed = Units(100 * MILLION), Units(99 * MILLION)
    market = MorphoMarket(supplied, Units(supplied * 10**6), borrowed, NOW, Wad(0), Wad(10**9))
    curve = MorphoCurve(market)
    held = dataclasses.replace(state("a"), curve=curve, supplied=supplied, borrowed=borrowed)
    (found,) = rate_curves(snapshot(held), ("a",), 10)
    assert found.kinks == (10 * MILLION,)


# --- as characters -------------------------------------------------------------------------------


def test_every_column_is_a_point_and_every_eighth_a_share_of_the_scale() -> None:
    """At half of the scale half of the rows are full, and no cell beyond."""
    (text, legend) = plots(
        [
            drawn("0.03"),
        ],
        AMOUNT,
        6,
        plain=True,
    )
    lines = text.splitlines()
    rows = [line.partition("|")[2] for line in lines[1 : ROWS + 1]]
    assert lines[1].startswith("   4.00% |")
    full = [row == "#" * len(SIZES) for row in rows]
    assert full == [False, False, True, True, True, True]
    assert rows[0] == ""
    assert set(rows[1]) == {":"}  # half of a row
    assert "10.0k" in legend


def test_marks_stand_in_their_columns() -> None:
    """The deposit asked about, a bend, and what is more than the venue takes."""
    curve = drawn("0.03", room=2 * MILLION, kinks=(MILLION,))
    axis = next(iter(plots([curve], AMOUNT, 6, plain=True))).splitlines()[ROWS + 1].partition("+")[2]
    assert axis[12] == "^"
    assert axis[36] == "k"
    assert axis.index("x") == next(place for place, size in enumerate(SIZES) if size > 2 * MILLION)
    assert axis[-1] == "x"
    assert column_of(999_999_999, 6) is None
    assert (column_of(10**9, 6), column_of(10**30, 6)) == (0, len(SIZES) - 1)


def test_plain_is_ascii_and_the_other_is_not() -> None:
    """What goes into a pipe or a mail has no character that could get lost."""
    curve = drawn("0.0333", "0.0211")
    plain = "".join(plots([curve], AMOUNT, 6, plain=True))
    assert plain.isascii()
    assert set(ASCII) >= set("".join(line.partition("|")[2] for line in plain.splitlines()))
    assert not "".join(plots([curve], AMOUNT, 6, plain=False)).isascii()


def test_all_that_is_shown_together_has_one_scale() -> None:
    """The next step of a ladder above the highest; what pays nothing still has one."""
    assert scale_top([drawn("0.03"), drawn("0.0401")]) == Decimal("0.06")
    assert scale_top([drawn("0.04")]) == Decimal("0.04")
    assert scale_top([drawn("7")]) == 7
    assert scale_top([drawn(None)]) == scale_top([drawn("-0.01")]) == Decimal("0.01")


def test_what_has_no_rate_says_so() -> None:
    """One line instead of an empty picture."""
    (text, _) = plots([drawn(None, room=0)], AMOUNT, 6, plain=True)
    assert text == "venue: no rate to draw; takes 0.00, 5.0M could leave\n"
    assert list(plots([], AMOUNT, 6, plain=True)) == []


def test_the_smallest_rate_is_seen() -> None:
    """Above zero there is a mark, at zero and below there is none."""
    for rate, seen in (("0.0000001", True), ("0", False), ("-0.5", False)):
        text = next(iter(plots([drawn("1", rate)], AMOUNT, 6, plain=True)))
        assert (text.splitlines()[ROWS].partition("|")[2].rstrip("\n") > "#") == seen


# --- as SVG --------------------------------------------------------------------------------------


def panels(*curves: RateCurve, title: str = "USDC") -> list[ElementTree.Element]:
    picture = ElementTree.fromstring(svg(curves, AMOUNT, 6, title))
    assert picture.tag == f"{SVG}svg"
    return list(picture.iter(f"{SVG}g"))


def test_a_line_ends_where_the_room_does() -> None:
    """As many points as there are rates; beyond them the field is marked, from the last point on."""
    full = next(place for place, size in enumerate(SIZES) if size > 2 * MILLION)
    rates = [*["0.03"] * full, None]
    (panel,) = panels(drawn(*rates, room=2 * MILLION, kinks=(MILLION,)))
    (line,) = panel.iter(f"{SVG}polyline")
    points = line.attrib["points"].split()
    assert len(points) == full
    (field,) = (each for each in panel.iter(f"{SVG}rect") if each.attrib["class"] == "full")
    assert field.attrib["x"] == points[-1].partition(",")[0]
    (kink,) = panel.iter(f"{SVG}circle")
    assert f"{kink.attrib['cx']},{kink.attrib['cy']}" == points[36]


def test_axes_are_labelled() -> None:
    """Rates upwards, deposits to the right, and what each axis is."""
    (panel,) = panels(drawn("0.03"))
    texts = [each.text for each in panel.iter(f"{SVG}text")]
    assert {"0.0%", "4.0%", "1k", "1M", "100M", "deposit", "yearly yield after it"} <= set(texts)
    assert "takes any amount, 5.0M could leave" in texts


def test_what_is_not_known_is_not_drawn() -> None:
    """A panel without a line says why; no venues make an empty picture."""
    (panel,) = panels(drawn(None))
    assert list(panel.iter(f"{SVG}polyline")) == []
    assert "no rate to draw" in [each.text for each in panel.iter(f"{SVG}text")]
    assert panels() == []


@pytest.mark.parametrize("name", ["<script>", "a&b", '"'])
def test_names_cannot_become_markup(name: str) -> None:
    """Whatever a venue or a title is called, it is text."""
    curve = dataclasses.replace(drawn("0.03"), slug=name)
    (panel,) = panels(curve, title=name)
    assert next(panel.iter(f"{SVG}text")).text == name


def test_the_same_figures_give_the_same_bytes() -> None:
    """Deterministic, and every place within the picture."""
    curves = [drawn("0.03", room=MILLION), drawn("0.05", "0.01")]
    first = svg(curves, AMOUNT, 6, "USDC")
    assert first == svg(curves, AMOUNT, 6, "USDC")
    assert len(panels(*curves)) == 2
