"""Every registered command in places it was not meant for: broken streams, foreign homes, garbage words."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mammon.cli.model import OptionModel, commands
from mammon.ops import killswitch
from mammon.state import opening
from tests.flows.endpoint import chain_toml
from tests.flows.forked import start
from tests.flows.runner import Ended, Shell
from tests.flows.words import ACTING, NAMES, WORLDLY, line

CODES = {0, 2, 3, 4, 5}
"""How a command may end when nobody interrupts it and no deadline is set."""
MOCK = {"MAMMON_MODE": "mock", "MAMMON_SEED": "7"}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a home in which something was decided, and that decision as a file."""
    folder = tmp_path_factory.mktemp("template")
    shell = Shell(folder / "home", **MOCK)
    (folder / "decision.json").write_text(shell("gates", "--json").out)
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    shutil.copytree(template, tmp_path / "at")
    return tmp_path / "at"


def environment(folder: Path, **more: str) -> dict[str, str]:
    home = folder / "home"
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "MAMMON_HOME": str(home), **MOCK, **more}


def sound(ended: Ended) -> bool:
    """Say whether a command ended as every command must."""
    return ended.code in CODES and "Traceback" not in ended.out + ended.err and "bug" not in ended.err


# --- streams -------------------------------------------------------------------------------------


def _closed(*descriptors: int) -> Callable[[], None]:
    def close() -> None:
        for descriptor in descriptors:
            os.close(descriptor)

    return close


def _reader_gone() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.dup2(writing, 1)
    os.close(writing)


def _on(descriptor: int, path: str, flags: int) -> Callable[[], None]:
    def redirect() -> None:
        opened = os.open(path, flags)
        os.dup2(opened, descriptor)
        os.close(opened)

    return redirect


SPOILT: dict[str, Callable[[], None]] = {
    "stdin closed": _closed(0),
    "stdin not for reading": _on(0, "/dev/null", os.O_WRONLY),
    "stdout closed": _closed(1),
    "stdout without a reader": _reader_gone,
    "stderr closed": _closed(2),
    "all closed": _closed(0, 1, 2),
    "stderr full": _on(2, "/dev/full", os.O_WRONLY),
}


@pytest.mark.parametrize("name", NAMES)
def test_no_stream_changes_how_a_command_ends(name: str, folder: Path, tmp_path: Path) -> None:
    """Row 20: closed, broken and full streams: the same exit code, no traceback, no wait for a person."""
    known = environment(folder)

    def ended(how: str, before: Callable[[], None]) -> Ended:
        def spoil() -> None:
            os.chdir(folder)
            before()

        return start(tmp_path / how, known, *line(name), before=spoil).wait()

    plain = ended("plain", lambda: None)
    assert sound(plain), plain
    for how, before in SPOILT.items():
        found = ended(how, before)
        assert found.code == plain.code, (how, found)
        assert sound(found), (how, found)


@pytest.mark.parametrize("name", NAMES)
def test_a_result_that_cannot_be_written_is_told(name: str, folder: Path, tmp_path: Path) -> None:
    """`> /dev/full` loses the result, so the command does not end as if it had been delivered."""

    def spoil() -> None:
        os.chdir(folder)
        _on(1, "/dev/full", os.O_WRONLY)()

    ended = start(tmp_path / "full", environment(folder), *line(name), before=spoil).wait()
    assert sound(ended), ended
    assert ended.code != 0


# --- homes ---------------------------------------------------------------------------------------


def _no_home_at_all(folder: Path) -> dict[str, str]:
    return {name: text for name, text in environment(folder).items() if name != "HOME"}


def _in_nothing(folder: Path) -> dict[str, str]:
    return environment(folder, MAMMON_HOME="/dev/null/home")


def _a_file(folder: Path) -> dict[str, str]:
    (folder / "file").touch(0o600)
    return environment(folder, MAMMON_HOME=str(folder / "file"))


def _too_long(folder: Path) -> dict[str, str]:
    return environment(folder, MAMMON_HOME=str(folder / ("x" * 300)))


def _read_only(folder: Path) -> dict[str, str]:
    return environment(folder, MAMMON_HOME="/proc/self/home")


def _open_to_others(folder: Path) -> dict[str, str]:
    (folder / "home").chmod(0o755)
    for world in (folder / "home").iterdir():
        world.chmod(0o755)
    return environment(folder)


def _world_writable(folder: Path) -> dict[str, str]:
    (folder / "home").chmod(0o777)
    return environment(folder)


def _foreign_link(folder: Path) -> dict[str, str]:
    (folder / "elsewhere").mkdir(0o755)
    (folder / "link").symlink_to(folder / "elsewhere")
    return environment(folder, MAMMON_HOME=str(folder / "link"))


def _dangling(folder: Path) -> dict[str, str]:
    (folder / "dangling").symlink_to(folder / "absent")
    return environment(folder, MAMMON_HOME=str(folder / "dangling"))


def _world_is_a_link(folder: Path) -> dict[str, str]:
    (world,) = (folder / "home").iterdir()
    world.rename(folder / "moved")
    world.symlink_to(folder / "moved")
    return environment(folder)


def _database_is(make: Callable[[Path], None]) -> Callable[[Path], dict[str, str]]:
    def prepare(folder: Path) -> dict[str, str]:
        (world,) = (folder / "home").iterdir()
        database = world / opening.NAME
        database.unlink()
        make(database)
        return environment(folder)

    return prepare


HOMES: dict[str, Callable[[Path], dict[str, str]]] = {
    "no HOME": _no_home_at_all,
    "below a device": _in_nothing,
    "a file": _a_file,
    "a name too long": _too_long,
    "where nothing can be made": _read_only,
    "open to others": _open_to_others,
    "writable by all": _world_writable,
    "a link to a foreign folder": _foreign_link,
    "a dangling link": _dangling,
    "a world that is a link": _world_is_a_link,
    "a database that is a folder": _database_is(lambda path: path.mkdir()),
    "a database that is a pipe": _database_is(os.mkfifo),
    "a database that is a link": _database_is(lambda path: path.symlink_to("/etc/passwd")),
    "an empty database": _database_is(lambda path: path.touch(0o600)),
    "a database of noise": _database_is(lambda path: path.write_bytes(os.urandom(8192))),
}


@pytest.mark.parametrize("how", HOMES)
def test_no_home_breaks_a_command(how: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A3 52, 53: whatever stands where the state should be, it is refused in words or worked with."""
    monkeypatch.chdir(folder)
    known = HOMES[how](folder)
    for name in NAMES:
        shell = Shell(folder / "unused", **known)
        shell.home = folder
        ended = shell(*line(name))
        assert sound(ended), (name, ended)
        if ended.code == 5:
            assert "hint: " in ended.err or name == "doctor", (name, ended)


@pytest.mark.parametrize("how", ["open to others", "a world that is a link", "a database that is a link"])
def test_state_that_others_can_reach_is_not_used(how: str, folder: Path) -> None:
    """A3 53: what is open to others, or led elsewhere, is exit 5 with what to do, before anything is read."""
    shell = Shell(folder / "home", **HOMES[how](folder))
    for name in (*WORLDLY, "status", "explain"):
        ended = shell(*line(name))
        assert ended.code == 5, (name, ended)
        assert ended.out == ""


def test_a_user_without_an_entry_is_no_bug(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container the user may have neither HOME nor an entry in the list of users."""
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", lambda uid: (_ for _ in ()).throw(KeyError(uid)))
    monkeypatch.chdir(folder)
    shell = Shell(folder / "home", **MOCK)
    for without in ({}, {"MAMMON_HOME": ""}):
        shell.environment = {**MOCK, **({} if without else {"MAMMON_HOME": str(shell.home)})}
        for name in NAMES:
            ended = shell(*line(name))
            assert sound(ended), (name, ended)


def test_the_state_of_another_world_is_refused(folder: Path) -> None:
    """F24: a folder moved under another world's name keeps saying whose it is: exit 2, naming both."""
    home = folder / "home"
    (ours,) = home.iterdir()
    other = Shell(home, MAMMON_MODE="mock", MAMMON_SEED="8")
    assert other("scan").code == 0
    theirs = next(path for path in home.iterdir() if path != ours)
    shutil.rmtree(theirs)
    ours.rename(theirs)
    for name in (*WORLDLY, "status"):
        ended = other(*line(name))
        assert ended.code == 2, ended
        assert "belongs to account 0x170B" in ended.err


def test_the_start_says_which_program_and_which_files(folder: Path) -> None:
    """F24: version and commit, configuration and home stand in the first line, of every command."""
    (folder / "own.toml").write_text('mode = "mock"\n')
    shell = Shell(folder / "home", **MOCK)
    shell.home = folder
    for name in NAMES:
        ended = shell(*line(name), *(() if name in ("init",) else ("--config", str(folder / "own.toml"))))
        first = ended.err.splitlines()[0]
        assert first.startswith("MODE "), (name, ended)
        assert f"home {folder / 'home'}" in first
        assert name == "init" or f"config {folder / 'own.toml'}" in first
        assert "mammon 0." in first


# --- the kill switch -----------------------------------------------------------------------------

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
    from mammon.cli.guarded import GuardedSigner

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


# --- words ---------------------------------------------------------------------------------------

MODELS = {model.name: model for model in commands()}
GARBAGE = st.one_of(
    st.sampled_from(
        [
            "", "-", "--", "0", "-1", "NaN", "sNaN", "Infinity", "1e999", "1e-999", "9" * 30, "9" * 5000,
            "1_000", "٣", "１", "5%", "30", "-5m", "999999999d", "\x1b[31m", "\u202ex", "\udcff", "a\nb",
            "[red]", "..", "../../x", "/dev/null", "~root", "0x" + "0" * 40,
            "0x" + "ab" * 20, "file:///x", "https://u:pw@h/key", "http://[::1", "http://127.0.0.1:99999",
            "mock,live", "%s%n", "$(x)", "idle",
            "--json", "-q", "0.0000001", "5.", ".5", "+5", " 5", "mammon/scan@9",
        ]
    ),
    st.text(max_size=12),
    st.integers().map(str),
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("unknown", ["--unknown", "--unknown=1", "-Z", "--mod", "--json=1", "--yes=no"])
def test_an_unknown_flag_is_exit_2(name: str, unknown: str, folder: Path) -> None:
    """Also half of a known flag, and a value for one that takes none."""
    ended = Shell(folder / "home", **MOCK)(*line(name), unknown)
    assert ended.code == 2, ended
    assert "hint: " in ended.err
    assert ended.out == ""


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_word_breaks_the_command_line(name: str, template: Path, data: st.DataObject) -> None:
    """A3 47: any value of any option is taken or refused in a sentence; never a traceback, never exit 1."""
    options = data.draw(st.lists(st.sampled_from(MODELS[name].options), min_size=1, max_size=2))
    words = [word for option in options for word in _typed(option, data)]
    words += data.draw(st.lists(GARBAGE, max_size=1))
    with pytest.MonkeyPatch.context() as patch:
        scratch = template / "scratch"
        scratch.mkdir(exist_ok=True)
        patch.chdir(scratch)
        shell = Shell(template / "home", **MOCK)
        shell.home = scratch
        shell.environment["MAMMON_RPC__URLS"] = "http://127.0.0.1:9"
        shell.environment["MAMMON_RPC__ATTEMPTS"] = "1"
        ended = shell(*name.split(), *words, *(["--cycles", "1"] if name == "run" else []))
    assert sound(ended), (words, ended)
    assert all(text.isprintable() for text in (ended.out + ended.err).splitlines())
    if ended.code == 2:
        assert "error: " in ended.err or _silent(words), (words, ended)


def _typed(option: OptionModel, data: st.DataObject) -> list[str]:
    name = data.draw(st.sampled_from(option.names))
    if name == "--help":
        return []
    return [name] if option.takes is None else [name, data.draw(GARBAGE)]


def _silent(words: list[str]) -> bool:
    return any(word in ("-q", "--quiet") for word in words)


@pytest.mark.parametrize("form", [(), ("--json",)])
@pytest.mark.parametrize("word", ["x" * 5000, "\udcff", "/" + "\udcff" * 200])
def test_names_that_no_file_can_have_are_refused(word: str, form: tuple[str, ...], folder: Path) -> None:
    """Too long for any disk, or bytes that are no text: exit 2 or 5 in a sentence that can be printed."""
    shell = Shell(folder / "home", **MOCK)
    for words in (
        ("scan", "--config", word),
        ("gates", "-i", word),
        ("replay", "-i", word),
        ("scan", "--log-file", word),
        ("scan", "--home", word),
        ("scan", word),
        ("init", word, "--yes"),
    ):
        ended = shell(*words, *form)
        assert ended.code in (2, 5), (words[:2], ended)
        assert all(text.isprintable() for text in ended.err.splitlines())
        assert not form or ended.document["errors"]


def test_no_word_names_a_folder_outside_the_home(tmp_path: Path) -> None:
    """`--chain` is part of a folder's name: what is no chain makes none, in no world."""
    for mode in ("mock", "paper", "live"):
        for chain in ("../out", "..", "a/b", "nope", "BASE", "base "):
            shell = Shell(tmp_path / "home", MAMMON_MODE=mode)
            for name in (*WORLDLY, "status", "explain"):
                ended = shell(*line(name), "--chain", chain)
                assert ended.code == 2, (name, ended)
    assert list((tmp_path / "home").iterdir()) == []
    own = Shell(tmp_path / "home", MAMMON_CHAIN_FILE=str(chain_toml(tmp_path / "home" / "chain.toml")))
    ended = own("scan", "--mode", "paper", "--chain", "../out", "--rpc-url", "http://127.0.0.1:9")
    assert ended.code == 2, ended
    assert "no chain is named" in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize(
    "text", ["NaN", "1e3", "-5", "+5", "0", "0.0", "1_000", "٣", "5.", ".5", " 5", "0.0000001", "x"]
)
def test_an_amount_is_plain_digits(text: str, folder: Path) -> None:
    """`--amount` takes what a person writes and nothing that only a parser understands."""
    shell = Shell(folder / "home", **MOCK)
    for words in (("scan", "--amount", text), ("gates", "--to", "aave-v3", "--amount", text)):
        ended = shell(*words)
        assert ended.code == 2, ended
        assert "--amount" in ended.err
