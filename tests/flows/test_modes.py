"""Architecture, rule 4: worlds are told apart in the wiring and nowhere below the command line."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import mammon

ROOT = Path(mammon.__file__).parent
FLAGS = {"dry_run", "is_mock", "is_paper", "is_live", "paper_mode", "live_mode", "mock_mode", "simulate_only"}
WORLDS = {"mock", "paper", "live"}


def below() -> Iterator[Path]:
    """Yield every module that may not know which world it serves."""
    for path in sorted(ROOT.rglob("*.py")):
        if path.relative_to(ROOT).parts[0] not in ("cli", "config"):
            yield path


@pytest.mark.parametrize("path", tuple(below()), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_below_the_command_line_knows_modes(path: Path) -> None:
    """Architecture, rule 4: no flag of a mode, no world by name, no comparison with one."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = {getattr(node, name, None) for name in ("id", "attr", "arg", "name")}
        assert not {name for name in names if isinstance(name, str)} & FLAGS, f"{path}:{node.lineno}"  # type: ignore[attr-defined]
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert node.value not in WORLDS, f"{path}:{node.lineno}"
        if isinstance(node, ast.Compare | ast.Match | ast.If):
            tested = node.test if isinstance(node, ast.If) else node
            attributes = {each.attr for each in ast.walk(tested) if isinstance(each, ast.Attribute)}
            assert "mode" not in attributes, f"{path}:{node.lineno}"


def test_only_the_wiring_builds_worlds() -> None:
    """Elsewhere the command line may tell which world it is in; it does not act by it."""
    allowed = {
        "wiring.py",
        "worlds.py",
        "simulation.py",
        "invocation.py",
        "checks.py",
        "doctor.py",
        "probes.py",
    }
    for path in (ROOT / "cli").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare) and path.name not in allowed:
                words = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
                assert not words & WORLDS, f"{path}:{node.lineno}"
