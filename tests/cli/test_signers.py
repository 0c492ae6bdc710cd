"""The signer of the live world: exactly one, exactly the account's, and never a published key."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from mammon.chain.external_signer import ExternalSigner
from mammon.chain.keys import PUBLISHED, KeySigner
from mammon.cli.process import Process
from mammon.cli.signers import signer_for
from mammon.config.settings import SignerSettings, Url
from mammon.errors import MammonError
from tests.cli.shell import FixedClock
from tests.cli.test_keys import held
from tests.signing.golden import STRANGER
from tests.signing.keyfiles import ADDRESS, PASSWORD, cheap, document, placed, traceable

__all__ = ["cheap", "traceable"]

pytestmark = pytest.mark.usefixtures("cheap")
CHAIN = 8453
SOME_URL = Url("https://signer.invalid/key")


def process(folder: Path) -> Process:
    return Process({}, folder, None, io.StringIO(), io.StringIO(), FixedClock())


def built(
    settings: SignerSettings, folder: Path, account: str = ADDRESS, password: bytes = PASSWORD
) -> object:
    descriptor = held(password)
    try:
        return signer_for(settings, account, CHAIN, process(folder), descriptor)  # type: ignore[arg-type]
    finally:
        os.close(descriptor)


def test_a_key_file_gives_the_accounts_signer(tmp_path: Path) -> None:
    """Opened once, with the password of the descriptor."""
    signer = built(SignerSettings(keystore=placed(tmp_path / "k", document())), tmp_path)
    assert isinstance(signer, KeySigner)
    assert signer.address == ADDRESS


def test_a_url_gives_a_signer_that_holds_nothing(tmp_path: Path) -> None:
    """Nobody is asked before there is something to sign."""
    signer = built(SignerSettings(url=SOME_URL, kind="clef"), tmp_path)
    assert isinstance(signer, ExternalSigner)
    assert signer.address == ADDRESS


@pytest.mark.parametrize(
    ("code", "exit_code", "change", "account", "password"),
    [
        ("no_signer", 2, {}, ADDRESS, PASSWORD),
        ("two_signers", 2, {"keystore": Path("x"), "url": SOME_URL}, ADDRESS, PASSWORD),
        ("wrong_password", 5, {"keystore": None}, ADDRESS, b"wrong"),
        ("other_key", 5, {"keystore": None}, STRANGER, PASSWORD),
        ("published_key", 5, {"keystore": None}, min(PUBLISHED), PASSWORD),
        ("published_key", 5, {"url": SOME_URL}, min(PUBLISHED), PASSWORD),
    ],
)
def test_anything_else_is_refused_with_its_code(
    code: str, exit_code: int, change: dict[str, object], account: str, password: bytes, tmp_path: Path
) -> None:
    """No silent fall-back: not to another key, not to no key."""
    path = placed(tmp_path / "k", document())
    settings = SignerSettings(**{name: path if value is None else value for name, value in change.items()})  # type: ignore[arg-type]
    with pytest.raises(MammonError) as caught:
        built(settings, tmp_path, account, password)
    assert (caught.value.code, caught.value.exit_code) == (code, exit_code)


def test_a_password_is_remembered_as_what_no_output_shows(tmp_path: Path) -> None:
    """The failure handler and bug files replace it wherever it turns up."""
    given = process(tmp_path)
    descriptor = held(PASSWORD)
    signer_for(SignerSettings(keystore=placed(tmp_path / "k", document())), ADDRESS, CHAIN, given, descriptor)  # type: ignore[arg-type]
    os.close(descriptor)
    assert PASSWORD.decode() in given.secrets()
