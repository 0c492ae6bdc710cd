"""Private files: made for us alone, judged before use, and never reached through a detour."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from mammon.errors import PersonNeededError
from mammon.files import failure, file_status, judge_file, open_directory, open_file


def test_every_missing_folder_is_made_private(tmp_path: Path) -> None:
    """Also the folders above the one asked for; those that existed keep their mode."""
    tmp_path.chmod(0o755)
    wanted = tmp_path / "a" / "b" / "c"
    os.close(open_directory(wanted, create=True))
    os.close(open_directory(wanted, create=True))
    assert {stat.S_IMODE(p.stat().st_mode) for p in (wanted, wanted.parent, wanted.parent.parent)} == {0o700}
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_folder_others_could_exchange_is_refused(tmp_path: Path) -> None:
    """In a folder writable by everybody anybody could put another in ours' place, unless it is sticky."""
    tmp_path.chmod(0o777)
    with pytest.raises(PersonNeededError) as caught:
        open_directory(tmp_path / "home", create=True)
    assert caught.value.hint == f"chmod o-w {tmp_path}"
    tmp_path.chmod(0o1777)
    os.close(open_directory(tmp_path / "home"))


def test_what_is_not_a_folder_is_refused(tmp_path: Path) -> None:
    """A file or a link in the folder's place is not entered; one that is missing is said to be."""
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link"):
        with pytest.raises(PersonNeededError) as caught:
            open_directory(tmp_path / name)
        assert caught.value.code == "unsafe_file"
    with pytest.raises(FileNotFoundError):
        open_directory(tmp_path / "nowhere")


def test_a_file_is_looked_up_in_the_open_folder(tmp_path: Path) -> None:
    """When the folder's name is given to another folder, the descriptor still means the first."""
    first = tmp_path / "home"
    folder = open_directory(first, create=True)
    first.rename(tmp_path / "moved")
    first.mkdir(mode=0o700)
    os.close(open_file(folder, first / "x", os.O_RDWR | os.O_CREAT))
    os.close(folder)
    assert (tmp_path / "moved" / "x").exists()
    assert not (first / "x").exists()


def test_missing_and_existing_files_are_the_callers_matter(tmp_path: Path) -> None:
    """The two answers a caller asks for come as they are."""
    folder = open_directory(tmp_path)
    path = tmp_path / "x"
    with pytest.raises(FileNotFoundError):
        open_file(folder, path, os.O_RDONLY)
    assert file_status(folder, path) is None
    os.close(open_file(folder, path, os.O_RDWR | os.O_CREAT | os.O_EXCL))
    with pytest.raises(FileExistsError):
        open_file(folder, path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    found = file_status(folder, path)
    assert found is not None
    assert stat.S_IMODE(found.st_mode) == 0o600
    os.close(folder)


def test_a_descriptor_is_not_left_open_on_refusal(tmp_path: Path) -> None:
    """Refusing leaks nothing."""
    (tmp_path / "open").touch()
    (tmp_path / "open").chmod(0o644)
    (tmp_path / "shared").mkdir(mode=0o755)
    (tmp_path / "shared").chmod(0o755)
    folder = open_directory(tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(PersonNeededError):
            open_file(folder, tmp_path / "open", os.O_RDWR)
        with pytest.raises(PersonNeededError):
            open_directory(tmp_path / "shared")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    os.close(folder)


def test_a_status_that_cannot_be_had_is_typed(tmp_path: Path) -> None:
    """Not being able to look is not the same as not being there."""
    folder = open_directory(tmp_path)
    with pytest.raises(PersonNeededError):
        file_status(folder, tmp_path / ("x" * 300))
    os.close(folder)


def test_judging_names_what_is_wrong(tmp_path: Path) -> None:
    """Device, hard link and mode are told apart."""
    path = tmp_path / "x"
    path.touch(mode=0o600)
    judge_file(path.stat(), path)
    os.link(path, tmp_path / "y")
    with pytest.raises(PersonNeededError, match="2 names"):
        judge_file(path.stat(), path)
    with pytest.raises(PersonNeededError, match="not a plain file"):
        judge_file(Path("/dev/null").stat(), path)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk_full"),
        (errno.EDQUOT, "disk_full"),
        (errno.EROFS, "read_only"),
        (errno.EACCES, "read_only"),
        (errno.ELOOP, "unsafe_file"),
        (errno.ENXIO, "unsafe_file"),
        (errno.EIO, "file"),
    ],
)
def test_what_the_system_reports_is_typed(number: int, code: str) -> None:
    """Each failure has a stable code, the path, and a next step."""
    typed = failure(OSError(number, os.strerror(number)), Path("home"))
    assert (typed.code, typed.exit_code) == (code, 5)
    assert "home" in typed.message
    assert typed.hint
    assert failure(OSError("odd"), Path("home")).code == "file"
