"""Twenty-four ways in which a machine's clock goes wrong, as data.

Times are seconds of the chain since the beginning. A change takes place at a time, or in the middle of a
move: with its nth signature. The chain's own time is right throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HOUR_S = 3_600
DAY_S = 86_400
YEAR_2038 = 2_147_483_647
"""The last second that fits 32 bits."""


@dataclass(frozen=True)
class Change:
    """What happens to the machine's clock."""

    what: Literal["off by", "shows", "suspended", "drifts"]
    by: float
    """Seconds; of a drift, a fraction of the time that passes."""
    at_s: float | None = None
    signature: int | None = None
    """In the middle of a move instead: when the nth signature is durable."""


@dataclass(frozen=True)
class Script:
    """One clock."""

    name: str
    changes: tuple[Change, ...]
    zone: str = "UTC"
    """What the machine's time zone is; nothing may depend on it."""
    bad_endpoint: bool = False
    """The first endpoint fails until the clock changes: it rests, and must be asked again afterwards."""
    opens_before_midnight_s: int = 0
    """Begin so long before a day ends; 0: anywhen."""


def _at(
    what: Literal["off by", "shows", "suspended", "drifts"], *changes: tuple[float, float]
) -> tuple[Change, ...]:
    return tuple(Change(what, by, at_s=at_s) for at_s, by in changes)


def _midway(
    what: Literal["off by", "shows", "suspended"], by: float, back_s: float = 3 * HOUR_S
) -> tuple[Change, ...]:
    """Change with the second signature; be right again later."""
    return (Change(what, by, signature=2), Change("off by", 0, at_s=back_s))


SCRIPTS: tuple[Script, ...] = (
    Script("right", ()),
    Script("an hour ahead from the start", _at("off by", (0, HOUR_S), (3 * HOUR_S, 0))),
    Script("an hour behind from the start", _at("off by", (0, -HOUR_S), (3 * HOUR_S, 0))),
    Script("an hour ahead between moves", _at("off by", (2_000, HOUR_S), (5 * HOUR_S, 0))),
    Script("an hour back between moves", _at("off by", (2_000, -HOUR_S), (5 * HOUR_S, 0))),
    Script("a day back when the day's moves are made", _at("off by", (2 * HOUR_S, -DAY_S), (20 * HOUR_S, 0))),
    Script("a day ahead when the day's moves are made", _at("off by", (2 * HOUR_S, DAY_S), (20 * HOUR_S, 0))),
    Script("a day ahead and back again", _at("off by", (2 * HOUR_S, DAY_S), (3 * HOUR_S, 0))),
    Script(
        "a second back, again and again", _at("off by", *((n * 1_500, -n) for n in range(1, 12)), (DAY_S, 0))
    ),
    Script(
        "within what is tolerated, both ways",
        _at("off by", (0, 20), (HOUR_S, -90), (6 * HOUR_S, 20), (DAY_S, 0)),
    ),
    Script("slow by a part in a thousand", (*_at("drifts", (0, -0.001)), *_at("off by", (20 * HOUR_S, 0)))),
    Script("fast by a part in a thousand", (*_at("drifts", (0, 0.001)), *_at("off by", (20 * HOUR_S, 0)))),
    Script("set an hour ahead in the middle of a move", _midway("off by", HOUR_S)),
    Script("set an hour back in the middle of a move", _midway("off by", -HOUR_S)),
    Script("a small step in the middle of a move", _midway("off by", -2)),
    Script("suspended for three days between moves", _at("suspended", (2_500, 3 * DAY_S))),
    Script(
        "suspended for three days in the middle of a move", (Change("suspended", 3 * DAY_S, signature=2),)
    ),
    Script("suspended for an hour in the middle of a move", (Change("suspended", HOUR_S, signature=2),)),
    Script("1970 from the start", (*_at("shows", (0, 0)), *_at("off by", (6 * HOUR_S, 0)))),
    Script("1970 in the middle of a move", _midway("shows", 0)),
    Script("2038 and over", (*_at("shows", (2_500, YEAR_2038 - 600)), *_at("off by", (6 * HOUR_S, 0)))),
    Script(
        "local time, summer begins and ends",
        _at("off by", (2_500, HOUR_S), (12 * HOUR_S, 0)),
        "America/New_York",
    ),
    Script(
        "an hour back at the end of a day",
        _at("off by", (1_700, -HOUR_S), (4 * HOUR_S, 0)),
        "Asia/Kolkata",
        False,
        1_800,
    ),
    Script(
        "three days back while an endpoint rests",
        _at("off by", (2_500, -3 * DAY_S), (9 * HOUR_S, 0)),
        "UTC",
        True,
    ),
)
