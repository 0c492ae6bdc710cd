"""Laws of the account's explanation: flows pass and nothing stops; what nothing explains stops everything."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mammon.chain import reconcile
from mammon.chain.account import REFRESH_BLOCKS
from mammon.chain.code import fingerprint
from mammon.chain.eyes import Eyes
from mammon.core.types import Hash32, Unread
from mammon.errors import OutsideError, PersonNeededError
from mammon.sim import wire
from mammon.sim.node import SimNode
from mammon.sim.wire import RpcError
from tests.chain_acting.desk import Desk
from tests.chain_acting.stranger import Stranger, settled

USD = 10**6
WHOLE = 10_000 * USD


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "world")


@pytest.fixture
def stranger(desk: Desk) -> Stranger:
    """Somebody else; and the account was looked at once."""
    found = Stranger(desk)
    desk.legs.recover()
    assert desk.store.flows.mark() is not None
    return found


def flows(desk: Desk) -> list[tuple[str, str, int]]:
    """Return what was recorded, oldest first, without interest."""
    every = [flow for _, flow in reversed(desk.store.flows.page())]
    return [(flow.kind, flow.subject, flow.amount) for flow in every if flow.kind != "accrual"]


def counted(desk: Desk) -> int:
    """Return how many requests a start with nothing to do takes, its cycle's own reading included."""
    before = desk.rpc.requests
    desk.legs.recover()
    return desk.rpc.requests - before


def test_the_first_mark_is_of_a_settled_block(desk: Desk) -> None:
    """Nothing is compared with nothing: what is there at the first start is where the books begin."""
    desk.clock.sleep(120)
    desk.legs.recover()
    mark = desk.store.flows.mark()
    assert mark is not None
    assert (mark.idle, mark.nonce, mark.owner) == (WHOLE, 0, desk.world.wallet)
    assert mark.block <= min(desk.nodes[0].safe(), desk.world.chain.head - desk.purse.pace.least_depth)
    assert desk.emergencies == []


def test_while_nothing_changes_nothing_more_is_asked(desk: Desk, stranger: Stranger) -> None:
    """P9: beside the look at who signs, and the reading that the cycle makes anyway, nothing; for an hour."""
    mark = desk.store.flows.mark()
    desk.clock.sleep(300)
    before = desk.rpc.requests
    desk.observation()
    usual = desk.rpc.requests - before
    assert counted(desk) == 1 + usual
    assert desk.store.flows.mark() == mark
    desk.clock.sleep(2 * REFRESH_BLOCKS)
    counted(desk)
    moved_on = desk.store.flows.mark()
    assert mark is not None
    assert moved_on is not None
    assert moved_on.block > mark.block + REFRESH_BLOCKS // 2
    assert counted(desk) == 1 + usual


@pytest.mark.parametrize(
    ("what", "kind"),
    [(lambda one: one.pays(500 * USD), "inflow"), (lambda one: one.collects(40 * USD), "outflow"),
     (lambda one: one.pays(7), "dust")],
    ids=["a salary", "the owner's spending", "a stranger's dust"],
)  # fmt: skip
def test_what_others_move_is_a_flow_and_nothing_stops(
    desk: Desk, stranger: Stranger, what: Any, kind: str
) -> None:
    """limits.md: recorded, told once, never profit or loss; the next move goes through."""
    what(stranger)
    desk.legs.recover()
    assert flows(desk) == [], "what is not settled yet is nobody's flow"
    settled(desk)
    desk.legs.recover()
    ((found, subject, _),) = flows(desk)
    assert (found, subject, desk.emergencies) == (kind, "idle", [])
    told = [note for note in desk.notes if ("dust" if kind == "dust" else kind) in note]
    assert len(told) == 1
    desk.legs.recover()
    assert len(flows(desk)) == 1
    assert desk.legs.execute(desk.decision("idle", "aave-v3", 100 * USD)).entered == 100 * USD


def test_our_own_moves_are_acts(desk: Desk, stranger: Stranger) -> None:
    """What the journal sent explains itself, gas included, and is announced to nobody."""
    desk.legs.execute(desk.decision("idle", "aave-v3"))
    settled(desk)
    desk.legs.recover()
    assert {kind for kind, *_ in flows(desk)} == {"act"}
    assert desk.notes == []
    mark = desk.store.flows.mark()
    assert mark is not None
    assert mark.nonce == 2
    assert mark.idle == 0


def test_a_transaction_by_our_key_that_nobody_here_made_is_an_emergency(
    desk: Desk, stranger: Stranger
) -> None:
    """limits.md, row 4: the key was used elsewhere: nothing is signed any more until a person has looked."""
    stranger.uses_our_key()
    settled(desk)
    with pytest.raises(PersonNeededError) as caught:
        desk.legs.recover()
    assert caught.value.exit_code == 5
    assert len(desk.emergencies) == 1
    with pytest.raises(PersonNeededError, match="emergency"):
        desk.legs.execute(desk.decision("idle", "aave-v3"))
    assert desk.journal.next_nonce() == 0


def test_a_key_used_below_the_journals_count_is_found_too(desk: Desk, stranger: Stranger) -> None:
    """A state restored from an old copy, and a nonce adopted without a look at the money, do not hide it."""
    stranger.uses_our_key()
    settled(desk)
    desk.journal.adopt(1, "looked at elsewhere")
    desk.legs.recover()
    assert ("outflow", "idle", -5 * USD) in flows(desk)


def test_money_that_goes_without_an_event_is_an_emergency(desk: Desk, stranger: Stranger) -> None:
    """limits.md: a decrease without a log: the emergency stop, and the mark stays where it was."""
    mark = desk.store.flows.mark()
    stranger.takes_without_a_trace(3)
    settled(desk)
    with pytest.raises(PersonNeededError, match="unexplained_decrease of -3 in idle") as caught:
        desk.legs.recover()
    assert caught.value.code == "unexplained_decrease"
    assert [code for code, _ in desk.emergencies] == ["unexplained_decrease"]
    assert desk.store.flows.mark() == mark
    desk.legs.recover()  # while it is in force only commands act, and they may
    desk.stops.clear()
    with pytest.raises(PersonNeededError):
        desk.legs.recover()


def test_money_that_comes_without_an_event_is_information(desk: Desk, stranger: Stranger) -> None:
    """limits.md: told once, recorded by the mark, and nothing stops."""
    stranger.takes_without_a_trace(-3)
    settled(desk)
    for _ in range(2):
        desk.legs.recover()
    assert [note for note in desk.notes if "unexplained_increase" in note] == [
        "idle: unexplained_increase, 3"
    ]
    assert desk.emergencies == []


@pytest.mark.parametrize("liars", [(0,), (0, 1)])
def test_one_endpoints_word_is_no_emergency(liars: tuple[int, ...], tmp_path: Path) -> None:
    """A2 35: where another endpoint shows nothing wrong one of them lies: nothing is signed nor stopped."""
    desk = Desk(tmp_path / "world", endpoints=2)
    stranger = Stranger(desk)
    desk.legs.recover()
    stranger.pays(5 * USD)
    settled(desk)
    for place in liars:
        desk.nodes[place].methods["eth_getTransactionCount"] = lambda _: "0x1"
    expected = OutsideError if len(liars) == 1 else PersonNeededError
    with pytest.raises(expected) as caught:
        desk.account.explain()
    assert caught.value.code == ("endpoints_disagree" if len(liars) == 1 else "foreign_transaction")
    assert len(desk.emergencies) == len(liars) - 1


def _fails(desk: Desk, method: str) -> None:
    def fails(_: Any) -> Any:
        raise RpcError(wire.SERVER_ERROR, "no")

    desk.nodes[0].methods[method] = fails


def test_what_cannot_be_read_is_not_acted_on(desk: Desk, stranger: Stranger) -> None:
    """I9: something changed and no endpoint gives events: not explained, not alarming, not acted on."""
    stranger.pays(5 * USD)
    settled(desk)
    real = desk.nodes[0].methods["eth_getLogs"]
    _fails(desk, "eth_getLogs")
    with pytest.raises(OutsideError, match="cannot be read") as caught:
        desk.legs.recover()
    assert caught.value.code == "unexplained"
    assert desk.emergencies == []
    desk.nodes[0].methods["eth_getLogs"] = real
    desk.legs.recover()
    assert flows(desk) == [("inflow", "idle", 5 * USD)]


def test_an_endpoint_without_safe_blocks_moves_no_mark(desk: Desk, stranger: Stranger) -> None:
    """What is settled is not guessed."""
    mark = desk.store.flows.mark()
    stranger.pays(5 * USD)
    settled(desk)
    real = desk.nodes[0].methods["eth_getBlockByNumber"]

    def no_safe(params: Sequence[Any]) -> Any:
        return None if params[0] == "safe" else real(params)

    desk.nodes[0].methods["eth_getBlockByNumber"] = no_safe
    desk.account.explain()
    assert desk.store.flows.mark() == mark
    with pytest.raises(OutsideError, match="safe"):
        desk.eyes(desk.rpc).settled_mark(desk.snapshot.block)


@pytest.mark.parametrize("changed", [False, True])
def test_a_mark_whose_block_is_gone(desk: Desk, stranger: Stranger, changed: bool) -> None:
    """Where nothing changed it is moved on; else nobody can say what happened, and a person has to look."""
    mark = desk.store.flows.mark()
    assert mark is not None
    gone = dataclasses.replace(mark, hash=Hash32("0x" + "11" * 32))
    with desk.store.transaction():
        desk.store.flows.record(mark, gone)
    if changed:
        stranger.pays(5 * USD)
        settled(desk)
        with pytest.raises(OutsideError) as caught:
            desk.legs.recover()
        assert "state correct --mark" in caught.value.hint
        assert desk.store.flows.mark() == gone
        return
    desk.clock.sleep(2 * REFRESH_BLOCKS)
    desk.legs.recover()
    found = desk.store.flows.mark()
    assert found is not None
    assert found.block > gone.block


def test_a_mark_of_another_account_is_a_persons_to_explain(desk: Desk, stranger: Stranger) -> None:
    """F15: books of one account never drive another's money."""
    mark = desk.store.flows.mark()
    assert mark is not None
    with desk.store.transaction():
        desk.store.flows.record(mark, dataclasses.replace(mark, owner=stranger.signer.address))
    with pytest.raises(PersonNeededError, match="another account"):
        desk.legs.recover()


def test_a_market_that_cannot_be_read_stops_nobody(
    desk: Desk, stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One frozen position is left out and told once; the mark waits, the others are explained."""
    mark = desk.store.flows.mark()
    assert mark is not None
    assert "plain-vault" in {holding.slug for holding in mark.holdings}
    vault = desk.world.chain.contracts[desk.purse.markets["plain-vault"].id.address]
    monkeypatch.setattr(vault, "call", lambda frame, data: b"")
    stranger.pays(5 * USD)
    settled(desk)
    for _ in range(2):
        desk.account.explain()
    assert desk.store.flows.mark() == mark
    assert len([note for note in desk.notes if "plain-vault is not compared" in note]) == 1
    assert desk.emergencies == []


def test_a_restored_state_is_explained_before_anything(desk: Desk, stranger: Stranger) -> None:
    """A copy says of itself that it was restored until it was held against the chain."""
    from mammon.state import meta

    with desk.store.transaction():
        meta.put(desk.store.database, {meta.RESTORED: "copy.db"})
    settled(desk)
    desk.legs.recover()
    assert desk.store.restored() == ""


def test_a_market_no_longer_configured_is_not_compared(desk: Desk, stranger: Stranger) -> None:
    """What the configuration dropped is nobody's to read; the books go on without it."""
    mark = desk.store.flows.mark()
    assert mark is not None
    dropped = dataclasses.replace(mark.holdings[0], slug="gone-vault")
    with desk.store.transaction():
        desk.store.flows.record(mark, dataclasses.replace(mark, holdings=(*mark.holdings, dropped)))
    stranger.pays(5 * USD)
    settled(desk)
    desk.legs.recover()
    found = desk.store.flows.mark()
    assert found is not None
    assert "gone-vault" not in {holding.slug for holding in found.holdings}


def test_flows_are_told_in_what_they_are_of(desk: Desk, stranger: Stranger) -> None:
    """Dollars as dollars, the coin as the coin, shares as shares; all of them are recorded."""
    stranger.pays(1_234 * USD + 500_000)
    stranger.tops_up(10**15)
    stranger.deposits_for_us("plain-vault", 40 * USD)
    settled(desk)
    desk.legs.recover()
    assert {(kind, subject) for kind, subject, _ in flows(desk)} == {
        ("inflow", "idle"), ("inflow", "native"), ("inflow", "plain-vault"),
    }  # fmt: skip
    told = "\n".join(desk.notes)
    assert "inflow of 1,234.50 USDC, block" in told
    assert "inflow of 0.001 of the coin, block" in told
    assert "shares in plain-vault, block" in told


def test_of_many_flows_a_few_are_named(desk: Desk, stranger: Stranger) -> None:
    """Whoever sends a hundred crumbs writes no hundred lines: five are told, the rest is counted."""
    for _ in range(7):
        stranger.pays(2 * USD)
    settled(desk)
    desk.legs.recover()
    assert len(flows(desk)) == 7
    assert len([note for note in desk.notes if note.startswith("inflow")]) == 5
    assert desk.notes[-1] == "2 more flows are recorded"


def test_a_wallet_that_cannot_be_read_explains_nothing(
    desk: Desk, stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unread is no zero: without the wallet nothing is taken as explained, and nothing is acted on."""
    mark = desk.store.flows.mark()
    stranger.pays(5 * USD)
    settled(desk)
    real = Eyes.marked

    def blind(eyes: Eyes, block: Any) -> Any:
        now, count = real(eyes, block)
        return dataclasses.replace(now, idle=None), count

    monkeypatch.setattr(Eyes, "marked", blind)
    with pytest.raises(OutsideError, match="the wallet was not read"):
        desk.legs.recover()
    assert desk.store.flows.mark() == mark
    with pytest.raises(OutsideError, match="as a whole"):
        desk.eyes(desk.rpc).settled_mark(desk.snapshot.block)


def test_a_first_look_that_reads_nothing_leaves_no_mark(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Books do not begin with what is not known."""
    desk.clock.sleep(120)
    monkeypatch.setattr(reconcile, "counts", lambda *_: Unread("nonce", "rpc", "no"))
    desk.legs.recover()
    assert desk.store.flows.mark() is None


def test_a_block_that_goes_away_while_it_is_read(desk: Desk, stranger: Stranger) -> None:
    """What was read of another block than the settled one is not taken."""
    block = desk.snapshot.block
    with pytest.raises(OutsideError, match="another one now"):
        desk.eyes(desk.rpc).marked(dataclasses.replace(block, hash=Hash32("0x" + "11" * 32)))


@pytest.mark.parametrize(
    "methods", [("eth_getLogs", "eth_call", "eth_getTransactionCount"), ("eth_getBlockByNumber",)]
)
def test_an_endpoint_that_says_nothing_is_no_witness(methods: tuple[str, ...], tmp_path: Path) -> None:
    """A2 35: one endpoint's word against silence is no emergency, but nothing is signed on it either."""
    desk = Desk(tmp_path / "world", endpoints=2)
    stranger = Stranger(desk)
    desk.legs.recover()
    stranger.takes_without_a_trace(3)
    settled(desk)

    def silent(_: Any) -> Any:
        raise RpcError(wire.SERVER_ERROR, "no")

    for method in methods:
        desk.nodes[1].methods[method] = silent
    with pytest.raises(OutsideError) as caught:
        desk.account.explain()
    assert (caught.value.code, desk.emergencies) == ("unconfirmed", [])
    desk.nodes[1].methods.update(SimNode(desk.world).methods)
    with pytest.raises(PersonNeededError, match="unexplained_decrease"):
        desk.account.explain()


@pytest.mark.parametrize("first", [True, False])
def test_no_mark_rests_on_one_endpoints_word(first: bool, tmp_path: Path) -> None:
    """A2 35: a balance that one endpoint made up must not become what the truth is held against later."""
    desk = Desk(tmp_path / "world", endpoints=2)
    stranger = Stranger(desk)
    if not first:
        desk.legs.recover()
        stranger.pays(5 * USD)
        settled(desk)
    before = desk.store.flows.mark()
    desk.nodes[0].methods["eth_getTransactionCount"] = lambda params: (
        "0x1" if params[1] not in ("latest", "safe") else "0x0"
    )
    with pytest.raises(OutsideError) as caught:
        desk.legs.recover()
    assert caught.value.code == "endpoints_disagree"
    desk.nodes[0].methods.clear()  # silent: the other one's word alone moves no mark, and stops nobody
    desk.legs.recover()
    assert desk.store.flows.mark() == before
    desk.nodes[0].methods.update(SimNode(desk.world).methods)
    desk.legs.recover()
    assert desk.store.flows.mark() != before


def test_code_is_what_endpoints_agree_on(tmp_path: Path) -> None:
    """A contract's code is accepted as every endpoint that answers tells it, or not at all."""
    desk = Desk(tmp_path / "world", endpoints=2)
    address = desk.purse.markets["aave-v3"].id.address
    assert fingerprint(desk.rpc, address, desk.soon()).address == address
    desk.nodes[1].methods["eth_getCode"] = lambda _: "0x60"
    with pytest.raises(OutsideError, match="do not agree"):
        fingerprint(desk.rpc, address, desk.soon())
    for node in desk.nodes:
        del node.methods["eth_getStorageAt"]
    with pytest.raises(OutsideError, match="no endpoint"):
        fingerprint(desk.rpc, address, desk.soon())
