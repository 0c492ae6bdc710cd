"""Probes of `mammon doctor`: each endpoint asked for its chain and the age of its head."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mammon.chain import jsonrpc
from mammon.cli.doctor import Check
from mammon.cli.invocation import Invocation
from mammon.cli.worlds import chain_file
from mammon.errors import MammonError, OutsideError
from mammon.net.deadline import Deadline
from mammon.net.http import HttpTransport
from mammon.net.redact import redacted

_AHEAD_S = 5
"""What a head may lie in the future by clocks that differ a little."""


def endpoints(call: Invocation) -> Iterator[Check]:
    """Probe every endpoint in use, one after the other, each within the time of one request."""
    settings = call.settings
    try:
        known = chain_file(call)
    except MammonError as error:
        yield Check("chain file", "fail", str(error), error.hint or "mend the chain file")
        return
    yield Check("chain", "ok", f"{known.name}, id {known.chain_id}, {len(known.markets)} markets")
    for url in settings.rpc.urls or known.rpc:
        yield endpoint(call, url, known.chain_id)


def endpoint(call: Invocation, url: str, chain_id: int) -> Check:
    """Ask one endpoint for its chain id and its newest block."""
    name, rpc = f"endpoint {redacted(url)}", call.settings.rpc
    try:
        found, timestamp = _facts(url, Deadline(rpc.request_timeout_s))
    except MammonError as error:
        return Check(name, "fail", str(error), "check the network and the URL", outside=True)
    age_s = call.process.clock.now() - timestamp
    if found != chain_id:
        return Check(name, "fail", f"serves chain {found}, not {chain_id}", "take it out of rpc.urls")
    if age_s > rpc.max_head_age_s:
        return Check(name, "fail", f"its head is {age_s} s old", "use another", outside=True)
    if age_s < -_AHEAD_S:
        return Check(name, "warn", f"its head is {-age_s} s ahead of this clock", "set the clock (NTP)")
    return Check(name, "ok", f"chain {chain_id}, head {age_s} s old")


def _facts(url: str, deadline: Deadline) -> tuple[int, int]:
    transport = HttpTransport(url)
    try:
        chain_id = _asked(transport, deadline, "eth_chainId", [])
        head = _asked(transport, deadline, "eth_getBlockByNumber", ["latest", False])
    finally:
        transport.close()
    timestamp = head.get("timestamp") if isinstance(head, dict) else None
    return jsonrpc.quantity(chain_id, "chain id", 64), jsonrpc.quantity(timestamp, "timestamp", 64)


def _asked(transport: HttpTransport, deadline: Deadline, method: str, parameters: list[Any]) -> Any:
    answer = jsonrpc.read(transport.exchange(jsonrpc.written(1, [(method, parameters)]), deadline), 1, 1)
    if isinstance(answer, jsonrpc.RpcFailure):
        raise OutsideError("rpc", f"{method}: {answer.message}")
    return answer[0]
