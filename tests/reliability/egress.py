"""Every command as a program of its own in a network that is empty: what it tries to connect to is traced.

In a network name space of its own a process has nothing but a loopback, so nothing can leave; strace shows
every attempt, also one of a C library that the interpreter's audit hook never hears of.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mammon.cli import registry
from mammon.sim.wallet import SimSigner
from tests.flows.endpoint import endpoint
from tests.net.servers import Server
from tests.reliability.canary_world import PATH_TOKEN, SEED, environment, template, words_of
from tests.reliability.kill_commands import RemoteSigner

ROOT = Path(__file__).resolve().parents[2]
TRACED = "connect,sendto,sendmsg,sendmmsg,execve"
PATIENCE_S = 60.0
MAMMON = (sys.executable, "-m", "mammon")
_NAMESPACE = ("unshare", "--map-root-user", "--net")
_CALL = re.compile(r"^(?:\[pid +\d+\] |\d+ +)?(\w+)\((.*)$", re.MULTILINE)
_INET = re.compile(r"sa_family=AF_INET6?, sin6?_port=htons\((\d+)\).*?\"([0-9a-f.:]+)\"")
_NAMES_OF_USERS = "/var/run/nscd/socket"
"""Asked for the user's name by whoever writes it down; a look-up of a host goes on to an address."""
_UP, _SET_FLAGS = 0x1, 0x8914


@functools.cache
def possible() -> bool:
    """Say whether this machine lets us have a network of our own, and trace what runs in it."""
    if shutil.which("unshare") is None or shutil.which("strace") is None:
        return False
    return subprocess.run([*_NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


def programs(names: Sequence[str] = (), planted: str = "") -> Mapping[str, list[str]]:
    """Run commands (all, unless named) in an empty network; return what each reached for, by its name.

    `planted`: what the interpreter does before the command, for the trace to find.
    """
    asked = [*_NAMESPACE, sys.executable, "-m", "tests.reliability.egress", planted, *names]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-4000:])
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def inside(planted: str, names: Sequence[str]) -> dict[str, list[str]]:
    """Do so, in the empty network."""
    _raise_loopback()
    found = {}
    with tempfile.TemporaryDirectory(prefix="mammon-egress-") as folder, endpoint(SEED) as served:
        remote = RemoteSigner(SimSigner(SEED))
        signing = Server(remote.serve)
        urls = {"MAMMON_RPC__URLS": f"{served.server.url}v2/{PATH_TOKEN}"}
        made = template(Path(folder) / "template", served, urls["MAMMON_RPC__URLS"])
        ports = {served.server.port, signing.port}
        for name in names or registry.COMMANDS:
            home = Path(folder) / name.replace(" ", "-")
            shutil.copytree(made.folder, home)
            known = {**urls, "MAMMON_SIGNER__KEYSTORE": "", "MAMMON_SIGNER__URL": signing.url}
            if name.startswith("keys"):
                known = urls
            # The simulated chain's time is not this machine's, and nothing is to end before it connects.
            known |= {"MAMMON_RPC__MAX_HEAD_AGE": "999999h", "PATH": os.environ.get("PATH", "")}
            found[name] = reached(home, environment(made, home, known), words_of(name), ports, planted)
        signing.close()
    return found


def reached(
    home: Path, known: Mapping[str, str], words: Sequence[str], ports: set[int], planted: str
) -> list[str]:
    """Run one command under strace; return what it reached for besides the ports, and programs it started."""
    log = home.with_suffix(".trace")
    program = [*MAMMON] if not planted else [sys.executable, "-c", f"{planted}\n{_THEN}"]
    command = ["strace", "-f", "-qq", "-s", "256", "-e", f"trace={TRACED}", "-o", str(log), *program, *words]
    done = subprocess.run(
        command, cwd=home, env={**known, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    if done.returncode not in range(6):
        return [f"ended with {done.returncode}: {done.stderr[-500:]}"]
    return list(foreign(log.read_text(errors="replace"), ports))


_THEN = "import sys; from mammon.cli import main; sys.exit(main(sys.argv[1:]))"


def foreign(trace: str, ports: set[int]) -> Iterator[str]:
    """Yield every call of a trace that goes elsewhere than to these ports; the first program is ours."""
    started = 0
    for call, arguments in _CALL.findall(trace):
        if call == "execve":
            started += 1
            if started > 1 and "ENOENT" not in arguments:
                yield f"a process was started: {arguments[:120]}"
        elif "sa_family=" in arguments and _NAMES_OF_USERS not in arguments:
            place = _INET.search(arguments)
            if place is None or place[2] not in ("127.0.0.1", "::1") or int(place[1]) not in ports:
                yield f"{call} {arguments[:120]}"


def _raise_loopback() -> None:
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        fcntl.ioctl(sock, _SET_FLAGS, struct.pack("16sh", b"lo", _UP))


if __name__ == "__main__":
    print(json.dumps(inside(sys.argv[1], sys.argv[2:])))
