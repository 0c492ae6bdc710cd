"""Signing: the one place that asks a signer for anything. What comes back is believed in nothing.

A signer may be a key in this process or another program altogether. Its answer is decoded, every field
is compared with what was permitted, and the signature is made to tell its own maker: bytes that differ
in anything from those that were judged never leave this module.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from mammon.chain.evidence import PERMIT_LIFE_S, Permit
from mammon.core.address import checksummed
from mammon.core.keccak import keccak256
from mammon.core.ports import Signer
from mammon.core.transaction import decode_payload, decode_signed, transaction_hash
from mammon.core.types import Address, Hash32
from mammon.errors import MalformedError, MammonError, PersonNeededError


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed transaction that is what was permitted, by whom it had to be."""

    raw: bytes
    hash: Hash32


class PermitError(MammonError):
    """Report a permit that is used, expired or not of its own bytes: judge again. Nothing was signed."""

    exit_code = 4


class SignatureError(PersonNeededError):
    """Report a signer that returned something else than what it was asked to sign (exit 5)."""


def sign(permit: Permit, signer: Signer, now: int) -> Signed:
    """Return the transaction that `permit` allows, signed. `now`: unix seconds of the chain.

    Raises `PermitError` (`permit_used`, `permit_expired`, `permit_forged`) before a signer is asked,
    `SignatureError` (`wrong_signer`, `signer_answer`, `signer_changed`) for what it returned, and what
    the signer itself raises.
    """
    if not permit.use.take():
        raise PermitError("permit_used", f"permit {permit.id} was used already", "judge again, then sign")
    if not permit.expires_at - PERMIT_LIFE_S <= now <= permit.expires_at:
        raise PermitError(
            "permit_expired",
            f"permit {permit.id} counts until {permit.expires_at}, and it is {now}",
            "judge again, then sign",
        )
    if keccak256(permit.payload) != permit.digest:
        raise PermitError("permit_forged", f"permit {permit.id} is not for its own bytes", "judge again")
    if signer.address != permit.owner:
        raise SignatureError(
            "wrong_signer", f"the signer holds {signer.address}, not {permit.owner}", "check the key in use"
        )
    raw = signer.sign(decode_payload(permit.payload))
    _require_permitted(raw, permit)
    return Signed(raw, transaction_hash(raw))


def recovered(digest: bytes, y_parity: int, r: int, s: int) -> Address:
    """Return whose signature this is. Raises `MalformedError` when it is nobody's."""
    # Loaded here: only what signs needs elliptic curves.
    from coincurve import PublicKey

    compact = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes((y_parity,))
    try:
        public = PublicKey.from_signature_and_message(compact, digest, hasher=None)
    except ValueError as error:
        raise MalformedError("signature", "the signature is nobody's") from error
    return checksummed("0x" + keccak256(public.format(compressed=False)[1:])[12:].hex())


def _require_permitted(raw: bytes, permit: Permit) -> None:
    """Raise `SignatureError` unless `raw` is the permitted bytes under the owner's own signature."""
    try:
        found, y_parity, r, s = decode_signed(raw)
    except MalformedError as error:
        raise _answer("signer_answer", f"no transaction came back: {error.message}") from error
    if found.payload() != permit.payload:
        due = decode_payload(permit.payload)
        changed = [each.name for each in fields(due) if getattr(found, each.name) != getattr(due, each.name)]
        raise _answer("signer_changed", f"it changed {', '.join(changed)}")
    try:
        maker = recovered(permit.digest, y_parity, r, s)
    except MalformedError as error:
        raise _answer("signer_answer", "its signature is nobody's") from error
    if maker != permit.owner:
        raise _answer("wrong_signer", f"it signed as {maker}, not as {permit.owner}")


def _answer(code: str, what: str) -> SignatureError:
    return SignatureError(code, f"the signer is not to be trusted: {what}", "check it; nothing was sent")
