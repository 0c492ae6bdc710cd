"""`mammon state correct`: accept a contract's new code, or go on from what the account holds now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from mammon.chain.code import fingerprint
from mammon.chain.evidence import Pin
from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, CONSENT, WORLD, command
from mammon.cli.reasons import reasoned
from mammon.cli.wiring import Place, opened
from mammon.core.address import parse_address
from mammon.core.flows import Mark
from mammon.errors import MammonError, UsageError


@dataclass(frozen=True, slots=True)
class CorrectionData:
    """What was corrected, from what to what."""

    what: str
    """`pin` or `mark`."""
    before: str | None
    after: str
    changed: bool
    reason: str


@command(BASE, WORLD, CONSENT)
def state_correct(
    call: Invocation,
    pin: Annotated[
        str | None, typer.Option("--pin", metavar="ADDRESS", help="Accept the code this contract has now.")
    ] = None,
    mark: Annotated[
        bool, typer.Option("--mark", help="Go on from what the account holds now, unexplained.")
    ] = False,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="What you found; kept for good.")
    ] = None,
) -> None:
    """Correct what the state rests on, after a person has looked. Lifts no stop.

    --yes takes a --reason with it; at a terminal you are asked for both. The audit log keeps it.
    """
    if (pin is not None) == mark:
        raise UsageError("usage", "correct one thing", "give --pin ADDRESS or --mark")
    with opened(call, holdings=True, correcting=True) as place:
        if place.owner is None or place.world.executor is not None:
            raise UsageError("no_transactions", "a paper book makes no transactions", "use --mode live")
        data = _marked(call, place, reason) if pin is None else _pinned(call, place, pin, reason)
        call.result("correction", data, lambda: _shown(data), acted=data.changed)


def _pinned(call: Invocation, place: Place, text: str, reason: str | None) -> CorrectionData:
    try:
        address = parse_address(text)
    except MammonError as error:
        raise UsageError("bad_value", "--pin takes an address", "see `mammon scan --json`") from error
    known = place.store.pins.known(address)
    if known is None:
        raise UsageError("unpinned", f"{address} was never seen here", "its first sight is pinned by itself")
    before = Pin(address, *known)
    after = fingerprint(place.rpc, address, place.deadline())
    if after == before:
        return CorrectionData("pin", _code(before), _code(after), False, "")
    question = f"The code of {address} was {_code(before)} and is {_code(after)}. Accept it?"
    why = reasoned(call, question, reason)
    with place.store.transaction():
        place.store.pins.accept(address, after.code, after.implementation, why)
    return CorrectionData("pin", _code(before), _code(after), True, why)


def _marked(call: Invocation, place: Place, reason: str | None) -> CorrectionData:
    now = place.settled_mark(place.world.observe().snapshot.block)
    before = place.store.flows.mark()
    question = f"The books say {_held(before)}, the chain says {_held(now)}. Go on from the chain?"
    why = reasoned(call, question, reason)
    with place.store.transaction():
        place.store.flows.correct(now, why)
    place.store.forget_restored()
    return CorrectionData("mark", _held(before) if before else None, _held(now), True, why)


def _code(pin: Pin) -> str:
    return f"{pin.code} (implementation {pin.implementation})"


def _held(mark: Mark | None) -> str:
    if mark is None:
        return "nothing"
    held = ", ".join(f"{one.shares} shares in {one.slug}" for one in mark.holdings if one.shares)
    return f"{mark.idle} idle{', ' + held if held else ''} at block {mark.block}"


def _shown(data: CorrectionData) -> Iterator[str]:
    yield f"{data.what} was: {data.before or 'nothing'}"
    yield f"{data.what} is: {data.after}"
    if data.changed:
        yield "stops are lifted by `mammon resume`"
    else:
        yield "nothing changed: nothing to correct"
