"""A real node with money on it, two providers and a signer in front, and the command line that acts there.

A command is a fork of this process whose time is the node's: its waits mine blocks instead of passing, so
that a whole move with all its settling takes half a second. Nothing else of it is replaced. Or it is the
installed program with a key file, in real time, on a chain whose blocks come every second.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mammon.core.types import Address
from tests.chain.chainfile import SLUGS, write_chain_file
from tests.chain.lab import Lab
from tests.chain.node import LOCAL_CHAIN_ID, Node, loaded
from tests.chain.populate import MILLION, USD
from tests.chain.proxy import Provider, providers
from tests.chain.scenario import ETHER, Scenario
from tests.flows.forked import Child, start
from tests.flows.runner import Ended
from tests.net.servers import Server
from tests.reliability.kill_commands import PATIENCE_S, Installed, RemoteSigner, key_file, on_node_time

ROOT = Path(__file__).resolve().parents[2]
HELD = 900 * USD
BLOCK_S = 2
MARKETS = ("aave-30", "aave-36")
POLICY = {"MAMMON_POLICY__MAX_GAS_USD": "0.50"}


@dataclass
class KillWorld:
    """Everything one schedule of kills needs."""

    node: Node
    chain: Scenario
    providers: list[Provider]
    remote: RemoteSigner
    folder: Path
    environment: dict[str, str]
    installed: bool = False
    began: int = 0
    """The chain's time when everything was in its place."""
    starts: int = 0

    @property
    def owner(self) -> Address:
        """The account."""
        return self.remote.signer.address

    def start(self, *words: str) -> Child | Installed:
        """Start a command as a process of its own."""
        self.starts += 1
        if self.installed:
            return self._launched(str(Path(sys.executable).with_name("mammon")), *words)
        port = self.node.port
        return start(
            self.folder / f"run-{self.starts}", self.environment, *words, before=lambda: on_node_time(port)
        )

    def traced(self, options: Sequence[str], *words: str) -> Installed:
        """Start a command, on the node's time, under strace with these options."""
        program = [sys.executable, "-B", "-m", "tests.reliability.kill_main", str(self.node.port)]
        return self._launched("strace", "-f", "-qq", *options, *program, *words)

    def _launched(self, *command: str) -> Installed:
        return Installed(
            subprocess.Popen(
                command, env=self.environment, cwd=ROOT, text=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )
        )  # fmt: skip

    def ran(self, *words: str) -> Ended:
        """Run a command to its end."""
        return self.start(*words).wait(PATIENCE_S)

    def money(self) -> dict[str, int]:
        """Return where the account's units are, as the node has it at one block."""
        pools = {"aave-30": self.chain.aave30, "aave-36": self.chain.aave36}
        while True:
            block = self.chain.block
            held = {slug: int(pool.a_token.call("balanceOf", self.owner)) for slug, pool in pools.items()}
            found = {"idle": self.chain.balance(self.owner), **held}
            if self.chain.block == block:  # none was mined meanwhile
                return found

    def count(self) -> int:
        """Return how many transactions the account has mined."""
        return int(self.chain.rpc("eth_getTransactionCount", self.owner, "latest"), 16)

    def allowance(self) -> int:
        """Return what venues may still take, together."""
        pools = (self.chain["aave30.pool"], self.chain["aave36.pool"])
        return sum(int(self.chain["usdc"].call("allowance", self.owner, pool.address)) for pool in pools)

    def mine(self, blocks: int) -> None:
        """Let blocks pass while no command runs."""
        if self.installed:
            time.sleep(blocks)
            return
        for _ in range(blocks):
            self.chain.mine_at(self.chain.now + BLOCK_S)


@contextlib.contextmanager
def kill_world(
    lab: Lab, folder: Path, *, held: int = HELD, installed: bool = False, slugs: Sequence[str] = MARKETS
) -> Iterator[KillWorld]:
    """Run a node with an account whose money is in the worst of the venues it knows."""
    node = loaded(lab.state, lab.timestamp, chain_id=LOCAL_CHAIN_ID)
    remote = RemoteSigner()
    with contextlib.ExitStack() as stack:
        stack.callback(node.stop)
        made = stack.enter_context(providers(node.port))
        signing = Server(remote.serve)
        stack.callback(signing.close)
        chain = Scenario(lab, node.rpc)
        _furnish(chain, remote.signer.address, held)
        _set_time(chain, installed)
        home = folder / "home"
        home.mkdir(mode=0o700, parents=True)
        markets = {slug: SLUGS[slug] for slug in slugs}
        where = write_chain_file(folder / "chain.toml", lab, made[0].url, markets, LOCAL_CHAIN_ID)
        environment = {
            "HOME": str(home),
            "MAMMON_HOME": str(home),
            "MAMMON_MODE": "live",
            "MAMMON_CHAIN_FILE": str(where),
            "MAMMON_ACCOUNT": remote.signer.address,
            "MAMMON_RPC__URLS": ",".join(provider.url for provider in made),
            "MAMMON_PHASE": "limited",
            "PATH": os.environ.get("PATH", ""),
            **POLICY,
            **(key_file(folder) if installed else {"MAMMON_SIGNER__URL": signing.url}),
        }
        world = KillWorld(node, chain, made, remote, folder, environment, installed, chain.now)
        told = world.ran("phase", "acknowledge", "--json")
        if told.code:
            raise RuntimeError(told.err)
        environment["I_UNDERSTAND_LIVE_RISK"] = told.data["token"]
        yield world


def _furnish(chain: Scenario, owner: str, held: int) -> None:
    """Put the money into the one venue, and let the other pay much more."""
    whale = chain.account("whale")
    chain.feed("eth_usd", 3000 * 10**8)
    chain.feed("usdc_usd", 10**8)
    chain.aave30.utilise(40 * MILLION, 12 * MILLION)
    chain.aave36.utilise(60 * MILLION, 50 * MILLION)
    chain["aave30.pool"].send("supply", chain["usdc"].address, held, owner, 0, sender=whale)
    chain.fund(owner, wei=ETHER)


def _set_time(chain: Scenario, installed: bool) -> None:
    """Let the node's time be the machine's, a block a second; else what commands make of it."""
    if installed:
        chain.follow(int(time.time()) - 60)
    for _ in range(8):  # the fee history forgets what the node's own accounts tipped
        chain.mine_at(chain.now + (1 if installed else BLOCK_S))
    if installed:
        chain.mine_at(int(time.time()))
        chain.rpc("evm_setIntervalMining", 1)
    else:
        chain.rpc("evm_setAutomine", False)
