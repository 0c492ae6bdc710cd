"""Laws of the stage: a fault is its seed, the dead do nothing, and a calm world is a plain one."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from mammon.core.types import Call
from mammon.errors import MammonError, PersonNeededError
from mammon.net.deadline import Deadline
from mammon.sim.faults import KINDS, Crash, Fault, Stage, drawn
from mammon.sim.faults.onchain import ForeignUse, Reorganised
from mammon.sim.faults.process import DiesWriting, DiskFull
from mammon.sim.faults.sending import RefusedButTaken, Swallowed
from mammon.sim.faults.transport import Hang
from mammon.sim.node import SimNode
from mammon.sim.world import SimWorld
from tests.sim.lab import Lab

ASKED = [
    {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": ["latest", False]},
    {"jsonrpc": "2.0", "id": 2, "method": "eth_getBlockByNumber", "params": ["safe", False]},
    {"jsonrpc": "2.0", "id": 3, "method": "eth_chainId", "params": []},
]


def stage_with(*faults: Fault, seed: int = 42, endpoints: int = 2) -> Stage:
    stage = Stage(SimWorld(seed), endpoints)
    stage.play(faults)
    return stage


def asked(stage: Stage, body: Any, place: int = 0) -> Any:
    node = stage.endpoints[place]
    return json.loads(node.exchange(json.dumps(body).encode(), Deadline(5.0, stage.clock.monotonic)))


def sent(stage: Stage, raw: bytes, place: int = 0) -> Any:
    call = {"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": ["0x" + raw.hex()]}
    return asked(stage, call, place)


class Notes:
    """A journal of one method."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    def saw(self, what: str) -> None:
        self.kept.append(what)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_fault_is_its_seed_and_leaves_a_plain_world(name: str) -> None:
    """Drawn twice from one seed it is the same; taken away, endpoints answer as a plain node does."""
    fault = KINDS[name](Random(5))
    assert str(fault) == str(KINDS[name](Random(5)))
    assert str(fault).startswith(name)
    stage = stage_with(fault)
    for _ in range(40):
        try:
            asked(stage, ASKED)
            stage.clock.sleep(20)
        except (MammonError, Crash, ValueError):
            stage.restart()
    stage.calm()
    stage.restart()
    assert (stage.chain.includes, stage.stops, stage.faults) == (True, {}, ())
    assert stage.chain.surge(stage.chain.head + 1) == (1, 1)
    plain = SimNode(stage.world)
    told = asked(stage, ASKED)
    assert told == json.loads(plain.exchange(json.dumps(ASKED).encode(), Deadline(5.0)))
    assert stage.clock.now() == stage.world.time


def test_drawing_takes_each_kind_once() -> None:
    """A schedule's faults differ, and the seed alone says which they are."""
    names = [fault.name for fault in drawn(Random(1), 12)]
    assert len(set(names)) == 12
    assert names == [fault.name for fault in drawn(Random(1), 12)]
    assert [fault.name for fault in drawn(Random(1), 3, ("hang",))] == ["hang"]


def test_the_dead_do_nothing() -> None:
    """Once a fault has ended the process, nothing of it reaches wire, disk or signer until the next one."""
    dies = DiesWriting(Random(0))
    dies.method, dies.nth, dies.times, dies.after = "", 1, 1, True
    stage, notes = stage_with(dies), Notes()
    journal = stage.guarded(notes)
    with pytest.raises(Crash):
        journal.saw("first")
    for act in (
        lambda: journal.saw("second"),
        lambda: asked(stage, ASKED),
        lambda: stage.signed(lambda: b"signature"),
        lambda: stage.clock.sleep(1.0),
    ):
        with pytest.raises(Crash):
            act()
    assert notes.kept == ["first"]
    stage.restart()
    journal.saw("third")
    assert notes.kept == ["first", "third"]


def test_a_full_disk_keeps_nothing() -> None:
    """The write fails before anything of it is there."""
    full = DiskFull(Random(0))
    full.nth, full.times = 1, 1
    stage, notes = stage_with(full), Notes()
    with pytest.raises(PersonNeededError):
        stage.guarded(notes).saw("first")
    assert notes.kept == []


def test_a_hang_takes_the_whole_deadline() -> None:
    """Waiting for an answer that never comes costs simulated time, and no more than was allowed."""
    hang = Hang(Random(0))
    hang.at, hang.method, hang.nth, hang.times = -1, "", 1, 1
    stage = stage_with(hang)
    before = stage.clock.monotonic()
    with pytest.raises(MammonError):
        asked(stage, ASKED)
    assert stage.clock.monotonic() - before == pytest.approx(5.0)


def test_what_is_said_of_a_broadcast_is_no_evidence() -> None:
    """Swallowed: a hash and nothing in the pool. Refused but taken: an error, and it is mined."""
    for kind, waits in ((Swallowed, False), (RefusedButTaken, True)):
        fault = kind(Random(0))
        fault.at, fault.nth, fault.times = -1, 1, 1
        stage = stage_with(fault)
        lab = Lab(world=stage.world)
        told = sent(stage, lab.raw(Call(lab.owner, b""), gas=21_000))
        assert ("error" in told) is waits
        assert bool(len(stage.chain.mempool)) is waits


def test_a_reorganisation_waits_for_ours() -> None:
    """It strikes when the nth transaction of ours is as deep as it reaches, once."""
    fault = Reorganised(Random(0))
    fault.depth, fault.nth = 2, 1
    stage = stage_with(fault)
    lab = Lab(world=stage.world)
    stage.clock.sleep(60)
    sent(stage, lab.raw(Call(lab.owner, b""), gas=21_000))
    stage.clock.sleep(2)
    assert len(stage.chain.mined) == 1
    stage.clock.sleep(2)
    assert not stage.chain.mined
    sent(stage, lab.raw(Call(lab.owner, b""), gas=21_000))
    stage.clock.sleep(20)
    assert len(stage.chain.mined) == 1


def test_foreign_use_of_the_key_is_mined() -> None:
    """Somebody else's transaction takes our next nonce."""
    fault = ForeignUse(Random(0))
    fault.from_s = 4
    stage = stage_with(fault)
    stage.clock.sleep(10)
    assert stage.chain.slots[("nonce", stage.world.wallet)] == 1


def test_a_soft_venue_succeeds_without_effect() -> None:
    """While it is soft a deposit is mined with status 1 and moves nothing."""
    fault = KINDS["error_without_revert"](Random(1))
    fault.nth, fault.from_s, fault.for_s = 0, 0, 60  # type: ignore[attr-defined]
    stage = stage_with(fault)
    lab = Lab(world=stage.world)
    stage.clock.sleep(4)
    before = lab.usdc()
    assert [receipt["status"] for receipt in lab.supply("steakhouse-usdc", 1_000_000)] == ["0x1", "0x1"]
    assert lab.usdc() == before
    stage.clock.sleep(80)
    assert [receipt["status"] for receipt in lab.supply("steakhouse-usdc", 1_000_000)] == ["0x1", "0x1"]
    assert lab.usdc() == before - 1_000_000
