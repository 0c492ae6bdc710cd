"""Laws of risk: what is worse never rates better, what is unknown never counts as good, caps only lower."""

from __future__ import annotations

import dataclasses
import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.fixed import SECONDS_PER_YEAR
from mammon.core.numbers import Units, Usd
from mammon.core.risk.dossier import Dossier, Incident
from mammon.core.risk.factors import FULL, WEIGHTS, factors_of, score_of
from mammon.core.risk.rating import CAPS, LEAST_SCORE, Rating, after_risk, cap_of, rated, tier_of
from mammon.core.risk.shared import behind, causes_of, concentration
from mammon.core.risk.signs import BEST_LEFT, CURATED, DANGER, UNKNOWN_SIGN, best_left, signs_of
from mammon.core.types import Address, MarketState, Unread
from tests.core.build import MILLION, NOW, SOUND, market, state

WETH, BTC = Address("0x" + "0" * 39 + "1"), Address("0x" + "0" * 39 + "2")
DAYS = st.integers(0, NOW)

INCIDENTS = st.builds(Incident, DAYS, st.booleans())
DOSSIERS = st.builds(
    Dossier,
    st.just("family"),
    st.none() | DAYS,
    st.none() | st.integers(0, 6),
    st.none() | st.booleans(),
    st.none() | st.lists(INCIDENTS, max_size=3).map(tuple),
    st.none() | st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), max_size=5).map(tuple),
)
SIGNS = st.lists(st.sampled_from([*BEST_LEFT, "never_heard_of"]), max_size=3).map(tuple)


def of(dossier: Dossier | None, **changes: Any) -> MarketState:
    """Return a healthy state of a venue with these facts."""
    return state("venue", market=market("venue", risk=dossier), **changes)


@st.composite
def states(draw: st.DrawFn) -> MarketState:
    """Draw a venue of any facts and any health."""
    supplied = draw(st.integers(1, 300 * MILLION))
    return of(
        draw(st.none() | DOSSIERS),
        supplied=Units(supplied),
        borrowed=draw(st.none() | st.integers(0, supplied).map(Units)),
        withdrawable=Units(draw(st.integers(0, supplied))),
        room=draw(st.none() | st.integers(0, supplied).map(Units)),
        evidence=draw(st.sampled_from([(), (("deficit", Units(0)),), (("deficit", Units(5)),)])),
        locked=draw(st.sampled_from([(), ("paused",)])),
        signs=draw(SIGNS),
    )


def no_better(worse: Rating, than: Rating) -> None:
    """Hold what a worse venue gets against what a better one gets: tier, score, cap, rate."""
    assert worse.score <= than.score
    assert worse.tier >= than.tier
    for whole in (10**9, 10**11, 10**13):
        caps = [cap_of(each.tier, whole, Usd(Decimal(25_000)), 6) for each in (worse, than)]
        assert caps[1] is None or (caps[0] is not None and caps[0] <= caps[1])
    apy, premium = Decimal("0.07"), Decimal("0.03")
    assert after_risk(apy, worse.score, premium) <= after_risk(apy, than.score, premium)


# --- factors -------------------------------------------------------------------------------------


def test_the_weights_are_a_whole() -> None:
    """They are the five that the systems united here use, and add up to one."""
    assert WEIGHTS == {"age": 30, "tvl": 20, "audits": 25, "exploits": 15, "complexity": 10}
    assert sum(WEIGHTS.values()) == 100


def test_a_sound_venue_has_every_point() -> None:
    """Full marks in all five are a full score, and nothing is undocumented."""
    found = rated(of(SOUND, supplied=Units(100 * MILLION)), NOW)
    assert (found.score, found.tier, found.undocumented) == (FULL, 1, ())


def points(dossier: Dossier | None, name: str, supplied: int = 0) -> int | None:
    return dict(factors_of(dossier, supplied, 6, NOW))[name]


@pytest.mark.parametrize(("years", "due"), [(0, 0), (1, 2_500), (2, 5_000), (4, FULL), (9, FULL), (-1, 0)])
def test_age_counts_up_to_four_years(years: int, due: int) -> None:
    """In proportion; code that is not out yet is of no age."""
    assert points(Dossier("x", live_since=NOW - years * SECONDS_PER_YEAR), "age") == due


@pytest.mark.parametrize(
    ("supplied", "due"),
    [(MILLION - 1, 0), (MILLION, 2_000), (3 * MILLION, 4_000), (100 * MILLION - 1, 8_000)],
)
def test_size_is_counted_in_steps(supplied: int, due: int) -> None:
    """Each step is reached exactly; it is known of a venue that nothing else is known of."""
    assert points(SOUND, "tvl", supplied) == points(None, "tvl", supplied) == due


@pytest.mark.parametrize(
    ("firms", "bounty", "due"),
    [(0, None, 0), (1, False, 3_000), (2, True, 7_000), (4, True, FULL), (40, None, 8_000), (-1, None, 0)],
)
def test_audits_and_a_bounty_count(firms: int, bounty: bool | None, due: int) -> None:
    """A bounty nobody documented is none."""
    assert points(Dossier("x", audit_firms=firms, bounty=bounty), "audits") == due


@pytest.mark.parametrize(
    ("incidents", "due"),
    [
        ((), FULL),
        ((Incident(NOW, False),), 0),
        ((Incident(NOW + 1, False),), 0),
        ((Incident(NOW - SECONDS_PER_YEAR + 1, True),), 2_500),
        ((Incident(NOW - SECONDS_PER_YEAR, True),), 5_000),
        ((Incident(0, False),), 5_000),
        ((Incident(0, True), Incident(NOW - SECONDS_PER_YEAR, False)), 2_500),
    ],
)
def test_the_worst_incident_counts(incidents: tuple[Incident, ...], due: int) -> None:
    """It is forgiven by full years, never wholly, and less where lenders lost."""
    assert points(Dossier("x", incidents=incidents), "exploits") == due


@pytest.mark.parametrize(
    ("parts", "due"), [((), FULL), (("a",), 7_500), (("a", "a"), 7_500), (tuple("abcde"), 0)]
)
def test_each_part_costs_points(parts: tuple[str, ...], due: int) -> None:
    """Each is counted once, and below nothing there is nothing."""
    assert points(Dossier("x", parts=parts), "complexity") == due


@given(DOSSIERS, st.sampled_from(["live_since", "audit_firms", "bounty", "incidents", "parts"]))
def test_what_is_not_documented_never_counts_as_good(dossier: Dossier, name: str) -> None:
    """Taking a fact out of the file never betters a venue, and taking all out leaves only its size."""
    blank = dataclasses.replace(dossier, **{name: None})
    no_better(rated(of(blank), NOW), rated(of(dossier), NOW))
    no_better(rated(of(None), NOW), rated(of(dossier), NOW))
    assert rated(of(None), NOW).undocumented == ("age", "audits", "exploits", "complexity")


@given(DOSSIERS, INCIDENTS)
def test_worse_facts_never_rate_better(dossier: Dossier, incident: Incident) -> None:
    """One more incident, one more part, one firm less, no bounty, a later start: none betters anything."""
    before = rated(of(dossier), NOW)
    changes: list[dict[str, Any]] = [{"bounty": False}]
    if dossier.incidents is not None:
        changes.append({"incidents": (*dossier.incidents, incident)})
        lost = tuple(dataclasses.replace(each, made_whole=False) for each in dossier.incidents)
        changes.append({"incidents": lost})
    if dossier.parts is not None:
        changes.append({"parts": (*dossier.parts, "another")})
    if dossier.audit_firms is not None:
        changes.append({"audit_firms": dossier.audit_firms - 1})
    if dossier.live_since is not None:
        changes.append({"live_since": dossier.live_since + 86_400})
    for change in changes:
        no_better(rated(of(dataclasses.replace(dossier, **change)), NOW), before)


# --- signs ---------------------------------------------------------------------------------------


@given(states(), st.sampled_from([*BEST_LEFT, "never_heard_of"]))
def test_a_further_sign_never_rates_better(venue: MarketState, sign: str) -> None:
    """Also one that this version has never heard of."""
    no_better(rated(dataclasses.replace(venue, signs=(*venue.signs, sign)), NOW), rated(venue, NOW))


@given(states(), st.data())
def test_worse_health_never_rates_better(venue: MarketState, data: st.DataObject) -> None:
    """Less liquidity, more lent, less room, a loss: none betters anything."""
    before = rated(venue, NOW)
    changes: list[dict[str, Any]] = [
        {"withdrawable": Units(data.draw(st.integers(0, venue.withdrawable)))},
        {"evidence": (("lost_assets", Units(1)),)},
        {"locked": ("paused",)},
    ]
    if venue.borrowed is not None:
        changes.append({"borrowed": Units(data.draw(st.integers(venue.borrowed, venue.supplied)))})
    if venue.room is not None:
        changes.append({"room": Units(data.draw(st.integers(0, venue.room)))})
    for change in changes:
        no_better(rated(dataclasses.replace(venue, **change), NOW), before)


HEALTHY: dict[str, Any] = {"supplied": Units(100 * MILLION), "withdrawable": Units(50 * MILLION)}
CURATOR = dataclasses.replace(SOUND, parts=(CURATED,))


@pytest.mark.parametrize(
    ("sign", "shown", "nearly"),
    [
        ("bad_debt", {"evidence": (("deficit", Units(1)),)}, {"evidence": (("deficit", Units(0)),)}),
        ("locked", {"locked": ("paused",)}, {"closed": ("paused",)}),
        ("nearly_all_lent", {"borrowed": Units(95 * MILLION + 1)}, {"borrowed": Units(95 * MILLION)}),
        ("illiquid", {"withdrawable": Units(2 * MILLION - 1)}, {"withdrawable": Units(2 * MILLION)}),
        ("cap_near", {"room": Units(MILLION - 1)}, {"room": Units(MILLION)}),
        ("collateral_unknown", {"market": market("venue", risk=CURATOR)}, {"backing": ()}),
        ("code_changed", {"signs": ("code_changed",)}, {}),
        ("code_disputed", {"signs": ("code_disputed",)}, {}),
        ("code_unread", {"signs": ("code_unread",)}, {}),
        ("pending_cap", {"signs": ("pending_cap",)}, {}),
        ("unreliable", {"signs": ("unreliable",)}, {}),
    ],
)
def test_each_sign_is_seen_and_nearly_seen(sign: str, shown: dict[str, Any], nearly: dict[str, Any]) -> None:
    """A sign shows at its limit and not beside it, and holds the venue to the tier it leaves."""
    assert signs_of(of(SOUND, **HEALTHY)) == ()
    venue = of(SOUND, **HEALTHY | shown) if "market" not in shown else state("venue", **HEALTHY | shown)
    assert signs_of(venue) == (sign,)
    assert rated(venue, NOW).tier == BEST_LEFT[sign]
    kept = shown if sign == "collateral_unknown" else {}
    healthy = HEALTHY | kept | nearly
    assert signs_of(state("venue", **healthy) if kept else of(SOUND, **healthy)) == ()


def test_every_sign_has_its_case() -> None:
    """The table above leaves none out."""
    (mark,) = [m for m in test_each_sign_is_seen_and_nearly_seen.pytestmark if m.name == "parametrize"]  # type: ignore[attr-defined]
    assert {row[0] for row in mark.args[1]} == set(BEST_LEFT)


def test_a_sign_nobody_knows_is_not_waved_through() -> None:
    """It leaves the last tier that anything may enter; together signs leave what the worst does."""
    assert best_left(("never_heard_of",)) == UNKNOWN_SIGN
    assert best_left(("cap_near", "pending_cap")) == 3
    assert best_left(()) == 1


# --- tiers, caps, rates --------------------------------------------------------------------------


@pytest.mark.parametrize("tier", LEAST_SCORE)
def test_a_tier_begins_at_its_score(tier: int) -> None:
    """At the least score a venue is in, one point below it is in the next."""
    assert tier_of(LEAST_SCORE[tier]) == tier
    if LEAST_SCORE[tier]:
        assert tier_of(LEAST_SCORE[tier] - 1) == tier + 1


def test_danger_holds_nothing() -> None:
    """Whatever the score was: nothing may be held there, however little money there is."""
    found = rated(of(SOUND, evidence=(("deficit", Units(1)),)), NOW)
    assert (found.score, found.tier) == (0, DANGER)
    assert cap_of(DANGER, 10**6, Usd(Decimal(25_000)), 6) == 0


@pytest.mark.parametrize(
    ("tier", "whole", "due"),
    [
        (1, 10**15, None),
        (2, 10**10, 10**12),
        (2, 10**11, 4 * 10**10),
        (2, 10**13, 10**12),
        (3, 25_000 * 10**6, 10**11),
        (3, 25_001 * 10**6, 5_000_200_000),
        (4, 10**10, 5 * 10**9),
        (4, 25_001 * 10**6, 1_250_050_000),
    ],
)
def test_caps_are_the_lower_of_share_and_dollars(tier: int, whole: int, due: int | None) -> None:
    """Up to the policy's figure no share applies, but dollars do."""
    assert cap_of(tier, whole, Usd(Decimal(25_000)), 6) == due


def test_each_tier_holds_no_more_than_the_one_above() -> None:
    """In share and in dollars."""
    caps = [CAPS[tier] for tier in sorted(CAPS)]
    for better, worse in itertools.pairwise(caps):
        assert worse.share < better.share
        assert worse.usd is not None
        assert better.usd is None or worse.usd < better.usd


def test_the_rate_after_risk_is_exact() -> None:
    """`apy - premium * (1 - score / 10,000)`, to the digit, whatever the caller's context."""
    assert after_risk(Decimal("0.051234567890123456"), 7_501, Decimal("0.02")) == Decimal(
        "0.046236567890123456"
    )
    assert after_risk(Decimal("0.05"), FULL, Decimal("0.02")) == Decimal("0.05")


@given(DOSSIERS, st.integers(0, 10**15))
def test_a_score_is_within_its_range(dossier: Dossier, supplied: int) -> None:
    """No factor is worth less than nothing or more than all."""
    factors = factors_of(dossier, supplied, 6, NOW)
    assert all(found is None or 0 <= found <= FULL for _, found in factors)
    assert 0 <= score_of(factors) <= FULL


# --- what is shared ------------------------------------------------------------------------------


def vault(slug: str, curator: str, *backing: tuple[Address, int], supplied: int = 100) -> MarketState:
    """Return a vault of a family with a curator that lends this much against each collateral."""
    facts = dataclasses.replace(SOUND, family="morpho", curator=curator)
    lent = tuple((address, Units(amount)) for address, amount in backing)
    return state(slug, market=market(slug, risk=facts), supplied=Units(supplied), backing=lent)


def test_a_vault_stands_behind_family_curator_and_collateral() -> None:
    """Collateral by what is lent against it, rounded up; what lies idle stands behind none."""
    found = causes_of(vault("a", "steak", (WETH, 33), (BTC, 50), (WETH, 0)), 10)
    assert found == {
        "family:morpho": 10,
        "curator:steak": 10,
        f"collateral:{WETH}": 4,
        f"collateral:{BTC}": 5,
    }


def test_an_undocumented_venue_is_of_its_protocol() -> None:
    """Two of them share at least the adapter."""
    assert causes_of(of(None), 7) == {"family:aave_v3": 7}


def test_causes_add_up_over_venues() -> None:
    """Two vaults of one family and two curators share family and collateral."""
    readings = {"a": vault("a", "x", (WETH, 100)), "b": vault("b", "y", (WETH, 50), (BTC, 50))}
    found = behind({"a": 10, "b": 20}, readings)
    assert found == {
        "family:morpho": 30,
        "curator:x": 10,
        "curator:y": 20,
        f"collateral:{WETH}": 20,
        f"collateral:{BTC}": 10,
    }


def test_money_in_an_unread_venue_may_share_any_cause() -> None:
    """What could not be read counts towards each of the others, and by itself."""
    readings = {"a": vault("a", ""), "b": Unread("b", "timeout", "")}
    assert behind({"a": 10, "b": 5, "gone": 1}, readings) == {"family:morpho": 16, "unknown": 6}


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 10**12), min_size=1))
def test_concentration_is_least_when_even(holdings: dict[str, int]) -> None:
    """n times the squares are never below the square of the whole."""
    whole = sum(holdings.values())
    assert whole * whole <= len(holdings) * concentration(holdings)
    assert concentration(holdings) <= whole * whole
