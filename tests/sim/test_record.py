"""A world is its recording: the same seed gives the same bytes, in any process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.core.numbers import Units, Wei
from mammon.core.types import Address, All, Call
from mammon.sim.processes import OPENING_BLOCK
from mammon.sim.record import Recording
from mammon.sim.world import SimWorld
from tests.sim.lab import SLUGS, Lab, succeeded

NOTHING = Call(Address("0x000000000000000000000000000000000000dEaD"), b"")


def day_of_reads(seed: int) -> str:
    """Return the hash of everything read in a simulated day with a deposit and a withdrawal in it."""
    lab = Lab(seed)
    digest = hashlib.sha256()
    for hour in range(24):
        if hour == 3:
            assert succeeded(lab.supply("aave-fork", 5_000_000_000))
        if hour == 17:
            lab.withdraw("aave-fork", All(lab.position("aave-fork").shares))
        for slug in SLUGS:
            digest.update(canonical.dumps(lab.state(slug)))
        digest.update(repr(lab.ask("eth_getBlockByNumber", "latest", True)).encode())
        digest.update(repr(lab.ask("eth_feeHistory", "0x5", "latest", [50])).encode())
        lab.clock.sleep(3_600)
    return digest.hexdigest()


@pytest.mark.parametrize("hash_seed", ["0", "1234"])
def test_the_same_seed_gives_the_same_bytes_in_another_process(hash_seed: str) -> None:
    """A day of reads hashes the same here and in processes whose sets and dicts are ordered otherwise."""
    code = "from tests.sim.test_record import day_of_reads; print(day_of_reads(5))"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment)
    assert run.stdout.decode().strip() == day_of_reads(5)


def test_the_same_bytes_on_every_machine() -> None:
    """Pinned: a change of this hash is a change of every recorded world, and is told as such."""
    world = SimWorld(42)
    world.advance(3_600)
    assert world.chain.block_hash(world.chain.head).hex()[:16] == "a0592837bdf401d1"
    slots, deployed = world.chain.slots, world.chain.deployed
    rates = [slots[pool.key("reserve")].liquidity_rate for pool, _ in deployed.pools.values()]
    assert rates == [42202234299829006713324198, 34834925723441620171670235]
    markets = [slots[deployed.morpho.key("market", terms.slot)] for terms in deployed.markets]
    assert [market.rate_at_target for market in markets] == [1617530095, 1743793181, 1965554390, 0]
    money = sorted(value for key, value in slots.items() if key[:2] == (deployed.usdc.address, "balance"))
    assert money[2:5] == [10_000_000_000, 12_386_371_478_733, 24_883_877_418_735]


def test_other_seeds_are_other_worlds() -> None:
    """Two seeds share neither hashes nor rates nor wallets."""
    one, two = Lab(1), Lab(2)
    assert one.owner != two.owner
    assert one.state("aave-v3").curve != two.state("aave-v3").curve
    assert one.chain.block_hash(OPENING_BLOCK) != two.chain.block_hash(OPENING_BLOCK)


steps = st.lists(
    st.tuples(st.sampled_from(SLUGS), st.integers(0, 10**9), st.integers(0, 9_000)), min_size=1, max_size=5
)


@settings(max_examples=10, deadline=None)
@given(steps, st.integers(min_value=-5, max_value=10**9), st.integers(1, 10**12))
def test_a_rebuilt_world_is_the_same(moves: list[tuple[str, int, int]], seed: int, capital: int) -> None:
    """State, hashes, receipts and what is still waiting: all as they were, through JSON and back."""
    lab = Lab(seed, Units(capital))
    hashes = []
    for slug, amount, delay in moves:
        hashes += [entry["transactionHash"] for entry in lab.supply(slug, amount + 1)]
        lab.clock.sleep(delay)
    waiting = lab.send(NOTHING, tip=Wei(0), max_fee=Wei(1_000))
    recording = canonical.loads(Recording, canonical.dumps(lab.world.recording()))
    again = Lab(world=SimWorld.rebuild(recording))
    assert again.world.recording() == recording == lab.world.recording()
    assert again.chain.slots == lab.chain.slots
    for number in (OPENING_BLOCK, lab.chain.head - 1, lab.chain.head):
        assert again.chain.block_hash(number) == lab.chain.block_hash(number)
    for entry in hashes:
        told = again.ask("eth_getTransactionReceipt", entry)
        assert told == lab.ask("eth_getTransactionReceipt", entry)
        assert told["blockHash"] == again.ask("eth_getBlockByNumber", told["blockNumber"], False)["hash"]
    assert again.ask("eth_getTransactionByHash", waiting) == lab.ask("eth_getTransactionByHash", waiting)


def test_a_rebuilt_world_goes_on_as_the_first_would_have() -> None:
    """Stopping and rebuilding in the middle leaves no trace in what follows."""
    whole, broken = Lab(3), Lab(3)
    for lab in (whole, broken):
        assert succeeded(lab.supply("steakhouse-usdc", 4_000_000_000))
        lab.clock.sleep(1_000)
    broken = Lab(world=SimWorld.rebuild(broken.world.recording()))
    for lab in (whole, broken):
        assert succeeded([lab.withdraw("steakhouse-usdc", 1_000_000_000)])
        lab.clock.sleep(5_000)
    assert broken.chain.slots == whole.chain.slots
    assert broken.chain.block_hash(broken.chain.head) == whole.chain.block_hash(whole.chain.head)
    assert broken.clock.now() == whole.clock.now()


def test_a_hash_seen_in_one_process_is_found_in_the_next() -> None:
    """A block's hash alone is enough to find the block, also right after a rebuild."""
    lab = Lab(9)
    seen = lab.ask("eth_getBlockByNumber", hex(lab.chain.head - 700), False)["hash"]
    again = Lab(world=SimWorld.rebuild(lab.world.recording()))
    assert again.ask("eth_getBlockByHash", seen, False)["hash"] == seen
    assert again.ask("eth_getBlockByHash", seen[:-1] + ("0" if seen[-1] != "0" else "1"), False) is None
