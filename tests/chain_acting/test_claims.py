"""A claim on the money path: one leg that brings another token, proven by its events and balances."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from mammon.chain.commanded import Commanded
from mammon.chain.effects import STATE_BLOCKS
from mammon.chain.events import Event
from mammon.chain.receipts import Receipt
from mammon.core import abi
from mammon.core.claim import claim_plan
from mammon.core.numbers import Units
from mammon.core.plan import Outcome, Plan
from mammon.core.policy import Policy
from mammon.core.rewards import Owed
from mammon.core.transaction import decode_signed
from mammon.core.txstate import Effect, Mined
from mammon.core.types import Address
from mammon.errors import OutsideError, PersonNeededError, RefusedError
from mammon.protocols import merkl
from mammon.protocols.abi import erc20
from mammon.protocols.merkl import Grant
from mammon.sim.addresses import FEE_RECIPIENT
from tests.chain_acting.desk import PAYERS, USDC, Desk
from tests.chain_acting.test_bids import bid, errand

SLUG = "merkl-morpho"
OWED = 14 * 10**18
PAYER = PAYERS[SLUG]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "world")


def plan(desk: Desk) -> Plan:
    """Return the plan of a claim of what the tree grants now."""
    tree, head = desk.world.chain.deployed.paying.merkl, desk.world.chain.head
    path = tuple(tree.path("MORPHO", head, desk.world.wallet))
    grant = Grant(Units(tree.total("MORPHO", head)), path)
    return claim_plan(PAYER, Owed(SLUG, PAYER.token, grant.total, merkl.key(grant)))


def claimed(desk: Desk, what: Plan | None = None) -> Outcome:
    """Carry a claim out as the command does."""
    commanded = Commanded(desk.legs, Policy(), desk.purse.soon)
    return commanded.carry("claim", what or plan(desk), desk.legs.see().snapshot, 0)


def mined(desk: Desk) -> Mined:
    (slot,) = desk.journal.slots()
    assert slot.mined is not None
    return slot.mined


def test_what_came_is_measured_in_its_own_token(desk: Desk) -> None:
    """The outcome is what left the payer; nothing entered a venue, and no asset moved."""
    before = desk.legs.see().portfolio.idle
    done = claimed(desk)
    assert (done.source, done.left, done.entered, len(done.transactions)) == (SLUG, OWED, 0, 1)
    assert desk.legs.see().portfolio.idle == before
    (intent,) = desk.journal.intents()
    assert (intent.kind, intent.state, intent.decision) == ("claim", "done", "")
    assert desk.journal.moved_since(0) == 0


def test_the_same_grant_brings_nothing_twice(desk: Desk) -> None:
    """The rehearsal sees it: nothing is signed, and the intent is parked with the reason."""
    what = plan(desk)
    claimed(desk, what)
    with pytest.raises(RefusedError, match="nothing was moved") as refused:
        claimed(desk, what)
    assert refused.value.code == "rehearsal_failed"
    assert [(one.state, one.reason) for one in desk.journal.intents()][1] == ("parked", "rehearsal_failed")
    assert len(desk.journal.slots()) == 1


def test_a_claim_that_was_not_begun_is_let_be(desk: Desk) -> None:
    """A process died before it signed: what is owed is still owed, and is claimed by a new command."""
    at = desk.journal.seen_at()
    desk.journal.begin("claim", "a" * 64, "", plan(desk), at, at + 1_800)
    desk.clock.sleep(4)
    assert desk.legs.recover() == ()
    assert [(one.state, one.reason) for one in desk.journal.intents()] == [("parked", "not_begun")]
    assert claimed(desk).left == OWED


@pytest.mark.parametrize("stop", ["pause", "halt", "kill_switch"])
def test_a_stop_is_asked_before_it_is_signed(stop: str, desk: Desk) -> None:
    """A claim is no way home."""
    desk.stops.append(stop)
    with pytest.raises(PersonNeededError) as refused:
        claimed(desk)
    assert refused.value.code == stop
    assert desk.journal.slots() == ()


def test_a_key_that_names_another_contract_changes_nothing(desk: Desk) -> None:
    """Of what a leg names only the grant is taken: contract and token are the listed ones."""
    what = plan(desk)
    (step,) = what.steps
    strange = dataclasses.replace(step.market, address=FEE_RECIPIENT, asset=USDC.address)
    claimed(desk, dataclasses.replace(what, steps=(dataclasses.replace(step, market=strange),)))
    assert mined(desk).succeeded


# --- proof -----------------------------------------------------------------------------------------


def proven(desk: Desk) -> Effect | None:
    return desk.purse.effects.proven(plan(desk).steps[0], Units(OWED), mined(desk), desk.purse.soon())


def told(desk: Desk, monkeypatch: pytest.MonkeyPatch, *moves: tuple[Address, int]) -> None:
    """Have the receipt tell of these transfers alone, to the wallet or, below zero, out of it."""
    me, other = (abi.word(each) for each in (desk.world.wallet, FEE_RECIPIENT))
    events = tuple(
        Event(
            token,
            (erc20.TRANSFER_TOPIC, *((other, me) if amount > 0 else (me, other))),
            abi.word(abs(amount)),
        )
        for token, amount in moves
    )
    receipt = Receipt(mined(desk), events)
    monkeypatch.setattr(type(desk.purse.effects), "_receipt", lambda *_: receipt)


def test_the_proof_is_the_same_however_often_it_is_asked_for(desk: Desk) -> None:
    """Events and balances of the block, which do not change."""
    claimed(desk)
    effect = proven(desk)
    assert effect == Effect(Units(OWED), Units(OWED), mined(desk).block)


def test_a_claim_that_brought_nothing_did_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Success is no event: without a transfer there is no effect, if the balances agree."""
    claimed(desk)
    told(desk, monkeypatch)
    monkeypatch.setattr(type(desk.purse.effects), "_require_moved", lambda *_: None)
    assert proven(desk) is None


@pytest.mark.parametrize(
    "moves", [[(PAYER.token.address, -5)], [(PAYER.token.address, OWED), (USDC.address, -1)]]
)
def test_a_claim_that_took_anything_is_a_contradiction(
    moves: Any, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of its token or of the asset: a person has to look."""
    claimed(desk)
    told(desk, monkeypatch, *moves)
    with pytest.raises(PersonNeededError) as found:
        proven(desk)
    assert found.value.code == "contradiction"


def test_events_that_the_balances_deny_are_a_contradiction(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a receipt tells and the wallet does not show did not happen."""
    claimed(desk)
    told(desk, monkeypatch, (PAYER.token.address, OWED + 1))
    monkeypatch.setattr(type(desk.purse.effects), "_moved_in_block", lambda *_: OWED + 1)
    with pytest.raises(PersonNeededError) as found:
        proven(desk)
    assert found.value.code == "contradiction"


def test_what_others_sent_in_the_same_block_is_told_apart(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wallet grew by more than the claim brought, and the events of the block say by whom."""
    claimed(desk)
    told(desk, monkeypatch, (PAYER.token.address, OWED - 3))
    effect = proven(desk)
    assert effect is not None
    assert (effect.amount, effect.held) == (OWED - 3, OWED)


def test_where_old_state_is_forgotten_what_is_held_now_has_to_do(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond what every node keeps; while it should still be known, not to be told is no answer."""
    claimed(desk)
    effects = type(desk.purse.effects)
    read = effects._read

    def forgets(self: Any, reads: Any, block: int | None, at: Any, deadline: Any) -> Any:
        if block is not None:
            raise OutsideError("state", "state of that block is not available")
        return read(self, reads, block, at, deadline)

    monkeypatch.setattr(effects, "_read", forgets)
    desk.clock.sleep(2 * STATE_BLOCKS + 2)
    effect = proven(desk)
    assert effect is not None
    assert (effect.amount, effect.held) == (OWED, OWED)
    fresh = dataclasses.replace(mined(desk), block=desk.world.chain.head)
    told(desk, monkeypatch, (PAYER.token.address, OWED))
    with pytest.raises(OutsideError):
        desk.purse.effects.proven(plan(desk).steps[0], Units(OWED), fresh, desk.purse.soon())


def test_a_higher_bid_is_for_the_same_claim(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on the wire is bid higher byte for byte, judged and rehearsed as a claim again, and settled."""
    desk.world.chain.includes = False
    with monkeypatch.context() as patch:
        patch.setattr(desk.sender.follower, "follow", _leaves)
        with pytest.raises(OutsideError):
            claimed(desk)
    desk.restart()
    follower = bid(desk, "act")
    first, second = (decode_signed(each.raw)[0] for each in desk.journal.attempts(0))
    assert second.max_fee > first.max_fee
    assert (second.to, second.data, second.nonce) == (first.to, first.data, first.nonce)
    desk.world.chain.includes = True
    follower.follow(errand(desk))
    (intent,) = desk.journal.open_intents()
    (leg,) = desk.journal.legs(intent.id)
    assert leg.effect is not None
    assert (leg.state, leg.effect.amount) == ("done", OWED)


def _leaves(_errand: Any) -> None:
    raise OutsideError("unresolved", "the process ends here")
