"""Documents that somebody broke or made up: scans, decisions and plans, read as commands read them.

What is of no type that its place may have is refused when it is read. What has the right types and
untrue values is judged: refused, shown not to follow from its inputs, or told. A proposal to move is a
question: what comes of it passes every gate on what was read freshly, or nothing does.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Any, get_args, get_type_hints

from mammon.cli.documents import Identity, amount, read, reread, written
from mammon.cli.output import json_line
from mammon.cli.plans import PlanData
from mammon.cli.proposals import proposed
from mammon.cli.readings import reckoning
from mammon.cli.scan import ScanData
from mammon.core import canonical
from mammon.core.decide import Decision, decide, replay
from mammon.core.numbers import Units
from mammon.core.plan import IDLE
from mammon.core.policy import Policy
from mammon.errors import MammonError
from mammon.reporting.figures import market_figures
from tests.core.build import NOW, USDC, portfolio, position, snapshot, state
from tests.flows.mangling import HOSTILE_TEXTS
from tests.reliability import bad_names
from tests.reliability.bad_forms import Outcome, WrongError, hostile, leaves, placed, refused, spoilt

_NUMERIC = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
_INTEGERS = ("0", "1", "-1", str(2**128), str(2**256 - 1), "9" * 80, "-" + "9" * 79)
_DECIMALS = ("0", "1", "-1", "0." + "0" * 17 + "1", "9" * 150, "-" + "9" * 150, "0." + "9" * 150)
_NUMBERS = (0, 1, -1, 18, 77, 255, 256, 10**9, 2**53 - 1, -(2**53 - 1))
NO_TYPE: tuple[Any, ...] = ({"x": 1}, [["0"]], 1.5, 1e999, 2**60, -(2**53))
"""Of no type that any field has."""
NO_NUMBER: tuple[Any, ...] = (
    "NaN",
    "nan",
    "Infinity",
    "-inf",
    "sNaN",
    "1e5",
    "1E-3",
    "+1",
    " 1",
    "1 ",
    "1_0",
    "01",
    "-0",
    "1.",
    ".5",
    "",
    "0x10",
    "\u0661",
    "\uff11",
    "9" * 5_000,
    True,
    5,
    None,
    [],
    "\x1b[2J",
)
"""What no amount and no rate is written as."""


class Papers:
    """One world's scan, decisions and plan, as documents."""

    def __init__(self) -> None:
        self.held = portfolio(10**10, position(state("low"), 5_000 * 10**6))
        self.snapshot = snapshot(state("high"), state("low"))
        self.decision = decide(self.snapshot, self.held, Policy(), NOW)
        assert self.decision.plan is not None
        still = decide(self.snapshot, portfolio(0, position(state("high"), 10**10)), Policy(), NOW)
        self.identity = Identity("mock", self.snapshot.chain_id, self.held.owner, Policy().hash)
        figures = market_figures(self.snapshot, 10**9, 10)
        scan = ScanData(amount(10**9, 6), figures, 0, (), 1, self.snapshot, self.held)
        plan = PlanData(self.decision, (), None, None, NOW + 600, "")
        data = {"scan": [scan], "gates": [self.decision, still], "plan": [plan]}
        self.plain = {
            name: [json.loads(self._written(name, one)) for one in each] for name, each in data.items()
        }

    def _written(self, name: str, data: Any) -> str:
        return written(name, data, self.identity, NOW, self.snapshot.block)


@cache
def papers() -> Papers:
    """Return the documents, made once."""
    return Papers()


def documents(draw: Random) -> Outcome:
    """Break one document and give it to whoever takes it."""
    name = draw.choice(("scan", "gates", "gates", "plan"))
    plain = draw.choice(papers().plain[name])
    form = draw.choice(("bytes", "type", "number", "field", "untrue", "untrue", "untrue"))
    told = f"{name}: {form}"
    if form == "bytes":
        what, text = spoilt(json.dumps(plain).encode(), draw)
        return f"{name}: {what}", _must_refuse(name, text, what)
    if form != "untrue":
        changed = {"type": _type, "number": _number, "field": _field}[form](plain, draw)
        return told, _must_refuse(name, _sealed(name, changed), form)
    for _ in range(draw.choice((1, 1, 2, 3))):
        plain = _untrue(plain, draw)
    return told, _taken(name, _sealed(name, plain, spoil=draw.random() < 0.1))


def _must_refuse(name: str, text: bytes, what: str) -> str:
    reads: list[Callable[[], object]] = [lambda: read(name, text, papers().identity)]
    if name == "gates":
        reads.append(lambda: reread(name, text))
    if name != "scan":
        reads.append(lambda: proposed(text, papers().identity))
    code = ""
    for each in reads:
        try:
            each()
        except MammonError as error:
            code = refused(error)
        else:
            raise WrongError(f"{what} was taken: {text!r}")
    return code


def _taken(name: str, text: bytes) -> str:
    try:
        return {"scan": _judged, "gates": _replayed, "plan": _carried}[name](text)
    except MammonError as error:
        return refused(error)


def _judged(text: bytes) -> str:
    """Judge a scan as `gates -i` does."""
    data = read("scan", text, papers().identity).data
    held = data.portfolio or papers().held
    with reckoning():
        decision = decide(data.snapshot, held, Policy(), NOW)
        canonical.dumps(decision)
    _sound(decision)
    return "right" if decision == papers().decision else "another"


def _replayed(text: bytes) -> str:
    """Recompute a decision as `replay` does, tell it as `explain` does, and take it as a proposal."""
    given = reread("gates", text)[1]
    assert isinstance(given, Decision)
    with reckoning():
        bad_names.told(given)
    _carried(text)
    with reckoning():
        again = replay(given)
        same = canonical.dumps(again) == canonical.dumps(given)
    _sound(again)
    return "follows" if same else "mismatch"


def _carried(text: bytes) -> str:
    """Take a proposal as `rebalance -i` does: ask again, on what is read now."""
    asked = proposed(text, papers().identity).ask
    fresh = papers()
    decision = decide(fresh.snapshot, fresh.held, Policy(), NOW, asked)
    _sound(decision)
    plan = decision.plan
    if plan is None:
        return "held"
    idle = fresh.held.idle
    held = idle if plan.source == IDLE else Units(5_000 * 10**6)
    places = {IDLE, "high", "low"}
    if {plan.source, plan.target} - places or not isinstance(held, int) or not 0 < plan.amount <= held:
        raise WrongError(f"a plan that nobody could carry out: {plan}")
    return "asked"


def _sound(decision: Decision) -> None:
    """Raise when a decision acts against a gate, or cannot be told."""
    if decision.plan is not None and (decision.chosen is None or not decision.chosen.passed):
        raise WrongError("a plan that a gate refuses")
    bad_names.told(decision)


def _sealed(name: str, plain: Any, spoil: bool = False) -> bytes:
    """Return a document as text; a plan with the hash it then has, unless that is spoilt as well."""
    if name != "plan":
        return json.dumps(plain).encode()
    data = plain.get("data") if isinstance(plain, dict) else None
    if not isinstance(data, dict) or data.get("hash") != "":
        return json.dumps(plain).encode()
    try:
        draft = canonical.json_bytes({**plain, "data": {**data, "hash": ""}})
    except (ValueError, MammonError):
        return json.dumps(plain).encode()
    seal = hashlib.sha256(draft + b"!" * spoil).hexdigest()
    return json_line(canonical.json_bytes({**plain, "data": {**data, "hash": seal}}).decode()).encode()


# --- what is of no type its place may have -------------------------------------------------------


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def _type(plain: Any, draw: Random) -> Any:
    path = draw.choice(leaves(plain))
    return placed(plain, path, draw.choice(NO_TYPE))


def _number(plain: Any, draw: Random) -> Any:
    """Put what is no number where an amount or a rate stands."""
    numeric = [path for path in leaves(plain) if path[-1] not in _TEXT and _is_amount(_at(plain, path))]
    path = draw.choice(numeric)
    usual = [value for value in NO_NUMBER if value is not None or path[-1] not in _MAY_BE_NULL]
    return placed(plain, path, draw.choice(usual))


def _nullable(kind: Any) -> Iterator[str]:
    """Yield the names of a document's fields that may hold nothing, as its types say."""
    seen, waiting = set(), [kind]
    while waiting:
        found = waiting.pop()
        waiting += get_args(found)
        if not dataclasses.is_dataclass(found) or found in seen:
            continue
        seen.add(found)
        for name, hint in get_type_hints(found).items():
            waiting.append(hint)
            if type(None) in get_args(hint):
                yield name


_MAY_BE_NULL = frozenset(name for kind in (ScanData, Decision, PlanData) for name in _nullable(kind))
_TEXT = frozenset({"display"})
"""Free texts that may look like numbers."""


def _is_amount(value: Any) -> bool:
    return isinstance(value, str) and bool(_NUMERIC.match(value))


def _field(plain: Any, draw: Random) -> Any:
    """Take a field away, add one, or name one wrongly."""
    objects = [path for path in _objects(plain) if _at(plain, path)]
    path = draw.choice(objects)
    found = dict(_at(plain, path))
    key = draw.choice(sorted(found))
    form = draw.randrange(3)
    value = found.get(key) if form == 0 else found.pop(key)
    if form != 1:
        found[draw.choice(("extra", f"{key} ", key.upper() + "_", hostile(draw) or "\x00"))] = value
    return placed(plain, path, found)


def _objects(value: Any, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path for key, each in inner for path in _objects(each, (*above, key))]
    return [above, *found] if isinstance(value, dict) else found


# --- what is only untrue -------------------------------------------------------------------------


def _untrue(plain: Any, draw: Random) -> Any:
    """Replace one value of the data, most often by one of the same kind."""
    paths = [path for path in leaves(plain) if path[0] == "data" and len(path) > 1]
    if not paths:
        return plain  # all of it was taken away before
    path = draw.choice(paths)
    if draw.random() < 0.1:
        path = path[: draw.randrange(1, len(path))]
    was = _at(plain, path)
    if isinstance(was, bool):
        return placed(plain, path, not was)
    if isinstance(was, int):
        return placed(plain, path, draw.choice((*_NUMBERS, draw.randrange(2**53))))
    if isinstance(was, str):
        return placed(plain, path, _text(was, draw))
    if isinstance(was, list):
        return placed(plain, path, draw.choice(([], was + was, was[::-1], was[1:])))
    if isinstance(was, dict):
        return placed(plain, path, draw.choice((None, {**was, "extra": 1}, dict(list(was.items())[1:]))))
    return placed(plain, path, draw.choice((None, "0", 0, [])))


def _text(was: str, draw: Random) -> str:
    if was.lstrip("-").isdigit():
        return draw.choice((*_INTEGERS, str(draw.randrange(-(2**80), 2**256))))
    if _is_amount(was):
        return draw.choice(_DECIMALS)
    return draw.choice((*HOSTILE_TEXTS, hostile(draw), USDC.symbol))
