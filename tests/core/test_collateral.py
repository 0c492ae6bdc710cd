"""Laws of collateral: a peg is lost by two words, doubted by one, and a fall without a peg is none."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.core.collateral import MATERIAL_BPS, OffPeg, off_peg, unpriced
from mammon.core.danger import Danger, dangers_of, entry_dangers
from mammon.core.decide import Ask, Decision, decide, replay
from mammon.core.numbers import Fraction, Units
from mammon.core.pegs import Peg
from mammon.core.plan import IDLE
from mammon.core.policy import Policy
from mammon.core.prices import PRICE_FRESH_S
from mammon.core.tracks import Witness
from mammon.core.types import Address, MarketState, Pegged, Price, Snapshot, Unread
from tests.core.build import NOW, portfolio, position, snapshot, state
from tests.core.test_danger import CALM, HELD, HOME

MARGIN = Fraction(Decimal("0.1"))
BTC = Address("0x" + "b7" * 20)
LST = Address("0x" + "1d" * 20)
OTHER = Address("0x" + "0e" * 20)
STANDS = Peg(BTC, "cbBTC", "cbbtc_usd", "btc_usd", wrapped=False, most_off_bps=300)
WRAPS = Peg(LST, "cbETH", "cbeth_eth", "cbeth_redeems_eth", wrapped=True, most_off_bps=500)
RATE = "1.141"
"""What one of the wrapped token is redeemed for."""
LENDS = dataclasses.replace(
    HOME, backing=((BTC, Units(HOME.supplied // 2)), (LST, Units(HOME.supplied // 4)))
)
AWAY = Unread("peg:x", "timeout", "")


def feed(value: str, age_s: int = 60, heartbeat_s: int = 1_200) -> Price:
    return Price("x", Units(int(Decimal(value).scaleb(18))), 18, NOW - age_s, heartbeat_s)


def stands(price: Price | Unread, par: Price | Unread | None = None) -> Pegged:
    return Pegged(STANDS, price, feed("83000") if par is None else par)


def wraps(price: Price | Unread, par: Price | Unread | None = None) -> Pegged:
    return Pegged(WRAPS, price, feed(RATE, 3_600, 86_400) if par is None else par)


def word(peg: Peg, value: str, source: str = "defillama", ago_s: int = 60) -> Witness:
    return Witness(source, peg.subject, Decimal(value), NOW - ago_s)


def seen(*pegs: Pegged, words: tuple[Witness | Unread, ...] = (), like: MarketState = LENDS) -> Snapshot:
    return snapshot(like, **(CALM | {"pegs": pegs, "witnesses": words}))


def away(pegged: Pegged, *words: Witness | Unread, like: MarketState = LENDS) -> OffPeg | None:
    """Return how the one collateral stands off its peg; None where it does not."""
    found = off_peg(like, seen(pegged, words=words), MARGIN)
    assert len(found) <= 1
    return found[0] if found else None


def silent(pegged: Pegged, *words: Witness | Unread) -> bool:
    return unpriced(LENDS, seen(pegged, words=words), MARGIN) == (pegged.peg.symbol,)


# --- who says what -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "said", "expected"),
    [
        ("83000", ("1.0",), None),
        ("80510", ("0.97",), None),  # three percent off is the last that is none
        ("80509", (), ("0.969987952", ("chain",), False)),
        ("80509", ("1.0",), ("0.969987952", ("chain",), False)),
        ("83000", ("0.969",), ("0.969", ("defillama",), False)),
        ("80509", ("0.9",), ("0.969987952", ("chain", "defillama"), True)),
        ("40000", ("0.95",), ("0.95", ("chain", "defillama"), True)),
    ],
)
def test_two_words_lose_a_peg_and_one_doubts_it(
    price: str, said: tuple[str, ...], expected: tuple[str, tuple[str, ...], bool] | None
) -> None:
    """The word nearest to the peg is what was measured: so much at least is agreed."""
    found = away(stands(feed(price)), *(word(STANDS, value) for value in said))
    if expected is None:
        assert found is None
        return
    assert found is not None
    assert (found.worth, found.sources, found.lost) == (Decimal(expected[0]), *expected[1:])
    assert (found.symbol, found.limit, found.sized) == ("cbBTC", Decimal("0.97"), True)


def test_a_wrapped_token_is_held_against_what_it_is_redeemed_for() -> None:
    """Its price grows with that, which is no deviation; standing still while that grows is one."""
    for rate in ("1.05", RATE, "2.5"):
        near = str(Decimal(rate) * Decimal("0.999"))
        assert away(wraps(feed(near), feed(rate)), word(WRAPS, near)) is None
    fallen = away(wraps(feed("0.9128")), word(WRAPS, "0.9128"))
    assert fallen is not None
    assert (fallen.worth, fallen.limit, fallen.lost) == (Decimal("0.8"), Decimal("0.95"), True)


def test_the_coin_itself_may_fall() -> None:
    """A fall of bitcoin takes what stands for it along, and is no danger; nor is a token without a peg."""
    assert away(stands(feed("20000"), feed("20000")), word(STANDS, "1")) is None
    bare = dataclasses.replace(HOME, backing=((OTHER, Units(HOME.supplied)),))
    shot = seen(stands(feed("40000")), words=(word(STANDS, "0.5"),), like=bare)
    assert off_peg(bare, shot, MARGIN) == () == unpriced(bare, shot, MARGIN)


def test_above_its_par_is_a_claim_by_any_number_of_words() -> None:
    """Nobody loses what is worth more; but a feed that says so is no feed to lend by."""
    for said in ((), ("1.2",)):
        found = away(stands(feed("100000")), *(word(STANDS, value) for value in said))
        assert found is not None
        assert (found.limit, found.lost) == (Decimal("1.03"), False)
        assert found.worth == (Decimal("1.2") if said else Decimal("1.204819277"))


@pytest.mark.parametrize(
    ("pegged", "said"),
    [
        (stands(feed("40000", age_s=1_321)), ()),
        (stands(feed("40000"), feed("83000", age_s=1_321)), ()),
        (stands(AWAY), ()),
        (stands(feed("40000"), AWAY), ()),
        (stands(AWAY), (word(STANDS, "0.5", ago_s=PRICE_FRESH_S + 1),)),
        (stands(AWAY), (word(WRAPS, "0.5"),)),
        (stands(AWAY), (word(STANDS, "0"),)),
        (stands(AWAY), (Unread(STANDS.subject, "timeout", ""),)),
        (wraps(feed("0.5"), AWAY), (word(WRAPS, "0.5"),)),
    ],
)
def test_a_word_that_is_of_no_use_is_none(pegged: Pegged, said: tuple[Witness | Unread, ...]) -> None:
    """Stale, of another token, not read; of a wrapped one nothing without what it is redeemed for."""
    assert away(pegged, *said) is None
    assert silent(pegged, *said)


def test_an_absurd_feed_is_a_figure_all_the_same() -> None:
    """The largest answer over the smallest: a thousand times its par, and not an error."""
    huge, tiny = (Price("x", Units(n), d, NOW - 60, 1_200) for n, d in ((2**255 - 1, 0), (1, 36)))
    for price, par, worth in ((huge, tiny, Decimal(1000)), (tiny, huge, Decimal(0))):
        found = away(stands(price, par))
        assert found is not None
        assert (found.worth, found.lost) == (worth, False)


def test_one_word_is_enough_to_know() -> None:
    """With a feed alone, or a source alone that knows the coin, it is not unpriced."""
    assert not silent(stands(feed("83000")))
    assert not silent(stands(AWAY, AWAY), word(STANDS, "1"))
    assert not silent(wraps(AWAY), word(WRAPS, RATE))


def test_two_sources_agree_without_the_chain() -> None:
    """The feed's word is one among others; the same source twice is one."""
    both = word(STANDS, "0.9"), word(STANDS, "0.92", "exchange")
    found = away(stands(AWAY, AWAY), *both)
    assert found is not None
    assert (found.sources, found.worth, found.lost) == (("defillama", "exchange"), Decimal("0.92"), True)
    again = away(stands(AWAY, AWAY), both[0], both[0])
    assert again is not None
    assert not again.lost


# --- how much is lent against it -----------------------------------------------------------------


@pytest.mark.parametrize(("more", "matters"), [(0, False), (1, True)])
def test_a_little_lent_against_it_does_not_matter(more: int, matters: bool) -> None:
    """A hundredth of what is supplied is the last that does not."""
    lent = HOME.supplied * MATERIAL_BPS // 10_000 + more
    like = dataclasses.replace(HOME, backing=((BTC, Units(lent)),))
    assert (away(stands(feed("40000")), like=like) is not None) == matters
    assert bool(unpriced(like, seen(stands(AWAY), like=like), MARGIN)) == matters


def test_what_is_lent_twice_against_it_adds_up() -> None:
    """Two markets of one collateral are one; an empty venue lends nothing."""
    half = Units(HOME.supplied * MATERIAL_BPS // 20_000 + 1)
    assert away(stands(feed("40000")), like=dataclasses.replace(HOME, backing=((BTC, half), (BTC, half))))
    empty = dataclasses.replace(HOME, supplied=Units(0), backing=((BTC, Units(0)),))
    assert away(stands(feed("40000")), like=empty) is None


def test_a_venue_is_told_of_its_own_collateral_alone() -> None:
    """What it lends nothing against may lose its peg, or its price, beside what it does lend against."""
    like = dataclasses.replace(HOME, backing=((BTC, Units(HOME.supplied)),))
    shot = seen(stands(feed("83000")), wraps(feed("0.9")), words=(word(WRAPS, "0.9"),), like=like)
    assert off_peg(like, shot, MARGIN) == ()
    assert unpriced(like, seen(stands(feed("83000")), wraps(AWAY), like=like), MARGIN) == ()


def test_where_it_was_not_read_it_may_be_much() -> None:
    """It is told as not known how much, and by whatever words no more than a claim comes of it."""
    blind = dataclasses.replace(HOME, backing=None)
    found = away(stands(feed("40000")), word(STANDS, "0.5"), like=blind)
    assert found is not None
    assert (found.lost, found.sized) == (True, False)
    (danger,) = dangers_of(
        seen(stands(feed("40000")), words=(word(STANDS, "0.5"),), like=blind),
        portfolio(0, position(blind, HELD)),
        Policy(),
    )
    assert (danger.standing, danger.detail, danger.acts) == ("claim", "cbBTC:share_unknown", False)


# --- what follows --------------------------------------------------------------------------------

LOST = seen(stands(feed("83000")), wraps(feed("0.9")), words=(word(WRAPS, "0.9"), word(STANDS, "1")))
DOUBTED = seen(stands(feed("83000")), wraps(feed("0.9")), words=(word(WRAPS, RATE),))


def decided(shot: Snapshot, held: int = HELD, ask: Ask | None = None) -> Decision:
    cash = 0 if held else HELD
    return decide(shot, portfolio(cash, *([position(LENDS, held)] if held else [])), Policy(), NOW, ask)


def told(shot: Snapshot) -> tuple[Danger, ...]:
    return dangers_of(shot, portfolio(0, position(LENDS, HELD)), Policy())


def test_a_peg_that_is_lost_brings_money_home_and_replays() -> None:
    """An exit to the wallet, named; the decision carries the words and is made anew to the same bytes."""
    decision = decided(LOST)
    assert decision.action == "exit"
    assert [(danger.code, danger.detail, danger.standing) for danger in decision.escaped] == [
        ("collateral_off_peg", "cbETH", "agreed")
    ]
    read = canonical.loads(Decision, canonical.dumps(decision))
    assert canonical.dumps(replay(read)) == canonical.dumps(decision)


def test_a_haven_that_lends_against_it_is_none() -> None:
    """Nor one of which that was not read; one that lends against nothing of it takes the money."""
    for backing, target in (
        (LENDS.backing, IDLE),
        (None, IDLE),
        (((OTHER, Units(10**12)),), "haven"),
    ):
        shot = dataclasses.replace(LOST, markets=(LENDS, state("haven", backing=backing)))
        account = portfolio(0, position(LENDS, HELD))
        plan = decide(shot, account, Policy(haven=("haven",)), NOW).plan
        assert plan is not None
        assert plan.target == target


def test_a_peg_that_is_doubted_holds_money_where_it_is() -> None:
    """One word is told, and moves nothing."""
    (danger,) = told(DOUBTED)
    assert (danger.code, danger.standing, danger.sources) == ("collateral_off_peg", "claim", ("chain",))
    assert decided(DOUBTED).action == "hold"


@pytest.mark.parametrize("shot", [LOST, DOUBTED])
def test_nothing_enters_while_anybody_doubts_a_peg(shot: Snapshot) -> None:
    """The gate names the collateral."""
    assert entry_dangers(LENDS, HELD, shot, Decimal(2), MARGIN) == ("collateral_off_peg:cbETH",)
    decision = decided(shot, 0, Ask("idle", "home"))
    assert "no_danger" in decision.refused_by


def test_what_nobody_prices_is_told_and_is_neither_danger_nor_safety() -> None:
    """Unknown for who is there; for who enters the gate passes and says so."""
    shot = seen(stands(AWAY), wraps(AWAY))
    assert [(danger.standing, danger.code, danger.detail) for danger in told(shot)] == [
        ("unknown", "collateral_unpriced", "cbBTC,cbETH")
    ]
    verdicts = {one.gate: one for one in decided(shot, 0, Ask("idle", "home")).chosen.verdicts}  # type: ignore[union-attr]
    assert (verdicts["no_danger"].passed, verdicts["no_danger"].detail) == (True, "unpriced:cbBTC,cbETH")
    assert decided(shot).action == "hold"


def test_a_venue_that_lends_against_nothing_of_it_is_left_alone() -> None:
    """Its neighbour's danger is not its own."""
    calm = state("calm", backing=((OTHER, Units(10**12)),))
    shot = dataclasses.replace(LOST, markets=(LENDS, calm))
    assert entry_dangers(calm, HELD, shot, Decimal(2), MARGIN) == ()
    assert {danger.subject for danger in dangers_of(shot, portfolio(0, position(calm, HELD)), Policy())} <= {
        "calm"
    }
    assert "collateral_off_peg" not in [
        danger.code for danger in dangers_of(shot, portfolio(0, position(calm, HELD)), Policy())
    ]


# --- laws ----------------------------------------------------------------------------------------

prices = st.builds(
    Price,
    st.just("x"),
    st.integers(-(2**255), 2**255 - 1).map(Units) | st.integers(1, 10**20).map(Units),
    st.integers(0, 36),
    st.integers(NOW - 2_000, NOW + 10),
    st.just(1_200),
)
words_of = st.builds(
    Witness,
    st.sampled_from(["one", "other"]),
    st.sampled_from([STANDS.subject, WRAPS.subject]),
    st.decimals("0", "1e7", places=9),
    st.integers(NOW - 2 * PRICE_FRESH_S, NOW + 1_000),
)
backings = st.none() | st.lists(
    st.tuples(st.sampled_from([BTC, LST, OTHER]), st.integers(0, 10**15).map(Units)), max_size=3
).map(tuple)


@given(prices | st.just(AWAY), prices | st.just(AWAY), st.lists(words_of, max_size=3), backings)
def test_whatever_is_said_ends_in_a_figure(
    price: Price | Unread,
    par: Price | Unread,
    said: list[Witness],
    backing: tuple[tuple[Address, Units], ...] | None,
) -> None:
    """No answer of a feed breaks a decision; what is off lies beyond its limit, and by two words below it."""
    like = dataclasses.replace(HOME, backing=backing)
    shot = seen(stands(price, par), wraps(price, par), words=tuple(said), like=like)
    found = off_peg(like, shot, MARGIN)
    for one in found:
        assert one.worth < one.limit if one.limit < 1 else one.worth > one.limit
        assert not one.lost or (one.limit < 1 and len(one.sources) >= 2)
    assert not {one.symbol for one in found} & set(unpriced(like, shot, MARGIN))
    decision = decided(shot)
    assert canonical.loads(Decision, canonical.dumps(decision)) == decision
