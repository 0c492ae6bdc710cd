"""`python -m tests.chain.build`: build the test chain into the cache, or say that it is there.

Fetch, verify, compile, deploy, populate, dump. Two builds from the same inputs give the same bytes.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from pathlib import Path
from typing import Any

from eth_utils import to_checksum_address

from tests.chain.deploy import aave30, aave36, common, moonwell, morpho
from tests.chain.deploy.book import Book
from tests.chain.lab import ACCOUNTS, STATE, Lab
from tests.chain.node import Node
from tests.chain.packages import LIST, NPM_FILES
from tests.chain.places import ROOT, UnavailableError, built, digest
from tests.chain.populate import populate
from tests.chain.scenario import Scenario

START = 1_767_225_600
"""The first block's time, fixed so that builds agree: 2026-01-01."""


def inputs() -> list[Path]:
    """Return every file the chain's state is made from."""
    code = (
        "artifacts",
        "compiled",
        "contract",
        "rpc",
        "scenario",
        "aave",
        "moonwell",
        "morpho",
        "populate",
        "build",
        "lab",
    )
    files = [ROOT / f"{name}.py" for name in code] + list((ROOT / "deploy").glob("*.py"))
    return [*files, *NPM_FILES, LIST, ROOT / "compile.js", *(ROOT / "solidity").rglob("*.sol")]


def lab() -> Lab:
    """Return the lab, built if the cache has none for these inputs."""
    return Lab.load(built(f"lab-{digest(inputs())}", _build))


def _build(work: Path) -> None:
    node = Node("--timestamp", str(START))
    try:
        node.rpc("anvil_setBlockTimestampInterval", 1)
        made = deploy(node, work)
        state = _slim(json.loads(gzip.decompress(bytes.fromhex(node.rpc("anvil_dumpState")[2:]))))
        (work / STATE).write_text(json.dumps(state, separators=(",", ":"), sort_keys=True))
        made.save(work)
    finally:
        node.stop()


def deploy(node: Node, directory: Path) -> Lab:
    """Deploy and populate everything on an empty node."""
    unlocked = [to_checksum_address(address) for address in node.rpc("eth_accounts")]
    accounts = dict(zip(ACCOUNTS, unlocked, strict=True))
    book = Book(node.rpc, accounts["admin"])
    tokens = common.tokens(book)
    common.predeploys(book)
    common.vaults(book, tokens.usdc)
    aave30.deploy(book, tokens)
    aave36.deploy(book, tokens, accounts["treasury"])
    markets = morpho.deploy(book, tokens, accounts["fees"])
    moonwell.deploy(book, tokens)
    made = Lab(book.addresses, book.kinds, book.abis, markets, accounts, 0, directory / STATE)
    scenario = Scenario(made, node.rpc)
    populate(scenario)
    return Lab(book.addresses, book.kinds, book.abis, markets, accounts, scenario.now, made.state)


def _slim(state: dict[str, Any]) -> dict[str, Any]:
    """Drop the history: no transactions, and of the blocks only the last (one must remain)."""
    last = max(int(block["header"]["number"], 16) for block in state["blocks"])
    kept = [block for block in state["blocks"] if int(block["header"]["number"], 16) == last]
    return {**state, "transactions": [], "blocks": [{**block, "transactions": []} for block in kept]}


def main() -> int:
    """Build, or explain why not."""
    began = time.monotonic()
    try:
        made = lab()
    except UnavailableError as error:
        print(f"the test chain cannot be built: {error}", file=sys.stderr)
        return 1
    size, seconds = made.state.stat().st_size, time.monotonic() - began
    print(f"{made.state.parent}: {len(made.addresses)} contracts, {size} bytes, {seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
