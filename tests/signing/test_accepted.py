"""Changed code that a person took as it is: for a withdrawal that was seen to pay, and for nothing else."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from mammon.chain.evidence import Evidence, Permit, Pin, Rehearsal
from mammon.chain.permit import judge
from mammon.core.names import Hash32
from tests.protocols.fakes import USDC
from tests.signing.golden import HEAD, STRANGER, Golden, pin
from tests.signing.rules import AAVE, APPROVAL, EMPTY_CODE, REDEEMED, SUPPLIED, VAULT, WITHDRAWN

NOW = pin(AAVE, 2)
"""What the contract has become."""


def codes(golden: Golden, found: Pin = NOW, accepted: tuple[Pin, ...] = (NOW,), **changes: Any) -> list[str]:
    """Return why the gate refuses over changed code; nothing when it does not."""
    code = {**golden.evidence.code, found.address: found}
    evidence: Evidence = golden.known(code=code, accepted=accepted, **changes)
    verdict = judge(golden.payload, evidence)
    return [] if isinstance(verdict, Permit) else [one.code for one in verdict]


def test_a_withdrawal_that_pays_passes() -> None:
    """By the sentinel or by an exact amount alike."""
    assert codes(WITHDRAWN) == []
    vault = REDEEMED.evidence.market
    assert vault is not None
    changed = pin(vault.id.address, 2)
    assert codes(REDEEMED, changed, (changed,)) == []


def test_without_acceptance_it_is_refused() -> None:
    """A changed pin refuses an exit too."""
    assert codes(WITHDRAWN, accepted=()) == ["code_changed"]


@pytest.mark.parametrize("golden", [SUPPLIED, APPROVAL], ids=["deposit", "approve"])
def test_no_money_goes_there(golden: Golden) -> None:
    """What was accepted to come home is not accepted to go in, nor to be allowed anything."""
    assert codes(golden) == ["code_changed"]


@pytest.mark.parametrize(
    "accepted",
    [
        pin(AAVE, 3),
        dataclasses.replace(NOW, implementation=Hash32("0x" + "1" * 64)),
        dataclasses.replace(NOW, address=VAULT),
        dataclasses.replace(NOW, address=STRANGER),
    ],
    ids=["other code", "other implementation", "another venue's", "a stranger's"],
)
def test_just_what_was_shown_is_accepted(accepted: Pin) -> None:
    """What changed once more since the person looked is refused."""
    assert codes(WITHDRAWN, accepted=(accepted,)) == ["code_changed"]


@pytest.mark.parametrize("code", [EMPTY_CODE, Hash32("0x" + "0" * 64)])
def test_a_contract_that_is_gone_is_refused(code: Hash32) -> None:
    """A call to nothing succeeds and brings nothing."""
    gone = dataclasses.replace(NOW, code=code)
    assert codes(WITHDRAWN, gone, (gone,)) == ["code_changed"]


def test_the_assets_own_code_is_never_accepted() -> None:
    """Its events are the witness: they cannot vouch for themselves."""
    changed = pin(USDC, 2)
    assert codes(WITHDRAWN, changed, (changed,)) == ["code_changed"]


def test_what_was_never_pinned_is_not_accepted_here() -> None:
    """There is nothing that it changed from."""
    pins = {address: known for address, known in WITHDRAWN.evidence.pins.items() if address != AAVE}
    assert codes(WITHDRAWN, pins=pins) == ["unpinned"]


@pytest.mark.parametrize(
    ("rehearsal", "why"),
    [
        (Rehearsal(HEAD, True, "effect_unseen"), []),
        (Rehearsal(HEAD, False, "call 1 would move 0 units"), ["rehearsal_failed"]),
        (None, ["not_rehearsed"]),
    ],
    ids=["unseen", "failed", "none"],
)
def test_it_must_be_seen_to_pay(rehearsal: Rehearsal | None, why: list[str]) -> None:
    """A rehearsal that could not show the money's movement is enough for known code, and not for this."""
    assert codes(WITHDRAWN, rehearsal=rehearsal) == ["code_changed", *why]
    assert codes(WITHDRAWN, found=pin(AAVE), rehearsal=rehearsal) == why


def test_nothing_else_is_let_pass_by_it() -> None:
    """Every other rule is asked as before."""
    assert codes(WITHDRAWN, stops=("kill_switch",), forbidden="phase") == ["forbidden", "stop"]
