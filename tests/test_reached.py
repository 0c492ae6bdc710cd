"""What guards money is reached from the command line, and nothing on its path swallows a refusal."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import mammon
from mammon.cli import registry

ROOT = Path(mammon.__file__).parent
MONEY = ("chain", "core", "state", "ops", "engine")
"""Packages that money passes through; of `cli`, the modules that put its path together."""
PATH = (
    "acting",
    "adopt_nonce",
    "drill",
    "guarded",
    "homecoming",
    "parts",
    "place",
    "rebalance",
    "run",
    "tx_bid",
    "wiring",
)
GUARDS = tuple(
    f"mammon.{path.relative_to(ROOT).with_suffix('').as_posix().replace('/', '.')}"
    for folder in ("chain", "ops", "state")
    for path in sorted((ROOT / folder).glob("*.py"))
    if path.stem != "__init__"
) + tuple(
    f"mammon.core.{name}" for name in ("breaker", "flows", "gates", "limits", "stops", "txstate", "watch")
)


def module(path: Path) -> str:
    """Return a file's name as it is imported."""
    name = ".".join(("mammon", *path.relative_to(ROOT).with_suffix("").parts))
    return name.removesuffix(".__init__")


FILES = {module(path): path for path in ROOT.rglob("*.py")}


def _imports(tree: ast.AST) -> Iterator[str]:
    """Yield what a module imports when it runs, anywhere in it: not what only type checkers see."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        else:
            yield from _imports(node)


def reached() -> set[str]:
    """Return every module that some registered command may run."""
    waiting = {"mammon.__main__", *(entry.target.partition(":")[0] for entry in registry.COMMANDS.values())}
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in found or name not in FILES:
            continue
        found.add(name)
        waiting |= set(_imports(ast.parse(FILES[name].read_text("utf-8"))))
    return found


REACHED = reached()


@pytest.mark.parametrize("name", GUARDS)
def test_f26_each_guard_is_reached_from_the_command_line(name: str) -> None:
    """F26: no parallel implementation that nothing calls: every guard is imported by what commands run."""
    assert name in REACHED


def _broad(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(ast.unparse(one) in ("Exception", "BaseException") for one in caught)


def _on_the_path() -> Iterator[Path]:
    for folder in MONEY:
        yield from sorted((ROOT / folder).rglob("*.py"))
    yield from (ROOT / "cli" / f"{name}.py" for name in PATH)


@pytest.mark.parametrize("path", [*_on_the_path()], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_f12_nothing_broad_is_caught_on_the_money_path(path: Path) -> None:
    """F12: a refusal beside a broad except is no refusal: only what raises it again may catch everything."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ExceptHandler) and _broad(node):
            last = node.body[-1]
            assert isinstance(last, ast.Raise), f"{path.name}:{node.lineno}"
            assert last.exc is None, f"{path.name}:{node.lineno}"
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("contextlib.suppress", "suppress"):
            names = {ast.unparse(one) for one in node.args}
            assert not names & {"Exception", "BaseException", "MammonError"}, f"{path.name}:{node.lineno}"


def test_f10_one_module_signs_and_one_sends() -> None:
    """F10: the journal is the only way to an action: bytes are signed in one place and sent in one."""

    def using(text: str) -> set[str]:
        return {
            name for name, path in FILES.items() if text in path.read_text("utf-8") and ".sim." not in name
        }

    assert using("signing.sign(") - {"mammon.chain.signing"} == {"mammon.chain.authorise"}
    assert using('"eth_sendRawTransaction"') == {"mammon.chain.follow"}
    assert using("journal.sign_slot(") == {"mammon.chain.sender"}
