"""Schedules of deaths: those at the points of a move that matter most, and those a seed draws."""

from __future__ import annotations

import random

from tests.reliability.kill_trap import LOOK, REHEARSE, SEND, SIDES, SIGN, Death
from tests.reliability.kill_troubles import Trouble, some

POINTS: dict[str, tuple[Death, ...]] = {
    "before anything": (Death(1),),
    "before the signature": (Death(1, "before", SIGN),),
    "signed, not committed": (Death(1, "after", SIGN),),
    "committed, not sent": (Death(1, "before", SEND),),
    "sent, not answered": (Death(1, "after", SEND),),
    "sent to one of two": (Death(2, "before", SEND),),
    "before the first look": (Death(1, "before", LOOK),),
    "between withdraw and approve": (Death(2, "before", REHEARSE),),
    "approve signed, not committed": (Death(2, "after", SIGN),),
    "approve committed, not sent": (Death(3, "before", SEND),),
    "between approve and deposit": (Death(3, "before", REHEARSE),),
    "deposit committed, not sent": (Death(5, "before", SEND),),
    "deposit sent, not answered": (Death(5, "after", SEND),),
    "five times in recovery": (Death(1, "after", SEND), *(Death(1, "before", LOOK),) * 5),
    "five times in recovery, later": (Death(3, "after", SEND), *(Death(2, "after", LOOK),) * 5),
    "at every send": (Death(1, "before", SEND),) * 6,
}
"""Schedules by the points of a move that matter most."""


EXCHANGES = 68
"""What a seed draws from, about as many as a move has; fixed, so that a seed means the same for ever."""


def drawn(seed: int) -> tuple[tuple[Death, ...], tuple[Trouble, ...], int]:
    """Return the deaths, the troubles and the pause of a seed."""
    chance = random.Random(seed)
    deaths = tuple(
        Death(chance.randint(1, EXCHANGES), chance.choice(SIDES)) for _ in range(chance.randint(1, 6))
    )
    return deaths, some(chance), chance.choice((0, 0, 1, 5, 20))
