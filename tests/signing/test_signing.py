"""Signing: once, in time, the very bytes that were judged, by the account that was meant, or not at all."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.chain.evidence import Permit
from mammon.chain.keys import KeySigner
from mammon.chain.permit import judge
from mammon.chain.signing import PermitError, SignatureError, recovered, sign
from mammon.core.address import checksummed
from mammon.core.numbers import Wei
from mammon.core.transaction import Unsigned, decode_signed, signed
from mammon.errors import MalformedError, OutsideError, TransientError
from tests.protocols.fakes import USDC, calldata
from tests.signing.golden import APPROVE, NOW, STRANGER, VENUES, Golden, evidence, golden, market
from tests.signing.keyfiles import ADDRESS, KEY

PACKAGE = Path(judge.__code__.co_filename).parents[1]
OTHER = b"\7" * 32


def wanted() -> Golden:
    """Return a transaction of the key's own account."""
    known = evidence("approve", market("aave_v3"), 5_000_000, owner=checksummed(ADDRESS))
    return golden("mine", USDC, calldata(APPROVE, VENUES["aave_v3"], 5_000_000), known)


def permit() -> Permit:
    """Return leave to sign it."""
    found = judge(wanted().payload, wanted().evidence)
    assert isinstance(found, Permit)
    return found


class Answering:
    """A signer that answers whatever it is told to, as somebody."""

    def __init__(self, answer: Callable[[Unsigned], bytes], address: str = ADDRESS) -> None:
        self.answer, self.address, self.asked = answer, checksummed(address), 0

    def sign(self, unsigned: Unsigned) -> bytes:
        self.asked += 1
        return self.answer(unsigned)


def honest(unsigned: Unsigned) -> bytes:
    return KeySigner(KEY).sign(unsigned)


def test_what_is_permitted_is_signed_to_the_byte() -> None:
    """Raw bytes and hash are those another library makes of the same fields and key."""
    made = sign(permit(), KeySigner(KEY), NOW)
    theirs = Account.from_key(KEY).unsafe_sign_hash(wanted().unsigned.digest())
    assert made.raw == signed(wanted().unsigned, theirs.v - 27, theirs.r, theirs.s)
    assert decode_signed(made.raw)[0] == wanted().unsigned
    assert made.hash == "0x" + keccak(made.raw).hex()
    assert Account.recover_transaction(made.raw) == ADDRESS


# --- the permit ----------------------------------------------------------------------------------


def test_a_permit_serves_once() -> None:
    """Also when the signer failed, also as a copy: each signature has its own judgement."""
    leave, signer = permit(), Answering(honest)
    sign(leave, signer, NOW)
    for again in (leave, dataclasses.replace(leave)):
        with pytest.raises(PermitError) as caught:
            sign(again, signer, NOW)
        assert caught.value.code == "permit_used"
    assert signer.asked == 1


def test_a_signer_that_fails_has_used_the_permit() -> None:
    """What it may have signed meanwhile is unknown, so that the evidence is taken anew."""

    def fails(unsigned: Unsigned) -> bytes:
        raise TransientError("closed", "the connection broke")

    leave = permit()
    with pytest.raises(OutsideError, match="connection"):
        sign(leave, Answering(fails), NOW)
    with pytest.raises(PermitError, match="used"):
        sign(leave, Answering(honest), NOW)


@pytest.mark.parametrize(
    ("now", "counts"), [(NOW, True), (NOW + 60, True), (NOW + 61, False), (NOW - 1, False)]
)
def test_a_permit_counts_for_a_minute(now: int, counts: bool) -> None:
    """From the second it was given to sixty seconds later; before and after no signer is asked."""
    signer = Answering(honest)
    if counts:
        assert sign(permit(), signer, now).raw
        return
    with pytest.raises(PermitError) as caught:
        sign(permit(), signer, now)
    assert (caught.value.code, signer.asked) == ("permit_expired", 0)


def test_a_permit_for_other_bytes_is_none() -> None:
    """The digest binds it: a payload put in its place is refused before a signer is asked."""
    forged = dataclasses.replace(permit(), payload=wanted().sent(nonce=8))
    signer = Answering(honest)
    with pytest.raises(PermitError) as caught:
        sign(forged, signer, NOW)
    assert (caught.value.code, signer.asked) == ("permit_forged", 0)


# --- what comes back -----------------------------------------------------------------------------

CHANGES: dict[str, Any] = {
    "chain_id": 1,
    "nonce": 8,
    "tip": Wei(1),
    "max_fee": Wei(10**9),
    "gas": 200_001,
    "to": STRANGER,
    "value": Wei(1),
    "data": b"\1\2\3\4",
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_signer_that_changes_a_field_is_caught_by_its_name(name: str) -> None:
    """Level 2: each field of the transaction, signed by the right key, and still refused (exit 5)."""
    signer = Answering(lambda unsigned: honest(dataclasses.replace(unsigned, **{name: CHANGES[name]})))
    with pytest.raises(SignatureError) as caught:
        sign(permit(), signer, NOW)
    assert (caught.value.code, caught.value.exit_code) == ("signer_changed", 5)
    assert caught.value.message.endswith(f"it changed {name}")


def test_every_field_has_its_change() -> None:
    """A field added to the transaction joins the law above."""
    assert set(CHANGES) == {each.name for each in dataclasses.fields(Unsigned)}


def is_anybodys(unsigned: Unsigned, r: int) -> bool:
    try:
        return bool(recovered(unsigned.digest(), 0, r, 1))
    except MalformedError:
        return False


def nobodys(unsigned: Unsigned) -> bytes:
    """Sign with an r that is on no point of the curve."""
    return signed(unsigned, 0, next(r for r in range(1, 50) if not is_anybodys(unsigned, r)), 1)


def made_up(unsigned: Unsigned) -> bytes:
    """Sign without any key: an r of the curve, whose owner nobody knows."""
    return signed(unsigned, 0, next(r for r in range(1, 50) if is_anybodys(unsigned, r)), 1)


@pytest.mark.parametrize(
    ("code", "signer"),
    [
        ("wrong_signer", Answering(KeySigner(OTHER).sign)),
        ("wrong_signer", Answering(honest, KeySigner(OTHER).address)),
        ("wrong_signer", Answering(made_up)),
        ("wrong_signer", KeySigner(OTHER)),
        ("signer_answer", Answering(nobodys)),
        ("signer_answer", Answering(lambda unsigned: b"")),
        ("signer_answer", Answering(lambda unsigned: unsigned.payload())),
        ("signer_answer", Answering(lambda unsigned: honest(unsigned)[:-1])),
        ("signer_answer", Answering(lambda unsigned: honest(unsigned) + b"\0")),
        ("signer_answer", Answering(lambda unsigned: b"\1" + honest(unsigned)[1:])),
    ],
)
def test_a_signer_that_answers_something_else_is_not_believed(code: str, signer: Any) -> None:
    """Another key, another claim, a made-up signature, no transaction, one byte more or less."""
    with pytest.raises(SignatureError) as caught:
        sign(permit(), signer, NOW)
    assert caught.value.code == code


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_answer_never_passes(data: st.DataObject) -> None:
    """Law: of all answers within one change of the right one, only the right one is returned."""
    raw = bytearray(honest(wanted().unsigned))
    at = data.draw(st.integers(0, len(raw) - 1))
    kind = data.draw(st.sampled_from(["flip", "cut", "add"]))
    if kind == "flip":
        raw[at] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == "cut":
        del raw[at]
    else:
        raw[at:at] = data.draw(st.binary(min_size=1, max_size=3))
    with pytest.raises(SignatureError):
        sign(permit(), Answering(lambda unsigned: bytes(raw)), NOW)


# --- who may ask a signer ------------------------------------------------------------------------


def calls_of(path: Path, name: str) -> list[str]:
    """Return what stands before `.name(` in each call of a module."""
    nodes = ast.walk(ast.parse(path.read_text()))
    found = [node.func for node in nodes if isinstance(node, ast.Call)]
    return [
        ast.unparse(each.value) for each in found if isinstance(each, ast.Attribute) and each.attr == name
    ]


def test_only_signing_asks_a_signer() -> None:
    """I7: outside `chain.signing` nobody calls `.sign(...)` but on that very module.

    The simulated world stands aside: its keys hold nothing anywhere, and a fault may be a second bot.
    """
    asked = {
        path.relative_to(PACKAGE).as_posix(): found
        for path in PACKAGE.rglob("*.py")
        if (found := [before for before in calls_of(path, "sign") if before != "signing"])
    }
    real = {name: found for name, found in asked.items() if not name.startswith("sim/")}
    assert real == {"chain/signing.py": ["signer"]}


def test_only_signers_sign_digests() -> None:
    """The curve library's signing is called by the two holders of keys and by nobody else."""
    makers = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if calls_of(path, "sign_recoverable") or calls_of(path, "sign_digest")
    }
    assert makers == {"chain/keys.py", "sim/wallet.py"}


@pytest.mark.parametrize("method", ["personal_sign", "eth_sign", "signTypedData", "eip712", "signData"])
def test_no_message_is_ever_signed(method: str) -> None:
    """No message, no typed data, no permit: the program has no words for them."""
    pattern = re.compile(rf"{method}(?!Transaction)", re.IGNORECASE)
    assert [path for path in PACKAGE.rglob("*.py") if pattern.search(path.read_text())] == []
