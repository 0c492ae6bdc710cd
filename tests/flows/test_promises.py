"""What scripts rely on: one way to end for each exit code, schemas, silence, logs, failures in every form."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import mammon
from mammon import errors
from mammon.cli import registry
from mammon.cli.failure import TerminatedError
from tests.cli.jsonschema_check import faults
from tests.flows.endpoint import chain_toml, endpoint
from tests.flows.runner import Ended, Shell
from tests.flows.terminal import Watched
from tests.flows.words import ACTING, KEYS, NAMES, STOPPING, WORLDLY, line
from tests.net.servers import refused_port, serving, silence

MOCK = {"MAMMON_MODE": "mock", "MAMMON_SEED": "7"}
ROOT = Path(mammon.__file__).parent


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "home", **MOCK)


# --- exit codes ----------------------------------------------------------------------------------


@dataclass
class Bench:
    """What a way to end is given: an empty mock world and the means to break things."""

    shell: Shell
    patch: pytest.MonkeyPatch

    def paper(self, url: str, **more: str) -> Shell:
        home = self.shell.home
        made = Shell(home, MAMMON_MODE="paper", MAMMON_RPC__URLS=url, MAMMON_RPC__ATTEMPTS="1", **more)
        made.environment["MAMMON_CHAIN_FILE"] = str(chain_toml(home / "chain.toml"))
        return made

    def raising(self, error: BaseException) -> Shell:
        def fail(*_: object, **__: object) -> Any:
            raise error

        self.patch.setattr("mammon.cli.scan.scanned", fail)
        return self.shell


def _hold_as_refusal(bench: Bench) -> Ended:
    assert bench.shell("rebalance", "--execute", "--yes").code == 0
    assert bench.shell("gates").code == 0
    return bench.shell("gates", "--exit-code")


def _hanging(bench: Bench) -> Ended:
    with serving(silence) as server:
        return bench.paper(server.url)("scan", "--deadline", "1s")


def _stopped(bench: Bench) -> Ended:
    (bench.shell.home / ".kill_switch").touch()
    return bench.shell("rebalance", "--execute", "--yes")


LIVE = {"MAMMON_MODE": "live", "MAMMON_ACCOUNT": "0x" + "11" * 20}

ENDS: dict[str, tuple[int, Callable[[Bench], Ended]]] = {
    "done": (0, lambda bench: bench.shell("scan")),
    "hold": (0, lambda bench: bench.shell("gates", *("--capital", "1"))),
    "a bug": (1, lambda bench: bench.raising(ZeroDivisionError("a bug"))("scan")),
    "usage": (2, lambda bench: bench.shell("scan", "--amount", "x")),
    "configuration": (2, lambda bench: Shell(bench.shell.home, MAMMON_MODE="moc")("scan")),
    "nothing recorded": (2, lambda bench: bench.shell("status")),
    "a gate refused": (
        3,
        lambda bench: Shell(bench.shell.home, **MOCK, MAMMON_POLICY__MAX_GAS_USD="0.000001")("gates"),
    ),
    "an asked move refused": (3, lambda bench: bench.shell("gates", "--to", "plain-vault")),
    "hold with --exit-code": (3, _hold_as_refusal),
    "the outside world": (4, lambda bench: bench.paper(f"http://127.0.0.1:{refused_port()}")("scan")),
    "a person, asked": (5, lambda bench: bench.shell("rebalance", "--execute")),
    "a person, stopped": (5, _stopped),
    "live": (5, lambda bench: Shell(bench.shell.home, **LIVE)("run", "--execute", "--yes")),
    "the deadline": (124, _hanging),
    "interrupted": (130, lambda bench: bench.raising(KeyboardInterrupt())("scan")),
    "terminated": (143, lambda bench: bench.raising(TerminatedError())("scan")),
}
DOCUMENTED = {0, 1, 2, 3, 4, 5, 124, 130, 143}


@pytest.mark.parametrize("how", ENDS)
def test_each_exit_code_has_a_command_that_ends_with_it(
    how: str, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 20: the table of exit codes, each through the real entry; never a traceback."""
    code, end = ENDS[how]
    ended = end(Bench(shell, monkeypatch))
    assert ended.code == code, ended
    assert "Traceback" not in ended.out + ended.err


def test_every_documented_exit_code_is_shown() -> None:
    """The table above leaves none out and adds none; nor does the tree of failures."""
    assert {code for code, _ in ENDS.values()} == DOCUMENTED
    assert {kind.exit_code for kind in failures()} <= DOCUMENTED


def test_no_command_ends_by_returning_a_code() -> None:
    """Row 20: `return typer.Exit(n)` ends with 0, as does `return n` of a command: neither is anywhere."""
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Return) and isinstance(node.value, ast.Call):
                called = node.value.func
                name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                assert name not in ("Exit", "Abort"), f"{path}:{node.lineno}"
    for name, entry in registry.COMMANDS.items():
        module, _, function = entry.target.partition(":")
        tree = ast.parse((ROOT.parent / (module.replace(".", "/") + ".py")).read_text())
        (found,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function)
        returned = [node.value for node in ast.walk(found) if isinstance(node, ast.Return)]
        assert not any(value is not None for value in returned), name


# --- schemas -------------------------------------------------------------------------------------


def documents(shell: Shell, folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every document a command prints, with the command; states change as they go."""
    for words in (
        ("scan",),
        ("gates",),
        ("rebalance",),
        ("rebalance", "--dry-run"),
        ("rebalance", "--emit", "calldata"),
        ("rebalance", "--execute", "--yes"),
        ("exit-all", "--emit", "calldata"),
        ("gates",),
    ):
        ended = shell(*words, "--json")
        (folder / "decision.json").write_text(ended.out)
        yield words[0], ended.document
    shell.home = folder
    for name in NAMES:
        if name == "schema":
            continue
        for text in shell(*line(name), "--json").out.splitlines():
            yield name, json.loads(text)
    for text in shell(
        "run", "--execute", "--yes", "--cycles", "3", "--interval", "12h", "--json"
    ).out.splitlines():
        yield "run", json.loads(text)
    shell.environment["MAMMON_SIGNER__URL"] = "https://signer.invalid"
    yield "keys address", shell("keys", "address", "--json", "--account", "0x" + "00" * 19 + "01").document
    yield "gates", shell("gates", "--json", "--to", "nowhere").document
    yield "scan", shell("scan", "--json", "--amount", "x").document


def test_every_document_fits_the_schema_of_its_name(shell: Shell, tmp_path: Path) -> None:
    """Each command's JSON, holds, moves and failures too, fits what `mammon schema NAME` prints."""
    told = set()
    for name, document in documents(shell, tmp_path):
        kind = document["schema"].removeprefix("mammon/").partition("@")[0]
        schema = json.loads(shell("schema", kind).out)
        assert faults(schema, document) == [], name
        told.add(kind)
    assert told == set(registry.DOCUMENTS)


def test_a_loops_documents_are_one_to_a_line(shell: Shell) -> None:
    """`run --json` can be read line by line while it runs: each line is a whole document of its cycle."""
    ended = shell("run", "--cycles", "4", "--interval", "1h", "--json")
    cycles = [json.loads(text) for text in ended.out.splitlines()]
    assert [entry["schema"] for entry in cycles] == ["mammon/cycle@1"] * 4
    assert [entry["data"]["cycle"] for entry in cycles] == [1, 2, 3, 4]
    blocks = [entry["block"]["number"] for entry in cycles]
    assert blocks == sorted(set(blocks))


# --- silence and logs ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_quiet_is_silent_when_nothing_was_done(name: str, shell: Shell, tmp_path: Path) -> None:
    """Cron mails what is printed: a look prints nothing, on neither stream; `schema` is its text."""
    (tmp_path / "decision.json").write_text(shell("gates", "--json").out)
    shell.home = tmp_path
    ended = shell(*line(name), "-q")
    if name in ("tx bump", "tx cancel", "tx show", "state restore"):
        assert (ended.code, ended.out) == (2, ""), "nothing is there to bid for, to show or to restore"
        return
    if name in KEYS:
        assert (ended.code, ended.out) in ((2, ""), (5, "")), ended
        return
    assert ended.code in (0, 5), ended
    if name in ("adopt-nonce", "schema", "init", "state correct", *STOPPING):
        return
    assert ended == Ended(0, "", "")


@pytest.mark.parametrize("name", ACTING)
def test_quiet_tells_what_was_done_and_what_needs_a_person(name: str, shell: Shell) -> None:
    """A move is printed; so is being stopped; a hold after it is not."""
    words = (*line(name), "--execute", "--yes", "-q")
    moved = shell(*words)
    assert (moved.code, moved.err) == (0, "")
    assert "Moved" in moved.out
    assert shell(*words) == Ended(0, "", "")
    asked = shell(*line(name), "--execute", "-q")
    if name == "run":
        assert asked.code == 5
        assert "give --yes" in asked.err


def test_quiet_is_silent_about_what_passes_by_itself(tmp_path: Path) -> None:
    """A chain that is away for a moment is exit 4 and no mail; a configuration mistake is told."""
    away = Shell(
        tmp_path / "home", MAMMON_MODE="paper", MAMMON_RPC__URLS=f"http://127.0.0.1:{refused_port()}"
    )
    ended = away("scan", "-q")
    assert (ended.code, ended.out, ended.err) == (4, "", "")
    assert "error: " in away("scan", "-q", "--amount", "x").err


@pytest.mark.parametrize("name", WORLDLY)
def test_a_log_file_takes_the_logs_and_nothing_else(name: str, tmp_path: Path) -> None:
    """--log-file holds what stderr would have held of the logs; stdout and the exit code are the same."""
    with endpoint() as served:
        known = {"MAMMON_MODE": "paper", "MAMMON_RPC__URLS": served.server.url}
        plain, logged = Shell(tmp_path / "a", **known), Shell(tmp_path / "b", **known)
        for shell in (plain, logged):
            shell.environment["MAMMON_CHAIN_FILE"] = str(chain_toml(shell.home / "chain.toml"))
        path = tmp_path / "log"
        ended = logged(*line(name), "-vv", "--log-file", str(path))
        first = plain(*line(name))
    assert ended.code == first.code, ended
    assert ended.code in (0, 3)
    assert ended.out.replace(str(logged.home), "") == first.out.replace(str(plain.home), "")
    assert path.stat().st_mode & 0o777 == 0o600


# --- failures in every form ----------------------------------------------------------------------


def failures() -> tuple[type[errors.MammonError], ...]:
    """Return every kind of failure there is."""
    found = [errors.MammonError]
    for kind in found:
        found += kind.__subclasses__()
    return tuple(dict.fromkeys(kind for kind in found if kind.__module__ == "mammon.errors"))


UGLY = "it \x1b[31mfailed\n\u202eat https://node.invalid/k3y [red]{0}%s"


def failing(kind: type[errors.MammonError]) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise kind("code", UGLY, UGLY)

    return fail


@pytest.mark.parametrize("kind", failures(), ids=lambda kind: kind.__name__)
def test_every_failure_renders_in_every_form(
    kind: type[errors.MammonError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D14: as text, on a terminal, as JSON, silently, into a log file, and as a cycle of a loop."""
    monkeypatch.setattr("mammon.cli.scan.scanned", failing(kind))
    for maker in (Shell, Watched):
        shell = maker(tmp_path / "home", **MOCK)
        for form in (
            (),
            ("--json",),
            ("-q",),
            ("-vv", "--log-format", "json"),
            ("--log-file", str(tmp_path / "log")),
        ):
            ended = shell("scan", *form)
            assert ended.code == (4 if kind is errors.DeadlinePassedError else kind.exit_code), ended
            assert shows(ended, quiet="-q" in form, told=ended.code in (1, 2, 5))
            if "--json" in form:
                assert ended.document["errors"][0]["code"] == "code"


@pytest.mark.parametrize("kind", failures(), ids=lambda kind: kind.__name__)
def test_every_failure_renders_as_a_cycle(
    kind: type[errors.MammonError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D14: a failed cycle is told and recorded; what needs a person ends the loop with its own code."""
    monkeypatch.setattr("mammon.cli.run.cycle", failing(kind))
    ends = issubclass(kind, errors.UsageError | errors.PersonNeededError)
    for number, form in enumerate(((), ("--json",), ("-q",))):
        shell = Shell(tmp_path / str(number), **MOCK)
        ended = shell("run", "--cycles", "2", "--interval", "1h", *form)
        assert ended.code == (kind.exit_code if ends else 4), ended
        assert shows(ended, quiet="-q" in form, told=ends)
        if "--json" in form and not ends:
            told = [json.loads(text) for text in ended.out.splitlines()]
            assert [entry["data"]["action"] for entry in told] == ["failed", "failed"]
            assert told[0]["errors"][0]["code"] == "code"
        assert shell("status", "--json").data["last_run"]["outcome"] == ("code" if ends else "done")


def shows(ended: Ended, quiet: bool, told: bool) -> bool:
    """Say whether a failure is told where it must be, printable and without its key."""
    text = ended.out + ended.err
    seen = (
        all(each.isprintable() for each in text.splitlines())
        and "k3y" not in text
        and "Traceback" not in text
    )
    return seen and (("failed" in text) if told or not quiet else text == "")


# --- consent -------------------------------------------------------------------------------------


def test_consent_is_judged_by_what_is_true_after_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A person may take an hour to answer: the move is judged anew, and not made when refused by then."""
    from mammon.cli.invocation import Invocation

    def agrees(_call: Invocation, _question: str, *, flag: str = "--yes") -> None:
        (shell.home / ".kill_switch").touch()

    monkeypatch.setattr(Invocation, "confirm", agrees)
    ended = shell("rebalance", "--execute", "--json")
    assert ended.code == 5, ended
    assert ended.data["decision"]["refused_by"] == ["stops"]
    assert ended.data["outcome"] is None
