"""Invocation: what a subcommand is given. Built once, from the command line, by `options.command`."""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mammon.cli import streams
from mammon.cli.documents import Document, ErrorNote, Identity, read, written
from mammon.cli.output import Human, Output
from mammon.config import Resolved, Settings, resolve
from mammon.config.keys import urls
from mammon.config.values import BadValueError, duration_s
from mammon.core.ports import Clock
from mammon.errors import PersonNeededError, UsageError

if TYPE_CHECKING:
    from mammon.cli.process import Process
    from mammon.core.ports import Deadline
    from mammon.core.types import Block

_GRACE_S = 5
"""After a passed --deadline the kernel ends a command that did not end by itself."""


@dataclass(slots=True)
class Invocation:
    """One command being carried out: its settings, its consents, its streams."""

    process: Process
    command: str
    resolved: Resolved
    output: Output
    execute: bool = False
    """--execute: do it, in the world that `settings.mode` names."""
    yes: bool = False
    """--yes: consent is given beforehand."""
    source: str | None = None
    """-i: where a document comes from, a path or `-`."""
    password_fd: int | None = None
    """--password-fd: where a key file's password is read from."""
    deadline: Deadline | None = None
    """--deadline: the total time of the command."""
    identity: Identity = field(default_factory=Identity)
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        """Begin as nobody on the machine's clock, until `enter`."""
        self.clock = self.process.clock
        policy = self.settings.policy
        self.identity = Identity(self.settings.mode, None, self.settings.account, policy.hash)

    @property
    def settings(self) -> Settings:
        """The merged and checked settings."""
        return self.resolved.settings

    def enter(self, chain_id: int, account: str | None, clock: Clock | None = None) -> None:
        """Take on the world that `wiring` opened: its chain, its account, its clock."""
        self.identity = dataclasses.replace(self.identity, chain_id=chain_id, account=account)
        self.clock = clock or self.clock

    def result(
        self,
        name: str,
        data: Any,
        human: Human,
        *,
        block: Block | None = None,
        errors: Sequence[ErrorNote] = (),
        acted: bool = False,
    ) -> None:
        """Print the command's one result: document `name` with --json, else what `human()` yields.

        `acted` says that something was done, which also -q reports.
        """
        self.output.result(
            lambda: written(name, data, self.identity, self.clock.now(), block, errors), human, acted=acted
        )

    def document(self, name: str, *, same_policy: bool = False) -> Document[Any] | None:
        """Read the document given with -i, or return None without one; call `enter` before."""
        if self.source is None:
            return None
        from mammon.cli.intake import content

        return read(
            name, content(self.source, self.process, self.deadline), self.identity, same_policy=same_policy
        )

    def confirm(self, question: str, *, flag: str = "--yes") -> None:
        """Return when a person agrees (or agreed with --yes); else raise `PersonNeededError` (exit 5)."""
        if self.yes and flag == "--yes":
            return
        answer = self.ask(f"{question} [y/N]", flag=flag)
        if answer.strip().lower() not in ("y", "yes"):
            raise PersonNeededError(
                "declined", "not confirmed, nothing was done", "answer y, or give " + flag
            )

    def ask(self, question: str, *, flag: str) -> str:
        """Return a line typed by a person; without a terminal raise `PersonNeededError` naming the flag."""
        stdin = self.process.stdin
        if stdin is None or not streams.is_terminal(stdin):
            raise PersonNeededError("no_terminal", f"cannot ask {question!r}: no terminal", f"give {flag}")
        streams.write(self.process.stderr, question + " ")
        line = stdin.readline()
        if not line:
            raise PersonNeededError("no_answer", f"no answer to {question!r}", f"give {flag}")
        return line.rstrip("\n")


def begin(
    process: Process, flags: Mapping[str, Any], shared: Mapping[str, Any], configured: bool = True
) -> Invocation:
    """Resolve the settings, set up logs, print the MODE line: from here on there is an invocation.

    `flags` maps settings to what was typed for them, `shared` the options that set none.
    """
    from mammon.cli import logs
    from mammon.cli.redaction import tokens

    flags = dict(flags)
    if shared.get("verbose"):
        flags["log.level"] = "trace" if shared["verbose"] > 1 else "debug"
    resolved = resolve(flags, process.environment, process.directory, shared.get("config"), search=configured)
    call = Invocation(
        process,
        process.command,
        resolved,
        Output(process, json=bool(shared.get("json")), quiet=bool(shared.get("quiet"))),
        execute=bool(shared.get("execute")),
        yes=bool(shared.get("yes")),
        source=shared.get("input"),
        password_fd=descriptor("--password-fd", shared.get("password_fd")),
        deadline=_deadline(shared.get("deadline")),
    )
    process.call = call
    process.tokens = [token for url in urls(resolved.settings) for token in tokens(url)]
    logs.configure(call)
    call.output.note(_mode_line(call))
    return call


def _mode_line(call: Invocation) -> str:
    """Return the line stderr begins with: which world, which account, which files, which mammon."""
    from mammon.cli.build import build

    settings = call.settings
    chain = settings.chain if settings.chain_file is None else settings.chain_file
    account = "simulated" if settings.mode == "mock" else settings.account or "none"
    return (
        f"MODE {settings.mode} | {'EXECUTE' if call.execute else 'look only'} | chain {chain}"
        f" | account {account} | home {settings.home} | config {call.resolved.file or 'none'}"
        f" | mammon {build()}{_stopped(call)}"
    )


def _stopped(call: Invocation) -> str:
    """Return what the MODE line of an acting command says of the stops in force."""
    if not call.execute:
        return ""
    from mammon.cli import worlds
    from mammon.ops.stops import in_force

    try:
        folder = worlds.directory(call, worlds.identity(call))
    except UsageError:
        return ""  # a world that cannot be named is told by whoever opens it
    found = in_force(call.settings.home, folder)
    return f" | STOPPED {', '.join(found)}" if found else ""


def descriptor(flag: str, text: str | None) -> int | None:
    """Return the number of a descriptor to read a secret from. What was typed is not shown: it may be one."""
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 6) or text in ("1", "2"):
        raise UsageError("bad_value", f"{flag} takes the number of a descriptor", f"write {flag} 3 3<FILE")
    return int(text)


def _deadline(text: str | None) -> Deadline | None:
    if text is None:
        return None
    from mammon.net.deadline import Deadline

    try:
        seconds = duration_s(text)
    except BadValueError as error:
        raise UsageError("bad_value", f"--deadline: {error}", error.hint) from error
    if not 1 <= seconds <= 30 * 86400:
        raise UsageError("bad_value", "--deadline: between 1s and 30d", "")
    # Whatever Python does meanwhile, the kernel's own action for SIGALRM ends the process.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE_S)
    return Deadline(float(seconds))
