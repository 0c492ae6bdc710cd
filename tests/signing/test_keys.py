"""Keys in this process (F1, F14): the right account's, from a file of ours alone, never a published one."""

from __future__ import annotations

import os
import pickle
import resource
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from eth_account import Account

from mammon import hardening
from mammon.chain import keys, keystore
from mammon.chain.keys import (
    LOCAL_CHAIN,
    PUBLISHED,
    KeySigner,
    content,
    fresh_key,
    key_signer,
    require_unpublished,
    write,
)
from mammon.core.transaction import CURVE_ORDER
from mammon.errors import MammonError, PersonNeededError, UsageError
from tests.signing.golden import STRANGER, goldens
from tests.signing.keyfiles import ADDRESS, KEY, PASSWORD, changed, cheap, document, placed, traceable

__all__ = ["cheap", "traceable"]

BASE = 8453
SIGNED = goldens()[0].unsigned


def test_a_key_signs_as_another_library_does() -> None:
    """The address and the raw bytes are those that eth_account makes of the same key."""
    signer = KeySigner(KEY)
    theirs = Account.from_key(KEY)
    assert signer.address == theirs.address
    raw = signer.sign(SIGNED)
    assert Account.recover_transaction(raw) == theirs.address
    assert signer.sign(SIGNED) == raw


def test_a_key_shows_itself_nowhere() -> None:
    """Not in its name, not in bytes made of it, and it has no dictionary to print."""
    signer = KeySigner(KEY)
    assert repr(signer) == f"KeySigner({ADDRESS})"
    assert not hasattr(signer, "__dict__")
    with pytest.raises(TypeError):
        pickle.dumps(signer)


@pytest.mark.parametrize("bad", [b"", KEY[:31], KEY + b"\0", bytes(32), CURVE_ORDER.to_bytes(32, "big")])
def test_what_is_no_key_is_refused_unseen(bad: bytes) -> None:
    """Wrong length, zero, beyond the order."""
    with pytest.raises(UsageError) as caught:
        KeySigner(bad)
    assert caught.value.code == "bad_key"
    assert bad.hex() not in caught.value.message or not bad


def test_the_signer_of_a_file_is_the_accounts(tmp_path: Path, cheap: None) -> None:
    """The configured account's file, closed to others, opens with its password."""
    assert key_signer(placed(tmp_path / "k", document()), PASSWORD, ADDRESS, BASE).address == ADDRESS


def refused(path: Path, account: str = ADDRESS, chain: int = BASE, password: bytes = PASSWORD) -> MammonError:
    with pytest.raises(MammonError) as caught:
        key_signer(path, password, account, chain)  # type: ignore[arg-type]
    told = "".join(traceback.format_exception(caught.value))
    assert KEY.hex() not in told
    assert PASSWORD.decode() not in told
    return caught.value


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_open_to_others_is_refused_with_the_command_that_mends_it(
    mode: int, tmp_path: Path, cheap: None
) -> None:
    """A3 53: exit 5 and the chmod."""
    path = placed(tmp_path / "k", document(), mode)
    error = refused(path)
    assert (error.code, error.exit_code, error.hint) == ("permissions", 5, f"chmod 600 {path}")


def test_a_strangers_file_is_refused(tmp_path: Path, cheap: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A3 53: another owner's file is none of ours, whatever is in it."""
    path = placed(tmp_path / "k", document())
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    assert refused(path).code == "unsafe_file"


def test_a_link_a_pipe_and_a_folder_are_refused(tmp_path: Path, cheap: None) -> None:
    """A3 52: symbolic and hard links, a pipe, a folder; a missing file is told as missing."""
    path = placed(tmp_path / "k", document())
    (tmp_path / "k" / "link").symlink_to(path)
    os.mkfifo(tmp_path / "k" / "pipe", 0o600)
    assert refused(tmp_path / "k" / "link").code == "unsafe_file"
    assert refused(tmp_path / "k" / "pipe").code == "unsafe_file"
    assert refused(tmp_path / "k").code == "unsafe_file"
    assert refused(tmp_path / "k" / "none").code == "no_keystore"
    assert refused(path / "below").code == "unsafe_file"
    os.link(path, tmp_path / "k" / "second")
    assert refused(path).code == "unsafe_file"


def test_a_weak_file_is_refused_and_the_way_out_is_told(tmp_path: Path) -> None:
    """n below 262144 opens nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keystore, "MIN_SCRYPT_N", 2)
        path = placed(tmp_path / "k", document())
    error = refused(path)
    assert (error.code, error.exit_code) == ("weak_keystore", 5)
    assert "keys import --from" in error.hint


def test_another_accounts_key_is_refused(tmp_path: Path, cheap: None) -> None:
    """F14: by what the file claims, and by what the key says when the file claims nothing or lies."""
    honest, silent = document(), changed(document(), "address", to=...)
    lying = changed(document(), "address", to=STRANGER[2:])
    assert refused(placed(tmp_path / "a", honest), STRANGER).code == "other_key"
    assert refused(placed(tmp_path / "b", silent), STRANGER).code == "other_key"
    assert refused(placed(tmp_path / "c", lying), STRANGER).code == "other_key"
    assert refused(placed(tmp_path / "d", lying), ADDRESS).code == "other_key"


def test_a_wrong_password_is_a_sentence(tmp_path: Path, cheap: None) -> None:
    """Exit 5, and neither password nor key in it."""
    error = refused(placed(tmp_path / "k", document()), password=b"wrong")
    assert (error.code, error.exit_code) == ("wrong_password", 5)


# --- published keys ------------------------------------------------------------------------------


def test_the_published_accounts_are_those_of_the_development_nodes() -> None:
    """Ten accounts of the phrase that every such node prints."""
    Account.enable_unaudited_hdwallet_features()
    phrase = " ".join(["test"] * 11 + ["junk"])
    made = {Account.from_mnemonic(phrase, account_path=f"m/44'/60'/0'/0/{at}").address for at in range(10)}
    assert made == PUBLISHED


@pytest.mark.parametrize("account", sorted(PUBLISHED))
def test_a_published_key_signs_on_a_development_chain_alone(account: str, tmp_path: Path) -> None:
    """Level 0: refused on Base before the file is even looked at, and on any other real chain."""
    for chain in (BASE, 1, 10):
        assert refused(tmp_path / "none", account, chain).code == "published_key"
    require_unpublished(account, LOCAL_CHAIN)  # type: ignore[arg-type]
    require_unpublished(ADDRESS, BASE)


# --- writing -------------------------------------------------------------------------------------


def test_a_key_file_is_written_for_us_alone_and_never_over_another(tmp_path: Path) -> None:
    """Mode 0600, its folder made 0700, and what is there already stays."""
    path = tmp_path / "new" / "key.json"
    write(path, "first")
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    with pytest.raises(UsageError) as caught:
        write(path, "second")
    assert caught.value.code == "exists"
    assert content(path) == "first"


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be made durable is no key file."""
    monkeypatch.setattr(os, "fsync", _full)
    with pytest.raises(PersonNeededError) as caught:
        write(tmp_path / "key.json", "text")
    assert caught.value.code == "disk_full"


def _full(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


def test_a_new_key_is_entropy_alone() -> None:
    """Nothing is added to it or taken from it; a number that is no key is drawn again."""
    drawn = iter([bytes(32), KEY])
    assert fresh_key(lambda size: next(drawn)) == KEY
    assert len(fresh_key(os.urandom)) == 32


# --- the process ---------------------------------------------------------------------------------


def test_nothing_is_decrypted_before_dumps_are_forbidden(
    tmp_path: Path, cheap: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order is the law: first the process, then the key."""
    done: list[str] = []
    unsealed = keystore.unsealed
    monkeypatch.setattr(keys, "forbid_dumps", lambda: done.append("forbidden"))
    monkeypatch.setattr(keystore, "unsealed", lambda *given: (done.append("unsealed"), unsealed(*given))[1])
    key_signer(placed(tmp_path / "k", document()), PASSWORD, ADDRESS, BASE)
    assert done == ["forbidden", "unsealed"]


def test_a_process_that_forbade_dumps_leaves_none() -> None:
    """The kernel says so: no core files, and not dumpable."""
    program = (
        "from mammon.hardening import forbid_dumps; import ctypes, resource; forbid_dumps();"
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "0 (0, 0)"


def test_where_dumps_cannot_be_forbidden_no_key_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that does not know the call, or refuses it, is told by name."""
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    for library in (type("Library", (), {}), type("Library", (), {"prctl": staticmethod(lambda *_: -1)})):
        monkeypatch.setattr("ctypes.CDLL", lambda *_, library=library, **__: library)
        with pytest.raises(PersonNeededError) as caught:
            hardening.forbid_dumps()
        assert caught.value.code == "dumpable"
    monkeypatch.undo()
