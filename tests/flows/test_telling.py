"""What a person is told: endpoints by one name, reasons once, what is missing, times with their age."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mammon.core.gates import GATES
from mammon.net.dns import Resolver
from tests.flows.endpoint import EndpointShell, SimEndpoint, endpoint, with_ghosts
from tests.flows.runner import Shell
from tests.flows.settled import MOCK
from tests.flows.terminal import Watched
from tests.flows.words import WORLDLY, line
from tests.net.servers import refused_port

QUICK = {"MAMMON_RPC__ATTEMPTS": "2", "MAMMON_RPC__BUDGET": "2s"}
EXTRA = '[[markets.extra]]\nslug = "own"\nprotocol = "erc4626"\ntoken = "USDC"\nsource = "me"\n'


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "home", **MOCK)


@pytest.fixture
def served() -> Iterator[SimEndpoint]:
    with endpoint() as found:
        yield found


# --- endpoints -----------------------------------------------------------------------------------


def test_an_endpoint_has_one_name_everywhere(tmp_path: Path) -> None:
    """Row 12: doctor, scan, the loop, the log and the configuration name a URL by the same digits."""
    url = f"http://127.0.0.1:{refused_port()}/v1/c0ffee"
    asked = Shell(tmp_path / "home", MAMMON_MODE="paper", MAMMON_RPC__URLS=url, **QUICK)
    log = tmp_path / "log"
    told = [
        asked("config", "show").out,
        asked("doctor").out,
        asked("doctor", "--json").out,
        asked("scan").err,
        asked("scan", "--json").out,
        asked("run", "--cycles", "1", "--log-file", str(log)).out,
        log.read_text(),
    ]
    names = [set(re.findall(r"http://127\.0\.0\.1:\d+#[0-9a-f]{8}", text)) for text in told]
    assert len(names[0]) == 1
    assert names == [names[0]] * len(told)


def test_a_dead_name_service_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 9: with four endpoints and two attempts, one reason behind four names, and what to do."""

    def dead(*_: object, **__: object) -> object:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setitem(Resolver.__init__.__kwdefaults__, "lookup", dead)
    urls = [f"https://{name}.invalid/key" for name in "abcd"]
    ended = Shell(tmp_path / "home", MAMMON_MODE="paper", MAMMON_RPC__URLS=",".join(urls), **QUICK)("scan")
    assert ended.code == 4
    assert ended.err.count("Temporary failure in name resolution") == 1
    assert len(re.findall(r"https://[abcd]\.invalid#", ended.err)) == len(urls)
    assert "hint: check the network" in ended.err


# --- markets -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WORLDLY)
def test_a_further_market_is_refused_in_mock(name: str, shell: Shell, tmp_path: Path) -> None:
    """No silent fall-back: what the simulated chain cannot have is refused by its key, and first of all."""
    path = tmp_path / "mammon.toml"
    path.write_text(EXTRA + 'address = "0x43b3f35d530DCdeCD683Bfa47369CA536f7Ee977"\n')
    ended = shell(*line(name), "--config", str(path))
    assert ended.code == 2, ended
    assert "error: markets.extra: " in ended.err
    assert "--mode paper" in ended.err
    assert list(shell.home.iterdir()) == []


def test_a_further_market_counts_in_paper(tmp_path: Path, served: SimEndpoint) -> None:
    """The refusal is the simulated chain's alone."""
    asked = EndpointShell(tmp_path / "home", served)
    (tmp_path / "home" / "mammon.toml").write_text(
        EXTRA + 'address = "0x1111111111111111111111111111111111111111"\n'
    )
    ended = asked("scan", "--json")
    assert ended.code == 0, ended
    assert "own" in {row["slug"] for row in ended.data["markets"]}


def test_a_rate_that_is_not_known_yet_is_explained(shell: Shell) -> None:
    """`rate_unknown` comes with what to do, until the second reading; the document stays as it is."""
    for words in (("scan",), ("gates",), ("explain",)):
        assert "rate_unknown: plain-vault: " in shell(*words).out
    assert shell("scan", "--json").document["errors"] == []
    assert shell("run", "--cycles", "2", "--interval", "20m").code == 0
    assert "rate_unknown" not in shell("scan").out


def test_requests_are_counted_in_words(shell: Shell) -> None:
    """One request, three requests, never `(s)`."""
    assert "is deposited; 3 requests\n" in shell("scan").out
    assert "is deposited; 1 request\n" in shell("scan").out
    assert "1 cycle: 1 useful, 0 failed, 0 moves" in shell("run", "--cycles", "1").err


# --- decisions -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gates", "explain"])
@pytest.mark.parametrize("width", [80, 120])
def test_every_gate_stands_on_one_line(
    name: str, width: int, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal of 80 columns as on one of 120 no cell is folded."""
    monkeypatch.setenv("COLUMNS", str(width))
    assert shell("gates").code == 0
    told = Watched(shell.home, **MOCK)(name).out.splitlines()
    rows = [row.split() for row in told if row[1:3] in ("ok", "NO")]
    assert [row[1] for row in rows] == [gate.code for gate in GATES]
    assert max(len(row) for row in told if row[1:3] in ("ok", "NO")) <= width
    assert all(len(row) > 4 for row in rows)


def test_nothing_idle_is_said(shell: Shell) -> None:
    """A move asked from an empty wallet: one sentence, and the exit code of a refusal."""
    assert shell("rebalance", "--execute", "--yes").code == 0
    ended = shell("gates", "--from", "idle", "--to", "aave-v3")
    assert ended.code == 3
    assert ended.out.startswith("Hold: there is nothing in the wallet to move to aave-v3.\n")
    assert "nothing in the wallet" in shell("status").out


@pytest.mark.parametrize("home", ["absent", "a file"])
def test_a_document_is_told_whatever_the_home_is(home: str, shell: Shell, tmp_path: Path) -> None:
    """`explain -i` opens no state and makes none."""
    given = tmp_path / "decision.json"
    given.write_text(shell("gates", "--json").out)
    path = tmp_path / home
    if home == "a file":
        path.touch(0o600)
    shell.environment["MAMMON_HOME"] = str(path)
    ended = shell("explain", "-i", str(given))
    assert ended.code == 0, ended.err
    assert ended.out.startswith("Move ")
    assert path.is_file() == (home == "a file")
    assert not path.is_dir()


# --- times ---------------------------------------------------------------------------------------


def test_every_time_has_its_age(shell: Shell) -> None:
    """UTC beside how long ago, on the simulated world's own time."""
    assert shell("run", "--cycles", "2", "--interval", "90m", "--execute", "--yes").code == 0
    told = shell("status").out
    assert re.search(r"last run: `run`, begun 2026-01-01 00:00:00 UTC \(1h 30m ago\), ended ", told)
    assert re.search(r"last decision: \w{12}, 2026-01-01 01:30:00 UTC \(just now\): Hold", told)
    assert re.search(r"-usdc +10,000\.\d\d +2026-01-01 01:30:00 UTC \(just now\) +\d+  -\n", told)
    assert shell("gates").code == 0
    assert shell("status", "--json").document["created_at"] == "2026-01-01T01:30:00Z"


def test_a_clock_that_went_back_is_told(tmp_path: Path, served: SimEndpoint) -> None:
    """An age below zero is no age: the clock is behind what was recorded."""
    asked = EndpointShell(tmp_path / "home", served)
    served.world.advance(100)
    assert asked("gates").code == 0
    behind = EndpointShell(tmp_path / "home", SimEndpointBehind(served))
    assert "1m 40s ahead of this clock" in behind("status").out


class SimEndpointBehind:
    """The same endpoint seen from a machine whose clock is where the world began."""

    def __init__(self, served: SimEndpoint) -> None:
        self.server = served.server
        self.clock = SimEndpoint().clock


# --- the loop ------------------------------------------------------------------------------------


def logged(path: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in path.read_text().splitlines()]


def test_a_headless_loop_logs_why_a_cycle_failed(tmp_path: Path) -> None:
    """A warning for each failed cycle, with its code and hint, in the file and beside --json."""
    url = f"http://127.0.0.1:{refused_port()}/"
    asked = Shell(tmp_path / "home", MAMMON_MODE="paper", MAMMON_RPC__URLS=url, **QUICK)
    log = tmp_path / "log"
    words = ("run", "--cycles", "2", "--interval", "1s", "--log-format", "json")
    assert asked(*words, "-q", "--log-file", str(log)).code == 4
    lines = [entry for entry in logged(log) if entry["level"] == "warning"]
    assert [entry["message"].split(":")[0] for entry in lines] == ["cycle 1 failed", "cycle 2 failed"]
    assert all(
        "connect: http://127" in entry["message"] and "check the network" in entry["message"]
        for entry in lines
    )
    assert "cycle 1 failed: connect" in asked("run", "--cycles", "1", "--json").err


def test_a_person_at_a_terminal_is_told_of_a_failure_once(tmp_path: Path) -> None:
    """What stands on stdout is not repeated on stderr beside it."""
    url = f"http://127.0.0.1:{refused_port()}/"
    asked = Watched(tmp_path / "home", MAMMON_MODE="paper", MAMMON_RPC__URLS=url, **QUICK)
    ended = asked("run", "--cycles", "1")
    assert ended.out.count("No connection") + ended.out.count("no connection") == 1
    assert "no connection" not in ended.err


def test_what_a_cycle_could_not_read_is_logged(tmp_path: Path, served: SimEndpoint) -> None:
    """An unread venue is a warning in each cycle; a debug line counts the requests and the time."""
    asked = EndpointShell(tmp_path / "home", served)
    asked.environment["MAMMON_CHAIN_FILE"] = str(with_ghosts(tmp_path / "chain.toml", only=False))
    log = tmp_path / "log"
    words = ("run", "--cycles", "2", "--interval", "1h", "-v", "--log-format", "json", "--log-file", str(log))
    assert asked(*words).code == 0
    found = logged(log)
    warned = [entry["message"] for entry in found if entry["level"] == "warning"]
    assert [text[:24] for text in warned] == ["cycle 1: not read: ghost", "cycle 2: not read: ghost"]
    reads = [entry["message"] for entry in found if entry["logger"] == "mammon.chain"]
    assert len(reads) == 2
    assert all(re.fullmatch(r"the chain was read: \d+ requests? in \d+\.\d{3} s", text) for text in reads)
    assert {entry["level"] for entry in found if entry["logger"] == "mammon.chain"} == {"debug"}
