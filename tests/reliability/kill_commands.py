"""What acts and what signs in a world of kills: forked or installed, its time, its signer, its key file."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from mammon.chain import keystore
from mammon.cli.process import SystemClock
from mammon.core.numbers import Wei
from mammon.core.transaction import Unsigned
from mammon.core.types import Address
from mammon.sim.wallet import SimSigner, wallet_key
from tests.chain.rpc import Rpc
from tests.flows.runner import Ended
from tests.net.servers import Peer

SEED = 11
PATIENCE_S = 60.0
PASSWORD = b"a password of the tests"


@dataclass
class Installed:
    """The installed program under way; to be used like a forked `Child`."""

    process: subprocess.Popen[str]

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def wait(self, patience_s: float = PATIENCE_S) -> Ended:
        """Return how it ended; one that does not end is killed, and the test fails."""
        try:
            out, err = self.process.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            raise AssertionError(f"still running after {patience_s} s: {err}") from None
        return Ended(self.process.returncode, out, err)


@dataclass
class RemoteSigner:
    """A signer in another process, as web3signer is; it calls `before` and `after` around each signature."""

    signer: SimSigner = field(default_factory=lambda: SimSigner(SEED))
    before: Callable[[], bool] = lambda: False
    after: Callable[[], bool] = lambda: False
    """True: no answer is given."""

    def serve(self, peer: Peer) -> None:
        """Sign what is asked for."""
        while (body := peer.request()) is not None:
            asked = json.loads(body)
            if self.before():
                return
            raw = self.signer.sign(_unsigned(asked["params"][0]))
            if self.after():
                return
            answer = {"jsonrpc": "2.0", "id": asked["id"], "result": "0x" + raw.hex()}
            peer.answer(json.dumps(answer).encode())


def on_node_time(port: int) -> None:
    """Give this process, a child that is about to run a command, the node's time."""
    chain, slept = Rpc(port), [0.0]
    monotonic = SystemClock.monotonic

    def now(_: SystemClock) -> int:
        return int(chain("eth_getBlockByNumber", "latest", False)["timestamp"], 16) + 1

    def sleep(clock: SystemClock, seconds: float) -> None:
        slept[0] += seconds
        chain("evm_setNextBlockTimestamp", now(clock) - 1 + max(1, round(seconds)))
        chain("evm_mine")

    SystemClock.now = now  # type: ignore[method-assign]
    SystemClock.sleep = sleep  # type: ignore[method-assign]
    SystemClock.monotonic = lambda clock: monotonic(clock) + slept[0]  # type: ignore[method-assign]


@cache
def _sealed_key() -> str:
    """Return the account's key file; made once, for the derivation takes a second."""
    signer = SimSigner(SEED)
    return keystore.sealed(wallet_key(SEED), signer.address, PASSWORD, os.urandom)


def key_file(folder: Path) -> dict[str, str]:
    """Write the key file, and the password as systemd would hand it over; return the settings of both."""
    path, credentials = folder / "key.json", folder / "credentials"
    path.touch(0o600)
    path.write_text(_sealed_key())
    credentials.mkdir(mode=0o700)
    (credentials / "mammon-password").write_bytes(PASSWORD)
    return {"MAMMON_SIGNER__KEYSTORE": str(path), "CREDENTIALS_DIRECTORY": str(credentials)}


def _unsigned(asked: Mapping[str, str]) -> Unsigned:
    def number(name: str) -> int:
        return int(asked[name], 16)

    return Unsigned(
        number("chainId"),
        number("nonce"),
        Wei(number("maxPriorityFeePerGas")),
        Wei(number("maxFeePerGas")),
        number("gas"),
        Address(asked["to"]),
        Wei(number("value")),
        bytes.fromhex(asked["data"][2:]),
    )
