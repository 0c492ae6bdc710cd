"""Chance without state: every draw is a hash of (seed, name, index), the same bytes on any machine.

`drift` is value noise: hashed lattice points, joined by straight lines, summed over several periods.
Any index can be asked for by itself, in integers only, and the result wanders around zero within
known bounds: a mean-reverting process that needs no walk from the start.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

PPM = 1_000_000
"""Everything random is counted in millionths."""

Octaves = tuple[tuple[int, int], ...]
"""(period in indices, weight in millionths) of each layer; the weights add up to one million."""


@lru_cache(maxsize=16_384)
def draw(seed: int, name: str, index: int) -> int:
    """Return 64 uniformly random bits, a function of the three arguments alone."""
    return int.from_bytes(blake2b(f"{seed}/{name}/{index}".encode(), digest_size=8).digest(), "big")


def level(seed: int, name: str, index: int) -> int:
    """Return a uniformly random integer between -1,000,000 and 1,000,000."""
    return draw(seed, name, index) % (2 * PPM + 1) - PPM


@lru_cache(maxsize=4_096)
def drift(seed: int, name: str, index: int, octaves: Octaves) -> int:
    """Return the noise at `index` in millionths, between -1,000,000 and 1,000,000."""
    total = 0
    for period, weight in octaves:
        cell, within = divmod(index, period)
        here, there = _lattice(seed, name, period, cell)
        total += weight * (here + (there - here) * within // period)
    return total // PPM


@lru_cache(maxsize=4_096)
def _lattice(seed: int, name: str, period: int, cell: int) -> tuple[int, int]:
    label = f"{name}/{period}"
    return level(seed, label, cell), level(seed, label, cell + 1)


def burst(seed: int, name: str, index: int, window: int, odds_ppm: int, longest: int) -> int:
    """Return how strong an occasional burst is at `index`: 0 to 1,000,000, a rise and a fall.

    Each window of `window` indices holds at most one burst, with probability `odds_ppm`; a burst lasts
    between a fifth of `longest` and `longest` indices, which must not exceed the window.
    """
    cell = index // window
    return max(_burst(seed, name, index, start, window, odds_ppm, longest) for start in (cell - 1, cell))


def _burst(seed: int, name: str, index: int, cell: int, window: int, odds_ppm: int, longest: int) -> int:
    bits = draw(seed, f"{name}/burst", cell)
    if bits % PPM >= odds_ppm:
        return 0
    first = cell * window + (bits >> 20) % window
    shortest = max(2, longest // 5)
    length = shortest + (bits >> 36) % (longest - shortest + 1)
    place = index - first
    if not 0 <= place < length:
        return 0
    height = PPM // 2 + (bits >> 48) * (PPM // 2) // 65_535
    half = (length + 1) // 2
    return height * min(place + 1, length - place) // half
