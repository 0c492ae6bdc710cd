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
    "F1": "no seed or raw key in configuration, environment or output; key files are private and strong",
    "F2": "failures are counted durably; after three in a row a person resumes",
    "F6": "gas is priced and paid as this chain does it, its data fee included",
    "F7": "the configured minimum is the one judged by",
    "F8": "no literal rate feeds a gate",
    "F9": "markets are told apart by chain, contract and asset",
    "F10": "the journal is the only way to an action",
    "F11": "what cannot be deposited into is never chosen",
    "F12": "nothing broad is caught on the money path",
    "F13": "amounts are integers with their decimals",
    "F14": "no account is made unasked; the key must be that of the account expected",
    "F15": "books of one account never drive another's money",
    "F16": "holdings come from the chain, also with no books at all",
    "F17": "what a lagging node shows is not taken for what is",
    "F20": "a setting set anywhere reaches where it is used",
    "F21": "the shipped template passes its own validation",
    "F23": "no rate or price of a mock reaches a real world",
    "F25": "calls are decoded against a table, never searched for bytes",
    "F26": "every guard is reached from the command line",
    "F27": "idle money is a position at zero; rendering cannot fail a cycle",
    "F29": "a whole move, approval included, over the real contracts",
    "D1": "stranded money is told each cycle, and deployed once it can be",
    "D4": "a failed leg ends the move as a failure, and nothing follows it",
    "D5": "a receipt with status 0 is no success",
    "D6": "an unread source rate is not zero",
    "D7": "an unread position is not closed",
    "D8": "no mock source in a real world",
    "D9": "break-even is compared exactly",
    "D10": "size counts: dilution, exit liquidity, share of the pool",
    "D12": "what is open is found by the next start, and goes on",
    "D14": "a failure renders like anything else",
    "D15": "approvals are exact",
    "D16": "success is what moved, not what a receipt says",
    "D17": "each leg has its own measured effect",
    "D18": "gas is what receipts say",
    "D21": "one cycle, one observation, one block",
    "Row 1": "what is stuck can be bid higher and cancelled; nothing new is begun meanwhile",
    "Row 2": "what was dropped is told again, also when no higher bid is allowed",
    "Row 3": "a nonce that never went out leaves no gap",
    "Row 4": "an advanced nonce is an emergency until a person adopts it",
    "Row 5": "every read after a write is of its block or later",
    "Row 6": "nothing that was sent is unknown to the next start",
    "Row 7": "the chain is the truth for holdings; a mismatch blocks",
    "Row 8": "a withdrawal that failed is tried again, with bounds, once it is known dead",
    "Row 9": "nothing waits past one total deadline",
    "Row 12": "rate limits are honoured, requests are counted, keys are redacted",
    "Row 13": "a rate that contradicts the contract's own totals, or sense, closes the venue",
    "Row 15": "exit liquidity at entry, partial withdrawals, the venue's own all-form",
    "Row 16": "head-room is an amount; the next best venue is taken",
    "Row 17": "amounts carry their decimals, and the chain's must agree",
    "Row 18": "the L1 data fee is in every cost",
    "Row 19": "spikes are not chased: a rate that rose for a bad reason is bait",
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
