"""Logging is the process's own: each test gets it back as it was."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from mammon.cli.logs import LineHandler


@pytest.fixture(autouse=True)
def untouched_logging() -> Iterator[None]:
    root, own = logging.getLogger(), logging.getLogger("mammon")
    before = root.handlers[:], root.level, own.level, logging.raiseExceptions
    yield
    logging.captureWarnings(False)
    for handler in root.handlers:
        if isinstance(handler, LineHandler):
            handler.close()
    root.handlers[:], root.level, own.level, logging.raiseExceptions = before
