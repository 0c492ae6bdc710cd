"""The local node as a child process: started on a free port, ended by its id, never left behind."""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.chain.packages import anvil
from tests.chain.places import ENVIRONMENT
from tests.chain.rpc import Rpc

CHAIN_ID = 8453
LOCAL_CHAIN_ID = 31337
"""Of a node that nobody's money is on: acting there is not held to a real chain's first phase."""
START_S = 20.0
HISTORY = 256
"""Blocks whose state can be read. Older ones would go to disk, which makes every block slower."""
BASE_FEE = 5_000_000
"""Of the first blocks after loading: the floor on Base. Empty blocks let it fall."""
FIRST_BLOCKS = 6
"""Mined after loading: the one loaded has another hash than its child's header says, and a fee history
wants a few."""

# Runs between this process and the node: asks the kernel to end the node with its parent, then becomes it.
_LAUNCHER = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


class Node:
    """A running node."""

    def __init__(self, *arguments: str, attempts: int = 3, port: int = 0, chain_id: int = CHAIN_ID) -> None:
        self._binary = anvil()
        self._chain_id = chain_id
        self._home = tempfile.TemporaryDirectory(prefix="mammon-node-")
        atexit.register(self.stop)
        for attempt in range(attempts):
            self.port = port or _free_port()
            self._process = self._start(arguments)
            if self._answers():
                break
            if attempt == attempts - 1:
                log = (Path(self._home.name) / "log").read_text()[-1000:]
                self.stop()
                raise RuntimeError(f"the node did not start:\n{log}")
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Return the node's process id."""
        return self._process.pid

    def stop(self) -> None:
        """End the node and remove its files; safe to repeat."""
        atexit.unregister(self.stop)
        if hasattr(self, "_process") and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        if hasattr(self, "rpc"):
            self.rpc.close()
        self._home.cleanup()

    def _start(self, arguments: tuple[str, ...]) -> subprocess.Popen[bytes]:
        home = self._home.name
        command = [
            str(self._binary), "--host", "127.0.0.1", "--port", str(self.port),
            "--chain-id", str(self._chain_id), "--cache-path", home, *arguments,
        ]  # fmt: skip
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid())]
        with (Path(home) / "log").open("wb") as log:
            return subprocess.Popen(
                [*launcher, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env=ENVIRONMENT | {"HOME": home}, cwd=home,
            )  # fmt: skip

    def _answers(self) -> bool:
        """Wait until it listens. False: it ended or did not, as when its port was taken meanwhile.

        Its own log says so, not the port: another process may answer there.
        """
        limit = time.monotonic() + START_S
        ready = f"Listening on 127.0.0.1:{self.port}".encode()
        log = Path(self._home.name) / "log"
        while self._process.poll() is None and time.monotonic() < limit:
            if ready in log.read_bytes():
                self.rpc = Rpc(self.port)
                return True
            time.sleep(0.005)
        self._process.kill()
        self._process.wait()
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def loaded(state: Path, timestamp: int, port: int = 0, *, chain_id: int = CHAIN_ID) -> Node:
    """Start a node on a dumped state whose last block has this timestamp, one second later.

    Without `--timestamp` the next block would have the wall clock's time, and months of interest. The
    state does not know its chain id, so that it loads under any.
    """
    history = ("--prune-history", str(HISTORY))
    options = ("--load-state", str(state), "--timestamp", str(timestamp + 1), *history)
    node = Node(*options, port=port, chain_id=chain_id)
    node.rpc("anvil_setBlockTimestampInterval", 1)
    for _ in range(FIRST_BLOCKS):
        node.rpc("anvil_setNextBlockBaseFeePerGas", hex(BASE_FEE))
        node.rpc("evm_mine")
    return node
