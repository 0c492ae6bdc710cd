"""Laws of the words: every gate has one, no number is lost, and rendering cannot fail."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mammon.core.decide import decide
from mammon.core.gates import GATES
from mammon.core.policy import Policy
from mammon.core.types import Unread, Verdict
from mammon.reporting.figures import holding_figures, market_figures, worth
from mammon.reporting.numbers import duration, native, percent, short, token, usd
from mammon.reporting.sentences import QUESTIONS, explanation, headline, sentence
from mammon.reporting.verdicts import verdict_table
from tests.core.build import NOW, portfolio, position, snapshot, state

CASH = 10_000 * 10**6


def test_every_gate_has_its_question() -> None:
    """No gate without words, no words without a gate."""
    assert set(QUESTIONS) == {gate.code for gate in GATES}


@given(
    st.sampled_from(sorted(QUESTIONS)),
    st.booleans(),
    st.none() | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30),
    st.sampled_from(["fraction", "usd", "days", "units", "s", "ratio", "count"]),
)
def test_any_verdict_can_be_said(gate: str, passed: bool, measured: Decimal | None, unit: str) -> None:
    """F27: rendering never fails on a number, known or not."""
    margin = None if measured is None else measured - 1
    found = Verdict(gate, passed, measured, Decimal(1), margin, unit)
    assert sentence(found, 6).startswith(f"{gate} {'passes' if passed else 'refuses'}")


def test_d14_failures_can_be_told() -> None:
    """D14: a decision in which nothing could be read is explained like any other."""
    blind = Unread("high", "timeout", "no answer")
    shot = snapshot(blind, eth_usd=blind, asset_usd=blind, sequencer=blind, fees=blind)
    decision = decide(shot, portfolio(CASH, blind), Policy(), NOW)
    text = "\n".join(explanation(decision))
    assert "not known" in text
    assert headline(decision).startswith("Hold")
    nothing = decide(shot, portfolio(0), Policy(), NOW)
    assert explanation(nothing)[0] == "Hold: there is nothing to move."


def test_the_headline_names_the_move() -> None:
    """Amount, places and rates stand in the one sentence."""
    told = headline(decide(snapshot(state("high")), portfolio(CASH), Policy(), NOW))
    assert told == "Move 10,000.00 USDC from the wallet (0.00%) to high (2.73%)."


def test_f18_worth_is_everything_or_unknown() -> None:
    """F18: idle money is part of the worth; with anything unread there is no total at all."""
    low = state("low")
    assert worth(portfolio(5, position(low, 7))) == 12
    assert worth(portfolio(5, Unread("low", "timeout", ""))) is None
    assert worth(portfolio(Unread("idle", "timeout", ""))) is None


def test_idle_money_is_a_row_at_zero() -> None:
    """F27: the wallet stands first among the holdings, at a rate of nothing."""
    first = holding_figures(snapshot(), portfolio(CASH), 0)[0]
    assert (first.slug, first.apy, first.assets, first.share) == ("idle", 0, CASH, 1)


def test_an_unread_market_is_a_row_with_its_reason() -> None:
    """Unread comes last, with its code and no number that could be taken for one."""
    rows = market_figures(snapshot(Unread("a", "timeout", "no answer"), state("b")), CASH, 10)
    assert [row.slug for row in rows] == ["b", "a"]
    assert (rows[1].state, rows[1].reasons, rows[1].apy, rows[1].supplied) == (
        "unread",
        ("timeout",),
        None,
        None,
    )


def test_a_market_without_a_rate_says_so() -> None:
    """A rate that cannot be told is not zero."""
    row = market_figures(snapshot(dataclasses.replace(state("b"), curve=None)), CASH, 10)[0]
    assert (row.apy, row.apy_after) == (None, None)
    assert "rate_unknown" in row.reasons


def test_numbers_as_people_read_them() -> None:
    """Small sums do not vanish, large ones are grouped, nothing known is a dash."""
    assert usd(Decimal("0.0142")) == "$0.0142"
    assert usd(Decimal("-1234.5")) == "-$1,234.50"
    assert usd(Decimal("0.00001234")) == "$0.00001234"
    assert token(1_234_567_891, 6, "USDC") == "1,234.57 USDC"
    assert (percent(None), usd(None), token(None, 6), short(None, 6)) == ("-", "-", "-", "-")
    assert (short(12_345_678 * 10**6, 6), short(999, 6)) == ("12.3M", "0.00")
    assert (duration(3_661), duration(0), duration(90_000)) == ("1h 1m", "0s", "1d 1h")


def test_a_verdict_table_has_a_row_for_each_gate() -> None:
    """The table shows every verdict, refusals marked, numbers in their units, unknown as a dash."""
    shown = verdict_table(decide(snapshot(state("high")), portfolio(CASH), Policy(), NOW).chosen.verdicts, 6)
    assert [row[1] for row in shown.rows] == [gate.code for gate in GATES]
    refused = verdict_table([Verdict("peg", False, None, Decimal(1), None, "usd", "stale")], 6)
    assert refused.rows == (("NO", "peg", "-", "$1.00", "-", "price of the asset (stale)"),)
    assert native(4_754_039_815_642) == "0.000004754"
