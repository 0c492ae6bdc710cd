"""The reader: drives every adapter's generator, all at one block, with as few requests as can be.

One request opens a round: a batch of the latest header, the fee history and an aggregate of every
call wanted so far, each distinct call once. Further rounds, and what did not fit the first aggregate,
are pinned to that block. What fails is narrowed down until the culprit stands alone: an aggregate
that fails is halved, a silent failure is asked for by itself. One read's failure is its own
`Unread`; only a head that cannot be read at all is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from mammon.chain import aggregate, head, proxies
from mammon.chain.aggregate import Answer, Key
from mammon.chain.drive import Drive
from mammon.chain.jsonrpc import Result, RpcFailure
from mammon.chain.rpc import Rpc
from mammon.core.numbers import Wei
from mammon.core.ports import Deadline
from mammon.core.types import Address, Block, CallFailed, Hash32, Read, Unread
from mammon.errors import MalformedError, MammonError, OutsideError, TransientError

T = TypeVar("T")
U = TypeVar("U")
Found = dict[Key, Answer | MammonError]

MAX_AGE_S = 30
CHUNK = 500
PARALLEL = 10
_AGGREGATE = "aggregate"
_ALONE_AT_ONCE = 32
_HALVES_CAP = 64
"""Groups under way at once while a failed aggregate is halved; past it the node itself is at fault."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one reading brought: one block, and a value or `Unread` for each read."""

    block: Block
    next_base_fee: Wei | Unread
    tip: Wei | Unread
    """Per gas: the median of the last five blocks' median priority fees."""
    values: dict[str, Any]
    requests: int
    """HTTP requests it took, failed ones included."""
    age_s: int
    """How old the block was when it arrived: above `max_age_s` no endpoint had a fresh one."""
    implementations: Mapping[Address, Hash32]
    """What stands in the implementation slot of each contract that is watched, as far as it was told."""


@dataclass(frozen=True, slots=True)
class _Opening:
    block: Block
    fees: head.NextFees | Unread
    answers: dict[Key, Answer] | None
    """None: the aggregate failed as a whole."""
    lowest: int
    """The lower of the blocks that header and aggregate are of."""
    agreed: bool
    implementations: Mapping[Address, Hash32]


class Reader:
    """Read through one `Rpc`. `parallel=1` asks in a fixed order, one request at a time.

    `watched`: contracts of which each reading also asks, in its first request, what code they run.
    """

    def __init__(
        self,
        rpc: Rpc,
        chain_id: int,
        multicall3: Address,
        *,
        max_age_s: int = MAX_AGE_S,
        chunk: int = CHUNK,
        parallel: int = PARALLEL,
        watched: Callable[[], Sequence[Address]] = tuple,
    ) -> None:
        self._rpc = rpc
        self._chain_id = chain_id
        self._multicall = multicall3
        self._max_age_s = max_age_s
        self._chunk = chunk
        self._parallel = parallel
        self._watched = watched
        self._silent: set[Key] = set()
        """Calls seen to fail silently when asked for alone."""

    def read(
        self, reads: Mapping[str, Read[Any]], deadline: Deadline, *, at_least: int = 0, at: int | None = None
    ) -> Round:
        """Drive all reads to their values at one block, no lower than `at_least`; `at`: at that very one.

        Raises `OutsideError`, `MalformedError` or `DeadlinePassedError` only when no head could be
        read; afterwards whatever is missing is `Unread` under its own name.
        """
        before = self._rpc.requests
        drives = [Drive(name, read) for name, read in reads.items()]
        wanted = _wanted(drives)
        first = list(wanted)[: self._chunk]
        opening = self._opened(first, deadline, at_least, at)
        found: Found = {}
        if opening.answers is not None:
            found.update(self._cleared(opening.answers, wanted, opening.block, deadline))
        # When the first aggregate failed as a whole, its halves are asked for, not itself again.
        size = self._chunk if opening.answers else -(-len(first) // 2)
        while wanted:
            missing = [key for key in wanted if key not in found]
            groups = [missing[start : start + size] for start in range(0, len(missing), size)]
            found.update(self._fetched(groups, wanted, opening.block, deadline))
            size = self._chunk
            for drive in drives:
                drive.advance(found)
            wanted = _wanted(drives)
        fees = opening.fees
        return Round(
            block=opening.block,
            next_base_fee=fees if isinstance(fees, Unread) else fees.next_base_fee,
            tip=fees if isinstance(fees, Unread) else fees.tip,
            values={drive.name: drive.value for drive in drives},
            requests=self._rpc.requests - before,
            age_s=self._rpc.clock.now() - opening.block.timestamp,
            implementations=opening.implementations,
        )

    # --- the head --------------------------------------------------------------------------------

    def _opened(self, keys: Sequence[Key], deadline: Deadline, at_least: int, pin: int | None) -> _Opening:
        """Ask for head and calls; once more, pinned, when the answers are of different blocks."""
        tag = "latest" if pin is None else hex(pin)
        watched = tuple(self._watched())
        fresh: list[_Opening] = []
        stale: list[_Opening] = []

        def accept(results: list[Result]) -> None:
            opening = self._opening(results, keys, pin is not None, watched)
            if pin is not None and not opening.agreed:
                raise OutsideError("inconsistent", "the endpoint answers from different blocks")
            if opening.block.number < at_least:
                raise TransientError("behind", f"the endpoint has not reached block {at_least}")
            head.require_past(opening.block, self._rpc.clock.now())
            age_s = self._rpc.clock.now() - opening.block.timestamp
            if pin is None and age_s > self._max_age_s:
                stale.append(opening)
                raise OutsideError("stale_head", f"the newest block is {age_s} s old")
            fresh.append(opening)

        requests = [*head.requests(tag), aggregate.request(self._multicall, keys, tag)]
        requests += proxies.requests(watched, tag)
        try:
            self._rpc.batch(requests, deadline, accept=accept, splittable=bool(keys))
        except (OutsideError, MalformedError) as error:
            if error.code == "too_large" and keys:
                return self._opened((), deadline, at_least, pin)
            if not stale:
                raise
        opening = fresh[0] if fresh else max(stale, key=lambda one: one.block.number)
        return opening if opening.agreed else self._opened(keys, deadline, at_least, opening.lowest)

    def _opening(
        self, results: Sequence[Result], keys: Sequence[Key], pinned: bool, watched: Sequence[Address]
    ) -> _Opening:
        block, fees = head.header(results[0]), head.next_fees(results[1])
        lowest, agreed = block.number, True
        answers: dict[Key, Answer] | None = None
        if isinstance(results[2], RpcFailure):
            if not keys:
                raise OutsideError("multicall", f"Multicall3 cannot be called: {results[2].message}")
        else:
            seen, answers = aggregate.read(results[2], keys)
            self._check_chain(seen)
            lowest, agreed = min(lowest, seen.number), seen.is_of(block)
        if isinstance(fees, head.NextFees) and fees.number != block.number:
            if pinned:  # it had its second chance, and markets can be read without it
                fees = Unread("fees", "fee_history", "of another block")
            else:
                agreed = False
        implementations = proxies.words(watched, results[3:])
        return _Opening(block, fees, answers, lowest, agreed, implementations)

    def _check_chain(self, seen: head.Sighting) -> None:
        if seen.chain_id != self._chain_id:
            raise OutsideError(
                "wrong_chain", f"the endpoint serves chain {seen.chain_id}, not {self._chain_id}"
            )

    # --- calls at a block ------------------------------------------------------------------------

    def _fetched(
        self, groups: list[list[Key]], wanted: Mapping[Key, bool], block: Block, deadline: Deadline
    ) -> Found:
        """Ask for the groups of calls at the block; halve what fails until the culprit is alone."""
        found: Found = {}
        halving = False
        while groups:
            halves: list[list[Key]] = []
            outcomes = self._side_by_side(lambda group: self._asked([group], block, deadline)[0], groups)
            for group, outcome in zip(groups, outcomes, strict=True):
                if isinstance(outcome, dict):
                    found.update(self._cleared(outcome, wanted, block, deadline))
                elif outcome.code == _AGGREGATE and len(group) > 1:
                    halves += [group[: len(group) // 2], group[len(group) // 2 :]]
                else:
                    found.update(dict.fromkeys(group, _alone(outcome)))
            if halves and (fault := self._fault(len(halves), halving, block, deadline)):
                return found | {key: fault for half in halves for key in half}
            groups, halving = halves, True
        return found

    def _fault(self, halves: int, halving: bool, block: Block, deadline: Deadline) -> MammonError | None:
        """Return why halving cannot help: aggregates fail without any call in them, or nearly all do."""
        if halves > _HALVES_CAP:
            return OutsideError(_AGGREGATE, "too many calls fail to tell which")
        if halving:
            return None
        outcome = self._asked([[]], block, deadline)[0]
        return None if isinstance(outcome, dict) else outcome

    def _cleared(
        self, answers: Mapping[Key, Answer], wanted: Mapping[Key, bool], block: Block, deadline: Deadline
    ) -> Found:
        """Return the answers, those in doubt asked for again: each silent failure by itself."""
        found: Found = dict(answers)
        required = {key for key in answers if wanted[key]}
        silent, behind = aggregate.doubtful(answers, required, self._silent)
        groups = [[key] for key in silent]
        if behind:
            groups.insert(0, behind)
        for start in range(0, len(groups), _ALONE_AT_ONCE):
            batch = groups[start : start + _ALONE_AT_ONCE]
            for group, outcome in zip(batch, self._asked(batch, block, deadline), strict=True):
                again = outcome if isinstance(outcome, dict) else dict.fromkeys(group, _alone(outcome))
                found.update(again)
                self._silent.update(key for key, answer in again.items() if answer is aggregate.SILENT)
        return found

    def _asked(
        self, groups: Sequence[Sequence[Key]], block: Block, deadline: Deadline
    ) -> list[dict[Key, Answer] | MammonError]:
        """Ask for each group in an aggregate of its own, all in one request pinned to the block.

        An error with code `aggregate` is the calls' fault; any other, the endpoints'.
        """
        outcomes: list[dict[Key, Answer] | MammonError] = []

        def accept(results: list[Result]) -> None:
            outcomes[:] = [self._outcome(*pair, block) for pair in zip(results, groups, strict=True)]

        requests = [aggregate.request(self._multicall, group, hex(block.number)) for group in groups]
        try:
            self._rpc.batch(requests, deadline, accept=accept, splittable=any(groups))
        except (OutsideError, MalformedError) as error:
            fault = OutsideError(_AGGREGATE, error.message) if error.code == "too_large" else error
            return [fault] * len(groups)
        return outcomes

    def _outcome(self, result: Result, keys: Sequence[Key], block: Block) -> dict[Key, Answer] | MammonError:
        if isinstance(result, RpcFailure):
            if keys:
                return OutsideError(_AGGREGATE, result.message)
            raise OutsideError("multicall", f"Multicall3 cannot be called: {result.message}")
        seen, answers = aggregate.read(result, keys)
        self._check_chain(seen)
        if not seen.is_of(block):
            raise OutsideError("inconsistent", f"the endpoint answers from another block than {block.number}")
        return answers

    def _side_by_side(self, work: Callable[[T], U], items: Sequence[T]) -> list[U]:
        if len(items) < 2 or self._parallel < 2:
            return [work(item) for item in items]
        from concurrent.futures import ThreadPoolExecutor  # only large reads pay for the import

        with ThreadPoolExecutor(min(len(items), self._parallel)) as pool:
            return list(pool.map(work, items))


def _wanted(drives: Sequence[Drive]) -> dict[Key, bool]:
    """Return the distinct calls waited for, in order; True where any read cannot do without it."""
    wanted: dict[Key, bool] = {}
    for drive in drives:
        for call in drive.calls:
            key = (call.target, call.data)
            wanted[key] = wanted.get(key, False) or not call.optional
    return wanted


def _alone(error: MammonError) -> Answer | MammonError:
    """Return what a call that fails by itself comes to: its own failure, unless nobody could be asked."""
    return CallFailed(error.code, error.message) if error.code == _AGGREGATE else error
