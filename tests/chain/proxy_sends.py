"""The way of a raw transaction into the pool: geth's price rule, and providers that lose or hold it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from coincurve import PublicKey

from mammon.core.keccak import keccak256
from mammon.core.transaction import Unsigned, decode_signed, transaction_hash

if TYPE_CHECKING:
    from tests.chain.proxy import Exchange, Fault

Json = dict[str, Any]
Ask = Callable[..., Any]

BUMP_PERCENT = 110
"""What geth asks a replacement to offer, of both caps; the local node takes one wei more."""


def sender(raw: bytes) -> str:
    """Return the address that signed a raw transaction, in lower case."""
    unsigned, parity, r, s = decode_signed(raw)
    compact = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([parity])
    key = PublicKey.from_signature_and_message(compact, unsigned.digest(), hasher=None)
    return "0x" + keccak256(key.format(compressed=False)[1:])[12:].hex()


class Pool:
    """What waits to be mined, as far as the providers let it through."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, int], tuple[str, Unsigned]] = {}

    def refusal(self, call: Json, ask: Ask) -> Json | None:
        """Return the error for a replacement that offers too little, None for everything else."""
        if call["method"] != "eth_sendRawTransaction":
            return None
        raw = bytes.fromhex(call["params"][0][2:])
        unsigned, *_ = decode_signed(raw)
        hash_, place = transaction_hash(raw), (sender(raw), unsigned.nonce)
        with self._lock:
            before = self._waiting.get(place)
            if before is not None and before[0] != hash_ and not _enough(unsigned, before[1]):
                known = ask("eth_getTransactionByHash", before[0])
                if known is not None and known["blockNumber"] is None:
                    return {"code": -32000, "message": "replacement transaction underpriced"}
            self._waiting[place] = (hash_, unsigned)
        return None


def _enough(offered: Unsigned, before: Unsigned) -> bool:
    return (
        100 * offered.max_fee >= BUMP_PERCENT * before.max_fee
        and 100 * offered.tip >= BUMP_PERCENT * before.tip
    )


# --- providers that do something else with it than they say --------------------------------------


def swallowed(exchange: Exchange) -> None:
    """Answer with the hash, and forward nothing."""
    exchange.answer(exchange.forward({number: _hash(exchange.calls[number]) for number in exchange.hit}))


def refused_but_forwarded(code: int, message: str) -> Fault:
    """Answer with an error, and forward it all the same."""

    def fault(exchange: Exchange) -> None:
        answers = exchange.forward()
        for number in exchange.hit:
            error = {"code": code, "message": message}
            answers[number] = {"jsonrpc": "2.0", "id": exchange.calls[number]["id"], "error": error}
        exchange.answer(answers)

    return fault


def refused(code: int, message: str) -> Fault:
    """Answer with an error, and forward nothing."""

    def fault(exchange: Exchange) -> None:
        error = {"code": code, "message": message}
        given = {n: {"jsonrpc": "2.0", "id": exchange.calls[n]["id"], "error": error} for n in exchange.hit}
        exchange.answer(exchange.forward(given))

    return fault


class Delayed:
    """A fault: answer with the hash, and forward when told to."""

    def __init__(self) -> None:
        self._held: list[tuple[Exchange, Json]] = []

    def __call__(self, exchange: Exchange) -> None:
        """Hold the transactions back."""
        self._held += [(exchange, exchange.calls[number]) for number in exchange.hit]
        swallowed(exchange)

    def release(self) -> list[Json]:
        """Forward what is held; return the node's answers."""
        held, self._held = self._held, []
        return [
            exchange.provider.answered(call, exchange.view, exchange.provider.head())
            for exchange, call in held
        ]


def _hash(call: Json) -> Json:
    hash_ = transaction_hash(bytes.fromhex(call["params"][0][2:]))
    return {"jsonrpc": "2.0", "id": call["id"], "result": hash_}
