"""The pieces every adapter shares."""

from __future__ import annotations

import pytest

from mammon.core.types import CallFailed
from mammon.errors import CallFailedError, MalformedError
from mammon.protocols.base import required_role, role
from mammon.protocols.pieces import MATERIAL_LOSS_BPS, Answers, agrees, loss
from mammon.protocols.registry import VENUES
from tests.protocols.fakes import MULTICALL3, account, market

ONE = (1).to_bytes(32, "big")
FAILED = CallFailed("reverted", "out of gas")


def test_an_answer_is_asked_for_by_its_name() -> None:
    """There, failed and never asked are three different things."""
    answers = Answers({"there": ONE, "failed": FAILED})
    assert (answers.number("there"), answers.offered("there"), answers.offered("failed")) == (1, 1, None)
    assert (answers.has("there"), answers.has("failed"), answers.has("never")) == (True, False, False)
    assert (answers.asked("failed"), answers.asked("never")) == (True, False)


def test_a_failed_answer_that_is_needed_keeps_its_code_and_names_its_question() -> None:
    """The reader's code stays; the sentence says what was being asked."""
    with pytest.raises(CallFailedError, match="failed: out of gas") as caught:
        Answers({"failed": FAILED}).number("failed")
    assert caught.value.code == "reverted"


@pytest.mark.parametrize("data", [b"", ONE[:-1], ONE + ONE])
def test_an_answer_of_the_wrong_length_names_its_question(data: bytes) -> None:
    """Also where the call was optional: an answer of nonsense is not an absent view."""
    with pytest.raises(MalformedError, match="sum: "):
        Answers({"sum": data}).offered("sum")


def test_an_answer_too_wide_names_its_question() -> None:
    """Bits above the type's are not cut off."""
    answers = Answers({"sum": (256).to_bytes(32, "big")})
    assert answers.number("sum", 9) == 256
    with pytest.raises(MalformedError, match="sum: 0x100 does not fit 8 bits"):
        answers.number("sum", 8)


def test_later_answers_replace_earlier_ones() -> None:
    """A second round corrects what a stale hint asked."""
    both = Answers({"a": FAILED, "b": ONE}) | Answers({"a": ONE})
    assert both.has("a")
    assert both.has("b")


def test_a_loss_counts_beyond_one_basis_point() -> None:
    """Up to the limit it is dust; nothing supplied makes any loss count."""
    assert MATERIAL_LOSS_BPS == 1
    assert loss("deficit", 100, 1_000_000) == ()
    assert loss("deficit", 101, 1_000_000) == (("deficit", 101),)
    assert loss("deficit", 1, 0) == (("deficit", 1),)
    assert loss("deficit", 0, 0) == ()


def test_totals_agree_up_to_rounding() -> None:
    """Two units, and a billionth of what is large."""
    assert agrees(10, 12)
    assert not agrees(10, 13)
    assert not agrees(13, 10)
    assert agrees(10**12 + 1002, 10**12)
    assert not agrees(10**12 + 1003, 10**12)


def test_roles_come_from_the_market() -> None:
    """A role that is needed and not there is an error that names market and role."""
    found = market("erc4626", account(1))
    assert role(found, "multicall3") == required_role(found, "multicall3") == MULTICALL3
    assert role(found, "liquidity") is None
    with pytest.raises(MalformedError, match="'liquidity'"):
        required_role(found, "liquidity")


@pytest.mark.parametrize("name", sorted(VENUES))
def test_a_venue_is_registered_under_its_own_name(name: str) -> None:
    """The key in the table is the adapter's; every adapter here deposits, withdraws and has a clock."""
    venue = VENUES[name]
    assert venue.protocol == name
    assert venue.can.read
    assert venue.can.deposit
    assert venue.can.withdraw
    assert not venue.can.rewards
    assert "multicall3" in venue.roles.required
