"""The gate before every signature: the transaction's own bytes, judged against evidence. Pure.

The bytes are decoded here, strictly, and nothing that anybody says about them is believed. Each rule is
asked, also after one has refused, and what no rule allows is refused: another type, chain, nonce or
recipient, value, an unknown call, a call whose arguments do not encode to the very same bytes, another
spender or beneficiary, more than was measured, code that changed, a cost above its ceiling.
"""

from __future__ import annotations

from collections.abc import Iterator

from mammon.chain.evidence import (
    PERMIT_LIFE_S,
    Action,
    Evidence,
    Once,
    Permit,
    Pin,
    Refusal,
    Rehearsal,
)
from mammon.chain.permit_call import call_refusals
from mammon.core.keccak import keccak256
from mammon.core.numbers import Wei
from mammon.core.transaction import TYPE, Unsigned, decode_payload
from mammon.core.types import Address, Call, Hash32, Market
from mammon.errors import MalformedError

__all__ = ["Action", "Evidence", "Once", "Permit", "Pin", "Refusal", "Rehearsal", "judge", "judge_call"]

MIN_GAS = 21_000
MAX_GAS = 3_000_000
CANCEL_GAS = 21_000
"""A cancellation sends nothing to the account itself: exactly what a transaction costs at least."""
REHEARSAL_BLOCKS = 5
"""How far from the latest block the rehearsal's may be."""

_NO_CODE = frozenset({Hash32("0x" + "00" * 32), Hash32("0x" + keccak256(b"").hex())})


def judge(payload: bytes, evidence: Evidence) -> Permit | tuple[Refusal, ...]:
    """Return leave to sign exactly `payload` (`Unsigned.payload()`), or every reason not to."""
    if payload[:1] != TYPE:
        return (Refusal("type", f"0x{payload[:1].hex()}", "0x02"),)
    try:
        unsigned = decode_payload(payload)
    except MalformedError as error:
        return (Refusal("malformed", error.message, "the one canonical encoding"),)
    refusals = tuple(_refusals(unsigned, evidence))
    return refusals or _permit(payload, evidence)


def judge_call(call: Call, evidence: Evidence) -> tuple[Refusal, ...]:
    """Return every reason against a call that other hands will sign.

    Nonce, gas and fees are theirs and are not judged; whom it calls, with what, over which code, how it
    went in its rehearsal and the stops are, by the very rules of `judge`.
    """
    zero = Wei(0)
    bare = Unsigned(evidence.chain_id, evidence.nonce, zero, zero, MIN_GAS, call.target, zero, call.data)
    return (*_standing(evidence), *_act(bare, evidence))


def _permit(payload: bytes, evidence: Evidence) -> Permit:
    digest, expires_at = keccak256(payload), evidence.now + PERMIT_LIFE_S
    named = keccak256(digest + evidence.owner.encode() + str(expires_at).encode())
    return Permit(payload, digest, evidence.owner, named[:16].hex(), expires_at)


def _refusals(unsigned: Unsigned, evidence: Evidence) -> Iterator[Refusal]:
    yield from _standing(evidence)
    yield from _envelope(unsigned, evidence)
    yield from _fees(unsigned, evidence)
    yield from _act(unsigned, evidence)


def _standing(evidence: Evidence) -> Iterator[Refusal]:
    if evidence.forbidden:
        yield Refusal("forbidden", evidence.forbidden, "nothing against it")
    if evidence.stops:
        yield Refusal("stop", ", ".join(evidence.stops), "none in force")


def _act(unsigned: Unsigned, evidence: Evidence) -> Iterator[Refusal]:
    if evidence.action == "cancel":
        yield from _cancellation(unsigned, evidence)
    elif evidence.market is None:
        yield Refusal("market", "none", "the market that is meant")
    else:
        yield from _market(evidence.market, evidence)
        yield from _rehearsed(evidence)
        yield from call_refusals(unsigned, evidence.action, evidence.market, evidence)


def _envelope(unsigned: Unsigned, evidence: Evidence) -> Iterator[Refusal]:
    if unsigned.chain_id != evidence.chain_id:
        yield Refusal("wrong_chain", str(unsigned.chain_id), str(evidence.chain_id))
    if unsigned.nonce != evidence.nonce:
        yield Refusal("wrong_nonce", str(unsigned.nonce), str(evidence.nonce))
    if unsigned.value != 0:
        yield Refusal("value", str(unsigned.value), "0")
    if not MIN_GAS <= unsigned.gas <= MAX_GAS:
        yield Refusal("gas_limit", str(unsigned.gas), f"{MIN_GAS} to {MAX_GAS}")


def _fees(unsigned: Unsigned, evidence: Evidence) -> Iterator[Refusal]:
    most = unsigned.gas * unsigned.max_fee + evidence.data_fee
    if most > evidence.fee_ceiling:
        yield Refusal("fee", str(most), str(evidence.fee_ceiling))
    if most > evidence.day_left:
        yield Refusal("day_fee", str(most), str(evidence.day_left))


def _cancellation(unsigned: Unsigned, evidence: Evidence) -> Iterator[Refusal]:
    """Take nothing sent to oneself, and nothing else."""
    if evidence.market is not None:
        yield Refusal("market", evidence.market.slug, "none")
    if unsigned.to != evidence.owner:
        yield Refusal("recipient", unsigned.to, evidence.owner)
    if unsigned.data:
        yield Refusal("calldata", f"{len(unsigned.data)} bytes", "none")
    if unsigned.gas != CANCEL_GAS:
        yield Refusal("cancel_gas", str(unsigned.gas), str(CANCEL_GAS))


def _market(market: Market, evidence: Evidence) -> Iterator[Refusal]:
    """Require a market of this chain and asset, whose contracts are what they are pinned to be."""
    meant = (market.id.chain_id, market.token.chain_id, market.id.asset)
    if meant != (evidence.chain_id, evidence.chain_id, market.token.address):
        yield Refusal("market", market.slug, f"one of chain {evidence.chain_id} and of its own asset")
    if evidence.action in ("approve", "deposit") and not market.deposits:
        yield Refusal("deposits_off", market.slug, "a market that is deposited into")
    # What is taken back from a venue must not hang on what the venue has become.
    venue = () if evidence.action == "revoke" else (market.id.address, market.spender)
    for address in dict.fromkeys((market.token.address, *venue)):
        yield from _pinned(address, market, evidence)


def _pinned(address: Address, market: Market, evidence: Evidence) -> Iterator[Refusal]:
    pin, found = evidence.pins.get(address), evidence.code.get(address)
    if pin is None or pin.address != address or pin.code in _NO_CODE:
        yield Refusal("unpinned", address, "a contract whose code is pinned")
    elif found is None:
        yield Refusal("code_unread", address, pin.code)
    elif found != pin and not _accepted(found, market, evidence):
        yield Refusal(
            "code_changed", f"{found.code} {found.implementation}", f"{pin.code} {pin.implementation}"
        )


def _accepted(found: Pin, market: Market, evidence: Evidence) -> bool:
    """Say whether a person took just this code of a venue as it is, for a withdrawal that was seen to pay.

    Of the asset's own contract no other code is ever taken: its events are what shows that it pays.
    """
    if evidence.action != "withdraw" or found.address == market.token.address:
        return False
    if found not in evidence.accepted or found.code in _NO_CODE:
        return False
    # An effect that the node did not show proves nothing; the reason then says so.
    rehearsal = evidence.rehearsal
    return rehearsal is not None and rehearsal.passed and not rehearsal.reason


def _rehearsed(evidence: Evidence) -> Iterator[Refusal]:
    rehearsal = evidence.rehearsal
    if rehearsal is None:
        yield Refusal("not_rehearsed", "none", "a rehearsal that passed")
        return
    if not rehearsal.passed:
        yield Refusal("rehearsal_failed", rehearsal.reason, "a rehearsal that passed")
    if abs(evidence.head - rehearsal.block) > REHEARSAL_BLOCKS:
        yield Refusal(
            "rehearsal_old", str(rehearsal.block), f"{REHEARSAL_BLOCKS} blocks from {evidence.head}"
        )
