"""Read the events of an account over many blocks: bounded ranges, bounded requests, one chain.

Each range is asked with the header of its last block, so that an endpoint that has not got that far
cannot answer "nothing"; the last range also with the events of that block by its hash, which a replica
behind the same address must have to answer at all. A range that is refused, or whose answer is too
large, is halved. Afterwards the blocks the events name are looked up: events of a block the chain does
not have are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mammon.chain import events, head
from mammon.chain.events import Placed
from mammon.chain.jsonrpc import Json, Request, Result, RpcFailure
from mammon.chain.rpc import Accept, Rpc
from mammon.core import abi
from mammon.core.ports import Deadline
from mammon.core.types import Address, Block, Hash32, Unread
from mammon.errors import DeadlinePassedError, MalformedError, MammonError, OutsideError
from mammon.net.safe_text import safe_text
from mammon.protocols.shares import party_places

SPAN = 2_000
"""Blocks asked for at once: what public endpoints allow."""
REQUESTS = 256
"""Requests at most: half a million blocks, twelve days of Base."""
HEADERS = 50
_SHRINKS = frozenset({"too_large", "rate_limited"})
"""Failures that a smaller range may cure: nodes name both limits alike."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: of these emitters and kinds, with the owner as a party."""

    emitters: tuple[Address, ...]
    topics: tuple[bytes, ...]
    owner: Address

    @property
    def places(self) -> tuple[int, ...]:
        """At which topics the owner may stand; each place is a request of its own."""
        return party_places(self.topics)


@dataclass(slots=True)
class _Budget:
    rpc: Rpc
    deadline: Deadline
    left: int

    def asked(self, requests: Sequence[Request], accept: Accept, splittable: bool = True) -> None:
        if self.left <= 0:
            raise OutsideError("requests", "more requests than one reading may take", "read more often")
        self.left -= 1
        self.rpc.batch(requests, self.deadline, accept=accept, splittable=splittable)


@dataclass(slots=True)
class _Accept:
    """Judge one range's answers; `refused` instead of `found` when the node would not give them."""

    wanted: Wanted
    first: int
    last: int
    last_hash: Hash32 | None
    refused: str = ""
    found: dict[tuple[int, int], Placed] = field(default_factory=dict)

    def __call__(self, results: list[Result]) -> None:
        self.refused, self.found = "", {}
        places = self.wanted.places
        block = head.header(results[len(places)])
        if block.number != self.last or self.last_hash not in (None, block.hash):
            raise OutsideError("inconsistent", f"the endpoint has another block {self.last}")
        for place, result in zip(places, results, strict=False):
            if isinstance(result, RpcFailure):
                self.refused = result.message or "no reason"
                return
            if type(result) is not list:
                raise MalformedError("event", "malformed answer: events are no list")
            for one in result:
                self._take(one, place)
        if any(isinstance(result, RpcFailure) for result in results[len(places) + 1 :]):
            raise OutsideError("behind", f"the endpoint does not know block {self.last} by its hash")
        if any(one.block == self.last and one.block_hash != block.hash for one in self.found.values()):
            raise OutsideError("inconsistent", f"events of another block {self.last}")

    def _take(self, found: Json, place: int) -> None:
        one = events.placed(found)
        topics = one.event.topics
        asked = one.event.address in self.wanted.emitters and topics[:1] and topics[0] in self.wanted.topics
        party = topics[place : place + 1]
        if not asked or party != (abi.word(self.wanted.owner),) or not self.first <= one.block <= self.last:
            raise MalformedError("event", "malformed answer: an event that was not asked for")
        if self.found.setdefault((one.block, one.index), one) != one:
            raise MalformedError("event", "malformed answer: two events in one place")


def events_between(
    rpc: Rpc,
    wanted: Wanted,
    after: int,
    until: Block,
    deadline: Deadline,
    *,
    span: int = SPAN,
    most: int = REQUESTS,
) -> tuple[tuple[Placed, ...], Mapping[int, Block]] | Unread:
    """Return the events after one block and up to another, in order, with the headers of their blocks."""
    budget = _Budget(rpc, deadline, most)
    try:
        found = _ranges(budget, wanted, after, until, span)
        blocks = {one.block: one.block_hash for one in found}
        if any(blocks[one.block] != one.block_hash for one in found):
            raise MalformedError("event", "events of two blocks of one number")
        return found, _headers(budget, blocks)
    except (OutsideError, MalformedError) as error:
        return Unread("logs", error.code, safe_text(error.message, 300))


def headers(
    rpc: Rpc, blocks: Mapping[int, Hash32], deadline: Deadline, *, most: int = REQUESTS
) -> Mapping[int, Block] | Unread:
    """Return the headers of blocks, each of which must have this hash."""
    try:
        return _headers(_Budget(rpc, deadline, most), blocks)
    except (OutsideError, MalformedError) as error:
        return Unread("blocks", error.code, safe_text(error.message, 300))


def _ranges(budget: _Budget, wanted: Wanted, after: int, until: Block, span: int) -> tuple[Placed, ...]:
    found: dict[tuple[int, int], Placed] = {}
    first = after + 1
    while first <= until.number:
        last = min(first + span - 1, until.number)
        accept = _Accept(wanted, first, last, until.hash if last == until.number else None)
        failure: MammonError | None = None
        try:
            budget.asked(_requests(wanted, first, last, accept.last_hash), accept, last > first)
        except OutsideError as error:
            if error.code not in _SHRINKS or isinstance(error, DeadlinePassedError):
                raise
            failure = error
        if accept.refused:
            failure = OutsideError("refused", f"events are refused: {accept.refused}")
        if failure is None:
            found.update(accept.found)
            first = last + 1
        elif first == last:
            raise failure
        else:
            span = max(1, (last - first + 1) // 2)
    return tuple(found[place] for place in sorted(found))


def _requests(wanted: Wanted, first: int, last: int, last_hash: Hash32 | None) -> list[Request]:
    kinds = ["0x" + topic.hex() for topic in wanted.topics]
    party = "0x" + abi.word(wanted.owner).hex()
    asked = {"fromBlock": hex(first), "toBlock": hex(last), "address": list(wanted.emitters)}
    last_block = {"blockHash": last_hash, "address": list(wanted.emitters), "topics": [kinds, party]}
    parties = ([kinds, *[None] * (place - 1), party] for place in wanted.places)
    return [
        *(("eth_getLogs", ({**asked, "topics": topics},)) for topics in parties),
        ("eth_getBlockByNumber", (hex(last), False)),
        *([("eth_getLogs", (last_block,))] if last_hash else []),
    ]


def _headers(budget: _Budget, blocks: Mapping[int, Hash32]) -> Mapping[int, Block]:
    found: dict[int, Block] = {}
    numbers = sorted(blocks)
    for start in range(0, len(numbers), HEADERS):
        part = numbers[start : start + HEADERS]

        def accept(results: list[Result], part: list[int] = part) -> None:
            for number, result in zip(part, results, strict=True):
                block = head.header(result)
                if (block.number, block.hash) != (number, blocks[number]):
                    raise OutsideError("inconsistent", f"the endpoint has another block {number}")
                found[number] = block

        budget.asked([("eth_getBlockByNumber", (hex(number), False)) for number in part], accept)
    return found
