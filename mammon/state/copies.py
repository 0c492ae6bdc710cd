"""Backups of a world: made whole, checked as a state is, and thinned out as they grow older."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mammon.errors import PersonNeededError
from mammon.files import failure, open_directory
from mammon.state.backup import copy_to
from mammon.state.inspection import counts, problems
from mammon.state.opening import NAME, Identity, open_copy
from mammon.state.store import Store

FOLDER = "backups"
"""Below a world's own folder, unless another is named."""
KEPT = (("%Y%m%d%H", 24), ("%Y%m%d", 7), ("%G%V", 4))
"""The newest of each of the last 24 hours, 7 days and 4 weeks that have any."""

_STAMP = "%Y%m%dT%H%M%SZ"
_CHANGING = frozenset({"pending", "resting"})
"""Tables whose rows come and go: what is packed, what has recovered."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made and checked."""

    path: Path
    rows: Mapping[str, int]
    """Of each table."""
    removed: tuple[str, ...]
    """Names of the older ones that were thinned out."""


def back_up(world: Path, into: Path, identity: Identity, now: int) -> Backup:
    """Copy a world's database into a folder, check the copy, then thin the older ones out.

    Raises `PersonNeededError` when the copy is not a sound state: then there is no new one, and every
    older one stays.
    """
    with Store.readonly(world, identity) as store:
        before = counts(store)
    os.close(open_directory(into, create=True))
    unchecked = into / f"{world.name}.unchecked"
    copy_to(world / NAME, unchecked)
    with Store.readonly(world, identity) as store:
        after = counts(store)
    with Store(open_copy(unchecked, identity)) as copy:
        rows, found = counts(copy), list(problems(copy))
    grown = (name for name in rows if name not in _CHANGING)
    found += [f"{name} has {rows[name]} rows" for name in grown if not _between(name, before, rows, after)]
    if found:
        unchecked.unlink()
        raise bad_copy(world / NAME, found[0])
    made = into / f"{world.name}-{datetime.fromtimestamp(now, UTC).strftime(_STAMP)}.db"
    folder = open_directory(into)
    try:
        os.rename(unchecked.name, made.name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
        removed = tuple(sorted(thinned_out(name for _, name in _listed(into, world.name))))
        for name in removed:
            os.unlink(name, dir_fd=folder)
    finally:
        os.close(folder)
    return Backup(made, rows, removed)


def thinned_out(names: Iterable[str]) -> set[str]:
    """Return which backups of one world are no longer kept. Only their own times count, no clock."""
    newest_first = sorted(((_time(name), name) for name in names), reverse=True)
    kept: set[str] = set()
    for form, most in KEPT:
        newest: dict[str, str] = {}
        for at, name in newest_first:
            newest.setdefault(at.strftime(form), name)
        kept.update(list(newest.values())[:most])
    return {name for _, name in newest_first} - kept


def backups(into: Path, world: str) -> tuple[Path, ...]:
    """Return the backups of a world that lie in a folder, newest first."""
    return tuple(into / name for _, name in sorted(_listed(into, world), reverse=True))


def bad_copy(path: Path, why: str) -> PersonNeededError:
    """Return the error of a copy that is not a sound state."""
    return PersonNeededError("bad_copy", f"{path} is no state to rely on: {why}", "take another copy")


def _listed(into: Path, world: str) -> list[tuple[datetime, str]]:
    wanted = re.compile(re.escape(world) + r"-\d{8}T\d{6}Z\.db")
    try:
        names = [path.name for path in into.iterdir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise failure(error, into) from error
    return [(_time(name), name) for name in names if wanted.fullmatch(name)]


def _time(name: str) -> datetime:
    return datetime.strptime(name.rpartition("-")[2].removesuffix(".db"), _STAMP).replace(tzinfo=UTC)


def _between(name: str, before: Mapping[str, int], rows: Mapping[str, int], after: Mapping[str, int]) -> bool:
    return before.get(name, 0) <= rows[name] <= after.get(name, rows[name])
