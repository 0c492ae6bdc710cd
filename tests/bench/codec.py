"""P7: CPU of one aggregate's calls and answers, against eth_abi doing the same.

Both sides encode the calls, decode the answers and every view's words, width-checked; they must agree.
"""

from __future__ import annotations

from collections.abc import Iterator

import eth_abi

from mammon.core import abi
from mammon.core.address import checksummed
from mammon.core.types import Address
from tests.bench.measure import BenchError, Row, cpu_ms, interleaved, ratio

VIEWS = 500
REPEATS = 5
_KINDS = (["uint256"], ["uint256"] * 2, ["uint256"], ["uint256"] * 15)
"""Results of a balance, a pair of totals, a rate and a reserve."""


def codec(rounds: int) -> Iterator[Row]:
    """Yield the ratio for encoding, for decoding, and for both together."""
    calls = [(_target(number), _payload(number), True) for number in range(VIEWS)]
    answers = [
        (True, eth_abi.encode(_KINDS[number % 4], [number] * len(_KINDS[number % 4])))
        for number in range(VIEWS)
    ]
    returned = eth_abi.encode(["(bool,bytes)[]"], [answers])
    if abi.encode_aggregate3(calls) != abi.AGGREGATE3 + _theirs_written(calls):
        raise BenchError("the encoders disagree")
    if _ours_read(returned) != _theirs_read(returned):
        raise BenchError("the decoders disagree")

    def times(work: object, argument: object) -> float:
        assert callable(work)
        return cpu_ms(lambda: [work(argument) for _ in range(REPEATS)]) / REPEATS

    sides = interleaved(
        [
            lambda: times(abi.encode_aggregate3, calls),
            lambda: times(_theirs_written, calls),
            lambda: times(_ours_read, returned),
            lambda: times(_theirs_read, returned),
        ],
        rounds,
    )
    ours_out, theirs_out, ours_in, theirs_in = sides
    ours, theirs = _added(ours_out, ours_in), _added(theirs_out, theirs_in)
    note = f"{VIEWS} views, CPU"
    yield ratio("P7", "encode and decode", ours, theirs, limit=1 / 10, peer="eth_abi", note=note)
    yield ratio("P7", "encode", ours_out, theirs_out, limit=None, peer="eth_abi", note=note)
    yield ratio("P7", "decode", ours_in, theirs_in, limit=None, peer="eth_abi", note=note)


def _added(one: list[float], other: list[float]) -> list[float]:
    return [a + b for a, b in zip(one, other, strict=True)]


def _ours_read(returned: bytes) -> list[tuple[int, ...]]:
    rows = abi.decode_aggregate3(returned)
    return [abi.words(data, len(_KINDS[number % 4])) for number, (_, data) in enumerate(rows)]


def _theirs_read(returned: bytes) -> list[tuple[int, ...]]:
    (rows,) = eth_abi.decode(["(bool,bytes)[]"], returned)
    return [eth_abi.decode(_KINDS[number % 4], data) for number, (_, data) in enumerate(rows)]


def _theirs_written(calls: list[tuple[Address, bytes, bool]]) -> bytes:
    asked = [(target, allow, data) for target, data, allow in calls]
    return eth_abi.encode(["(address,bool,bytes)[]"], [asked])


def _target(number: int) -> Address:
    return checksummed(f"0x{0xABCDEF00 + number % 40:040x}")


def _payload(number: int) -> bytes:
    return bytes.fromhex("70a08231") + number.to_bytes(32, "big")
