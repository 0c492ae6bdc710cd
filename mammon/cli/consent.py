"""Consent: whether this installation may sign with real money at all, and what is missing when not."""

from __future__ import annotations

from mammon import __version__
from mammon.cli import worlds
from mammon.cli.invocation import Invocation
from mammon.core import limits
from mammon.core.limits import Phase
from mammon.core.names import Address
from mammon.errors import PersonNeededError
from mammon.state.opening import Identity

VARIABLE = "I_UNDERSTAND_LIVE_RISK"

_MESSAGES = {
    "phase_not_earned": "this version cannot show the evidence that a phase beyond canary asks for",
    "total_not_set": "this phase asks for a figure of your own: the most that may be deposited",
    "not_acknowledged": f"{VARIABLE} is not set",
    "acknowledgement_differs": f"{VARIABLE} is not the token for this account, phase, limits and version",
}
_FIXES = {
    "phase_not_earned": 'set phase = "canary", or leave it out',
    "total_not_set": "set policy.max_total_usd",
    "not_acknowledged": "read what `mammon phase acknowledge` prints, and set it to that token",
    "acknowledgement_differs": "read what `mammon phase acknowledge` prints, and set it to that token",
}


def token(call: Invocation, phase: Phase, identity: Identity) -> str:
    """Return what the variable must be for a world in a phase."""
    account = Address(identity.account)
    return limits.acknowledgement(account, identity.chain_id, phase, call.settings.policy, __version__)


def missing(call: Invocation) -> str:
    """Return the code of why nothing may be signed in this world; empty when it may."""
    phase = call.settings.phase_in_force
    if phase is None or not worlds.at_stake(call):
        return ""
    identity = worlds.identity(call)
    given = call.process.environment.get(VARIABLE, "").strip()
    expected = token(call, phase, identity)
    return limits.forbidden(phase, identity.chain_id, call.settings.policy, given, expected)


def explained(code: str) -> tuple[str, str]:
    """Return a code of `missing` as a sentence, and what to do about it."""
    return _MESSAGES[code], _FIXES[code]


def require(call: Invocation) -> None:
    """Raise `PersonNeededError` unless this world may sign."""
    code = missing(call)
    if code:
        message, fix = explained(code)
        raise PersonNeededError(code, message, fix)
