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
    BLUE_SUPPLY,
    BLUE_WITHDRAW,
    COMET_CLAIM,
    COMET_SUPPLY,
    COMET_WITHDRAW,
    DEPOSIT,
    HEAD,
    MERKL_CLAIM,
    MINT,
    MOONWELL_CLAIM,
    OWNER,
    PATH,
    PAYERS,
    REDEEM,
    REDEEM_SHARES,
    REDEEM_UNDERLYING,
    REWARD,
    SIZES,
    STRANGER,
    SUPPLY,
    TERMS,
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
BLUE_SUPPLIED = KNOWN[f"morpho_blue-supply-deposit-{SIZE}"]
BLUE_WITHDRAWN = KNOWN[f"morpho_blue-withdraw-withdraw-{SIZE}"]
BLUE_EMPTIED = KNOWN[f"morpho_blue-withdraw-withdraw-{SIZE}-all"]
COMET_SUPPLIED = KNOWN[f"compound_v3-supply-deposit-{SIZE}"]
COMET_WITHDRAWN = KNOWN[f"compound_v3-withdraw-withdraw-{SIZE}"]
COMET_EMPTIED = KNOWN[f"compound_v3-withdraw-withdraw-{SIZES[-1]}-all"]
MINTED = KNOWN[f"moonwell-mint-deposit-{SIZE}"]
UNDERLYING_REDEEMED = KNOWN[f"moonwell-redeemUnderlying-withdraw-{SIZE}"]
SHARES_REDEEMED = KNOWN[f"moonwell-redeem-withdraw-{SIZE}-all"]
CANCELLED = KNOWN["cancel"]
COMP_CLAIMED = KNOWN[f"comet_rewards-claim-{SIZES[0]}"]
WELL_CLAIMED = KNOWN[f"moonwell_rewards-claim-{SIZES[0]}"]
GRANT_CLAIMED = KNOWN[f"merkl-claim-{SIZE}"]
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


def other_terms(place: int) -> tuple[Any, ...]:
    """Return the parameters of the market with another one in one place."""
    changed = list(TERMS)
    changed[place] = STRANGER if place < 4 else TERMS[4] + 1
    return tuple(changed)


def of_market(golden: Golden, **changes: Any) -> Made:
    """Make the transaction beside a market of another identity."""
    assert golden.evidence.market is not None
    return market_with(golden, id=dataclasses.replace(golden.evidence.market.id, **changes))


COMET = VENUES["compound_v3"]


def granted(users: Any, tokens: Any, totals: Any, paths: Any) -> Made:
    """Make a claim of these lists."""
    return called(GRANT_CLAIMED, MERKL_CLAIM, users, tokens, totals, paths)


BLUE_KEY = BLUE_SUPPLIED.evidence.market.id.key  # type: ignore[union-attr]
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
    ("protocol", market_with(SUPPLIED, protocol="nobodys"), known(SUPPLIED)),
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
    # --- one of many markets in a contract ---
    *(
        (
            "terms" if place else "asset",
            called(BLUE_SUPPLIED, BLUE_SUPPLY, other_terms(place), SIZE, 0, OWNER, b""),
            called(BLUE_SUPPLIED, BLUE_SUPPLY, TERMS, SIZE, 0, OWNER, b""),
        )
        for place in range(5)
    ),
    *(
        (
            "terms" if place else "asset",
            called(BLUE_EMPTIED, BLUE_WITHDRAW, other_terms(place), 0, SHARES, OWNER, OWNER),
            called(BLUE_EMPTIED, BLUE_WITHDRAW, TERMS, 0, SHARES, OWNER, OWNER),
        )
        for place in range(5)
    ),
    ("terms", of_market(BLUE_SUPPLIED, key=BLUE_KEY[:-1] + "0"), of_market(BLUE_SUPPLIED, key=BLUE_KEY)),
    ("terms", market_with(BLUE_SUPPLIED, addresses=()), known(BLUE_SUPPLIED)),
    (
        "calldata",
        called(BLUE_SUPPLIED, BLUE_SUPPLY, TERMS, SIZE, 0, OWNER, b"\0"),
        called(BLUE_SUPPLIED, BLUE_SUPPLY, TERMS, SIZE, 0, OWNER, b""),
    ),
    ("calldata", sent(BLUE_SUPPLIED, data=BLUE_SUPPLIED.unsigned.data[:-32]), sent(BLUE_SUPPLIED)),
    ("not_zero", called(BLUE_SUPPLIED, BLUE_SUPPLY, TERMS, SIZE, 1, OWNER, b""), sent(BLUE_SUPPLIED)),
    (
        "not_zero",
        called(BLUE_EMPTIED, BLUE_WITHDRAW, TERMS, 1, SHARES, OWNER, OWNER),
        called(BLUE_EMPTIED, BLUE_WITHDRAW, TERMS, 1, 0, OWNER, OWNER),
    ),
    (
        "amount",
        called(BLUE_WITHDRAWN, BLUE_WITHDRAW, TERMS, 0, 0, OWNER, OWNER),
        called(BLUE_WITHDRAWN, BLUE_WITHDRAW, TERMS, SIZE, 0, OWNER, OWNER),
    ),
    (
        "amount",
        called(BLUE_WITHDRAWN, BLUE_WITHDRAW, TERMS, SIZE + 1, 0, OWNER, OWNER),
        called(BLUE_WITHDRAWN, BLUE_WITHDRAW, TERMS, SIZE - 1, 0, OWNER, OWNER),
    ),
    ("unlimited", called(BLUE_SUPPLIED, BLUE_SUPPLY, TERMS, MAX, 0, OWNER, b""), sent(BLUE_SUPPLIED)),
    ("shares", called(BLUE_EMPTIED, BLUE_WITHDRAW, TERMS, 0, SHARES + 1, OWNER, OWNER), sent(BLUE_EMPTIED)),
    ("everything", known(BLUE_EMPTIED, everything=False), known(BLUE_EMPTIED)),
    ("beneficiary", called(BLUE_SUPPLIED, BLUE_SUPPLY, TERMS, SIZE, 0, STRANGER, b""), sent(BLUE_SUPPLIED)),
    (
        "beneficiary",
        called(BLUE_WITHDRAWN, BLUE_WITHDRAW, TERMS, SIZE, 0, OWNER, STRANGER),
        sent(BLUE_WITHDRAWN),
    ),
    (
        "beneficiary",
        called(BLUE_WITHDRAWN, BLUE_WITHDRAW, TERMS, SIZE, 0, STRANGER, OWNER),
        sent(BLUE_WITHDRAWN),
    ),
    # --- a venue that takes the sender for who is meant ---
    # 2**256 - 1 repays a debt instead of supplying; more than is held would borrow.
    ("unlimited", called(COMET_SUPPLIED, COMET_SUPPLY, USDC, MAX), sent(COMET_SUPPLIED)),
    (
        "amount",
        called(COMET_WITHDRAWN, COMET_WITHDRAW, USDC, SIZE + 1),
        called(COMET_WITHDRAWN, COMET_WITHDRAW, USDC, SIZE - 1),
    ),
    ("everything", called(COMET_WITHDRAWN, COMET_WITHDRAW, USDC, MAX), sent(COMET_EMPTIED)),
    ("unlimited", called(COMET_EMPTIED, COMET_WITHDRAW, USDC, MAX - 1), sent(COMET_EMPTIED)),
    ("asset", called(COMET_SUPPLIED, COMET_SUPPLY, STRANGER, SIZE), sent(COMET_SUPPLIED)),
    ("asset", called(COMET_EMPTIED, COMET_WITHDRAW, STRANGER, MAX), sent(COMET_EMPTIED)),
    (
        "selector",
        called(COMET_WITHDRAWN, "withdrawTo(address,address,uint256)", STRANGER, USDC, SIZE),
        sent(COMET_WITHDRAWN),
    ),
    ("selector", called(COMET_SUPPLIED, "approve(address,uint256)", STRANGER, MAX), sent(COMET_SUPPLIED)),
    ("selector", called(MINTED, "enterMarkets(address[])", [STRANGER]), sent(MINTED)),
    ("selector", called(UNDERLYING_REDEEMED, "borrow(uint256)", SIZE), sent(UNDERLYING_REDEEMED)),
    ("amount", called(MINTED, MINT, SIZE + 1), called(MINTED, MINT, SIZE)),
    ("unlimited", called(MINTED, MINT, MAX), sent(MINTED)),
    ("unlimited", called(UNDERLYING_REDEEMED, REDEEM_UNDERLYING, MAX), sent(UNDERLYING_REDEEMED)),
    (
        "shares",
        called(SHARES_REDEEMED, REDEEM_SHARES, SHARES_REDEEMED.evidence.shares - 1),
        sent(SHARES_REDEEMED),
    ),
    ("shares", called(SHARES_REDEEMED, REDEEM_SHARES, MAX), sent(SHARES_REDEEMED)),
    ("everything", known(SHARES_REDEEMED, everything=False), sent(SHARES_REDEEMED)),
    # --- rewards ---
    ("movement", known(COMP_CLAIMED, action="withdraw"), known(COMP_CLAIMED)),
    ("movement", known(SUPPLIED, action="claim"), known(SUPPLIED)),
    ("deposits_off", known(WELL_CLAIMED, action="deposit"), known(WELL_CLAIMED)),
    ("recipient", sent(COMP_CLAIMED, to=COMET), sent(COMP_CLAIMED, to=PAYERS["comet_rewards"])),
    ("recipient", sent(WELL_CLAIMED, to=STRANGER), sent(WELL_CLAIMED)),
    ("recipient", sent(GRANT_CLAIMED, to=STRANGER), sent(GRANT_CLAIMED)),
    (
        "selector",
        called(COMP_CLAIMED, "claimTo(address,address,address,bool)", COMET, OWNER, STRANGER, True),
        called(COMP_CLAIMED, COMET_CLAIM, COMET, OWNER, True),
    ),
    ("selector", called(WELL_CLAIMED, "claimReward(address)", OWNER), sent(WELL_CLAIMED)),
    (
        "selector",
        called(GRANT_CLAIMED, "toggleOperator(address,address)", OWNER, STRANGER),
        sent(GRANT_CLAIMED),
    ),
    ("selector", called(GRANT_CLAIMED, AAVE_WITHDRAW, REWARD.address, SIZE, OWNER), sent(GRANT_CLAIMED)),
    ("beneficiary", called(COMP_CLAIMED, COMET_CLAIM, COMET, STRANGER, True), sent(COMP_CLAIMED)),
    ("venue", called(COMP_CLAIMED, COMET_CLAIM, VAULT, OWNER, True), sent(COMP_CLAIMED)),
    ("venue", market_with(COMP_CLAIMED, addresses=()), known(COMP_CLAIMED)),
    ("not_one", called(COMP_CLAIMED, COMET_CLAIM, COMET, OWNER, False), sent(COMP_CLAIMED)),
    ("calldata", sent(COMP_CLAIMED, data=COMP_CLAIMED.unsigned.data + bytes(32)), sent(COMP_CLAIMED)),
    ("beneficiary", called(WELL_CLAIMED, MOONWELL_CLAIM, STRANGER, [COMET]), sent(WELL_CLAIMED)),
    ("venue", called(WELL_CLAIMED, MOONWELL_CLAIM, OWNER, [VAULT]), sent(WELL_CLAIMED)),
    ("venue", called(WELL_CLAIMED, MOONWELL_CLAIM, OWNER, [COMET, VAULT]), sent(WELL_CLAIMED)),
    ("venue", called(WELL_CLAIMED, MOONWELL_CLAIM, OWNER, []), sent(WELL_CLAIMED)),
    ("market", market_with(WELL_CLAIMED, addresses=()), known(WELL_CLAIMED)),
    ("calldata", sent(WELL_CLAIMED, data=WELL_CLAIMED.unsigned.data + b"\0"), sent(WELL_CLAIMED)),
    ("calldata", sent(WELL_CLAIMED, data=WELL_CLAIMED.unsigned.data[:-32]), sent(WELL_CLAIMED)),
    ("beneficiary", granted([STRANGER], [REWARD.address], [SIZE], [PATH]), sent(GRANT_CLAIMED)),
    ("beneficiary", granted([OWNER, STRANGER], [REWARD.address], [SIZE], [PATH]), sent(GRANT_CLAIMED)),
    ("asset", granted([OWNER], [USDC], [SIZE], [PATH]), sent(GRANT_CLAIMED)),
    ("amount", granted([OWNER], [REWARD.address], [SIZE + 1], [PATH]), sent(GRANT_CLAIMED)),
    ("amount", granted([OWNER], [REWARD.address], [SIZE - 1], [PATH]), sent(GRANT_CLAIMED)),
    ("amount", granted([OWNER], [REWARD.address], [SIZE, SIZE], [PATH]), sent(GRANT_CLAIMED)),
    ("proof", granted([OWNER], [REWARD.address], [SIZE], [PATH[:2]]), sent(GRANT_CLAIMED)),
    ("proof", granted([OWNER], [REWARD.address], [SIZE], [PATH[::-1]]), sent(GRANT_CLAIMED)),
    ("calldata", granted([OWNER], [REWARD.address], [SIZE], [PATH, PATH]), sent(GRANT_CLAIMED)),
    ("calldata", sent(GRANT_CLAIMED, data=GRANT_CLAIMED.unsigned.data + bytes(32)), sent(GRANT_CLAIMED)),
    ("calldata", sent(GRANT_CLAIMED, data=GRANT_CLAIMED.unsigned.data[:-32]), sent(GRANT_CLAIMED)),
    ("grant", of_market(GRANT_CLAIMED, key=""), known(GRANT_CLAIMED)),
    ("grant", of_market(GRANT_CLAIMED, key=f"{SIZE}/zz"), known(GRANT_CLAIMED)),
    # --- cancelling ---
    ("cancel_gas", sent(CANCELLED, gas=21_001), sent(CANCELLED, gas=21_000)),
]
