"""Streams: results on stdout, the rest on stderr, whatever either of them is."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from mammon.cli import registry, streams
from mammon.cli.failure import run as run_process
from mammon.cli.output import Output
from mammon.cli.process import Process
from tests.cli.shell import FixedClock, Terminal, run


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("probe", "ask"):
        monkeypatch.setitem(registry.COMMANDS, name, registry.Entry(f"tests.cli.commands:{name}", "See", "x"))
    monkeypatch.setitem(registry.DOCUMENTS, "probe", (1, "tests.cli.commands:Probe"))


def test_stdout_holds_the_result_and_stderr_begins_with_the_world(tmp_path: Path) -> None:
    """A script reads stdout alone; a person sees first which world this is and which files it uses."""
    ended = run("probe", "--mode", "mock", directory=tmp_path)
    assert ended.out == "name                 amount\na name  1152921504606846976\n"
    first, *rest = ended.err.splitlines()
    assert first.startswith("MODE mock | look only | chain base | account simulated | home ")
    assert "mammon 0." in first
    assert rest == ["a note"]


def test_execute_is_told_and_changes_no_world(tmp_path: Path) -> None:
    """--execute says do it, the mode says where; neither changes the other."""
    ended = run("probe", "--execute", "--mode", "mock", directory=tmp_path)
    assert ended.err.startswith("MODE mock | EXECUTE | ")
    assert run("probe", directory=tmp_path).err.startswith("MODE paper | look only")


def test_json_is_exactly_one_line(tmp_path: Path) -> None:
    """With --json stdout is one document and nothing else."""
    ended = run("probe", "--json", directory=tmp_path)
    assert ended.out.count("\n") == 1
    assert ended.document["data"] == {"name": "a name", "amount": str(2**60)}


def test_quiet_is_silent_unless_something_was_done(tmp_path: Path) -> None:
    """-q prints nothing on either stream; a result of doing something is printed; so is an asked document."""
    assert run("probe", "-q", directory=tmp_path).err == ""
    assert run("probe", "-q", directory=tmp_path).out == ""
    assert "a name" in run("probe", "-q", "--acted", directory=tmp_path).out
    quiet = run("probe", "-q", "--json", directory=tmp_path)
    assert quiet.document["schema"] == "mammon/probe@1"
    assert quiet.err == ""


def test_a_terminal_gets_a_drawn_table_and_no_color_is_respected(tmp_path: Path) -> None:
    """Rich draws on terminals only, and without colours when NO_COLOR is set."""
    drawn = run("probe", directory=tmp_path, terminal=True, environment={"TERM": "xterm"})
    assert "─" in drawn.out
    plain = run("probe", directory=tmp_path, terminal=True, environment={"NO_COLOR": "1"})
    assert "\x1b[" not in plain.out


@pytest.mark.parametrize("terminal", [False, True])
def test_nothing_from_outside_can_steer_a_terminal(terminal: bool, tmp_path: Path) -> None:
    """Escapes, hidden marks, second lines and markup are printed as they are spelled, and cut."""
    name = "[red]\x1b]52;c;AAAA\x07\u202egpj\nsecond" + "x" * 5000
    out = run(
        "probe", "--name", name, directory=tmp_path, terminal=terminal, environment={"NO_COLOR": "1"}
    ).out
    assert not any(part in out for part in ("\x1b", "\x07", "\u202e", "\nsecond"))
    assert "[red]" in out
    assert len(out) < 2000


def test_a_reader_that_goes_away_changes_nothing(tmp_path: Path) -> None:
    """`| head` ends the reader, not the command: its own exit code stands."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        process = Process({"HOME": str(tmp_path)}, tmp_path, None, gone, io.StringIO(), FixedClock())
        assert run_process(["probe"], process) == 0


def test_closed_streams_are_no_failure(tmp_path: Path) -> None:
    """Every stream may be absent, as it is under some supervisors."""
    process = Process({"HOME": str(tmp_path)}, tmp_path, None, None, None, FixedClock())
    assert run_process(["probe"], process) == 0
    assert run_process(["ask"], process) == 5


def test_a_narrow_encoding_loses_no_line() -> None:
    """What a stream cannot spell is written as an escape."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    streams.write(stream, "½ rate\n")
    assert raw.getvalue() == b"\\xbd rate\n"


@pytest.mark.parametrize("stdin", [None, io.StringIO("y\n")])
def test_without_a_terminal_nothing_is_asked(stdin: io.StringIO | None, tmp_path: Path) -> None:
    """A prompt in cron would hang: exit 5 at once, naming the flag."""
    ended = run("ask", directory=tmp_path, stdin=stdin)
    assert ended.code == 5
    assert "--yes" in ended.err
    assert "done" not in ended.err


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("yes\n", 0), ("n\n", 5), ("\n", 5), ("", 5)])
def test_a_person_is_asked_and_heard(answer: str, code: int, tmp_path: Path) -> None:
    """At a terminal only a clear yes goes on; the question is on stderr."""
    ended = run("ask", directory=tmp_path, stdin=Terminal(answer))
    assert ended.code == code
    assert "Move it?" in ended.err
    assert ended.out == ""


def test_yes_needs_no_person(tmp_path: Path) -> None:
    """--yes is consent given beforehand."""
    assert run("ask", "--yes", directory=tmp_path).code == 0


def test_progress_is_one_passing_line_for_a_person_alone(tmp_path: Path) -> None:
    """On a terminal it is wiped before the result; elsewhere and with -q it does not exist."""
    for stream, quiet, shown in (
        (Terminal(), False, True),
        (io.StringIO(), False, False),
        (Terminal(), True, False),
    ):
        process = Process({}, tmp_path, None, io.StringIO(), stream, FixedClock())
        output = Output(process, json=True, quiet=quiet)
        output.progress("reading 3 of 8")
        output.result(lambda: "{}", list)
        assert ("reading 3 of 8" in stream.getvalue()) == shown
        assert stream.getvalue().endswith("\r\x1b[K") == shown
