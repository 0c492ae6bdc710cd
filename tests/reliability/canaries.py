"""The canary sweep: every command under every fault lets out no secret and connects to no stranger.

`python -m tests.reliability.canaries` runs all commands of the registry under all faults, with a key file and
with an external signer, then every command as a program of its own in an empty network (`egress`). Each case
is a fork that begins with the same home and the same chain. Searched are both streams, every file that is
written wherever it is, the pages of the database, and the words of every process that is started: for each
secret as it is, in hexadecimal, in base64 at any offset, quoted, and from its end.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from mammon.chain import keystore
from mammon.cli import registry
from mammon.sim.wallet import SimSigner
from tests.flows.endpoint import EndpointShell, endpoint
from tests.net.servers import Server
from tests.reliability import egress
from tests.reliability.canary_faults import CLOSED_PORT, FAULTS, Case
from tests.reliability.canary_watch import Watch
from tests.reliability.canary_world import (
    CHEAP_N,
    PATH_TOKEN,
    QUERY_TOKEN,
    QUICK,
    SEED,
    Template,
    below,
    environment,
    hits,
    template,
    token_of,
    url_settings,
    words_of,
)
from tests.reliability.kill_commands import RemoteSigner

PATIENCE_S = 60.0
SIGNERS = ("key file", "external")
ENDS = frozenset({0, 1, 2, 3, 4, 5, 124, 130, 143})
LAWFUL = frozenset({"mammon.toml", "credentials/mammon-password", "keys/key.json"})
"""Files that the operator put secrets into; a command that writes one anew is judged by it."""
RPC, SIGNER_URL = "MAMMON_RPC__URLS", "MAMMON_SIGNER__URL"


@dataclass(frozen=True)
class Swept:
    """What one command came to under one fault."""

    command: str
    fault: str
    signer: str
    code: int
    wrong: tuple[str, ...]
    """Where a secret stands, what was connected to, what else must not be."""
    said: str = ""
    """The failure, as it was told."""


@contextlib.contextmanager
def prepared() -> Iterator[Template]:
    """Make the home and the chain that every case begins with."""
    with tempfile.TemporaryDirectory(prefix="mammon-canary-") as name, endpoint(SEED) as served:
        yield template(Path(name) / "template", served, served.server.url)


def swept(
    made: Template,
    name: str,
    fault: str,
    signer: str = SIGNERS[0],
    planted: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext,
) -> Swept:
    """Run one command under one fault in a fork; `planted` is a defect for the sweep to find."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        _fork(made, name, fault, signer, planted, theirs)
    os.close(theirs)
    told = b""
    ends = time.monotonic() + PATIENCE_S
    with os.fdopen(ours, "rb", buffering=0) as stream:
        while select.select([stream], [], [], max(0.0, ends - time.monotonic()))[0]:
            more = stream.read(65_536)
            if not more:
                break
            told += more
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    if not told:
        return Swept(name, fault, signer, -1, (f"no end within {PATIENCE_S:.0f} s, or none at all",))
    found = json.loads(told)
    return Swept(name, fault, signer, found["code"], tuple(found["wrong"]), found["said"])


def _fork(
    made: Template, name: str, fault: str, signer: str, planted: Callable[[], Any], answer: int
) -> None:
    """Run one case and tell what it came to; never returns."""
    told: dict[str, Any] = {"code": -1, "wrong": ["nothing was told"], "said": ""}
    try:
        with tempfile.TemporaryDirectory(prefix="mammon-canary-") as folder:
            told = _case(made, name, fault, signer, planted, Path(folder) / "home")
    except BaseException:  # noqa: BLE001 - whatever escapes is what the case came to
        told = {"code": -1, "wrong": [traceback.format_exc()[-2000:]], "said": ""}
    finally:
        os.write(answer, json.dumps(told).encode())
        os._exit(0)


def _case(
    made: Template, name: str, fault: str, signer: str, planted: Callable[[], Any], home: Path
) -> dict[str, Any]:
    shutil.copytree(made.folder, home)
    served, case = made.served, Case(home, {}, made.served.serve)
    remote = RemoteSigner(SimSigner(SEED))
    sound = case.behave
    nodes = Server(lambda peer: case.behave(peer))
    signing = Server(lambda peer: remote.serve(peer) if case.behave is sound else case.behave(peer))
    case.environment = environment(made, home, {**QUICK, **_urls(nodes.port, signing.port, signer)})
    shell = EndpointShell(home, served, **case.environment)
    shell.environment = case.environment
    number = tuple(registry.COMMANDS).index(name)
    words = [*words_of(name), "-vv", *(["--json"] if number % 2 else [])]
    watch = Watch(frozenset({nodes.port, signing.port, CLOSED_PORT}))
    with (
        mock.patch.object(keystore, "MIN_SCRYPT_N", CHEAP_N),
        FAULTS[fault](case),
        planted(),
        watch.on(),
    ):
        os.chdir(home)
        ended = shell(*words)
    wrong = [*watch.wrong(), *_leaks(made, home, watch, ended.out, ended.err)]
    if ended.code not in ENDS:
        wrong.append(f"ended with {ended.code}")
    failed = [text for text in ended.err.splitlines() if text.startswith("error: ")]
    return {"code": ended.code, "wrong": wrong, "said": " ".join(failed)}


def _urls(node: int, signing: int, signer: str) -> dict[str, str]:
    """Return every setting that is a URL, with a secret in each place where a URL may hold one."""
    found = {}
    for name, many in url_settings().items():
        host = f"127.0.0.1:{signing if name == SIGNER_URL else node}"
        found[name] = f"http://{host}/{token_of(name)}"
        if many:
            found[name] = ",".join(
                (
                    f"http://{host}/v2/{PATH_TOKEN}?key={QUERY_TOKEN}",
                    found[name],
                )
            )
    if signer == SIGNERS[0]:
        del found[SIGNER_URL]
    else:
        found["MAMMON_SIGNER__KEYSTORE"] = ""
    return found


def _leaks(made: Template, home: Path, watch: Watch, out: str, err: str) -> Iterator[str]:
    texts: dict[str, bytes] = {"stdout": out.encode(), "stderr": err.encode()}
    texts |= {f"words of a process: {words[:1]}": " ".join(words).encode() for words in watch.started}
    for path in {*below(home), *(path for path in watch.written if path.is_file())}:
        own = path.is_relative_to(home)
        name = str(path.relative_to(home)) if own else str(path)
        content = path.read_bytes()
        if content != made.files.get(name) and not (own and name in LAWFUL):
            texts[name] = content
    for where, text in texts.items():
        yield from (f"{where}: {hit}" for hit in hits(text))


def sweep(
    made: Template, faults: Sequence[str], signers: Sequence[str] = SIGNERS, names: Sequence[str] = ()
) -> list[Swept]:
    """Run every command (or those named) under every fault with every signer."""
    every = names or tuple(registry.COMMANDS)
    return [swept(made, name, fault, signer) for fault in faults for signer in signers for name in every]


def told(found: Sequence[Swept], programs: Mapping[str, Sequence[str]] | None) -> dict[str, Any]:
    """Return what a sweep came to, as it is published."""
    return {
        "commands": len({one.command for one in found}),
        "faults": len({one.fault for one in found}),
        "cases": len(found),
        "wrong": sum(bool(one.wrong) for one in found),
        "codes": {
            fault: dict(sorted(Counter(one.code for one in found if one.fault == fault).items()))
            for fault in dict.fromkeys(one.fault for one in found)
        },
        "programs_in_an_empty_network": None if programs is None else len(programs),
        "programs_with_foreign_connections": sum(map(bool, (programs or {}).values())),
    }


def main(asked: Sequence[str]) -> int:
    """Sweep all commands under all faults, or under those named; return 1 for a hit."""
    with prepared() as made:
        found = sweep(made, asked or tuple(FAULTS))
    programs = egress.programs() if egress.possible() and not asked else None
    print(json.dumps(told(found, programs), indent=1))
    wrong = [f"{one.command} | {one.fault} | {one.signer}: {what}" for one in found for what in one.wrong]
    wrong += [f"{name} | empty network: {what}" for name, whats in (programs or {}).items() for what in whats]
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
