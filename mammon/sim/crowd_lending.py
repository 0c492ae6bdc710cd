"""What the crowd does at a market that lends straight from its suppliers' money: Comet and Moonwell.

As at the other venues: suppliers bring what they have to `target`, borrowers bring their debt to `level`
of what the crowd supplies; in a squeeze they take our cash as well. Frames are quiet.
"""

from __future__ import annotations

from mammon.core.fixed import WAD
from mammon.sim.addresses import BORROWERS, CROWD
from mammon.sim.chance import PPM
from mammon.sim.contracts.comet import Comet
from mammon.sim.contracts.machine import Frame
from mammon.sim.contracts.moonwell import MToken
from mammon.sim.processes import SQUEEZE_PPM


def move_comet(frame: Frame, comet: Comet, target: int, level: int) -> None:
    """Bring the crowd's supply in a Comet to `target` and its use to `level`, in millionths."""
    market = comet.stored(frame).accrued(frame.timestamp)
    owned, debt = comet.value(frame, CROWD, market), -comet.value(frame, BORROWERS, market)
    others = market.supplied_at(frame.timestamp) - owned
    if target > owned:
        comet.asset.move(frame, CROWD, comet.address, target - owned)
        comet.enter(frame, CROWD, target - owned)
    cash = comet.asset.balance(frame, comet.address)
    wanted = min(_wanted(target, others, level), cash + debt)
    if wanted > debt:
        comet.leave(frame, BORROWERS, wanted - debt)
        comet.asset.move(frame, BORROWERS, CROWD, wanted - debt)
    elif wanted < debt:
        comet.asset.move(frame, CROWD, comet.address, debt - wanted)
        comet.enter(frame, BORROWERS, debt - wanted)
    if target < owned:
        comet.leave(frame, CROWD, min(owned - target, comet.asset.balance(frame, comet.address)))


def move_moonwell(frame: Frame, market: MToken, target: int, level: int) -> None:
    """Bring the crowd's supply in an mToken's market to `target` and its use to `level`, in millionths."""
    then = market.accrue(frame)
    rate = market.exchange_rate(frame, then)
    owned = market.balance(frame, CROWD) * rate // WAD
    others = market.minted(frame) * rate // WAD - owned
    if target > owned:
        market.enter(frame, CROWD, target - owned)
    wanted = min(_wanted(target, others, level), market.cash(frame) + then.borrows)
    market.lend(frame, CROWD, wanted - then.borrows)
    if target < owned:
        amount = min(owned - target, market.cash(frame))
        market.leave(frame, CROWD, amount * WAD // rate, amount)


def _wanted(target: int, others: int, level: int) -> int:
    """Return what the borrowers want to owe."""
    return (target + (others if level >= SQUEEZE_PPM else 0)) * level // PPM
