"""Budgets that are counts: modules imported, HTTP requests made, candidates priced. No time is asserted.

The timed budgets are measured by `python -m tests.bench`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import localcontext
from pathlib import Path
from typing import Any

import pytest

from mammon.core import desk as desks
from mammon.core.decide import decide
from mammon.core.numbers import Units
from mammon.core.policy import Policy
from mammon.core.rates import CONTEXT
from mammon.core.types import Portfolio, Snapshot
from mammon.sim.wallet import wallet_address
from tests.bench.chains import write_chain_file
from tests.bench.served import ROOT, Served, served
from tests.bench.worlds import WORLDS

HEAVY = frozenset(
    {"web3", "eth_account", "eth_abi", "eth_utils", "httpx", "pydantic", "sqlite_utils", "rich", "asyncio"}
)
"""What no command needs without a terminal or an older database; each costs many times Python's start."""
SEED = 1
HELD = "steakhouse-usdc"

_LISTING = """
import atexit, sys
path, sys.argv = sys.argv[1], ["mammon", *sys.argv[2:]]
atexit.register(lambda: open(path, "w").write(" ".join(sys.modules)))
from mammon.__main__ import main
main()
"""


def variables(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a command: a home of its own, nothing of the caller's."""
    return {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **more}


def ended(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *command], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


def imported(home: Path, *words: str, **more: str) -> set[str]:
    """Run one command in a fresh interpreter and return the names of all modules it imported."""
    listing = home / "modules"
    ended(["-c", _LISTING, str(listing), *words], variables(home, **more))
    return set(listing.read_text().split())


@pytest.fixture(scope="module")
def used_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in whose simulated world a decision was made; the decision's document lies in it."""
    home = tmp_path_factory.mktemp("used")
    done = ended(["-m", "mammon", "gates", "--mode", "mock", "--json"], variables(home))
    (home / "decision.json").write_text(done.stdout)
    return home


# --- modules (P1, P2, P3) ------------------------------------------------------------------------


def test_the_version_imports_nothing_of_the_program(tmp_path: Path) -> None:
    """P1: `--version` is answered by two files of the package, and one of them is its `__init__`."""
    ours = {name for name in imported(tmp_path, "--version") if name.split(".")[0] == "mammon"}
    assert ours == {"mammon", "mammon.__main__"}


@pytest.mark.parametrize("words", [("--help",), ("scan", "--help"), ("config", "--help")], ids=" ".join)
def test_help_is_text_that_lies_ready(tmp_path: Path, words: tuple[str, ...]) -> None:
    """P2: no help of the program or of a command imports a command, a parser or a number."""
    found = imported(tmp_path, *words)
    assert found.isdisjoint(HEAVY | {"typer", "click", "decimal", "mammon.config", "mammon.core"})


LOCAL = (
    ("status", "--mode", "mock"),
    ("explain", "--mode", "mock"),
    ("config", "show"),
    ("schema", "scan"),
    ("replay", "-i", "decision.json"),
)


@pytest.mark.parametrize("words", LOCAL, ids=lambda words: words[0])
def test_local_commands_import_no_heavy_library(used_home: Path, words: tuple[str, ...]) -> None:
    """P3: commands that read what is here reach for no network, no chain library and no pretty printer."""
    located = [str(used_home / word) if word.endswith(".json") else word for word in words]
    found = imported(used_home, *located)
    assert found.isdisjoint(HEAVY | {"ssl", "tomli_w", "coincurve", "concurrent.futures"})


@pytest.mark.parametrize("words", [("scan",), ("gates",), ("run", "--cycles", "1")], ids=" ".join)
def test_the_simulated_world_imports_no_heavy_library(tmp_path: Path, words: tuple[str, ...]) -> None:
    """What decides and looks without a network needs none of the heavy libraries either."""
    assert imported(tmp_path, *words, "--mode", "mock").isdisjoint(HEAVY | {"ssl"})


NOT_TO_LOOK = frozenset(
    {
        "mammon.chain.legs",
        "mammon.core.decide",
        "mammon.core.fills",
        "mammon.core.flows",
        "mammon.core.plan",
        "mammon.core.txstate",
        "mammon.engine.cycle",
        "mammon.engine.paper",
        "mammon.ops.lock",
        "mammon.ops.stops",
        "mammon.reporting.tables",
        "mammon.state.audit",
        "mammon.state.decisions",
        "mammon.state.journal",
        "mammon.state.moves",
        "importlib.resources",
        "random",
        "tenacity",
    }
)
"""What who only looks at the market has no need of: to decide, to carry out, to draw, to try again."""


def test_a_scan_of_a_chain_imports_what_looking_takes(tmp_path: Path, endpoint: Served) -> None:
    """P4: a scan imports the network, and nothing that decides, carries out, or draws tables."""
    chain = write_chain_file(tmp_path / "chain.toml", endpoint.url)
    found = imported(tmp_path, "scan", "--mode", "paper", "--json", MAMMON_CHAIN_FILE=str(chain))
    assert "mammon.net.http" in found
    assert sorted(found & (HEAVY | NOT_TO_LOOK)) == []


# --- requests (P5, P9) ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Served]:
    """The simulated chain over HTTP; its wallet holds vault shares beside its cash."""
    with served(seed=SEED, hold=HELD) as found:
        yield found


def paper(home: Path, endpoint: Served, *words: str) -> list[dict[str, Any]]:
    """Run a command on the real-chain path and return its documents."""
    chain = write_chain_file(home / "chain.toml", endpoint.url)
    command = ["-m", "mammon", *words, "--mode", "paper", "--json"]
    done = ended(command, variables(home, MAMMON_CHAIN_FILE=str(chain)))
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_steady_scan_is_one_request(tmp_path: Path, endpoint: Served) -> None:
    """P5: what the first scan learnt makes every later one a single HTTP request, all at one block."""
    paper(tmp_path, endpoint, "scan")
    endpoint.reset()
    (document,) = paper(tmp_path, endpoint, "scan")
    assert endpoint.requests == 1
    assert document["data"]["requests"] == 1
    assert document["errors"] == []


def test_a_steady_scan_with_a_held_position_is_one_request(tmp_path: Path, endpoint: Served) -> None:
    """P5: so it is with an account, whose balances and vault shares are read and valued in the same one."""
    account = ("--account", wallet_address(SEED))
    paper(tmp_path, endpoint, "scan", *account)
    endpoint.reset()
    (document,) = paper(tmp_path, endpoint, "scan", *account)
    assert endpoint.requests == 1
    (position,) = document["data"]["portfolio"]["positions"]
    assert position["slug"] == HELD
    assert int(position["assets"]) > 0
    assert document["errors"] == []


def test_an_idle_cycle_is_one_request(tmp_path: Path, endpoint: Served) -> None:
    """P9: a cycle of `run` that holds asks the chain once."""
    paper(tmp_path, endpoint, "scan")
    endpoint.reset()
    cycles = paper(tmp_path, endpoint, "run", "--cycles", "2", "--interval", "1s")
    assert len(cycles) == 2
    assert endpoint.requests == 2


# --- endpoints (P17) -----------------------------------------------------------------------------


def test_an_endpoint_that_failed_is_passed_over_by_the_next_command(tmp_path: Path) -> None:
    """P17: what one command learnt of an endpoint is not paid for again while that endpoint rests."""
    with served(seed=SEED) as limited, served(seed=SEED) as well:
        limited.set(status=429)
        chain = write_chain_file(tmp_path / "chain.toml", limited.url, well.url)
        command = ["-m", "mammon", "scan", "--mode", "paper", "--json"]
        for _ in range(3):
            ended(command, variables(tmp_path, MAMMON_CHAIN_FILE=str(chain)))
        assert limited.requests == 1


# --- candidates (P10) ----------------------------------------------------------------------------


def priced(snapshot: Snapshot, portfolio: Portfolio, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Decide, and return how often a pair was priced and how often gates were asked."""
    count: Counter[str] = Counter()
    move, judge = desks.Desk.move, desks.judge

    def counted_move(*arguments: Any) -> Any:
        count["priced"] += 1
        return move(*arguments)

    def counted_judge(*arguments: Any) -> Any:
        count["judged"] += 1
        return judge(*arguments)

    monkeypatch.setattr(desks.Desk, "move", counted_move)
    monkeypatch.setattr(desks, "judge", counted_judge)
    decide(snapshot, portfolio, Policy(), snapshot.block.timestamp + 2)
    return count


@pytest.mark.parametrize("world", WORLDS)
def test_bounds_spare_nearly_every_pair(world: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """P10: of 60 positions times 60 venues no more pairs are priced and judged than there are venues."""
    snapshot, portfolio = next(WORLDS[world](60, 1))
    count = priced(snapshot, portfolio, monkeypatch)
    assert count["priced"] <= 66
    assert count["judged"] <= 60


@pytest.mark.parametrize("world", WORLDS)
def test_a_verdict_settled_once_is_everybodys(world: str) -> None:
    """P10: what is judged once per decision is what each candidate's own judgement would have said."""
    snapshot, portfolio = next(WORLDS[world](12, 1))
    situation = snapshot, portfolio, Policy(), snapshot.block.timestamp + 2
    with localcontext(CONTEXT):
        desk = desks.Desk(*situation)
        for source in desk.sources:
            for target in desk.readings:
                alone = desks.Desk(*situation)
                judged = alone.judgement(alone.source(source.slug), target)
                assert desk.judgement(source, target) == judged


def test_what_pays_too_little_is_priced_and_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """P10: without bounds to go by (no venue's limit is near) gates are asked for proposals alone."""
    snapshot, portfolio = next(WORLDS["positions"](20, 1))
    small = [dataclasses.replace(held, assets=Units(10**9)) for held in portfolio.positions]
    count = priced(snapshot, dataclasses.replace(portfolio, positions=tuple(small)), monkeypatch)
    assert count["judged"] <= 20 < 20 * 19
