"""`mammon keys`: make an encrypted key file, take over a key into one, say whose a key file is."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mammon.cli.options import BASE, command

if TYPE_CHECKING:
    from mammon.cli.invocation import Invocation

SECRET = ("password_fd",)

Out = Annotated[str | None, typer.Option("--out", metavar="FILE", help="The key file to write.")]
KeyFd = Annotated[str | None, typer.Option("--key-fd", metavar="N", help="Read a key from this descriptor.")]
From = Annotated[str | None, typer.Option("--from", metavar="FILE", help="Read an encrypted key file.")]
Check = Annotated[bool, typer.Option("--check", help="Open it with its password.")]


@dataclass(frozen=True, slots=True)
class KeysData:
    """A key file, or who signs instead of one."""

    address: str
    signer: str
    """`keystore`, `web3signer` or `clef`."""
    path: str | None
    """None: the key is held by another process."""
    checked: bool
    """Whether the key itself told the address; otherwise the file or the settings claim it."""


@command(BASE, SECRET)
def new(call: Invocation, out: Out = None) -> None:
    """Make a new key and write it to an encrypted file.

    The password comes from --password-fd, from the systemd credential mammon-password, or is asked for.
    Nothing but the file holds the key: keep a copy of it and of the password.
    """
    from mammon.chain.keys import fresh_key
    from mammon.hardening import forbid_dumps

    forbid_dumps()
    secret = _password(call, fresh=True)
    _written(call, fresh_key(os.urandom), secret, out)


@command(BASE, SECRET)
def take(call: Invocation, source: From = None, key_fd: KeyFd = None, out: Out = None) -> None:
    """Encrypt a key into a file: one that is typed unseen, from a descriptor, or from another key file.

    A key file is encrypted anew under its own password, whatever its strength was.
    """
    from mammon.errors import UsageError
    from mammon.hardening import forbid_dumps

    if source is not None and key_fd is not None:
        raise UsageError("usage", "--from and --key-fd are two sources", "give one of them")
    forbid_dumps()
    if source is None:
        key = _raw_key(call, key_fd)
        secret = _password(call, fresh=True)
    else:
        from mammon.chain import keystore
        from mammon.chain.keys import content

        found = keystore.parsed(content(call.process.directory / source))
        secret = _password(call, fresh=False)
        key = keystore.unsealed(found, secret)
    _written(call, key, secret, out)


@command(BASE, ("account",), SECRET)
def address(call: Invocation, check: Check = False) -> None:
    """Print the address of the signer in force; with --check open its key file and let the key tell."""
    from mammon.chain import keys, keystore
    from mammon.cli.signers import require_one
    from mammon.core.address import checksummed
    from mammon.errors import UsageError
    from mammon.hardening import forbid_dumps

    settings, account = call.settings.signer, call.settings.account
    require_one(settings)
    if settings.keystore is None:
        if account is None:
            raise UsageError("no_account", "no account is set", "give --account ADDRESS, or set `account`")
        _told(call, KeysData(account, settings.kind, None, checked=False))
        return
    found = keystore.parsed(keys.content(settings.keystore))
    if check:
        forbid_dumps()
        claimed = keys.KeySigner(keystore.unsealed(found, _password(call, fresh=False))).address
    elif found.address:
        claimed = checksummed(found.address)
    else:
        raise UsageError("no_address", f"{settings.keystore} does not say whose it is", "give --check")
    _told(call, KeysData(claimed, "keystore", str(settings.keystore), checked=check))


def _password(call: Invocation, *, fresh: bool) -> bytes:
    from mammon.cli.passwords import password

    return password(call.process, call.password_fd, fresh=fresh)


def _raw_key(call: Invocation, key_fd: str | None) -> bytes:
    """Return a key written as 64 hexadecimal digits. Raises `UsageError`, which does not show it."""
    from mammon.cli.invocation import descriptor
    from mammon.cli.passwords import from_descriptor, hidden_line
    from mammon.errors import UsageError

    number = descriptor("--key-fd", key_fd)
    if number is None:
        line = hidden_line(call.process, "Private key (not shown):", "give --key-fd N, or --from FILE")
    else:
        line = from_descriptor(number, "--key-fd")
    text = line.decode("ascii", "replace").strip().removeprefix("0x")
    call.process.hidden.append(text)
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise UsageError("bad_key", "that is no private key", "a key is 64 hexadecimal digits") from None


def _written(call: Invocation, key: bytes, secret: bytes, out: str | None) -> None:
    from mammon.chain import keys, keystore

    found = keys.KeySigner(key).address
    path = Path(call.settings.home / "keys" / f"{found.lower()}.json")
    if out is not None:
        path = call.process.directory / out
    keys.write(path, keystore.sealed(key, found, secret, os.urandom))
    _told(call, KeysData(found, "keystore", str(path), checked=True), wrote=True)


def _told(call: Invocation, data: KeysData, *, wrote: bool = False) -> None:
    lines = [f"{data.address}  {data.path or data.signer}"]
    if wrote:
        lines += ["", "in mammon.toml:", "", f'account = "{data.address}"', "", "[signer]"]
        lines += [f"keystore = {json.dumps(data.path)}"]
    call.result("keys", data, lambda: ["\n".join(lines)], acted=wrote)
