"""The beginning of a run: money where the schedule wants it, and the gate's permits on record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mammon.chain import authorise
from mammon.core.numbers import Wei
from mammon.core.transaction import Unsigned
from mammon.protocols.registry import VENUES
from mammon.sim.wallet import SimSigner
from tests.reliability.truth import KNOWN, MARKETS, Truth, value, wallet

if TYPE_CHECKING:
    from tests.reliability.world import World

_LISTENING: list[Any] = []
_judge = authorise.judge


def prepare(world: World) -> None:
    """Begin to watch a world."""
    world.truth = Truth()
    _LISTENING.append(world)
    del _LISTENING[:-1]


def _recorded(payload: bytes, evidence: Any) -> Any:
    found = _judge(payload, evidence)
    if not isinstance(found, tuple) and _LISTENING:
        _LISTENING[-1].permitted.append((payload, evidence))
    return found


def fund(world: World) -> None:
    """Put the capital where the schedule wants it, before anything goes wrong."""
    chain, owner, source = world.stage.chain, world.owner, world.schedule.source
    signer, nonce = SimSigner(world.sim.seed), 0
    if source != "idle":
        market = MARKETS[source]
        amount = wallet(world) * (100 - world.schedule.idle_percent) // 100
        for call in VENUES[market.protocol].supply(market, amount, owner):
            unsigned = Unsigned(
                KNOWN.chain_id, nonce, Wei(10**6), Wei(10**9), 1_000_000, call.target, Wei(0), call.data
            )
            world.sim.submit(signer.sign(unsigned))
            nonce += 1
    # Long enough for it to be final: what was before is settled.
    world.sim.advance(1_400)
    truth = world.truth
    truth.mined = {mined.transaction.hash for mined in chain.mined.values()}
    truth.start, truth.native = value(world, chain.head), int(chain.slots.get(("native", owner), 0))
    truth.first_nonce = nonce
    assert int(chain.slots.get(("nonce", owner), 0)) == nonce


authorise.judge = _recorded
