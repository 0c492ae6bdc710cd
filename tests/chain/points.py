"""What an equality campaign is made of: random points, and what is compared at each."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.chain.scenario import Scenario

CHUNK = 40


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure, foretold and found."""

    what: str
    ours: object
    theirs: object

    @property
    def equal(self) -> bool:
        """Say whether they are the same, to the last unit."""
        return self.ours == self.theirs


Point = Callable[[Scenario, random.Random], list[Comparison]]


@dataclass(frozen=True, slots=True)
class Campaign:
    """A kind of point and how many of them the suite tries."""

    name: str
    point: Point
    points: int

    def tried(self, chain: Scenario, seed: int) -> list[Comparison]:
        """Try one point and undo it."""
        with chain.undone():
            return self.point(chain, random.Random(f"{self.name}:{seed}"))

    def mismatches(self, chain: Scenario, seeds: range) -> list[str]:
        """Try some points; return a line for each figure that differs."""
        return [
            f"seed {seed}: {found.what}: ours {found.ours!r}, theirs {found.theirs!r}"
            for seed in seeds
            for found in self.tried(chain, seed)
            if not found.equal
        ]

    def chunks(self) -> list[range]:
        """Return the seeds in parts that workers can share."""
        return [range(start, min(start + CHUNK, self.points)) for start in range(0, self.points, CHUNK)]


def log_uniform(rng: random.Random, low: int, high: int) -> int:
    """Return an integer between two bounds whose number of digits is evenly spread."""
    return min(high, max(low, int(low * (high / low) ** rng.random())))
