"""What a refusal tells: for each code, word for word, what was found and what would have been allowed.

A person reads these to find out what is wrong with a transaction that concerns money, and the journal keeps
them: a reason that names the wrong side, or no number, sends them looking in the wrong place.
"""

from __future__ import annotations

import dataclasses

import pytest

from mammon.chain.evidence import Evidence, Permit, Refusal, Rehearsal
from mammon.chain.permit import judge
from mammon.chain.permit_lists import list_refusals
from mammon.core.keccak import keccak256
from mammon.core.numbers import Units, Wei
from mammon.core.types import Hash32
from mammon.protocols.forms import FORMS
from tests.protocols.fakes import CHAIN_ID, MAX, USDC, calldata
from tests.signing.golden import (
    APPROVE,
    BLUE_SUPPLY,
    BLUE_WITHDRAW,
    COMET_CLAIM,
    DEPOSIT,
    HEAD,
    MOONWELL_CLAIM,
    NOW,
    OWNER,
    PATH,
    REDEEM,
    REWARD,
    STRANGER,
    SUPPLY,
    TERMS,
    Golden,
    pin,
)
from tests.signing.rules import (
    AAVE,
    APPROVAL,
    BLUE_EMPTIED,
    BLUE_KEY,
    BLUE_SUPPLIED,
    CANCELLED,
    COMET,
    COMP_CLAIMED,
    COST,
    DEPOSITED,
    EMPTIED,
    EMPTY_CODE,
    GRANT_CLAIMED,
    REDEEMED,
    REVOCATION,
    RULES,
    SHARES,
    SIZE,
    SUPPLIED,
    VAULT,
    WELL_CLAIMED,
    WITHDRAWN,
    Made,
    called,
    granted,
    known,
    market_with,
    of_market,
    other_terms,
    pinned,
    relisted,
    sent,
)

ELSEWHERE = Hash32("0x" + "1" * 64)
NOWHERE = "0x" + "0" * 64
PLACED = dataclasses.replace(pin(AAVE, 2), implementation=ELSEWHERE)
LENGTH = len(SUPPLIED.unsigned.data)
MOST = f"{2**128}"


def _words(path: tuple[bytes, ...]) -> bytes:
    """Return a list of words as it stands in call data, its length first."""
    return len(path).to_bytes(32, "big") + b"".join(path)


REASONS: list[tuple[Made, str, str, str]] = [
    # --- the bytes and the envelope ---
    (lambda: (b"\1" + SUPPLIED.payload[1:], SUPPLIED.evidence), "type", "0x01", "0x02"),
    (lambda: (b"", SUPPLIED.evidence), "type", "0x", "0x02"),
    (
        relisted(5, b""),
        "malformed",
        "transaction: no recipient of 20 bytes",
        "the one canonical encoding",
    ),
    (sent(SUPPLIED, chain_id=1), "wrong_chain", "1", f"{CHAIN_ID}"),
    (sent(SUPPLIED, nonce=8), "wrong_nonce", "8", "7"),
    (sent(SUPPLIED, value=Wei(3)), "value", "3", "0"),
    (sent(SUPPLIED, gas=20_999), "gas_limit", "20999", "21000 to 3000000"),
    (sent(SUPPLIED, gas=3_000_001), "gas_limit", "3000001", "21000 to 3000000"),
    (known(SUPPLIED, fee_ceiling=Wei(COST - 1)), "fee", f"{COST}", f"{COST - 1}"),
    (known(SUPPLIED, day_left=Wei(COST - 2)), "day_fee", f"{COST}", f"{COST - 2}"),
    # --- the world ---
    (known(SUPPLIED, forbidden="phase"), "forbidden", "phase", "nothing against it"),
    (known(SUPPLIED, stops=("pause", "halt")), "stop", "pause, halt", "none in force"),
    (known(SUPPLIED, rehearsal=None), "not_rehearsed", "none", "a rehearsal that passed"),
    (
        known(SUPPLIED, rehearsal=Rehearsal(HEAD, False, "reverted")),
        "rehearsal_failed",
        "reverted",
        "a rehearsal that passed",
    ),
    (known(SUPPLIED, head=HEAD + 6), "rehearsal_old", f"{HEAD}", f"5 blocks from {HEAD + 6}"),
    # --- the market ---
    (known(SUPPLIED, market=None), "market", "none", "the market that is meant"),
    (known(CANCELLED, market=SUPPLIED.evidence.market), "market", "aave-v3", "none"),
    (
        market_with(SUPPLIED, token=dataclasses.replace(SUPPLIED.evidence.market.token, chain_id=1)),  # type: ignore[union-attr]
        "market",
        "aave-v3",
        f"one of chain {CHAIN_ID} and of its own asset",
    ),
    (market_with(SUPPLIED, deposits=False), "deposits_off", "aave-v3", "a market that is deposited into"),
    (
        market_with(SUPPLIED, protocol="nobodys"),
        "protocol",
        "nobodys",
        "one with call forms: " + ", ".join(FORMS),
    ),
    (pinned("pins", AAVE, None), "unpinned", AAVE, "a contract whose code is pinned"),
    (
        pinned("pins", AAVE, dataclasses.replace(pin(AAVE), code=EMPTY_CODE)),
        "unpinned",
        AAVE,
        "a contract whose code is pinned",
    ),
    (pinned("code", AAVE, None), "code_unread", AAVE, pin(AAVE).code),
    (
        pinned("code", AAVE, PLACED),
        "code_changed",
        f"{PLACED.code} {ELSEWHERE}",
        f"{pin(AAVE).code} {NOWHERE}",
    ),
    # --- the call ---
    (sent(SUPPLIED, to=VAULT), "recipient", VAULT, AAVE),
    (sent(APPROVAL, to=AAVE), "recipient", AAVE, USDC),
    (sent(CANCELLED, to=STRANGER), "recipient", STRANGER, OWNER),
    (called(APPROVAL, "transfer(address,uint256)", AAVE, SIZE), "selector", "a9059cbb", "095ea7b3"),
    (called(REDEEMED, DEPOSIT, SIZE, OWNER), "selector", "6e553f65", "b460af94, ba087652"),
    (sent(SUPPLIED, data=SUPPLIED.unsigned.data[:3]), "selector", "617ba0", "617ba037"),
    (
        sent(SUPPLIED, data=SUPPLIED.unsigned.data + bytes(32)),
        "calldata",
        f"{LENGTH + 32} bytes",
        f"{LENGTH} bytes of the one canonical encoding",
    ),
    (sent(CANCELLED, data=b"\0\0"), "calldata", "2 bytes", "none"),
    (called(SUPPLIED, SUPPLY, STRANGER, SIZE, OWNER, 0), "asset", STRANGER, USDC),
    (called(APPROVAL, APPROVE, STRANGER, SIZE), "spender", STRANGER, AAVE),
    (called(DEPOSITED, DEPOSIT, SIZE, STRANGER), "beneficiary", STRANGER, OWNER),
    (called(SUPPLIED, SUPPLY, USDC, SIZE, OWNER, 5), "not_zero", "5", "0"),
    (called(REVOCATION, APPROVE, AAVE, 2), "not_zero", "2", "0"),
    # --- the amount ---
    (called(DEPOSITED, DEPOSIT, SIZE + 2, OWNER), "amount", f"{SIZE + 2}", f"{SIZE}"),
    (called(DEPOSITED, DEPOSIT, 0, OWNER), "amount", "0", f"{SIZE}"),
    (called(APPROVAL, APPROVE, AAVE, SIZE - 2), "inexact", f"{SIZE - 2}", f"{SIZE}"),
    (called(APPROVAL, APPROVE, AAVE, 2**128), "unlimited", MOST, f"{SIZE}"),
    (known(EMPTIED, everything=False), "everything", "all of it", f"{EMPTIED.evidence.at_most}"),
    (known(REDEEMED, everything=False), "everything", "all of it", f"{SIZE}"),
    (called(REDEEMED, REDEEM, SHARES + 2, OWNER, OWNER), "shares", f"{SHARES + 2}", f"{SHARES}"),
    # --- one of many markets in a contract ---
    (called(BLUE_SUPPLIED, BLUE_SUPPLY, other_terms(1), SIZE, 0, OWNER, b""), "terms", STRANGER, TERMS[1]),
    (
        called(BLUE_EMPTIED, BLUE_WITHDRAW, other_terms(4), 0, SHARES, OWNER, OWNER),
        "terms",
        f"{TERMS[4] + 1}",
        f"{TERMS[4]}",
    ),
    # where both an amount and shares are named, the first form's reason is told
    (
        called(BLUE_EMPTIED, BLUE_WITHDRAW, TERMS, 1, SHARES, OWNER, OWNER),
        "not_zero",
        f"{SHARES}",
        "0",
    ),
    # --- rewards ---
    (known(COMP_CLAIMED, action="withdraw"), "movement", "withdraw", "claim"),
    (known(SUPPLIED, action="claim"), "movement", "claim", "approve, deposit, withdraw, revoke"),
    (called(COMP_CLAIMED, COMET_CLAIM, VAULT, OWNER, True), "venue", VAULT, COMET),
    (market_with(COMP_CLAIMED, addresses=()), "venue", COMET, "none is listed"),
    (called(COMP_CLAIMED, COMET_CLAIM, COMET, OWNER, False), "not_one", "0", "1"),
    (called(WELL_CLAIMED, MOONWELL_CLAIM, OWNER, []), "venue", "none", COMET),
    (called(WELL_CLAIMED, MOONWELL_CLAIM, OWNER, [COMET, VAULT]), "venue", f"{COMET}, {VAULT}", COMET),
    (granted([STRANGER], [REWARD.address], [SIZE], [PATH]), "beneficiary", STRANGER, OWNER),
    (granted([OWNER], [REWARD.address], [SIZE + 1], [PATH]), "amount", f"{SIZE + 1}", f"{SIZE}"),
    (
        granted([OWNER], [REWARD.address], [SIZE], [PATH[:2]]),
        "proof",
        f"2 hashes, digest 0x{keccak256(_words(PATH[:2])).hex()[:16]}",
        f"3 hashes, digest 0x{keccak256(_words(PATH)).hex()[:16]}",
    ),
    (of_market(GRANT_CLAIMED, key="7/zz"), "grant", f"{SIZE}", "the key '7/zz' names no grant"),
    # --- cancelling ---
    (sent(CANCELLED, gas=21_002), "cancel_gas", "21002", "21000"),
]


@pytest.mark.parametrize(
    ("refused", "code", "measured", "limit"),
    REASONS,
    ids=[f"{at}-{reason[1]}" for at, reason in enumerate(REASONS)],
)
def test_a_reason_tells_both_sides(refused: Made, code: str, measured: str, limit: str) -> None:
    """What was found, and what would have been allowed, in words that can be compared."""
    verdict = judge(*refused())
    assert isinstance(verdict, tuple)
    assert Refusal(code, measured, limit) in verdict, verdict


def test_every_code_is_told_here() -> None:
    """No code of the gate's table is without its words."""
    assert {code for _, code, _, _ in REASONS} == {code for code, _, _ in RULES}


def test_an_id_that_is_no_hash_of_the_terms_is_told_with_both() -> None:
    """Each parameter is refused on its own, with the reason why none of them can be right."""
    verdict = judge(*of_market(BLUE_SUPPLIED, key=BLUE_KEY[:-1] + "0")())
    assert isinstance(verdict, tuple)
    assert [(each.code, each.measured) for each in verdict] == [("terms", str(one)) for one in TERMS[1:]]
    assert len({each.limit for each in verdict}) == 1


# --- at the edges ---------------------------------------------------------------------------------


def codes(made: tuple[bytes, Evidence]) -> list[str]:
    """Return why a transaction is refused; nothing when it is not."""
    verdict = judge(*made)
    return [] if isinstance(verdict, Permit) else [each.code for each in verdict]


@pytest.mark.parametrize("amount", [2**128 - 1, 2**128])
def test_the_most_that_is_an_amount(amount: int) -> None:
    """Up to 2**128 - 1 it is judged as an amount, whatever was measured; beyond, it is a form of "all"."""
    wealth = DEPOSITED.known(at_most=Units(2**200))
    payload = DEPOSITED.sent(data=calldata(DEPOSIT, amount, OWNER))
    assert codes((payload, wealth)) == ([] if amount < 2**128 else ["unlimited"])


def test_all_refusals_of_a_wrong_selector_are_about_the_call() -> None:
    """Arguments of an unknown call are not read: only its recipient and its selector are told."""
    payload = APPROVAL.sent(to=AAVE, data=calldata("transfer(address,uint256)", STRANGER, MAX))
    assert codes((payload, APPROVAL.evidence)) == ["recipient", "selector"]


@pytest.mark.parametrize(
    "golden", [SUPPLIED, WITHDRAWN, REVOCATION, CANCELLED], ids=["deposit", "withdraw", "revoke", "cancel"]
)
def test_a_permit_has_a_name_of_its_own(golden: Golden) -> None:
    """The first 16 bytes of the hash of what is signed, by whom, until when: 60 s from the chain's time."""
    permit = judge(golden.payload, golden.evidence)
    assert isinstance(permit, Permit)
    digest = golden.unsigned.digest()
    named = keccak256(digest + OWNER.encode() + str(NOW + 60).encode())
    assert (permit.payload, permit.digest, permit.owner) == (golden.payload, digest, OWNER)
    assert (permit.expires_at, permit.id) == (NOW + 60, named.hex()[:32])


def test_a_long_list_is_shown_in_part() -> None:
    """A reason of more than 200 characters tells nobody more, and the journal keeps every one."""
    market = WELL_CLAIMED.evidence.market
    assert market is not None
    (refusal,) = list_refusals("owners", (STRANGER,) * 9, market, WELL_CLAIMED.evidence)
    assert (refusal.code, refusal.limit) == ("beneficiary", OWNER)
    assert refusal.measured == ", ".join((STRANGER,) * 9)[:200]
