"""A plan's calls tried out for whoever signs them: rehearsed whole, and judged as before a signature.

The hands that sign may be a Safe's owners or any wallet. Nonce, gas and fees are theirs; everything else
that the signing gate asks of a transaction is asked here of each call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mammon.chain.authorise import Order, watched
from mammon.chain.changed import agreed_changes
from mammon.chain.evidence import Evidence, Refusal, Rehearsal
from mammon.chain.onlooker import Onlooker
from mammon.chain.permit import judge_call
from mammon.chain.prepare import Prepared, prepared
from mammon.chain.purse import Pins
from mammon.chain.rehearse import rehearsed
from mammon.chain.simulate import SimulatedCall
from mammon.core import stops
from mammon.core.numbers import Units, Wei
from mammon.core.plan import Step
from mammon.core.ports import Deadline
from mammon.core.txstate import IntentKind
from mammon.core.types import Call, Market
from mammon.errors import OutsideError
from mammon.net.deadline import Deadline as Countdown

_BRINGING = ("withdraw", "claim")


@dataclass(frozen=True, slots=True)
class Leg:
    """One call, and the leg of a plan that it is meant to be."""

    step: Step
    market: Market
    call: Call
    shares: int = 0
    """The whole balance in the venue's own units, for a withdrawal of everything."""
    kind: IntentKind = "move"
    """What it is part of: other stops forbid a move than a way home."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of calls that were tried out on top of the head."""

    rehearsal: Rehearsal
    calls: tuple[SimulatedCall, ...]
    """Of the first call alone where the node could rehearse no more."""
    refusals: tuple[tuple[int, Refusal], ...]
    """Each with its leg, counted from 0."""

    @property
    def passed(self) -> bool:
        """Say whether nothing speaks against the calls."""
        return self.rehearsal.passed and not self.refusals


def tried(
    onlooker: Onlooker, pins: Pins, legs: Sequence[Leg], deadline: Deadline, at_least: int, *, whole: bool
) -> Tried:
    """Rehearse the calls one after the other and judge each; nothing is signed or sent.

    `at_least`: the block the plan was made at. `whole`: raise `OutsideError` when the node cannot
    rehearse all of them at once. Code that was never seen before is pinned when the rehearsal passed.
    Raises as `prepared` for what could not be read.
    """
    addresses = tuple(dict.fromkeys(each for leg in legs for each in watched(leg.market)))
    token = legs[0].market.token  # legs of one plan move one token
    ready = prepared(onlooker, [leg.call for leg in legs], addresses, deadline, at_least, token)
    verdict = rehearsed(onlooker, ready, [leg.step for leg in legs], [leg.step.amount for leg in legs])
    assert ready.simulated is not None
    calls = ready.simulated.calls
    if whole and len(calls) != len(legs):
        raise OutsideError(
            "simulation",
            "no endpoint can rehearse the calls together (eth_simulateV1)",
            "use an endpoint that can: --rpc-url",
        )
    if verdict.passed:
        pins.first_seen(tuple(ready.code.values()))
    return Tried(verdict, calls, tuple(_refusals(onlooker, pins, legs, ready, verdict)))


def _refusals(
    onlooker: Onlooker, pins: Pins, legs: Sequence[Leg], ready: Prepared, verdict: Rehearsal
) -> Iterator[tuple[int, Refusal]]:
    leaving = [leg.step.amount for leg in legs if leg.step.action == "withdraw"]
    there = Units(sum(leaving)) if leaving else ready.idle
    in_force = onlooker.stops()
    # What a failed rehearsal did not get to pin is not also told as unpinned.
    pinned = {**ready.code, **pins.known(tuple(ready.code))}
    for place, leg in enumerate(legs):
        step = leg.step
        order = Order(leg.kind, step.action, leg.market, leg.call, step.amount)
        home = onlooker.leaving and order.act == "exit_home"
        soon = Countdown(onlooker.patience.request_s, onlooker.clock.monotonic)
        taken = agreed_changes(onlooker, leg.market, pinned, ready.code, soon) if home else ()
        evidence = Evidence(
            chain_id=onlooker.rpc.chain_id,
            owner=onlooker.owner,
            nonce=0,
            action=step.action,
            market=leg.market,
            at_most=step.amount if step.action in _BRINGING else Units(min(step.amount, there)),
            everything=step.everything,
            shares=leg.shares,
            pins=pinned,
            code=ready.code,
            fee_ceiling=Wei(0),
            data_fee=Wei(0),
            day_left=Wei(0),
            rehearsal=verdict,
            head=ready.block.number,
            stops=tuple(name for name in in_force if stops.allowed((name,), order.act) != "yes"),
            forbidden="",
            now=ready.block.timestamp,
            accepted=taken,
        )
        for refusal in judge_call(leg.call, evidence):
            yield place, refusal
