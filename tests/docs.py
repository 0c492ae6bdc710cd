"""Reading the documents: their shell lines, code spans, tables and links, and a way to run what they show."""

from __future__ import annotations

import functools
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mammon.cli import helptext, registry

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
GUIDES = sorted((ROOT / "examples" / "guides").glob("*.md"))
DOCUMENTS = (README, ROOT / "CHANGELOG.md", *sorted((ROOT / ".github").glob("*.md")), *GUIDES)
SCRIPTS = tuple(ROOT / "examples" / name for name in ("pipeline.sh", "crontab", "mammon.service"))

TESTED = "<!-- tested -->"
"""Stands before a shell example that the suite runs, in the simulated world."""

_FENCE = re.compile(r"^(?P<mark><!-- tested -->\n)?```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.M | re.S)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_PROGRAM = re.compile(r"(?:^|[\s`=(])(?:[\w./]*/)?mammon ([^|&;>`\n#]+)", re.M)
_OPTION = re.compile(r"(?<![\w-])(--?[A-Za-z][A-Za-z-]*)")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


class Call(NamedTuple):
    """One use of the program that a text shows."""

    command: str | None
    options: tuple[str, ...]
    text: str


class Block(NamedTuple):
    """One fenced example."""

    kind: str
    body: str
    tested: bool


def blocks(path: Path) -> list[Block]:
    """Return a document's fenced examples."""
    found = _FENCE.finditer(path.read_text("utf-8"))
    return [Block(match["kind"], match["body"], match["mark"] is not None) for match in found]


def spans(path: Path) -> list[str]:
    """Return a document's code spans, outside fenced examples."""
    return _SPAN.findall(_FENCE.sub("", path.read_text("utf-8")))


def links(path: Path) -> list[str]:
    """Return where a document's links and pictures point, this repository only."""
    return [link for link in _LINK.findall(path.read_text("utf-8")) if "://" not in link]


def calls(path: Path) -> Iterator[Call]:
    """Yield every use of the program in a document or script: lines to type, and code spans."""
    text = path.read_text("utf-8")
    if path.suffix == ".md":
        indented = [line for line in text.splitlines() if line.startswith("    ")]
        shown = [block.body for block in blocks(path) if block.kind == "sh"]
        text = "\n".join([*shown, *indented, *spans(path)])
    else:
        text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for match in _PROGRAM.finditer(text):
        words = shlex.split(match[1], posix=True)
        if words[0] in ("COMMAND", "--version", "--help"):
            continue
        options = tuple(word.partition("=")[0] for word in words if _OPTION.fullmatch(word.partition("=")[0]))
        yield Call(registry.command_at(words), options, match[0].strip())


def rows(path: Path, heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, its head left out."""
    _, _, below = path.read_text("utf-8").partition(f"## {heading}\n")
    assert below, f"{path.name} has no section {heading!r}"
    lines: list[str] = []
    for line in below.splitlines():
        if line.startswith("|"):
            lines.append(line)
        elif lines:
            break
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def codes(cell: str) -> list[str]:
    """Return the code spans of a table's cell."""
    return _SPAN.findall(cell)


@functools.cache
def options(command: str) -> frozenset[str]:
    """Return the options that `mammon COMMAND --help` lists."""
    text = helptext.ready(command)
    assert text is not None, command
    listed = [line for line in text.splitlines() if line.startswith("  -")]
    return frozenset(option for line in listed for option in _OPTION.findall(line.split("  ")[1]))


@functools.cache
def every_option() -> frozenset[str]:
    """Return the options of all commands, and those of the program itself."""
    return frozenset({"--version"}).union(*map(options, registry.COMMANDS))


def typed(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run shell lines as a person types them, with `mammon` on the path and a home in `folder`."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    program = programs / "mammon"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mammon "$@"\n')
    program.chmod(0o755)
    values = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "MAMMON_HOME": str(folder / "home"),
        **environment,
    }
    words = ["bash", "-euo", "pipefail", "-c", script]
    return subprocess.run(
        words, cwd=folder, env=values, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
