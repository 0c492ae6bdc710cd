"""A real Safe 1.4.1 with two owners on the local node, and what its interface does with a batch file."""

from __future__ import annotations

from typing import Any

from eth_abi.packed import encode_packed
from eth_utils import to_checksum_address

from tests.chain.artifacts import from_json
from tests.chain.contract import NOBODY, Contract
from tests.chain.deploy.book import Book
from tests.chain.packages import packages, unpacked
from tests.chain.scenario import Scenario

DELEGATECALL = 1


class Safe:
    """Two of two owners; both approve by transaction, so that no signature is needed."""

    def __init__(self, chain: Scenario, owners: tuple[str, str]) -> None:
        self.owners = owners
        folder = unpacked(packages()["@safe-global/safe-contracts"]) / "build/artifacts/contracts"
        book = Book(chain.rpc, chain.account("admin"))
        single = book.deploy("safe", from_json(folder / "Safe.sol/Safe.json"))
        multi = folder / "libraries/MultiSendCallOnly.sol/MultiSendCallOnly.json"
        factory = from_json(folder / "proxies/SafeProxyFactory.sol/SafeProxyFactory.json")
        self.multisend = book.deploy("multisend", from_json(multi))
        made = book.deploy("factory", factory)
        setup = single.data("setup", list(owners), 2, NOBODY, b"", NOBODY, NOBODY, 0, NOBODY)
        arguments = (single.address, setup, 0)
        address = made.call("createProxyWithNonce", *arguments, sender=owners[0])
        made.send("createProxyWithNonce", *arguments, sender=owners[0])
        self.contract = Contract(chain.rpc, to_checksum_address(address), single.abi)

    @property
    def address(self) -> str:
        """Return the Safe's address."""
        return self.contract.address

    def execute(self, transactions: list[dict[str, Any]]) -> dict[str, Any]:
        """Do what the transaction builder does: one MultiSend of all of them; return its receipt."""
        packed = b"".join(map(_packed, transactions))
        data = self.multisend.data("multiSend", packed)
        what = (self.multisend.address, 0, data, DELEGATECALL, 0, 0, 0, NOBODY, NOBODY)
        digest = self.contract.call("getTransactionHash", *what, self.contract.call("nonce"))
        for owner in self.owners:
            self.contract.send("approveHash", digest, sender=owner)
        signatures = b"".join(_approved(owner) for owner in sorted(self.owners, key=lambda it: int(it, 16)))
        return self.contract.send("execTransaction", *what, signatures, sender=self.owners[1])


def _packed(transaction: dict[str, Any]) -> bytes:
    data = bytes.fromhex(transaction["data"][2:])
    kinds = ("uint8", "address", "uint256", "uint256", "bytes")
    return encode_packed(kinds, (0, transaction["to"], int(transaction["value"]), len(data), data))


def _approved(owner: str) -> bytes:
    """Return the form of a signature that says: approved on the chain before."""
    return bytes.fromhex(owner[2:].lower()).rjust(32, b"\0") + bytes(32) + b"\1"
