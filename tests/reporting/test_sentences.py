"""Laws of the words: every gate has one, no number is lost, and rendering cannot fail."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mammon.cli.documents import amount
from mammon.cli.scan import ScanData
from mammon.cli.scan_table import market_table, tier_and_score
from mammon.core.decide import Ask, Decision, decide
from mammon.core.gates import GATES
from mammon.core.numbers import Units
from mammon.core.policy import Policy
from mammon.core.types import Unread, Verdict
from mammon.protocols.erc4626 import MIN_AGE_S
from mammon.reporting.explanation import explanation
from mammon.reporting.figures import holding_figures, market_figures, worth
from mammon.reporting.numbers import coins, counted, duration, native, percent, short, token, usd
from mammon.reporting.sentences import QUESTIONS, headline, rate_notes, sentence
from mammon.reporting.tables import Table, drawn, plain
from mammon.reporting.verdicts import verdict_table
from tests.core.build import MILLION, NOW, market, portfolio, position, snapshot, state

CASH = 10_000 * 10**6


def told(decision: Decision) -> str:
    """Return an explanation as a pipe gets it."""
    return "".join(plain(p) if isinstance(p, Table) else p + "\n" for p in explanation(decision))


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
    text = told(decision)
    assert "not known" in text
    assert headline(decision).startswith("Hold")
    nothing = decide(shot, portfolio(0), Policy(), NOW)
    assert told(nothing).startswith("Hold: there is nothing to move.\n")


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


def test_a_market_is_shown_with_its_standing() -> None:
    """Tier, score and the yield after risk; a fact nobody documented is told from a bad one."""
    poor = state("b", market=market("b", risk=None), supplied=Units(MILLION))
    premium = Decimal("0.01")
    rows = market_figures(snapshot(Unread("a", "timeout", ""), poor, state("c")), CASH, 10, premium)
    found = {row.slug: row for row in rows}
    assert found["a"].standing is None
    standing = found["b"].standing
    assert standing is not None
    assert (standing.tier, standing.score, standing.factors[0]) == (4, 400, ("age", None))
    assert found["b"].apy_after is not None
    assert standing.apy_after_risk == found["b"].apy_after - premium * Decimal("0.96")
    assert [tier_and_score(found[slug]) for slug in "abc"] == ["-", "4 (4?)", "1 (100)"]


def test_tiers_are_left_out_where_they_do_not_fit() -> None:
    """The past is left out first, then the tier; what nobody was asked about has no column at all."""
    figures = market_figures(snapshot(state("c")), CASH, 10)
    shown = market_table(ScanData(amount(Units(CASH), 6), figures, 0, (), 1, snapshot(state("c")), None))
    heads = [column.heading for column in shown.columns]
    assert heads[-4:] == ["tier", "vs 1d", "vs 7d", "state"]
    fewer, fewest = shown.narrow, shown.narrow and shown.narrow.narrow
    assert fewer is not None
    assert fewest is not None
    assert [column.heading for column in fewer.columns] == [*heads[:-3], "state"]
    assert [column.heading for column in fewest.columns] == [*heads[:-4], "state"]
    assert [len(row) for row in fewest.rows] == [len(heads) - 3]


def test_numbers_as_people_read_them() -> None:
    """Small sums do not vanish, large ones are grouped, nothing known is a dash."""
    assert usd(Decimal("0.0142")) == "$0.0142"
    assert usd(Decimal("-1234.5")) == "-$1,234.50"
    assert usd(Decimal("0.00001234")) == "$0.00001234"
    assert token(1_234_567_891, 6, "USDC") == "1,234.57 USDC"
    assert (percent(None), usd(None), token(None, 6), short(None, 6)) == ("-", "-", "-", "-")
    assert (short(12_345_678 * 10**6, 6), short(999, 6)) == ("12.3M", "0.00")
    assert (short(2**128, 6), short(10**21 - 1, 6)) == ("no end", "1000000.0B")
    assert (duration(3_661), duration(0), duration(90_000)) == ("1h 1m", "0s", "1d 1h")


def test_a_verdict_table_has_a_row_for_each_gate() -> None:
    """The table shows every verdict, refusals marked, numbers in their units, unknown as a dash."""
    shown = verdict_table(decide(snapshot(state("high")), portfolio(CASH), Policy(), NOW).chosen.verdicts, 6)
    assert [row[1] for row in shown.rows] == [gate.code for gate in GATES]
    refused = verdict_table([Verdict("peg", False, None, Decimal(1), None, "usd", "stale")], 6)
    assert refused.rows == (("NO", "peg", "-", "$1.00", "-", "price of the asset (stale)"),)
    assert native(4_754_039_815_642) == "0.000004754"
    assert (native(0), native(114_002_000), native(-7)) == (
        "0.000000000",
        "0.00000000011",
        "-0.000000000000000007",
    )
    assert (counted(0, "request"), counted(1, "request"), counted(2, "request")) == (
        "0 requests",
        "1 request",
        "2 requests",
    )


@given(st.integers(1, 10**30))
def test_no_amount_of_wei_is_shown_as_nothing(wei: int) -> None:
    """However little gas cost, it was not free."""
    assert Decimal(native(wei)) > 0


@given(st.integers(1, 10**40), st.integers(0, 36))
def test_no_amount_of_a_token_is_shown_as_nothing(units: int, decimals: int) -> None:
    """Of whatever decimals; a zero is shown as one."""
    shown, symbol = coins(units, decimals, "AERO").split(" ")
    assert Decimal(shown.replace(",", "")) > 0
    assert symbol == "AERO"
    assert coins(0, decimals, "AERO") == "0.00 AERO"
    assert (coins(1_234_567, 3, "X"), coins(8_741, 6, "X")) == ("1,234.57 X", "0.0087 X")


def test_an_explanation_counts_gas_in_ether() -> None:
    """Nobody reads wei: what the move costs stands in dollars and in ETH, by its parts."""
    decision = decide(snapshot(state("high")), portfolio(CASH), Policy(), NOW)
    text = told(decision)
    assert decision.chosen is not None
    cost = decision.chosen.move.cost
    assert f"Gas: {native(cost.wei)} ETH: execution {native(cost.l2)}, L1 data {native(cost.l1)}" in text
    assert "wei" not in text
    assert all(gate.code in text for gate in GATES)
    assert "What refuses it" not in text


def test_an_explanation_says_refusals_in_words() -> None:
    """A narrow table leaves the questions out; what refused is said whole."""
    decision = decide(snapshot(state("high")), portfolio(1), Policy(), NOW)
    assert decision.chosen is not None
    refused = [v for v in decision.chosen.verdicts if not v.passed]
    assert refused
    assert all(f"  {sentence(verdict, 6)}\n" in told(decision) for verdict in refused)


def test_a_split_is_told_with_how_good_it_is() -> None:
    """Each venue's part now and then, what all of it earns, and how far the optimum may be above it."""
    shot = snapshot(state("high"), state("low"))
    text = told(decide(shot, portfolio(4 * 10**12), Policy(split=True), NOW))
    assert "The split" in text
    assert "USDC then" in text
    assert "earns 0.00% now" in text
    assert "the optimum is above it by at most 0.01 bps of that." in text
    nothing = told(decide(snapshot(state("high", debt=0)), portfolio(0), Policy(split=True), NOW))
    assert "The split" in nothing
    assert "The split" not in told(decide(shot, portfolio(CASH), Policy(), NOW))


def test_nothing_to_move_is_said() -> None:
    """A move asked from where nothing is: that is the answer, not what could not be priced."""
    shot = snapshot(state("high"), state("low"))
    for source, named in (("idle", "the wallet"), ("low", "low")):
        decision = decide(shot, portfolio(0), Policy(), NOW, Ask(source, "high"))
        assert decision.action == "hold"
        assert headline(decision) == f"Hold: there is nothing in {named} to move to high."
        assert told(decision).startswith(headline(decision) + "\nDoes it pay?")
    unread = portfolio(0, Unread("low", "timeout", ""))
    unknown = decide(shot, unread, Policy(), NOW, Ask("low", "high"))
    assert "nothing in" not in headline(unknown)
    blind = decide(shot, portfolio(Unread("idle", "timeout", "")), Policy(), NOW, Ask("idle", "high"))
    assert "nothing in" not in headline(blind)


def test_a_rate_that_is_not_known_yet_says_when_it_will_be() -> None:
    """The hint is for vaults whose rate is observed, and names the time that this takes."""
    vault = dataclasses.replace(state("vault").market, protocol="erc4626")
    fresh = dataclasses.replace(state("vault"), market=vault, curve=None)
    known = dataclasses.replace(state("vault"), market=vault)
    distrusted = dataclasses.replace(state("low"), curve=None, closed=("model_mismatch",))
    assert list(rate_notes(snapshot(known, distrusted, Unread("a", "timeout", "")))) == []
    (note,) = rate_notes(snapshot(fresh, distrusted))
    assert note.startswith("rate_unknown: vault: ")
    assert "scan again" in note
    assert ("ten minutes" in note, MIN_AGE_S) == (True, 600)


def test_at_80_columns_no_gate_is_folded() -> None:
    """Questions make way, refusals keep their reason, large amounts lose their cents; wide has it all."""
    decision = decide(snapshot(state("high")), portfolio(CASH), Policy(), NOW)
    assert decision.chosen is not None
    huge = Verdict("cap_room", True, Decimal(10**10), Decimal(10**14), Decimal(10**14 - 10**10), "units")
    blind = Verdict("rate_sane", False, None, None, None, "fraction", "target_rate_unknown")
    shown = verdict_table((*decision.chosen.verdicts, huge, blind), 6)
    narrow = drawn(shown, 80, color=False).splitlines()
    assert max(map(len, narrow)) <= 80
    rows = [line.split() for line in narrow if line.split()[:1] in (["ok"], ["NO"])]
    assert [row[1] for row in rows] == [*(gate.code for gate in GATES), "cap_room", "rate_sane"]
    assert rows[-1][:5] == ["NO", "rate_sane", "-", "-", "-"]
    assert "target_rate_unknown" in "".join(narrow).replace(" ", "")
    assert rows[-2] == ["ok", "cap_room", "10,000.00", "100,000,000", "99,990,000"]
    wide = drawn(shown, 140, color=False)
    assert all(question in wide for question in QUESTIONS.values())
    assert "100,000,000.00" in wide
