"""A state database whose bytes changed: as it was, or refused and named, and a backup brings it back."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from mammon.errors import MammonError
from mammon.state.copies import FOLDER, back_up
from mammon.state.inspection import problems
from mammon.state.opening import NAME
from mammon.state.restoring import restore
from mammon.state.store import Store
from tests.reliability.bad_forms import Outcome, WrongError, refused
from tests.state.realistic import snapshots
from tests.state.worlds import IDENTITY, contents, furnish

NOW = 1_767_300_000
_PAGE = 4_096


class Kept:
    """A furnished world, its bytes, what is rightly read from it, and a backup."""

    def __init__(self, moments: int) -> None:
        ram = "/dev/shm" if Path("/dev/shm").is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="mammon-damage-", dir=ram))
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self.world = self.folder / "paper-base-aaaaaaaa"
        with Store.open(self.world, IDENTITY) as store:
            furnish(store, list(snapshots(3, moments)))
            self.right = contents(store)
        self.backup = back_up(self.world, self.world / FOLDER, IDENTITY, NOW).path
        self.whole = (self.world / NAME).read_bytes()

    def put(self, data: bytes) -> None:
        """Put these bytes in the place of the database."""
        for path in self.world.glob(f"{NAME}*"):
            path.unlink()
        (self.world / NAME).write_bytes(data)
        (self.world / NAME).chmod(0o600)


@cache
def kept(moments: int) -> Kept:
    """Return a world with so many snapshots, made once."""
    return Kept(moments)


def _flip(data: bytes, draw: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 16))):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _page(data: bytes, draw: Random) -> int:
    return _PAGE * draw.randrange(len(data) // _PAGE)


def _lost_page(data: bytes, draw: Random) -> bytes:
    at = _page(data, draw)
    return data[:at] + bytes(_PAGE) + data[at + _PAGE :]


def _old_page(data: bytes, draw: Random) -> bytes:
    """Write one page where another belongs, as a disk does that mixes up its blocks."""
    to, source = _page(data, draw), _page(data, draw)
    return data[:to] + data[source : source + _PAGE] + data[to + _PAGE :]


def _noise(data: bytes, draw: Random) -> bytes:
    at, size = draw.randrange(len(data)), draw.choice((2, 64, 512))
    return (data[:at] + draw.randbytes(size) + data[at + size :])[: len(data)]


FORMS: dict[str, Callable[[bytes, Random], bytes]] = {
    "flipped": _flip,
    "cut": lambda data, draw: data[: draw.randrange(len(data))],
    "cut at a page": lambda data, draw: data[: _page(data, draw)],
    "longer": lambda data, draw: data + draw.randbytes(draw.choice((1, _PAGE))),
    "a page lost": _lost_page,
    "a page of another place": _old_page,
    "noise": _noise,
}


def drawn(data: bytes, draw: Random) -> tuple[str, bytes]:
    """Return damaged bytes; most often single bits."""
    form = draw.choice(("flipped", "flipped", "flipped", *FORMS))
    return form, FORMS[form](data, draw)


def opened(world: Kept) -> tuple[str, dict[str, Any] | None]:
    """Open as an acting command does and read everything; return the refusal's code or what was read."""
    try:
        with Store.open(world.world, IDENTITY) as store:
            store.check()
            return "right", contents(store)
    except MammonError as error:
        return refused(error), None


def damage(draw: Random) -> Outcome:
    """Damage a small database and use it: one of the kinds of bad inputs."""
    world = kept(1)
    form, data = drawn(world.whole, draw)
    world.put(data)
    code, found = opened(world)
    if found is not None and found != world.right:
        raise WrongError(f"{form}: what nobody wrote was read")
    return form, code


def checked(world: Kept) -> str:
    """Look it over as `state check` does; return what it says first, nothing when all is well."""
    try:
        with Store.readonly(world.world, IDENTITY) as store:
            return (*problems(store), "")[0]
    except MammonError as error:
        return f"{refused(error)}: {error.message}"


def _without_restoring(found: dict[str, Any]) -> dict[str, Any]:
    """Leave out what restoring itself writes: its audit row, and where the copy came from."""
    journal = found["journal"]
    rows = [row for row in journal["audit"][1] if b'"event":"restored"' not in row.data]
    return {**found, "journal": {**journal, "audit": rows, "restored": ""}}


def mended(draw: Random) -> Outcome:
    """Damage a database, use it, check it, restore it: nothing wrong is read, and all of it comes back."""
    world = kept(3)
    form, data = drawn(world.whole, draw)
    world.put(data)
    code, found = opened(world)
    if found is not None and found != world.right:
        raise WrongError(f"{form}: what nobody wrote was read")
    world.put(data)  # opening may have written to it
    told = checked(world)
    if found is None and not told:
        raise WrongError(f"{form}: refused as {code}, and the check finds nothing")
    restore(world.world, world.backup, IDENTITY, NOW + 60)
    with Store.open(world.world, IDENTITY) as store:
        if problems(store) or _without_restoring(contents(store)) != _without_restoring(world.right):
            raise WrongError(f"{form}: the backup did not bring everything back")
    for path in world.world.glob(f"{NAME}.replaced-*"):
        path.unlink()
    return form, code if found is None else "named" if told else "harmless"
