"""Key files for tests: one at full strength, made once; the others cheap, where strength is not the point."""

from __future__ import annotations

import copy
import ctypes
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from mammon.chain import keystore

KEY = bytes.fromhex("5eed" * 16)
ADDRESS = Account.from_key(KEY).address
PASSWORD = b"correct horse battery staple"
CHEAP_N = 2


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a derivation of next to no cost count as strong."""
    monkeypatch.setattr(keystore, "MIN_SCRYPT_N", CHEAP_N)


@pytest.fixture(autouse=True)
def traceable() -> Iterator[None]:
    """Let the test's own process be read again afterwards."""
    yield
    assert ctypes.CDLL(None).prctl(4, 1, 0, 0, 0) == 0


def counted(size: int) -> bytes:
    """Stand for entropy: the same each time."""
    return bytes(range(size))


def document(key: bytes = KEY, address: str = ADDRESS, password: bytes = PASSWORD) -> dict[str, Any]:
    """Return a key file as data, made by the code under test."""
    found: dict[str, Any] = json.loads(keystore.sealed(key, address, password, counted))
    return found


def changed(found: dict[str, Any], *path: str, to: Any) -> dict[str, Any]:
    """Return a copy with one value changed, or without it when `to` is ..."""
    result = copy.deepcopy(found)
    inner = result
    for name in path[:-1]:
        inner = inner[name]
    if to is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = to
    return result


def placed(folder: Path, found: dict[str, Any] | str, mode: int = 0o600) -> Path:
    """Write a key file and return its path."""
    folder.mkdir(mode=0o700, exist_ok=True, parents=True)
    path = folder / "key.json"
    path.write_text(found if isinstance(found, str) else json.dumps(found))
    path.chmod(mode)
    return path
