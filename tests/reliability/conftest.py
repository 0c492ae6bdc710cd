"""The local node's fixtures, for flows that run over real contracts."""

from __future__ import annotations

from tests.chain.fixtures import chain, lab, node

__all__ = ["chain", "lab", "node"]
