"""Laws of danger: what calls for an exit is a fact or is agreed, and no false alarm moves money."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.danger import ASSET, CODES, PACE_S, SETTLED_S, UNKNOWN, WINDOW_S, Danger, dangers_of
from mammon.core.decide import decide
from mammon.core.fixed import SECONDS_PER_YEAR
from mammon.core.numbers import Ray, Units, Usd, Wei
from mammon.core.pegs import Peg
from mammon.core.policy import Policy
from mammon.core.prices import PRICE_FRESH_S
from mammon.core.tracks import Sample, Track, Witness
from mammon.core.types import Address, MarketState, Pegged, Position, Price, Snapshot, Unread
from mammon.protocols.pieces import loss
from tests.core.build import MILLION, NOW, RAY, portfolio, position, snapshot, state

USD = 10**6
HELD = 10_000 * USD
HOUR, DAY = 3_600, 86_400
HOME = state("home")


def sample(ago_s: int, like: MarketState = HOME, **changes: int) -> Sample:
    """Return an earlier reading: as the market is, some of it changed."""
    values = {"index": like.index, "withdrawable": like.withdrawable, "loss": 0} | changes
    return Sample(
        1000 - max(1, ago_s // 2),
        NOW - ago_s,
        Ray(values["index"]),
        like.supplied,
        like.borrowed,
        Units(values["withdrawable"]),
        like.room,
        Units(values["loss"]),
    )


def track(*samples: Sample) -> dict[str, tuple[Track, ...]]:
    return {"tracks": (Track("home", samples),)}


CALM = track(*(sample(ago, index=RAY - RAY * 27 * ago // (1_000 * SECONDS_PER_YEAR)) for ago in (DAY, HOUR)))
"""Two readings before this one; the index has grown since by what the venue pays."""


def found(
    like: MarketState | Unread = HOME, held: int | Unread = HELD, policy: Policy | None = None, **shot: object
) -> tuple[Danger, ...]:
    """Return what endangers a holding in `home`, beside what could not be known."""
    seen = snapshot(like, **(CALM | shot))
    item = Unread("home", "timeout", "") if isinstance(held, Unread) else position(HOME, held)
    return dangers_of(seen, portfolio(0, item), policy or Policy())


def told(dangers: tuple[Danger, ...]) -> list[tuple[str, str]]:
    return [(danger.standing, danger.code) for danger in dangers]


# --- the list ------------------------------------------------------------------------------------


def usd(answer: int, age_s: int = 60) -> Price:
    return Price("USDC/USD", Units(answer), 8, NOW - age_s, 86_400)


def witness(value: str, source: str = "exchange", ago_s: int = 60) -> Witness:
    return Witness(source, ASSET, Decimal(value), NOW - ago_s)


COIN = Address("0x" + "c0" * 20)
PEG = Peg(COIN, "cbBTC", "cbbtc_usd", "btc_usd", wrapped=False, most_off_bps=300)


def pair(usd: str) -> Price:
    return Price("x", Units(int(usd)), 0, NOW - 60, 1_200)


SINKING = dataclasses.replace(HOME, withdrawable=Units(30 * HELD))
DRAINED = dataclasses.replace(HOME, withdrawable=Units(HELD))
ACTING = {
    "share_price_fell": ("fact", {"like": dataclasses.replace(HOME, index=Ray(RAY - RAY // 2_000))}),
    "bad_debt": (
        "fact",
        {"like": dataclasses.replace(HOME, evidence=(("deficit", Units(HOME.supplied // 10_000 + 1)),))},
    ),
    "draining": (
        "fact",
        {"like": SINKING} | track(sample(600, withdrawable=100 * HELD), sample(300, withdrawable=60 * HELD)),
    ),
    "liquidity_falling": ("fact", {"like": DRAINED}),
    "code_changed": ("fact", {"like": dataclasses.replace(HOME, signs=("code_changed",))}),
    "locked": ("fact", {"like": dataclasses.replace(HOME, locked=("paused",))}),
    "collateral_off_peg": (
        "agreed",
        {
            "like": dataclasses.replace(HOME, backing=((COIN, Units(HOME.supplied)),)),
            "pegs": (Pegged(PEG, pair("80000"), pair("100000")),),
            "witnesses": (Witness("exchange", PEG.subject, Decimal("0.81"), NOW - 60),),
        },
    ),
    "off_peg": ("agreed", {"asset_usd": usd(99_400_000), "witnesses": (witness("0.993"),)}),
}
"""For each danger a case in which it calls for an exit."""


def test_every_danger_has_its_case() -> None:
    """The list is complete: a danger without a case fails here."""
    assert tuple(ACTING) == CODES


@pytest.mark.parametrize("code", CODES)
def test_each_danger_stands_with_its_evidence(code: str) -> None:
    """It acts, says what was measured beyond which limit, and who says so; nothing else stands beside it."""
    standing, case = ACTING[code]
    (danger,) = found(**case)  # type: ignore[arg-type]
    assert (danger.code, danger.standing, danger.acts) == (code, standing, True)
    assert danger.measured is not None
    assert danger.limit is not None
    assert danger.sources
    assert (danger.since is not None) == (code in ("share_price_fell", "draining", "liquidity_falling"))


def test_a_sound_venue_is_in_no_danger() -> None:
    """Nothing is told of a venue against which nothing speaks."""
    assert found() == ()


def test_where_no_money_is_nothing_is_judged() -> None:
    """Danger is of money that is there; an empty venue has gates."""
    bad = dataclasses.replace(HOME, locked=("paused",))
    assert dangers_of(snapshot(bad), portfolio(HELD), Policy()) == ()
    assert dangers_of(snapshot(bad), portfolio(HELD, position(HOME, 0)), Policy()) == ()


# --- false alarms --------------------------------------------------------------------------------


@pytest.mark.parametrize("units", [1, 2, 1_000, HOME.supplied // 10_000])
def test_the_rounding_of_a_vault_is_no_loss(units: int) -> None:
    """MetaMorpho 1.1 counts the units its roundings cost as `lostAssets`: up to a basis point is dust.

    As the adapters pass it on, and also where one passes on every unit.
    """
    for evidence in (loss("lost_assets", units, HOME.supplied), (("lost_assets", Units(units)),)):
        assert found(dataclasses.replace(HOME, evidence=evidence)) == ()


@given(st.integers(RAY // 10**6, 10 * RAY), st.integers(1, 3))
def test_a_unit_of_rounding_is_no_fall(index: int, units: int) -> None:
    """An index that rounds down by a unit or a few is the same share price."""
    before = dataclasses.replace(HOME, index=Ray(index))
    now = dataclasses.replace(HOME, index=Ray(index - units))
    assert found(now, **track(sample(DAY, before), sample(HOUR, before))) == ()


@given(st.integers(1, WINDOW_S), st.integers(0, 500))
def test_a_fee_taken_over_time_is_no_loss(ago_s: int, fee_bps: int) -> None:
    """A vault that earns nothing and takes its management fee, 5 % a year at most, loses nothing else."""
    index = RAY - RAY * fee_bps * ago_s // (10_000 * SECONDS_PER_YEAR)
    now = dataclasses.replace(HOME, index=Ray(index))
    assert found(now, **track(sample(ago_s), sample(WINDOW_S))) == ()


@pytest.mark.parametrize(("parts", "standing"), [(9_900, "fact"), (10_010, "")])
def test_a_basis_point_is_the_limit_of_a_fall(parts: int, standing: str) -> None:
    """A little more within the hour is a loss, a little less is not."""
    now = dataclasses.replace(HOME, index=Ray(RAY - RAY // parts))
    dangers = found(now, **track(sample(300), sample(120)))
    assert told(dangers) == ([(standing, "share_price_fell")] if standing else [])


def test_a_loss_is_seen_beneath_a_fee() -> None:
    """What a fee may have taken meanwhile does not hide a loss that comes at once."""
    now = dataclasses.replace(HOME, index=Ray(RAY * 9_985 // 10_000))
    (danger,) = found(now, **track(sample(7 * DAY), sample(HOUR)))
    assert (danger.code, danger.since) == ("share_price_fell", NOW - HOUR)


@pytest.mark.parametrize(("ago_s", "standing"), [(SETTLED_S - 1, "claim"), (SETTLED_S, "fact")])
def test_one_reading_of_the_last_minutes_is_a_claim(ago_s: int, standing: str) -> None:
    """It may be of a block that a reorganisation took away: told, and nothing is done for it."""
    for like in (dataclasses.replace(HOME, index=Ray(RAY // 2)), DRAINED):
        (danger,) = found(like, **track(sample(DAY, like), sample(ago_s)))
        assert (danger.standing, danger.acts) == (standing, standing == "fact")


def test_two_readings_of_the_last_minutes_agree() -> None:
    """Two blocks that are gone, and show the same, are not to be feared."""
    for like in (dataclasses.replace(HOME, index=Ray(RAY // 2)), DRAINED):
        assert [danger.standing for danger in found(like, **track(sample(60), sample(30)))] == ["fact"]


def test_one_block_read_twice_is_one_reading() -> None:
    """The same earlier block, however often it stands there, agrees with nobody."""
    assert told(found(DRAINED, **track(sample(300), sample(300)))) == [("claim", "liquidity_falling")]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"block": 1000},
        {"block": 1001},
        {"at": NOW},
        {"at": NOW + 10},
        {"at": NOW - WINDOW_S - 1},
        {"index": Ray(0), "withdrawable": Units(0)},
    ],
)
def test_a_reading_that_is_not_earlier_counts_nothing(spoilt: dict[str, int]) -> None:
    """Of this height or time, or above: stale after a reorganisation; or too old, or nothing at all."""
    readings = [dataclasses.replace(sample(ago), **spoilt) for ago in (HOUR, DAY)]  # type: ignore[arg-type]
    for like in (dataclasses.replace(HOME, index=Ray(RAY // 2)), DRAINED):
        assert told(found(like, **track(*readings))) == [("unknown", "no_track")]


@pytest.mark.parametrize(
    ("liquid", "before", "code"),
    [
        (2 * HELD, 100 * HELD, []),  # a liquid market that dips is still twice ours
        (2 * HELD - 1, 100 * HELD, ["liquidity_falling"]),
        (HELD, HELD, []),  # short, and always was
        (HELD, HELD * 10 // 8, []),  # a fifth less is what markets do
        (HELD, HELD * 10 // 8 + 2, ["liquidity_falling"]),
        (HELD, HELD // 2, []),  # short, and rising
        (0, 2 * HELD, ["liquidity_falling"]),
    ],
)
def test_liquidity_must_be_short_and_falling(liquid: int, before: int, code: list[str]) -> None:
    """Both, and each at its limit."""
    earlier = dataclasses.replace(HOME, withdrawable=Units(before))
    now = dataclasses.replace(HOME, withdrawable=Units(liquid))
    dangers = found(now, **track(sample(DAY, earlier), sample(HOUR, earlier)))
    assert [danger.code for danger in dangers] == code


WHOLE = 100 * HELD


@pytest.mark.parametrize(
    ("before", "last", "now", "drains"),
    [
        (WHOLE, WHOLE, WHOLE // 3, False),  # one fall, however large
        (WHOLE, WHOLE // 3, WHOLE // 3, False),  # and after it
        (WHOLE, WHOLE // 3, WHOLE // 2, False),  # it comes back
        (WHOLE, WHOLE - 1, WHOLE // 3, False),  # a fall of next to nothing before it
        (WHOLE, 60 * HELD, 42 * HELD, False),  # two more such falls leave six times what is held
        (WHOLE, 60 * HELD, 40 * HELD + 2 * HELD // 3, True),  # a unit less than twice
        (WHOLE, 60 * HELD, 41 * HELD, False),
        (60 * HELD, 50 * HELD, 10 * HELD, True),  # a quarter of the last fall is a fall
        (60 * HELD - 1, 50 * HELD, 10 * HELD, False),
        (WHOLE, 12 * HELD, 9 * HELD, False),
        (0, WHOLE, WHOLE // 3, False),
    ],
)
def test_a_drain_falls_twice_and_would_soon_be_dry(before: int, last: int, now: int, drains: bool) -> None:
    """While much is left: only what falls look after look, so fast that two looks on it would be short."""
    readings = (sample(900, withdrawable=before), sample(300, withdrawable=last))
    dangers = found(dataclasses.replace(HOME, withdrawable=Units(now)), **track(*readings))
    assert [danger.code for danger in dangers] == (["draining"] if drains else [])


@pytest.mark.parametrize(
    ("ages", "drains"),
    [
        ((2 * PACE_S, PACE_S), True),
        ((2 * PACE_S, PACE_S + 1), False),
        ((2 * PACE_S + 1, PACE_S), False),
        ((PACE_S,), False),
    ],
)
def test_a_pace_is_of_readings_that_follow_each_other(ages: tuple[int, ...], drains: bool) -> None:
    """What lies further apart tells no pace, and neither does one reading."""
    levels = {ages[-1]: 60 * HELD, ages[0]: WHOLE} if len(ages) > 1 else {ages[0]: 60 * HELD}
    readings = [sample(age, withdrawable=levels[age]) for age in ages]
    dangers = found(dataclasses.replace(HOME, withdrawable=Units(30 * HELD)), **track(*readings))
    assert [danger.code for danger in dangers] == (["draining"] if drains else [])


def test_the_multiple_is_the_policys() -> None:
    """Three times what is held where the policy says so."""
    now = dataclasses.replace(HOME, withdrawable=Units(29 * HELD // 10))
    assert found(now) == ()
    assert told(found(now, policy=Policy(danger_liquidity_multiple=Decimal(3)))) == [
        ("fact", "liquidity_falling")
    ]


def test_rewards_that_are_still_owed_are_a_claim() -> None:
    """Fluid's rewards that nobody has paid in yet are told; what is lost beside them is a fact."""
    owed, much = ("unfunded_rewards", Units(MILLION)), ("lost", Units(MILLION // 2))
    assert told(found(dataclasses.replace(HOME, evidence=(owed,)))) == [("claim", "bad_debt")]
    (danger,) = found(dataclasses.replace(HOME, evidence=(much, owed)))
    assert (danger.standing, danger.detail) == ("fact", "lost,unfunded_rewards")


# --- the peg -------------------------------------------------------------------------------------

ALONE = ("claim", Decimal("0.994"), ("feed",))


@pytest.mark.parametrize(
    ("feed", "words", "expected"),
    [
        (usd(99_400_000), (), ("claim", Decimal("0.994"), ("feed",))),
        (usd(99_500_000), (witness("0.90"),), ("claim", Decimal("0.90"), ("exchange",))),
        (usd(99_400_000), (witness("0.995"),), ("claim", Decimal("0.994"), ("feed",))),
        (usd(99_400_000), (witness("0.9949"),), ("agreed", Decimal("0.9949"), ("exchange", "feed"))),
        (usd(90_000_000, 10 * DAY), (witness("0.90"),), ("claim", Decimal("0.90"), ("exchange",))),
        (
            Unread("asset_usd", "timeout", ""),
            (witness("0.90"), witness("0.91", "other")),
            ("agreed", Decimal("0.91"), ("exchange", "other")),
        ),
        (
            Unread("asset_usd", "timeout", ""),
            (witness("0.90"), witness("0.91")),
            ("claim", Decimal("0.91"), ("exchange",)),
        ),
        (
            usd(99_400_000),
            (witness("0.90", ago_s=PRICE_FRESH_S + 1),),
            ("claim", Decimal("0.994"), ("feed",)),
        ),
        (
            usd(99_400_000),
            (Witness("s", "eth_usd", Decimal("0.9"), NOW),),
            ("claim", Decimal("0.994"), ("feed",)),
        ),
        (usd(99_400_000), (Unread(ASSET, "timeout", ""),), ("claim", Decimal("0.994"), ("feed",))),
        (usd(99_400_000), (witness("0"),), ("claim", Decimal("0.994"), ("feed",))),
    ],
)
def test_a_price_is_a_claim_until_another_source_agrees(
    feed: Price | Unread, words: tuple[Witness | Unread, ...], expected: tuple[str, Decimal, tuple[str, ...]]
) -> None:
    """One word alone brings nothing home: one source, however often; not one that is old or of another."""
    (danger,) = found(asset_usd=feed, witnesses=words)
    assert danger.code == "off_peg"
    assert (danger.standing, danger.measured, danger.sources) == expected


def test_a_price_above_its_peg_is_no_danger() -> None:
    """Whoever holds what is worth more than a dollar loses nothing."""
    assert found(asset_usd=usd(102_000_000), witnesses=(witness("1.02"),)) == ()


def test_the_peg_is_the_policys() -> None:
    """The least price at which is deposited is also the one below which the peg is lost."""
    low = Policy(min_price_usd=Usd(Decimal("0.98")))
    assert found(policy=low, asset_usd=usd(98_500_000), witnesses=(witness("0.985"),)) == ()


# --- what is not known ---------------------------------------------------------------------------


def test_what_is_not_known_is_told_and_does_nothing() -> None:
    """No reading, no earlier reading, no price: each is said, none acts, and none counts as safety."""
    blind = Unread("home", "timeout", "no answer")
    assert told(found(blind)) == [("unknown", "unread")]
    assert told(found(tracks=())) == [("unknown", "no_track")]
    assert told(found(asset_usd=Unread("asset_usd", "timeout", ""))) == [("unknown", "price_unknown")]
    unlisted = dangers_of(snapshot(**CALM), portfolio(0, position(HOME, HELD)), Policy())
    assert [(danger.code, danger.detail) for danger in unlisted] == [("unread", "no_market")]
    assert set(UNKNOWN) == {"unread", "no_track", "collateral_unpriced", "price_unknown"}


def test_a_holding_that_was_not_read_is_in_the_venues_danger() -> None:
    """How much is there is not known; that the venue lost money is."""
    dangers = found(ACTING["bad_debt"][1]["like"], Unread("home", "timeout", ""))  # type: ignore[index]
    assert told(dangers) == [("fact", "bad_debt"), ("unknown", "unread")]
    assert told(found(DRAINED, Unread("home", "timeout", ""))) == [("unknown", "unread")]


# --- laws ----------------------------------------------------------------------------------------

amounts = st.integers(0, 3 * HELD)
words = st.builds(
    Witness,
    st.sampled_from(["one", "other"]),
    st.sampled_from([ASSET, "eth_usd", "home"]),
    st.decimals("0.9", "1.1", places=3),
    st.integers(NOW - 2 * PRICE_FRESH_S, NOW + 1000),
)


@st.composite
def states(draw: st.DrawFn, slug: str = "home") -> MarketState | Unread:
    if draw(st.integers(0, 9)) == 0:
        return Unread(slug, "timeout", "")
    cash = draw(amounts)
    return dataclasses.replace(
        state(slug),
        withdrawable=Units(cash),
        index=Ray(draw(st.sampled_from([RAY, RAY - 1, RAY * 9_999 // 10_000, RAY * 99 // 100]))),
        evidence=draw(st.sampled_from([(), (("deficit", Units(1)),), (("deficit", Units(MILLION)),)])),
        locked=draw(st.sampled_from([(), (), ("paused",)])),
        signs=draw(st.sampled_from([(), (), ("code_changed",), ("pending_cap",)])),
    )


@st.composite
def tracks(draw: st.DrawFn, slug: str = "home") -> Track:
    ages = draw(st.lists(st.integers(-100, 2 * WINDOW_S), max_size=4))
    return Track(slug, tuple(sample(age, withdrawable=draw(amounts)) for age in ages))


@st.composite
def snapshots(draw: st.DrawFn, *slugs: str) -> Snapshot:
    seen = [draw(states(slug)) for slug in slugs]
    return snapshot(
        *seen,
        tracks=tuple(draw(tracks(slug)) for slug in slugs if draw(st.booleans())),
        witnesses=tuple(draw(st.lists(words, max_size=3))),
        asset_usd=draw(st.sampled_from([usd(10**8), usd(99_000_000), Unread("asset_usd", "timeout", "")])),
        fees=draw(st.sampled_from([snapshot().fees, Unread("fees", "timeout", "")])),
    )


def holding(slug: str, assets: int) -> Position:
    return position(state(slug), assets)


@given(snapshots("home"), amounts)
def test_no_danger_stands_without_its_evidence(seen: Snapshot, held: int) -> None:
    """Whatever is read: a danger has a measure beyond its limit and a source; two where it is agreed."""
    for danger in dangers_of(seen, portfolio(0, holding("home", held)), Policy()):
        assert danger.code in (UNKNOWN if danger.standing == "unknown" else CODES)
        assert (danger.measured is None) == (danger.standing == "unknown")
        if danger.measured is None or danger.limit is None:
            assert not danger.acts
            continue
        low = danger.code in ("draining", "liquidity_falling", "off_peg")
        assert danger.measured < danger.limit if low else danger.measured > danger.limit
        assert len(danger.sources) >= (2 if danger.standing == "agreed" else 1)


@given(snapshots("home"), st.integers(1, 3 * HELD), st.integers(1, HELD))
def test_more_money_is_in_no_less_danger(seen: Snapshot, held: int, more: int) -> None:
    """Monotone: whatever endangers a holding endangers a larger one."""
    one, other = (
        {(d.subject, d.code) for d in dangers_of(seen, portfolio(0, holding("home", each)), Policy())}
        for each in (held, held + more)
    )
    assert one <= other


@given(snapshots("home"), amounts)
def test_the_native_coin_and_the_wallet_play_no_part(seen: Snapshot, held: int) -> None:
    """What is in the wallet is in no venue's danger."""
    one = dangers_of(seen, portfolio(0, holding("home", held)), Policy())
    rich = dataclasses.replace(portfolio(10 * MILLION, holding("home", held)), native=Wei(0))
    assert one == dangers_of(seen, rich, Policy())


def test_a_decision_tells_its_dangers_also_when_it_is_asked() -> None:
    """They are told whatever is decided, and an ask does what it asks for."""
    seen = snapshot(ACTING["bad_debt"][1]["like"], **CALM)  # type: ignore[index]
    decision = decide(seen, portfolio(0, position(HOME, HELD)), Policy(on_danger="alert"), NOW)
    assert told(decision.dangers) == [("fact", "bad_debt")]
