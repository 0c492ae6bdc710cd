"""Events as a node tells them: what was emitted, and where. Read strictly, whoever answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mammon.chain.jsonrpc import Json, data, quantity
from mammon.core import abi
from mammon.core.address import address_from_word, checksummed
from mammon.core.types import Address, Hash32
from mammon.errors import MalformedError
from mammon.protocols.abi import erc20

_MAX_TOPICS = 4


@dataclass(frozen=True, slots=True)
class Event:
    """One event: who emitted it, its topics (the first names it), its data."""

    address: Address
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Placed:
    """An event and where the chain has it."""

    event: Event
    block: int
    block_hash: Hash32
    hash: Hash32
    """Of the transaction."""
    index: int
    """Among the block's events."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A token that went from one account to another; the zero account mints and burns."""

    token: Address
    sender: Address
    recipient: Address
    amount: int

    def delta(self, owner: Address) -> int:
        """Return what `owner` has more of it, negative for less."""
        return self.amount * ((self.recipient == owner) - (self.sender == owner))


def event(found: Json) -> Event:
    """Read one event of a simulation or a receipt. Raises `MalformedError`, also for a removed one."""
    if type(found) is not dict:
        raise _wrong("an event is no object")
    if found.get("removed") not in (None, False):
        raise _wrong("an event that a reorganisation removed")
    topics = found.get("topics")
    if type(topics) is not list or len(topics) > _MAX_TOPICS:
        raise _wrong("an event without topics")
    return Event(
        checksummed(_text(found.get("address"), "an event's address")),
        tuple(_word(topic, "a topic") for topic in topics),
        data(found.get("data"), "an event's data"),
    )


def placed(found: Json) -> Placed:
    """Read one event of `eth_getLogs` with its place. Raises `MalformedError`."""
    emitted = event(found)
    return Placed(
        emitted,
        quantity(found.get("blockNumber"), "an event's block", 63),
        _hash32(found.get("blockHash"), "an event's block hash"),
        _hash32(found.get("transactionHash"), "an event's transaction"),
        quantity(found.get("logIndex"), "an event's index", 63),
    )


def transfer(found: Event) -> Transfer | None:
    """Return what an event moved; None when it is no `Transfer`. Raises `MalformedError` for half of one."""
    if found.topics[:1] != (erc20.TRANSFER_TOPIC,):
        return None
    if len(found.topics) != 3:
        raise _wrong(f"a transfer of {len(found.topics)} topics")
    sender, recipient = map(address_from_word, found.topics[1:])
    return Transfer(found.address, sender, recipient, abi.words(found.data, 1)[0])


def moved(events: Iterable[Event], token: Address, owner: Address) -> int:
    """Return what the owner has more of a token after these events, in its base units."""
    # A stranger's token may emit what it likes: only this one's events are read as transfers.
    found = (transfer(one) for one in events if one.address == token)
    return sum(one.delta(owner) for one in found if one is not None)


def _text(value: Json, what: str) -> str:
    if type(value) is not str:
        raise _wrong(f"{what} is no text")
    return value


def _word(value: Json, what: str) -> bytes:
    word = data(value, what)
    if len(word) != abi.WORD:
        raise _wrong(f"{what} of {len(word)} bytes")
    return word


def _hash32(value: Json, what: str) -> Hash32:
    return Hash32(f"0x{_word(value, what).hex()}")


def _wrong(what: str) -> MalformedError:
    return MalformedError("event", f"malformed event: {what}")
