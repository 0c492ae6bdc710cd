"""Many contract calls in one `eth_call`: Multicall3's `aggregate3`, and what its answers mean.

The 63/64 rule: a call that burns all its gas leaves a 64th to those behind it, which may then fail
without a word, or give another answer than they would. So when a required call fails with empty
return data, nothing behind the first such failure is taken as it stands (`doubtful`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

from mammon.chain import head
from mammon.chain.head import PRELUDE_SIZE, Sighting
from mammon.chain.jsonrpc import Hex, Request, Result, data
from mammon.chain.reverts import reason
from mammon.core import abi
from mammon.core.types import Address, CallFailed
from mammon.errors import MalformedError

Key = tuple[Address, bytes]
"""A call as it goes out: equal calls are asked once."""
Answer = bytes | CallFailed

SILENT = CallFailed("reverted", "without a reason")
"""A failure with empty return data: a missing view, a bare revert, or no gas left."""


def request(multicall: Address, keys: Sequence[Key], tag: str) -> Request:
    """Ask for the calls at a block tag or number, behind the prelude that names the block."""
    return ("eth_call", ({"to": multicall, "data": _written(multicall, tuple(keys))}, tag))


def read(result: Result, keys: Sequence[Key]) -> tuple[Sighting, dict[Key, Answer]]:
    """Read what the node returned for `request`. Raises `MalformedError`."""
    returned = data(result, "an aggregate")
    if not returned:
        raise MalformedError("multicall", "no code at Multicall3's address", "check the chain file's address")
    rows = abi.decode_aggregate3(returned)
    if len(rows) != len(keys) + PRELUDE_SIZE:
        raise MalformedError("multicall", "not as many answers as calls")
    answers = (_answer(ok, returned) for ok, returned in rows[PRELUDE_SIZE:])
    return head.sighting(rows[:PRELUDE_SIZE]), dict(zip(keys, answers, strict=True))


def doubtful(
    answers: Mapping[Key, Answer], required: Collection[Key], known_silent: Collection[Key]
) -> tuple[list[Key], list[Key]]:
    """Return the silent failures to ask for alone, and the answers behind the first to ask for again.

    Both are empty unless a required call failed silently that is not known to do so alone.
    """
    keys = list(answers)
    silent = [key for key in keys if answers[key] is SILENT and key not in known_silent]
    if len(keys) < 2 or not any(key in required for key in silent):
        return [], []
    behind = keys[keys.index(silent[0]) + 1 :]
    return silent, [key for key in behind if answers[key] is not SILENT]


@lru_cache(maxsize=4)  # one reading asks what the last one asked
def _written(multicall: Address, keys: tuple[Key, ...]) -> Hex:
    calls = [(target, payload, True) for target, payload in (*head.prelude(multicall), *keys)]
    return Hex("0x" + abi.encode_aggregate3(calls).hex())


def _answer(ok: bool, returned: bytes) -> Answer:
    if ok:
        return returned
    return CallFailed("reverted", reason(returned)) if returned else SILENT
