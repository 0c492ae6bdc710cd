"""A bare JSON-RPC client for the local node: one kept-alive socket, no library between.

Campaigns make tens of thousands of calls of half a millisecond; `http.client` would double that.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from typing import Any

TX_GAS = 12_000_000
"""Given to every transaction, so that the node does not estimate it first by running it."""


class RpcError(Exception):
    """What the node answered instead of a result; `data` is revert data where there is any."""

    def __init__(self, method: str, error: dict[str, Any]) -> None:
        super().__init__(f"{method}: {error.get('message')}")
        self.code = error.get("code")
        data = error.get("data")
        self.data = bytes.fromhex(data[2:]) if isinstance(data, str) and data.startswith("0x") else b""


class RevertedError(Exception):
    """A transaction was mined and failed."""

    def __init__(self, receipt: dict[str, Any], data: bytes) -> None:
        super().__init__(f"{receipt['transactionHash']} reverted with {data.hex() or 'no data'}")
        self.receipt = receipt
        self.data = data


class Rpc:
    """Call a node on 127.0.0.1."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        self._id = 0

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def __call__(self, method: str, *params: Any) -> Any:
        """Return one result; raise `RpcError`."""
        return self._result(method, self._exchange(self._request(method, params)))

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Return the results of several calls in one request; raise the first `RpcError`."""
        found = self.outcomes(calls)
        for outcome in found:
            if isinstance(outcome, RpcError):
                raise outcome
        return found

    def outcomes(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Return the result or the `RpcError` of each of several calls, in one request."""
        requests = [self._request(method, params) for method, params in calls]
        answers = {answer["id"]: answer for answer in self._exchange(requests)}
        return [self._outcome(request["method"], answers[request["id"]]) for request in requests]

    def call(self, to: str, data: bytes, *, sender: str | None = None, block: str | int = "latest") -> bytes:
        """Return the data an `eth_call` answers; raise `RpcError` with the revert data."""
        return bytes.fromhex(self("eth_call", *call_params(to, data, sender=sender, block=block))[2:])

    def send(self, sender: str, to: str | None, data: bytes, value: int = 0) -> dict[str, Any]:
        """Send from an unlocked account, wait, return the receipt; raise `RevertedError`."""
        transaction = {"from": sender, "data": "0x" + data.hex(), "value": hex(value), "gas": hex(TX_GAS)}
        if to is not None:
            transaction["to"] = to
        receipt: dict[str, Any] = self("eth_sendTransactionSync", transaction)
        if receipt["status"] != "0x1":
            raise RevertedError(receipt, self._reason(transaction, int(receipt["blockNumber"], 16) - 1))
        return receipt

    def _reason(self, transaction: dict[str, Any], block: int) -> bytes:
        try:
            self("eth_call", transaction, hex(block))
        except RpcError as error:
            return error.data
        return b""

    def _request(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        self._id += 1
        return {"jsonrpc": "2.0", "id": self._id, "method": method, "params": list(params)}

    def _exchange(self, body: Any) -> Any:
        content = json.dumps(body).encode()
        self._socket.sendall(f"{self._head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        return json.loads(self._answer())

    def _answer(self) -> bytes:
        """Read one answer; the node always gives its length."""
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._received(65_536)
        length = int(data[:end].lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        parts, left = [data[end + 4 :]], length - (len(data) - end - 4)
        while left > 0:
            parts.append(self._received(min(left, 1 << 20)))
            left -= len(parts[-1])
        return b"".join(parts)

    def _received(self, most: int) -> bytes:
        data = self._socket.recv(most)
        if not data:
            raise ConnectionError("the node closed the connection")
        return data

    @staticmethod
    def _outcome(method: str, answer: dict[str, Any]) -> Any:
        return RpcError(method, answer["error"]) if "error" in answer else answer["result"]

    def _result(self, method: str, answer: dict[str, Any]) -> Any:
        outcome = self._outcome(method, answer)
        if isinstance(outcome, RpcError):
            raise outcome
        return outcome


def call_params(to: str, data: bytes, *, sender: str | None = None, block: str | int = "latest") -> list[Any]:
    """Return the parameters of an `eth_call`."""
    call = {"to": to, "data": "0x" + data.hex()} | ({"from": sender} if sender else {})
    return [call, hex(block) if isinstance(block, int) else block]
