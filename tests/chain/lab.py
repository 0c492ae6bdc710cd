"""What was deployed: addresses, ABIs and the state file, as built or as loaded from the cache."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.chain.contract import Contract, Function
from tests.chain.rpc import Rpc

ACCOUNTS = ("admin", "alice", "bob", "whale", "borrower", "lender", "fees", "treasury", "carol", "eve")
"""Roles of the node's ten unlocked accounts, in its order."""

MANIFEST = "manifest.json"
STATE = "state.json"


@dataclass(frozen=True, slots=True)
class Lab:
    """Everything deployed, by name."""

    addresses: dict[str, str]
    kinds: dict[str, str]
    abis: dict[str, dict[str, Function]] = field(repr=False)
    morpho_markets: dict[str, tuple[str, str, str, str, int]]
    accounts: dict[str, str]
    timestamp: int
    state: Path

    def contract(self, rpc: Rpc, name: str) -> Contract:
        """Return a deployed contract on a running node."""
        return Contract(rpc, self.addresses[name], self.abis[self.kinds[name]])

    def save(self, directory: Path) -> None:
        """Write the manifest."""
        plain = {key: value for key, value in asdict(self).items() if key != "state"}
        (directory / MANIFEST).write_text(json.dumps(plain, indent=1))

    @classmethod
    def load(cls, directory: Path) -> Lab:
        """Read the manifest of a built lab."""
        plain: dict[str, Any] = json.loads((directory / MANIFEST).read_text())
        plain["abis"] = {
            kind: {
                name: Function(row["name"], tuple(row["inputs"]), tuple(row["outputs"]))
                for name, row in rows.items()
            }
            for kind, rows in plain["abis"].items()
        }
        plain["morpho_markets"] = {name: tuple(row) for name, row in plain["morpho_markets"].items()}
        return cls(**plain, state=directory / STATE)
