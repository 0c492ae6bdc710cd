"""What broke elsewhere, met by the money path: each failure is made to happen, and is none here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mammon.cli.acting import count_failures
from mammon.core.decide import Decision, decide
from mammon.core.plan import IDLE
from mammon.core.policy import Policy
from mammon.errors import MammonError, OutsideError, PersonNeededError, RefusedError
from mammon.ops import stops
from mammon.protocols.abi import erc4626
from mammon.sim.contracts.encoding import Reverted
from mammon.sim.node import SimNode
from tests.chain_acting.desk import MARKETS, Desk
from tests.chain_acting.stranger import Stranger, settled
from tests.chain_acting.test_follow import at_send, states, swallow
from tests.chain_acting.test_legs import allowance

USD = 10**6
WHOLE = 10_000 * USD
VAULT = "plain-vault"


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "world")


def shut(desk: Desk, patch: pytest.MonkeyPatch, when: Callable[[], bool] = lambda: True) -> None:
    """Make the vault revert every deposit, while `when` says so."""
    vault = desk.world.chain.contracts[MARKETS[VAULT].id.address]
    real = vault.call

    def call(frame: Any, data: bytes) -> bytes:
        if data[:4] == erc4626.DEPOSIT and when():
            raise Reverted
        return bytes(real(frame, data))

    patch.setattr(vault, "call", call)


def on_chain(desk: Desk) -> Callable[[], bool]:
    """Say when a block is being made: a rehearsal passes, and what is mined fails."""
    return lambda: desk.journal.open_slot() is not None


def receipts(desk: Desk) -> list[dict[str, Any]]:
    """Return the receipts of everything that was mined for us, as the node tells them."""
    hashes = [row[0] for row in desk.store.database.rows("SELECT mined_hash FROM slots ORDER BY nonce")]
    return [desk.nodes[0].methods["eth_getTransactionReceipt"]([hash_]) for hash_ in hashes if hash_]


# --- failures are failures -----------------------------------------------------------------------


def test_d5_a_reverted_deposit_is_no_success(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """D5: a receipt with status 0: the intent does not end as done, the money is said to be idle."""
    desk.legs.execute(desk.decision(IDLE, "aave-v3"))
    decision = desk.decision("aave-v3", VAULT)
    shut(desk, monkeypatch, on_chain(desk))
    with pytest.raises(RefusedError, match="idle in the wallet"):
        desk.legs.execute(decision)
    assert "reverted" in states(desk)
    (*_, last) = [one for one in desk.journal.intents() if one.kind == "move"]
    assert (last.state, last.reason) == ("parked", "leg_failed")
    assert desk.idle >= WHOLE
    assert allowance(desk, VAULT) == 0


def test_d4_a_reverted_withdrawal_sends_no_deposit(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """D4, row 8: the withdrawal fails: no approval and no deposit follow, the funds are still there, and
    it is tried again by a later decision, not given up for good."""
    desk.legs.execute(desk.decision(IDLE, VAULT))
    vault = desk.world.chain.contracts[MARKETS[VAULT].id.address]
    real = vault.call

    def call(frame: Any, data: bytes) -> bytes:
        if data[:4] in (erc4626.WITHDRAW, erc4626.REDEEM) and desk.journal.open_slot() is not None:
            raise Reverted
        return bytes(real(frame, data))

    decision = desk.decision(VAULT, "aave-v3")
    with monkeypatch.context() as patch:
        patch.setattr(vault, "call", call)
        with pytest.raises(RefusedError, match="nothing was moved"):
            desk.legs.execute(decision)
    assert states(desk)[2:] == ["reverted"] * 3, "tried as often as allowed, each after the last one's death"
    assert (desk.idle, desk.journal.open_intents()) == (0, ())
    settled(desk)
    assert desk.legs.execute(desk.decision(VAULT, "aave-v3")).entered >= WHOLE - 2


def test_f2_three_failures_in_a_row_end_the_acting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """F2: counted in the journal, so that a restart forgets nothing; then nothing is tried until a person
    lifts the stop, and what comes after is counted anew."""
    with monkeypatch.context() as patch:
        shut(desk, patch)
        for number in range(1, 4):
            assert not desk.purse.stops()
            with pytest.raises(RefusedError):
                desk.legs.execute(desk.decision(IDLE, VAULT, number * USD))
            desk.restart()
    assert desk.purse.stops() == ("halt",)
    (note,) = stops.notes(desk.folder)
    assert "3 moves failed" in note.reason
    with pytest.raises(PersonNeededError, match="halt"):
        desk.legs.execute(desk.decision(IDLE, VAULT, 4 * USD))
    assert desk.journal.next_nonce() == 0
    stops.lift(desk.folder, note, "the vault is open again", "a person", desk.clock.now())
    desk.legs.recover()
    assert desk.purse.stops() == ()
    assert desk.legs.execute(desk.decision(IDLE, VAULT, 5 * USD)).entered == 5 * USD


def test_f2_a_process_that_died_before_counting_is_counted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F2: the next start counts first, before anything is begun."""
    shut(desk, monkeypatch)
    desk.legs.count = lambda: None
    for number in range(1, 4):
        with pytest.raises(RefusedError):
            desk.legs.execute(desk.decision(IDLE, VAULT, number * USD))
    assert desk.purse.stops() == ()
    desk.restart()
    desk.legs.recover()
    assert desk.purse.stops() == ("halt",)
    told = desk.store.audit.rows(0, 10_000)
    assert b'"failures_told"' in b"".join(row.data for row in told)
    count_failures(desk.store, desk.folder, desk.clock, desk.notes.append)
    assert len([note for note in desk.notes if "halted" in note]) == 1
    assert len(desk.store.audit.rows(0, 10_000)) == len(told)


def decided(desk: Desk) -> Decision:
    """Decide as a cycle does."""
    desk.legs.recover()
    seen = desk.see()
    return decide(seen.snapshot, seen.portfolio, Policy(), desk.clock.now())


def test_d1_stranded_money_is_deployed_once_it_can_be(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """D1: a deposit is refused after the withdrawal; each cycle says again that the money is idle, and once
    the venue takes it, an ordinary decision from the chain's state puts it to work."""
    desk.legs.execute(desk.decision(IDLE, "aave-v3"))
    decision = desk.decision("aave-v3", VAULT)
    with monkeypatch.context() as patch:
        shut(desk, patch, on_chain(desk))
        with pytest.raises(RefusedError, match="idle in the wallet"):
            desk.legs.execute(decision)
    desk.clock.sleep(3_600)
    for _ in range(2):
        again = decided(desk)
        assert again.plan is not None
        assert again.plan.source == IDLE, "the state is told again by each cycle"
    desk.legs.execute(again)
    assert desk.idle < WHOLE // 2
    assert desk.journal.open_intents() == ()


# --- amounts are measured ------------------------------------------------------------------------


def test_d17_others_in_the_same_block_change_no_effect(desk: Desk) -> None:
    """D17: what a leg did is its own events, held against the balances: a salary in its block is no part."""
    stranger = Stranger(desk)

    def with_salary(real: Callable[[Any], Any], params: Any) -> Any:
        stranger.desk = _Still(desk)  # type: ignore[assignment]
        stranger.pays(777 * USD)
        return real(params)

    at_send(desk.nodes[0], 2, with_salary)
    outcome = desk.legs.execute(desk.decision(IDLE, "aave-v3", 1_000 * USD))
    assert (outcome.left, outcome.entered) == (1_000 * USD, 1_000 * USD)
    assert desk.idle == WHOLE - 1_000 * USD + 777 * USD
    assert desk.emergencies == []


class _Still:
    """A desk on which nobody waits: two transactions come into one block."""

    def __init__(self, desk: Desk) -> None:
        self.world, self.signer, self.clock = desk.world, desk.signer, self

    def sleep(self, seconds: float) -> None:
        """Wait not."""


def test_f6_d18_gas_is_what_receipts_say_data_fee_included(desk: Desk) -> None:
    """F6, D18: bid from this chain's own base fee and tip; paid is the effective price and the L1 fee."""
    native = desk.native
    outcome = desk.legs.execute(desk.decision(IDLE, "aave-v3"))
    told = receipts(desk)
    execution = sum(int(one["gasUsed"], 16) * int(one["effectiveGasPrice"], 16) for one in told)
    data = sum(int(one["l1Fee"], 16) for one in told)
    assert data > 0
    assert outcome.gas == native - desk.native
    assert 0 <= outcome.gas - execution - data < data, "the rest is the operator's fee"
    (attempt,) = desk.journal.attempts(0)
    base_fee = desk.world.chain.base_fee(desk.world.chain.head)
    assert attempt.max_fee < 4 * base_fee + attempt.tip
    assert desk.journal.spent(0) == outcome.gas


# --- restarts and replicas -----------------------------------------------------------------------


@pytest.mark.parametrize("leg", [0, 1, 2])
def test_d12_row_6_killed_after_any_send(desk: Desk, leg: int) -> None:
    """D12, row 6: dead before anything of it was noted: the next start finds it on the chain, and goes on."""
    desk.legs.execute(desk.decision(IDLE, VAULT))
    used = desk.journal.next_nonce()
    decision = desk.decision(VAULT, "aave-v3")

    def die(real: Callable[[Any], Any], params: Any) -> Any:
        real(params)
        raise Killed

    at_send(desk.nodes[0], leg + 1, die)
    with pytest.raises(Killed):
        desk.legs.execute(decision)
    assert len(desk.journal.open_intents()) == 1
    desk.restart()
    finished = desk.legs.recover()
    moved = desk.held("aave-v3") >= WHOLE - 2
    assert moved == (leg > 0 or bool(finished))
    assert desk.held(VAULT) + desk.held("aave-v3") + desk.idle >= WHOLE - 2
    assert desk.journal.open_intents() == ()
    assert used is not None
    sent = [desk.journal.attempts(nonce) for nonce in range(used, desk.journal.next_nonce() or 0)]
    assert all(len(attempts) == 1 for attempts in sent), "nothing was sent twice"


def test_row_3_a_nonce_that_never_went_out_leaves_no_gap(desk: Desk) -> None:
    """Row 3: swallowed, refused, not signed at all: the count stays the chain's, over every restart."""
    with pytest.raises(RefusedError):
        desk.legs.execute(desk.decision(IDLE, "aave-v3", WHOLE + 1))
    assert desk.journal.next_nonce() == 0
    at_send(desk.nodes[0], 1, swallow)
    desk.legs.execute(desk.decision(IDLE, "aave-v3", 100 * USD))
    for _ in range(3):
        desk.restart()
        desk.legs.recover()
    owner = desk.world.wallet
    counted = int(desk.nodes[0].methods["eth_getTransactionCount"]([owner, "latest"]), 16)  # type: ignore[arg-type]
    assert desk.journal.next_nonce() == counted == 2


def test_row_2_at_the_ceiling_the_same_bytes_are_told_again(desk: Desk) -> None:
    """Row 2: dropped, and no higher bid allowed: told again as it was, until a block has it."""
    chain = desk.world.chain
    told: list[str] = []

    def drop(real: Callable[[Any], Any], params: Any) -> Any:
        found = real(params)
        told.append(params[0])
        if len(told) < 4:
            chain.mempool.drop(found)
        return found

    for number in range(1, 5):
        at_send(desk.nodes[0], number, drop)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mammon.core.watch.higher_bid", lambda *_: None)
        desk.legs.execute(desk.decision(IDLE, "aave-v3"))
    assert len(told) >= 4
    assert len(set(told[:4])) == 1
    assert states(desk) == ["settled", "settled"]


def test_row_5_f17_a_replica_behind_the_receipt_is_not_believed(desk: Desk) -> None:
    """Row 5, F17: between two legs a node forgets the last blocks: nothing is signed on what it shows, and
    when it has caught up the deposit follows; what was not seen is not zero."""
    real, node = desk.journal.close_slot, desk.nodes[0]
    head = node.head
    behind: list[int] = []

    def close(nonce: int, *rest: Any) -> None:
        behind.append(head() - 200)
        node.head = lambda: behind[0]  # type: ignore[method-assign]
        real(nonce, *rest)

    desk.journal.close_slot = close  # type: ignore[method-assign]
    decision = desk.decision(IDLE, "aave-v3")
    with pytest.raises(OutsideError) as caught:
        desk.legs.execute(decision)
    assert caught.value.code in ("behind", "stale_head", "state_unavailable")
    assert states(desk) == ["settled"], "no second leg was signed"
    node.head = head  # type: ignore[method-assign]
    desk.journal.close_slot = real  # type: ignore[method-assign]
    (finished,) = desk.legs.recover()
    assert finished.outcome.entered == WHOLE
    assert desk.held("aave-v3") >= WHOLE - 2


def test_row_7_f16_holdings_come_from_the_chain(desk: Desk, tmp_path: Path) -> None:
    """Row 7, F16: with no state at all the money is where it is, and nothing is put in twice."""
    desk.legs.execute(desk.decision(IDLE, "aave-v3"))
    fresh = Desk(tmp_path / "elsewhere", begun=False)
    fresh.world, fresh.clock, fresh.nodes = desk.world, desk.clock, [SimNode(desk.world)]
    fresh.start(fresh.nodes)
    settled(desk)
    fresh.legs.recover()
    assert (fresh.idle, fresh.held("aave-v3") >= WHOLE - 2) == (0, True)
    plan = decided(fresh).plan
    assert plan is None or plan.source != IDLE
    assert fresh.journal.next_nonce() == 2, "the count of the chain is taken at first sight"


def test_row_7_a_mismatch_blocks(desk: Desk) -> None:
    """Row 7: what the books cannot explain is a coded finding that ends the start, not a line in a log."""
    stranger = Stranger(desk)
    desk.legs.recover()
    stranger.takes_without_a_trace(1 * USD)
    settled(desk)
    with pytest.raises(MammonError) as caught:
        desk.legs.recover()
    assert (caught.value.code, caught.value.exit_code) == ("unexplained_decrease", 5)
