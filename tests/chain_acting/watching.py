"""A desk with a transaction that no block takes, who watches it, and what was sent and slept meanwhile."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from mammon.chain.follow import Errand, Follower
from mammon.chain.purse import Patience
from mammon.errors import MammonError, OutsideError
from tests.chain_acting.desk import Desk
from tests.chain_acting.test_bids import errand


def stuck_desk(folder: Path, endpoints: int = 1, source: str = "idle", target: str = "aave-v3") -> Desk:
    """Return a desk whose newest transaction lies in the pool, in no block, and nobody watches it."""
    desk = Desk(folder / "world", endpoints=endpoints)
    if source != "idle":
        desk.legs.execute(desk.decision("idle", source))

    def leaves(errand: Errand) -> None:
        raise OutsideError("unresolved", "the process ends here")

    desk.world.chain.includes = False
    desk.sender.follower.follow = leaves  # type: ignore[method-assign]
    with pytest.raises(OutsideError):
        desk.legs.execute(desk.decision(source, target))
    desk.restart()
    return desk


def watcher(desk: Desk, follow_s: int = 1_800, **changes: Any) -> Follower:
    """Return who watches for so long, with a purse of these changes."""
    patience = Patience(follow_s=follow_s)
    desk.purse = dataclasses.replace(desk.purse, patience=patience, **changes)
    return Follower(desk.purse)


def watched(desk: Desk, follow_s: int, **changes: Any) -> MammonError | None:
    """Watch for so long; return what was raised, `None` when it came to its end."""
    try:
        watcher(desk, follow_s, **changes).follow(errand(desk))
    except MammonError as error:
        return error
    return None


def sends(desk: Desk) -> list[tuple[float, str]]:
    """Note when the node is sent which bytes from here on."""
    real, seen = desk.nodes[0].methods["eth_sendRawTransaction"], []

    def send(params: Any) -> Any:
        seen.append((desk.clock.monotonic(), params[0]))
        return real(params)

    desk.nodes[0].methods["eth_sendRawTransaction"] = send
    return seen


def naps(desk: Desk) -> list[float]:
    """Note how long is slept from here on."""
    real, seen = desk.clock.sleep, []

    def sleep(seconds: float) -> None:
        seen.append(seconds)
        real(seconds)

    desk.clock.sleep = sleep  # type: ignore[method-assign]
    return seen


def old(desk: Desk) -> None:
    """Let the newest attempt grow old enough to be bid higher."""
    desk.clock.sleep(130)


def homeward(desk: Desk) -> Errand:
    """Return the errand as one of a way home."""
    found = errand(desk)
    return dataclasses.replace(found, intent=dataclasses.replace(found.intent, kind="exit"))
