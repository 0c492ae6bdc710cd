"""The money lock: at most one process acts for an account on a chain.

The lock is the kernel's (`flock`), so it ends with the process, however that ends. The file's content
only says whom to ask; it is never removed, because a second process could then lock another file of
the same name.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from mammon.core import canonical
from mammon.errors import MalformedError, OutsideError
from mammon.files import failure, open_directory, open_file

_MOST_BYTES = 4096
_LONGEST_COMMAND = 200
_PATIENCE_S = 0.5
"""How long a second process waits for the first to have written who it is."""
_PAUSE_S = 0.02


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock. `process` tells it apart from a later process of the same number."""

    pid: int
    process: str
    command: str
    since: int
    """Unix seconds."""


class MoneyLock:
    """The lock, held until `release`, the end of a `with` block, or the end of the process."""

    def __init__(self, descriptor: int, holder: Holder) -> None:
        self._descriptor: int | None = descriptor
        self.holder = holder

    def release(self) -> None:
        """Let the next one in. Does nothing the second time."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            # A forked child shares the lock: closing our descriptor alone would leave it held.
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def money_lock(
    home: Path,
    chain_id: int,
    account: str,
    command: str,
    now: int,
    sleep: Callable[[float], None] = time.sleep,
) -> MoneyLock:
    """Take the lock of an account on a chain, or say within a second who has it.

    `now` is unix seconds by the caller's clock. Raises `OutsideError` with the code `money_lock` when
    it is held, `PersonNeededError` when the lock's file is not a plain file of ours.
    """
    descriptor = _opened(home, chain_id, account)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _held(_first_holder(descriptor, sleep), chain_id, account, now) from None
        holder = Holder(os.getpid(), process_identity(os.getpid()), command[:_LONGEST_COMMAND], now)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, canonical.dumps(holder), 0)
    except OSError as error:
        os.close(descriptor)
        raise failure(error, home / _name(chain_id, account)) from error
    except BaseException:
        os.close(descriptor)
        raise
    return MoneyLock(descriptor, holder)


def lock_holder(home: Path, chain_id: int, account: str) -> Holder | None:
    """Return who holds the lock, as it says itself; None when nobody does. Touches no lock."""
    try:
        folder = open_directory(home.resolve())
    except FileNotFoundError:
        return None
    try:
        descriptor = open_file(folder, home / _name(chain_id, account), os.O_RDONLY)
    except FileNotFoundError:
        return None
    finally:
        os.close(folder)
    try:
        holder = _read(descriptor)
    finally:
        os.close(descriptor)
    return holder if holder is not None and is_running(holder.process) else None


def process_identity(pid: int) -> str:
    """Return a name for a process that no later process of the same number has; empty when it is gone."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The second field is the program's name in brackets and may hold anything.
    state, *fields = status.rpartition(")")[2].split()
    return "" if state in "ZX" else f"{pid}:{fields[18]}:{boot[:8]}"


def is_running(process: str) -> bool:
    """Say whether the process of an identity still runs."""
    pid = process.partition(":")[0]
    return pid.isdecimal() and process_identity(int(pid)) == process


def _opened(home: Path, chain_id: int, account: str) -> int:
    folder = open_directory(home.resolve(), create=True)
    try:
        return open_file(folder, home / _name(chain_id, account), os.O_RDWR | os.O_CREAT)
    finally:
        os.close(folder)


def _name(chain_id: int, account: str) -> str:
    if not account.isalnum():
        raise ValueError(f"{account!r} is not an account")
    return f"money-{chain_id}-{account.lower()}.lock"


def _first_holder(descriptor: int, sleep: Callable[[float], None]) -> Holder | None:
    """Return who holds the lock; waits a little for a holder that has not written it yet."""
    holder = None
    for _ in range(round(_PATIENCE_S / _PAUSE_S)):
        holder = _read(descriptor)
        if holder is not None and is_running(holder.process):
            break
        sleep(_PAUSE_S)
    return holder


def _read(descriptor: int) -> Holder | None:
    try:
        return canonical.loads(Holder, os.pread(descriptor, _MOST_BYTES, 0))
    except MalformedError:
        return None


def _held(holder: Holder | None, chain_id: int, account: str, now: int) -> OutsideError:
    what = f"the money lock of {account} on chain {chain_id}"
    if holder is None:
        return OutsideError(
            "money_lock", f"another process holds {what}", "wait for it to end, then run again"
        )
    age = max(0, now - holder.since)
    return OutsideError(
        "money_lock",
        f"`{holder.command}` (process {holder.pid}) has held {what} for {age} s",
        "wait for it to end, then run again",
    )
