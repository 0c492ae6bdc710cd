"""The test chain itself: what it promises to the tests that stand on it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chain.fixtures import excused
from tests.chain.lab import Lab
from tests.chain.node import CHAIN_ID, Node, loaded
from tests.chain.packages import packages, run, verify
from tests.chain.places import CACHE, ENVIRONMENT, ROOT, UnavailableError, built
from tests.chain.scenario import USD, Scenario

pytestmark = pytest.mark.chain


def test_the_cache_lies_outside_the_repository() -> None:
    """Packages, bytecode and state never land where they could be committed."""
    assert ROOT.parents[1] not in CACHE.parents


def test_the_lock_file_names_no_registry() -> None:
    """`npm ci` asks whichever registry is configured; contents are pinned by integrity."""
    text = (ROOT / "package-lock.json").read_text()
    assert '"resolved"' not in text
    assert text.count('"integrity"') == text.count('"node_modules/')


def test_a_tarball_with_other_bytes_is_refused() -> None:
    """What is unpacked is what `packages.toml` names."""
    package = packages()["viem"]
    with pytest.raises(ValueError, match="expected sha512"):
        verify(b"other bytes", package)
    verify(b"", replace(package, integrity="sha512-" + _EMPTY))


_EMPTY = "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="


def test_a_failed_build_leaves_nothing_behind() -> None:
    """A directory of the cache is whole or absent."""

    def fail(work: object) -> None:
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        built("broken", fail)
    assert not list(CACHE.glob("*broken*/"))
    (CACHE / ".broken.lock").unlink()


def test_a_missing_node_is_a_reason_to_skip_and_in_ci_to_fail() -> None:
    """Locally the rest of the suite goes on; in CI an untested contract is a failure."""
    with pytest.raises(pytest.skip.Exception, match="npm is not installed"):
        excused("npm is not installed", {})
    with pytest.raises(pytest.fail.Exception, match="npm is not installed"):
        excused("npm is not installed", {"CI": "1"})


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The reason says what to install."""
    with pytest.raises(UnavailableError, match="mammon-no-such-program is not installed"):
        run(["mammon-no-such-program"], tmp_path)


def test_the_chain_is_populated(chain: Scenario) -> None:
    """Every venue starts in everyday use."""
    assert int(chain.rpc("eth_chainId"), 16) == CHAIN_ID
    for pool in (chain.aave30, chain.aave36):
        assert pool.debt() > 0
        assert 0.02 < pool.rate() / 10**27 < 0.06
    assert chain.morpho.borrow_rate("weth") > chain.morpho.borrow_rate("weth_low") > 0
    assert chain["vault_main"].call("totalAssets") >= 25_000_000 * USD
    assert chain["multicall3"].address == "0xcA11bde05977b3631167028862bE2a173976CA11"
    assert chain["gas_price_oracle"].call("baseFeeScalar") == 2269


def test_blocks_are_a_second_apart_and_time_moves_only_on_request(chain: Scenario) -> None:
    """No test depends on how long it runs."""
    start = chain.now
    chain.fund(chain.account("alice"), usdc=1)
    assert chain.now == start + 1
    chain.warp(86_400)
    assert chain.now == start + 86_401
    chain.next_at(start + 100_000)
    chain.fund(chain.account("alice"), usdc=1)
    assert chain.now == start + 100_000


def test_what_a_test_does_is_undone(chain: Scenario) -> None:
    """Two tests on one node do not see each other: balance and time come back."""
    before = chain.now, chain.balance(chain.account("alice"))
    with chain.undone():
        chain.fund(chain.account("alice"), usdc=5)
        chain.warp(1000)
        assert chain.balance(chain.account("alice")) == before[1] + 5
    assert (chain.now, chain.balance(chain.account("alice"))) == before
    chain.fund(chain.account("alice"), usdc=5)
    assert chain.now == before[0] + 1


def test_the_chain_can_follow_the_wall_clock(chain: Scenario) -> None:
    """For the real command line: a fresh head, rates as they were, and time that runs by itself."""
    now = chain.now + 300 * 86_400
    chain.follow(now)
    try:
        assert now <= chain.now <= now + 10
        assert 0.02 < chain.morpho.borrow_rate("weth") * 31_536_000 / 10**18 < 0.5
        begun = chain.now
        time.sleep(1.1)
        chain.fund(chain.account("alice"), usdc=1)
        assert begun < chain.now <= begun + 5
    finally:
        chain.unfollow()


def test_a_node_dies_with_its_parent(lab: Lab) -> None:
    """A killed test run leaves no node behind."""
    code = (
        "import sys; from pathlib import Path; from tests.chain.node import loaded;"
        f"node = loaded(Path({str(lab.state)!r}), {lab.timestamp});"
        "print(node.pid, flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT.parents[1], env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with child:
        assert child.stdout is not None
        pid = int(child.stdout.readline())
        os.kill(pid, 0)
        child.kill()
    limit = time.monotonic() + 5
    while _alive(pid) and time.monotonic() < limit:
        time.sleep(0.01)
    assert not _alive(pid)


def test_a_stopped_node_is_gone(lab: Lab) -> None:
    """`stop` ends the process and may be repeated."""
    node: Node = loaded(lab.state, lab.timestamp)
    node.stop()
    node.stop()
    assert not _alive(node.pid)


def _alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
