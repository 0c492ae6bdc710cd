"""E14: every registered command under six faults, and what the sweep must find. Long: `canaries`."""

from __future__ import annotations

import _socket
import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from mammon.cli import registry
from mammon.net.http import HttpTransport
from tests.reliability import egress
from tests.reliability.canaries import SIGNERS, prepared, sweep, swept
from tests.reliability.canary_faults import FAULTS, SHORT
from tests.reliability.canary_world import (
    CONFIG_TOKEN,
    KEY,
    PASSWORD,
    PATH_TOKEN,
    Template,
    canaries,
    forms,
    hits,
    url_settings,
)

WELL = 0.8
"""So many of all commands end well where nothing is wrong: a sweep of refusals would find nothing."""


@pytest.fixture(scope="module")
def made() -> Iterator[Template]:
    with prepared() as found:
        yield found


@pytest.mark.parametrize("fault", SHORT)
def test_no_command_leaks_or_connects_elsewhere(made: Template, fault: str) -> None:
    """No secret in a stream, a file, a page or an argument; no connection but to what is configured."""
    found = sweep(made, [fault], [SIGNERS[SHORT.index(fault) % 2]])
    assert [one.command for one in found] == list(registry.COMMANDS)
    assert [one for one in found if one.wrong] == []
    if fault == "none":
        assert sum(one.code == 0 for one in found) >= WELL * len(found)
    else:
        assert any(one.code != 0 for one in found), "the fault befell nobody"


def test_the_short_form_is_of_the_long_ones_faults() -> None:
    """Six of them, none by another name."""
    assert set(SHORT) < set(FAULTS)
    assert len(SHORT) == 6


def test_every_setting_that_is_a_url_has_a_secret_of_its_own() -> None:
    """A setting that is added joins by itself; these are those there were when this was written."""
    assert {"MAMMON_RPC__URLS", "MAMMON_SIGNER__URL"} <= set(url_settings())
    assert set(url_settings()) <= set(canaries())


@pytest.mark.parametrize("secret", [KEY, PASSWORD.encode(), PATH_TOKEN.encode()])
def test_a_secret_is_found_however_it_is_spelled(secret: bytes) -> None:
    """As it is, in hexadecimal, in base64 within a longer text, quoted, reversed."""
    import base64

    for form in forms(secret):
        assert hits(b"..." + form + b"..."), form
    for before in (b"", b"x", b"xy", b"https://node/"):
        assert hits(base64.b64encode(before + secret + b"/more"))
    assert hits(b"nothing of the kind") == []


# --- what it must find ----------------------------------------------------------------------------


@contextlib.contextmanager
def _unredacted() -> Iterator[None]:
    with (
        mock.patch("mammon.net.http.redacted", lambda url: url),
        mock.patch("mammon.cli.failure.clean", lambda text, *_: text, create=True),
        mock.patch("mammon.cli.redaction.clean", lambda text, *_: text),
    ):
        yield


def _doing(act: Callable[[], object]) -> contextlib.AbstractContextManager[Any]:
    """Do something before every exchange with an endpoint."""
    exchange = HttpTransport.exchange

    def first(transport: HttpTransport, *rest: Any) -> bytes:
        act()
        return exchange(transport, *rest)

    return mock.patch.object(HttpTransport, "exchange", first)


def _elsewhere() -> None:
    _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM).connect(("192.0.2.1", 443))


def _kept() -> None:
    Path(os.environ.get("TMPDIR", "/tmp"), f"planted-{os.getpid()}").write_text(PATH_TOKEN[::-1])


PLANTED: dict[str, tuple[Callable[[], contextlib.AbstractContextManager[Any]], str]] = {
    "URLs shown as they are": (_unredacted, "stderr: token in a path"),
    "a connection elsewhere": (lambda: _doing(_elsewhere), "socket.connect ('192.0.2.1', 443)"),
    "a look-up": (
        lambda: _doing(lambda: _socket.getaddrinfo("collect.invalid", 443)),
        "socket.getaddrinfo collect.invalid",
    ),
    "a port of this machine": (
        lambda: _doing(lambda: _socket.socket().connect(("127.0.0.1", 1))),
        "socket.connect ('127.0.0.1', 1)",
    ),
    "a file outside its home": (lambda: _doing(_kept), "token in a path as"),
    "a process with a secret among its words": (
        lambda: _doing(lambda: subprocess.run(["true", CONFIG_TOKEN], check=True)),
        "token in a configuration as",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_defect_is_found(made: Template, name: str) -> None:
    """A sweep that finds nothing means something only because it finds these."""
    planted, found = PLANTED[name]
    one = swept(made, "scan", "401", SIGNERS[0], planted)
    assert any(found in what for what in one.wrong), one


def test_a_case_that_never_ends_is_no_success(made: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended, and counts as wrong."""
    import time

    monkeypatch.setattr("tests.reliability.canaries.PATIENCE_S", 0.5)
    one = swept(made, "scan", "none", SIGNERS[0], lambda: _doing(lambda: time.sleep(60)))
    assert "no end" in one.wrong[0]


# --- the empty network ----------------------------------------------------------------------------

alone = pytest.mark.skipif(
    not egress.possible(), reason="no network name space, or no strace, on this machine"
)


@alone
def test_programs_reach_for_nothing_but_their_endpoints() -> None:
    """As programs of their own, traced by the kernel: no address, no name service, no other program."""
    assert egress.programs(["scan", "exit-all"]) == {"scan": [], "exit-all": []}


@alone
@pytest.mark.parametrize(
    ("act", "found"),
    [
        ("_socket.socket().connect(('192.0.2.1', 443))", "192.0.2.1"),
        ("_socket.getaddrinfo('collect.invalid', 443)", "connect"),
        ("__import__('subprocess').run(['true'])", "a process was started"),
    ],
)
def test_a_planted_program_is_found(act: str, found: str) -> None:
    """A connection, a look-up, a program: each shows in the trace of an empty network."""
    reached = egress.programs(["schema"], f"import _socket\ntry: {act}\nexcept OSError: pass")
    assert any(found in what for what in reached["schema"]), reached
