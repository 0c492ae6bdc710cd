"""Rewards: what counts of them, what never does, and whether a claim is worth what it costs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.claim import claim_plan, worth_it
from mammon.core.costs import Cost
from mammon.core.fixed import SECONDS_PER_YEAR
from mammon.core.numbers import Fraction, Rate, Units, Usd, Wad, Wei
from mammon.core.plan import IDLE
from mammon.core.rates import CONTEXT
from mammon.core.rewards import (
    QUOTE_FRESH_S,
    Emission,
    Owed,
    Programme,
    Quote,
    RewardPart,
    RewardRate,
    beside,
    in_force,
    reward_rate,
    worth,
)
from mammon.core.types import Address, Market, MarketId, Price, Token, Unread
from tests.core import build

BLOCK = build.snapshot().block
AT = BLOCK.timestamp
WELL = Token(8453, Address("0xA88594D404727625A9437C3f886C7643872296AE"), "WELL", 18)
NONE, HALF, MARGIN = Fraction(Decimal(0)), Fraction(Decimal("0.5")), Fraction(Decimal("0.10"))
USDC_USD = Price("usdc_usd", Units(10**8), 8, AT, 86_400)
HIDDEN = Unread("well_usd", "no_feed", "none is listed")


def price(dollars: str, updated: int = AT) -> Price:
    return Price("well_usd", Units(int(Decimal(dollars) * 10**8)), 8, updated, 3_600)


def emitting(per_second: Decimal, **more: Any) -> Programme:
    """Return a programme of so many whole tokens by the second on the market of the tests."""
    least = Units(more.pop("least", 0))
    rate = Wad(int(per_second * 10**36))
    return Programme(market().slug, "payer", WELL, Emission(rate, least), **more)


def quoting(apr: str, **more: Any) -> Programme:
    told_at = more.pop("told_at", AT)
    return Programme(market().slug, "merkl", WELL, Quote(Rate(Decimal(apr)), told_at, **more))


def market() -> Market:
    return build.market("here")


def rate_of(*programmes: Programme, supplied: int, **more: Any) -> RewardRate:
    """Return the reward rate of the market with so much supplied, base units."""
    found = replace(build.state("here"), supplied=Units(supplied))
    prices = {WELL.address: more.pop("price", price("0.02"))}
    asset = more.pop("asset", USDC_USD)
    haircut = more.pop("haircut", NONE)
    return reward_rate(found, programmes, prices, asset, BLOCK, haircut, MARGIN, **more)


# --- what it comes to ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("per_second", "dollars", "supplied", "due"),
    [
        ("0.000231481481481", "50", 50_000_000, "0.007299999999984816"),  # C4: Comet's speed over its scale
        ("0.5", "0.02", 49_500_000, "0.006370909090909091"),  # M4: Moonwell
        ("0.4", "0.9", 8_000_000, "1.419120"),  # D1: Aerodrome's gauge
    ],
)
def test_the_vectors_of_the_facts(per_second: str, dollars: str, supplied: int, due: str) -> None:
    """A year's tokens at their price over what is supplied, as computed elsewhere."""
    found = rate_of(emitting(Decimal(per_second)), supplied=supplied * 10**6, price=price(dollars))
    assert found.apr is not None
    assert found.apr.quantize(Decimal("1e-18")) == Decimal(due).quantize(Decimal("1e-18"))


def test_what_is_added_dilutes_it() -> None:
    """Twice as much supplied is half the rate: the emission does not grow with the deposits."""
    one = emitting(Decimal("0.5"))
    alone, both = (rate_of(one, supplied=10**13, added=Units(each)).apr for each in (0, 10**13))
    assert alone is not None
    assert both is not None
    assert abs(alone - 2 * both) <= Decimal("2e-18")


def test_the_haircut_comes_off_the_whole() -> None:
    """Half of it is half of every part, quoted ones too."""
    programmes = (emitting(Decimal("0.5")), quoting("0.04"))
    full, half = (rate_of(*programmes, supplied=10**13, haircut=each).apr for each in (NONE, HALF))
    assert full is not None
    assert half is not None
    assert abs(full - 2 * half) <= Decimal("2e-18")


# --- what never counts -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("programme", "counts"),
    [
        (emitting(Decimal(1), ends=AT), True),
        (emitting(Decimal(1), ends=AT - 1), False),
        (emitting(Decimal(1), starts=AT), True),
        (emitting(Decimal(1), starts=AT + 1), False),
        (replace(quoting("0.1"), ends=AT - 1), False),
        (replace(emitting(Decimal(1)), slug="another"), False),
    ],
)
def test_what_is_over_or_has_not_begun_or_is_elsewhere_is_dropped(programme: Programme, counts: bool) -> None:
    """It is no part of the rate, and no reason for the rate to be unknown either."""
    found = rate_of(programme, supplied=10**12)
    assert bool(found.parts) == counts
    assert (found.apr != 0) == counts
    assert programme.slug == "another" or in_force(programme, AT) == counts


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"price": HIDDEN}, "no_feed"),
        ({"price": price("0.02", AT - 3_961)}, "stale"),
        ({"price": price("0.02", AT + 1)}, "from_the_future"),
        ({"price": price("0")}, "not_positive"),
        ({"asset": Unread("asset_usd", "timeout", "")}, "timeout"),
    ],
)
def test_without_a_fresh_price_the_worth_is_unknown_and_not_zero(changes: Any, problem: str) -> None:
    """Alone it leaves the rate unknown; beside a known part it adds nothing and is told."""
    one = emitting(Decimal(1))
    alone = rate_of(one, supplied=10**12, **changes)
    assert alone.apr is None
    assert [part.problem for part in alone.parts] == [problem]
    both = rate_of(one, quoting("0.04"), supplied=10**12, **changes)
    assert both.apr == Decimal("0.04")
    assert [part.apr for part in both.parts] == [None, Decimal("0.04")]


def test_a_token_without_a_feed_is_of_unknown_worth() -> None:
    """A price that nobody even asked for is as unknown as one that was not read."""
    found = reward_rate(build.state("here"), (emitting(Decimal(1)),), {}, USDC_USD, BLOCK, NONE, MARGIN)
    assert (found.apr, found.parts[0].problem) == (None, "no_feed")


@pytest.mark.parametrize(
    ("supplied", "pays"), [(0, False), (10**9 - 1, False), (10**9, True)]
)  # fmt: skip
def test_below_what_must_be_supplied_nothing_is_paid(supplied: int, pays: bool) -> None:
    """That is known, so it is zero and not unknown."""
    found = rate_of(emitting(Decimal("0.001"), least=10**9), supplied=supplied)
    assert found.apr is not None
    assert (found.apr > 0) == pays


@pytest.mark.parametrize("age", [-1, QUOTE_FRESH_S + 1])
def test_an_old_quote_is_unknown(age: int) -> None:
    """So is one from the future; up to an hour it counts."""
    assert rate_of(quoting("0.04", told_at=AT - age), supplied=10**12).apr is None
    assert rate_of(quoting("0.04", told_at=AT - QUOTE_FRESH_S), supplied=10**12).apr == Decimal("0.04")


@given(st.decimals(0, 1, places=6), st.decimals(0, 1, places=6))
def test_a_net_target_is_never_counted_together_with_the_markets_own_rate(
    target: Decimal, native: Decimal
) -> None:
    """What counts of `AAVE_NET_APR` is what is paid on top: with the own rate it never exceeds the target."""
    found = rate_of(quoting(str(target), net=True, native_apr=Rate(native)), supplied=10**12)
    assert found.apr is not None
    assert found.apr >= 0
    assert found.apr + native == max(target, native)


def test_a_net_target_beside_an_unknown_own_rate_is_unknown() -> None:
    """Nothing stands in for the rate that has to come off."""
    found = rate_of(quoting("0.05", net=True), supplied=10**12)
    assert (found.apr, found.parts[0].problem) == (None, "native_unknown")


def test_a_programme_that_was_not_read_is_unknown_and_not_nothing() -> None:
    """Alone it leaves the rate unknown; beside others it adds nothing and is told."""
    part = RewardPart("payer", "WELL", None, "reverted")
    nothing, some = rate_of(supplied=10**12), rate_of(quoting("0.04"), supplied=10**12)
    assert beside(nothing, []) == nothing
    assert beside(nothing, [part]) == RewardRate(None, (part,))
    assert beside(some, [part]) == RewardRate(some.apr, (*some.parts, part))


def test_no_programme_pays_nothing() -> None:
    """That nothing is paid is known."""
    assert rate_of(supplied=10**12) == RewardRate(Rate(Decimal(0)), ())


@given(st.integers(0, 10**30), st.integers(1, 10**15), st.integers(1, 10**15), st.sampled_from([6, 8, 18]))
def test_the_rate_is_the_emission_over_the_supply(
    per_second: int, cents: int, supplied: int, decimals: int
) -> None:
    """Recomputed in whole numbers: equal to the last digit kept; a rate no emission has is none."""
    token = replace(WELL, decimals=decimals)
    one = Programme(market().slug, "payer", token, Emission(Wad(per_second)))
    found = reward_rate(
        replace(build.state("here"), supplied=Units(supplied)),
        (one,),
        {token.address: Price("t", Units(cents), 2, AT, 60)},
        USDC_USD,
        BLOCK,
        NONE,
        MARGIN,
    )
    top = per_second * SECONDS_PER_YEAR * cents * 10**6 * 10**18
    bottom = supplied * 10**18 * 10**decimals * 100
    if found.apr is None:
        assert found.parts[0].problem == "absurd"
        assert top > 50 * 10**18 * bottom
    else:
        assert top <= 50 * 10**18 * bottom
        assert abs(int(CONTEXT.scaleb(found.apr, 18)) - top // bottom) <= 1


# --- what is owed ----------------------------------------------------------------------------------


def test_what_is_owed_is_worth_its_price_less_the_haircut() -> None:
    """640 tokens at two cents are 12.80 dollars, half of which is 6.40."""
    owed = Units(640 * 10**18)
    assert worth(owed, WELL, price("0.02"), BLOCK, HALF, MARGIN) == Decimal("6.40")
    assert worth(owed, WELL, price("0.02"), BLOCK, NONE, MARGIN) == Decimal("12.80")


@pytest.mark.parametrize(("found", "code"), [(HIDDEN, "no_feed"), (price("0.02", AT - 4_000), "stale")])
def test_what_has_no_fresh_price_has_an_unknown_worth(found: Price | Unread, code: str) -> None:
    """Not zero dollars: that would be known."""
    unknown = worth(Units(1), WELL, found, BLOCK, HALF, MARGIN)
    assert isinstance(unknown, Unread)
    assert (unknown.subject, unknown.code) == ("WELL", code)


# --- claims ----------------------------------------------------------------------------------------


def cost(dollars: str) -> Cost:
    nothing = Wei(0)
    return Cost(1, nothing, nothing, nothing, Usd(Decimal(dollars)), Usd(Decimal(dollars)))


@pytest.mark.parametrize(
    ("value", "spent", "passed", "multiple"),
    [
        ("1.00", "0.20", True, "5.00"),
        ("0.9999999999", "0.20", False, "4.99"),
        ("12.80", "0.005", True, "2560.00"),
        ("0", "0.005", False, "0.00"),
    ],
)
def test_a_claim_must_be_worth_a_multiple_of_its_cost(
    value: str, spent: str, passed: bool, multiple: str
) -> None:
    """Compared exactly, told rounded down."""
    verdict = worth_it(Usd(Decimal(value)), cost(spent), Decimal(5))
    assert (verdict.passed, verdict.measured, verdict.limit) == (passed, Decimal(multiple), Decimal(5))
    assert verdict.margin == Decimal(multiple) - 5


@pytest.mark.parametrize(("value", "passed"), [("0.01", True), ("0", False)])
def test_what_costs_nothing_is_worth_it_when_it_is_worth_anything(value: str, passed: bool) -> None:
    """No multiple of nothing is asked for."""
    assert worth_it(Usd(Decimal(value)), cost("0"), Decimal(5)).passed == passed


@pytest.mark.parametrize(
    ("value", "spent", "detail"),
    [
        (Unread("WELL", "stale", ""), cost("1"), "worth_unknown:stale"),
        (Usd(Decimal(1)), Unread("cost", "fees", ""), "cost_unknown:fees"),
        (Unread("WELL", "stale", ""), Unread("cost", "fees", ""), "worth_unknown:stale"),
    ],
)
def test_what_is_not_known_to_be_worth_its_cost_is_refused(value: Any, spent: Any, detail: str) -> None:
    """Unknown never passes, and says which of the two it is."""
    verdict = worth_it(value, spent, Decimal(5))
    assert (verdict.passed, verdict.measured, verdict.detail) == (False, None, detail)


def test_a_claims_plan_is_one_leg_that_names_the_grant() -> None:
    """The payer's own contract and token, with the key of what proves it."""
    identity = MarketId(8453, Address("0x3Ef3D8bA38EBe18DB133cEc108f4D14CE00Dd9Ae"), WELL.address)
    payer = Market(identity, "merkl-well", "merkl", WELL, identity.address, deposits=False)
    plan = claim_plan(payer, Owed("merkl-well", WELL, Units(7), "9/aa"))
    (step,) = plan.steps
    assert (plan.source, plan.target, plan.amount) == ("merkl-well", IDLE, 7)
    assert (step.action, step.slug, step.protocol, step.amount) == ("claim", "merkl-well", "merkl", 7)
    assert step.market == replace(identity, key="9/aa")
