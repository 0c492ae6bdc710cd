"""`exit-all --accept-changed-code SLUG`: a venue's changed code taken as it is, to bring money home.

The pin stays as it was: nothing is deposited there again until `state correct --pin`. What is taken is the
code that was shown, to the bit; the gate takes it for a withdrawal alone, and only where the whole
rehearsal shows, by the asset's own events, that the money comes.
"""

from __future__ import annotations

from mammon.chain.authorise import watched
from mammon.chain.code import fingerprint
from mammon.chain.evidence import Pin
from mammon.cli import stopping, streams
from mammon.cli.invocation import Invocation
from mammon.cli.wiring import Homeward, Place, opened
from mammon.core.types import Market
from mammon.errors import PersonNeededError, UsageError
from mammon.state.audit import Audit

OPTION = "--accept-changed-code"


def require_person(call: Invocation) -> None:
    """Raise unless a person who acts is at a terminal."""
    if not call.execute:
        raise UsageError("usage", f"{OPTION} is about acting", "give --execute too, or leave it out")
    stdin = call.process.stdin
    if stdin is None or not streams.is_terminal(stdin):
        raise PersonNeededError(
            "no_terminal",
            "changed code is accepted by a person at a terminal, and by nobody else",
            "give the command at a terminal",
        )


def accepted(call: Invocation, slug: str) -> tuple[Pin, ...]:
    """Show what a venue's code was and is, ask, keep the answer, and return what was accepted.

    Raises `UsageError` where nothing changed, `PersonNeededError` where the asset's own code did or
    nobody agrees, `OutsideError` where endpoints do not agree on the code.
    """
    with opened(call, holdings=True, homeward=Homeward()) as place:
        market = place.markets.get(slug)
        if market is None:
            raise UsageError("venue", f"no venue is named {slug[:60]!r}", "see `mammon detect-positions`")
        found = _changed(place, market)
        for before, after in found:
            call.output.note(f"{slug}: {after.address} was {_code(before)} and is {_code(after)}")
        question = f"Take the code of {slug} as it is, to withdraw from it and nothing else? [y/N]"
        if call.ask(question, flag="y at a terminal").strip().lower() not in ("y", "yes"):
            raise PersonNeededError("declined", "not accepted, nothing was done", "answer y")
        with place.store.transaction():
            _record(place, slug, [after for _, after in found])
        return tuple(after for _, after in found)


def _changed(place: Place, market: Market) -> list[tuple[Pin, Pin]]:
    """Return what each changed contract was and is."""
    found = []
    for address in watched(market):
        known = place.store.pins.known(address)
        after = fingerprint(place.rpc, address, place.deadline())
        if known is None or Pin(address, *known) == after:
            continue
        if address == market.token.address:
            raise PersonNeededError(
                "code_changed",
                f"the code of the asset itself ({address}) changed: its events would show nothing",
                "look at it, then `mammon state correct --pin`",
            )
        found.append((Pin(address, *known), after))
    if not found:
        raise UsageError("code_unchanged", f"the code of {market.slug} is what it was", f"leave {OPTION} out")
    return found


def _record(place: Place, slug: str, pins: list[Pin]) -> None:
    """Keep in the audit log who accepted which code."""
    at, by = place.world.clock.now(), stopping.person()
    for pin in pins:
        facts = {"address": pin.address, "code": pin.code, "implementation": pin.implementation}
        Audit(place.store.database).add("accept_changed_code", at, by=by, slug=slug, **facts)


def _code(pin: Pin) -> str:
    return f"{pin.code} (implementation {pin.implementation})"
