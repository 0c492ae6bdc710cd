"""Fixtures of the test chain: `lab` (built once), `node` (one per worker), `chain` (fresh per test).

Without node, npm or the packages the tests that ask for them are skipped, saying why; where the
environment sets CI they fail instead. Other directories import the fixtures from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NoReturn

import pytest

from tests.chain import build
from tests.chain.lab import Lab
from tests.chain.node import Node, loaded
from tests.chain.places import ENVIRONMENT, UnavailableError
from tests.chain.scenario import Scenario


@pytest.fixture(scope="session")
def lab() -> Lab:
    """Build the test chain, or find it in the cache."""
    try:
        return build.lab()
    except UnavailableError as error:
        excused(f"the test chain cannot be built: {error}", ENVIRONMENT)


def excused(reason: str, environment: Mapping[str, str]) -> NoReturn:
    """Skip with the reason; where CI is set, fail: there nothing may go untested in silence."""
    if environment.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def node(lab: Lab) -> Iterator[Node]:
    """Run this worker's node on the lab's state."""
    running = loaded(lab.state, lab.timestamp)
    yield running
    running.stop()


@pytest.fixture
def chain(lab: Lab, node: Node) -> Iterator[Scenario]:
    """Offer the populated chain; what the test does to it is undone."""
    scenario = Scenario(lab, node.rpc)
    with scenario.undone():
        yield scenario
