"""The command line against the local node: its own time as the clock, a chain file of its contracts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mammon.cli.process import Process
from tests.chain.chainfile import FURTHER, SLUGS, write_chain_file
from tests.chain.lab import Lab
from tests.chain.scenario import Scenario
from tests.flows.runner import Shell


class NodeClock:
    """Tells the node's time, a second after its newest block; sleeping calls back instead of waiting."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self._slept = 0.0
        self.fixed = 0
        """While the node is gone: the time that the clock stands at."""
        self.between: Callable[[float], None] = lambda _seconds: None

    def now(self) -> int:
        return self.fixed or self.scenario.now + 1

    def monotonic(self) -> float:
        return self._slept

    def sleep(self, seconds: float) -> None:
        self._slept += seconds
        self.between(seconds)


class NodeShell(Shell):
    """A shell whose chain is the local node; its loop looks at nothing between cycles unless told to."""

    def __init__(self, home: Path, lab: Lab, url: str, scenario: Scenario, *slugs: str, **more: str) -> None:
        home.mkdir(mode=0o700)
        markets = {slug: (SLUGS | FURTHER)[slug] for slug in slugs} if slugs else SLUGS
        where = write_chain_file(home / "chain.toml", lab, url, markets)
        # The chain is too young for venues of the first tier; shares of tiers have tests of their own.
        shares = {"MAMMON_POLICY__TIER_SHARE_ABOVE_USD": "1000000"}
        world = {"MAMMON_CHAIN_FILE": str(where), "MAMMON_RUN__WATCH": "0s"}
        super().__init__(home, **(world | shares | more))
        self.clock = NodeClock(scenario)

    def process(self, stdin: object, out: object, err: object) -> Process:
        return Process(dict(self.environment), self.home, stdin, out, err, self.clock)  # type: ignore[arg-type]
