"""`mammon doctor` on the signer: its level in words, each fault with its fix, and no password asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mammon.chain import keystore
from mammon.chain.keys import PUBLISHED
from tests.cli.shell import run
from tests.signing.golden import STRANGER
from tests.signing.keyfiles import ADDRESS, CHEAP_N, cheap, document, placed, traceable

__all__ = ["cheap", "traceable"]

pytestmark = pytest.mark.usefixtures("cheap")
URL = "http://127.0.0.1:1/"
KNOWN = sorted(PUBLISHED)[0]


def signer(folder: Path, toml: str, mode: str = "live", account: str = ADDRESS) -> dict[str, Any]:
    """Return what doctor says of the signer; no endpoint is there."""
    (folder / "mammon.toml").write_text(f'{toml}\n[rpc]\nurls = ["{URL}"]\nattempts = 1\n')
    ended = run("doctor", "--mode", mode, "--account", account, "--json", directory=folder)
    found = ended.document["data"]["checks"]
    return next(check for check in found if check["name"] == "signer")


def test_the_simulated_world_has_level_0(tmp_path: Path) -> None:
    """Its key is nobody's secret."""
    ended = run("doctor", "--mode", "mock", "--json", directory=tmp_path)
    (found,) = (one for one in ended.document["data"]["checks"] if one["name"] == "signer")
    assert found["state"] == "ok"
    assert found["found"].startswith("level 0")


def test_a_key_file_is_level_1(tmp_path: Path) -> None:
    """In the first phase its ceiling is far below what a key file is for."""
    path = placed(tmp_path / "k", document())
    found = signer(tmp_path, f'[signer]\nkeystore = "{path}"')
    assert (found["state"], found["found"].partition(",")[0]) == ("ok", "level 1")
    assert str(path) in found["found"]


@pytest.mark.parametrize(("most", "told"), [("", "without a limit"), ("max_total_usd = 1001", "up to $1001")])
def test_more_than_a_key_file_is_for_is_a_warning(most: str, told: str, tmp_path: Path) -> None:
    """The next level is named."""
    path = placed(tmp_path / "k", document())
    found = signer(tmp_path, f'[signer]\nkeystore = "{path}"\n[policy]\n{most}', "paper")
    assert (found["state"], told in found["found"]) == ("warn", True)
    assert "level 2" in found["fix"]
    enough = signer(tmp_path, f'[signer]\nkeystore = "{path}"\n[policy]\nmax_total_usd = 1000', "paper")
    assert enough["state"] == "ok"


def test_an_external_signer_is_level_2_and_its_url_is_not_shown(tmp_path: Path) -> None:
    """Host and digits alone: the rest may be a key."""
    found = signer(tmp_path, '[signer]\nurl = "https://signer.invalid/c0ffee"\nkind = "clef"')
    assert (found["state"], found["found"].partition(",")[0]) == ("ok", "level 2")
    assert "clef at https://signer.invalid" in found["found"]
    assert "c0ffee" not in found["found"]


@pytest.mark.parametrize(("mode", "state"), [("paper", "ok"), ("live", "warn")])
def test_without_a_signer_others_sign(mode: str, state: str, tmp_path: Path) -> None:
    """To look needs none; a Safe's owners sign what is emitted."""
    found = signer(tmp_path, "", mode)
    assert (found["state"], "level 3" in found["found"]) == (state, True)
    assert bool(found["fix"]) == (state == "warn")


def test_two_signers_are_none(tmp_path: Path) -> None:
    """Which one would sign is not guessed."""
    found = signer(tmp_path, f'[signer]\nkeystore = "k"\nurl = "{URL}"')
    assert (found["state"], found["fix"]) == ("fail", "remove one of them")


def test_a_published_key_fails_on_a_real_chain(tmp_path: Path) -> None:
    """Whoever reads the documentation of a node has it."""
    path = placed(tmp_path / "k", document())
    found = signer(tmp_path, f'[signer]\nkeystore = "{path}"', account=KNOWN)
    assert (found["state"], "published" in found["found"]) == ("fail", True)


@pytest.mark.parametrize(
    ("kind", "account", "told"),
    [
        ("weak", ADDRESS, "encrypts it anew"),
        ("strong", STRANGER, "set `account` to it"),
        (None, ADDRESS, "`mammon keys new`"),
    ],
)
def test_a_file_that_would_not_sign_fails(
    kind: str | None, account: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weak, another's, or not there: found before it is needed, without its password."""
    path = tmp_path / "k" / "none"
    if kind is not None:
        path = placed(tmp_path / "k", document())
    if kind == "weak":
        monkeypatch.setattr(keystore, "MIN_SCRYPT_N", 2 * CHEAP_N)
    found = signer(tmp_path, f'[signer]\nkeystore = "{path}"', account=account)
    assert (found["state"], told in found["fix"]) == ("fail", True), found
