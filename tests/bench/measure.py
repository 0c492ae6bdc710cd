"""Measuring: the sides of a comparison in turns, so that a drift of the machine meets all of them alike."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Side = Callable[[], float]
"""Does one side's work once and returns what it took."""


class BenchError(RuntimeError):
    """Report a measurement that could not be made, or whose sides did not do the same work."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a budget, both sides, and the figure that the budget limits."""

    budget: str
    what: str
    kind: Literal["ratio", "value"]
    unit: str
    """Of both sides; a ratio has none."""
    ours: float
    theirs: float | None
    figure: float
    """The ratio (median of the rounds' ratios), or the value itself."""
    low: float
    high: float
    """Range of the rounds."""
    limit: float | None
    """Highest figure that holds the budget; None where it is shown for comparison alone."""
    peer: str = ""
    note: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the budget holds; None where there is none."""
        return None if self.limit is None else self.figure <= self.limit


def interleaved(sides: Sequence[Side], rounds: int, warm: int = 1) -> list[list[float]]:
    """Run all sides in turns, `rounds` times after `warm` that do not count; return samples by side."""
    samples: list[list[float]] = [[] for _ in sides]
    for number in range(-warm, rounds):
        for side, found in zip(sides, samples, strict=True):
            taken = side()
            if number >= 0:
                found.append(taken)
    return samples


def ratio(
    budget: str,
    what: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    *,
    limit: float | None,
    peer: str,
    unit: str = "ms",
    note: str = "",
) -> Row:
    """Return the row of a ratio, taken round by round."""
    each = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    middle = statistics.median
    sides = middle(ours), middle(theirs)
    return Row(budget, what, "ratio", unit, *sides, middle(each), min(each), max(each), limit, peer, note)


def value(
    budget: str, what: str, samples: Sequence[float], *, limit: float | None, unit: str, note: str = ""
) -> Row:
    """Return the row of a figure that stands for itself; of several samples the median."""
    figure = statistics.median(samples)
    return Row(budget, what, "value", unit, figure, None, figure, min(samples), max(samples), limit, "", note)


def quantile(samples: Sequence[float], share: float) -> float:
    """Return the sample that so large a share of all samples does not exceed."""
    ranked = sorted(samples)
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))]


def wall_ms(work: Callable[[], object]) -> float:
    """Return how long some work takes, in milliseconds of the wall clock."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


def cpu_ms(work: Callable[[], object]) -> float:
    """Return how much of the processor some work takes, in milliseconds of this process."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1e3


def process_ms(command: Sequence[str], environment: Mapping[str, str], codes: Sequence[int] = (0,)) -> float:
    """Run a whole process and return how long it took, in milliseconds. Raises on another exit code."""
    began = time.perf_counter()
    done = subprocess.run(
        list(command), env=dict(environment), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    taken = (time.perf_counter() - began) * 1e3
    if done.returncode not in codes:
        said = done.stderr.decode("utf-8", "replace")[-500:]
        raise BenchError(f"{' '.join(command[-4:])} ended with {done.returncode}:\n{said}")
    return taken
