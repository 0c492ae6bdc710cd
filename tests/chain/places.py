"""Where the test chain is kept: outside the repository, by the hash of what it is made from.

Read when the module is imported, so that a test that redirects HOME does not move the cache.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = dict(os.environ)
STATE_VERSION = b"1"


class UnavailableError(RuntimeError):
    """Say why the test chain cannot be built here (no node, no npm, no network)."""


def _cache() -> Path:
    if configured := ENVIRONMENT.get("MAMMON_TEST_CACHE"):
        return Path(configured).resolve()
    base = ENVIRONMENT.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base).resolve() / "mammon-tests"


CACHE = _cache()


def digest(files: Iterable[Path], *more: bytes) -> str:
    """Return 16 hexadecimal digits over the files' names and contents, and further bytes."""
    total = hashlib.sha256(STATE_VERSION)
    for path in sorted(files):
        content = path.read_bytes()
        total.update(f"{path.name}:{len(content)}:".encode() + content)
    for part in more:
        total.update(f"{len(part)}:".encode() + part)
    return total.hexdigest()[:16]


@contextmanager
def _lock(name: str) -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f".{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def built(name: str, make: Callable[[Path], None]) -> Path:
    """Return the directory `name` of the cache; the first caller fills it, others wait.

    `make` fills a temporary directory that is renamed when it returns: what exists is whole.
    """
    final = CACHE / name
    if final.is_dir():
        return final
    with _lock(name):
        if final.is_dir():
            return final
        for left in CACHE.glob(f".{name}.tmp-*"):  # of a maker that was killed: we hold the lock
            shutil.rmtree(left, ignore_errors=True)
        work = Path(tempfile.mkdtemp(prefix=f".{name}.tmp-", dir=CACHE))
        try:
            make(work)
            work.rename(final)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return final
