"""Which level of signer is configured, in words: the check of `mammon doctor`. No password is asked for."""

from __future__ import annotations

from pathlib import Path

from mammon.cli import worlds
from mammon.cli.doctor import Check
from mammon.cli.invocation import Invocation
from mammon.cli.signers import known_to_all, require_sound
from mammon.config.settings import SignerSettings
from mammon.errors import MammonError
from mammon.net.redact import redacted

FILE_UP_TO_USD = 1_000
"""Above it a key should not be in this program's hands at all."""
_LEVELS = (
    "level 0, a key that everybody knows: for simulated money and a local node alone",
    "level 1, an encrypted key file that this program opens: for less than $1,000",
    "level 2, an external signer: this program never holds the key",
)
_THIRD = "level 3, a Safe that holds the money, is acted for by `--emit safe`: others sign"


def signer(call: Invocation) -> Check:
    """Say which signer is configured and what it is for."""
    settings, account = call.settings.signer, call.settings.account
    if not (worlds.at_stake(call) or worlds.on_paper(call)):
        return Check("signer", "ok", _LEVELS[0])
    if settings.keystore is not None and settings.url is not None:
        found = "both signer.keystore and signer.url are set"
        return Check("signer", "fail", found, "remove one of them")
    if settings.keystore is None and settings.url is None:
        return _none(call)
    try:
        if account is not None and known_to_all(account, worlds.chain_file(call).chain_id):
            return Check("signer", "ok", _LEVELS[0])
        if settings.keystore is not None:
            require_sound(settings.keystore, account)
    except MammonError as error:
        return Check("signer", "fail", error.message, error.hint)
    return _external(settings) if settings.keystore is None else _file(call, settings.keystore)


def _none(call: Invocation) -> Check:
    live = worlds.at_stake(call)
    fix = "`mammon keys new` makes a key file (level 1), or set signer.url (level 2)" if live else ""
    return Check("signer", "warn" if live else "ok", f"none, nothing can be signed here; {_THIRD}", fix)


def _file(call: Invocation, path: Path) -> Check:
    most = call.settings.policy.max_total_usd
    if most is None or most > FILE_UP_TO_USD:
        fix = "set signer.url to an external signer (level 2), or lower policy.max_total_usd"
        more = "without a limit" if most is None else f"up to ${most:f}"
        return Check("signer", "warn", f"{_LEVELS[1]}, and {more} may be deposited", fix)
    return Check("signer", "ok", f"{_LEVELS[1]} ({path})")


def _external(settings: SignerSettings) -> Check:
    return Check("signer", "ok", f"{_LEVELS[2]} ({settings.kind} at {redacted(str(settings.url))})")
