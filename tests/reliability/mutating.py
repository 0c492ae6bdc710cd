"""Mutants of a module's source: one small change each, where it stands, how it reads before and after.

Changed are comparisons, `and` and `or`, `not`, conditions, numbers, names of states and codes, sums, minima,
what is returned, and statements, which are left out. Not changed: docstrings and prose (a sentence is what a
person reads, no decision), annotations, imports, and what only a type checker sees.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Change = Callable[[ast.AST], ast.AST]
"""Changes a copy of a node in place, or returns what stands there instead."""

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}
_CONDITION = (ast.If, ast.IfExp, ast.While)
OTHER = "mutated"
_NEAR = 60


@dataclass(frozen=True)
class Mutant:
    """One change of one module."""

    module: str
    function: str
    """Qualified name; empty for what is done when the module is loaded."""
    line: int
    before: str
    after: str
    source: ast.Module

    def __str__(self) -> str:
        return f"{self.module.rpartition('.')[2]} {self.function or 'module'}: {self.before} -> {self.after}"

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is known by, wherever its line moves."""
        return self.function, self.before, self.after


def mutants(module: str, text: str) -> list[Mutant]:
    """Return every mutant of a module, in the order of its lines."""
    tree = ast.parse(text)
    found = []
    for path, function, line in _places(tree):
        node = _at(tree, path)
        statement = _at(tree, _statement(tree, path))
        for change in _changes(node):
            changed = copy.deepcopy(tree)
            _put(changed, path, change(_at(changed, path)))
            ast.fix_missing_locations(changed)
            after = _at(changed, _statement(tree, path))
            found.append(
                Mutant(module, function, line, *_differing(_shown(statement), _shown(after)), changed)
            )
    return found


# --- places ---------------------------------------------------------------------------------------

Path = tuple[tuple[str, int | None], ...]


def _places(tree: ast.Module) -> Iterator[tuple[Path, str, int]]:
    """Yield the way to each node that may be changed, the function it is in, and its line."""
    yield from _below(tree, (), "", False)


def _below(node: ast.AST, path: Path, function: str, inside: bool) -> Iterator[tuple[Path, str, int]]:
    for name, value in ast.iter_fields(node):
        if _is_left_alone(node, name):
            continue
        for at, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _is_prose(child) or _is_typing(child):
                continue
            way = (*path, (name, at if isinstance(value, list) else None))
            within, body = function, inside and name not in ("decorator_list",)
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                outer = f"{function}.<locals>." if inside else f"{function}." if function else ""
                yield from _below(child, way, f"{outer}{child.name}", isinstance(child, ast.FunctionDef))
                continue
            if isinstance(node, ast.FunctionDef) and name == "args":
                body = False
            if hasattr(child, "lineno"):
                yield way, within if body else "", child.lineno
            yield from _below(child, way, within, body)


def _is_left_alone(node: ast.AST, name: str) -> bool:
    if name in ("annotation", "returns", "decorator_list", "keywords") and not isinstance(node, ast.Call):
        return True
    return isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom) or name == "bases"


def _is_prose(node: ast.AST) -> bool:
    """Say whether it is a docstring, or a sentence for people."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip()


def _is_typing(node: ast.AST) -> bool:
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return True
    if isinstance(node, ast.Assign):
        name = ast.unparse(node.targets[0])
        told = ast.unparse(node.value)
        return name == "__all__" or told.startswith("Literal[") or " | " in told
    return False


def _at(tree: ast.AST, path: Path) -> ast.AST:
    found: ast.AST = tree
    for name, at in path:
        value = getattr(found, name)
        found = value if at is None else value[at]
    return found


def _put(tree: ast.AST, path: Path, node: ast.AST) -> None:
    owner, (name, at) = _at(tree, path[:-1]), path[-1]
    if at is None:
        setattr(owner, name, node)
    else:
        getattr(owner, name)[at] = node


def _statement(tree: ast.AST, path: Path) -> Path:
    """Return the way to the statement, or the clause of one, that a node is in."""
    for length in range(len(path), 0, -1):
        if isinstance(_at(tree, path[:length]), ast.stmt | ast.ExceptHandler | ast.match_case):
            return path[:length]
    return path[:1]


def _shown(node: ast.AST) -> str:
    """Return how a statement reads; of one with a body, its head."""
    lines = ast.unparse(node).strip().splitlines()
    compound = isinstance(node, ast.If | ast.For | ast.While | ast.With | ast.Try | ast.Match)
    clause = isinstance(node, ast.ExceptHandler | ast.match_case | ast.ClassDef | ast.FunctionDef)
    return lines[0] if compound or clause else " ".join(lines)


def _differing(before: str, after: str) -> tuple[str, str]:
    """Return two texts without what is alike far from where they differ."""
    first = _alike(before, after)
    last = _alike(before[first:][::-1], after[first:][::-1])
    return tuple(
        ("..." if first > _NEAR else "")
        + text[max(0, first - _NEAR) : len(text) - max(0, last - _NEAR)]
        + ("..." if last > _NEAR else "")
        for text in (before, after)
    )  # type: ignore[return-value]


def _alike(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, pair in pairs if pair[0] != pair[1]), min(len(one), len(other)))


# --- changes --------------------------------------------------------------------------------------


def _changes(node: ast.AST) -> Iterator[Change]:
    for kind, changes in _BY_KIND:
        if isinstance(node, kind):
            yield from changes(node)


def _compared(node: ast.AST) -> Iterator[Change]:
    assert isinstance(node, ast.Compare)
    for at, operator in enumerate(node.ops):
        for other in _COMPARED[type(operator)]:
            yield _replaced("ops", at, other())


def _joined(node: ast.AST) -> Iterator[Change]:
    assert isinstance(node, ast.BoolOp)
    yield _set("op", ast.Or() if isinstance(node.op, ast.And) else ast.And())


def _negated(node: ast.AST) -> Iterator[Change]:
    """Yield the opposite of a condition that no other change turns round."""
    test = getattr(node, "test", None)
    if isinstance(test, ast.Name | ast.Attribute | ast.Call | ast.NamedExpr):
        yield _set("test", ast.UnaryOp(ast.Not(), test))


def _unturned(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        operand = node.operand
        yield lambda _: copy.deepcopy(operand)


def _valued(node: ast.AST) -> Iterator[Change]:
    assert isinstance(node, ast.Constant)
    value = node.value
    if isinstance(value, bool):
        yield _set("value", not value)
    elif isinstance(value, int):
        yield _set("value", value + 1)
        yield _set("value", value - 1)
    elif isinstance(value, str) and value:
        yield _set("value", OTHER)
    elif isinstance(value, bytes):
        yield _set("value", value + b"\1" if value else b"\1")


def _computed(node: ast.AST) -> Iterator[Change]:
    assert isinstance(node, ast.BinOp | ast.AugAssign)
    other = _COMPUTED.get(type(node.op))
    if other is not None:
        yield _set("op", other())


def _called(node: ast.AST) -> Iterator[Change]:
    assert isinstance(node, ast.Call)
    if isinstance(node.func, ast.Name) and node.func.id in _CALLED:
        yield _set("func", ast.Name(_CALLED[node.func.id], ast.Load()))


def _returned(node: ast.AST) -> Iterator[Change]:
    assert isinstance(node, ast.Return)
    if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
        yield _set("value", ast.Constant(None))


def _left_out(node: ast.AST) -> Iterator[Change]:
    """Yield the statement that does nothing; a generator goes on to be one."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield | ast.YieldFrom):
        yield lambda found: ast.If(ast.Constant(False), [_statement_of(found)], [])
    else:
        yield lambda _: ast.Pass()


def _unguarded(node: ast.AST) -> Iterator[Change]:
    assert isinstance(node, ast.With)
    if all(item.optional_vars is None for item in node.items):
        body = node.body
        yield lambda _: ast.If(ast.Constant(True), copy.deepcopy(body), [])


def _unhandled(node: ast.AST) -> Iterator[Change]:
    assert isinstance(node, ast.ExceptHandler)
    yield _set("body", [ast.Raise(None, None)])
    if isinstance(node.type, ast.Tuple):
        for at in range(len(node.type.elts)):
            kept: Sequence[ast.expr] = [one for place, one in enumerate(node.type.elts) if place != at]
            yield _set("type", ast.Tuple([*kept], ast.Load()))


def _filtered(node: ast.AST) -> Iterator[Change]:
    assert isinstance(node, ast.comprehension)
    if node.ifs:
        yield _set("ifs", [])


_BY_KIND: tuple[tuple[tuple[type[ast.AST], ...], Callable[[ast.AST], Iterator[Change]]], ...] = (
    ((ast.Compare,), _compared),
    ((ast.BoolOp,), _joined),
    (_CONDITION, _negated),
    ((ast.UnaryOp,), _unturned),
    ((ast.Constant,), _valued),
    ((ast.BinOp, ast.AugAssign), _computed),
    ((ast.Call,), _called),
    ((ast.Return,), _returned),
    ((ast.Expr, ast.Raise, ast.AugAssign, ast.Continue, ast.Break), _left_out),
    ((ast.With,), _unguarded),
    ((ast.ExceptHandler,), _unhandled),
    ((ast.comprehension,), _filtered),
)


def _set(name: str, value: object) -> Change:
    def change(node: ast.AST) -> ast.AST:
        setattr(node, name, copy.deepcopy(value))
        return node

    return change


def _replaced(name: str, at: int, value: ast.AST) -> Change:
    def change(node: ast.AST) -> ast.AST:
        getattr(node, name)[at] = value
        return node

    return change


def _statement_of(node: ast.AST) -> ast.stmt:
    assert isinstance(node, ast.stmt)
    return node
