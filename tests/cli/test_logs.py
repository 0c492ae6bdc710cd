"""Logs: configured through the real entry point, on stderr, levelled, redacted (F22)."""

from __future__ import annotations

import io
import json
import logging
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import mammon
from mammon.cli import registry
from mammon.cli.failure import run as run_process
from mammon.cli.process import Process
from mammon.cli.redaction import clean
from mammon.net.redact import redacted
from tests.cli.commands import KEYED
from tests.cli.shell import FixedClock, Terminal, run

SECRET = "correct-horse-battery"
SECRET_PART = "c0ffee-c0ffee"


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("loud", "warns"):
        monkeypatch.setitem(registry.COMMANDS, name, registry.Entry(f"tests.cli.commands:{name}", "See", "x"))


def lines(err: str) -> list[str]:
    return [line for line in err.splitlines() if not line.startswith("MODE ")]


def test_info_is_seen_through_the_real_entry_point(tmp_path: Path) -> None:
    """A process started as users start it shows INFO lines on stderr, and nothing on stdout."""
    root = Path(mammon.__file__).parents[1]
    code = (
        "from mammon.cli import registry\n"
        "registry.COMMANDS['loud'] = registry.Entry('tests.cli.commands:loud', 'See', 'x')\n"
        "from mammon.__main__ import main\nmain()"
    )
    environment = {"HOME": str(tmp_path), "PYTHONPATH": str(root)}
    ended = subprocess.run(
        [sys.executable, "-c", code, "loud"],
        capture_output=True,
        env=environment,
        cwd=tmp_path,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0
    assert ended.stdout == ""
    assert " info mammon.probe: read " in ended.stderr
    assert SECRET_PART not in ended.stderr


@pytest.mark.parametrize(
    ("flags", "seen", "unseen"),
    [
        ((), ("read", "two"), ("a detail", "a library's line")),
        (("-v",), ("a detail", "read"), ("a library's line",)),
        (("-vv",), ("a detail", "a library's line"), ()),
        (("-q",), (), ("read", "two", "a detail")),
    ],
)
def test_levels(
    flags: tuple[str, ...], seen: tuple[str, ...], unseen: tuple[str, ...], tmp_path: Path
) -> None:
    """INFO by itself, -v details, -vv libraries too, -q nothing below an error."""
    err = run("loud", *flags, directory=tmp_path).err
    assert all(part in err for part in seen)
    assert not any(part in err for part in unseen)


def test_a_record_is_one_printable_line(tmp_path: Path) -> None:
    """A message with line breaks or escapes cannot make a second line or steer a terminal."""
    (line,) = [line for line in lines(run("loud", directory=tmp_path).err) if "two" in line]
    assert line.endswith("mammon.probe: two\\nlines \\x1b[31m")


def test_json_lines_are_objects(tmp_path: Path) -> None:
    """--log-format json is one object per line with the same facts."""
    found = [json.loads(line) for line in lines(run("loud", "--log-format", "json", directory=tmp_path).err)]
    assert {entry["level"] for entry in found} == {"info", "warning"}
    assert all(set(entry) == {"at", "level", "logger", "message"} for entry in found)


def test_secrets_and_keyed_urls_are_never_logged(tmp_path: Path) -> None:
    """Values of secret variables and the paths of URLs are replaced, wherever a message carries them."""
    ended = run("loud", "-vv", directory=tmp_path, environment={"WEBHOOK_TOKEN": SECRET})
    assert SECRET_PART not in ended.err
    assert "https://node.invalid#" in ended.err
    assert clean(f"a {SECRET} b {KEYED}", [SECRET]).startswith("a [secret] b https://node.invalid#")


@pytest.mark.parametrize("end", ["", ":", ",", ".", ")", "); "])
def test_an_endpoint_has_one_name(end: str) -> None:
    """Whatever stands behind a URL, and however often it was cleaned: the digits are those of the URL."""
    name = redacted(KEYED)
    for text in (KEYED, name):
        assert clean(f"({text}{end}") == f"({name}{end}"
        assert clean(clean(f"{text}{end} and {KEYED}")) == f"{name}{end} and {name}"


@given(st.text(st.sampled_from("ahtps:/#@?.,)( 0123456789f\n"), max_size=60))
@example("https://user:key@host#0123abcd")
def test_cleaning_again_changes_nothing(text: str) -> None:
    """What was redacted is left as it is; what only looks like it is not taken for it."""
    assert clean(clean(text)) == clean(text)
    assert "key@" not in clean(text)


def test_a_file_takes_warnings_also_of_a_quiet_run(tmp_path: Path) -> None:
    """-q is about the streams: what a headless run met stands in its log file."""
    ended = run("loud", "-q", "--log-file", "run.log", directory=tmp_path)
    assert (ended.out, ended.err) == ("", "")
    assert "warning mammon.probe: two" in (tmp_path / "run.log").read_text()


def test_a_log_line_takes_the_passing_line_away(tmp_path: Path) -> None:
    """On a terminal a log line stands on a line of its own, not behind `reading the chain …`."""
    err = Terminal()
    process = Process({"HOME": str(tmp_path)}, tmp_path, None, io.StringIO(), err, FixedClock())
    assert run_process(["loud"], process) == 0
    assert process.call is not None
    process.call.output.progress("reading the chain …")
    logging.getLogger("mammon.probe").warning("slow")
    assert err.getvalue().split("reading the chain …")[1].startswith("\r\x1b[K2")


def test_a_librarys_warning_is_a_log_line(tmp_path: Path) -> None:
    """Warnings take the same way: redacted, one line, on stderr."""
    ended = run("warns", directory=tmp_path)
    assert "warning py.warnings: " in ended.err
    assert "a library's warning about https://node.invalid#" in ended.err
    assert SECRET_PART not in ended.err


def test_a_log_file_is_private_and_takes_the_lines(tmp_path: Path) -> None:
    """--log-file receives what stderr would, for its owner alone, appended."""
    for _ in range(2):
        ended = run("loud", "--log-file", "run.log", directory=tmp_path)
        assert lines(ended.err) == []
    path = tmp_path / "run.log"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().count("read https://node.invalid#") == 2


@pytest.mark.parametrize("kind", ["link", "fifo", "folder", "absent folder", "open to others"])
def test_an_odd_log_file_is_refused(kind: str, tmp_path: Path) -> None:
    """A link, a pipe or somebody else's file in its place is not followed (A3 52)."""
    path = tmp_path / "log"
    if kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "absent folder":
        path = tmp_path / "absent" / "log"
    else:
        path.touch(mode=0o644)
        path.chmod(0o644)
    assert run("loud", "--log-file", str(path), directory=tmp_path).code in (2, 5)
    assert not (tmp_path / "elsewhere").exists()
