"""Commands that exist only in tests: each ends in one way."""

from __future__ import annotations

import contextlib
import logging
import warnings
from dataclasses import dataclass
from typing import Annotated

import typer

from mammon.cli.failure import TerminatedError
from mammon.cli.invocation import Invocation
from mammon.cli.options import ACT, BASE, INPUT, LOOP, WORLD, command
from mammon.core.numbers import Units
from mammon.errors import (
    DeadlinePassedError,
    MammonError,
    OutsideError,
    PersonNeededError,
    RefusedError,
    UsageError,
)
from mammon.reporting.tables import table

KEYED = "https://node.invalid/v1/c0ffee-c0ffee-c0ffee"


@dataclass(frozen=True, slots=True)
class Probe:
    """Data of the test document."""

    name: str
    amount: Units


ENDS: dict[str, type[MammonError]] = {
    "usage": UsageError,
    "refused": RefusedError,
    "outside": OutsideError,
    "person": PersonNeededError,
    "deadline": DeadlinePassedError,
}


@command(BASE, WORLD)
def fail(call: Invocation, how: Annotated[str, typer.Argument()]) -> None:
    """End in the way asked for."""
    if how in ENDS:
        raise ENDS[how](how, f"it went {how} at {KEYED}", "mend it")
    if how == "bug":
        secret = KEYED
        raise ZeroDivisionError(f"unexpected at {secret}")
    if how == "interrupt":
        raise KeyboardInterrupt
    if how == "terminate":
        raise TerminatedError
    if how == "exit":
        raise typer.Exit(3)


@command(BASE, WORLD)
def returns(call: Invocation) -> int:  # type: ignore[misc]
    """Return a number, which is no exit code."""
    return 3


@command(BASE, WORLD, INPUT, ACT, LOOP)
def probe(
    call: Invocation,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="A name.")] = "a name",
    acted: Annotated[bool, typer.Option("--acted", help="Say that something was done.")] = False,
) -> None:
    """Print a document, a table and a note."""
    call.enter(8453, call.settings.account)
    given = call.document("probe")
    data = given.data if given else Probe(name, Units(2**60))
    call.output.note("a note")
    call.result(
        "probe", data, lambda: [table(("name", "amount"), [(data.name, str(data.amount))])], acted=acted
    )


@command(BASE)
def loud(call: Invocation) -> None:
    """Log at every level."""
    logger = logging.getLogger("mammon.probe")
    logger.debug("a detail")
    logger.info("read %s with key %s", KEYED, call.process.environment.get("MAMMON_TEST_TOKEN", ""))
    logger.warning("two\nlines \x1b[31m")
    logging.getLogger("elsewhere").info("a library's line")


@command(BASE)
def warns(call: Invocation) -> None:
    """Have a library warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"a library's warning about {KEYED}", stacklevel=1)


@command(BASE, ACT)
def ask(call: Invocation) -> None:
    """Ask before doing."""
    call.confirm("Move it?")
    call.output.note("done")


@command(BASE, WORLD)
def hang(call: Invocation) -> None:
    """Never end, whatever is raised."""
    while True:
        with contextlib.suppress(BaseException):
            while True:
                pass
