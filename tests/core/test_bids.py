"""Laws of the bid that a person names: nodes take it, and the ceiling allows it, or it is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.bids import bid_for
from mammon.core.numbers import Wei
from mammon.core.txstate import Attempt, Role
from mammon.core.types import Hash32
from mammon.core.watch import CANCEL_GAS
from mammon.errors import RefusedError

ROLES: tuple[Role, ...] = ("act", "cancel")
fees = st.integers(1, 10**12)


def attempt(max_fee: int, tip: int, gas: int = 200_000) -> Attempt:
    return Attempt(Hash32("0x" + "00" * 32), 0, "act", b"", Wei(max_fee), Wei(tip), gas, "", 0)


@given(fees, fees, fees, st.integers(1, 10**20), st.one_of(st.none(), fees), st.sampled_from(ROLES))
def test_what_is_bid_replaces_and_is_within_the_ceiling(
    max_fee: int, tip: int, base_fee: int, ceiling: int, named: int | None, role: Role
) -> None:
    """A tenth more on both fees, the tip within the fee, the whole within the ceiling; or a refusal."""
    old = attempt(max(max_fee, tip), tip)
    wanted = None if named is None else Wei(named)
    try:
        bid = bid_for(old, role, Wei(base_fee), Wei(ceiling), wanted)
    except RefusedError:
        return
    assert bid.role == role
    assert bid.max_fee * 100 >= old.max_fee * 110
    assert bid.tip * 100 >= old.tip * 110
    assert bid.tip <= bid.max_fee
    assert bid.max_fee * (CANCEL_GAS if role == "cancel" else old.gas) <= ceiling
    assert wanted in (None, bid.max_fee)


@pytest.mark.parametrize(("named", "code"), [(109, "bid_low"), (201, "bid_ceiling")])
def test_refused_by_its_own_code(named: int, code: str) -> None:
    """Too low for nodes, too high for the ceiling; in between it is taken as named."""
    ceiling = Wei(200 * 200_000)
    with pytest.raises(RefusedError) as caught:
        bid_for(attempt(100, 10), "act", Wei(1), ceiling, Wei(named))
    assert caught.value.code == code
    assert bid_for(attempt(100, 10), "act", Wei(1), ceiling, Wei(110)).max_fee == 110
