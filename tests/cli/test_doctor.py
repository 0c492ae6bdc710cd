"""`mammon doctor`: each fault it is for makes it fail, with the fix and the right code."""

from __future__ import annotations

import http.server
import json
import shlex
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mammon.cli.build import commit_of
from tests.cli.shell import NOW, Ended, run
from tests.feeds.payloads import chart, coins, ratios, ticker, vaults
from tests.net import servers

BASE_ID = "0x2105"


class Node(http.server.BaseHTTPRequestHandler):
    """An endpoint that answers what the test says."""

    protocol_version = "HTTP/1.1"
    answers: dict[str, Any] = {}  # noqa: RUF012

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = self.answers.get(asked["method"], b"")
        if not isinstance(body, bytes):
            body = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": body}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    answers = {"eth_chainId": BASE_ID, "eth_getBlockByNumber": {"timestamp": hex(NOW - 2)}}
    monkeypatch.setattr(Node, "answers", answers)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Node)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/c0ffee"
    server.shutdown()
    thread.join()
    server.server_close()


def checks(ended: Ended) -> dict[str, dict[str, Any]]:
    return {check["name"].partition(" ")[0]: check for check in ended.document["data"]["checks"]}


def test_a_healthy_mock_installation_is_0_and_asks_no_network(tmp_path: Path) -> None:
    """Versions, files, world, stops and streams; no endpoint in mock."""
    ended = run("doctor", "--mode", "mock", "--json", directory=tmp_path)
    assert ended.code == 0
    found = checks(ended)
    assert {check["state"] for check in found.values()} == {"ok"}
    assert {
        "python",
        "sqlite",
        "mammon",
        "configuration",
        "home",
        "world",
        "kill",
        "stops",
        "signer",
        "streams",
    } == set(found)


def test_a_healthy_endpoint_is_ok(node: str, tmp_path: Path) -> None:
    """Chain id and head age are read; the URL's key is not shown."""
    ended = run("doctor", "--rpc-url", node, "--json", directory=tmp_path)
    assert ended.code == 0, ended.out
    assert checks(ended)["endpoint"]["found"] == "chain 8453, head 2 s old"
    assert "c0ffee" not in ended.out + ended.err


@pytest.mark.parametrize(
    ("answers", "code", "part"),
    [
        ({"eth_chainId": "0x1"}, 5, "serves chain 1, not 8453"),
        ({"eth_getBlockByNumber": {"timestamp": hex(NOW - 3600)}}, 4, "3600 s old"),
        ({"eth_getBlockByNumber": {}}, 4, "timestamp"),
        ({"eth_getBlockByNumber": None}, 4, "timestamp"),
        ({"eth_chainId": "zz"}, 4, "chain id"),
        ({"eth_chainId": b"<html>"}, 4, "not JSON"),
        ({"eth_chainId": b"[]"}, 4, "answers"),
        ({"eth_chainId": b"[" * 100_000}, 4, "nested"),
        ({"eth_chainId": b'{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}'}, 4, "no"),
    ],
)
def test_a_faulty_endpoint_fails(
    answers: dict[str, Any], code: int, part: str, node: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong chain needs a person; anything else outside may pass by itself."""
    monkeypatch.setattr(Node, "answers", {**Node.answers, **answers})
    ended = run("doctor", "--rpc-url", node, "--json", directory=tmp_path)
    assert ended.code == code
    check = checks(ended)["endpoint"]
    assert part in check["found"]
    assert check["fix"]


def test_a_clock_behind_the_chain_is_a_warning(
    node: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A head from the future means that this machine's clock is wrong."""
    monkeypatch.setattr(
        Node, "answers", {**Node.answers, "eth_getBlockByNumber": {"timestamp": hex(NOW + 60)}}
    )
    ended = run("doctor", "--rpc-url", node, "--json", directory=tmp_path)
    assert ended.code == 0
    assert checks(ended)["endpoint"]["state"] == "warn"


def test_an_unreachable_endpoint_is_4(tmp_path: Path) -> None:
    """Nobody listens: safe to retry."""
    ended = run("doctor", "--rpc-url", "http://127.0.0.1:9/", "--json", directory=tmp_path)
    assert ended.code == 4


def test_an_unknown_chain_is_5(tmp_path: Path) -> None:
    """A name that no chain file has."""
    assert run("doctor", "--chain", "nowhere", directory=tmp_path).code == 5


def test_live_without_an_account_is_5(tmp_path: Path) -> None:
    """The account is never made up."""
    ended = run("doctor", "--mode", "live", "--rpc-url", "http://127.0.0.1:9/", "--json", directory=tmp_path)
    assert ended.code == 5
    assert "--account" in checks(ended)["world"]["fix"]


@pytest.mark.parametrize("kind", ["open", "file", "link"])
def test_a_state_folder_that_is_not_ours_alone_is_5(kind: str, tmp_path: Path) -> None:
    """Open to others, a file, a link: each with what to do (A3 53)."""
    home = tmp_path / "state"
    if kind == "open":
        home.mkdir()
        home.chmod(0o755)
    elif kind == "file":
        home.touch()
    else:
        (tmp_path / "real").mkdir(mode=0o700)
        home.symlink_to(tmp_path / "real")
    ended = run("doctor", "--mode", "mock", "--home", "state", "--json", directory=tmp_path)
    assert ended.code == 5
    assert checks(ended)["home"]["state"] == "fail"
    assert checks(ended)["home"]["fix"]


def test_a_private_state_folder_is_ok(tmp_path: Path) -> None:
    """There, ours, 0700, with room."""
    (tmp_path / "state").mkdir(mode=0o700)
    ended = run("doctor", "--mode", "mock", "--home", "state", "--json", directory=tmp_path)
    assert ended.code == 0
    assert "disk" in checks(ended)


@pytest.mark.parametrize("kind", ["file", "dangling link"])
def test_a_kill_switch_is_5(kind: str, tmp_path: Path) -> None:
    """Any existence of it stops."""
    home = tmp_path / "state"
    home.mkdir(mode=0o700)
    switch = home / ".kill_switch"
    switch.touch() if kind == "file" else switch.symlink_to("gone")
    assert run("doctor", "--mode", "mock", "--home", "state", directory=tmp_path).code == 5


def test_a_stop_of_the_world_is_5(tmp_path: Path) -> None:
    """A person has to lift it; another world's is not this one's."""
    words = ("--mode", "mock", "--home", "state")
    assert run("pause", *words, "--reason", "looking", directory=tmp_path).code == 0
    ended = run("doctor", *words, "--json", directory=tmp_path)
    assert ended.code == 5
    assert checks(ended)["stops"]["found"] == "pause: looking"
    assert run("doctor", *words, "--seed", "2", directory=tmp_path).code == 0


@pytest.mark.parametrize(
    ("mode", "state"), [(0o600, "ok"), (0o640, "warn"), (0o644, "warn"), (0o622, "fail")]
)
def test_who_may_read_and_change_the_configuration(mode: int, state: str, tmp_path: Path) -> None:
    """A file that others can change decides for them; one with URLs is better private."""
    path = tmp_path / "mammon.toml"
    path.write_text("mode = 'mock'\n[rpc]\nurls = ['https://node.invalid/key']\n")
    path.chmod(mode)
    ended = run("doctor", "--json", directory=tmp_path)
    assert checks(ended)["configuration"]["state"] == state
    assert checks(ended)["configuration"]["fix"] == ("" if state == "ok" else f"chmod 600 {path}")
    assert ended.code == (5 if state == "fail" else 0)


@pytest.mark.parametrize(("what", "mode"), [("mammon.db", 0o640), ("mammon.db-journal", 0o604), ("", 0o750)])
def test_a_state_that_others_can_read_is_5(what: str, mode: int, tmp_path: Path) -> None:
    """The database, its journal and their folder are ours alone; the fix is a line that a shell takes."""
    home = tmp_path / "my state"
    assert run("scan", "--mode", "mock", "--home", str(home), directory=tmp_path).code == 0
    asked = ("doctor", "--mode", "mock", "--home", str(home), "--json")
    assert checks(run(*asked, directory=tmp_path))["state"]["state"] == "ok"
    (folder,) = home.glob("mock-*")
    path = folder / what
    path.touch(0o600)
    path.chmod(mode)
    ended = run(*asked, directory=tmp_path)
    assert ended.code == 5
    fix = checks(ended)["state"]["fix"]
    assert shlex.split(fix) == ["chmod", "600" if what else "700", str(path)]
    subprocess.run(fix, shell=True, check=True)
    assert run(*asked, directory=tmp_path).code == 0


def test_a_configuration_that_may_not_be_read_names_the_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hint is the very command."""

    def denied(*_: object) -> str:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "mammon.toml").touch()
    monkeypatch.setattr(Path, "read_text", denied)
    ended = run("doctor", directory=tmp_path)
    assert ended.code == 2
    assert f"hint: chmod 600 {tmp_path / 'mammon.toml'}" in ended.err


def test_quiet_speaks_when_something_is_to_be_mended(tmp_path: Path) -> None:
    """In cron: nothing while all is well, the table when not."""
    assert run("doctor", "--mode", "mock", "-q", directory=tmp_path).out == ""
    (tmp_path / "state").touch()
    assert "fail" in run("doctor", "--mode", "mock", "-q", "--home", "state", directory=tmp_path).out


def test_the_commit_is_read_from_the_checkout(tmp_path: Path) -> None:
    """A branch, a packed branch, a detached head, and no checkout at all."""
    git = tmp_path / ".git"
    assert commit_of(tmp_path) is None
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    assert commit_of(tmp_path) is None
    (git / "packed-refs").write_text("# pack-refs\n" + "b" * 40 + " refs/heads/main\n")
    assert commit_of(tmp_path) == "b" * 40
    (git / "refs" / "heads" / "main").write_text("a" * 40 + "\n")
    assert commit_of(tmp_path) == "a" * 40
    (git / "HEAD").write_text("c" * 40 + "\n")
    assert commit_of(tmp_path) == "c" * 40


# --- outside sources -----------------------------------------------------------------------------


def sourced(behave: servers.Behaviour, node: str, directory: Path) -> list[dict[str, Any]]:
    """Run the checks with every source served so; return what is told of them."""
    kinds = ("DEFILLAMA_RATES", "DEFILLAMA_PRICES", "KRAKEN", "MORPHO")
    with servers.serving(behave) as server:
        urls = {f"MAMMON_SOURCES__{kind}_URL": f"{server.url}k3y0fthesource/" for kind in kinds}
        names = {"MAMMON_SOURCES__NAMES": "defillama,kraken,morpho", "MAMMON_SOURCES__TIMEOUT": "1s"}
        known = {"MAMMON_RPC__URLS": node, **names, **urls}
        ended = run("doctor", "--json", directory=directory, environment=known)
    assert ended.code == 0, ended
    assert "k3y0fthesource" not in ended.out + ended.err
    found: list[dict[str, Any]] = ended.document["data"]["checks"]
    return [check for check in found if check["name"].startswith("source ")]


def test_a_source_that_answers_is_ok(node: str, tmp_path: Path) -> None:
    """Each is asked once for all it knows, and told with the age of its figures."""

    def behave(peer: servers.Peer) -> None:
        while peer.request() is not None:
            line = peer.head.split(b"\r\n")[0]
            bodies = {b"chart": chart(), b"Ticker": ticker(), b"prices": coins()}
            bodies = {b"bitcoin": ratios(), **bodies}
            found = [body for word, body in bodies.items() if word in line]
            peer.answer(found[0] if found else vaults())

    told = sourced(behave, node, tmp_path)
    assert [check["name"] for check in told] == ["source defillama", "source kraken", "source morpho"]
    assert [check["state"] for check in told] == ["ok", "ok", "warn"]
    assert told[0]["found"].startswith("8 of 8 figures")
    assert "0 of 6 figures" in told[2]["found"]


def test_a_silent_source_is_a_warning_with_its_reason(node: str, tmp_path: Path) -> None:
    """Nothing rests on one alone: the check ends well, and says what is wrong."""
    told = sourced(servers.status("503 Service Unavailable"), node, tmp_path)
    assert {check["state"] for check in told} == {"warn"}
    assert all("http_503" in check["found"] for check in told)
    assert all(check["fix"] for check in told)


def test_a_source_that_knows_nothing_of_a_chain_is_not_asked(node: str, tmp_path: Path) -> None:
    """On another chain there is nothing to ask it."""
    known = {
        "MAMMON_RPC__URLS": node,
        "MAMMON_CHAIN": "optimism",
        "MAMMON_SOURCES__NAMES": "kraken",
        "MAMMON_SOURCES__KRAKEN_URL": f"http://127.0.0.1:{servers.refused_port()}",
    }
    ended = run("doctor", "--json", directory=tmp_path, environment=known)
    (told,) = [c for c in ended.document["data"]["checks"] if c["name"] == "source kraken"]
    assert (told["state"], told["found"]) == ("ok", "knows nothing of this chain and is not asked")
