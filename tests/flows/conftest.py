"""Fixtures of flows: the local node's, and a simulated world in which something was decided."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.chain.fixtures import chain, lab, node
from tests.flows.runner import Shell
from tests.flows.settled import MOCK

__all__ = ["chain", "lab", "node"]


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documents")


@pytest.fixture(scope="module")
def shell(homes: Path) -> Shell:
    """A world with idle money, and nothing moved yet."""
    return Shell(homes / "idle", **MOCK)


@pytest.fixture(scope="module")
def scan(shell: Shell) -> dict[str, Any]:
    return shell("scan", "--json").document


@pytest.fixture(scope="module")
def move(shell: Shell) -> dict[str, Any]:
    found = shell("gates", "--json").document
    assert found["data"]["action"] == "move"
    return found
