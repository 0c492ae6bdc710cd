"""Signs: what the chain shows at this block that a venue's history does not tell.

A sign only ever holds a venue down: it names the best tier that is left. One that this version does
not know is not waved through. What the figures of a reading cannot show (a limit about to be raised,
code that was replaced) is handed in with the market's state, as codes; that readings keep failing is
seen in its track.
"""

from __future__ import annotations

from collections.abc import Iterator

from mammon.core.tracks import Track
from mammon.core.types import MarketState

DANGER = 5
"""The tier that nothing may enter."""
BEST_LEFT: dict[str, int] = {
    "bad_debt": DANGER,
    "locked": DANGER,
    "code_changed": DANGER,
    "code_disputed": 4,
    "code_unread": 4,
    "unreliable": 4,
    "collateral_unknown": 3,
    "pending_cap": 3,
    "nearly_all_lent": 3,
    "illiquid": 3,
    "cap_near": 2,
}
"""The best tier that each sign leaves."""
UNKNOWN_SIGN = 4

CURATED = "curated"
"""The part of a venue whose collateral somebody chooses: then it must be known what it is."""

_LENT_BPS = 9_500
_LIQUID_BPS = 200
_ROOM_BPS = 100
_BPS = 10_000
_LEAST_TRIED, _READ_BPS = 20, 9_500
"""Of so many readings in 30 days, so large a share must have come."""


def signs_of(state: MarketState, track: Track | None = None) -> tuple[str, ...]:
    """Return the signs against a venue, each once, in the order of the alphabet."""
    unreliable = ("unreliable",) if track is not None and _keeps_failing(track) else ()
    return tuple(sorted({*_seen(state), *state.signs, *unreliable}))


def best_left(signs: tuple[str, ...]) -> int:
    """Return the best tier that the signs together leave."""
    return max((BEST_LEFT.get(sign, UNKNOWN_SIGN) for sign in signs), default=1)


def _keeps_failing(track: Track) -> bool:
    """Say whether more than one reading in twenty failed, once there were twenty."""
    tried = track.read + track.failed
    return tried >= _LEAST_TRIED and track.read * _BPS < tried * _READ_BPS


def _seen(state: MarketState) -> Iterator[str]:
    """Yield what the state shows: loss, lock, shortage of liquidity, the cap, what backs it."""
    supplied, dossier = state.supplied, state.market.risk
    if any(amount > 0 for _, amount in state.evidence):
        yield "bad_debt"
    if state.locked:
        yield "locked"
    if state.borrowed is not None and state.borrowed * _BPS > supplied * _LENT_BPS:
        yield "nearly_all_lent"
    if state.withdrawable * _BPS < supplied * _LIQUID_BPS:
        yield "illiquid"
    if state.room is not None and state.room * _BPS < supplied * _ROOM_BPS:
        yield "cap_near"
    if state.backing is None and dossier is not None and CURATED in (dossier.parts or ()):
        yield "collateral_unknown"
