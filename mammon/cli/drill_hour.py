"""What of a drill fits into the hour: each trip takes three transactions, and the hour allows so many."""

from __future__ import annotations

from collections.abc import Sequence

from mammon.cli import worlds
from mammon.cli.invocation import Invocation
from mammon.cli.place import Place
from mammon.core.limits import HOUR_S
from mammon.core.plan import IDLE
from mammon.core.types import Market
from mammon.engine.drill import TRANSACTIONS
from mammon.errors import RefusedError
from mammon.reporting.numbers import counted


def fitting(call: Invocation, place: Place, venues: int) -> int:
    """Return how many trips may be begun now, of so many; a fill on paper is no transaction."""
    if worlds.on_paper(call):
        return venues
    return min(venues, max(0, _room(place)) // TRANSACTIONS)


def require_part(place: Place, venues: int, fits: int, part: bool) -> None:
    """Raise `RefusedError` before a drill that does not fit into the hour, unless a part of it is wanted."""
    if part and fits:
        return
    needed, left = venues * TRANSACTIONS, max(0, _room(place))
    wait = "wait an hour"
    hint = f"`--part` drills {fits} now and again goes on; or `--venue SLUG`; or {wait}" if fits else wait
    raise RefusedError(
        "hourly",
        f"{counted(venues, 'venue')} take {needed} transactions and {left} more are allowed in this hour: "
        f"{fits} can be drilled now, and none was begun",
        hint,
    )


def divided(
    place: Place, markets: Sequence[Market], fits: int
) -> tuple[tuple[Market, ...], tuple[Market, ...]]:
    """Return what is drilled now and what later: the longest undrilled first when not all are."""
    if fits >= len(markets):
        return tuple(markets), ()
    last = {
        intent.plan.source: intent.decided_at
        for intent in place.store.journal.intents()
        if (intent.kind, intent.state, intent.plan.target) == ("drill", "done", IDLE)
    }
    ordered = sorted(markets, key=lambda market: last.get(market.slug, 0))
    return tuple(ordered[:fits]), tuple(ordered[fits:])


def _room(place: Place) -> int:
    """Return how many transactions may still be sent in this hour."""
    if place.carrier is not None:
        return place.carrier.room()
    journal, policy = place.store.journal, place.world.policy
    at = max(journal.seen_at(), place.world.clock.now())
    return policy.max_transactions_per_hour - journal.slots_since(at - HOUR_S)
