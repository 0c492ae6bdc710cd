"""The kill switch: whatever it is, whenever it appears."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mammon.core.transaction import Unsigned
from mammon.ops import killswitch
from mammon.sim.wallet import SimSigner
from tests.flows.runner import Shell
from tests.flows.settled import MOCK, prepared
from tests.flows.words import ACTING, line

DEPOSIT = bytes.fromhex("6e553f65")
"""Selector of `deposit(uint256,address)`: where the money of this world goes is a vault."""


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


STOPS = ("pause", "reduce", "halt", "emergency", "kill_switch")


@pytest.mark.parametrize("stop", STOPS)
@pytest.mark.parametrize("signature", [1, 2])
def test_the_stops_are_asked_before_each_signature(
    stop: str, signature: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A3 55: one that appears when a leg has been signed: nothing that moves money is signed after it."""
    shell, real = Shell(folder / "home", **MOCK), SimSigner.sign
    asked: list[Unsigned] = []
    (world,) = shell.home.glob("mock-*")

    def sign(self: SimSigner, unsigned: Unsigned) -> bytes:
        asked.append(unsigned)
        if len(asked) == signature:
            switch = shell.home / killswitch.NAME
            switch.touch() if stop == killswitch.STOP else put(world, stop)
        return real(self, unsigned)

    def put(where: Path, name: str) -> None:
        (where / "stops").mkdir(mode=0o700)
        (where / "stops" / name).touch()

    monkeypatch.setattr(SimSigner, "sign", sign)
    ended = shell("rebalance", "--execute", "--yes")
    deposits = [unsigned for unsigned in asked[signature:] if unsigned.data[:4] == DEPOSIT]
    assert deposits == []
    assert ended.code == 5 if signature == 1 else ended.code in (0, 5), ended
    assert signature > 1 or stop in ended.err


def test_without_a_stop_the_deposit_is_what_is_signed_last(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The selector above is the one that would have been signed."""
    shell, real = Shell(folder / "home", **MOCK), SimSigner.sign
    asked: list[Unsigned] = []

    def sign(self: SimSigner, unsigned: Unsigned) -> bytes:
        asked.append(unsigned)
        return real(self, unsigned)

    monkeypatch.setattr(SimSigner, "sign", sign)
    assert shell("rebalance", "--execute", "--yes").code == 0
    assert [unsigned.data[:4] == DEPOSIT for unsigned in asked] == [False, True]
