"""`mammon phase status`, `phase acknowledge`: how much may be at stake, and the owner's word for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mammon.cli import consent, worlds
from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, WORLD, command
from mammon.config.keys import keys
from mammon.config.written import spelled
from mammon.core.limits import EVIDENCE, LOWERED, PHASES, Phase
from mammon.errors import UsageError
from mammon.reporting.numbers import DASH
from mammon.reporting.tables import Table, table

_NAMES: tuple[Phase, ...] = tuple(PHASES)


@dataclass(frozen=True, slots=True)
class LimitNote:
    """One limit: its key, the value in force as configuration writes it, and where that comes from."""

    key: str
    value: str | None
    origin: str


@dataclass(frozen=True, slots=True)
class PhaseData:
    """The phase in force, the limits it comes to, and what the next one asks for."""

    phase: str | None
    """None: no real money is at stake and none is set, so the policy decides."""
    limits: tuple[LimitNote, ...]
    missing: str | None
    """Why nothing may be signed here, a stable code; None when it may."""
    next: str | None
    evidence: str | None
    """What must be shown before the next phase."""


@dataclass(frozen=True, slots=True)
class AcknowledgementData:
    """The token by which the owner says that these limits of this account are understood."""

    variable: str
    token: str
    phase: str
    limits: tuple[LimitNote, ...]


@command(BASE, WORLD)
def status(call: Invocation) -> None:
    """Say which phase is in force, what it allows, and what must be shown to enter the next one."""
    identity = worlds.identity(call)
    call.enter(identity.chain_id, call.settings.account)
    phase = call.settings.phase_in_force
    following = _after(phase)
    data = PhaseData(
        phase,
        tuple(_limits(call)),
        consent.missing(call) or None,
        following,
        EVIDENCE[following] if following else None,
    )
    call.result("phase", data, lambda: _shown(data))


@command(BASE, WORLD)
def acknowledge(call: Invocation) -> None:
    """Print the token that I_UNDERSTAND_LIVE_RISK must be for this account, chain, phase and limits.

    It changes with each of them, and with the major version: then the limits are to be read again.
    """
    phase = call.settings.phase_in_force
    if phase is None or not worlds.at_stake(call):
        raise UsageError("no_risk", "no real money is at stake in this world", "give --mode live")
    if call.settings.account is None:
        raise UsageError("no_account", "no account is set", "give --account ADDRESS, or set `account`")
    identity = worlds.identity(call)
    call.enter(identity.chain_id, identity.account)
    token = consent.token(call, phase, identity)
    data = AcknowledgementData(consent.VARIABLE, token, phase, tuple(_limits(call)))
    call.result("acknowledgement", data, lambda: _acknowledged(data, identity.account, identity.chain_id))


def _after(phase: Phase | None) -> Phase | None:
    if phase is None:
        return _NAMES[0]
    at = _NAMES.index(phase) + 1
    return _NAMES[at] if at < len(_NAMES) else None


def _limits(call: Invocation) -> Iterator[LimitNote]:
    for key in keys().values():
        if key.path[0] == "policy" and key.path[1] in LOWERED:
            value = getattr(call.settings.policy, key.path[1])
            yield LimitNote(key.name, spelled(key, value), call.resolved.origins[key.name])


def _shown(data: PhaseData) -> Iterator[Table | str]:
    yield f"phase: {data.phase or 'none, the policy decides'}"
    yield _table(data.limits)
    if data.missing is not None:
        message, fix = consent.explained(data.missing)
        yield f"nothing may be signed: {message}; {fix}"
    if data.next is not None:
        yield f"to enter {data.next}: {data.evidence}"
        yield "this version counts no evidence yet, and leads no phase beyond canary on a real chain"


def _acknowledged(data: AcknowledgementData, account: str, chain_id: int) -> Iterator[Table | str]:
    yield f"Phase {data.phase} of {account} on chain {chain_id}. mammon may move this account's money, up to:"
    yield _table(data.limits)
    yield "Contracts can fail, be drained or be frozen, and what is deposited can be lost whole."
    yield f"Whoever accepts that sets: {data.variable}={data.token}"


def _table(limits: tuple[LimitNote, ...]) -> Table:
    rows = [(note.key, DASH if note.value is None else note.value, note.origin) for note in limits]
    return table(("limit", "value", "source"), rows)
