"""The installed program as a process: exit codes, closed and broken streams, signals, no prompt anywhere."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import mammon
from mammon.cli import registry

ROOT = Path(mammon.__file__).parents[1]
NEEDED = {"replay": ("absent.json",), "explain": ("-i", "absent.json"), "run": ("--cycles", "1")}
"""What a command cannot do without, to get past its command line."""


def environment(home: Path) -> dict[str, str]:
    return {"HOME": str(home), "PYTHONPATH": str(ROOT), "MAMMON_MODE": "mock", "PATH": os.environ["PATH"]}


def program(
    *words: str, home: Path, before: Callable[[], None] | None = None, **more: int
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "mammon", *words],
        env=environment(home),
        cwd=home,
        text=True,
        preexec_fn=before,
        **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
    )


def test_the_version_is_answered_before_anything_is_imported(tmp_path: Path) -> None:
    """P1: nothing but the package itself is loaded, whatever else stands on the line."""
    listing = "print(*sys.modules, file=sys.stderr)"
    called = "sys.argv = ['mammon', '--version', 'more']; from mammon.__main__ import main; main()"
    asked = [sys.executable, "-c", f"import sys; {called}; {listing}"]
    ended = subprocess.run(asked, capture_output=True, text=True, env=environment(tmp_path), timeout=60)
    assert ended.stdout == f"mammon {mammon.__version__}\n"
    bare = [sys.executable, "-c", f"import sys; {listing}"]
    plain = subprocess.run(bare, capture_output=True, text=True, env=environment(tmp_path), timeout=60)
    loaded = set(ended.stderr.split()) - set(plain.stderr.split())
    assert loaded == {"mammon", "mammon.__main__"}


@pytest.mark.parametrize(("words", "code"), [(("--version",), 0), (("doctor",), 0), (("nope",), 2), ((), 2)])
def test_exit_codes_reach_the_shell(words: tuple[str, ...], code: int, tmp_path: Path) -> None:
    """What the handler returns is what the process ends with."""
    ended = program(*words, home=tmp_path)
    ended.communicate(timeout=60)
    assert ended.returncode == code


@pytest.mark.parametrize(
    "words", [("--version",), ("--help",), ("config", "show"), ("config", "show", "--json")]
)
def test_a_reader_that_is_gone_changes_no_exit_code(words: tuple[str, ...], tmp_path: Path) -> None:
    """`mammon … | head -0` is quiet and ends with the command's own code."""
    reading, writing = os.pipe()
    os.close(reading)
    ended = program(*words, home=tmp_path, stdout=writing)
    os.close(writing)
    _, err = ended.communicate(timeout=60)
    assert ended.returncode == 0
    assert "BrokenPipe" not in err
    assert "Traceback" not in err


def test_a_result_that_finds_no_room_is_5(tmp_path: Path) -> None:
    """An empty file where a result was asked for is no success."""
    with Path("/dev/full").open("w") as full:
        ended = program("config", "show", "--json", home=tmp_path, stdout=full.fileno())
        _, err = ended.communicate(timeout=60)
    assert ended.returncode == 5
    assert "No space left" in err
    assert "Traceback" not in err


def close_all() -> None:
    for descriptor in (0, 1, 2):
        os.close(descriptor)


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("doctor",)])
def test_every_stream_may_be_closed(words: tuple[str, ...], tmp_path: Path) -> None:
    """Nothing is printed into a file that happened to be opened as descriptor 1."""
    ended = program(*words, home=tmp_path, before=close_all)
    ended.communicate(timeout=60)
    assert ended.returncode == 0


@pytest.mark.parametrize("name", registry.COMMANDS)
def test_every_command_runs_with_stdin_closed(name: str, tmp_path: Path) -> None:
    """No command waits for a person: it ends, with a code of the contract and without a traceback."""
    words = (*name.split(), *NEEDED.get(name, ()))
    ended = program(*words, home=tmp_path, before=lambda: os.close(0))
    out, err = ended.communicate(timeout=60)
    assert ended.returncode in (0, 2, 3, 4, 5), err
    assert "Traceback" not in out + err


def test_sigterm_ends_a_waiting_command_with_143(tmp_path: Path) -> None:
    """A supervisor's stop is quick and has its own code."""
    reading, writing = os.pipe()
    ended = (
        program("gates", "-i", "-", home=tmp_path, stdin=reading) if "gates" in registry.COMMANDS else None
    )
    if ended is None:
        pytest.skip("no command here reads a document")
    assert ended.stderr is not None
    assert ended.stderr.readline().startswith("MODE ")
    time.sleep(1.0)
    ended.send_signal(signal.SIGTERM)
    ended.communicate(timeout=10)
    os.close(writing)
    os.close(reading)
    assert ended.returncode == 143


def test_a_vanished_folder_is_no_bug(tmp_path: Path) -> None:
    """Started in a folder that is removed meanwhile, the command still runs."""
    gone = tmp_path / "gone"
    gone.mkdir()

    def enter() -> None:
        os.chdir(gone)
        gone.rmdir()

    ended = program("config", "show", home=tmp_path, before=enter)
    _, err = ended.communicate(timeout=60)
    assert ended.returncode == 0, err


def test_a_command_that_ignores_its_deadline_is_ended_by_the_kernel(tmp_path: Path) -> None:
    """Code that swallows every exception cannot outlive --deadline and its grace."""
    code = (
        "from mammon.cli import invocation, registry\n"
        "invocation._GRACE_S = 0\n"
        "registry.COMMANDS['hang'] = registry.Entry('tests.cli.commands:hang', 'See', 'x')\n"
        "from mammon.__main__ import main\nmain()"
    )
    asked = [sys.executable, "-c", code, "hang", "--deadline", "1s"]
    ended = subprocess.run(asked, capture_output=True, env=environment(tmp_path), cwd=tmp_path, timeout=30)
    assert ended.returncode == -signal.SIGALRM


def test_closed_descriptors_are_taken_before_anything_is_opened(tmp_path: Path) -> None:
    """No file of ours becomes descriptor 1, where a print would land in it."""
    code = (
        "import os, sys; from mammon.cli import streams; streams.reserve(); "
        f"sys.exit(os.open({str(tmp_path / 'database')!r}, os.O_CREAT))"
    )
    asked = [sys.executable, "-c", code]
    ended = subprocess.run(asked, env=environment(tmp_path), preexec_fn=close_all, timeout=60)
    assert ended.returncode > 2
