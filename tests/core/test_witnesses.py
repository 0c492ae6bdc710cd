"""Laws of witnesses between readings: a failure loses nothing that was said, and nothing old speaks on."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mammon.core.tracks import Witness
from mammon.core.types import Unread
from mammon.core.witnesses import PRICES, RETRY_S, Heard, after, is_due, is_price, of, words

SAID = Heard("kraken", "asset_usd", 1000, Decimal("1.0001"), 990)
FAILED = Heard("kraken", "asset_usd", 1600, code="deadline", reason="kraken: late")


def test_a_failure_leaves_the_last_word_with_its_own_age() -> None:
    """What was said before still stands, with the failure beside it, until it is too old to speak."""
    kept = after(SAID, FAILED, 610)
    assert kept.word == Witness("kraken", "asset_usd", Decimal("1.0001"), 990)
    assert (kept.asked, kept.code) == (1600, "deadline")
    gone = after(SAID, FAILED, 609)
    assert gone.word == Unread("asset_usd", "deadline", "kraken: late")


def test_a_price_is_told_from_a_rate() -> None:
    """By its subject: the two prices and what collateral is worth; a market's slug is a rate."""
    assert [is_price(each) for each in (*PRICES, "peg:cbBTC")] == [True] * 3
    assert [is_price(each) for each in ("aave-v3", "peg", "asset-usd")] == [False] * 3


def test_a_new_word_takes_the_place_of_the_old() -> None:
    """Whatever was known before."""
    new = Heard("kraken", "asset_usd", 2000, Decimal("0.9"), 1990)
    for known in (None, SAID, FAILED):
        assert after(known, new, 600) == new
    assert after(None, FAILED, 600) == FAILED
    assert after(FAILED, FAILED, 600) == FAILED


def test_a_source_is_asked_again_when_its_time_has_come() -> None:
    """Not a second before; one that failed sooner, but never more often than one that answers."""
    assert not is_due(SAID, 3600, 1000 + 3599)
    assert is_due(SAID, 3600, 1000 + 3600)
    assert not is_due(FAILED, 3600, 1600 + RETRY_S - 1)
    assert is_due(FAILED, 3600, 1600 + RETRY_S)
    assert not is_due(FAILED, 60, 1600 + 59)
    assert is_due(FAILED, 60, 1600 + 60)


@given(every=st.integers(1, 10_000), now=st.integers(0, 999))
def test_a_clock_that_was_set_back_silences_nobody(every: int, now: int) -> None:
    """What was asked in what is now the future is asked again."""
    assert is_due(SAID, every, now)


def test_words_stand_in_one_order() -> None:
    """Whatever order they were heard in, a decision's bytes are the same."""
    others = [
        Heard("defillama", "asset_usd", 1, Decimal(1), 1),
        Heard("defillama", "aave-v3", 1, Decimal(1), 1),
    ]
    told = words([SAID, *others])
    assert told == words([*others, SAID])
    assert [word.subject for word in told] == ["aave-v3", "asset_usd", "asset_usd"]
    assert of("asset_usd", told) == told[1:]
