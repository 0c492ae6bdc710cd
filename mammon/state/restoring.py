"""Put a copy in the place of a world's database: checked before, the replaced file kept, no moment between.

A copy knows nothing of what was sent after it was made. So the restored state says of itself that it
was restored, until it has been reconciled with the chain.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mammon.errors import PersonNeededError
from mammon.files import file_status, open_directory, open_file
from mammon.state import meta
from mammon.state.backup import copy_to
from mammon.state.copies import bad_copy
from mammon.state.db import Database
from mammon.state.inspection import counts, problems
from mammon.state.opening import JOURNAL, NAME, Identity, require_copy, turn
from mammon.state.store import Store

_SCRATCH = ".restoring"


@dataclass(frozen=True, slots=True)
class Restored:
    """A state that was put in place."""

    kept: Path | None
    """Where the file that was there before lies now; None when there was none."""
    rows: Mapping[str, int]


def restore(world: Path, source: Path, identity: Identity, now: int) -> Restored:
    """Put a copy in the place of a world's database. The caller holds the money lock.

    Raises `PersonNeededError` when the copy is damaged, `UsageError` when it is another world's or a
    newer version's; then the world is what it was.
    """
    require_copy(source)
    os.close(open_directory(world, create=True))
    with _scratch(world) as scratch:
        copy_to(source, scratch / NAME)
        with Store.open(scratch, identity) as store:  # brings an older schema up to date
            if found := problems(store):
                raise bad_copy(source, found[0])
            with store.transaction():
                meta.put(store.database, {meta.RESTORED: source.name})
                store.audit.add("restored", store.journal.seen_at(), source=source.name)
            rows = counts(store)
        kept = _exchange(world, scratch, now)
    return Restored(kept, rows)


@contextlib.contextmanager
def _scratch(world: Path) -> Iterator[Path]:
    """Lend a folder beside the database, on the same disk; what an earlier one left is gone before."""
    scratch = world / _SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)
    os.close(open_directory(scratch, create=True))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _exchange(world: Path, scratch: Path, now: int) -> Path | None:
    """Put the new file in place. Wherever this dies, an opening finds the old one or the new one, or refuses.

    A folder with a journal and no database is refused by every opening, never taken for a new world:
    hence the empty journal before the old file goes.
    """
    folder = open_directory(world)
    kept = f"{NAME}.replaced-{datetime.fromtimestamp(now, UTC).strftime('%Y%m%dT%H%M%SZ')}"
    try:
        with turn(folder, world), contextlib.ExitStack() as stack:
            there = file_status(folder, world / NAME) is not None
            if there:
                _hold(stack, world / NAME)
            if file_status(folder, world / JOURNAL) is not None:
                _rename(folder, JOURNAL, f"{kept}-journal")
            os.close(open_file(folder, world / JOURNAL, os.O_RDWR | os.O_CREAT | os.O_EXCL))
            os.fsync(folder)
            if there:
                _rename(folder, NAME, kept)
            (scratch / NAME).rename(world / NAME)
            os.fsync(folder)
    finally:
        os.close(folder)
    return world / kept if there else None


def _hold(stack: contextlib.ExitStack, path: Path) -> None:
    """Keep others from writing the old file while it is exchanged; a broken one nobody can write."""
    try:
        old = stack.enter_context(contextlib.closing(Database(path, writable=True)))
        held = old.transaction()
        held.__enter__()
    except PersonNeededError:
        return
    stack.callback(_let_go, held)


def _let_go(held: contextlib.AbstractContextManager[None]) -> None:
    """End the lock on the old file, which has been replaced by now: how broken it is counts no longer."""
    with contextlib.suppress(PersonNeededError):
        held.__exit__(None, None, None)


def _rename(folder: int, name: str, to: str) -> None:
    os.rename(name, to, src_dir_fd=folder, dst_dir_fd=folder)
