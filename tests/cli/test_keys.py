"""`mammon keys`: key files are made and taken over, passwords come from where nobody else reads (F1, F14)."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import stat
import termios
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from mammon.chain import keystore
from mammon.chain.keystore import parsed, unsealed
from tests.cli.shell import Ended, Terminal, run
from tests.signing.keyfiles import (
    ADDRESS,
    CHEAP_N,
    KEY,
    PASSWORD,
    changed,
    cheap,
    document,
    placed,
    traceable,
)

__all__ = ["cheap", "traceable"]

pytestmark = pytest.mark.usefixtures("cheap")

OTHER = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"


def held(text: str | bytes) -> int:
    """Return a descriptor that holds a text."""
    descriptor = os.memfd_create("secret")
    os.write(descriptor, text if isinstance(text, bytes) else text.encode())
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def keys(folder: Path, *words: str, password: str | bytes | None = PASSWORD, **more: Any) -> Ended:
    """Run `mammon keys ...` with a password in a descriptor."""
    if password is None:
        return run("keys", *words, directory=folder, **more)
    descriptor = held(password)
    try:
        return run("keys", *words, "--password-fd", str(descriptor), directory=folder, **more)
    finally:
        os.close(descriptor)


def opened(path: Path) -> bytes:
    return unsealed(parsed(path.read_text()), PASSWORD)


# --- new -----------------------------------------------------------------------------------------


def test_a_new_key_is_a_file_that_opens_with_its_password(tmp_path: Path) -> None:
    """Private, in the home by its address, and named with the lines that the configuration needs."""
    ended = keys(tmp_path, "new", "--json")
    assert ended.code == 0, ended.err
    data = ended.document["data"]
    path = Path(data["path"])
    assert path.name == f"{data['address'].lower()}.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(opened(path)) == 32
    assert opened(path).hex() not in ended.out + ended.err
    assert data["checked"] is True


def test_two_new_keys_are_two_accounts(tmp_path: Path) -> None:
    """F14: a command never falls back on a key that is there, and never makes one unasked."""
    first, second = (keys(tmp_path, "new", "--json").document["data"]["address"] for _ in range(2))
    assert first != second


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    """--out with a name that is taken is exit 2, and what was there stays."""
    assert keys(tmp_path, "new", "--out", "key.json").code == 0
    before = (tmp_path / "key.json").read_text()
    assert keys(tmp_path, "new", "--out", "key.json").code == 2
    assert (tmp_path / "key.json").read_text() == before


def test_the_lines_it_prints_are_a_configuration_that_names_the_signer(tmp_path: Path) -> None:
    """What is printed can be pasted: the address command then says the same."""
    ended = keys(tmp_path, "new")
    (tmp_path / "mammon.toml").write_text(ended.out.partition("in mammon.toml:\n")[2])
    found = keys(tmp_path, "address", "--json", "--check")
    assert found.code == 0, found.err
    assert found.document["data"]["address"] == ended.out.split()[0]


# --- where the password comes from ---------------------------------------------------------------


@pytest.mark.parametrize("words", [("new",), ("import", "--from", "k/key.json"), ("import", "--key-fd", "0")])
def test_without_a_terminal_the_flag_is_named(words: tuple[str, ...], tmp_path: Path) -> None:
    """A3 48: stdin closed or a pipe: exit 5, what to give, and nothing is written."""
    placed(tmp_path / "k", document())
    given = held(KEY.hex())
    words = tuple(str(given) if word == "0" else word for word in words)
    for stdin in (None, io.StringIO(PASSWORD.decode())):
        os.lseek(given, 0, os.SEEK_SET)
        ended = keys(tmp_path, *words, password=None, stdin=stdin)
        assert ended.code == 5, ended
        assert "--password-fd" in ended.err
    os.close(given)
    assert not (tmp_path / ".local").exists()


def test_a_password_is_typed_twice(tmp_path: Path) -> None:
    """The same twice makes the file; two different ones make none."""
    right = PASSWORD.decode()
    differing = keys(tmp_path, "new", "--out", "k.json", password=None, stdin=Terminal("one\nother\n"))
    assert (differing.code, (tmp_path / "k.json").exists()) == (5, False)
    ended = keys(tmp_path, "new", "--out", "k.json", password=None, stdin=Terminal(f"{right}\n{right}\n"))
    assert ended.code == 0, ended.err
    assert right not in ended.err
    assert opened(tmp_path / "k.json")


def typing(outer: int, inner: int, lines: list[bytes]) -> None:
    """Type each line once the terminal has stopped showing what is typed."""
    for line in lines:
        for _ in range(2000):
            if not termios.tcgetattr(inner)[3] & termios.ECHO:
                break
            time.sleep(0.005)
        os.write(outer, line)
        time.sleep(0.05)


def test_a_typed_password_is_not_echoed(tmp_path: Path) -> None:
    """On a real terminal the device shows nothing of it, and echoes again afterwards."""
    outer, inner = pty.openpty()
    person = threading.Thread(target=typing, args=(outer, inner, [PASSWORD + b"\n"] * 2), daemon=True)
    with os.fdopen(inner, "r") as stdin:
        person.start()
        ended = keys(tmp_path, "new", "--out", "k.json", password=None, stdin=stdin)
        person.join(10)
        assert termios.tcgetattr(inner)[3] & termios.ECHO
        os.set_blocking(outer, False)
        with contextlib.suppress(BlockingIOError):
            assert PASSWORD not in os.read(outer, 1000)
    os.close(outer)
    assert ended.code == 0, ended.err
    assert opened(tmp_path / "k.json")


def test_a_systemd_credential_is_taken(tmp_path: Path) -> None:
    """$CREDENTIALS_DIRECTORY/mammon-password, without any flag."""
    (tmp_path / "credentials").mkdir()
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}
    assert keys(tmp_path, "new", "--out", "a.json", password=None, environment=environment).code == 5
    (tmp_path / "credentials" / "mammon-password").write_bytes(PASSWORD + b"\n")
    assert keys(tmp_path, "new", "--out", "a.json", password=None, environment=environment).code == 0
    assert opened(tmp_path / "a.json")
    (tmp_path / "credentials" / "mammon-password").unlink()
    (tmp_path / "credentials" / "mammon-password").mkdir()
    assert keys(tmp_path, "new", "--out", "b.json", password=None, environment=environment).code == 5


def test_a_variable_is_taken_with_a_warning_and_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MAMMON_PASSWORD works, says that it should not be used, and is popped after reading."""
    monkeypatch.setenv("MAMMON_PASSWORD", PASSWORD.decode())
    environment = {"MAMMON_PASSWORD": PASSWORD.decode()}
    ended = keys(tmp_path, "new", "--out", "a.json", password=None, environment=environment)
    assert ended.code == 0
    assert "warning: MAMMON_PASSWORD" in ended.err
    assert PASSWORD.decode() not in ended.err
    assert "MAMMON_PASSWORD" not in os.environ
    assert opened(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("given", "code"),
    [(b"", 2), (b"\n", 2), (b"x" * 1025, 2), (PASSWORD + b"\r\nsecond line\n", 0), ("pässwörd", 0)],
)
def test_a_password_is_the_first_line(given: Any, code: int, tmp_path: Path) -> None:
    """Nothing, or more than a kilobyte, is none; a line's end is not part of it."""
    assert keys(tmp_path, "new", "--out", "a.json", password=given).code == code
    assert (tmp_path / "a.json").exists() == (code == 0)


@pytest.mark.parametrize(
    "descriptor", ["hunter2-is-my-password", "-1", "1", "2", "99999", "5000", "1.5", "٣"]
)
def test_a_wrong_descriptor_is_exit_2_and_not_shown(descriptor: str, tmp_path: Path) -> None:
    """A password typed in the descriptor's place is not repeated."""
    ended = run("keys", "new", "--password-fd", descriptor, directory=tmp_path)
    assert ended.code == 2, ended
    assert "hunter2" not in ended.out + ended.err
    assert "--password-fd 3 3<FILE" in ended.err


def test_a_descriptor_that_keeps_silent_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe that nobody writes into ends the command, not the patience of whoever waits."""
    monkeypatch.setattr("mammon.cli.passwords._WAIT_S", 0.05)
    reading, writing = os.pipe()
    ended = run("keys", "new", "--password-fd", str(reading), directory=tmp_path)
    os.close(reading)
    os.close(writing)
    assert ended.code == 2
    assert "said nothing" in ended.err


# --- import --------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", [KEY.hex(), "0x" + KEY.hex().upper(), f"  {KEY.hex()}\n"])
def test_a_raw_key_is_taken_from_a_descriptor(written: str, tmp_path: Path) -> None:
    """With or without 0x, in either case."""
    given = held(written)
    ended = keys(tmp_path, "import", "--key-fd", str(given), "--out", "k.json", "--json")
    os.close(given)
    assert ended.code == 0, ended.err
    assert ended.document["data"]["address"] == ADDRESS
    assert opened(tmp_path / "k.json") == KEY
    assert KEY.hex() not in (tmp_path / "k.json").read_text() + ended.out + ended.err


def test_a_raw_key_is_typed_unseen(tmp_path: Path) -> None:
    """On a terminal it is asked for; without one the flags are named."""
    typed = Terminal(f"{KEY.hex()}\n")
    ended = keys(tmp_path, "import", "--out", "k.json", stdin=typed)
    assert (ended.code, opened(tmp_path / "k.json")) == (0, KEY)
    assert KEY.hex() not in ended.err
    without = keys(tmp_path, "import", "--out", "other.json")
    assert without.code == 5
    assert "--key-fd N, or --from FILE" in without.err


@pytest.mark.parametrize("bad", ["", "abc", "zz" * 32, "00" * 32, "ab" * 31, "ab" * 33, "word " * 12])
def test_what_is_no_key_is_exit_2_and_not_shown(bad: str, tmp_path: Path) -> None:
    """Also a seed phrase in the key's place."""
    given = held(bad)
    ended = keys(tmp_path, "import", "--key-fd", str(given), "--out", "k.json")
    os.close(given)
    assert ended.code == 2
    assert not bad.strip() or bad.strip() not in ended.out + ended.err
    assert not (tmp_path / "k.json").exists()


def test_a_weak_key_file_is_encrypted_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too weak to sign with, it may be taken over: the copy is strong, under the same password."""
    placed(tmp_path / "k", document())
    monkeypatch.setattr(keystore, "MIN_SCRYPT_N", 8 * CHEAP_N)
    assert not parsed((tmp_path / "k" / "key.json").read_text()).strong
    ended = keys(tmp_path, "import", "--from", "k/key.json", "--out", "k.json")
    assert ended.code == 0, ended.err
    assert parsed((tmp_path / "k.json").read_text()).strong
    assert opened(tmp_path / "k.json") == KEY


def test_a_key_file_that_does_not_open_is_a_sentence(tmp_path: Path) -> None:
    """Wrong password 5, open to others 5 with the chmod, no such file 2, two sources 2."""
    path = placed(tmp_path / "k", document())
    wrong = keys(tmp_path, "import", "--from", "k/key.json", password="not this one")
    assert (wrong.code, "wrong_password" in wrong.err) == (5, True)
    path.chmod(0o644)
    open_ = keys(tmp_path, "import", "--from", "k/key.json")
    assert (open_.code, f"chmod 600 {path}" in open_.err) == (5, True)
    assert keys(tmp_path, "import", "--from", "none.json").code == 2
    assert keys(tmp_path, "import", "--from", "k/key.json", "--key-fd", "3").code == 2


# --- address -------------------------------------------------------------------------------------


def configured(folder: Path, text: str) -> None:
    (folder / "mammon.toml").write_text(f"[signer]\n{text}\n")


def test_the_address_is_the_files_and_with_check_the_keys(tmp_path: Path) -> None:
    """A file that lies about itself is found out by --check; one that says nothing asks for it."""
    configured(tmp_path, 'keystore = "k/key.json"')
    placed(tmp_path / "k", changed(document(), "address", to=OTHER[2:].lower()))
    told = keys(tmp_path, "address", "--json", password=None).document["data"]
    assert (told["address"], told["checked"]) == (OTHER, False)
    checked = keys(tmp_path, "address", "--check", "--json").document["data"]
    assert (checked["address"], checked["checked"]) == (ADDRESS, True)
    placed(tmp_path / "k", changed(document(), "address", to=...))
    silent = keys(tmp_path, "address", password=None)
    assert (silent.code, "--check" in silent.err) == (2, True)


def test_the_address_of_an_external_signer_is_the_accounts(tmp_path: Path) -> None:
    """Nobody is asked; without an account there is none, and the URL's key is not shown."""
    configured(tmp_path, 'url = "https://signer.invalid/c0ffee-c0ffee"\nkind = "clef"')
    assert keys(tmp_path, "address", password=None).code == 2
    ended = keys(tmp_path, "address", "--account", OTHER, "--json", password=None)
    assert ended.document["data"] == {"address": OTHER, "signer": "clef", "path": None, "checked": False}
    assert "c0ffee" not in run("config", "show", directory=tmp_path).out


def test_a_signer_is_one(tmp_path: Path) -> None:
    """None set and two set are exit 2, each with what to do."""
    none = keys(tmp_path, "address", password=None)
    assert (none.code, "keys new" in none.err) == (2, True)
    configured(tmp_path, 'url = "https://signer.invalid"\nkeystore = "key.json"')
    both = keys(tmp_path, "address", password=None)
    assert (both.code, "remove one" in both.err) == (2, True)


def test_a_keystore_is_json(tmp_path: Path) -> None:
    """The file is what other programs read: version 3, address without 0x."""
    keys(tmp_path, "new", "--out", "k.json")
    found = json.loads((tmp_path / "k.json").read_text())
    assert found["version"] == 3
    assert len(found["address"]) == 40
