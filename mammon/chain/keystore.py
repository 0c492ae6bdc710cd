"""Encrypted keys in the Web3 Secret Storage format, version 3: read strictly, written in one form.

A key derivation that is cheap to search is refused, and so is one that would take all memory. The code
that authenticates the content is checked before anything is decrypted.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mammon.core.keccak import keccak256
from mammon.errors import PersonNeededError, UsageError

MIN_SCRYPT_N = 262_144
MIN_SCRYPT_R = 8
MIN_PBKDF2_ROUNDS = 600_000
MAX_MEMORY = 1 << 30
"""Bytes one derivation may take: 128 * n * r."""
MAX_WORK = 16
"""How many times over (scrypt's p)."""
MAX_PBKDF2_ROUNDS = 100_000_000
KEY_BYTES = 32

_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*\Z")
_MIN_SALT = 16
_IV_BYTES = 16
_MAX_TEXT = 10_000

Entropy = Callable[[int], bytes]
"""Returns so many unpredictable bytes."""


@dataclass(frozen=True, slots=True)
class Keystore:
    """A keystore as read, nothing decrypted."""

    address: str
    """0x and 40 digits as the file claims, lower case; empty when it claims nothing."""
    kdf: Callable[[bytes], bytes]
    """Password to 32 derived bytes."""
    strong: bool
    """Whether the derivation is dear enough to search."""
    weakness: str
    ciphertext: bytes
    iv: bytes
    mac: bytes


def parsed(text: str) -> Keystore:
    """Read a keystore. Raises `UsageError` for anything that is not one, or that nothing could derive."""
    try:
        document = json.loads(text) if len(text) <= _MAX_TEXT else None
        lower = {key.lower(): value for key, value in document.items()} if isinstance(document, dict) else {}
        crypto = lower["crypto"]
        if lower["version"] != 3 or crypto["cipher"] != "aes-128-ctr":
            raise _wrong("not version 3 with aes-128-ctr")
        kdf, weakness = _derivation(crypto["kdf"], crypto["kdfparams"])
        return Keystore(
            _claimed(lower.get("address")), kdf, not weakness, weakness,
            _bytes(crypto["ciphertext"], KEY_BYTES), _bytes(crypto["cipherparams"]["iv"], _IV_BYTES),
            _bytes(crypto["mac"], 32),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # Not chained: the text of such errors quotes what was read.
        raise _wrong("not a keystore of version 3") from None


def unsealed(keystore: Keystore, password: bytes) -> bytes:
    """Return the private key. Raises `PersonNeededError` for a wrong password."""
    derived = keystore.kdf(password)
    mac = keccak256(derived[16:32] + keystore.ciphertext)
    if not hmac.compare_digest(mac, keystore.mac):
        raise PersonNeededError(
            "wrong_password", "the keystore does not open with this password", "give the one it was made with"
        )
    return _ctr(derived[:16], keystore.iv, keystore.ciphertext)


def sealed(key: bytes, address: str, password: bytes, entropy: Entropy) -> str:
    """Return the keystore of a key as JSON, encrypted under a password."""
    salt, iv = entropy(32), entropy(_IV_BYTES)
    n, r, p = MIN_SCRYPT_N, MIN_SCRYPT_R, 1
    derived = _scrypt(password, salt, n, r, p)
    ciphertext = _ctr(derived[:16], iv, key)
    crypto = {
        "cipher": "aes-128-ctr",
        "cipherparams": {"iv": iv.hex()},
        "ciphertext": ciphertext.hex(),
        "kdf": "scrypt",
        "kdfparams": {"dklen": 32, "n": n, "r": r, "p": p, "salt": salt.hex()},
        "mac": keccak256(derived[16:32] + ciphertext).hex(),
    }
    name = str(uuid.UUID(bytes=entropy(16), version=4))
    return (
        json.dumps({"version": 3, "id": name, "address": address[2:].lower(), "crypto": crypto}, indent=1)
        + "\n"
    )


def _derivation(name: Any, parameters: dict[str, Any]) -> tuple[Callable[[bytes], bytes], str]:
    """Return how the password is derived, and why that is too cheap, if it is."""
    salt = _bytes(parameters["salt"])
    if parameters["dklen"] != 32 or len(salt) < _MIN_SALT:
        raise _wrong("a derived key or salt of another length")
    if name == "scrypt":
        n, r, p = (_count(parameters[each]) for each in ("n", "r", "p"))
        if n & (n - 1) or n < 2 or 128 * n * r > MAX_MEMORY or p > MAX_WORK:
            raise _wrong(f"scrypt n={n} r={r} p={p} takes more than is allowed")
        weak = n < MIN_SCRYPT_N or r < MIN_SCRYPT_R
        told = f"scrypt n={n} r={r}, at least n={MIN_SCRYPT_N} r={MIN_SCRYPT_R} is due" if weak else ""
        return lambda password: _scrypt(password, salt, n, r, p), told
    rounds = _count(parameters["c"])
    if name != "pbkdf2" or parameters["prf"] != "hmac-sha256" or rounds > MAX_PBKDF2_ROUNDS:
        raise _wrong("neither scrypt nor pbkdf2 with hmac-sha256")
    weak = rounds < MIN_PBKDF2_ROUNDS
    told = f"pbkdf2 with {rounds} rounds, at least {MIN_PBKDF2_ROUNDS} are due" if weak else ""
    return lambda password: hashlib.pbkdf2_hmac("sha256", password, salt, rounds, 32), told


def _scrypt(password: bytes, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=2 * MAX_MEMORY - 1, dklen=32)


def _ctr(key: bytes, iv: bytes, data: bytes) -> bytes:
    # Loaded here: only what holds a key needs a cipher. It would ask a program what this interpreter is,
    # whichever `file` comes first in PATH, in a process that holds a password: it is told beforehand.
    from Crypto.Util import _raw_api

    vars(_raw_api).setdefault("cached_architecture", [])[:] = ("64bit", "")
    from Crypto.Cipher import AES

    return AES.new(key, AES.MODE_CTR, nonce=b"", initial_value=iv).encrypt(data)


def _count(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise _wrong("a parameter that is no count")
    return value


def _bytes(value: Any, size: int | None = None) -> bytes:
    if type(value) is not str or not _HEX.match(value) or (size is not None and len(value) != 2 * size):
        raise _wrong("bytes of another length")
    return bytes.fromhex(value)


def _claimed(value: Any) -> str:
    return "" if value is None else "0x" + _bytes(str(value).lower().removeprefix("0x"), 20).hex()


def _wrong(what: str) -> UsageError:
    return UsageError("keystore", f"the key file: {what}", "`mammon keys import` makes one that is read")
