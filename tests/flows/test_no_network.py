"""A chain that cannot be read: told within a bounded time, made up by nobody, and no key is ever shown."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import mammon
from mammon.core import canonical
from mammon.core.fills import open_book
from mammon.core.types import Portfolio, Snapshot, Unread
from mammon.errors import MalformedError
from mammon.net.dns import Resolver
from mammon.protocols.chains import ChainFile
from tests.flows.endpoint import EndpointShell, SimEndpoint, chain_toml, endpoint, with_ghosts
from tests.flows.runner import Ended, Shell
from tests.flows.words import NAMES, WORLDLY, line
from tests.net.servers import Behaviour, Peer, drip_body, refused_port, replying, serving, silence, status

CANARY = "c4nary5ecretk3y"
QUICK = {"MAMMON_RPC__ATTEMPTS": "1", "MAMMON_RPC__BUDGET": "1s", "MAMMON_RPC__REQUEST_TIMEOUT": "1s"}
ROOT = Path(mammon.__file__).parents[1]


def shell(home: Path, *urls: str, **environment: str) -> Shell:
    made = Shell(home, MAMMON_MODE="paper", MAMMON_RPC__URLS=",".join(urls), **QUICK, **environment)
    made.environment["MAMMON_CHAIN_FILE"] = str(chain_toml(home / "chain.toml"))
    return made


def traces(home: Path, ended: Ended) -> Iterator[str]:
    """Yield where the canary stands: the streams, and every file below the home."""
    for name, text in (("stdout", ended.out), ("stderr", ended.err)):
        if CANARY in text:
            yield name
    for path in home.rglob("*"):
        if path.is_file() and CANARY.encode() in path.read_bytes():
            yield str(path)


# --- every way to get no answer ------------------------------------------------------------------


def html(peer: Peer) -> None:
    while peer.request() is not None:
        peer.answer(b"<html><body>Sign in to the hotel's network</body></html>", "Content-Type: text/html")


def wrong_chain(peer: Peer) -> None:
    while (body := peer.request()) is not None:
        asked = json.loads(body)
        calls = asked if isinstance(asked, list) else [asked]
        answers = [{"jsonrpc": "2.0", "id": call["id"], "result": "0x1"} for call in calls]
        peer.answer(json.dumps(answers if isinstance(asked, list) else answers[0]).encode())


ANSWERS: dict[str, Behaviour] = {
    "silence": silence,
    "a byte at a time": drip_body,
    "500": status("500 Internal Server Error"),
    "403": status("403 Forbidden"),
    "429": status("429 Too Many Requests", "Retry-After: 1000000000"),
    "a redirect": status("302 Found", "Location: http://169.254.169.254/"),
    "a sign-in page": html,
    "another protocol": replying(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "nothing": replying(b""),
    "another chain": wrong_chain,
    "half an answer": replying(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n[{"),
}


@pytest.mark.parametrize("how", ANSWERS)
def test_an_endpoint_that_gives_no_answer_is_exit_4(how: str, tmp_path: Path) -> None:
    """Row 9, row 12: within its budget, naming the endpoint without its key, and with nothing made up."""
    with serving(ANSWERS[how]) as server:
        url = f"{server.url}v1/{CANARY}?key={CANARY}"
        began = time.monotonic()
        asked = shell(tmp_path / "home", url)
        ended = asked("scan", "--json", "-vv")
        assert time.monotonic() - began < 4
    assert ended.code == 4, ended
    assert ended.document["schema"] == "mammon/failure@1"
    assert f"http://127.0.0.1:{server.port}#" in ended.err
    assert list(traces(asked.home, ended)) == []


@pytest.mark.parametrize("name", WORLDLY)
def test_every_command_that_reads_a_chain_fails_the_same_way(name: str, tmp_path: Path) -> None:
    """Nothing listens there: exit 4, one sentence, in paper and in live."""
    url = f"http://127.0.0.1:{refused_port()}/{CANARY}"
    for mode in ("paper", "live"):
        account = {"MAMMON_ACCOUNT": "0x0000000000000000000000000000000000000001"}
        asked = shell(tmp_path / mode, url, **account)
        asked.environment["MAMMON_MODE"] = mode
        ended = asked(*line(name), "--log-file", str(tmp_path / mode / "log"))
        assert ended.code == 4, ended
        assert "USDC on chain" not in ended.out
        assert "connect" in ended.err + ended.out
        assert list(traces(asked.home, ended)) == []


def test_a_dead_resolver_is_exit_4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name nobody can resolve, and one whose look-up never ends."""
    import socket

    def dead(*_: object, **__: object) -> object:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    def endless(*_: object, **__: object) -> object:
        time.sleep(2.5)
        raise socket.gaierror(-2, "Name or service not known")

    for number, lookup in enumerate((dead, endless)):
        defaults = Resolver.__init__.__kwdefaults__
        monkeypatch.setitem(defaults, "lookup", lookup)
        began = time.monotonic()
        asked = shell(tmp_path / str(number), f"https://node.invalid/{CANARY}")
        ended = asked("scan")
        assert ended.code == 4, ended
        assert time.monotonic() - began < 2.2
        assert "https://node.invalid#" in ended.err
        assert list(traces(asked.home, ended)) == []


def test_the_next_endpoint_answers_for_a_dead_one(tmp_path: Path) -> None:
    """With two endpoints, a refused and a silent one cost time, not the answer."""
    with endpoint() as served, serving(silence) as silent:
        urls = f"http://127.0.0.1:{refused_port()}/,{silent.url},{served.server.url}"
        asked = EndpointShell(tmp_path / "home", served, MAMMON_RPC__URLS=urls)
        began = time.monotonic()
        assert asked("scan").code == 0
        assert time.monotonic() - began < 6


# --- deadlines -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["scan", "rebalance", "run"])
def test_a_commands_own_deadline_is_124(name: str, tmp_path: Path) -> None:
    """Row 9: `--deadline 1s` ends in about that time with 124, whatever the endpoint's budget is."""
    with serving(silence) as server:
        asked = shell(tmp_path / "home", server.url)
        asked.environment |= {"MAMMON_RPC__BUDGET": "30s", "MAMMON_RPC__REQUEST_TIMEOUT": "30s"}
        began = time.monotonic()
        ended = asked(*line(name), "--deadline", "1s")
    assert ended.code == 124, ended
    assert 0.9 < time.monotonic() - began < 2.5


def test_a_run_does_not_sleep_past_its_deadline(tmp_path: Path) -> None:
    """The pause between two cycles ends with the deadline: exit 124, the cycles before it are kept."""
    with endpoint() as served:
        asked = shell(tmp_path / "home", served.server.url)
        began = time.monotonic()
        ended = asked("run", "--interval", "1h", "--deadline", "1s", "--json")
    assert ended.code == 124, ended
    assert 0.9 < time.monotonic() - began < 2.5
    assert len(ended.out.splitlines()) == 1
    known = asked("status", "--json").data
    assert known["last_run"]["outcome"] == "deadline"
    assert known["decision"] is not None


# --- D8: nothing is made up ----------------------------------------------------------------------

PROBE = """
import sys
from mammon.cli import main as run
from pathlib import Path
for words in {words!r}:
    code = run(words)
    found = [name for name in sys.modules if name.startswith({prefix!r})]
    print("@@", words[0], code, found[:3], file=sys.stderr)
"""


def probed(home: Path, prefix: str, environment: dict[str, str], *lines: tuple[str, ...]) -> list[str]:
    """Run commands in a new interpreter; return a line for each: its name, its code, the modules found."""
    made = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT), **environment}
    code = PROBE.format(words=[list(words) for words in lines], prefix=prefix)
    ended = subprocess.run(
        [sys.executable, "-c", code], env=made, cwd=home, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    return [text[3:] for text in ended.stderr.splitlines() if text.startswith("@@")]


@pytest.mark.parametrize("mode", ["paper", "live"])
def test_no_simulated_source_is_loaded_in_a_real_world(mode: str, tmp_path: Path) -> None:
    """D8, F23: with the chain unreachable nothing mock-like is returned: no simulation is even imported."""
    known = {
        "MAMMON_MODE": mode,
        "MAMMON_RPC__URLS": f"http://127.0.0.1:{refused_port()}/",
        "MAMMON_ACCOUNT": "0x0000000000000000000000000000000000000001",
        "MAMMON_SOURCES__NAMES": "",
        **QUICK,
    }
    lines = [(*line(name), "--json") for name in (*WORLDLY, "status", "explain", "config show", "doctor")]
    told = probed(tmp_path, "mammon.sim", known, *lines)
    assert [text.split()[-1] for text in told] == ["[]"] * len(lines)
    assert {text.split()[1] for text in told[: len(WORLDLY)]} == {"4"}


def test_the_simulated_world_loads_no_network(tmp_path: Path) -> None:
    """Mock needs no network: the transport is not even imported."""
    lines = [line(name) for name in (*WORLDLY, "status", "explain")]
    told = probed(tmp_path, "mammon.net.http", {"MAMMON_MODE": "mock"}, *lines)
    assert [text.split()[1:] for text in told] == [["0", "[]"]] * len(lines)


# --- partly and wholly unread --------------------------------------------------------------------


@pytest.fixture
def served() -> Iterator[SimEndpoint]:
    with endpoint() as found:
        yield found


def test_a_venue_that_cannot_be_read_is_an_error_beside_the_others(
    tmp_path: Path, served: SimEndpoint
) -> None:
    """Exit 0 with `errors`, 4 with --strict; the venue is `unread`, not zero and not missing."""
    asked = EndpointShell(tmp_path / "home", served)
    asked.environment["MAMMON_CHAIN_FILE"] = str(with_ghosts(tmp_path / "chain.toml", only=False))
    ended = asked("scan", "--json")
    assert ended.code == 0, ended
    assert [error["message"].split(":")[0] for error in ended.document["errors"]] == ["ghost"]
    ghost = next(row for row in ended.data["markets"] if row["slug"] == "ghost")
    assert (ghost["state"], ghost["apy"], ghost["supplied"]) == ("unread", None, None)
    assert asked("scan", "--strict").code == 4
    assert "unread: ghost" in asked("scan").out
    judged = asked("gates", "--to", "ghost", "--json")
    assert judged.code == 3
    assert "venue_read" in judged.data["refused_by"]


@pytest.mark.parametrize("name", WORLDLY)
def test_nothing_read_is_exit_4(name: str, tmp_path: Path, served: SimEndpoint) -> None:
    """A chain that answers while not one venue does is a failure of the outside world, not an empty list."""
    asked = EndpointShell(tmp_path / "home", served)
    asked.environment["MAMMON_CHAIN_FILE"] = str(with_ghosts(tmp_path / "chain.toml", only=True))
    ended = asked(*line(name))
    assert ended.code == 4, ended
    assert "no venue could be read" in ended.err + ended.out


def test_a_book_is_not_begun_from_half_an_account(tmp_path: Path) -> None:
    """F18: an account holds something in a market that could not be read: no book is opened without it."""
    mock = Shell(tmp_path / "mock", MAMMON_MODE="mock", MAMMON_SEED="7")
    assert mock("rebalance", "--execute", "--yes").code == 0
    snapshot = canonical.decode(Snapshot, mock("scan", "--json").data["snapshot"])
    real = canonical.decode(Portfolio, mock("scan", "--json").data["portfolio"])
    assert open_book(real, snapshot).holdings != ()
    unread = tuple(Unread(reading.market.slug, "timeout", "no answer") for reading in snapshot.markets)
    with pytest.raises(MalformedError, match="could not be read"):
        open_book(real, dataclasses.replace(snapshot, markets=unread))


# --- D21: one observation per cycle --------------------------------------------------------------


def test_a_cycle_is_one_request_at_one_block(tmp_path: Path, served: SimEndpoint) -> None:
    """D21: scan, decision, plan and books rest on one reading; a loop of three cycles asks three times.

    Looks between cycles are one request each, while there is money to look at.
    """
    asked = EndpointShell(tmp_path / "home", served)
    assert asked("scan").code == 0  # learns the hints
    answer = served.answer

    def later(body: bytes) -> bytes:
        found = answer(body)
        served.world.advance(2)  # a second request would be answered at another block
        return found

    served.reply = later
    for words, count in (
        (("scan",), 1),
        (("gates",), 1),
        (("detect-positions",), 1),
        (("rebalance",), 1),
        (("rebalance", "--execute", "--yes"), 1),
        (("run", "--cycles", "3", "--interval", "1h", "--execute", "--yes"), 3),
        (("run", "--cycles", "2", "--interval", "1m", "--execute", "--yes"), 2 + 4),  # a look takes 4 s here
    ):
        served.asked.clear()
        asked.environment["MAMMON_RUN__WATCH"] = "10s" if "1m" in words else "0s"
        ended = asked(*words, "--json")
        assert ended.code == 0, ended
        assert len(served.asked) == count, words
    for text in ended.out.splitlines():
        assert json.loads(text)["errors"] == []


# --- keys ----------------------------------------------------------------------------------------

PLACES: dict[str, Callable[[str], tuple[tuple[str, ...], dict[str, str]]]] = {
    "a flag": lambda url: (("--rpc-url", url), {}),
    "a variable": lambda url: ((), {"MAMMON_RPC__URLS": url}),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", NAMES)
def test_no_key_in_a_url_is_ever_shown(name: str, place: str, tmp_path: Path) -> None:
    """Row 12: in the path, in the query, in a user name, in a URL that is none: not on any stream or disk."""
    port = refused_port()
    for url in (
        f"http://127.0.0.1:{port}/v2/{CANARY}",
        f"http://127.0.0.1:{port}/?apikey={CANARY}&x=%2F",
        f"https://user:{CANARY}@node.invalid/",
        f"htps://node.invalid/{CANARY}",
    ):
        words, environment = PLACES[place](url)
        for form in ((), ("--json", "-vv"), ("--log-format", "json", "--log-file", str(tmp_path / "log"))):
            asked = shell(tmp_path / "home", "http://127.0.0.1:9/")
            asked.environment |= environment
            asked.home = tmp_path
            ended = asked(*line(name), *words, *form)
            assert ended.code in (0, 2, 4, 5), ended
            assert list(traces(tmp_path, ended)) == []


def test_no_key_is_in_a_bug_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect's file names the command line and the exception, both without the key."""

    def broken(*_: object, **__: object) -> object:
        raise RuntimeError(f"unexpected: http://127.0.0.1:1/{CANARY}")

    monkeypatch.setattr("mammon.cli.scan.scanned", broken)
    with endpoint() as found:
        asked = EndpointShell(tmp_path / "home", found)
        ended = asked("scan", "--json", "--rpc-url", f"{found.server.url}{CANARY}")
    assert ended.code == 1
    assert ended.document["errors"][0]["code"] == "bug"
    (report,) = (tmp_path / "home" / "logs").iterdir()
    assert "RuntimeError" in report.read_text()
    assert list(traces(tmp_path, ended)) == []


def test_the_chain_file_of_these_tests_is_the_simulated_chain(tmp_path: Path) -> None:
    """What paper reads here is what mock reads: the same markets at the same addresses."""
    from mammon.protocols.chains import chain
    from mammon.sim.chainfile import chain_file

    read: ChainFile = chain("test", chain_toml(tmp_path / "chain.toml").read_text())
    assert [market.id for market in read.markets] == [market.id for market in chain_file().markets]
