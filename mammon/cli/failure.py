"""The one handler: every way a command can end, turned into an exit code and a plain sentence.

A failure is told on stderr (code, message, hint) and, with --json, as a `mammon/failure` document
on stdout. A traceback never reaches the terminal: a bug's goes to a file whose path is printed.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from mammon.cli import streams
from mammon.cli.process import Process
from mammon.errors import DeadlinePassedError, MammonError, OutsideError, UsageError

if TYPE_CHECKING:
    import typer

    from mammon.cli.documents import ErrorNote

INTERRUPTED = 130
TERMINATED = 143

_QUIET = frozenset({3, 4, 124, INTERRUPTED, TERMINATED})
"""Ends that need no person: -q is silent about them."""

_LINE = 1000


class TerminatedError(BaseException):
    """SIGTERM came; passes every `except Exception` on its way out."""


class BugError(MammonError):
    """Stand for an exception nobody expected (exit 1)."""

    exit_code = 1


def run(words: Sequence[str], process: Process) -> int:
    """Run one command line and return its exit code; nothing is raised."""
    process.words = list(words)
    previous = signal.signal(signal.SIGTERM, _terminate)
    try:
        return _guarded(process)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)  # --deadline is kept, or it ended us
        signal.signal(signal.SIGTERM, previous)


def _guarded(process: Process) -> int:
    try:
        from mammon.cli.app import dispatch

        return dispatch(process)
    except MammonError as error:
        return _failed(process, error)
    except KeyboardInterrupt:
        return _ended(process, INTERRUPTED, "interrupted")
    except TerminatedError:
        return _ended(process, TERMINATED, "terminated")
    except Exception as error:  # noqa: BLE001  # the one place: a bug becomes exit 1 and a file
        return _unnamed(process, error)


def _unnamed(process: Process, error: Exception) -> int:
    import typer

    if isinstance(error, typer.Abort):
        return _ended(process, INTERRUPTED, "interrupted")
    if isinstance(error, typer.TyperException):
        return _failed(process, _usage(process, error))
    return _failed(process, _bug(process, error))


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the second one ends us at once, in the middle of anything
    raise TerminatedError


def _failed(process: Process, error: MammonError) -> int:
    from mammon.cli.documents import ErrorNote
    from mammon.cli.output import printable
    from mammon.cli.redaction import clean

    code = _code(process, error)
    secrets = process.secrets()
    told = (clean(text, secrets, process.tokens) for text in (error.message, error.hint))
    message, hint = (printable(text, _LINE) for text in told)
    if process.asks("", "--json") and not (process.call and process.call.output.wrote):
        _document(process, code, ErrorNote(error.code, message, hint))
    if not (process.asks("q", "--quiet") and code in _QUIET):
        _clear(process)
        lines = [f"error: {error.code}: {message}", *([f"  hint: {hint}"] if hint else [])]
        streams.write(process.stderr, "".join(printable(line, _LINE) + "\n" for line in lines))
    return code


def _code(process: Process, error: MammonError) -> int:
    """Return the exit code; 124 is for the command's own deadline alone."""
    if not isinstance(error, DeadlinePassedError):
        return error.exit_code
    deadline = process.call.deadline if process.call else None
    return error.exit_code if deadline is not None and deadline.remaining() <= 0 else OutsideError.exit_code


def _document(process: Process, code: int, note: ErrorNote) -> None:
    from mammon.cli.documents import FailureData, Identity, written

    call = process.call
    identity, clock = (call.identity, call.clock) if call else (Identity(), process.clock)
    data = FailureData(process.command, code)
    streams.write(process.stdout, written("failure", data, identity, clock.now(), None, (note,)) + "\n")


def _ended(process: Process, code: int, word: str) -> int:
    if not process.asks("q", "--quiet"):
        _clear(process)
        streams.write(process.stderr, f"{word}; what was begun is in the state, run again to go on\n")
    return code


def _clear(process: Process) -> None:
    """Take away the passing line that the command was interrupted in."""
    if process.call is not None:
        process.call.output.progress("")


def _usage(process: Process, error: typer.TyperException) -> MammonError:
    from mammon.cli.redaction import keyless

    message, name = keyless(error.format_message()), process.command
    return UsageError("usage", message.strip(), f"`mammon {name} --help`" if name else "`mammon --help`")


def _bug(process: Process, error: Exception) -> MammonError:
    from mammon.cli.bugs import filed

    where = filed(process, error)
    hint = f"the details are in {where}" if where else "no place to write the details to: set --home"
    return BugError(
        "bug", f"{type(error).__name__} in `mammon {process.command}`: this is a defect of mammon", hint
    )
