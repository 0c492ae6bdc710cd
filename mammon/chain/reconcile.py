"""Reconcile: read from the chain what explains the difference between two marks of an account.

The chain says everything: the events of the asset and of the venues' share tokens, and the receipts of
our own transactions, all of blocks that the chain still has. What cannot be read makes the outcome
`Unread` as a whole or in part: then nothing is taken as explained, and nothing as unexplained either.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from mammon.chain import head
from mammon.chain.events import Placed, transfer
from mammon.chain.jsonrpc import Request, Result, RpcFailure, quantity
from mammon.chain.logs import HEADERS, REQUESTS, SPAN, Wanted, events_between, headers
from mammon.chain.receipts import receipt
from mammon.chain.rpc import Rpc
from mammon.core.flows import DUST, NATIVE, Books, Explained, Mark, Moved, Own, explain
from mammon.core.numbers import Units
from mammon.core.plan import IDLE
from mammon.core.ports import Deadline
from mammon.core.txstate import Attempt, Mined
from mammon.core.types import Address, Block, Hash32, Hint, Market, Unread
from mammon.errors import MalformedError, OutsideError
from mammon.net.safe_text import safe_text
from mammon.protocols.abi import erc20
from mammon.protocols.base import LendingVenue
from mammon.protocols.shares import ShareToken

MOST_NONCES = 10_000
"""Of our own between two marks; more are not listed."""
RECENT_NONCES = 64
"""Of our own that are looked up where the mark has no nonce."""


class Signed(Protocol):
    """What was ever signed: the part of the journal that is read here."""

    def attempts(self, nonce: int) -> tuple[Attempt, ...]: ...

    def next_nonce(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Watched:
    """Whose events are read: the asset, and each market's share token."""

    asset: Address
    shares: Mapping[str, ShareToken]
    """By slug; a market whose token is not known is not compared."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many transactions an account has made."""

    nonce: int
    settled: int | None
    """At the safe block; None where the endpoint does not tell."""


def watched(
    asset: Address,
    markets: Sequence[Market],
    venues: Mapping[str, LendingVenue],
    hints: Mapping[str, Hint],
) -> Watched:
    """Ask the adapters whose events tell of shares."""
    found = {
        market.slug: venues[market.protocol].share_token(market, hints.get(market.slug))
        for market in markets
        if market.protocol in venues
    }
    return Watched(asset, {slug: token for slug, token in found.items() if token is not None})


def books(journal: Signed, since: int | None, adopted: int = 0) -> Books:
    """Return what the journal knows of the nonces from `since` on; receipts are read later.

    `since` None: of the last ones, so that what was ours is told from what was not.
    """
    following = journal.next_nonce()
    if following is None:
        return Books(None, adopted=adopted)
    first = following - RECENT_NONCES if since is None else max(since, following - MOST_NONCES)
    nonces = range(max(0, first), following)
    own = (Own(attempt.hash, nonce, None) for nonce in nonces for attempt in journal.attempts(nonce))
    return Books(following, tuple(own), adopted)


def counts(rpc: Rpc, owner: Address, block: Block, deadline: Deadline) -> Counts | Unread:
    """Return the account's transaction counts at a block and at the safe block."""
    read: list[Counts] = []

    def accept(results: list[Result]) -> None:
        count, safe, result = results
        if head.header(result).hash != block.hash:
            raise OutsideError("inconsistent", f"the endpoint has another block {block.number}")
        if isinstance(count, RpcFailure):
            raise OutsideError("rpc", f"the count of transactions was not told: {count.message}")
        settled = None if isinstance(safe, RpcFailure) else quantity(safe, "the safe count", 63)
        read[:] = [Counts(quantity(count, "the count of transactions", 63), settled)]

    asked: list[Request] = [
        ("eth_getTransactionCount", (owner, hex(block.number))),
        ("eth_getTransactionCount", (owner, "safe")),
        ("eth_getBlockByNumber", (hex(block.number), False)),
    ]
    try:
        rpc.batch(asked, deadline, accept=accept)
    except (OutsideError, MalformedError) as error:
        return Unread("nonce", error.code, safe_text(error.message, 300))
    return read[0]


@dataclass(frozen=True, slots=True)
class _Question:
    watch: Watched
    mark: Mark
    now: Mark
    block: Block
    known: Books
    dust: Units
    span: int
    most: int


def reconcile(
    rpc: Rpc,
    watch: Watched,
    mark: Mark,
    now: Mark,
    block: Block,
    known: Books,
    deadline: Deadline,
    *,
    dust: Units = DUST,
    span: int = SPAN,
    most: int = REQUESTS,
) -> Explained | Unread:
    """Explain the difference between a mark and `now`, which was read at `block`.

    Never raises for what an endpoint answers: `Unread` when the events could not be read, or when the
    mark's block is no longer part of the chain, so that an older mark has to be taken. What one
    endpoint's events leave open, every endpoint is asked about by itself: some leave events out.
    """
    question = _Question(watch, mark, now, block, known, dust, span, most)
    first = _explained(rpc, question, deadline)
    if isinstance(first, Unread) or len(rpc.endpoints) < 2 or not _open(first):
        return first
    for endpoint in rpc.endpoints:
        alone = Rpc([endpoint.transport], rpc.chain_id, clock=rpc.clock)
        again = _explained(alone, question, deadline)
        if isinstance(again, Explained) and not _open(again):
            return again
    return first


def _open(found: Explained) -> bool:
    """Say whether events are missing that an honest endpoint would have."""
    left = ("unexplained_increase", "unexplained_decrease")
    return any(finding.code in left and finding.subject != NATIVE for finding in found.findings)


def _explained(rpc: Rpc, asked: _Question, deadline: Deadline) -> Explained | Unread:
    """Read events and receipts, and explain by them."""
    watch, mark, now = asked.watch, asked.mark, asked.now
    if mark.block > now.block:
        return Unread("chain", "behind", f"block {now.block} was read, the mark is of block {mark.block}")
    gone = _gone(rpc, mark, deadline)
    if gone is not None:
        return gone
    wanted = _wanted(watch, now.owner)
    found = events_between(rpc, wanted, mark.block, asked.block, deadline, span=asked.span, most=asked.most)
    if isinstance(found, Unread):
        return found
    receipts = _receipts(rpc, asked.known, now, deadline)
    if isinstance(receipts, Unread):
        return receipts
    try:
        moves = [move for one in found[0] for move in _moves(one, watch, now.owner, found[1])]
    except MalformedError as error:
        return Unread("logs", error.code, safe_text(error.message, 300))
    own = tuple(dataclasses.replace(each, mined=receipts.get(each.hash)) for each in asked.known.own)
    books_read = dataclasses.replace(asked.known, own=own)
    return explain(mark, _comparable(mark, now, watch), moves, books_read, asked.dust)


def _wanted(watch: Watched, owner: Address) -> Wanted:
    tokens = watch.shares.values()
    topics = {erc20.TRANSFER_TOPIC, *(topic for token in tokens for topic in token.topics)}
    emitters = {watch.asset, *(token.address for token in tokens)}
    return Wanted(tuple(sorted(emitters)), tuple(sorted(topics)), owner)


def _gone(rpc: Rpc, mark: Mark, deadline: Deadline) -> Unread | None:
    """Return why the mark's block cannot be relied on; None when it is part of the chain."""
    if mark.hash is None:
        return None
    found = headers(rpc, {mark.block: mark.hash}, deadline)
    if isinstance(found, Unread):
        code = "reorganised" if found.code == "inconsistent" else found.code
        return Unread("mark", code, f"block {mark.block} of the mark: {found.reason}")
    return None


def _comparable(mark: Mark, now: Mark, watch: Watched) -> Mark:
    """Leave out what cannot be compared for want of a share token, unless nothing changed there."""
    before = {holding.slug: holding.shares for holding in mark.holdings}
    kept = tuple(
        holding
        for holding in now.holdings
        if holding.slug in watch.shares or before.get(holding.slug) in (None, holding.shares)
    )
    return dataclasses.replace(now, holdings=kept)


def _moves(placed: Placed, watch: Watched, owner: Address, blocks: Mapping[int, Block]) -> list[Moved]:
    """Return what one event moved. An event of a kind its emitter is not read for moves nothing."""
    event = placed.event
    where = (placed.hash, placed.block, placed.index, blocks[placed.block].timestamp)
    found: list[Moved] = []
    if event.address == watch.asset:
        sent = transfer(event)
        if sent is not None:
            other = sent.sender if sent.recipient == owner else sent.recipient
            found.append(Moved(IDLE, Units(sent.delta(owner)), 0, other, *where))
    for slug, token in watch.shares.items():
        if event.address == token.address and event.topics[0] in token.topics:
            move = token.moved(event.topics, event.data, owner)
            if move is not None:
                found.append(Moved(slug, Units(move.shares), move.slack, move.other, *where))
    return found


def _receipts(rpc: Rpc, known: Books, now: Mark, deadline: Deadline) -> Mapping[Hash32, Mined] | Unread:
    """Return the receipts of our transactions up to the block read, of blocks the chain has."""
    found: dict[Hash32, Mined] = {}
    hashes = [own.hash for own in known.own]
    try:
        for start in range(0, len(hashes), HEADERS):
            part = hashes[start : start + HEADERS]
            asked: list[Request] = [("eth_getTransactionReceipt", (each,)) for each in part]
            results = rpc.batch(asked, deadline, accept=partial(_check, part))
            told = (receipt(*pair) for pair in zip(results, part, strict=True))
            found |= {one.mined.hash: one.mined for one in told if one and one.mined.block <= now.block}
    except (OutsideError, MalformedError) as error:
        return Unread("receipts", error.code, safe_text(error.message, 300))
    blocks = {mined.block: mined.block_hash for mined in found.values()}
    if any(blocks[mined.block] != mined.block_hash for mined in found.values()):
        return Unread("receipts", "inconsistent", "receipts of two blocks of one number")
    there = headers(rpc, blocks, deadline)
    return there if isinstance(there, Unread) else found


def _check(wanted: Sequence[Hash32], results: Sequence[Result]) -> None:
    """Raise unless every answer is a receipt of ours, or that there is none."""
    for result, each in zip(results, wanted, strict=True):
        if isinstance(result, RpcFailure):
            raise OutsideError("rpc", f"a receipt was not told: {result.message}")
        receipt(result, each)
