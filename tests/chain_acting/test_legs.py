"""Laws of carrying out a plan: amounts are measured, effects are proven, failures are not successes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from mammon.chain.calls import planned_calls
from mammon.core import abi
from mammon.core.numbers import Units
from mammon.core.types import Call
from mammon.errors import MalformedError, OutsideError, PersonNeededError, RefusedError
from mammon.protocols.abi import erc20, erc4626
from mammon.protocols.registry import VENUES
from tests.chain_acting.desk import MARKETS, USDC, Desk

WHOLE = 10_000 * 10**6


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "world")


def allowance(desk: Desk, slug: str) -> int:
    """Return what the venue may still take."""
    return desk.purse.effects.allowance(MARKETS[slug].spender, None, desk.soon())


def test_idle_money_goes_in_whole(desk: Desk) -> None:
    """What the wallet lost is what the venue shows, to its own rounding; gas is what it has less of."""
    native = desk.native
    outcome = desk.legs.execute(desk.decision("idle", "aave-v3"))
    assert (outcome.left, outcome.entered, desk.idle) == (WHOLE, WHOLE, 0)
    assert desk.held("aave-v3") >= WHOLE - 2
    assert outcome.gas == native - desk.native > 0
    assert len(outcome.transactions) == 2
    assert allowance(desk, "aave-v3") == 0
    assert desk.journal.open_slot() is None
    assert desk.journal.open_intents() == ()


@pytest.mark.parametrize(
    "source", ["aave-v3", "aave-fork", "steakhouse-usdc", "gauntlet-usdc", "plain-vault"]
)
def test_a_venue_is_emptied_by_its_own_form(source: str, desk: Desk) -> None:
    """Moving everything leaves nothing behind, interest of the meantime included, and deposits what came."""
    target = "aave-v3" if source != "aave-v3" else "aave-fork"
    desk.legs.execute(desk.decision("idle", source))
    desk.clock.sleep(86_400)
    outcome = desk.legs.execute(desk.decision(source, target))
    assert desk.held(source) == 0
    assert desk.held(target) >= outcome.entered - 2
    assert outcome.left >= outcome.entered == outcome.left - desk.idle


def test_a_part_leaves_the_rest(desk: Desk) -> None:
    """A partial withdrawal brings its amount and no more."""
    desk.legs.execute(desk.decision("idle", "aave-v3"))
    outcome = desk.legs.execute(desk.decision("aave-v3", "plain-vault", 4_000 * 10**6))
    assert outcome.entered == 4_000 * 10**6
    assert desk.held("aave-v3") >= 5_999 * 10**6


def test_a_deposit_the_venue_refuses_signs_nothing(desk: Desk) -> None:
    """The whole plan is rehearsed before its first signature: what would fail is refused, the money stays."""
    native = desk.native
    with pytest.raises(RefusedError, match="call 2 would fail") as caught:
        desk.legs.execute(desk.decision("idle", "aave-v3", WHOLE + 1))
    assert caught.value.code == "rehearsal_failed"
    assert (desk.idle, desk.native, desk.journal.next_nonce()) == (WHOLE, native, 0)


def test_d4_a_receipt_without_effect_is_not_success(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """D4: a deposit that succeeds and moves nothing is none: tried twice more, then parked, and said."""
    decision = desk.decision("idle", "plain-vault")
    vault = desk.world.chain.contracts[MARKETS["plain-vault"].id.address]
    real = vault.call

    def call(frame: Any, data: bytes) -> bytes:
        if data[:4] == erc4626.DEPOSIT and desk.journal.open_slot() is not None:
            return (0).to_bytes(32, "big")
        return bytes(real(frame, data))

    monkeypatch.setattr(vault, "call", call)
    with pytest.raises(RefusedError, match="idle in the wallet"):
        desk.legs.execute(decision)
    assert desk.idle == WHOLE
    assert allowance(desk, "plain-vault") == 0


def test_the_same_decision_is_carried_out_once(desk: Desk) -> None:
    """A decision handed in twice is one intent: the second time nothing is signed."""
    decision = desk.decision("idle", "aave-v3", 1_000 * 10**6)
    desk.legs.execute(decision)
    used = desk.journal.next_nonce()
    with pytest.raises(RefusedError, match="carried out before"):
        desk.legs.execute(decision)
    assert desk.journal.next_nonce() == used
    assert desk.idle == WHOLE - 1_000 * 10**6


def test_the_deposit_is_judged_anew_once_the_withdrawal_is_settled(desk: Desk) -> None:
    """What no longer pays is not entered: the money waits in the wallet, and is said to."""
    desk.legs.execute(desk.decision("idle", "aave-v3"))
    desk.refuse = "min_apy_gain"
    with pytest.raises(RefusedError, match=r"10,000\.00 USDC are idle in the wallet") as caught:
        desk.legs.execute(desk.decision("aave-v3", "plain-vault"))
    assert caught.value.code == "min_apy_gain"
    assert desk.idle >= WHOLE
    assert desk.journal.open_intents() == ()


def test_a_stop_ends_it_before_the_next_signature(desk: Desk) -> None:
    """A stop that appears between two legs stops what comes next; what is settled stays."""
    used: list[int] = []
    signer = desk.signer.sign

    def sign(unsigned: Any) -> bytes:
        used.append(unsigned.nonce)
        desk.stops.append("pause")
        return signer(unsigned)

    desk.signer.sign = sign  # type: ignore[method-assign]
    with pytest.raises(PersonNeededError, match="pause"):
        desk.legs.execute(desk.decision("idle", "aave-v3"))
    assert used == [0]


def test_nothing_to_carry_out_is_an_error(desk: Desk) -> None:
    """A hold has no plan."""
    decision = dataclasses.replace(desk.decision("idle", "aave-v3"), plan=None)
    with pytest.raises(MalformedError, match="no plan"):
        desk.legs.execute(decision)


def test_without_the_price_of_gas_nothing_is_begun(desk: Desk) -> None:
    """A ceiling in dollars needs a price: unknown is not zero and not yesterday's."""
    from mammon.core.types import Unread

    decision = desk.decision("idle", "aave-v3")
    unread = Unread("eth_usd", "timeout", "nobody answered")
    decision = dataclasses.replace(decision, snapshot=dataclasses.replace(decision.snapshot, eth_usd=unread))
    with pytest.raises(OutsideError, match="price of gas"):
        desk.legs.execute(decision)
    assert desk.journal.next_nonce() == 0


def test_planned_calls_name_their_contracts(desk: Desk) -> None:
    """Each call goes to the token or the venue, for the owner, with the planned amount."""
    decision = desk.decision("idle", "plain-vault", 5)
    assert decision.plan is not None
    approve, deposit = planned_calls(decision.plan, desk.world.wallet, VENUES, MARKETS, 0)
    market = MARKETS["plain-vault"]
    assert approve == Call(USDC.address, abi.encode_call(erc20.APPROVE, market.spender, 5))
    assert deposit == Call(market.id.address, abi.encode_call(erc4626.DEPOSIT, Units(5), desk.world.wallet))


def test_a_stop_in_the_middle_says_where_the_money_is(desk: Desk) -> None:
    """The kill switch appears once the withdrawal is settled: a person is told what lies where; the gate,
    which sees it first when it appears between the reading and the judgement, says no less."""
    desk.legs.execute(desk.decision("idle", "aave-v3"))
    real = desk.journal.close_slot

    def close(nonce: int, *rest: Any) -> None:
        real(nonce, *rest)
        desk.stops.append("kill_switch")

    desk.journal.close_slot = close  # type: ignore[method-assign]
    with pytest.raises(PersonNeededError) as caught:
        desk.legs.execute(desk.decision("aave-v3", "aave-fork"))
    assert caught.value.code == "kill_switch"
    assert "are idle in the wallet" in caught.value.message
    assert caught.value.hint == "take its file away"


def test_a_stop_that_the_gate_meets_needs_a_person(desk: Desk) -> None:
    """Set after the first question about stops and before the evidence was gathered: still exit 5."""
    asked = [0]

    def stops() -> tuple[str, ...]:
        asked[0] += 1
        return ("pause",) if asked[0] >= 2 else ()

    desk.purse = desk.sender.purse = dataclasses.replace(desk.purse, stops=stops)
    desk.legs.purse = desk.follower.purse = desk.recovery.purse = desk.purse
    with pytest.raises(PersonNeededError) as caught:
        desk.legs.execute(desk.decision("idle", "aave-v3"))
    assert caught.value.code == "pause"
    assert desk.journal.open_slot() is None
