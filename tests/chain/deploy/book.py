"""Deploying: contracts under names, so that the manifest can be written and read."""

from __future__ import annotations

from typing import Any

from eth_abi import encode
from eth_utils import to_checksum_address

from tests.chain.artifacts import Artifact
from tests.chain.contract import Contract, Function, functions
from tests.chain.rpc import Rpc


class Book:
    """The deployer's account and everything deployed so far, by name."""

    def __init__(self, rpc: Rpc, admin: str) -> None:
        self.rpc = rpc
        self.admin = admin
        self.addresses: dict[str, str] = {}
        self.kinds: dict[str, str] = {}
        self.abis: dict[str, dict[str, Function]] = {}

    def deploy(
        self, name: str, artifact: Artifact, *arguments: Any, libraries: dict[str, str] | None = None
    ) -> Contract:
        """Deploy an artifact under a name."""
        made = artifact.linked(libraries or {})
        inputs = next((item["inputs"] for item in made.abi if item["type"] == "constructor"), [])
        data = bytes.fromhex(made.bytecode[2:]) + encode([item["type"] for item in inputs], arguments)
        receipt = self.rpc.send(self.admin, None, data)
        return self.note(name, artifact, to_checksum_address(receipt["contractAddress"]))

    def note(self, name: str, artifact: Artifact, address: str) -> Contract:
        """Enter a contract that exists already."""
        if name in self.addresses:
            raise ValueError(f"{name} is there already")
        self.addresses[name] = address
        self.kinds[name] = artifact.name
        self.abis.setdefault(artifact.name, functions(artifact.abi))
        return Contract(self.rpc, address, self.abis[artifact.name])

    def send(self, contract: Contract, function: str, *arguments: Any) -> None:
        """Send a transaction from the deployer."""
        contract.send(function, *arguments, sender=self.admin)
