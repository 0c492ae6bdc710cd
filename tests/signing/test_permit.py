"""Each rule of the gate by itself: what it refuses, by its own code, and the neighbour it lets pass.

D15: an approval is exact. F25: data is decoded by form, so that a byte that looks like something is nothing.
"""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

import pytest

from mammon.chain.evidence import Once, Permit, Refusal
from mammon.chain.permit import judge, judge_call
from mammon.core.numbers import Units, Wei
from mammon.core.transaction import decode_payload
from mammon.core.types import Call
from mammon.protocols.forms import FORMS, Form
from mammon.protocols.payers import PAYERS
from mammon.protocols.registry import VENUES as ADAPTERS
from tests.protocols.fakes import USDC, calldata
from tests.signing.golden import STRANGER, SUPPLY, pin
from tests.signing.rules import AAVE, REVOCATION, RULES, SIZE, SUPPLIED, VAULT, Made


@pytest.mark.parametrize(
    ("code", "refused", "passes"), RULES, ids=[f"{at}-{rule[0]}" for at, rule in enumerate(RULES)]
)
def test_a_rule_refuses_by_its_own_code_and_lets_its_neighbour_pass(
    code: str, refused: Made, passes: Made
) -> None:
    """The code is among the reasons, both sides are told, and the nearest sound transaction is permitted."""
    verdict = judge(*refused())
    assert isinstance(verdict, tuple)
    assert code in [each.code for each in verdict], verdict
    assert all(each.measured is not None and each.limit for each in verdict)
    neighbour = judge(*passes())
    assert isinstance(neighbour, Permit), neighbour


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        (code, refused)
        for code, refused, _ in RULES
        if code not in ("unpinned", "shares", "market", "gas_limit")
    ],
)
def test_one_wrong_thing_has_one_reason(code: str, refused: Made) -> None:
    """A single fault is told as itself, not as something it also happens to look like."""
    verdict = judge(*refused())
    assert isinstance(verdict, tuple)
    allowed = {code, "amount"} if code == "calldata" else {code}
    assert {each.code for each in verdict} <= allowed | _consequences(code)


def _consequences(code: str) -> set[str]:
    """Return what else is then wrong by necessity: other data moves words, other fields move costs."""
    return {
        "calldata": {"not_zero", "beneficiary", "spender", "venue", "proof"},
        "market": {"venue"},
        "type": set(),
        "deposits_off": {"movement"},
        "fee": set(),
        "everything": set(),
    }.get(code, set())


def test_a_reason_says_what_was_found_and_what_was_due() -> None:
    """Both sides of the comparison, as a person reads them."""
    assert judge(b"\4" + SUPPLIED.payload[1:], SUPPLIED.evidence) == (Refusal("type", "0x04", "0x02"),)
    (nonce,) = judge(SUPPLIED.sent(nonce=9), SUPPLIED.evidence)  # type: ignore[misc]
    assert nonce == Refusal("wrong_nonce", "9", "7")


_SIGNERS_OWN = {"type", "malformed", "wrong_chain", "wrong_nonce", "value", "gas_limit", "fee", "day_fee",
                "cancel_gas"}  # fmt: skip
"""What belongs to a transaction and not to the call it makes."""


@pytest.mark.parametrize(
    "refused",
    [pytest.param(refused, id=f"{at}-{code}") for at, (code, refused, _) in enumerate(RULES)
     if code not in _SIGNERS_OWN],
)  # fmt: skip
def test_a_call_for_other_hands_is_judged_by_the_same_rules(refused: Made) -> None:
    """Every reason of the gate against a transaction is one against its call, but for the signer's own."""
    payload, evidence = refused()
    unsigned, verdict = decode_payload(payload), judge(payload, evidence)
    assert isinstance(verdict, tuple)
    found = judge_call(Call(unsigned.to, unsigned.data), evidence)
    assert found == tuple(each for each in verdict if each.code not in _SIGNERS_OWN) != ()


@pytest.mark.parametrize(
    "passes", [pytest.param(passes, id=f"{at}-{code}") for at, (code, _, passes) in enumerate(RULES)]
)
def test_a_call_whose_transaction_is_permitted_passes(passes: Made) -> None:
    """Nothing speaks against the call of a sound transaction."""
    payload, evidence = passes()
    unsigned = decode_payload(payload)
    assert judge_call(Call(unsigned.to, unsigned.data), evidence) == ()


def test_every_code_of_the_gate_is_tested() -> None:
    """No refusal stands in the gate that no test produces."""
    chain = Path(judge.__code__.co_filename).parent
    written = {
        code
        for name in ("permit.py", "permit_call.py", "permit_lists.py")
        for code in re.findall(r'Refusal\(\s*"(\w+)"', (chain / name).read_text())
    } | {"spender", "asset", "beneficiary", "venue", "proof", "grant"}
    assert written == {code for code, _, _ in RULES}


def test_every_reason_is_told() -> None:
    """Nothing stops at the first refusal."""
    payload = SUPPLIED.sent(
        nonce=9, value=Wei(1), to=VAULT, data=calldata(SUPPLY, USDC, SIZE + 1, STRANGER, 5)
    )
    verdict = judge(payload, SUPPLIED.known(stops=("halt",), forbidden="phase", at_most=Units(SIZE)))
    assert isinstance(verdict, tuple)
    assert [each.code for each in verdict] == [
        "forbidden", "stop", "wrong_nonce", "value", "recipient", "amount", "beneficiary", "not_zero",
    ]  # fmt: skip


def test_what_is_taken_back_does_not_hang_on_what_the_venue_has_become() -> None:
    """A revocation is refused for the asset's own code, and never for the code of whom it takes from."""
    changed = {**REVOCATION.evidence.code, AAVE: pin(AAVE, 2)}
    assert isinstance(judge(REVOCATION.payload, REVOCATION.known(code=changed)), Permit)
    without = {address: each for address, each in REVOCATION.evidence.pins.items() if address != AAVE}
    assert isinstance(judge(REVOCATION.payload, REVOCATION.known(pins=without)), Permit)
    forged = {**REVOCATION.evidence.code, USDC: pin(USDC, 2)}
    refused = judge(REVOCATION.payload, REVOCATION.known(code=forged))
    assert isinstance(refused, tuple)
    assert [each.code for each in refused] == ["code_changed"]


# --- the table and the permit --------------------------------------------------------------------


def _zeros(form: Form) -> tuple[int, ...]:
    return tuple(place for place, role in enumerate(form.arguments) if role == "zero")


def test_the_table_knows_every_protocol_that_is_entered() -> None:
    """Each adapter that deposits or withdraws has its forms, each payer its claim; nobody else has any."""
    entered = {name for name, venue in ADAPTERS.items() if venue.can.deposit or venue.can.withdraw}
    assert set(FORMS) == entered | set(PAYERS)
    for protocol, forms in FORMS.items():
        paying = protocol in PAYERS
        assert set(forms) == ({"claim"} if paying else {"approve", "deposit", "withdraw", "revoke"})
        for movement in forms.values():
            assert len({form.target for form in movement}) == 1
            told_apart = {(form.selector, _zeros(form)) for form in movement}
            assert len(told_apart) == len(movement)
            assert all(len(form.selector) == 4 for form in movement)
            # What `_meant` rests on: at most one zero, and one in each that shares its selector.
            assert all(len(_zeros(form)) <= 1 for form in movement)
            alone = len({form.selector for form in movement}) == len(movement)
            assert alone or all(_zeros(form) for form in movement)


def test_every_form_says_who_is_credited_or_paid() -> None:
    """By an argument that has to be the account, or by taking the sender, which the account signs as."""
    for forms in FORMS.values():
        movements = ("deposit", "withdraw", "claim")
        for form in (form for movement in movements for form in forms.get(movement, ())):
            named = bool({"owner", "receiver", "owners"} & set(form.arguments))
            assert named != form.to_sender, form


def test_something_taken_once_is_taken() -> None:
    """Copies share it, so that a copy of a permit is no second permit."""
    permit = judge(SUPPLIED.payload, SUPPLIED.evidence)
    assert isinstance(permit, Permit)
    copy = dataclasses.replace(permit)
    assert permit.use.take()
    assert not copy.use.take()
    assert Once().take()


def test_only_the_gate_makes_permits() -> None:
    """No module but the gate's own calls `Permit(...)`."""
    package = Path(judge.__code__.co_filename).parents[1]
    makers = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Permit"
    ]
    assert makers == ["chain/permit.py"]
