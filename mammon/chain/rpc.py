"""JSON-RPC over several endpoints: one batch, one deadline, whichever endpoint can answer it.

The first healthy endpoint in the configured order is asked; when it fails, the next one, inside the
same deadline, each with its share of what is left. An endpoint that failed is passed over for a
minute while another one works, and after three failures it is not asked at all unless nothing else
is left. What rests is told (`Rpc.resting`), so that the next process need not find out again. Only
when every endpoint failed in a way that may pass does the retry policy begin another pass. The
chain's id is asked in an endpoint's first batch, so that it costs no request of its own.

Every call made here may reach a node more than once: reads, and raw transactions whose hash makes
them the same transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

from mammon.chain import jsonrpc
from mammon.chain.jsonrpc import Request, Result, RpcFailure
from mammon.core.ports import Clock, Deadline, Transport
from mammon.errors import DeadlinePassedError, MalformedError, MammonError, OutsideError, TransientError
from mammon.net.deadline import Slice
from mammon.net.ratelimit import TokenBucket
from mammon.net.retry import chance, retried

PATIENCE_S = 1.5
"""How long one endpoint may keep silent while others have not been asked."""
REQUEST_S = 5.0
"""How long any one exchange may take."""
OPEN_AFTER = 3
OPEN_S = 60.0
OPEN_CAP_S = 1_800.0
"""The rest doubles with every further failure, up to this."""
BURST_CALLS = 20.0

_OWN_LIMIT = "own_rate_limit"
_NO_BATCH = frozenset({"http_400", "http_405", "http_413", "http_415", "http_422", "http_501"})

Accept = Callable[[list[Result]], None]
"""Judges an endpoint's results; raises `OutsideError` or `MalformedError` to try another endpoint."""


class Endpoint:
    """One transport and what is known about it."""

    def __init__(self, transport: Transport, bucket: TokenBucket | None) -> None:
        self.transport = transport
        self.bucket = bucket
        self.on_chain = False
        """Its chain id has been seen to be the right one."""
        self.batches: bool | None = None
        """Whether it takes batches; None until one was tried."""
        self.failures = 0
        """In a row."""
        self.resting_until = float("-inf")
        self.barred_until = float("-inf")
        """It asked for a pause until then (`Retry-After`)."""

    def rank(self, now: float) -> int:
        """Return 0 for an endpoint to ask first, 1 for one that failed lately, 2 for an open circuit."""
        if now >= self.resting_until:
            return 0
        return 2 if self.failures >= OPEN_AFTER else 1

    def failed(self, now: float, error: MammonError) -> None:
        """Record a failure of the endpoint; our own rate limit is none."""
        if error.code == _OWN_LIMIT:
            return
        if error.code == "wrong_chain":
            self.failures = max(self.failures, OPEN_AFTER - 1)
            self.on_chain = False
        self.failures += 1
        longer = 2.0 ** min(max(0, self.failures - OPEN_AFTER), 8)
        self.resting_until = now + min(OPEN_S * longer, OPEN_CAP_S)
        if isinstance(error, TransientError) and error.retry_after_s > 0:
            self.barred_until = now + error.retry_after_s

    def worked(self) -> None:
        """Record an answer."""
        self.failures = 0
        self.resting_until = float("-inf")


class Rpc:
    """Ask the endpoints of one chain. Threads may share it."""

    def __init__(
        self,
        transports: Sequence[Transport],
        chain_id: int,
        *,
        clock: Clock,
        jitter: Callable[[], float] = chance,
        calls_per_s: float | None = None,
        patience_s: float = PATIENCE_S,
        request_s: float = REQUEST_S,
        attempts: int = 3,
        resting: Mapping[str, float] | None = None,
    ) -> None:
        """Ask nobody yet. `resting`: the seconds that endpoints, by name, still rest as `resting()` told."""
        if not transports:
            raise ValueError("at least one transport")
        self.endpoints = tuple(
            Endpoint(
                transport, TokenBucket(calls_per_s, BURST_CALLS, clock.monotonic) if calls_per_s else None
            )
            for transport in transports
        )
        if resting:
            for endpoint in self.endpoints:
                endpoint.resting_until = clock.monotonic() + resting.get(endpoint.transport.name, 0.0)
        self.chain_id = chain_id
        self.clock = clock
        self._jitter = jitter
        self._patience_s = patience_s
        self._request_s = request_s
        self._attempts = attempts
        self._next_id = 1
        self._last: Endpoint | None = None
        self._lock = threading.Lock()
        self.requests = 0
        """Exchanges begun so far, failed ones included."""

    def batch(
        self,
        calls: Sequence[Request],
        deadline: Deadline,
        *,
        accept: Accept | None = None,
        splittable: bool = False,
    ) -> list[Result]:
        """Return the results of one endpoint for all calls, in order; a node's error is an `RpcFailure`.

        `accept` may refuse an endpoint's results. With `splittable` an answer past the byte cap is
        raised at once (`too_large`): the caller will ask for less. Raises `OutsideError`,
        `MalformedError` or `DeadlinePassedError` when no endpoint could answer.
        """
        if not calls:
            return []
        return retried(
            lambda: self._pass(calls, deadline, accept, splittable),
            deadline,
            attempts=self._attempts,
            sleep=self.clock.sleep,
            jitter=self._jitter,
        )

    def each(self, calls: Sequence[Request], deadline: Deadline) -> dict[str, list[Result] | MammonError]:
        """Ask every endpoint once, one after the other; return results or the failure by endpoint name."""
        found: dict[str, list[Result] | MammonError] = {}
        for left, endpoint in _countdown(self.endpoints):
            name = endpoint.transport.name
            pause_s = endpoint.barred_until - self.clock.monotonic()
            if pause_s > 0:
                found[name] = TransientError(
                    "rate_limited", f"{name} asked for a pause, {pause_s:.0f} s more"
                )
                continue
            try:
                share = self._share(deadline, left)
            except DeadlinePassedError as error:
                found[name] = error
                continue
            try:
                found[name] = self._ask(endpoint, calls, share)
                endpoint.worked()
            except (OutsideError, MalformedError) as error:
                endpoint.failed(self.clock.monotonic(), error)
                found[name] = error
        return found

    def distrust(self, why: str) -> None:
        """Ask the endpoint that answered last after the others, for a minute: what it said cannot be."""
        if self._last is not None:
            self._last.failed(self.clock.monotonic(), OutsideError("distrusted", why))

    def resting(self) -> dict[str, float]:
        """Return for how many seconds each endpoint that failed lately is still passed over, by name."""
        now = self.clock.monotonic()
        left = {
            each.transport.name: max(each.resting_until, each.barred_until) - now for each in self.endpoints
        }
        return {name: seconds for name, seconds in left.items() if seconds > 0}

    def _pass(
        self, calls: Sequence[Request], deadline: Deadline, accept: Accept | None, splittable: bool
    ) -> list[Result]:
        failures: list[tuple[Endpoint, OutsideError | MalformedError]] = []
        for left, endpoint in _countdown(self._order()):
            share = self._share(deadline, left)
            try:
                results = self._ask(endpoint, calls, share)
                if accept is not None:
                    accept(results)
            except (OutsideError, MalformedError) as error:
                if splittable and error.code == "too_large":
                    raise
                endpoint.failed(self.clock.monotonic(), error)
                failures.append((endpoint, error))
                if deadline.remaining() <= 0:
                    break
            else:
                endpoint.worked()
                self._last = endpoint
                return results
        raise _together(failures, deadline)

    def _order(self) -> list[Endpoint]:
        now = self.clock.monotonic()
        free = [endpoint for endpoint in self.endpoints if now >= endpoint.barred_until]
        if not free:
            wait_s = min(endpoint.barred_until for endpoint in self.endpoints) - now
            raise TransientError(
                "rate_limited", f"every endpoint asked for a pause, {wait_s:.0f} s more", retry_after_s=wait_s
            )
        ranked = sorted(free, key=lambda endpoint: endpoint.rank(now))
        return [endpoint for endpoint in ranked if endpoint.rank(now) < 2] or ranked

    def _share(self, deadline: Deadline, left: int) -> Slice:
        remaining = deadline.require("asking the chain")
        share = self._request_s if left == 1 else min(self._patience_s, remaining / left)
        return Slice(deadline, share)

    def _ask(self, endpoint: Endpoint, calls: Sequence[Request], deadline: Deadline) -> list[Result]:
        if endpoint.on_chain:
            return self._answers(endpoint, calls, deadline)
        results = self._answers(endpoint, [*calls, ("eth_chainId", ())], deadline)
        answer = results.pop()
        if isinstance(answer, RpcFailure):
            raise OutsideError("rpc", f"{endpoint.transport.name} does not tell its chain: {answer.message}")
        found = jsonrpc.quantity(answer, "chain id")
        if found != self.chain_id:
            raise OutsideError(
                "wrong_chain",
                f"{endpoint.transport.name} serves chain {found}, not {self.chain_id}",
                "correct the endpoint's URL",
            )
        endpoint.on_chain = True
        return results

    def _answers(self, endpoint: Endpoint, calls: Sequence[Request], deadline: Deadline) -> list[Result]:
        if len(calls) == 1 or endpoint.batches is False:
            return self._singles(endpoint, calls, deadline)
        try:
            results = self._exchange(endpoint, calls, deadline)
        except OutsideError as error:
            if error.code not in _NO_BATCH:
                raise
            results = RpcFailure(0, error.message)
        if isinstance(results, RpcFailure):
            if endpoint.batches:
                raise OutsideError("rpc", f"the endpoint refused the batch: {results.message}")
            results = self._singles(endpoint, calls, deadline)
            endpoint.batches = False
            return results
        endpoint.batches = True
        return results

    def _singles(self, endpoint: Endpoint, calls: Sequence[Request], deadline: Deadline) -> list[Result]:
        results: list[Result] = []
        for call in calls:
            answer = self._exchange(endpoint, [call], deadline)
            results.extend([answer] if isinstance(answer, RpcFailure) else answer)
        return results

    def _exchange(
        self, endpoint: Endpoint, calls: Sequence[Request], deadline: Deadline
    ) -> list[Result] | RpcFailure:
        self._wait_turn(endpoint, len(calls), deadline)
        with self._lock:
            self.requests += 1
            first_id, self._next_id = self._next_id, self._next_id + len(calls)
        body = endpoint.transport.exchange(jsonrpc.written(first_id, calls), deadline)
        return jsonrpc.read(body, first_id, len(calls))

    def _wait_turn(self, endpoint: Endpoint, calls: int, deadline: Deadline) -> None:
        if endpoint.bucket is None:
            return
        wait_s = endpoint.bucket.take(calls, deadline.remaining())
        if wait_s is None:
            raise TransientError(_OWN_LIMIT, "our own rate limit is reached")
        if wait_s > 0:
            self.clock.sleep(wait_s)


def _countdown(endpoints: Sequence[Endpoint]) -> Iterator[tuple[int, Endpoint]]:
    return zip(range(len(endpoints), 0, -1), endpoints, strict=True)


def _together(
    failures: Sequence[tuple[Endpoint, OutsideError | MalformedError]], deadline: Deadline
) -> OutsideError | MalformedError:
    """Return the one error that stands for all: the deadline, a failure that may pass, or the first."""
    told = _told(failures)
    if deadline.remaining() <= 0:
        return DeadlinePassedError("deadline", f"no endpoint answered in the time allowed ({told})")
    transient = [error for _, error in failures if isinstance(error, TransientError | DeadlinePassedError)]
    if transient:
        wait_s = min(error.retry_after_s if isinstance(error, TransientError) else 0.0 for error in transient)
        return TransientError(transient[0].code, told, transient[0].hint, retry_after_s=wait_s)
    first = failures[0][1]
    return type(first)(first.code, told, first.hint)


def _told(failures: Sequence[tuple[Endpoint, MammonError]]) -> str:
    """Name the endpoints that failed; what several of them failed of is said once."""
    named: dict[str, list[str]] = {}
    for endpoint, error in failures:
        named.setdefault(error.message, []).append(endpoint.transport.name)
    return "; ".join(f"{', '.join(names)}: {message}" for message, names in named.items())
