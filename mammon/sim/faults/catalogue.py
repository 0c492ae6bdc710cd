"""Every kind of fault there is, by name."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from random import Random

from mammon.sim.faults import heads, onchain, process, sending, transport, venues
from mammon.sim.faults.fault import Fault

MODULES = (transport, heads, sending, onchain, venues, process)


def _kinds() -> dict[str, type[Fault]]:
    found: dict[str, type[Fault]] = {}
    for module in MODULES:
        for kind in vars(module).values():
            if inspect.isclass(kind) and issubclass(kind, Fault) and "name" in vars(kind) and kind.name:
                found[kind.name] = kind
    return found


KINDS: Mapping[str, type[Fault]] = _kinds()


def drawn(draw: Random, count: int, among: tuple[str, ...] = ()) -> list[Fault]:
    """Draw `count` faults of all kinds, or of those in `among`; at most one of each."""
    names = sorted(among or KINDS)
    return [KINDS[name](draw) for name in draw.sample(names, min(count, len(names)))]
