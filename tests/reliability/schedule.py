"""Schedules: a seed, and from it what is to be done, under which faults, with which patience."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from mammon.sim.faults import KINDS, Fault, drawn

WORLDS = 64
"""How many simulated worlds there are; schedules differ by more than their world."""
MOST_FAULTS = 12
VENUES = ("aave-v3", "aave-v3", "aave-fork", "steakhouse-usdc", "gauntlet-usdc", "plain-vault")
NEEDS_TWO = frozenset(
    {
        "lies_about_nonce",
        "lies_about_receipts",
        "lies_about_balances",
        "lies_about_safe",
        "wrong_chain",
        "gossip_to_one_only",
    }
)
"""One endpoint's lie can be seen through only where there is another one."""


@dataclass
class Schedule:
    """One run."""

    seed: int
    world: int
    source: str
    target: str
    part: bool
    """Move half of it."""
    idle_percent: int
    """What of the capital stays in the wallet beside the source."""
    endpoints: int
    poll_s: float
    stays_out: bool
    """The venue's gates say no when they are asked again."""
    stored: bool
    """On the real journal."""
    pause_s: float
    """Between two processes."""
    faults: list[Fault] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [
            f"schedule {self.seed}: world {self.world}, {self.source} to {self.target}"
            f"{' (half)' if self.part else ''}, {self.idle_percent} % idle, "
            f"{self.endpoints} endpoints, a look each {self.poll_s} s"
            f"{', entry refused' if self.stays_out else ''}{', stored' if self.stored else ''}"
        ]
        return "\n".join([*lines, *(f"  - {fault}" for fault in self.faults)])


def schedule(
    seed: int, stored_each: int = 10, among: tuple[str, ...] = (), count: int | None = None
) -> Schedule:
    """Return the schedule of a seed; every `stored_each`th runs on the real journal."""
    draw = Random(seed)
    source, target = (
        draw.sample(sorted(set(VENUES)), 2) if draw.random() < 0.6 else ("idle", draw.choice(VENUES))
    )
    if source != "idle":
        source = draw.choice(VENUES)
        target = draw.choice([venue for venue in VENUES if venue != source])
    wanted = count or draw.choice((1, 1, 2, 2, 3, 3, 4, 5, 6, 8, 10, MOST_FAULTS))
    faults = drawn(draw, wanted, among)
    least = 2 if any(fault.name in NEEDS_TWO for fault in faults) else 1
    return Schedule(
        seed=seed,
        world=draw.randrange(WORLDS),
        source=source,
        target=target,
        part=draw.random() < 0.25,
        idle_percent=draw.choice((0, 0, 0, 40)),
        endpoints=draw.choice([number for number in (1, 2, 2, 2, 3) if number >= least]),
        poll_s=draw.choice((2.0, 12.0, 12.0, 20.0)),
        stays_out=draw.random() < 0.08,
        stored=bool(stored_each) and seed % stored_each == 0,
        pause_s=draw.choice((2.0, 20.0, 60.0)),
        faults=faults,
    )


def covered(schedules: list[Schedule]) -> set[str]:
    """Return the kinds that these schedules use; what is missing of `KINDS` proves nothing."""
    return {fault.name for one in schedules for fault in one.faults} & set(KINDS)
