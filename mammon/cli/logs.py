"""Logs: configured here and nowhere else, for every command, on stderr or into a file.

Whatever a library logs goes through the same form: redacted, one printable line per record.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from mammon.cli import streams
from mammon.cli.output import printable
from mammon.cli.redaction import clean
from mammon.errors import UsageError
from mammon.files import judge_file

if TYPE_CHECKING:
    from mammon.cli.invocation import Invocation

_LEVELS = {
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": logging.DEBUG,
}
_LINE = 2000


class LineHandler(logging.Handler):
    """Write each record as one line; a reader that has gone ends nothing."""

    def __init__(self, stream: TextIO | None, *, owned: bool, clear: Callable[[], None]) -> None:
        super().__init__()
        self.stream = stream
        self.owned = owned
        self.clear = clear
        """Takes away the passing line that a terminal shows."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        if not self.owned:
            self.clear()
        streams.write(self.stream, self.format(record) + "\n")

    def close(self) -> None:
        """Close a file; the standard streams are not ours to close."""
        if self.stream is not None and self.owned:
            self.stream.close()
        super().close()


class LineFormat(logging.Formatter):
    """Spell a record as text or as one JSON object, printable and without secrets."""

    def __init__(self, form: str, secrets: Iterable[str], tokens: Iterable[str] = ()) -> None:
        super().__init__()
        self.form = form
        self.secrets, self.tokens = tuple(secrets), tuple(tokens)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = (
            datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z")
        )
        message = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            message += f": {type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        message = printable(clean(message, self.secrets, self.tokens), _LINE)
        level = record.levelname.lower()
        if self.form == "json":
            return json.dumps({"at": at, "level": level, "logger": record.name, "message": message})
        return f"{at} {level} {record.name}: {message}"


def configure(call: Invocation) -> None:
    """Set up logging for one invocation: level, form, place, redaction."""
    settings = call.settings.log
    file = settings.file
    silent = call.output.quiet and file is None and settings.level != "trace"
    level = logging.ERROR if silent else _LEVELS[settings.level]
    handler = LineHandler(
        _opened(file) if file else call.process.stderr,
        owned=file is not None,
        clear=lambda: call.output.progress(""),
    )
    handler.setFormatter(LineFormat(settings.format, call.process.secrets(), call.process.tokens))
    root = logging.getLogger()
    for former in root.handlers:
        if isinstance(former, LineHandler):
            former.close()
    root.handlers[:] = [handler]
    root.setLevel(level if settings.level == "trace" else max(level, logging.WARNING))
    logging.getLogger("mammon").setLevel(level)
    logging.raiseExceptions = False
    logging.captureWarnings(True)


def _opened(path: Path) -> TextIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        raise UsageError(
            "log_file", f"{path}: cannot be written: {error.strerror}", "check log.file"
        ) from error
    try:
        judge_file(os.fstat(descriptor), path)
    except BaseException:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", buffering=1)
