"""Changes of a golden transaction or of the evidence beside it: one at a time, each named."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from random import Random
from typing import Any

import rlp

from mammon.chain.evidence import Evidence, Rehearsal
from mammon.core.numbers import Units, Wei
from tests.protocols.fakes import CHAIN_ID, MAX, USDC, account
from tests.signing.golden import HEAD, OWNER, STRANGER, VENUES, Golden, market, pin

Case = tuple[str, bytes, Evidence]
"""What was changed, the bytes, the evidence."""

NUMBERS = (0, 1, 2, 20_999, 21_000, 21_001, 2_999_999, 3_000_000, 3_000_001, 2**64 - 1, 2**128, MAX)
ADDRESSES = (OWNER, STRANGER, USDC, *VENUES.values(), account(0))
SELECTORS = (
    "095ea7b3", "617ba037", "69328dec", "6e553f65", "b460af94", "ba087652",
    "a99aad89", "5c2bea49",
    "a9059cbb", "23b872dd", "39509351", "d505accf", "94bf804d", "ffffffff", "00000000",
)  # fmt: skip
"""Those in the table, then transfer, transferFrom, increaseAllowance, permit, mint, and none at all."""


def written(fields: list[Any]) -> bytes:
    """Return a payload of these fields, sound or not."""
    return b"\2" + bytes(rlp.encode(fields))


def fields_of(payload: bytes) -> list[Any]:
    """Return the fields of a payload."""
    return list(rlp.decode(payload[1:]))


def single(golden: Golden) -> Iterator[Case]:
    """Yield every single-field change: of each field, each argument, each byte of form, each evidence."""
    yield from _fields(golden)
    yield from _arguments(golden)
    yield from _shapes(golden)
    for name, changed in _evidence(golden):
        yield name, golden.payload, changed


def _fields(golden: Golden) -> Iterator[Case]:
    fields = fields_of(golden.payload)
    for place in (0, 1, 2, 3, 4, 6):
        now = int.from_bytes(fields[place], "big")
        for number in dict.fromkeys((*NUMBERS, now - 1, now + 1, 2 * now, 1000 * now)):
            if 0 <= number <= MAX:
                yield f"field {place} = {number}", _with(golden, place, _bytes(number)), golden.evidence
        yield f"field {place} padded", _with(golden, place, b"\0" + fields[place]), golden.evidence
    for address in ADDRESSES:
        yield f"to {address}", _with(golden, 5, bytes.fromhex(address[2:])), golden.evidence
    for short in (b"", fields[5][:19], fields[5] + b"\0", b"\0" * 12 + fields[5]):
        yield f"to of {len(short)} bytes", _with(golden, 5, short), golden.evidence
    for listed in ([b""], [[bytes(20), []]], b"", b"\0"):
        yield f"access list {listed!r}", _with(golden, 8, listed), golden.evidence


def _arguments(golden: Golden) -> Iterator[Case]:
    data = golden.unsigned.data
    for selector in SELECTORS:
        yield f"selector {selector}", golden.sent(data=bytes.fromhex(selector) + data[4:]), golden.evidence
    for extra in (b"\0", b"\1", bytes(32), data, b"\xff" * 4):
        yield f"{len(extra)} bytes behind", golden.sent(data=data + extra), golden.evidence
    for cut in {1, 4, 31, 32, len(data)} & set(range(1, len(data) + 1)):
        yield f"{cut} bytes cut", golden.sent(data=data[:-cut]), golden.evidence
    for start in range(4, len(data), 32):
        for name, word in _words(data[start : start + 32]):
            changed = data[:start] + word + data[start + 32 :]
            yield f"word at {start} {name}", golden.sent(data=changed), golden.evidence


def _words(word: bytes) -> Iterator[tuple[str, bytes]]:
    number = int.from_bytes(word, "big")
    for other in dict.fromkeys((0, 1, number - 1, number + 1, 2 * number, 2**128, 2**255, MAX, MAX - 1)):
        yield f"= {other}", (other % 2**256).to_bytes(32, "big")
    for address in ADDRESSES:
        yield f"= {address}", bytes(12) + bytes.fromhex(address[2:])
    for place in range(32):
        yield f"bit in byte {place}", bytes(b ^ (1 if at == place else 0) for at, b in enumerate(word))


def _shapes(golden: Golden) -> Iterator[Case]:
    payload, fields = golden.payload, fields_of(golden.payload)
    for kind in (0, 1, 3, 4, 5, 0x7F):
        yield f"type {kind}", bytes((kind,)) + payload[1:], golden.evidence
    yield "no type", payload[1:], golden.evidence
    yield "empty", b"", golden.evidence
    yield "a byte behind", payload + b"\0", golden.evidence
    yield "a byte cut", payload[:-1], golden.evidence
    yield "8 fields", written(fields[:8]), golden.evidence
    yield "10 fields", written([*fields, []]), golden.evidence
    yield "signed", written([*fields, b"\1", b"\5", b"\5"]), golden.evidence
    yield "twice", written([fields]), golden.evidence


def _evidence(golden: Golden) -> Iterator[tuple[str, Evidence]]:
    known = golden.evidence
    for name, values in _values(golden):
        for value in values:
            if value != getattr(known, name):
                yield f"{name} = {value}", dataclasses.replace(known, **{name: value})


def _values(golden: Golden) -> Iterator[tuple[str, tuple[Any, ...]]]:
    known = golden.evidence
    cost = golden.unsigned.gas * golden.unsigned.max_fee + known.data_fee
    yield "chain_id", (1, 10, 31337, CHAIN_ID + 1)
    yield "owner", (STRANGER, *VENUES.values())
    yield "nonce", (0, known.nonce - 1, known.nonce + 1)
    yield "action", ("approve", "deposit", "withdraw", "revoke", "cancel")
    yield "market", (None, *(market(protocol) for protocol in VENUES), *_odd_markets(golden))
    yield "at_most", (Units(0), Units(known.at_most - 1), Units(known.at_most + 1), Units(MAX))
    yield "everything", (True, False)
    yield "shares", (0, known.shares + 1, max(0, known.shares - 1), MAX)
    yield "fee_ceiling", (Wei(0), Wei(cost - 1), Wei(cost))
    yield "day_left", (Wei(-1), Wei(0), Wei(cost - 1), Wei(cost))
    yield "data_fee", (Wei(0), Wei(10**18))
    yield "rehearsal", (None, *(Rehearsal(HEAD + by, True, "") for by in (-6, -5, 5, 6)), _FAILED)
    yield "head", (0, HEAD - 6, HEAD - 5, HEAD + 5, HEAD + 6)
    yield "stops", (("pause",), ("kill_switch", "halt"))
    yield "forbidden", ("no acknowledgement",)
    yield "now", (0, known.now + 10**6)
    for which in ("pins", "code"):
        have = getattr(known, which)
        yield which, ({}, *(_one_other(have, address, how) for address in have for how in range(3)))


_FAILED = Rehearsal(HEAD, False, "reverted")


def _one_other(have: Any, address: str, how: int) -> Any:
    if how == 0:
        return {each: found for each, found in have.items() if each != address}
    other = pin(STRANGER) if how == 1 else pin(account(int(address, 16)), 2)
    return {**have, address: other}


def _odd_markets(golden: Golden) -> Iterator[Any]:
    found = golden.evidence.market
    if found is None:
        return
    yield dataclasses.replace(found, deposits=False, note="wound down")
    yield dataclasses.replace(found, protocol="compound_v3")
    yield dataclasses.replace(found, spender=STRANGER)
    yield dataclasses.replace(found, id=dataclasses.replace(found.id, asset=STRANGER))
    yield dataclasses.replace(found, id=dataclasses.replace(found.id, chain_id=1))
    yield dataclasses.replace(found, token=dataclasses.replace(found.token, chain_id=1))


def drawn(golden: Golden, random: Random) -> Case:
    """Return one change at random: of bytes, of a field, of an argument, or of two things at once."""
    payload, kind = golden.payload, random.randrange(6)
    if kind == 0:
        at, bit = random.randrange(len(payload)), 1 << random.randrange(8)
        return (
            f"bit {bit} at {at}",
            payload[:at] + bytes((payload[at] ^ bit,)) + payload[at + 1 :],
            golden.evidence,
        )
    if kind == 1:
        at, more = random.randrange(len(payload) + 1), random.randbytes(random.randrange(1, 40))
        return f"{len(more)} bytes at {at}", payload[:at] + more + payload[at:], golden.evidence
    if kind == 2:
        at, size = random.randrange(len(payload)), random.randrange(1, 40)
        return f"{size} bytes gone at {at}", payload[:at] + payload[at + size :], golden.evidence
    if kind == 3:
        place = random.choice((0, 1, 2, 3, 4, 6))
        number = random.randrange(1 << random.randrange(1, 256))
        return f"field {place} = {number}", _with(golden, place, _bytes(number)), golden.evidence
    data = golden.unsigned.data or bytes(4)
    at = random.randrange(len(data))
    mangled = (
        data[:at] + random.randbytes(random.randrange(1, 33)) + data[at + 1 :][: random.choice((None, 31, 0))]
    )
    return f"data at {at}", golden.sent(data=mangled if kind == 4 else mangled[: len(data)]), golden.evidence


def _with(golden: Golden, place: int, value: Any) -> bytes:
    fields = fields_of(golden.payload)
    fields[place] = value
    return written(fields)


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
