"""Contracts by their ABI: encode with eth_abi, send with the bare client.

Deliberately apart from `mammon.core.abi`: what is under test does not check itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from eth_abi import decode, encode
from eth_utils import keccak, to_checksum_address

from tests.chain.rpc import Rpc, RpcError

MAX = 2**256 - 1
NOBODY = "0x" + "00" * 20


def _type(item: dict[str, Any]) -> str:
    if not item["type"].startswith("tuple"):
        return str(item["type"])
    inner = ",".join(_type(part) for part in item["components"])
    return f"({inner}){item['type'][5:]}"


@dataclass(frozen=True, slots=True)
class Function:
    """A function of an ABI."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def selector(self) -> bytes:
        """The first four bytes of a call."""
        return selector(f"{self.name}({','.join(self.inputs)})")

    def data(self, arguments: tuple[Any, ...]) -> bytes:
        """Return the bytes of a call."""
        return self.selector + encode(self.inputs, arguments)

    def result(self, data: bytes) -> Any:
        """Return what a call answered: one value, or a tuple of several. Addresses are EIP-55."""
        values = [
            _shown(kind, value) for kind, value in zip(self.outputs, decode(self.outputs, data), strict=True)
        ]
        return values[0] if len(values) == 1 else tuple(values)


@cache
def selector(signature: str) -> bytes:
    """Return the selector of `name(type,type)`."""
    return bytes(keccak(text=signature)[:4])


def _shown(kind: str, value: Any) -> Any:
    return to_checksum_address(value) if kind == "address" else value


def functions(abi: Iterable[dict[str, Any]]) -> dict[str, Function]:
    """Return an ABI's functions by `name/arity`."""
    found: dict[str, Function] = {}
    for item in abi:
        if item["type"] != "function":
            continue
        inputs = tuple(_type(part) for part in item["inputs"])
        outputs = tuple(_type(part) for part in item["outputs"])
        found.setdefault(f"{item['name']}/{len(inputs)}", Function(item["name"], inputs, outputs))
    return found


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract on the local node."""

    rpc: Rpc = field(repr=False)
    address: str
    abi: dict[str, Function] = field(repr=False)

    def data(self, name: str, *arguments: Any) -> bytes:
        """Return the bytes of a call. Of overloaded functions the arguments' number chooses."""
        return self.abi[f"{name}/{len(arguments)}"].data(arguments)

    def call(self, name: str, *arguments: Any, sender: str | None = None, block: str | int = "latest") -> Any:
        """Return the decoded answer of a view."""
        function = self.abi[f"{name}/{len(arguments)}"]
        return function.result(
            self.rpc.call(self.address, function.data(arguments), sender=sender, block=block)
        )

    def send(self, name: str, *arguments: Any, sender: str) -> dict[str, Any]:
        """Send a transaction and return its receipt; raise `RevertedError`."""
        return self.rpc.send(sender, self.address, self.data(name, *arguments))

    def refusal(self, name: str, *arguments: Any, sender: str, block: str | int = "latest") -> bytes | None:
        """Return the revert data a transaction would end with at a block's time, None if it would pass."""
        try:
            self.rpc.call(self.address, self.data(name, *arguments), sender=sender, block=block)
        except RpcError as error:
            return error.data
        return None
