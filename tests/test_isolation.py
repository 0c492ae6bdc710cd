"""The guards of `conftest.py` hold: a suite that could reach out would prove nothing about itself."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import XDG, NetworkUsedError

FOREIGN = ("192.0.2.1", 443)  # TEST-NET-1: routed nowhere


@pytest.fixture(scope="module", autouse=True)
def _settings_of_the_caller() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAMMON_MODE", "live")
        yield


@pytest.mark.parametrize("name", ["connect", "connect_ex"])
def test_no_socket_connects_to_another_machine(name: str) -> None:
    """A connection to another machine is refused before it starts."""
    with socket.socket() as sock, pytest.raises(NetworkUsedError):
        getattr(sock, name)(FOREIGN)


@pytest.mark.parametrize("flags", [(), (0,)])
def test_no_datagram_leaves_the_machine(flags: tuple[int, ...]) -> None:
    """Datagrams need no connection and are refused as well, with flags and without."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, pytest.raises(NetworkUsedError):
        sock.sendto(b"x", *flags, FOREIGN)


def test_no_name_is_resolved() -> None:
    """Looking a name up already tells another machine; every way to do it is refused."""
    for look_up in (
        lambda: socket.getaddrinfo("example.invalid", 443),
        lambda: socket.getaddrinfo(b"example.invalid", 443),
        lambda: socket.gethostbyname("example.invalid"),
        lambda: socket.gethostbyname_ex("example.invalid"),
        lambda: socket.create_connection(("example.invalid", 443)),
    ):
        with pytest.raises(NetworkUsedError):
            look_up()


def test_this_machine_is_reached_over_tcp_and_unix_sockets(tmp_path: Path) -> None:
    """Servers on 127.0.0.1 and on a path stay usable: they are how edges are tested."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)


def test_the_home_directory_is_empty_and_temporary() -> None:
    """No file of the person who runs the tests is seen or touched."""
    home = Path.home()
    assert home == Path(os.environ["HOME"])
    assert list(home.iterdir()) == []
    assert all(Path(os.environ[name]).is_relative_to(home) for name in (*XDG, "MAMMON_HOME"))


def test_no_setting_of_the_caller_is_seen() -> None:
    """MAMMON_ variables of the caller are gone inside a test, this module's fixture's included."""
    assert [name for name in os.environ if name.startswith("MAMMON_")] == ["MAMMON_HOME"]
