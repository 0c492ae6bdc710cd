"""The fixtures of `fixtures.py` for the tests of this directory."""

from __future__ import annotations

from tests.chain.fixtures import chain, lab, node

__all__ = ["chain", "lab", "node"]
