"""Laws of Euler's rate: against a second implementation that stores what operations change."""

from __future__ import annotations

import dataclasses
import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.core.curves import EulerCurve
from mammon.core.curves.euler import MAX_BORROW_RATE, UTILISATION_ONE, LinearKink, assets_up, resolved_cap
from mammon.core.rates import Scale, apy
from mammon.errors import MalformedError
from tests.core.euler_reference import DEBT, EulerVault, some_vault

NOW = 1_800_000_000
DAY = 86_400
RAY = 10**27
POINTS = 1_200
E1_RATE = 1585489599188229325
"""5 % a year, per second."""
KINKED = LinearKink(base_rate=0, slope1=461_000_000, slope2=8_000_000_000, kink=3_865_470_566)


def read(vault: EulerVault) -> EulerCurve:
    """The curve of a vault in the block that touched it."""
    model = LinearKink(vault.base, vault.slope1, vault.slope2, vault.kink)
    return EulerCurve(vault.cash, vault.owed, vault.rate, vault.accumulator, vault.time, vault.fee, model)


def curve(**changes: Any) -> EulerCurve:
    """Vector E1: 20 million of cash, 80 million lent at 5 % a year, a tenth for the vault."""
    fields: dict[str, Any] = {
        "cash": 20 * 10**12,
        "owed": 80 * 10**12 * DEBT,
        "borrow_rate": E1_RATE,
        "accumulator": RAY,
        "updated_at": 1_000,
        "fee_bps": 1_000,
        "model": None,
    }
    return EulerCurve(**(fields | changes))


# --- against the second implementation -----------------------------------------------------------


def test_random_deposits_leave_the_rate_foretold() -> None:
    """After a deposit of any size at any time: both rates, the debt and the assets, to the unit."""
    for seed in range(POINTS):
        dice = random.Random(f"deposit {seed}")
        vault, at = some_vault(seed, NOW), NOW + dice.choice((0, 2, dice.randrange(0, 90 * DAY)))
        before = read(vault)
        amount = dice.choice((0, 1, dice.randrange(1, 10 ** dice.randrange(2, 16))))
        assets = before.total_assets_at(at)
        vault.deposit(amount, at)
        assert (vault.owed, vault.accumulator) == before.accrued(at), seed
        assert vault.rate == before.borrow_rate_after(amount, at), seed
        assert vault.earned() == before.rate_after(amount, at), seed
        assert vault.assets == assets + amount


@given(st.integers(0, 10**6), st.integers(0, 10**16), st.integers(0, 10**16), st.integers(0, 90 * DAY))
@settings(max_examples=300, deadline=None)
def test_more_supply_never_raises_the_rate(seed: int, amount: int, more: int, elapsed: int) -> None:
    """Neither what borrowers pay nor what suppliers get."""
    found, at = read(some_vault(seed, NOW)), NOW + elapsed
    assert found.rate_after(amount + more, at) <= found.rate_after(amount, at) <= found.rate_ceiling(at)
    assert found.borrow_rate_after(amount + more, at) <= found.borrow_rate_after(amount, at)
    assert found.quotes(at).rate_after(amount) == found.rate_after(amount, at)


@given(st.integers(0, 10**6), st.integers(0, 30 * DAY), st.integers(0, 30 * DAY))
@settings(max_examples=200, deadline=None)
def test_a_read_between_touches_is_right_to_a_step(seed: int, first: int, second: int) -> None:
    """Accruing from a read block instead of the last touch moves debt by last digits of 2**-31 units."""
    found = read(some_vault(seed, NOW))
    owed, accumulator = found.accrued(NOW + first)
    later = dataclasses.replace(found, owed=owed, accumulator=accumulator, updated_at=NOW + first)
    at = NOW + first + second
    assert abs(later.owed_at(at) - found.owed_at(at)) <= 2 + found.owed_at(at) // 10**18


# --- vectors and edges ---------------------------------------------------------------------------


def test_vector_e1() -> None:
    """Rates of a second and of a year, to the last digit that is given."""
    found = curve()
    assert found.rate_now() == found.rate_after(0, 1_000) == 1141552511415525114
    assert apy(found.rate_now(), Scale.RAY_EACH_SECOND) == Decimal("0.036655846469622580")
    assert apy(E1_RATE, Scale.RAY_EACH_SECOND) == Decimal("0.051271096334354555")


@pytest.mark.parametrize(
    ("packed", "amount"),
    [
        (0, None),
        (1, 0),
        (64, 0),
        (6_400, 1),
        (6_401, 10),
        (100 << 6 | 13, 10**13),
        (1_023 << 6 | 13, 1023 * 10**11),
    ],
)
def test_a_cap_is_a_decimal_float(packed: int, amount: int | None) -> None:
    """Nothing written is no cap; a mantissa of nothing is a cap of nothing."""
    assert resolved_cap(packed) == amount


def test_room_is_what_the_cap_check_lets_pass() -> None:
    """Debt counts rounded down there, our own supply counts; a vault above its cap takes nothing."""
    found = curve(owed=80 * 10**12 * DEBT - 1)
    assert found.room_at(None, 1_000) is None
    assert found.room_at(100 * 10**12, 1_000) == 1
    assert found.room_at(99 * 10**12, 1_000) == 0
    assert dataclasses.replace(found, shift=1).room_at(100 * 10**12, 1_000) == 0


def test_a_rate_model_is_two_lines() -> None:
    """The kink belongs to the first; an empty vault is not used."""
    assert KINKED.rate(0, 0) == 0
    assert KINKED.rate(0, 1) == KINKED.kink * KINKED.slope1 + (UTILISATION_ONE - KINKED.kink) * KINKED.slope2
    assert LinearKink(5, 7, 11, UTILISATION_ONE // 2).rate(1, 1) == 5 + UTILISATION_ONE // 2 * 7


def test_the_rate_is_cut_to_what_is_allowed() -> None:
    """A model may say more; the vault stores no more."""
    assert curve(model=LinearKink(10**30, 0, 0, 0)).borrow_rate_after(0, 1_000) == MAX_BORROW_RATE


def test_an_empty_vault_pays_nothing() -> None:
    """And does not divide by nothing."""
    assert curve(cash=0, owed=0).rate_after(0, 1_000) == 0


def test_what_would_overflow_does_not_accrue() -> None:
    """The power, the accumulator, the debt and its bound, each as in the contract."""
    late = 1_000 + 4_000 * 365 * DAY
    for found in (
        curve(borrow_rate=MAX_BORROW_RATE),
        curve(accumulator=2**255),
        curve(owed=(2**112 - 1) * DEBT),
    ):
        assert found.accrued(late) == (found.owed, found.accumulator)
    at = 1_000 + 800 * DAY
    grown = curve(borrow_rate=MAX_BORROW_RATE, owed=2**140, accumulator=RAY).accrued(at)
    assert grown[0] == 2**140
    assert grown[1] > 2**116


def test_a_withdrawal_is_a_deposit_backwards() -> None:
    """What is left after one in, one out is what was; all cash out leaves a vault used to the full."""
    found = curve(model=KINKED)
    less = dataclasses.replace(found, cash=found.cash - 10**12)
    assert found.rate_after(-(10**12), 2_000) == less.rate_after(0, 2_000) > found.rate_after(0, 2_000)
    assert found.borrow_rate_after(-found.cash, 1_000) == KINKED.rate(0, 1)


def test_shift_is_supplied_first() -> None:
    """Supplying to a shifted curve equals supplying both at once."""
    found = curve(model=KINKED)
    shifted = dataclasses.replace(found, shift=10**12)
    assert shifted.rate_after(10**11, 2_000) == found.rate_after(11 * 10**11, 2_000)


@pytest.mark.parametrize("change", [{"accumulator": 0}, {"fee_bps": 10_001}, {"fee_bps": -1}])
def test_impossible_figures_are_refused(change: dict[str, int]) -> None:
    """What would be divided by, and a fee that is none."""
    with pytest.raises(MalformedError):
        curve(**change)


def test_what_lies_before_the_state_is_refused() -> None:
    """More than the cash, and a time before the block that was read, have no answer."""
    for rate in (curve().rate_after, curve().borrow_rate_after):
        with pytest.raises(ValueError, match="cash"):
            rate(-20 * 10**12 - 1, 1_000)
    with pytest.raises(ValueError, match="before"):
        curve().rate_after(0, 999)


def test_debt_is_rounded_up() -> None:
    """As the vault counts it among its assets."""
    assert [assets_up(owed) for owed in (0, 1, DEBT, DEBT + 1)] == [0, 1, 1, 2]


def test_canonical_form_survives_a_round_trip() -> None:
    """A curve written and read is the same curve, with a model and without."""
    for found in (curve(), curve(model=KINKED, shift=3)):
        assert canonical.loads(EulerCurve, canonical.dumps(found)) == found
