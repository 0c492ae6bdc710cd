"""The table of commands and of documents; a line here makes a command exist.

Nothing is imported from the targets: `mammon --help` is written from this table alone, and a
command's module is imported when it is called.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

GROUPS = ("See", "Decide", "Act", "Stop", "Prove", "Research")


class Entry(NamedTuple):
    """One command: where its function is (`module:function`), its group, its line in `--help`."""

    target: str
    group: str
    help: str


COMMANDS: dict[str, Entry] = {
    "adopt-nonce": Entry(
        "mammon.cli.adopt_nonce:adopt_nonce", "Act", "Go on from the chain's count of transactions"
    ),
    "config show": Entry(
        "mammon.cli.config_show:config_show", "See", "The settings in force and their sources"
    ),
    "detect-positions": Entry("mammon.cli.detect_positions:detect_positions", "See", "What an account holds"),
    "doctor": Entry("mammon.cli.doctor:doctor", "See", "Check this installation and say what to mend"),
    "drill": Entry("mammon.cli.drill:drill", "Act", "A tiny round trip through every enabled venue"),
    "exit-all": Entry("mammon.cli.exit_all:exit_all", "Act", "Bring everything home; with --execute, do it"),
    "explain": Entry("mammon.cli.explain:explain", "See", "Tell a decision in words"),
    "gates": Entry("mammon.cli.gates:gates", "Decide", "Judge the best move by every gate"),
    "halt": Entry("mammon.cli.halt:halt", "Stop", "Nothing but what a person commands"),
    "init": Entry("mammon.cli.init:init", "See", "Write a commented mammon.toml"),
    "keys address": Entry("mammon.cli.keys:address", "See", "Whose key would sign"),
    "keys import": Entry("mammon.cli.keys:take", "Act", "Encrypt a key you have into a file"),
    "keys new": Entry("mammon.cli.keys:new", "Act", "Make a key, in an encrypted file"),
    "pause": Entry("mammon.cli.pause:pause", "Stop", "No deposit and no move; ways home stay open"),
    "phase acknowledge": Entry(
        "mammon.cli.phase:acknowledge", "Stop", "The token for I_UNDERSTAND_LIVE_RISK, and what it stands for"
    ),
    "phase status": Entry(
        "mammon.cli.phase:status", "See", "How much may be at stake, and what the next phase asks"
    ),
    "rebalance": Entry("mammon.cli.rebalance:rebalance", "Act", "Plan the best move; with --execute, do it"),
    "reduce": Entry("mammon.cli.reduce:reduce", "Stop", "No deposit and no move; ways home are sought"),
    "replay": Entry("mammon.cli.replay:replay", "Prove", "Recompute a decision from its document, offline"),
    "resume": Entry("mammon.cli.resume:resume", "Stop", "Lift the stops of this world"),
    "rewards claim": Entry(
        "mammon.cli.rewards_claim:rewards_claim", "Act", "Claim what is owed; with --execute, do it"
    ),
    "rewards list": Entry(
        "mammon.cli.rewards:rewards_list", "See", "What is owed beside interest, and its worth"
    ),
    "run": Entry("mammon.cli.run:run", "Act", "Loop: read, decide, with --execute act, record"),
    "scan": Entry("mammon.cli.scan:scan", "See", "Every venue at one block"),
    "schema": Entry("mammon.cli.schema:schema", "See", "The JSON Schema of a document"),
    "state backup": Entry("mammon.cli.state_backup:state_backup", "Prove", "A checked copy of the state"),
    "state check": Entry("mammon.cli.state_check:state_check", "Prove", "Check the whole state"),
    "state correct": Entry(
        "mammon.cli.state_correct:state_correct", "Prove", "Accept what a person has looked at"
    ),
    "state restore": Entry("mammon.cli.state_restore:state_restore", "Prove", "Put a copy in its place"),
    "state verify-log": Entry(
        "mammon.cli.state_verify_log:state_verify_log", "Prove", "Follow the audit log to its first bad row"
    ),
    "status": Entry("mammon.cli.status:status", "See", "What the state knows, without asking the chain"),
    "tx bump": Entry("mammon.cli.tx_bid:tx_bump", "Act", "Bid higher for the transaction on the wire"),
    "tx cancel": Entry("mammon.cli.tx_bid:tx_cancel", "Act", "Cancel the transaction on the wire"),
    "tx list": Entry("mammon.cli.tx:tx_list", "See", "The transactions of this account, newest first"),
    "tx show": Entry("mammon.cli.tx:tx_show", "See", "One transaction and everything signed for it"),
}

DOCUMENTS: dict[str, tuple[int, str]] = {
    "acknowledgement": (1, "mammon.cli.phase:AcknowledgementData"),
    "audit": (1, "mammon.cli.state_verify_log:AuditData"),
    "backup": (1, "mammon.cli.state_backup:BackupData"),
    "batch": (1, "mammon.cli.batches:BatchData"),
    "check": (1, "mammon.cli.state_check:CheckData"),
    "claims": (1, "mammon.cli.rewards_claim:ClaimsData"),
    "config": (1, "mammon.cli.config_show:ConfigData"),
    "correction": (1, "mammon.cli.state_correct:CorrectionData"),
    "cycle": (1, "mammon.cli.run:CycleData"),
    "doctor": (1, "mammon.cli.doctor:DoctorData"),
    "drill": (1, "mammon.cli.drill:DrillData"),
    "exit": (1, "mammon.cli.homecoming:ExitData"),
    "exit_batch": (1, "mammon.cli.batches:ExitBatchData"),
    "failure": (1, "mammon.cli.documents:FailureData"),
    "gates": (1, "mammon.core.decide:Decision"),
    "init": (1, "mammon.cli.init:InitData"),
    "keys": (1, "mammon.cli.keys:KeysData"),
    "phase": (1, "mammon.cli.phase:PhaseData"),
    "nonce": (1, "mammon.cli.adopt_nonce:NonceData"),
    "plan": (1, "mammon.cli.plans:PlanData"),
    "positions": (1, "mammon.cli.detect_positions:PositionsData"),
    "restore": (1, "mammon.cli.state_restore:RestoreData"),
    "rewards": (1, "mammon.cli.rewards:RewardsData"),
    "scan": (1, "mammon.cli.scan:ScanData"),
    "status": (1, "mammon.cli.status:StatusData"),
    "stops": (1, "mammon.cli.stopping:StopsData"),
    "tx": (1, "mammon.cli.tx:TxData"),
    "txs": (1, "mammon.cli.tx:TxsData"),
}
"""Name -> version and the dataclass of its `data` (`module:Class`)."""

_HEAD = """\
Usage: mammon COMMAND [OPTIONS]

Keep idle stablecoins in the lending venues where they earn most after every cost and risk.
"""

_TAIL = """\
Options stand after the command. `mammon COMMAND --help` lists them; `mammon --version` prints the version.
The world is `--mode mock`, `paper` (default) or `live`; `--execute` does it in that world.
"""


def help_text(names: Iterable[str] | None = None) -> str:
    """Return what `mammon --help` prints: the commands (all, or those named) by group."""
    chosen = {name: COMMANDS[name] for name in (COMMANDS if names is None else names)}
    width = max(len(name) for name in chosen)
    parts = [_HEAD]
    for group in GROUPS:
        lines = [f"  {name:<{width}}  {entry.help}" for name, entry in chosen.items() if entry.group == group]
        if lines:
            parts.append(f"{group}:\n" + "\n".join(lines) + "\n")
    return "\n".join([*parts, _TAIL])


def under(prefix: str) -> list[str]:
    """Return the commands that begin with the word `prefix` (`config` -> `config show`)."""
    return [name for name in COMMANDS if name.startswith(prefix + " ")]


def command_at(words: list[str]) -> str | None:
    """Return the longest command that the words begin with."""
    for length in range(min(3, len(words)), 0, -1):
        name = " ".join(words[:length])
        if name in COMMANDS:
            return name
    return None
