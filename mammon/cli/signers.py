"""The signer of the live world: a key file opened with its password, or another process that signs."""

from __future__ import annotations

from contextlib import closing

from mammon.cli.passwords import password
from mammon.cli.process import Process
from mammon.config.settings import SignerSettings
from mammon.core.ports import Signer
from mammon.core.types import Address
from mammon.errors import UsageError
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
