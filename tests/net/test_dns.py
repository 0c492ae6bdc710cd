"""Names are resolved without outliving a deadline, and remembered."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from mammon.errors import DeadlinePassedError, TransientError
from mammon.net.deadline import Deadline
from mammon.net.dns import CACHE_S, Resolver
from mammon.net.http import HttpTransport
from tests.net import servers
from tests.net.servers import serving, within

ROW = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))
ADDRESS = (socket.AF_INET, ("127.0.0.1", 80))


class Names:
    """A name service that answers, fails or hangs as told, and counts."""

    def __init__(self, *rows: Any) -> None:
        self.rows = list(rows)
        self.asked = 0
        self.failing = False
        self.answering = threading.Event()
        self.answering.set()

    def __call__(self, *_: Any, **__: Any) -> list[Any]:
        self.asked += 1
        assert self.answering.wait(20)
        if self.failing:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known\x1b[2J")
        return self.rows


def test_a_name_service_that_hangs_does_not_outlive_the_deadline() -> None:
    """A look-up that never returns is left behind; what it finds later is still used."""
    names = Names(ROW)
    names.answering.clear()
    resolver = Resolver("node.example", 80, lookup=names)
    for _ in range(3):
        with pytest.raises(DeadlinePassedError):
            within(10, lambda: resolver.addresses(Deadline(0.05)))
    assert names.asked == 1
    names.answering.set()
    assert resolver.addresses(Deadline(5)) == [ADDRESS]


def test_answers_are_remembered_for_five_minutes() -> None:
    """A second look-up within five minutes asks nobody."""
    now = [0.0]
    names = Names(ROW)
    resolver = Resolver("node.example", 80, lookup=names, monotonic=lambda: now[0])
    for later, asked in ((0, 1), (CACHE_S - 1, 1), (CACHE_S, 2)):
        now[0] = later
        assert resolver.addresses(Deadline(5)) == [ADDRESS]
        assert names.asked == asked


def test_a_name_nobody_knows_is_transient_and_asked_again() -> None:
    """A failed look-up is no answer to remember; its text is made printable."""
    names = Names(ROW)
    names.failing = True
    resolver = Resolver("node.example", 80, lookup=names)
    with pytest.raises(TransientError) as caught:
        resolver.addresses(Deadline(5))
    assert caught.value.code == "dns"
    assert caught.value.message.startswith("the name was not resolved: Name or service not known")
    assert "\x1b" not in caught.value.message
    assert caught.value.hint
    names.failing = False
    assert resolver.addresses(Deadline(5)) == [ADDRESS]


@pytest.mark.parametrize("fault", ["fails", "hangs"])
def test_old_addresses_serve_while_the_name_service_is_down(fault: str) -> None:
    """An outage of the name service alone does not cut off an endpoint that was reached before."""
    now = [0.0]
    names = Names(ROW)
    resolver = Resolver("node.example", 80, lookup=names, monotonic=lambda: now[0])
    resolver.addresses(Deadline(5))
    now[0] = CACHE_S + 1
    names.failing = fault == "fails"
    if fault == "hangs":
        names.answering.clear()
    assert within(10, lambda: resolver.addresses(Deadline(0.2))) == [ADDRESS]
    names.answering.set()


def test_numeric_addresses_ask_nobody() -> None:
    """An address is not looked up, in either family."""
    names = Names()
    assert Resolver("127.0.0.1", 80, lookup=names).addresses(Deadline(1)) == [ADDRESS]
    found = Resolver("::1", 80, lookup=names).addresses(Deadline(1))
    assert found == [(socket.AF_INET6, ("::1", 80, 0, 0))]
    assert names.asked == 0


def test_a_dead_address_passes_the_turn_to_the_next() -> None:
    """Each address gets a share of the deadline; the one that answered is tried first from then on."""
    with serving(servers.echo) as server:
        dead = ("127.0.0.1", servers.refused_port())
        live = ("127.0.0.1", server.port)
        names = Names(*[(socket.AF_INET, socket.SOCK_STREAM, 6, "", where) for where in (dead, live)])
        resolver = Resolver("node.example", 80, lookup=names)
        transport = HttpTransport("http://node.example/", plain_http=True, resolver=resolver)
        assert transport.exchange(b"[]", Deadline(2)) == b"[]"
        transport.close()
        assert resolver.addresses(Deadline(1)) == [(socket.AF_INET, live), (socket.AF_INET, dead)]


def test_an_address_that_hangs_leaves_time_for_the_next() -> None:
    """A black hole among the addresses costs its share, not the whole deadline."""
    with serving(servers.echo) as server, servers.black_hole() as hole:
        rows = [(socket.AF_INET, 1, 6, "", ("127.0.0.1", port)) for port in (hole, server.port)]
        resolver = Resolver("node.example", 80, lookup=Names(*rows))
        transport = HttpTransport("http://node.example/", plain_http=True, resolver=resolver)
        assert within(10, lambda: transport.exchange(b"[]", Deadline(0.6))) == b"[]"
        transport.close()


def test_when_every_address_is_dead_the_last_failure_is_told() -> None:
    """With nothing left to try the connection's own error is raised."""
    rows = [(socket.AF_INET, 1, 6, "", ("127.0.0.1", servers.refused_port())) for _ in range(2)]
    resolver = Resolver("node.example", 80, lookup=Names(*rows))
    transport = HttpTransport("http://node.example/", plain_http=True, resolver=resolver)
    with pytest.raises(TransientError) as caught:
        transport.exchange(b"[]", Deadline(2))
    assert caught.value.code == "connect"
