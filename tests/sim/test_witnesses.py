"""Sources of the simulated world: by the seed alone, a little off, lying or dead when they are told to be."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from mammon.cli.sources import SimulatedSources
from mammon.config.settings import SourcesSettings
from mammon.core.agreement import agreement, base_rate, share
from mammon.core.policy import Policy
from mammon.core.types import MarketState, Pegged, Unread
from mammon.core.witnesses import PRICES
from mammon.sim.witnesses import answers, subjects_of
from tests.core.build import NOW, snapshot, state
from tests.core.test_collateral import STANDS, feed, stands, wraps

OTHER = dataclasses.replace(STANDS, symbol="other")

SHOT = snapshot(state("good"), Unread("gone", "timeout", "late"), state("unrated", curve=None))
SETTINGS = SourcesSettings()


def test_sources_are_a_little_off_and_by_the_seed_alone() -> None:
    """Never exactly the chain's own figure, never beyond the policy; the same seed says the same."""
    good = SHOT.markets[0]
    assert isinstance(good, MarketState)
    own = base_rate(good, NOW)
    assert own is not None
    seen = set()
    for seed in range(50):
        (rate,) = answers(seed, "defillama", ("good",), SHOT)
        assert rate.value is not None
        assert share(own, rate.value) <= Decimal("0.0201")
        assert tuple(answers(seed, "defillama", ("good",), SHOT)) == (rate,)
        for price, usd in zip(answers(seed, "kraken", PRICES, SHOT), (1, 3000), strict=True):
            assert price.value is not None
            assert share(price.value, Decimal(usd)) <= Decimal("0.0004")
        seen.add(rate.value)
    assert len(seen) > 40


def test_a_source_knows_what_it_could_know() -> None:
    """One speaks of rates and prices, one of prices; none of what was not read or has no rate."""
    assert subjects_of("defillama", SHOT) == (PRICES, ("good",))
    assert subjects_of("kraken", SHOT) == (PRICES,)
    assert subjects_of("morpho", SHOT) == ()
    assert subjects_of("defillama", snapshot()) == (PRICES,)


def test_a_source_speaks_of_collateral_too() -> None:
    """Over what it stands for, or over what it wraps; of what was not read it says nothing."""
    pegs = (stands(feed("41500")), wraps(feed("1.1")), Pegged(OTHER, Unread("x", "timeout", ""), feed("1")))
    shot = dataclasses.replace(SHOT, pegs=pegs)
    subjects = ("peg:cbBTC", "peg:cbETH", "peg:other")
    assert subjects_of("defillama", shot) == (PRICES, subjects, ("good",))
    assert subjects_of("kraken", shot) == (PRICES,)
    half, wrapped, unread = answers(7, "defillama", subjects, shot)
    assert half.value is not None
    assert wrapped.value is not None
    assert share(half.value, Decimal("0.5")) <= Decimal("0.0005")
    assert share(wrapped.value, Decimal("1.1")) <= Decimal("0.0005")
    assert (unread.value, unread.code) == (None, "malformed")
    assert not SimulatedSources(SETTINGS, 3, lambda: (half,)).due("defillama", subjects[:1], NOW + 599)
    assert SimulatedSources(SETTINGS, 3, lambda: (half,)).due("defillama", subjects[:1], NOW + 600)


@pytest.mark.parametrize(("fault", "state_"), [("lying", "disagrees"), ("dead", "unknown"), ("", "agrees")])
def test_a_lie_disagrees_and_a_death_is_silence(fault: str, state_: str) -> None:
    """What a fault makes of the cross-check."""
    good = SHOT.markets[0]
    assert isinstance(good, MarketState)
    sources = SimulatedSources(SETTINGS, 3, lambda: (), {"defillama": fault})
    sources.begin()
    assert sources.heard(SHOT)
    assert agreement(good, sources.words(), NOW, Policy().max_rate_gap).state == state_


def test_a_source_is_not_asked_again_before_its_time() -> None:
    """What it said is remembered, as over the network."""
    sources = SimulatedSources(SETTINGS, 3, lambda: ())
    first = sources.heard(SHOT)
    assert len(first) == 5
    assert sources.heard(SHOT) == ()
    again = SimulatedSources(SETTINGS, 3, lambda: first)
    assert again.heard(SHOT) == ()
    assert again.words() == sources.words()
