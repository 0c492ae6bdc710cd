"""E14, F1: planted secrets turn up in no stream, no file, no bug report, however a command ends."""

from __future__ import annotations

import base64
import os
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mammon.chain import keystore
from tests.cli.test_keys import held
from tests.flows.runner import Ended, Shell
from tests.flows.words import NAMES, line
from tests.signing.keyfiles import cheap, document, placed, traceable

__all__ = ["cheap", "traceable"]

pytestmark = pytest.mark.usefixtures("cheap")

KEY = bytes.fromhex("c0de" * 15 + "f00d")
PASSWORD = "canary-Passw0rd/with+signs"
PHRASE = "abandon " * 11 + "about"
URL = "https://signer.invalid/v1/canary-url-token"
CANARIES = (KEY.hex(), PASSWORD, PHRASE, "canary-url-token")

TAKING_A_NAME = ("init", "state restore")
"""Commands whose one word is the name of a file: it may be any name, and it is shown."""


def forms(secret: str) -> Iterator[str]:
    """Yield how a secret might be spelled."""
    raw = bytes.fromhex(secret) if secret == KEY.hex() else secret.encode()
    yield from (secret, secret.upper(), secret[::-1], raw.hex(), raw[::-1].hex(), repr(raw)[2:-1])
    yield base64.b64encode(raw).decode().rstrip("=")
    yield base64.urlsafe_b64encode(raw).decode().rstrip("=")
    yield urllib.parse.quote(secret, safe="")
    yield str(int.from_bytes(raw, "big"))


def leaks(folder: Path, *ended: Ended) -> list[str]:
    """Return where a secret is found: in streams, or in any file but those that tests put there."""
    texts = {f"stream of {at}": each.out + each.err for at, each in enumerate(ended)}
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in ("mammon.toml", "mammon-password"):
            texts[str(path)] = path.read_bytes().decode("latin-1")
    found = [
        (where, form)
        for where, text in texts.items()
        for each in CANARIES
        for form in forms(each)
        if form in text
    ]
    return [f"{where}: {form}" for where, form in found]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "home").mkdir(mode=0o700)
    placed(tmp_path / "home" / "keys", document(key=KEY, address=_address(), password=PASSWORD.encode()))
    made = Shell(tmp_path / "home", MAMMON_MODE="mock", MAMMON_SEED="7")
    made.environment["MAMMON_SIGNER__KEYSTORE"] = str(tmp_path / "home" / "keys" / "key.json")
    return made


def _address() -> str:
    from mammon.chain.keys import KeySigner

    return KeySigner(KEY).address


def given(shell: Shell, *words: str, secret: str = PASSWORD, flag: str = "--password-fd") -> Ended:
    descriptor = held(secret)
    try:
        return shell(*words, flag, str(descriptor))
    finally:
        os.close(descriptor)


def test_the_sweep_finds_what_it_is_for(tmp_path: Path) -> None:
    """A planted secret is found in each spelling, so that finding none means something."""
    for secret in CANARIES:
        for form in forms(secret):
            assert leaks(tmp_path, Ended(0, f"x{form}x", ""))
    (tmp_path / "log").write_text(f"... {PASSWORD} ...")
    assert leaks(tmp_path)


def test_keys_are_handled_without_a_trace(shell: Shell, tmp_path: Path) -> None:
    """Made, opened, taken over, refused: at the highest log level, as text and as documents."""
    ended = [
        given(shell, "keys", "address", "--check", "-vv"),
        given(shell, "keys", "address", "--check", "--json"),
        given(shell, "keys", "new", "-vv", "--log-file", str(tmp_path / "log")),
        given(shell, "keys", "import", "--from", "keys/key.json", "--out", "copy.json", "-vv"),
        given(shell, "keys", "import", "--from", "keys/key.json", "--out", "copy.json"),
        given(shell, "keys", "import", "--key-fd", "99", "-vv"),
        given(shell, "keys", "import", secret=KEY.hex(), flag="--key-fd"),
        given(shell, "keys", "import", secret=PHRASE, flag="--key-fd"),
        given(shell, "keys", "address", "--check", secret=PASSWORD + "x"),
    ]
    assert [each.code for each in ended] == [0, 0, 0, 0, 2, 2, 5, 2, 5], ended
    assert leaks(tmp_path, *ended) == []


@pytest.mark.parametrize("where", ["parsed", "unsealed", "sealed", "_ctr", "_scrypt"])
def test_a_bug_beside_a_key_tells_nothing_of_it(
    where: str, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception whose text holds key and password leaves neither in streams nor in its file."""

    def broken(*arguments: Any) -> Any:
        raise ZeroDivisionError(f"while holding {PASSWORD} and {arguments!r}"[:60])

    monkeypatch.setattr(keystore, where, broken)
    ended = given(shell, "keys", "import", "--from", "keys/key.json", "--out", "copy.json")
    assert ended.code == 1, ended
    assert where == "parsed" or leaks(tmp_path, ended) == []
    assert list(shell.home.glob("logs/bug-*"))


@pytest.mark.parametrize("secret", [KEY.hex(), "0x" + KEY.hex(), PHRASE])
@pytest.mark.parametrize("place", ["--account", "--chain", "--home", "--rpc-url", "--seed", "--capital"])
def test_a_secret_on_the_line_is_refused_and_not_repeated(
    secret: str, place: str, shell: Shell, tmp_path: Path
) -> None:
    """F1: exit 2, in every option that becomes a setting."""
    ended = shell("scan", place, secret)
    assert ended.code == 2
    assert leaks(tmp_path, ended) == []


@pytest.mark.parametrize("name", [name for name in NAMES if name not in TAKING_A_NAME])
@pytest.mark.parametrize("secret", [KEY.hex(), PHRASE])
def test_a_secret_as_a_word_of_any_command_is_refused_and_not_repeated(
    name: str, secret: str, shell: Shell, tmp_path: Path
) -> None:
    """F1: `mammon keys import 0x...` and all its relations."""
    for words in ((*line(name), secret), (*line(name), *secret.split()), (*line(name), f"--{secret}")):
        ended = shell(*words)
        assert ended.code == 2, ended
        assert leaks(tmp_path, ended) == []


@pytest.mark.parametrize(
    "text",
    [
        f'private_key = "{KEY.hex()}"',
        f'mnemonic = "{PHRASE}"',
        f'account = "0x{KEY.hex()}"',
        f'[signer]\nkey = "{KEY.hex()}"',
        f'[signer]\nseed_phrase = "{PHRASE}"',
        f'[signer]\npassword = "{PASSWORD}"',
        f'[signer]\nkeystore = "{KEY.hex()}"',
        f'[signer]\nurl = "{KEY.hex()}"',
        f'[rpc]\nurls = ["{KEY.hex()}"]',
    ],
)
def test_a_secret_in_the_configuration_is_refused_with_where_it_belongs(
    text: str, shell: Shell, tmp_path: Path
) -> None:
    """F1: by the key's name or by what the value looks like; the sentence names `mammon keys import`."""
    (shell.home / "mammon.toml").write_text(text)
    ended = shell("config", "show")
    assert ended.code == 2, ended
    assert "mammon keys import" in ended.err
    assert leaks(tmp_path, ended) == []


@pytest.mark.parametrize(
    "variable",
    [
        "MAMMON_PRIVATE_KEY",
        "MAMMON_MNEMONIC",
        "MAMMON_SEED_PHRASE",
        "MAMMON_KEY",
        "MAMMON_ACCOUNT",
        "MAMMON_SIGNER__KEY",
    ],
)
def test_a_secret_in_a_variable_is_refused_with_where_it_belongs(
    variable: str, shell: Shell, tmp_path: Path
) -> None:
    """F1: no variable carries a key; the value is not repeated."""
    shell.environment[variable] = KEY.hex()
    ended = shell("config", "show")
    assert ended.code == 2, ended
    assert "mammon keys import" in ended.err
    assert leaks(tmp_path, ended) == []


def test_the_signers_url_is_shown_as_its_host(shell: Shell, tmp_path: Path) -> None:
    """A token in its path is a secret like any other."""
    del shell.environment["MAMMON_SIGNER__KEYSTORE"]
    shell.environment["MAMMON_SIGNER__URL"] = URL
    ended = [shell("config", "show", *more) for more in ((), ("--json",), ("--origin",))]
    assert all("https://signer.invalid#" in each.out for each in ended)
    assert leaks(tmp_path, *ended) == []
