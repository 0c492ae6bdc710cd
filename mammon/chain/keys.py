"""A key in this process: the signer of a deployment whose key lies encrypted on its own disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

from mammon.chain import keystore
from mammon.chain.keystore import KEY_BYTES, Entropy
from mammon.core.address import checksummed
from mammon.core.keccak import keccak256
from mammon.core.transaction import CURVE_ORDER, Unsigned, signed
from mammon.core.types import Address
from mammon.errors import PersonNeededError, UsageError
from mammon.files import failure, open_directory, open_file
from mammon.hardening import forbid_dumps

LOCAL_CHAIN = 31_337
"""The chain id of a development node; published keys sign there and nowhere else."""

PUBLISHED = frozenset(
    Address(each)
    for each in (
        "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
        "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
        "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
        "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65",
        "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc",
        "0x976EA74026E726554dB657fA54763abd0C3a0aa9",
        "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955",
        "0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f",
        "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720",
    )
)
"""Accounts whose keys are printed by development nodes: whatever they hold elsewhere is anybody's."""

_MAX_BYTES = 10_000


class KeySigner:
    """Sign with a key held in memory: the `Signer` port of a keystore."""

    __slots__ = ("_address", "_key")

    def __init__(self, key: bytes) -> None:
        """Take a private key. Raises `UsageError` for what is none."""
        # Loaded here: only what signs needs elliptic curves.
        from coincurve import PrivateKey

        if len(key) != KEY_BYTES or not 0 < int.from_bytes(key, "big") < CURVE_ORDER:
            raise UsageError("bad_key", "that is no private key", "a key is 32 bytes: 64 hexadecimal digits")
        self._key = PrivateKey(key)
        public = self._key.public_key.format(compressed=False)
        self._address = checksummed("0x" + keccak256(public[1:])[12:].hex())

    @property
    def address(self) -> Address:
        """The EIP-55 address whose signatures this signer makes."""
        return self._address

    def sign(self, unsigned: Unsigned) -> bytes:
        """Return the raw transaction; the signature is deterministic, with s in the lower half."""
        signature = self._key.sign_recoverable(unsigned.digest(), hasher=None)
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
        return signed(unsigned, signature[64], r, s)

    def __repr__(self) -> str:
        """Name the account alone."""
        return f"KeySigner({self._address})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be copied into bytes."""
        raise TypeError("a key is not pickled")


def key_signer(path: Path, password: bytes, account: Address, chain_id: int) -> KeySigner:
    """Return the signer of a key file, which must be that of `account`.

    Raises `PersonNeededError` (`permissions`, `unsafe_file`, `weak_keystore`, `wrong_password`,
    `other_key`, `published_key`) or `UsageError` (`no_keystore`, `keystore`).
    """
    require_unpublished(account, chain_id)
    found = keystore.parsed(content(path))
    if not found.strong:
        raise PersonNeededError(
            "weak_keystore",
            f"{path}: {found.weakness}",
            f"`mammon keys import --from {path}` encrypts it anew",
        )
    if found.address not in ("", account.lower()):
        raise _other(path, checksummed(found.address), account)
    forbid_dumps()
    signer = KeySigner(keystore.unsealed(found, password))
    if signer.address != account:
        raise _other(path, signer.address, account)
    return signer


def require_unpublished(account: Address, chain_id: int) -> None:
    """Raise `PersonNeededError` for an account whose key everybody has, except on a development node."""
    if account in PUBLISHED and chain_id != LOCAL_CHAIN:
        raise PersonNeededError(
            "published_key",
            f"the key of {account} is published: what it holds on chain {chain_id} is anybody's",
            "make a key of your own: `mammon keys new`",
        )


def content(path: Path) -> str:
    """Return a key file's text, if the file is ours alone."""
    try:
        folder = _folder(path.parent)
        try:
            descriptor = open_file(folder, path, os.O_RDONLY)
        finally:
            os.close(folder)
    except FileNotFoundError:
        raise UsageError("no_keystore", f"{path}: no such file", "`mammon keys new` makes one") from None
    except OSError as error:
        raise failure(error, path) from error
    with os.fdopen(descriptor, "rb") as file:
        return file.read(_MAX_BYTES + 1).decode("utf-8", "replace")


def write(path: Path, text: str) -> None:
    """Write a key file that only we can read; one that is there is never replaced."""
    try:
        folder = _folder(path.parent)
    except OSError:
        folder = open_directory(path.parent, create=True)
    try:
        descriptor = open_file(folder, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.fsync(folder)
    except FileExistsError:
        raise UsageError("exists", f"{path} is there already", "choose another name with --out") from None
    except OSError as error:
        raise failure(error, path) from error
    finally:
        os.close(folder)


def fresh_key(entropy: Entropy) -> bytes:
    """Return a new private key."""
    while not 0 < int.from_bytes(key := entropy(KEY_BYTES), "big") < CURVE_ORDER:
        pass  # pragma: no cover - one in 2**128
    return key


def _folder(path: Path) -> int:
    """Return a descriptor of a folder. Others may read it: what is put in a file's place is not ours."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _other(path: Path, found: Address, account: Address) -> PersonNeededError:
    return PersonNeededError(
        "other_key", f"{path} holds the key of {found}, and the account is {account}", "set `account` to it"
    )
