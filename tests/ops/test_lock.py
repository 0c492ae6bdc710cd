"""The money lock: one holder, named within a second, gone with its process."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mammon.errors import OutsideError, PersonNeededError
from mammon.ops import lock
from mammon.ops.lock import is_running, lock_holder, money_lock, process_identity

ACCOUNT = "0x00000000000000000000000000000000000000AA"
NOW = 1_767_225_600
FILE = f"money-8453-{ACCOUNT.lower()}.lock"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home that does not exist yet."""
    return tmp_path / "home"


def forked(work: Callable[[], int]) -> int:
    """Start a process that ends with the status `work` returns."""
    process = os.fork()
    if process:
        return process
    status = 99
    try:
        status = work()
    finally:
        os._exit(status)


def status_of(process: int) -> int:
    """Wait for a process and return its status."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def test_of_twenty_contenders_one_wins(home: Path) -> None:
    """All others are told, within a second, by whom and for how long the lock is held."""
    start, done = os.pipe(), os.pipe()

    def contend() -> int:
        os.read(start[0], 1)
        began = time.monotonic()
        try:
            held = money_lock(home, 8453, ACCOUNT, "run --execute", NOW)
        except OutsideError as refused:
            took = time.monotonic() - began
            os.write(done[1], b"%s %s\n" % (b"late" if took > 1 else b"lost", refused.message.encode()))
            return 4
        os.write(done[1], b"won %d\n" % held.holder.pid)
        time.sleep(60)
        return 0

    processes = [forked(contend) for _ in range(20)]
    os.write(start[1], b"." * 20)
    told = ""
    while told.count("\n") < 20:
        told += os.read(done[0], 65536).decode()
    (winner,) = [int(line.split()[1]) for line in told.splitlines() if line.startswith("won")]
    lost = [line for line in told.splitlines() if line.startswith("lost")]
    assert len(lost) == 19
    assert all(f"(process {winner})" in line for line in lost)
    os.kill(winner, signal.SIGKILL)
    assert sorted(map(status_of, processes)) == [-9] + [4] * 19
    with money_lock(home, 8453, ACCOUNT, "next", NOW):
        pass
    for descriptor in (*start, *done):
        os.close(descriptor)


def test_the_second_holder_is_told_who_and_how_long(home: Path) -> None:
    """The error names command, process and age, and says that trying again is safe."""
    with money_lock(home, 8453, ACCOUNT, "run --execute", NOW) as held:
        with pytest.raises(OutsideError) as caught:
            money_lock(home, 8453, ACCOUNT, "rebalance --execute", NOW + 75)
        assert (caught.value.code, caught.value.exit_code) == ("money_lock", 4)
        assert "run --execute" in caught.value.message
        assert f"process {os.getpid()}" in caught.value.message
        assert "75 s" in caught.value.message
        assert held.holder == lock_holder(home, 8453, ACCOUNT)
        with pytest.raises(OutsideError, match="for 0 s"):
            money_lock(home, 8453, ACCOUNT, "drill", NOW - 3600)  # a clock that was set back
    assert lock_holder(home, 8453, ACCOUNT) is None


def test_the_lock_is_an_accounts_on_one_chain(home: Path) -> None:
    """Another account, or another chain, is not held up; the same account in other letters is."""
    with (
        money_lock(home, 8453, ACCOUNT, "a", NOW),
        money_lock(home, 1, ACCOUNT, "b", NOW),
        money_lock(home, 8453, ACCOUNT.replace("AA", "BB"), "c", NOW),
        pytest.raises(OutsideError),
    ):
        money_lock(home, 8453, ACCOUNT.lower(), "d", NOW)


def test_a_killed_holder_leaves_no_lock(home: Path) -> None:
    """The kernel ends the lock with its process, and what the file still says convinces nobody."""
    ready = os.pipe()

    def hold() -> int:
        with money_lock(home, 8453, ACCOUNT, "run", NOW):
            os.write(ready[1], b".")
            time.sleep(60)
        return 0

    process = forked(hold)
    os.read(ready[0], 1)
    holder = lock_holder(home, 8453, ACCOUNT)
    assert holder is not None
    assert holder.pid == process
    os.kill(process, signal.SIGKILL)
    assert status_of(process) == -9
    assert (home / FILE).read_bytes()
    assert lock_holder(home, 8453, ACCOUNT) is None
    with money_lock(home, 8453, ACCOUNT, "next", NOW) as held:
        assert lock_holder(home, 8453, ACCOUNT) == held.holder
    for descriptor in ready:
        os.close(descriptor)


def test_releasing_lets_the_next_one_in(home: Path) -> None:
    """Also when a forked child still has the descriptor, and twice is once."""
    held = money_lock(home, 8453, ACCOUNT, "run", NOW)
    blocked = os.pipe()
    child = forked(lambda: len(os.read(blocked[0], 1)) - 1)
    try:
        held.release()
        held.release()
        with money_lock(home, 8453, ACCOUNT, "next", NOW):
            pass
    finally:
        os.write(blocked[1], b".")
        assert status_of(child) == 0
        for descriptor in blocked:
            os.close(descriptor)


def test_the_lock_does_not_outlive_an_exec(home: Path) -> None:
    """A program that is started while the lock is held does not keep it."""
    held = money_lock(home, 8453, ACCOUNT, "run", NOW)
    code = "print(flush=True); input()"
    program = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False
    )
    assert program.stdout is not None
    assert program.stdout.readline() == b"\n"  # it runs, so what exec closes is closed
    os.close(held._descriptor or -1)  # as the end of our process would
    with money_lock(home, 8453, ACCOUNT, "next", NOW):
        pass
    program.communicate(b"\n")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid":"x"}', b"\xff" * 9000])
def test_a_holder_that_has_not_said_who_it_is_still_holds(home: Path, content: bytes) -> None:
    """The kernel's lock counts, not the file's content; waiting for the content ends."""
    with money_lock(home, 8453, ACCOUNT, "run", NOW):
        (home / FILE).write_bytes(content)
        waited: list[float] = []
        with pytest.raises(OutsideError, match="another process") as caught:
            money_lock(home, 8453, ACCOUNT, "next", NOW, sleep=waited.append)
        assert caught.value.code == "money_lock"
        assert 0 < sum(waited) < 1
        assert lock_holder(home, 8453, ACCOUNT) is None


def test_the_name_of_a_dead_holder_is_not_the_answer(home: Path) -> None:
    """What a killed process left in the file is passed over while its successor writes its own name."""
    with money_lock(home, 8453, ACCOUNT, "successor", NOW):
        written = (home / FILE).read_bytes()
        mine, nobody = str(os.getpid()).encode(), str(2**22 + 7).encode()
        (home / FILE).write_bytes(written.replace(b"successor", b"dead").replace(mine, nobody))
        with pytest.raises(OutsideError, match="`successor`"):
            money_lock(
                home, 8453, ACCOUNT, "x", NOW, sleep=lambda _: (home / FILE).write_bytes(written) and None
            )


@pytest.mark.parametrize("kind", ["symlink", "dangling", "hardlink", "fifo", "folder", "open"])
def test_what_is_no_plain_file_of_ours_is_refused(home: Path, tmp_path: Path, kind: str) -> None:
    """Whoever could exchange the file could let two processes act."""
    home.mkdir(mode=0o700)
    path, victim = home / FILE, tmp_path / "victim"
    victim.write_bytes(b"precious")
    victim.chmod(0o600)
    if kind == "symlink":
        path.symlink_to(victim)
    elif kind == "dangling":
        path.symlink_to(tmp_path / "nowhere")
    elif kind == "hardlink":
        os.link(victim, path)
    elif kind == "fifo":
        os.mkfifo(path, 0o600)
    elif kind == "folder":
        path.mkdir()
    else:
        path.touch()
        path.chmod(0o644)
    with pytest.raises(PersonNeededError) as caught:
        money_lock(home, 8453, ACCOUNT, "run", NOW)
    assert caught.value.code == ("permissions" if kind == "open" else "unsafe_file")
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "nowhere").exists()


def test_a_home_reached_through_a_link_is_one_home(home: Path, tmp_path: Path) -> None:
    """Two names of one home share the lock."""
    home.mkdir(mode=0o700)
    other = tmp_path / "other"
    other.symlink_to(home)
    with money_lock(home, 8453, ACCOUNT, "run", NOW), pytest.raises(OutsideError):
        money_lock(other, 8453, ACCOUNT, "run", NOW)


def test_a_disk_that_fails_gives_no_lock(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without room for the holder's name nobody acts, and the lock is free again."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(PersonNeededError) as caught:
            money_lock(home, 8453, ACCOUNT, "run", NOW)
    assert caught.value.code == "disk_full"
    with money_lock(home, 8453, ACCOUNT, "run", NOW):
        pass


def test_an_account_is_no_path(home: Path) -> None:
    """The account names a file and must not name a folder."""
    with pytest.raises(ValueError):
        money_lock(home, 8453, "../../x", "run", NOW)


def test_nobody_holds_what_was_never_taken(home: Path) -> None:
    """Asking makes nothing."""
    assert lock_holder(home, 8453, ACCOUNT) is None
    home.mkdir(mode=0o700)
    assert lock_holder(home, 8453, ACCOUNT) is None
    assert list(home.iterdir()) == []


def test_a_long_command_is_cut(home: Path) -> None:
    """What the file says always fits, so that it can be read back."""
    with money_lock(home, 8453, ACCOUNT, "run " + "x" * 99_999, NOW) as held:
        assert lock_holder(home, 8453, ACCOUNT) == held.holder


def test_a_process_is_told_from_its_successor() -> None:
    """An identity names one process: not a later one of the same number, not one that has ended."""
    mine = process_identity(os.getpid())
    assert is_running(mine)
    pid, started, boot = mine.split(":")
    assert not is_running(f"{pid}:{int(started) + 1}:{boot}")
    assert not is_running(f"{pid}:{started}:00000000")
    ended = forked(lambda: 0)
    for _ in range(500):  # it ends, and is a zombie until it is waited for
        if process_identity(ended):
            time.sleep(0.01)
    assert process_identity(ended) == ""
    assert status_of(ended) == 0
    for nobody in ("", "x", "0:0:0", f"{2**22 + 1}:1:1"):
        assert not is_running(nobody)


def test_flock_is_what_holds(home: Path) -> None:
    """Another program that takes the kernel's lock on the file is respected."""
    money_lock(home, 8453, ACCOUNT, "run", NOW).release()
    descriptor = os.open(home / FILE, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with pytest.raises(OutsideError):
            money_lock(home, 8453, ACCOUNT, "next", NOW, sleep=lambda _: None)
    finally:
        os.close(descriptor)
    assert lock.MoneyLock(descriptor, lock.Holder(1, "", "", 0)).holder.pid == 1
