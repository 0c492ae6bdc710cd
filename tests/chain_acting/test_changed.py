"""Laws of changed code on a way home: every endpoint tells the same of it, or nothing is signed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from mammon.chain.code import fingerprint
from mammon.chain.evidence import Pin
from mammon.core.names import Hash32
from mammon.errors import OutsideError, RefusedError
from tests.chain_acting.desk import MARKETS, USDC, Desk

VENUE = MARKETS["aave-v3"]
OTHER = Hash32("0x" + "11" * 32)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return entered(Desk(tmp_path / "world", endpoints=2))


def entered(desk: Desk) -> Desk:
    """Put everything into a venue, and have it remembered as other code than it is."""
    desk.legs.execute(desk.decision("idle", "aave-v3"))
    remember(desk, desk.pins.pins[VENUE.id.address])
    return desk


def remember(desk: Desk, pin: Pin) -> None:
    desk.pins.pins[pin.address] = dataclasses.replace(pin, code=OTHER)


def refused(desk: Desk, source: str = "aave-v3", target: str = "idle") -> str:
    with pytest.raises(RefusedError) as caught:
        desk.legs.execute(desk.decision(source, target))
    desk.clock.sleep(30)
    return caught.value.code


def test_money_leaves_it(desk: Desk) -> None:
    """All of it; what it rested on is logged, and the pin is as it was."""
    now = fingerprint(desk.rpc, VENUE.id.address, desk.soon())
    desk.legs.execute(desk.decision("aave-v3", "idle"))
    assert desk.held("aave-v3") == 0
    assert desk.pins.log == [now]
    assert desk.pins.pins[VENUE.id.address].code == OTHER


def test_known_code_is_not_logged(tmp_path: Path) -> None:
    """A way home from what is as it was rests on its pin."""
    desk = Desk(tmp_path / "world")
    desk.legs.execute(desk.decision("idle", "aave-v3"))
    desk.legs.execute(desk.decision("aave-v3", "idle"))
    assert desk.pins.log == []


def test_a_move_does_not(desk: Desk) -> None:
    """Only what leads home: whoever chases a rate out of changed code waits for a person."""
    assert refused(desk, "aave-v3", "plain-vault") == "code_changed"


def test_another_policy_does_not(tmp_path: Path) -> None:
    """Where dangers are only told, nothing rests on what changed."""
    assert refused(entered(Desk(tmp_path / "world", leaving=False))) == "code_changed"


def test_one_endpoint_s_word_is_not_enough(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they differ it stays, and so it does where all tell other code than the reading did."""
    from mammon.chain import changed

    def differ(*_: object) -> Pin:
        raise OutsideError("code", "endpoints do not agree", "try again")

    monkeypatch.setattr(changed, "fingerprint", differ)
    assert refused(desk) == "code_changed"
    monkeypatch.setattr(changed, "fingerprint", lambda _rpc, address, _deadline: Pin(address, OTHER, OTHER))
    assert refused(desk) == "code_changed"
    assert desk.pins.log == []


def test_the_asset_is_its_own_witness(desk: Desk) -> None:
    """Its changed code is taken for nothing."""
    desk.pins.pins[VENUE.id.address] = fingerprint(desk.rpc, VENUE.id.address, desk.soon())
    remember(desk, desk.pins.pins[USDC.address])
    assert refused(desk) == "code_changed"
