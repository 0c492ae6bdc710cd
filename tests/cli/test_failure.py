"""How commands end: one exit code for each kind of end, one plain sentence, never a traceback."""

from __future__ import annotations

import re
import signal
import stat
from pathlib import Path

import pytest

import mammon
from mammon.cli import registry
from tests.cli.commands import KEYED
from tests.cli.shell import run

CODES = {
    "usage": 2,
    "refused": 3,
    "outside": 4,
    "person": 5,
    "deadline": 4,
    "bug": 1,
    "interrupt": 130,
    "terminate": 143,
    "exit": 3,
    "nothing": 0,
}
QUIET = {"refused", "outside", "deadline", "interrupt", "terminate", "exit", "nothing"}
SECRET_PART = "c0ffee-c0ffee"


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("fail", "returns"):
        monkeypatch.setitem(registry.COMMANDS, name, registry.Entry(f"tests.cli.commands:{name}", "See", "x"))


@pytest.mark.parametrize("how", CODES)
def test_each_end_has_its_exit_code_and_no_traceback(how: str, tmp_path: Path) -> None:
    """The contract's codes hold, and a person sees sentences only."""
    ended = run("fail", how, directory=tmp_path)
    assert ended.code == CODES[how]
    assert ended.out == ""
    assert "Traceback" not in ended.err
    assert SECRET_PART not in ended.err


@pytest.mark.parametrize(
    "how", [how for how in CODES if how not in ("nothing", "exit", "interrupt", "terminate")]
)
def test_a_failure_with_json_is_one_document(how: str, tmp_path: Path) -> None:
    """Scripts find the code, the sentence and the hint on stdout, in the envelope."""
    ended = run("fail", how, "--json", "--mode", "mock", directory=tmp_path)
    document = ended.document
    assert document["schema"] == "mammon/failure@1"
    assert document["data"] == {"command": "fail", "exit_code": CODES[how]}
    assert document["mode"] == "mock"
    (error,) = document["errors"]
    assert error["code"] == how
    assert error["hint"]
    assert SECRET_PART not in ended.out


@pytest.mark.parametrize("how", CODES)
def test_quiet_speaks_only_when_a_person_is_needed(how: str, tmp_path: Path) -> None:
    """Cron mails what a person has to mend, and nothing else."""
    ended = run("fail", how, "-q", directory=tmp_path)
    assert ended.code == CODES[how]
    assert (ended.err == "") == (how in QUIET)


def test_a_bug_leaves_its_traceback_in_a_private_file_without_secrets(tmp_path: Path) -> None:
    """The path is printed; the file is for its owner alone and holds no key."""
    ended = run("fail", "bug", "--home", "state", "--rpc-url", KEYED, directory=tmp_path)
    (path,) = (tmp_path / "state" / "logs").iterdir()
    assert str(path) in ended.err
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    text = path.read_text()
    assert "ZeroDivisionError" in text
    assert SECRET_PART not in text


def test_a_bug_without_a_place_for_its_file_still_ends_with_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only disk does not turn a bug into a traceback."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/proc/nowhere")
    ended = run("fail", "bug", "--home", "/proc/nowhere/else", directory=tmp_path)
    assert ended.code == 1
    assert "no place" in ended.err


def test_a_returned_number_is_no_exit_code(tmp_path: Path) -> None:
    """`raise typer.Exit(n)` is the only way to a code; a returned value is ignored."""
    assert run("returns", directory=tmp_path).code == 0


def test_nobody_returns_an_exit() -> None:
    """`return typer.Exit(1)` ends with 0: it must not stand anywhere."""
    root = Path(mammon.__file__).parent
    found = [path for path in root.rglob("*.py") if re.search(r"return\s+(typer\.)?Exit\b", path.read_text())]
    assert found == []


def test_the_former_signal_handler_is_put_back(tmp_path: Path) -> None:
    """Running a command line inside another program leaves its SIGTERM alone."""
    before = signal.getsignal(signal.SIGTERM)
    run("fail", "nothing", directory=tmp_path)
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ((), "Missing command"),
        (("nope",), "no such command"),
        (("docto",), "did you mean `mammon doctor`"),
        (("config",), "config show"),
        (("--mode", "mock", "doctor"), "stands before the command"),
        (("doctor", "--mod", "mock"), "--mode"),
        (("doctor", "--mode", "mok"), "'mock', 'paper', 'live'"),
        (("doctor", "extra"), "extra"),
        (("doctor", "--account"), "--account"),
    ],
)
def test_a_wrong_command_line_is_exit_2_with_the_fix(
    words: tuple[str, ...], part: str, tmp_path: Path
) -> None:
    """Whatever is mistyped, the code is 2 and the message says what to write."""
    ended = run(*words, directory=tmp_path)
    assert ended.code == 2
    assert part in ended.err
    assert "hint:" in ended.err


def test_a_mistyped_secret_is_not_repeated(tmp_path: Path) -> None:
    """A URL in the wrong place is shown without its key."""
    ended = run("doctor", KEYED, directory=tmp_path)
    assert ended.code == 2
    assert SECRET_PART not in ended.err
