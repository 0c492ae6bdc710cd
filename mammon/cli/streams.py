"""The three standard streams, any of which may be closed, a pipe, or gone in the middle of a write.

A reader that goes away (`| head`) changes nothing: what is left is dropped, and the command ends
with its own exit code.
"""

from __future__ import annotations

import contextlib
import os
from typing import TextIO

from mammon.errors import PersonNeededError


def write(stream: TextIO | None, text: str, *, needed: bool = False) -> None:
    """Write and flush; text for a closed stream or for a reader that has gone is dropped.

    Text that cannot be written otherwise (a full disk) is dropped too, unless it is `needed`: then
    raises `PersonNeededError`.
    """
    if stream is None or stream.closed:
        return
    try:
        stream.write(text)
        stream.flush()
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        write(stream, text.encode(encoding, "backslashreplace").decode(encoding), needed=needed)
    except BrokenPipeError:
        silence(stream)
    except OSError as error:
        silence(stream)
        if needed:
            why = f"the result could not be written: {error.strerror}"
            raise PersonNeededError("output", why, "make room, then run again") from error


def silence(stream: TextIO) -> None:
    """Point a broken stream at nothing, so that later writes and the flush at exit are quiet."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


def reserve() -> None:
    """Open /dev/null on closed descriptors 0-2, lest a database be opened there and be printed into."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def is_terminal(stream: TextIO | None) -> bool:
    """Say whether a person is at the other end."""
    return stream is not None and not stream.closed and stream.isatty()
