"""`mammon adopt-nonce`: a person takes over the count of transactions that the journal does not explain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from mammon.chain.look import look
from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, CONSENT, WORLD, command
from mammon.cli.reasons import reasoned
from mammon.cli.wiring import Place, opened
from mammon.errors import OutsideError, UsageError


@dataclass(frozen=True, slots=True)
class NonceData:
    """What the chain counts, what the journal knew, and what it goes on from."""

    counted: int
    """Transactions of the account in settled blocks."""
    known: int | None
    """What the journal would have used next; None when it had used none."""
    adopted: bool
    reason: str


@command(BASE, WORLD, CONSENT)
def adopt_nonce(
    call: Invocation,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="What used the nonces; kept for good.")
    ] = None,
) -> None:
    """Take the chain's count of transactions as the journal's: a person has looked at what used them.

    Lifts no stop. --yes takes a --reason with it; at a terminal you are asked for both.
    """
    with opened(call, holdings=True, correcting=True) as place:
        counted, known = _counted(place), place.store.journal.next_nonce()
        if known is not None and counted < known:
            raise OutsideError(
                "behind",
                f"the chain counts {counted} settled transactions, the journal knows {known}",
                "wait until they are settled; a nonce is never taken back",
            )
        why = ""
        if counted != known:
            found = "nothing was sent from here" if known is None else f"the journal knows {known}"
            why = reasoned(
                call, f"The chain counts {counted} transactions, {found}. Go on from there?", reason
            )
            place.store.journal.adopt(counted, why)
        data = NonceData(counted, known, counted != known, why)
        call.result("nonce", data, lambda: _shown(data), acted=data.adopted)


def _counted(place: Place) -> int:
    """Return the settled count. Raises `OutsideError` where endpoints do not agree on it."""
    if place.owner is None or place.world.executor is not None:
        raise UsageError("no_transactions", "a paper book makes no transactions", "use --mode live")
    views = look(place.rpc, place.owner, (), place.deadline())
    counts = {count for view in views for count in (view.nonce, view.safe_nonce)}
    if len(counts) != 1 or len(views) < min(2, len(place.rpc.endpoints)):
        raise OutsideError(
            "nonce_unsettled",
            "the count of transactions is not settled, or endpoints do not agree on it",
            "wait two minutes, try again",
        )
    return views[0].nonce


def _shown(data: NonceData) -> Iterator[str]:
    known = "none" if data.known is None else str(data.known)
    yield f"chain: {data.counted} transactions; journal: {known}"
    if data.adopted:
        yield f"the next nonce is {data.counted}; stops are lifted by `mammon resume`"
    else:
        yield "they agree: nothing to adopt"
