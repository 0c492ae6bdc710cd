"""The table of benches; a line here makes one exist."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import NamedTuple, cast

from tests.bench.measure import BenchError, Row

Bench = Callable[[int], Iterator[Row]]
"""Takes the number of rounds, yields its rows."""


class Entry(NamedTuple):
    """One bench: its budgets, where it is (`module:function`), and a line about it."""

    budgets: tuple[str, ...]
    target: str
    about: str


BENCHES: dict[str, Entry] = {
    "startup": Entry(("P1", "P2", "P3"), "startup:startup", "version, help and local commands"),
    "cold-scan": Entry(("P4", "P5"), "cold_scan:cold_scan", "whole processes at 80 ms per request"),
    "warm-scan": Entry(("P6",), "warm_scan:warm_scan", "50, 500 and 5,000 views in round trips"),
    "codec": Entry(("P7",), "codec:codec", "CPU of encoding and decoding, against eth_abi"),
    "idle-cycle": Entry(("P9",), "idle_cycle:idle_cycle", "a cycle of `run` that holds, at 50 ms"),
    "decision": Entry(("P10",), "decision:decision", "latency of one decision, with and without its record"),
    "splitting": Entry(("P19",), "splitting:splitting", "the optimal split among 50 venues, and its gap"),
    "storing": Entry(("P14",), "storing:storing", "a 50-row scan made durable, against bare sqlite3"),
    "endurance": Entry(("P15",), "endurance:endurance", "many cycles: time and memory"),
    "outage": Entry(("P16",), "outage:outage", "an endpoint that accepts and never answers"),
    "failover": Entry(("P17",), "failover:failover", "one or three of four endpoints gone"),
    "install": Entry(("P18",), "install:install", "size of an installation without extras"),
}


def names(asked: list[str]) -> list[str]:
    """Return the benches meant by names or budgets (`cold-scan`, `P4`). Raises `BenchError`."""
    found: list[str] = []
    for word in asked:
        matching = [name for name, entry in BENCHES.items() if word == name or word.upper() in entry.budgets]
        if not matching:
            raise BenchError(f"no bench {word!r}; there are: {', '.join(BENCHES)}")
        found += [name for name in matching if name not in found]
    return found


def bench(name: str) -> Bench:
    """Return a bench; its module is imported only now."""
    module, _, function = BENCHES[name].target.partition(":")
    return cast(Bench, getattr(importlib.import_module(f"tests.bench.{module}"), function))
