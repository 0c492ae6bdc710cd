"""Key files (F1): read strictly, never weak, never opened with another password; another library agrees."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import eth_keyfile
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.chain import keystore
from mammon.chain.keystore import parsed, sealed, unsealed
from mammon.errors import MammonError, PersonNeededError, UsageError
from tests.signing.keyfiles import ADDRESS, KEY, PASSWORD, changed, cheap, counted, document, traceable

__all__ = ["cheap", "traceable"]


def test_what_is_sealed_is_strong_and_another_library_opens_it() -> None:
    """Full strength by default: n=262144, r=8; eth_keyfile finds the same key, and so do we."""
    text = sealed(KEY, ADDRESS, PASSWORD, counted)
    found = json.loads(text)
    assert found["crypto"]["kdfparams"] | {"salt": ""} == {
        "dklen": 32,
        "n": 262144,
        "r": 8,
        "p": 1,
        "salt": "",
    }
    assert eth_keyfile.decode_keyfile_json(found, PASSWORD) == KEY
    read = parsed(text)
    assert read.strong
    assert read.address == ADDRESS.lower()
    assert unsealed(read, PASSWORD) == KEY
    assert KEY.hex() not in text


@pytest.mark.parametrize("kdf", ["scrypt", "pbkdf2"])
def test_what_another_library_sealed_opens(kdf: str) -> None:
    """Both derivations of the standard are understood."""
    made = eth_keyfile.create_keyfile_json(KEY, PASSWORD, kdf=kdf, iterations=2 if kdf == "scrypt" else 2000)
    found = parsed(json.dumps(made))
    assert unsealed(found, PASSWORD) == KEY
    assert not found.strong
    assert found.weakness.startswith(kdf)


def pbkdf2(rounds: Any, prf: str = "hmac-sha256") -> dict[str, Any]:
    made = document()
    parameters = {"dklen": 32, "c": rounds, "prf": prf, "salt": "ab" * 32}
    return changed(changed(made, "crypto", "kdf", to="pbkdf2"), "crypto", "kdfparams", to=parameters)


def scrypt(**parameters: Any) -> dict[str, Any]:
    base = {"dklen": 32, "n": 262144, "r": 8, "p": 1, "salt": "ab" * 32}
    return changed(document(), "crypto", "kdfparams", to={**base, **parameters})


@pytest.mark.parametrize(
    ("weak", "strong"),
    [
        (lambda: scrypt(n=131072), lambda: scrypt()),
        (lambda: scrypt(r=4), lambda: scrypt(r=8)),
        (lambda: pbkdf2(599_999), lambda: pbkdf2(600_000)),
    ],
)
def test_a_derivation_below_the_least_is_told_apart(weak: Any, strong: Any) -> None:
    """One step below the least is weak, the least is not."""
    found = [parsed(json.dumps(made())) for made in (weak, strong)]
    assert [each.strong for each in found] == [False, True]
    assert found[0].weakness
    assert not found[1].weakness


@pytest.mark.parametrize(
    "made",
    [
        lambda: scrypt(n=2**21),
        lambda: scrypt(n=2**18, r=64),
        lambda: scrypt(p=17),
        lambda: scrypt(n=262143),
        lambda: scrypt(n=1),
        lambda: scrypt(n=0),
        lambda: scrypt(n=True),
        lambda: scrypt(n="262144"),
        lambda: scrypt(dklen=64),
        lambda: scrypt(salt="ab" * 15),
        lambda: scrypt(salt="zz" * 32),
        lambda: pbkdf2(10**9),
        lambda: pbkdf2(-1),
        lambda: pbkdf2(600_000, "hmac-sha1"),
        lambda: changed(document(), "crypto", "kdf", to="argon2"),
        lambda: changed(document(), "version", to=1),
        lambda: changed(document(), "version", to=...),
        lambda: changed(document(), "crypto", to=...),
        lambda: changed(document(), "crypto", to=[]),
        lambda: changed(document(), "crypto", "cipher", to="aes-256-gcm"),
        lambda: changed(document(), "crypto", "cipherparams", to={}),
        lambda: changed(document(), "crypto", "cipherparams", "iv", to="ab" * 15),
        lambda: changed(document(), "crypto", "ciphertext", to="ab" * 31),
        lambda: changed(document(), "crypto", "mac", to="ab"),
        lambda: changed(document(), "crypto", "mac", to=7),
        lambda: changed(document(), "address", to="0x1234"),
        lambda: changed(document(), "address", to=7),
        lambda: [],
        lambda: "text",
        lambda: {"x": "a" * 20_000},
    ],
)
def test_what_is_no_keystore_is_refused_and_costs_nothing(made: Any, cheap: None) -> None:
    """Out of form, or made to take all memory or days: exit 2 before anything is derived."""
    with pytest.raises(UsageError) as caught:
        parsed(json.dumps(made()))
    assert caught.value.code == "keystore"


def test_fields_may_be_spelled_as_older_programs_did(cheap: None) -> None:
    """`Crypto` with a capital, an address with 0x or none at all."""
    made = document()
    made["Crypto"] = made.pop("crypto")
    assert parsed(json.dumps({**made, "address": ADDRESS})).address == ADDRESS.lower()
    assert parsed(json.dumps(changed(made, "address", to=...))).address == ""


@pytest.mark.parametrize("wrong", [b"", b"Correct horse battery staple", PASSWORD + b" "])
def test_a_wrong_password_is_told_before_anything_is_decrypted(
    wrong: bytes, cheap: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 5, one sentence, and the cipher was not touched."""
    found = parsed(json.dumps(document()))
    monkeypatch.setattr(keystore, "_ctr", None)
    with pytest.raises(PersonNeededError) as caught:
        unsealed(found, wrong)
    assert caught.value.code == "wrong_password"


@pytest.mark.parametrize("where", [("ciphertext",), ("mac",), ("kdfparams", "salt")])
def test_a_changed_file_does_not_open(where: tuple[str, ...], cheap: None) -> None:
    """Ciphertext, code and salt are all authenticated."""
    made = document()
    inner = made["crypto"]
    for name in where[:-1]:
        inner = inner[name]
    flipped = ("1" if inner[where[-1]][0] == "0" else "0") + inner[where[-1]][1:]
    with pytest.raises(PersonNeededError, match="does not open"):
        unsealed(parsed(json.dumps(changed(made, "crypto", *where, to=flipped))), PASSWORD)


NAMES = st.sampled_from(["version", "crypto", "kdf", "kdfparams", "cipher", "mac"])
NESTED = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=200)
@given(st.text(max_size=300) | NESTED.map(json.dumps))
def test_anything_else_is_a_plain_refusal(text: str) -> None:
    """Whatever the file holds, it is refused by a sentence that does not quote it."""
    with pytest.raises(MammonError) as caught:
        parsed(text)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_no_program_is_asked_anything_by_who_opens_a_key_file() -> None:
    """A library would run whichever `file` comes first in PATH, beside a password; nothing is started."""
    program = (
        "import sys\n"
        "def refuse(event, _):\n"
        "    if event in ('subprocess.Popen', 'os.exec', 'os.posix_spawn', 'os.fork', 'os.system'):\n"
        "        raise SystemExit(event)\n"
        "sys.addaudithook(refuse)\n"
        "from mammon.chain import keystore\n"
        "assert len(keystore._ctr(bytes(16), bytes(16), b'some')) == 4\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
