"""Laws of dangers in words: every code has its sentence, every number its unit, and what follows is said."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import pytest

from mammon.core.danger import CODES, UNKNOWN, Danger
from mammon.core.decide import Decision, decide
from mammon.core.numbers import Units
from mammon.core.policy import Policy
from mammon.core.types import Unread
from mammon.reporting.dangers import STANDINGS, TOLD, danger_notes, danger_sentence, out_of
from mammon.reporting.explanation import explanation
from mammon.reporting.sentences import headline
from tests.core.build import NOW, portfolio, position, snapshot, state
from tests.core.test_danger import ACTING, CALM, HELD, HOME


def decision(code: str, policy: Policy | None = None, held: int = HELD, **more: Any) -> Decision:
    case: Any = dict(ACTING[code][1])
    seen = snapshot(dataclasses.replace(case.pop("like", HOME), **more), state("other"), **(CALM | case))
    return decide(seen, portfolio(0, position(HOME, held)), policy or Policy(), NOW)


def test_every_code_has_its_sentence() -> None:
    """A danger without words fails here."""
    assert set(TOLD) == {*CODES, *UNKNOWN}
    assert set(STANDINGS) == {"fact", "agreed", "claim", "unknown"}


SAID = {
    "share_price_fell": "home: share_price_fell: a share is worth 0.050% less than at 2025-12-31 23:00:00 "
    "UTC, 0.011% may be a fee or rounding (a fact of the chain)",
    "bad_debt": "home: bad_debt: it carries 10,000.00 of bad debt or loss (deficit), 10,000.00 would be dust "
    "(a fact of the chain)",
    "draining": "home: draining: what could leave falls so fast since 2025-12-31 23:50:00 UTC that two looks "
    "on 0.00 times what is held would be left; a danger below 2.00 (a fact of the chain)",
    "liquidity_falling": "home: liquidity_falling: what could leave is 1.00 times what is held, less than at "
    "2025-12-31 23:00:00 UTC; a danger below 2.00 (a fact of the chain)",
    "code_changed": "home: code_changed: its code is not the one it was entered with (a fact of the chain)",
    "locked": "home: locked: it gives nothing back (paused) (a fact of the chain)",
    "collateral_off_peg": "home: collateral_off_peg: its collateral cbBTC costs 81.000% of its par; its peg "
    "ends at 97.000% (agreed by chain, exchange)",
    "off_peg": "USDC: off_peg: one is worth $0.9940 at most, less than $0.9950 (agreed by exchange, feed)",
}


@pytest.mark.parametrize("code", CODES)
def test_each_danger_in_words(code: str) -> None:
    """Where, which, how much, the limit, and who says so."""
    found = decision(code)
    assert [danger_sentence(danger, found) for danger in found.dangers] == [SAID[code]]
    after = "; nothing can leave there now" if code == "locked" else ""
    assert list(danger_notes(found)) == [f"danger: {SAID[code]}{after}"]


def test_the_headline_says_what_an_exit_is_for() -> None:
    """Out of which danger; into a haven it is a move."""
    assert headline(decision("bad_debt")).endswith(", out of danger (bad_debt).")
    into = headline(decision("bad_debt", Policy(haven=("other",))))
    assert into.startswith("Move 10,000.00 USDC from home")
    assert into.endswith(", out of danger (bad_debt).")
    assert out_of(decision("bad_debt", Policy(on_danger="alert"))) == ""


def test_what_is_done_about_it_is_said() -> None:
    """Only told of; not enough for an exit; nothing can leave; another one leaves first."""
    (told,) = danger_notes(decision("bad_debt", Policy(on_danger="alert")))
    assert told.endswith("; `policy.on_danger` only tells of it")
    feed = dataclasses.replace(snapshot().asset_usd, answer=Units(99_000_000))  # type: ignore[type-var]
    lone = decide(snapshot(HOME, asset_usd=feed, **CALM), portfolio(0, position(HOME, HELD)), Policy(), NOW)
    (told,) = danger_notes(lone)
    assert told.endswith("(one word alone: feed); nothing leaves for that alone")
    told = next(danger_notes(decision("bad_debt", withdrawable=Units(0))))
    assert told.endswith("; nothing can leave there now")
    lost = dataclasses.replace(state("other"), evidence=(("deficit", Units(10**12)),))
    both = snapshot(ACTING["bad_debt"][1]["like"], lost, **CALM)  # type: ignore[index]
    held = portfolio(0, position(HOME, 2 * HELD), position(lost, HELD))
    first, second = list(danger_notes(decide(both, held, Policy(), NOW)))
    assert not first.endswith("next")
    assert second.endswith("; it is next")


def test_a_collateral_of_unknown_weight_is_told_as_such() -> None:
    """Not as one word, of which there are two, and nothing leaves for it."""
    (told,) = danger_notes(decision("collateral_off_peg", backing=None))
    assert told.endswith(
        "(said by chain, exchange; how much is lent against it is not known); nothing leaves for that alone"
    )


def test_what_is_not_known_is_told_where_it_is_explained() -> None:
    """Neither danger nor safety: in the explanation, not in every line."""
    seen = snapshot(HOME, asset_usd=Unread("asset_usd", "timeout", ""))
    found = decide(seen, portfolio(0, position(HOME, HELD)), Policy(), NOW)
    assert list(danger_notes(found)) == []
    told = list(explanation(found))
    assert (
        "not known: home: no_track: nothing was read earlier to hold it against (neither danger nor safety)"
        in told
    )
    assert (
        "not known: USDC: price_unknown: no source says what one is worth (neither danger nor safety)" in told
    )


def test_a_danger_of_another_version_is_told_as_such() -> None:
    """A document may name what this version does not know, and may say little."""
    found = decision("bad_debt")
    odd = Danger("home", "other", "claim", Decimal(1), None, "parsecs", ())
    assert danger_sentence(odd, found) == (
        "home: other: a danger that this version does not know (one word alone: )"
    )
