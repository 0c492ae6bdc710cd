"""Probes of `mammon doctor`: each endpoint asked for its chain and its head, each source for its figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mammon.chain import jsonrpc
from mammon.cli.doctor import Check
from mammon.cli.invocation import Invocation
from mammon.cli.parts import ASSET
from mammon.cli.worlds import chain_file
from mammon.core.witnesses import Heard
from mammon.errors import MammonError, OutsideError
from mammon.net.deadline import Deadline
from mammon.net.http import HttpTransport
from mammon.net.redact import redacted
from mammon.protocols.chains import ChainFile

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
    yield from sources(call, known)


def sources(call: Invocation, known: ChainFile) -> Iterator[Check]:
    """Ask every outside source once for all it knows; a silent one is a warning."""
    from mammon.cli.sources import asking, questions_of

    settings, now = call.settings.sources, call.process.clock.now
    asked = questions_of(settings, known.token(ASSET), known.markets, known.pegs)
    heard = asking(settings, asked, now).heard() if asked else ()
    for name in settings.names:
        found = [one for one in heard if one.source == name]
        yield _source(f"source {name}", found, now())


def _source(name: str, heard: Sequence[Heard], now: int) -> Check:
    if not heard:
        return Check(name, "ok", "knows nothing of this chain and is not asked")
    silent = [one for one in heard if one.value is None]
    oldest_s = max((max(0, now - one.at) for one in heard if one.value is not None), default=0)
    told = f"{len(heard) - len(silent)} of {len(heard)} figures"
    if silent:
        why = f"{told}; {silent[0].subject}: {silent[0].reason} ({silent[0].code})"
        return Check(name, "warn", why, "its figures are told as unread; sources.names says who is asked")
    return Check(name, "ok", f"{told}, the oldest {oldest_s} s old")


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
