"""Bad answers on the money path: nothing is signed on them that would not be signed without them.

The whole path runs over a simulated chain up to its first signature. What one method answers, or all of
them, is spoilt at every endpoint from the first exchange on, for good.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from mammon.core.ports import Deadline
from mammon.core.transaction import Unsigned
from mammon.errors import MammonError
from mammon.sim.faults.fault import Fault
from mammon.sim.faults.stage import Endpoint
from tests.reliability import setting
from tests.reliability.bad_forms import Outcome, WrongError, refused
from tests.reliability.bad_spoils import MALFORMED
from tests.reliability.schedule import Schedule
from tests.reliability.world import World, quick_hashes

METHODS = (
    "",
    "eth_getTransactionCount",
    "eth_getBlockByNumber",
    "eth_simulateV1",
    "eth_call",
    "eth_getCode",
    "eth_getStorageAt",
    "eth_feeHistory",
    "eth_getBalance",
    "eth_chainId",
)
"""Whose answers are bad; empty: whichever the form hits."""


class SignedError(BaseException):
    """End the run at its first signature."""


class BadAnswers(Fault):
    """Spoil what an endpoint says, always."""

    name = "bad_answers"

    def __init__(self, draw: Random) -> None:
        super().__init__(draw)
        self.method = draw.choice(METHODS)
        self.form, self._spoil = draw.choice(MALFORMED)(draw)

    def exchange(
        self,
        endpoint: Endpoint,
        methods: Sequence[str],
        deadline: Deadline,
        proceed: Callable[[], bytes],
    ) -> bytes:
        """Return the answer, spoilt when it is one of the method's."""
        told = proceed()
        if self.method not in ("", *methods):
            return told
        items = json.loads(told)
        many = items if isinstance(items, list) else [items]
        if not self.method or len(many) == 1:
            return self._spoil(many)
        # Only what this method says: its items alone go through the form, the others stay.
        at = methods.index(self.method)
        try:
            alone = json.loads(self._spoil([many[at]]))
        except (ValueError, RecursionError):
            return self._spoil(many)
        return json.dumps(
            [*many[:at], *(alone if isinstance(alone, list) else [alone]), *many[at + 1 :]]
        ).encode()


def signatures(draw: Random) -> Outcome:
    """Let the money path run on bad answers; hold its first signature against that of a sound run."""
    fault = BadAnswers(draw)
    world = draw.randrange(8)
    found, ended = _first(world, draw.choice((1, 2)), (fault,))
    form = f"{fault.method or 'all'}: {fault.form}"
    if found is None:
        return form, ended
    if _told(found) != _told(_sound(world)):
        raise WrongError(f"{form}: something else was signed: {found}")
    return form, "right"


_KNOWN: dict[int, Unsigned] = {}


def _sound(world: int) -> Unsigned:
    if world not in _KNOWN:
        found = _first(world, 1, ())[0]
        assert found is not None
        _KNOWN[world] = found
    return _KNOWN[world]


def _told(unsigned: Unsigned) -> Any:
    """Return what a transaction does; what it may cost depends on when it is signed."""
    return dataclasses.replace(unsigned, tip=0, max_fee=0, gas=0)


def _first(world: int, endpoints: int, faults: Sequence[Fault]) -> tuple[Unsigned | None, str]:
    """Run one process up to its first signature; return that, or None and how it ended."""
    schedule = Schedule(
        seed=world,
        world=world,
        source="idle",
        target="aave-v3",
        part=False,
        idle_percent=0,
        endpoints=endpoints,
        poll_s=12.0,
        stays_out=False,
        stored=False,
        pause_s=2.0,
    )
    with quick_hashes():
        run = World(schedule)
        signed: list[Unsigned] = []

        def stop(unsigned: Unsigned) -> bytes:
            signed.append(unsigned)
            raise SignedError

        run.stage.watch = lambda _: None
        setting.fund(run)
        run.stage.play(faults)
        purse = run.purse
        stopping = lambda: dataclasses.replace(purse(), signer=_Stops(run.owner, stop))  # noqa: E731
        run.purse = stopping  # type: ignore[method-assign]
        try:
            run.command()
        except SignedError:
            return signed[0], "signed"
        except MammonError as error:
            return None, refused(error, hint=False)
        if run.stage.sent:
            raise WrongError("something was sent that was never signed")
        return None, run.ends[-1] if run.ends else "held"


@dataclasses.dataclass(frozen=True)
class _Stops:
    """A signer whose first signature ends the run."""

    address: Any
    sign: Callable[[Unsigned], bytes]
