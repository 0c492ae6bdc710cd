"""Mutation testing of what money depends on: is every small change of it noticed by its own fast tests?

`python -m tests.reliability.mutants [MODULE …]` judges all modules of `mutant_targets`, or those named. It is
our own because the known tools do not fit: mutmut changes what stands in functions only, and half of what is
judged here are tables and limits beside them; cosmic-ray starts the test runner anew for each mutant, which
for a thousand of them is an hour of loading. Both change files of the tree that is tested.

Nothing is written here. The tests of a module are collected once; for each mutant of a function a fork puts
the changed code in the function's place and runs them until one fails. What is done when a module is loaded
is changed at its import, in a fork that has loaded nothing of mammon.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.abc
import importlib.machinery
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import hypothesis
import pytest

from tests.reliability.mutant_targets import AT_LOADING, EQUIVALENT, LEAST_PERCENT, TARGETS
from tests.reliability.mutating import Mutant, mutants

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = (
    *("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", ""),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
KILLED, SURVIVED, SLOW, BROKEN = "killed", "survived", "slow", "broken"
"""Found by a test; found by none; still running at its time, which counts as found; not judged at all."""
_CODES = {0: SURVIVED, 1: KILLED, 2: KILLED, 3: BROKEN}
PATIENCE = 3
"""How many times as long as the sound module a mutant may take, and"""
LEAST_S = 10.0
QUICK_S = 0.3
"""Only a test that takes less is tried first because it found the mutant before."""


@dataclass
class Judged:
    """What became of the mutants of one module."""

    module: str
    verdicts: list[tuple[Mutant, str]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def equal(self) -> list[Mutant]:
        """Those that no test can find, for the reasons that are written down."""
        return [one for one, verdict in self.verdicts if verdict == SURVIVED and self._reason(one)]

    @property
    def alive(self) -> list[Mutant]:
        """Those that a test should find and none does."""
        return [one for one, said in self.verdicts if said in (SURVIVED, BROKEN) and not self._reason(one)]

    @property
    def percent(self) -> float:
        """The share that was found of those that can be."""
        due = len(self.verdicts) - len(self.equal)
        return 100.0 * (due - len(self.alive)) / due if due else 0.0

    @property
    def stale(self) -> list[tuple[str, str, str]]:
        """What is written down as equal and is found by a test, or is there no more."""
        equal = {one.key for one in self.equal}
        return [key for key in EQUIVALENT.get(self.module, {}) if key not in equal]

    @property
    def passed(self) -> bool:
        """Whether enough was found, and the list is true."""
        return self.percent >= LEAST_PERCENT and not self.stale

    def _reason(self, mutant: Mutant) -> str:
        return EQUIVALENT.get(self.module, {}).get(mutant.key, "")


def judge(module: str, tests: Sequence[str], of: Callable[[Mutant], bool] = lambda _: True) -> Judged:
    """Judge the mutants of a module, or those chosen, by tests (files, or single ones)."""
    began = time.monotonic()
    path = ROOT / (module.replace(".", "/") + ".py")
    text = path.read_text("utf-8")
    chosen = [mutant for mutant in mutants(module, text) if of(mutant)]
    sound = compile(text, str(path), "exec")
    in_place = [one for one in chosen if (module, one.function) not in AT_LOADING and _fits(one, sound)]
    verdicts = dict(zip(map(id, in_place), _session(tests, in_place), strict=True)) if in_place else {}
    left = [mutant for mutant in chosen if id(mutant) not in verdicts]
    patience_s = _sound_s(module, text, tests) if left else 0.0
    for mutant in left:
        verdicts[id(mutant)] = _loaded(mutant, tests, patience_s)
        _progress(mutant, verdicts[id(mutant)])
    told = [(mutant, verdicts[id(mutant)]) for mutant in chosen]
    return Judged(module, told, round(time.monotonic() - began, 1))


# --- what stands in functions: one session of tests, a fork for each mutant -----------------------


class Loop:
    """A plugin of pytest's: run the collected tests once per mutant instead of once."""

    def __init__(self, chosen: Sequence[Mutant], answers: int, folder: Path) -> None:
        self.chosen, self.answers, self.folder = chosen, answers, folder
        self.took_s: dict[str, float] = {}
        self.failed = ""

    def pytest_collection(self) -> None:
        """Let tests of laws draw the same cases for every mutant, and not look for the smallest."""
        _same_cases()

    def pytest_runtestloop(self, session: Any) -> bool:
        """Judge all mutants, the tests that are quickest first."""
        verdict, told = self._forked(session.items, None, 10 * LEAST_S * PATIENCE)
        if verdict != SURVIVED:
            raise RuntimeError(f"the tests fail without any mutant: {verdict} {told}")
        took = json.loads(told)
        items = sorted(session.items, key=lambda item: took.get(item.nodeid, 0.0))
        patience_s = LEAST_S + PATIENCE * sum(took.values())
        for mutant in self.chosen:
            verdict, told = self._forked(items, mutant, patience_s)
            os.write(self.answers, (json.dumps(verdict) + "\n").encode())
            for place, item in enumerate(items):  # what found one is likely to find its neighbours
                if verdict == KILLED and item.nodeid == told and took[told] < QUICK_S:
                    items.insert(0, items.pop(place))
        return True

    def _forked(self, items: Sequence[Any], mutant: Mutant | None, patience_s: float) -> tuple[str, str]:
        with tempfile.TemporaryFile("w+") as answer:  # no pipe: the names of all tests fill one, and it waits
            pid = os.fork()
            if pid == 0:
                os.setpgid(0, 0)
                self._judged(items, mutant, answer)
            verdict = _waited(pid, patience_s)
            answer.seek(0)
            told = answer.read() if verdict != SLOW else ""
        for left in self.folder.glob("*"):
            shutil.rmtree(left, ignore_errors=True)
        return verdict, told

    def _judged(self, items: Sequence[Any], mutant: Mutant | None, answer: IO[str]) -> None:
        """Run the tests until one fails; never returns."""
        code = 3
        try:
            if mutant is not None:
                put_in_place(mutant)
            for item, following in zip(items, [*items[1:], None], strict=True):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if self.failed:
                    break
            told = self.failed or json.dumps(self.took_s)
            code = 1 if self.failed else 0
            answer.write(told)
            answer.flush()
        finally:
            os._exit(1 if self.failed else code)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note how long a test took, and the first that fails."""
        self.took_s[report.nodeid] = self.took_s.get(report.nodeid, 0.0) + report.duration
        if report.failed and not self.failed:
            self.failed = report.nodeid
            print(report.longreprtext, flush=True)


def _fits(mutant: Mutant, sound: types.CodeType) -> bool:
    """Say whether its code can stand in for the function's: without `super()` it knows no class any more."""
    if not mutant.function:
        return False
    name = _outermost(mutant)
    changed = _code(compile(mutant.source, sound.co_filename, "exec"), name)
    return changed.co_freevars == _code(sound, name).co_freevars


def _outermost(mutant: Mutant) -> str:
    return mutant.function.partition(".<locals>")[0]


def put_in_place(mutant: Mutant) -> None:
    """Give the function that is loaded already the mutant's code: whoever imported it has it."""
    outermost = _outermost(mutant)
    module = importlib.import_module(mutant.module)
    found: Any = module
    for name in outermost.split("."):
        found = vars(found)[name]
    found = getattr(found, "fget", None) or getattr(found, "__wrapped__", None) or found
    found.__code__ = _code(compile(mutant.source, str(module.__file__), "exec"), outermost)


def _code(code: types.CodeType, name: str) -> types.CodeType:
    """Return the code of the function of that name."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            if constant.co_qualname == name:
                return constant
            if name.startswith(constant.co_qualname + "."):
                return _code(constant, name)
    raise LookupError(name)


def _session(tests: Sequence[str], chosen: Sequence[Mutant]) -> list[str]:
    """Return the verdicts on mutants of functions."""
    ours, theirs = os.pipe()
    with tempfile.TemporaryDirectory(prefix="mammon-mutants-") as name:
        pid = os.fork()
        if pid == 0:
            os.close(ours)
            folder = Path(name) / "work"
            _quiet(Path(name) / "log")
            code = 3
            try:
                options = (*OPTIONS, f"--basetemp={folder}")
                code = int(pytest.main([*options, *tests], plugins=[Loop(chosen, theirs, folder)]))
            finally:
                sys.stdout.flush()
                traceback.print_exc()
                os._exit(code)
        os.close(theirs)
        verdicts = []
        with os.fdopen(ours) as stream:
            for mutant, text in zip(chosen, stream, strict=False):
                verdicts.append(json.loads(text))
                _progress(mutant, verdicts[-1])
        os.waitpid(pid, 0)
        if len(verdicts) != len(chosen):
            raise RuntimeError((Path(name) / "log").read_text()[-4000:])
    return verdicts


# --- what is done when a module is loaded: a fork that loads everything anew ----------------------


class Changed(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Load one module as its mutant."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        self.path = str(ROOT / (mutant.module.replace(".", "/") + ".py"))

    def find_spec(self, fullname: str, _path: Any, _target: Any = None) -> Any:
        """Find that module only."""
        if fullname != self.mutant.module:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=self.path)

    def get_source(self, _fullname: str) -> None:
        """Return nothing: what is compiled was never written."""

    def exec_module(self, module: types.ModuleType) -> None:
        """Run the mutant."""
        module.__file__ = self.path
        exec(compile(self.mutant.source, self.path, "exec"), vars(module))


def _sound_s(module: str, text: str, tests: Sequence[str]) -> float:
    """Return how long a mutant may take; raise when the tests fail without any."""
    began = time.monotonic()
    verdict = _loaded(Mutant(module, "", 0, "", "", ast.parse(text)), tests, 10 * LEAST_S * PATIENCE)
    if verdict != SURVIVED:
        raise RuntimeError(f"the tests of {module} fail without any mutant: {verdict}")
    return LEAST_S + PATIENCE * (time.monotonic() - began)


def _loaded(mutant: Mutant, tests: Sequence[str], patience_s: float) -> str:
    """Return the verdict on a mutant of what is done when its module is loaded."""
    with tempfile.TemporaryDirectory(prefix="mammon-mutants-") as name:
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            _quiet(Path(name) / "log")
            code = 3
            try:
                sys.meta_path.insert(0, Changed(mutant))
                options = (*OPTIONS, "-x", f"--basetemp={name}/work")
                code = int(pytest.main([*options, *tests], plugins=[Cases()]))
            finally:
                os._exit(code)
        return _waited(pid, patience_s)


class Cases:
    """A plugin of pytest's: the same cases for every mutant."""

    def pytest_collection(self) -> None:
        """Set it once the suite has set its own."""
        _same_cases()


# --- pieces ---------------------------------------------------------------------------------------


def _progress(mutant: Mutant, verdict: str) -> None:
    """Name on stderr what lives, as soon as it is known: a whole module takes minutes."""
    if verdict in (SURVIVED, BROKEN):
        print(f"{verdict} {mutant.line} {mutant}", file=sys.stderr, flush=True)


def _same_cases() -> None:
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile(
        "mutants", deadline=None, derandomize=True, database=None, phases=phases
    )
    hypothesis.settings.load_profile("mutants")


def _quiet(log: Path) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT, 0o600)
    for number in (1, 2):
        os.dup2(descriptor, number)
    os.close(descriptor)


def _waited(pid: int, patience_s: float) -> str:
    """Return how a fork ended; one that goes on is ended with all that it started."""
    ends = time.monotonic() + patience_s
    while time.monotonic() < ends:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return _CODES.get(os.waitstatus_to_exitcode(status), KILLED)
        time.sleep(0.002)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return SLOW


def told(found: Sequence[Judged]) -> dict[str, Any]:
    """Return what it came to, as it is published."""
    return {
        one.module: {
            "mutants": len(one.verdicts),
            "killed": sum(verdict == KILLED for _, verdict in one.verdicts),
            "slow": sum(verdict == SLOW for _, verdict in one.verdicts),
            "equivalent": len(one.equal),
            "alive": len(one.alive),
            "killed_percent": round(one.percent, 1),
            "seconds": one.seconds,
        }
        for one in found
    }


def main(names: Sequence[str]) -> int:
    """Judge what is asked for, print what it came to, return 1 when too many live or the list is not true."""
    asked = names or tuple(TARGETS)
    found = [judge(module, tests) for module, tests in TARGETS.items() if module in asked]
    print(json.dumps(told(found), indent=1))
    for one in found:
        for mutant in one.alive:
            print(f"ALIVE {one.module.replace('.', '/')}.py:{mutant.line} {mutant}")
        for key in one.stale:
            print(f"NOT EQUIVALENT {one.module}: {key}")
    return 0 if found and all(one.passed for one in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
