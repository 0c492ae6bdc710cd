"""The rules of the gate as a table: its code, a transaction it refuses, and the nearest one it lets pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import rlp

from mammon.chain.evidence import Evidence, Rehearsal
from mammon.core.numbers import Wei
from mammon.core.types import Hash32
from tests.protocols.fakes import CHAIN_ID, MAX, USDC, calldata
from tests.signing.golden import (
    AAVE_WITHDRAW,
    APPROVE,
    DEPOSIT,
    HEAD,
    OWNER,
    REDEEM,
    SIZES,
    STRANGER,
    SUPPLY,
    VENUES,
    WITHDRAW,
    Golden,
    goldens,
    pin,
)

KNOWN = {each.name: each for each in goldens()}
SIZE = 50_000_000
APPROVAL = KNOWN[f"aave_v3-approve-approve-{SIZE}"]
REVOCATION = KNOWN[f"aave_v3-approve-revoke-{SIZES[-1]}"]
SUPPLIED = KNOWN[f"aave_v3-supply-deposit-{SIZE}"]
WITHDRAWN = KNOWN[f"aave_v3-withdraw-withdraw-{SIZE}"]
EMPTIED = KNOWN[f"aave_v3-withdraw-withdraw-{SIZES[-1]}-all"]
DEPOSITED = KNOWN[f"erc4626-deposit-deposit-{SIZE}"]
REDEEMED = KNOWN[f"metamorpho-redeem-withdraw-{SIZE}-all"]
CANCELLED = KNOWN["cancel"]
AAVE, VAULT = VENUES["aave_v3"], VENUES["erc4626"]
SHARES = REDEEMED.evidence.shares
COST = 200_000 * 10**8 + 10**12
EMPTY_CODE = Hash32("0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")

Made = Callable[[], tuple[bytes, Evidence]]


def sent(golden: Golden, **changes: Any) -> Made:
    """Make the transaction with some fields changed."""
    return lambda: (golden.sent(**changes), golden.evidence)


def called(golden: Golden, signature: str, *arguments: Any) -> Made:
    """Make the transaction with another call."""
    return sent(golden, data=calldata(signature, *arguments))


def known(golden: Golden, **changes: Any) -> Made:
    """Make the transaction beside changed evidence."""
    return lambda: (golden.payload, golden.known(**changes))


def market_with(golden: Golden, **changes: Any) -> Made:
    """Make the transaction beside a changed market."""
    assert golden.evidence.market is not None
    return known(golden, market=dataclasses.replace(golden.evidence.market, **changes))


def pinned(which: str, address: Any, found: Any) -> Made:
    """Make a supply beside another pin or another reading of one contract."""
    have = dict(getattr(SUPPLIED.evidence, which))
    have.pop(address) if found is None else have.update({address: found})
    return known(SUPPLIED, **{which: have})


def relisted(place: int, value: Any) -> Made:
    """Make a supply whose list has another item in one place, whether it is an encoding or not."""
    fields = rlp.decode(SUPPLIED.payload[1:])
    fields[place] = value
    return lambda: (b"\2" + rlp.encode(fields), SUPPLIED.evidence)


IDENTITY = SUPPLIED.evidence.market.id  # type: ignore[union-attr]
TOKEN = SUPPLIED.evidence.market.token  # type: ignore[union-attr]

RULES: list[tuple[str, Made, Made]] = [
    # --- the bytes ---
    ("type", lambda: (b"\4" + SUPPLIED.payload[1:], SUPPLIED.evidence), sent(SUPPLIED)),
    ("type", lambda: (b"\1" + SUPPLIED.payload[1:], SUPPLIED.evidence), sent(SUPPLIED)),
    ("type", lambda: (SUPPLIED.payload[1:], SUPPLIED.evidence), sent(SUPPLIED)),
    ("type", lambda: (b"", SUPPLIED.evidence), sent(SUPPLIED)),
    ("malformed", lambda: (SUPPLIED.payload + b"\0", SUPPLIED.evidence), sent(SUPPLIED)),
    ("malformed", relisted(8, [[b"\1" * 20, []]]), relisted(8, [])),
    ("malformed", relisted(1, b"\0\7"), relisted(1, b"\7")),
    ("malformed", relisted(5, b""), relisted(5, bytes.fromhex(AAVE[2:]))),
    # --- the envelope ---
    ("wrong_chain", sent(SUPPLIED, chain_id=1), sent(SUPPLIED, chain_id=CHAIN_ID)),
    ("wrong_nonce", sent(SUPPLIED, nonce=8), sent(SUPPLIED, nonce=7)),
    ("wrong_nonce", sent(SUPPLIED, nonce=6), sent(SUPPLIED, nonce=7)),
    ("value", sent(SUPPLIED, value=Wei(1)), sent(SUPPLIED, value=Wei(0))),
    ("gas_limit", sent(SUPPLIED, gas=3_000_001), sent(SUPPLIED, gas=3_000_000)),
    ("gas_limit", sent(SUPPLIED, gas=20_999), sent(SUPPLIED, gas=21_000)),
    ("fee", known(SUPPLIED, fee_ceiling=Wei(COST - 1)), known(SUPPLIED, fee_ceiling=Wei(COST))),
    ("fee", known(SUPPLIED, data_fee=Wei(10**15)), known(SUPPLIED, data_fee=Wei(10**14))),
    ("day_fee", known(SUPPLIED, day_left=Wei(COST - 1)), known(SUPPLIED, day_left=Wei(COST))),
    # --- the world ---
    ("forbidden", known(SUPPLIED, forbidden="phase"), known(SUPPLIED, forbidden="")),
    ("stop", known(SUPPLIED, stops=("kill_switch",)), known(SUPPLIED, stops=())),
    ("stop", known(CANCELLED, stops=("kill_switch",)), known(CANCELLED, stops=())),
    ("not_rehearsed", known(SUPPLIED, rehearsal=None), known(CANCELLED, rehearsal=None)),
    (
        "rehearsal_failed",
        known(SUPPLIED, rehearsal=Rehearsal(HEAD, False, "reverted")),
        known(SUPPLIED, rehearsal=Rehearsal(HEAD, True, "")),
    ),
    ("rehearsal_old", known(SUPPLIED, head=HEAD + 6), known(SUPPLIED, head=HEAD + 5)),
    ("rehearsal_old", known(SUPPLIED, head=HEAD - 6), known(SUPPLIED, head=HEAD - 5)),
    # --- the market ---
    ("market", known(SUPPLIED, market=None), known(SUPPLIED)),
    ("market", known(CANCELLED, market=SUPPLIED.evidence.market), known(CANCELLED)),
    ("market", market_with(SUPPLIED, id=dataclasses.replace(IDENTITY, chain_id=1)), known(SUPPLIED)),
    ("market", market_with(SUPPLIED, id=dataclasses.replace(IDENTITY, asset=STRANGER)), known(SUPPLIED)),
    ("market", market_with(SUPPLIED, token=dataclasses.replace(TOKEN, chain_id=1)), known(SUPPLIED)),
    ("protocol", market_with(SUPPLIED, protocol="moonwell"), known(SUPPLIED)),
    ("deposits_off", market_with(SUPPLIED, deposits=False), market_with(WITHDRAWN, deposits=False)),
    ("deposits_off", market_with(APPROVAL, deposits=False), market_with(REVOCATION, deposits=False)),
    ("unpinned", pinned("pins", AAVE, None), pinned("pins", VAULT, None)),
    ("unpinned", pinned("pins", USDC, None), pinned("pins", VAULT, None)),
    ("unpinned", pinned("pins", AAVE, pin(STRANGER)), pinned("pins", VAULT, pin(STRANGER))),
    ("unpinned", pinned("pins", AAVE, pin(AAVE, 0)), pinned("pins", AAVE, pin(AAVE, 1))),
    (
        "unpinned",
        pinned("pins", AAVE, dataclasses.replace(pin(AAVE), code=EMPTY_CODE)),
        pinned("pins", AAVE, pin(AAVE)),
    ),
    ("code_unread", pinned("code", AAVE, None), pinned("code", VAULT, None)),
    ("code_changed", pinned("code", AAVE, pin(AAVE, 2)), pinned("code", VAULT, pin(VAULT, 2))),
    (
        "code_changed",
        pinned("code", USDC, dataclasses.replace(pin(USDC), implementation=Hash32("0x" + "1" * 64))),
        pinned("code", USDC, pin(USDC)),
    ),
    # --- the call ---
    ("recipient", sent(SUPPLIED, to=VAULT), sent(SUPPLIED, to=AAVE)),
    ("recipient", sent(APPROVAL, to=AAVE), sent(APPROVAL, to=USDC)),
    ("recipient", sent(CANCELLED, to=STRANGER), sent(CANCELLED, to=OWNER)),
    ("selector", called(APPROVAL, "transfer(address,uint256)", AAVE, SIZE), sent(APPROVAL)),
    (
        "selector",
        called(SUPPLIED, AAVE_WITHDRAW, USDC, SIZE, OWNER),
        called(WITHDRAWN, AAVE_WITHDRAW, USDC, SIZE, OWNER),
    ),
    ("selector", sent(SUPPLIED, data=b""), sent(SUPPLIED)),
    ("selector", sent(SUPPLIED, data=SUPPLIED.unsigned.data[:3]), sent(SUPPLIED)),
    ("calldata", sent(SUPPLIED, data=SUPPLIED.unsigned.data + b"\0"), sent(SUPPLIED)),
    ("calldata", sent(SUPPLIED, data=SUPPLIED.unsigned.data + bytes(32)), sent(SUPPLIED)),
    ("calldata", sent(SUPPLIED, data=SUPPLIED.unsigned.data[:-1]), sent(SUPPLIED)),
    (
        "calldata",
        sent(APPROVAL, data=APPROVAL.unsigned.data[:4] + b"\1" + APPROVAL.unsigned.data[5:]),
        sent(APPROVAL),
    ),
    ("calldata", sent(CANCELLED, data=b"\0"), sent(CANCELLED, data=b"")),
    (
        "asset",
        called(SUPPLIED, SUPPLY, STRANGER, SIZE, OWNER, 0),
        called(SUPPLIED, SUPPLY, USDC, SIZE, OWNER, 0),
    ),
    ("spender", called(APPROVAL, APPROVE, STRANGER, SIZE), called(APPROVAL, APPROVE, AAVE, SIZE)),
    ("spender", called(REVOCATION, APPROVE, STRANGER, 0), called(REVOCATION, APPROVE, AAVE, 0)),
    ("beneficiary", called(SUPPLIED, SUPPLY, USDC, SIZE, STRANGER, 0), sent(SUPPLIED)),
    ("beneficiary", called(WITHDRAWN, AAVE_WITHDRAW, USDC, SIZE, STRANGER), sent(WITHDRAWN)),
    ("beneficiary", called(DEPOSITED, DEPOSIT, SIZE, STRANGER), sent(DEPOSITED)),
    ("beneficiary", called(REDEEMED, REDEEM, SHARES, STRANGER, OWNER), sent(REDEEMED)),
    ("beneficiary", called(REDEEMED, REDEEM, SHARES, OWNER, STRANGER), sent(REDEEMED)),
    ("not_zero", called(SUPPLIED, SUPPLY, USDC, SIZE, OWNER, 1), sent(SUPPLIED)),
    ("not_zero", called(REVOCATION, APPROVE, AAVE, 1), sent(REVOCATION)),
    # --- the amount ---
    (
        "amount",
        called(SUPPLIED, SUPPLY, USDC, SIZE + 1, OWNER, 0),
        called(SUPPLIED, SUPPLY, USDC, SIZE - 1, OWNER, 0),
    ),
    ("amount", called(DEPOSITED, DEPOSIT, SIZE + 1, OWNER), called(DEPOSITED, DEPOSIT, SIZE, OWNER)),
    ("amount", called(DEPOSITED, DEPOSIT, 0, OWNER), called(DEPOSITED, DEPOSIT, 1, OWNER)),
    ("amount", called(APPROVAL, APPROVE, AAVE, SIZE + 1), sent(APPROVAL)),
    ("amount", called(WITHDRAWN, AAVE_WITHDRAW, USDC, SIZE + 1, OWNER), sent(WITHDRAWN)),
    (
        "amount",
        called(REDEEMED, WITHDRAW, SIZE + 1, OWNER, OWNER),
        called(REDEEMED, WITHDRAW, SIZE, OWNER, OWNER),
    ),
    ("amount", called(DEPOSITED, DEPOSIT, 2**128 - 1, OWNER), sent(DEPOSITED)),
    ("inexact", called(APPROVAL, APPROVE, AAVE, SIZE - 1), sent(APPROVAL)),
    ("unlimited", called(APPROVAL, APPROVE, AAVE, MAX), sent(APPROVAL)),
    ("unlimited", called(APPROVAL, APPROVE, AAVE, 2**128), sent(APPROVAL)),
    ("unlimited", called(DEPOSITED, DEPOSIT, MAX, OWNER), sent(DEPOSITED)),
    ("unlimited", called(SUPPLIED, SUPPLY, USDC, MAX, OWNER, 0), sent(SUPPLIED)),
    ("unlimited", called(EMPTIED, AAVE_WITHDRAW, USDC, MAX - 1, OWNER), sent(EMPTIED)),
    ("everything", known(EMPTIED, everything=False), known(EMPTIED, everything=True)),
    ("everything", known(REDEEMED, everything=False), known(REDEEMED, everything=True)),
    ("shares", called(REDEEMED, REDEEM, SHARES + 1, OWNER, OWNER), sent(REDEEMED)),
    ("shares", called(REDEEMED, REDEEM, SHARES - 1, OWNER, OWNER), sent(REDEEMED)),
    (
        "shares",
        lambda: (REDEEMED.sent(data=calldata(REDEEM, 0, OWNER, OWNER)), REDEEMED.known(shares=0)),
        lambda: (REDEEMED.sent(data=calldata(REDEEM, 1, OWNER, OWNER)), REDEEMED.known(shares=1)),
    ),
    # --- cancelling ---
    ("cancel_gas", sent(CANCELLED, gas=21_001), sent(CANCELLED, gas=21_000)),
]
