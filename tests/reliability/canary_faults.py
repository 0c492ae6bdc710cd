"""What goes wrong while a command runs: one fault a row, and secrets come back from where they went."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from unittest import mock

from mammon.cli.invocation import Invocation
from mammon.net.http import HttpTransport
from tests.net.servers import Behaviour, Peer
from tests.reliability.canary_world import CONFIG_TOKEN, KEY, PASSWORD, USER_TOKEN, WRONG_PASSWORD

CLOSED_PORT = 9
ROOM_BYTES = 2048
"""A file may grow to so much on the disk that is full."""


@dataclass
class Case:
    """One command about to run: what a fault may change."""

    home: Path
    environment: dict[str, str]
    behave: Behaviour
    """Of everything that listens: endpoints, signer."""


Fault = Callable[[Case], contextlib.AbstractContextManager[None]]


def _answering(behave: Callable[[Case], Behaviour]) -> Fault:
    @contextlib.contextmanager
    def fault(case: Case) -> Iterator[None]:
        case.behave = behave(case)
        yield

    return fault


def _echo(case: Case, peer: Peer, body: bytes) -> str:
    """Return everything the server was told, as one that is badly made would send it back."""
    urls = [value for value in case.environment.values() if "://" in value]
    return "\n".join([*urls, peer.head.decode("latin-1"), body.decode("latin-1")])


def _status(status: str, *fields: str) -> Fault:
    """Answer with a status, and with the request in the body and in a field."""

    def behave(case: Case) -> Behaviour:
        def answer(peer: Peer) -> None:
            while (body := peer.request()) is not None:
                told = _echo(case, peer, body)
                asked = peer.head.split(b" ")[1].decode("latin-1")
                peer.answer(told.encode(), f"X-Request: {asked}", *fields, status=status)

        return answer

    return _answering(behave)


def _silent(_case: Case) -> Behaviour:
    return lambda peer: peer.wait_for_end()


def _cut(case: Case) -> Behaviour:
    def answer(peer: Peer) -> None:
        body = peer.request() or b""
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n"
        peer.send(head + _echo(case, peer, body).encode())

    return answer


def _told(make: Callable[[dict[str, Any], str], object]) -> Fault:
    """Answer every call with what `make` returns for it and for an echo of the request."""

    def behave(case: Case) -> Behaviour:
        def answer(peer: Peer) -> None:
            while (body := peer.request()) is not None:
                asked, told = json.loads(body), _echo(case, peer, body)
                calls = asked if isinstance(asked, list) else [asked]
                answers = [make(call, told) for call in calls]
                peer.answer(json.dumps(answers if isinstance(asked, list) else answers[0]).encode())

        return answer

    return _answering(behave)


def _refusing(call: dict[str, Any], told: str) -> object:
    error = {"code": -32000, "message": f"denied: {told}", "data": told}
    return {"jsonrpc": "2.0", "id": call["id"], "error": error}


def _malformed(call: dict[str, Any], told: str) -> object:
    return {"jsonrpc": told, "id": told, "result": {told: told, "number": told, "hash": call["method"]}}


def _other_chain(call: dict[str, Any], _told: str) -> object:
    return {"jsonrpc": "2.0", "id": call["id"], "result": "0x1"}


@contextlib.contextmanager
def _sound(_case: Case) -> Iterator[None]:
    yield


@contextlib.contextmanager
def _refused(case: Case) -> Iterator[None]:
    """Let nobody listen where the settings say."""
    for name, value in case.environment.items():
        case.environment[name] = re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{CLOSED_PORT}", value)
    yield


@contextlib.contextmanager
def _disk_full(_case: Case) -> Iterator[None]:
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, hard))
    yield


def _configured(text: str) -> Fault:
    @contextlib.contextmanager
    def fault(case: Case) -> Iterator[None]:
        (case.home / "mammon.toml").write_text(text)
        yield

    return fault


_URL = f"https://node.invalid/v2/{CONFIG_TOKEN}"
_BROKEN = f'[rpc]\nurls = ["{_URL}"\n[signer]\nurl = "{_URL}'
_UNKNOWN = f'webhook = "{_URL}"\n[rpc]\nurl = "{_URL}"\nurls = ["https://x:{USER_TOKEN}@node.invalid/"]\n'
_KEYED = f'[signer]\nprivate_key = "{KEY.hex()}"\npassword = "{PASSWORD}"\n'


@contextlib.contextmanager
def _wrong_password(case: Case) -> Iterator[None]:
    (case.home / "credentials" / "mammon-password").write_text(WRONG_PASSWORD)
    yield


@contextlib.contextmanager
def _unreadable_key(case: Case) -> Iterator[None]:
    """Put the key itself where the encrypted file should be, for everybody to read."""
    path = case.home / "keys" / "key.json"
    path.write_text(json.dumps({"version": 3, "crypto": KEY.hex(), "password": PASSWORD}))
    path.chmod(0o644)
    yield


@contextlib.contextmanager
def _key_in_the_clear(case: Case) -> Iterator[None]:
    (case.home / "keys" / "key.json").write_text("0x" + KEY.hex())
    yield


@contextlib.contextmanager
def _interrupted(case: Case) -> Iterator[None]:
    """Press Ctrl-C when the first request is out, or, where none is made, when the result is due."""

    def answer(peer: Peer) -> None:
        peer.request()
        os.kill(os.getpid(), signal.SIGINT)
        peer.wait_for_end()

    def pressed(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt(_everything(case))

    case.behave = answer
    with mock.patch.object(Invocation, "result", pressed):
        yield


def _everything(case: Case) -> str:
    """Return what a process may have in hand that its environment and its settings gave it."""
    return " ".join(value for value in case.environment.values() if "canary" in value)


@contextlib.contextmanager
def _bug(case: Case) -> Iterator[None]:
    """Fail where nobody expected it, with everything there is in the exception's text, and in its cause's."""

    def broken(*_: object, **__: object) -> NoReturn:
        try:
            raise OSError(_everything(case))
        except OSError as error:
            raise ZeroDivisionError(f"while holding {_everything(case)}") from error

    with mock.patch.object(Invocation, "result", broken):
        yield


@contextlib.contextmanager
def _bug_on_the_wire(case: Case) -> Iterator[None]:
    def broken(transport: HttpTransport, *_: object) -> NoReturn:
        raise RuntimeError(f"unexpected: {_everything(case)} {vars(transport)}")

    with mock.patch.object(HttpTransport, "exchange", broken):
        yield


FAULTS: dict[str, Fault] = {
    "none": _sound,
    "refused": _refused,
    "hang": _answering(_silent),
    "401": _status("401 Unauthorized", "WWW-Authenticate: Basic"),
    "403": _status("403 Forbidden"),
    "429": _status("429 Too Many Requests", "Retry-After: 1000000000"),
    "500": _status("500 Internal Server Error"),
    "503": _status("503 Service Unavailable"),
    "200 with the request": _status("200 OK"),
    "redirect": _status("307 Temporary Redirect", "Location: http://192.0.2.1/canaryPathT0ken5ecret"),
    "truncated": _answering(_cut),
    "wrong chain": _told(_other_chain),
    "error with the request": _told(_refusing),
    "malformed": _told(_malformed),
    "disk full": _disk_full,
    "broken configuration": _configured(_BROKEN),
    "unknown settings": _configured(_UNKNOWN),
    "secrets in the configuration": _configured(_KEYED),
    "wrong password": _wrong_password,
    "unreadable key file": _unreadable_key,
    "key in the clear": _key_in_the_clear,
    "Ctrl-C": _interrupted,
    "bug": _bug,
    "bug on the wire": _bug_on_the_wire,
}
SHORT = ("none", "401", "error with the request", "broken configuration", "wrong password", "bug")
"""Those of the suite."""
