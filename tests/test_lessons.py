"""The failures that others had are tests here: each is named, and none is missing.

F and D rows are what broke in the nearest project, row N what users of such tools report. A test
claims a row by naming it in its docstring, or in its module's.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROWS = {
    "F7": "the configured minimum is the one judged by",
    "F8": "no literal rate feeds a gate",
    "F9": "markets are told apart by chain, contract and asset",
    "F11": "what cannot be deposited into is never chosen",
    "F20": "a setting set anywhere reaches where it is used",
    "F21": "the shipped template passes its own validation",
    "F27": "idle money is a position at zero; rendering cannot fail a cycle",
    "D6": "an unread source rate is not zero",
    "D7": "an unread position is not closed",
    "D8": "no mock source in a real world",
    "D9": "break-even is compared exactly",
    "D10": "size counts: dilution, exit liquidity, share of the pool",
    "D14": "a failure renders like anything else",
    "D21": "one cycle, one observation, one block",
    "Row 9": "nothing waits past one total deadline",
    "Row 12": "rate limits are honoured, requests are counted, keys are redacted",
    "Row 13": "a rate that contradicts the contract's own totals, or sense, closes the venue",
    "Row 15": "exit liquidity at entry, partial withdrawals, the venue's own all-form",
    "Row 16": "head-room is an amount; the next best venue is taken",
    "Row 17": "amounts carry their decimals, and the chain's must agree",
    "Row 18": "the L1 data fee is in every cost",
    "Row 20": "scripts can trust exit codes, streams and closed stdin",
}
"""Rows of this version, and what they ask for."""

CLAIM = re.compile(r"\b[FD]\d{1,2}\b|(?<!safety, )\b[Rr]ow \d{1,2}\b")


def claims() -> Iterator[tuple[str, str]]:
    """Yield each row named by a test's docstring, or by its module's, with the test."""
    for path in sorted(Path(__file__).parent.rglob("test_*.py")):
        if path == Path(__file__):
            continue
        tree = ast.parse(path.read_text())
        module = ast.get_docstring(tree) or ""
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for row in CLAIM.findall(f"{module} {ast.get_docstring(node) or ''}"):
                    yield row.capitalize(), f"{path.name}::{node.name}"


CLAIMED = list(claims())


@pytest.mark.parametrize("row", ROWS)
def test_each_row_has_a_test(row: str) -> None:
    """A row without a test that names it is a failure waiting to be had again."""
    assert [test for claimed, test in CLAIMED if claimed == row], ROWS[row]
