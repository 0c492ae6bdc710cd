"""Faults between the program and an endpoint: silence, noise, refusals, mangled answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, ClassVar

from mammon.core.ports import Deadline
from mammon.errors import DeadlinePassedError, MalformedError, OutsideError, TransientError
from mammon.sim.faults.fault import Counted, Timed
from mammon.sim.faults.stage import Endpoint

METHODS = (
    "",
    "",
    "eth_sendRawTransaction",
    "eth_sendRawTransaction",
    "eth_getTransactionCount",
    "eth_getTransactionReceipt",
    "eth_getBlockByNumber",
    "eth_simulateV1",
    "eth_call",
    "eth_getCode",
    "eth_chainId",
)
"""Where to strike; empty is everywhere."""

Proceed = Callable[[], bytes]


class Broken(Counted):
    """An exchange that does not bring the answer; whether the request got there is the kind's."""

    delivered: ClassVar[bool] = False

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.method = draw.choice(METHODS)

    def exchange(
        self, endpoint: Endpoint, methods: Sequence[str], deadline: Deadline, proceed: Proceed
    ) -> bytes:
        """Strike when it is time."""
        if not self.here(endpoint) or (self.method and self.method not in methods) or not self.strikes():
            return proceed()
        self.stage.trace(f"  {self.name}")
        told = proceed() if self.delivered else b""
        return self.spoilt(told, deadline)

    def spoilt(self, told: bytes, deadline: Deadline) -> bytes:
        """Return what arrives in the answer's place, or raise."""
        raise NotImplementedError

    def _used_up(self, deadline: Deadline) -> DeadlinePassedError:
        self.stage.pass_time(max(0.0, deadline.remaining()))
        return DeadlinePassedError("deadline", f"{self.name}: no answer in the time allowed")


class Hang(Broken):
    """The connection is accepted and nothing ever comes."""

    name = "hang"

    def spoilt(self, told: bytes, deadline: Deadline) -> bytes:
        """Use the whole deadline up."""
        raise self._used_up(deadline)


class LostAnswer(Hang):
    """The request is carried out, its answer never comes."""

    name = "lost_answer"
    delivered = True


class Drip(Hang):
    """The answer comes a byte at a time and is not complete when the deadline passes."""

    name = "drip"
    delivered = True


class Refused(Broken):
    """Nobody listens."""

    name = "connection_refused"

    def spoilt(self, told: bytes, deadline: Deadline) -> bytes:
        """Fail at once."""
        raise TransientError("connect", "connection refused")


class Reset(Refused):
    """The request is carried out, then the connection breaks."""

    name = "connection_reset"
    delivered = True


class TooMany(Broken):
    """429, with a pause asked for."""

    name = "http_429"

    def spoilt(self, told: bytes, deadline: Deadline) -> bytes:
        """Ask for a pause."""
        raise TransientError("http_429", "too many requests", retry_after_s=7.0)


class ServerFailure(Broken):
    """500, 502, 503: perhaps after the request was carried out."""

    name = "http_5xx"
    delivered = True

    def spoilt(self, told: bytes, deadline: Deadline) -> bytes:
        """Fail as the edge says it."""
        raise TransientError("http_503", "service unavailable")


class Html(Broken):
    """A page of a proxy with status 200."""

    name = "html"

    def spoilt(self, told: bytes, deadline: Deadline) -> bytes:
        """Return a page."""
        return b"<html><body>502 Bad Gateway</body></html>"


class Truncated(Broken):
    """Half of the answer."""

    name = "truncated_json"
    delivered = True

    def spoilt(self, told: bytes, deadline: Deadline) -> bytes:
        """Return the first half."""
        return told[: len(told) // 2]


class Huge(Broken):
    """An answer past the cap of bytes, as the edge reports it."""

    name = "huge_answer"
    delivered = True

    def spoilt(self, told: bytes, deadline: Deadline) -> bytes:
        """Fail as the edge says it."""
        raise OutsideError("too_large", "the answer is longer than 5,000,000 bytes")


class Deep(Broken):
    """JSON nested beyond reason."""

    name = "deep_json"

    def spoilt(self, told: bytes, deadline: Deadline) -> bytes:
        """Return brackets."""
        return b"[" * 5_000 + b"]" * 5_000


class BadBytes(Broken):
    """Bytes that the edge itself refuses."""

    name = "bad_encoding"
    delivered = True

    def spoilt(self, told: bytes, deadline: Deadline) -> bytes:
        """Fail as the edge says it."""
        raise MalformedError("encoding", "the body is not what its headers say")


class Mangled(Broken):
    """An answer whose envelope is wrong."""

    delivered = True

    def spoilt(self, told: bytes, deadline: Deadline) -> bytes:
        """Return the answer, its envelopes changed."""
        try:
            plain = json.loads(told)
        except (ValueError, RecursionError):
            return told  # another fault was here before
        items = plain if isinstance(plain, list) else [plain]
        changed = self.changed(items)
        return json.dumps(changed if isinstance(plain, list) else changed[0]).encode()

    def changed(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the envelopes as they arrive."""
        raise NotImplementedError


class WrongId(Mangled):
    """The answer to somebody else's question."""

    name = "wrong_id"

    def changed(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Shift every id."""
        return [{**item, "id": (item.get("id") or 0) + 1_000} for item in items]


class Both(Mangled):
    """Result and error in one."""

    name = "result_and_error"

    def changed(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Give every answer both."""
        return [{**item, "result": "0x1", "error": {"code": -32000, "message": "both"}} for item in items]


class Shuffled(Mangled):
    """A batch answered in reverse order: allowed, so it must do no harm."""

    name = "out_of_order"

    def changed(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Turn the order round."""
        return items[::-1]


class Nulls(Mangled):
    """Null where a result is due: `not found` for everything."""

    name = "null_results"

    def changed(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Take every result away."""
        return [{"jsonrpc": "2.0", "id": item.get("id"), "result": None} for item in items]


class Limited(Mangled):
    """The node's own limit, said in the body."""

    name = "rpc_limit"

    def changed(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Refuse every call."""
        error = {"code": -32005, "message": "limit exceeded"}
        return [{"jsonrpc": "2.0", "id": item.get("id"), "error": error} for item in items]


class Down(Timed):
    """An endpoint that is gone for a while."""

    name = "endpoint_down"

    def exchange(
        self, endpoint: Endpoint, methods: Sequence[str], deadline: Deadline, proceed: Proceed
    ) -> bytes:
        """Refuse every connection."""
        if self.here(endpoint) and self.on():
            raise TransientError("connect", "connection refused")
        return proceed()


class Silent(Timed):
    """An endpoint that accepts connections and says nothing, for a while."""

    name = "endpoint_silent"
    lasts = (20, 60, 180)

    def exchange(
        self, endpoint: Endpoint, methods: Sequence[str], deadline: Deadline, proceed: Proceed
    ) -> bytes:
        """Use every deadline up."""
        if self.here(endpoint) and self.on():
            self.stage.pass_time(max(0.0, deadline.remaining()))
            raise DeadlinePassedError("deadline", "no answer in the time allowed")
        return proceed()
