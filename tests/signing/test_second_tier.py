"""Venues that read a number as more than it says: their shortcuts are refused where they would be signed."""

from __future__ import annotations

import pytest

from mammon.chain.permit import judge
from tests.protocols.fakes import MAX, account, calldata
from tests.signing.golden import DEPOSIT, OWNER, REDEEM, VENUES, WITHDRAW, evidence, golden, market

SIZE = 5_000_000
ALL = pytest.mark.parametrize("protocol", ["euler_v2", "fluid", "sky_savings"])


def codes(
    protocol: str, signature: str, *arguments: object, action: str = "deposit", **known: object
) -> set[str]:
    """Return why a call on the venue is refused; nothing when it is not."""
    found = evidence(action, market(protocol), SIZE, **known)
    made = golden("one", VENUES[protocol], calldata(signature, *arguments), found)
    verdict = judge(made.payload, made.evidence)
    return {each.code for each in verdict} if isinstance(verdict, tuple) else set()


@ALL
def test_all_ones_is_no_amount_here(protocol: str) -> None:
    """Trap: fTokens and Euler vaults take 2**256 - 1 for everything; only counted amounts are signed."""
    assert codes(protocol, DEPOSIT, MAX, OWNER) == {"unlimited"}
    assert codes(protocol, DEPOSIT, SIZE, OWNER) == set()
    assert codes(protocol, WITHDRAW, MAX, OWNER, OWNER, action="withdraw") == {"unlimited"}
    everything = {"action": "withdraw", "everything": True, "shares": 7 * SIZE}
    assert codes(protocol, REDEEM, MAX, OWNER, OWNER, **everything) == {"shares"}
    assert codes(protocol, REDEEM, 7 * SIZE, OWNER, OWNER, **everything) == set()


@pytest.mark.parametrize(
    ("protocol", "signature", "arguments"),
    [
        ("fluid", "deposit(uint256,address,uint256)", (SIZE, OWNER, 0)),
        ("sky_savings", "deposit(uint256,address,uint256,uint16)", (SIZE, OWNER, 0, 0)),
        ("sky_savings", "exit(uint256,address,address)", (SIZE, OWNER, OWNER)),
        ("euler_v2", "skim(uint256,address)", (SIZE, OWNER)),
        ("euler_v2", "borrow(uint256,address)", (SIZE, OWNER)),
    ],
)
def test_other_calls_of_these_venues_have_no_form(
    protocol: str, signature: str, arguments: tuple[object, ...]
) -> None:
    """Variants with a referral or a bound, ways out in another asset, loans: none can be signed."""
    assert "selector" in codes(protocol, signature, *arguments)


@ALL
def test_nobody_else_is_credited(protocol: str) -> None:
    """As for every vault."""
    assert codes(protocol, DEPOSIT, SIZE, account(0xBAD)) == {"beneficiary"}
