"""Tables: aligned text for pipes, drawn for terminals, the same cells in both."""

from __future__ import annotations

import pytest

from mammon.reporting.tables import Column, Table, alignments, drawn, plain, table

SAMPLE = table(
    ("venue", "rate", "room"),
    [("aave-v3", "5.17 %", "1,000"), ("steakhouse-usdc", "12.50 %", "-")],
    title="Markets",
    note="block 7",
)


def test_plain_text_is_aligned_and_ends_without_spaces() -> None:
    """Words to the left, numbers to the right, nothing after the last column."""
    assert plain(SAMPLE) == (
        "Markets\n"
        "venue               rate   room\n"
        "aave-v3           5.17 %  1,000\n"
        "steakhouse-usdc  12.50 %      -\n"
        "block 7\n"
    )


def test_a_column_aligns_as_told() -> None:
    """What the column says wins over what its cells look like."""
    told = Table((Column("a", "right"), Column("b", "left")), (("x", "1"),))
    assert alignments(told) == ("right", "left")


def test_a_row_that_does_not_fit_is_a_mistake() -> None:
    """A cell too many or too few is noticed where the table is made."""
    with pytest.raises(ValueError, match="2 cells for 1 columns"):
        table(("a",), [("x", "y")])


def test_wide_characters_take_two_places() -> None:
    """Columns stay aligned beside East Asian text."""
    lines = plain(table(("name", "n"), [("\u8d44\u4ea7", "1"), ("asset", "2")])).splitlines()
    assert lines[1] == "\u8d44\u4ea7   1"


def test_no_rows_is_a_heading() -> None:
    """An empty result still says what it is a list of."""
    assert plain(table(("a", "b"), [])) == "a  b\n"


def test_a_drawn_table_shows_the_same_cells_and_no_markup() -> None:
    """A cell is text: what looks like markup is printed as it is spelled."""
    tricky = table(("name", "n"), [("[bold]x[/]", "1")], title="[red]T", note="[dim]n")
    shown = drawn(tricky, 80, color=False)
    assert all(part in shown for part in ("[bold]x[/]", "[red]T", "[dim]n"))
    assert "\x1b" not in shown


def test_what_does_not_fit_is_drawn_as_its_narrow_form() -> None:
    """Only there: a terminal that is wide enough, and a pipe, get the whole."""
    whole = table(("name", "why"), [("a", "b" * 30)], narrow=table(("name",), [("a",)]))
    least = next(width for width in range(10, 80) if "bb" in drawn(whole, width, color=False))
    assert "b" * 30 in drawn(whole, least, color=False)
    assert "why" not in drawn(whole, least - 1, color=False)
    assert "b" * 30 in plain(whole)


def test_a_column_that_does_not_fold_stays_whole() -> None:
    """The column that may fold makes room for it."""
    columns = (Column("gate", folds=False), Column("why"))
    shown = drawn(Table(columns, (("exit_liquidity", "w" * 40),)), 30, color=False)
    assert "exit_liquidity" in shown
    assert shown.count("w") == 41  # the heading has one


@pytest.mark.parametrize("width", range(12, 60))
def test_no_character_is_cut_off_at_any_width(width: int) -> None:
    """Half a number is a wrong number: where there is no room to stay whole, everything folds."""
    columns = (Column("g", folds=False), Column("n", "right", folds=False), Column("y"))
    shown = drawn(Table(columns, (("abcdefghijklmn", "1,234,567.00", "opqrstuvwxyz"),)), width, color=False)
    found = sorted(shown.split("─")[-1].replace("\n", "").replace(" ", ""))
    assert found == sorted("abcdefghijklmn1,234,567.00opqrstuvwxyz")


def test_a_narrow_terminal_folds_cells_and_loses_none() -> None:
    """What does not fit stands on the next line."""
    shown = drawn(table(("name",), [("abcdefghijklmnopqrstuvwxyz",)]), 12, color=False)
    assert "".join(shown.split()).endswith("abcdefghijklmnopqrstuvwxyz")
