"""What every test is kept from: the real network, the real home directory, the caller's settings."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost", "", None})
XDG = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")

settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


class NetworkUsedError(BaseException):
    """Report a test that reached for the real network.

    Not an `Exception`, so that no handler of a failed connection can take it for one.
    """


def _host(address: Any) -> Any:
    host = address[0] if isinstance(address, tuple) else address
    return host.decode() if isinstance(host, bytes) else host


def _refuse_foreign(host: Any) -> None:
    if host not in LOOPBACK:
        raise NetworkUsedError(f"a test reached for {host!r}: use a fake or a server on 127.0.0.1")


def _guarded_method(method: Callable[..., Any], address_at: int) -> Callable[..., Any]:
    def guarded(self: socket.socket, *arguments: Any) -> Any:
        if self.family != socket.AF_UNIX:
            _refuse_foreign(_host(arguments[address_at]))
        return method(self, *arguments)

    return guarded


def _guarded_function(function: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(host: Any, *arguments: Any, **options: Any) -> Any:
        _refuse_foreign(_host(host))
        return function(host, *arguments, **options)

    return guarded


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Refuse every address but this machine's, and every name but its own, for the whole session."""
    with pytest.MonkeyPatch.context() as patch:
        for name, address_at in (("connect", 0), ("connect_ex", 0), ("sendto", -1)):
            patch.setattr(socket.socket, name, _guarded_method(getattr(socket.socket, name), address_at))
        for name in ("create_connection", "getaddrinfo", "gethostbyname", "gethostbyname_ex"):
            patch.setattr(socket, name, _guarded_function(getattr(socket, name)))
        yield


@pytest.fixture(autouse=True)
def empty_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the test an empty home directory of its own and none of the caller's settings."""
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if name.startswith("MAMMON_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("MAMMON_HOME", str(home / "mammon"))
    for name in XDG:
        monkeypatch.setenv(name, str(home / name.lower()))
