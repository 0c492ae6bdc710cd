"""The kill switch: whatever it is, whenever it appears."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mammon.cli.guarded import GuardedSigner
from mammon.ops import killswitch
from tests.flows.runner import Shell
from tests.flows.settled import MOCK, prepared
from tests.flows.words import ACTING, line


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a home in which something was decided, and that decision as a file."""
    return prepared(tmp_path_factory.mktemp("template"))


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    return Path(shutil.copytree(template, tmp_path / "at"))


SWITCHES: dict[str, Callable[[Path], object]] = {
    "a file": lambda path: path.touch(),
    "a folder": lambda path: path.mkdir(),
    "a folder with something in it": lambda path: (path / "why").mkdir(parents=True),
    "a dangling link": lambda path: path.symlink_to("absent"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a pipe": os.mkfifo,
    "a file without permissions": lambda path: path.touch(0o000),
}


@pytest.mark.parametrize("how", SWITCHES)
def test_any_kill_switch_stops_every_act(how: str, folder: Path) -> None:
    """A3 55: whatever it is, it stops; looking goes on."""
    shell = Shell(folder / "home", **MOCK)
    SWITCHES[how](shell.home / killswitch.NAME)
    for name in ACTING:
        ended = shell(*line(name), "--execute", "--yes", "--json")
        assert ended.code == (5 if name == "rebalance" else 0), ended
        assert '"refused_by":["stops"]' in ended.out
        assert '"outcome":null' in ended.out
    assert shell("status", "--json").data["stops"] == ["kill_switch"]
    assert [row["slug"] for row in shell("detect-positions", "--json").data["positions"]] == ["idle"]


@pytest.mark.parametrize("why", [errno.EACCES, errno.EIO, errno.ELOOP, errno.ENOTDIR, errno.ESTALE])
def test_a_kill_switch_nobody_can_see_stops(why: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A3 55: who cannot tell whether it is there behaves as if it were."""
    shell, real = Shell(folder / "home", **MOCK), os.lstat

    def blind(path: Path, **more: object) -> os.stat_result:
        if str(path).endswith(killswitch.NAME):
            raise OSError(why, os.strerror(why))
        return real(path, **more)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(os, "lstat", blind)
    ended = shell("rebalance", "--execute", "--yes", "--json")
    assert (ended.code, ended.data["decision"]["refused_by"]) == (5, ["stops"])


@pytest.mark.parametrize("signature", [1, 2])
def test_the_kill_switch_is_asked_before_each_signature(
    signature: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A3 55: one that appears after the judgement, or between two legs, stops what comes next: exit 5."""

    shell = Shell(folder / "home", **MOCK)
    asked: list[bytes] = []
    guarded = GuardedSigner.sign_digest

    def sign(self: GuardedSigner, digest: bytes) -> tuple[int, int, int]:
        asked.append(digest)
        if len(asked) == signature:
            (shell.home / killswitch.NAME).touch()
        return guarded(self, digest)

    monkeypatch.setattr(GuardedSigner, "sign_digest", sign)
    ended = shell("rebalance", "--execute", "--yes")
    assert ended.code == 5, ended
    assert "kill_switch" in ended.err
    assert len(asked) == signature
    (shell.home / killswitch.NAME).unlink()
    assert [row["slug"] for row in shell("detect-positions", "--json").data["positions"]] == ["idle"]
