"""Signers in another process: asked for whole transactions, under a deadline, believed in nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from mammon.chain.external_signer import ExternalSigner
from mammon.chain.keys import KeySigner
from mammon.chain.signing import SignatureError, sign
from mammon.core.transaction import Unsigned
from mammon.errors import DeadlinePassedError, MalformedError, OutsideError, PersonNeededError
from mammon.net.deadline import Deadline
from mammon.net.http import HttpTransport
from tests.net.servers import Peer, serving, silence
from tests.signing.golden import NOW
from tests.signing.keyfiles import ADDRESS, KEY
from tests.signing.test_signing import OTHER, permit, wanted

METHODS = {"web3signer": "eth_signTransaction", "clef": "account_signTransaction"}


def unsigned_of(arguments: dict[str, str]) -> Unsigned:
    """Read the request as a signer would."""
    numbers = {name: int(arguments[name], 16) for name in ("chainId", "nonce", "gas", "value")}
    fees = int(arguments["maxPriorityFeePerGas"], 16), int(arguments["maxFeePerGas"], 16)
    data = bytes.fromhex(arguments["data"][2:])
    return Unsigned(
        numbers["chainId"], numbers["nonce"], *fees, numbers["gas"], arguments["to"], numbers["value"], data
    )  # type: ignore[arg-type]


def answering(kind: str, result: Callable[[dict[str, str]], Any], seen: list[Any]) -> Callable[[Peer], None]:
    """Return a server that answers each request with `result(arguments)`, or with an error it returns."""

    def behave(peer: Peer) -> None:
        while (body := peer.request()) is not None:
            request = json.loads(body)
            seen.append(request)
            assert request["method"] == METHODS[kind]
            found = result(*request["params"])
            key = "error" if isinstance(found, dict) and "code" in found else "result"
            peer.answer(json.dumps({"jsonrpc": "2.0", "id": request["id"], key: found}).encode())

    return behave


def raw_of(key: bytes = KEY) -> Callable[[dict[str, str]], str]:
    return lambda arguments: "0x" + KeySigner(key).sign(unsigned_of(arguments)).hex()


def made(url: str, kind: Any = "web3signer", seconds: float = 5.0) -> ExternalSigner:
    return ExternalSigner(lambda: closing(HttpTransport(url)), kind, ADDRESS, lambda: Deadline(seconds))


@pytest.mark.parametrize("kind", METHODS)
def test_each_kind_is_asked_its_own_way_and_its_answer_is_the_permitted_bytes(kind: str) -> None:
    """web3signer answers bytes, clef an object; what it was asked spells the transaction whole."""
    seen: list[Any] = []

    def result(arguments: dict[str, str]) -> Any:
        raw = raw_of()(arguments)
        return raw if kind == "web3signer" else {"raw": raw, "tx": {}}

    with serving(answering(kind, result, seen)) as server:
        done = sign(permit(), made(server.url, kind), NOW)
    assert done.raw == KeySigner(KEY).sign(wanted().unsigned)
    (arguments,) = seen[0]["params"]
    assert unsigned_of(arguments) == wanted().unsigned
    assert arguments["from"] == ADDRESS


def test_another_key_behind_the_url_is_caught() -> None:
    """It may claim what it likes: the signature tells."""
    behave = answering("web3signer", raw_of(OTHER), [])
    with serving(behave) as server, pytest.raises(SignatureError) as caught:
        sign(permit(), made(server.url), NOW)
    assert caught.value.code == "wrong_signer"


def test_a_refusal_is_told_in_its_words() -> None:
    """Denied by a rule or by a person: exit 5, printable, nothing was sent."""
    answer = {"code": -32000, "message": "Request denied \x1b[31m"}
    behave = answering("clef", lambda _: answer, [])
    with serving(behave) as server, pytest.raises(PersonNeededError, match="Request denied") as caught:
        made(server.url, "clef").sign(wanted().unsigned)
    assert caught.value.code == "signer_refused"
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("answer", [None, "", "0x", "0xzz", "02ab", 7, [], {}, {"raw": None}, {"tx": {}}])
def test_an_answer_out_of_form_is_malformed(answer: Any) -> None:
    """Nothing, no bytes, another shape."""
    with serving(answering("web3signer", lambda _: answer, [])) as server, pytest.raises(MalformedError):
        made(server.url).sign(wanted().unsigned)


def test_a_signer_that_keeps_silent_is_given_up_in_time() -> None:
    """One total deadline per signature."""
    with serving(silence) as server, pytest.raises(DeadlinePassedError):
        made(server.url, seconds=0.2).sign(wanted().unsigned)


def test_a_dripping_signer_is_given_up_in_time() -> None:
    """A byte at a time outlives no deadline."""

    def drips(peer: Peer) -> None:
        peer.request()
        peer.drip(b"HTTP/1.1 200 OK\r\n" + b"x" * 1000)

    with serving(drips) as server, pytest.raises(DeadlinePassedError):
        made(server.url, seconds=0.3).sign(wanted().unsigned)


@pytest.mark.parametrize("status", ["403 Forbidden", "500 Oh"])
def test_an_http_error_is_the_outside_worlds(status: str) -> None:
    """Told as what it is; safe to try again, with another judgement."""

    def behave(peer: Peer) -> None:
        peer.request()
        peer.answer(b"", status=status)

    with serving(behave) as server, pytest.raises(OutsideError, match=status[:3]):
        made(server.url).sign(wanted().unsigned)
