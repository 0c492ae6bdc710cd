"""Where secrets come from: a descriptor, a credential file, a terminal. Never an argument.

A variable is taken too, with a warning: the user's other processes can read it, as can whatever this one
starts.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from mammon.cli import streams
from mammon.cli.process import Process
from mammon.errors import PersonNeededError, UsageError

VARIABLE = "MAMMON_PASSWORD"
CREDENTIAL = "mammon-password"
"""The name under which systemd is told of the password: `LoadCredentialEncrypted=mammon-password`."""
FLAG = "give --password-fd N, or the systemd credential mammon-password"

_MAX_BYTES = 1024
_WAIT_S = 10.0
"""How long a descriptor may keep silent."""


def password(process: Process, descriptor: int | None, *, fresh: bool = False) -> bytes:
    """Return the key file's password; `fresh`: it is a new one, which a person types twice.

    Raises `PersonNeededError` when there is nowhere to take it from.
    """
    if descriptor is not None:
        return _kept(process, from_descriptor(descriptor, "--password-fd"))
    if (credential := _credential(process)) is not None:
        return _kept(process, credential)
    if process.environment.get(VARIABLE):
        return _kept(process, _from_variable(process))
    typed = hidden_line(process, "Password of the key file:", FLAG)
    if fresh and hidden_line(process, "The same password again:", FLAG) != typed:
        raise PersonNeededError("no_answer", "the two passwords differ, nothing was written", "try again")
    return _kept(process, typed)


def from_descriptor(descriptor: int, flag: str) -> bytes:
    """Return the first line that a descriptor holds. Raises `UsageError` when it cannot be read."""
    found = b""
    try:
        while b"\n" not in found and len(found) <= _MAX_BYTES:
            if not select.select([descriptor], [], [], _WAIT_S)[0]:
                raise UsageError(
                    "password", f"{flag} {descriptor} said nothing for {_WAIT_S:.0f} s", "close its writer"
                )
            more = os.read(descriptor, _MAX_BYTES + 1)
            if not more:
                break
            found += more
    except (OSError, ValueError):
        raise UsageError(
            "password", f"{flag} {descriptor} cannot be read", f"open it: {flag} 3 3<FILE"
        ) from None
    return _line(found, f"{flag} {descriptor}")


def hidden_line(process: Process, question: str, fix: str) -> bytes:
    """Return a line that a person types unseen. Without a terminal raises `PersonNeededError`."""
    stdin = process.stdin
    if stdin is None or not streams.is_terminal(stdin):
        raise PersonNeededError("no_terminal", f"cannot ask {question!r}: no terminal", fix)
    with _unechoed(stdin):
        streams.write(process.stderr, question + " ")
        line = stdin.readline()
    streams.write(process.stderr, "\n")
    if not line:
        raise PersonNeededError("no_answer", f"no answer to {question!r}", fix)
    return _line(line.encode("utf-8", "surrogateescape"), "the line typed")


def _credential(process: Process) -> bytes | None:
    folder = process.environment.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return None
    path = Path(folder) / CREDENTIAL
    try:
        with path.open("rb") as file:
            return _line(file.read(_MAX_BYTES + 1), str(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PersonNeededError(
            "password", f"{path}: {error.strerror}", "check the unit's credentials"
        ) from None


def _from_variable(process: Process) -> bytes:
    found = process.taken(VARIABLE)
    streams.write(process.stderr, f"warning: {VARIABLE} can be read by your other processes; {FLAG}\n")
    return _line(found.encode("utf-8", "surrogateescape"), VARIABLE)


def _kept(process: Process, secret: bytes) -> bytes:
    """Remember the secret as what no output may show, then return it."""
    process.hidden.append(secret.decode("utf-8", "surrogateescape"))
    return secret


def _line(found: bytes, where: str) -> bytes:
    line = found.partition(b"\n")[0].rstrip(b"\r")
    if not line or len(line) > _MAX_BYTES:
        raise UsageError("password", f"{where} holds no line of 1 to {_MAX_BYTES} bytes", "write it there")
    return line


@contextlib.contextmanager
def _unechoed(stdin: TextIO) -> Iterator[None]:
    """Have the terminal show nothing of what is typed."""
    try:
        descriptor = stdin.fileno()
    except io.UnsupportedOperation:  # no device behind it: nothing is shown anyway
        yield
        return
    before = termios.tcgetattr(descriptor)
    silent = [*before]
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSAFLUSH, silent)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)
