"""A signer in another process: it holds the key, we hold its answers against what was permitted.

web3signer is asked by `eth_signTransaction`, clef by `account_signTransaction`. Both sign whole
transactions; nothing else is ever asked of them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Literal

from mammon.chain import jsonrpc
from mammon.chain.jsonrpc import RpcFailure
from mammon.core.ports import Deadline, Transport
from mammon.core.transaction import Unsigned
from mammon.core.types import Address
from mammon.errors import MalformedError, PersonNeededError

Kind = Literal["web3signer", "clef"]

Connect = Callable[[], AbstractContextManager[Transport]]

_METHODS: dict[Kind, str] = {"web3signer": "eth_signTransaction", "clef": "account_signTransaction"}


class ExternalSigner:
    """Have another process sign for one account: the `Signer` port of `signer.url`."""

    def __init__(
        self, connect: Connect, kind: Kind, account: Address, deadline: Callable[[], Deadline]
    ) -> None:
        """Take the way there, opened for one signature at a time, and what begins its total time."""
        self._connect, self._kind, self._account, self._deadline = connect, kind, account, deadline
        self._asked = 0

    @property
    def address(self) -> Address:
        """The account it is asked to sign for; whether it does, the signature tells."""
        return self._account

    def sign(self, unsigned: Unsigned) -> bytes:
        """Return the bytes it answers. Raises `OutsideError`, or `PersonNeededError` when it refuses."""
        self._asked += 1
        body = jsonrpc.written(self._asked, [(_METHODS[self._kind], [_arguments(unsigned, self._account)])])
        with self._connect() as transport:
            answer = jsonrpc.read(transport.exchange(body, self._deadline()), self._asked, 1)
            name = transport.name
        result = answer if isinstance(answer, RpcFailure) else answer[0]
        if isinstance(result, RpcFailure):
            raise PersonNeededError(
                "signer_refused",
                f"{name} refused to sign: {result.message}",
                "look at its log and its rules; nothing was sent",
            )
        raw = jsonrpc.data(result.get("raw") if isinstance(result, dict) else result, "the signature")
        if not raw:
            raise MalformedError("rpc_answer", f"{name} answered nothing", "check the signer")
        return raw


def _arguments(unsigned: Unsigned, account: Address) -> dict[str, Any]:
    """Return the transaction as both kinds of signers read it."""
    return {
        "from": account,
        "to": unsigned.to,
        "gas": hex(unsigned.gas),
        "maxFeePerGas": hex(unsigned.max_fee),
        "maxPriorityFeePerGas": hex(unsigned.tip),
        "value": hex(unsigned.value),
        "nonce": hex(unsigned.nonce),
        "data": "0x" + unsigned.data.hex(),
        "chainId": hex(unsigned.chain_id),
    }
