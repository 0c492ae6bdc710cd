"""The signer of the live world: a key file opened with its password, or another process that signs."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from mammon.cli.passwords import password
from mammon.cli.process import Process
from mammon.config.settings import SignerSettings
from mammon.core.ports import Signer
from mammon.core.types import Address
from mammon.errors import PersonNeededError, UsageError
from mammon.hardening import forbid_dumps


def signer_for(
    settings: SignerSettings,
    account: Address,
    chain_id: int,
    process: Process,
    password_fd: int | None = None,
) -> Signer:
    """Return the signer that the settings name, for exactly this account on this chain.

    Raises `UsageError` when they name none or two, `PersonNeededError` when the key cannot be had: a
    stranger's file, a weak one, a wrong password, another account's, a published one.
    """
    require_one(settings)
    if settings.url is not None:
        return _external(settings, account, chain_id)
    from mammon.chain.keys import key_signer, require_unpublished

    assert settings.keystore is not None
    require_unpublished(account, chain_id)
    forbid_dumps()  # before the password is read, too
    return key_signer(settings.keystore, password(process, password_fd), account, chain_id)


def require_one(settings: SignerSettings) -> None:
    """Raise `UsageError` unless the settings name exactly one signer."""
    if settings.keystore is None and settings.url is None:
        raise UsageError(
            "no_signer", "no signer is set", "`mammon keys new` makes a key file; then set signer.keystore"
        )
    if settings.keystore is not None and settings.url is not None:
        raise UsageError("two_signers", "both signer.keystore and signer.url are set", "remove one of them")


def known_to_all(account: Address, chain_id: int) -> bool:
    """Say whether everybody has the account's key. Raises `PersonNeededError` where that is refused."""
    from mammon.chain.keys import PUBLISHED, require_unpublished

    require_unpublished(account, chain_id)
    return account in PUBLISHED


def require_sound(path: Path, account: Address | None) -> None:
    """Look at a key file as far as that goes without its password.

    Raises as `signer_for` for a file that is not there, not ours alone, weak, or another account's.
    """
    from mammon.chain import keystore
    from mammon.chain.keys import content

    found = keystore.parsed(content(path))
    if not found.strong:
        fix = f"`mammon keys import --from {path}` encrypts it anew"
        raise PersonNeededError("weak_keystore", f"{path}: {found.weakness}", fix)
    if account is not None and found.address not in ("", account.lower()):
        told = f"{path} holds the key of {found.address}, and the account is {account}"
        raise PersonNeededError("other_key", told, "set `account` to it")


def _external(settings: SignerSettings, account: Address, chain_id: int) -> Signer:
    from mammon.chain.external_signer import ExternalSigner
    from mammon.chain.keys import require_unpublished
    from mammon.net.deadline import Deadline
    from mammon.net.http import HttpTransport

    require_unpublished(account, chain_id)
    url, seconds = str(settings.url), float(settings.timeout_s)
    return ExternalSigner(
        lambda: closing(HttpTransport(url)), settings.kind, account, lambda: Deadline(seconds)
    )
