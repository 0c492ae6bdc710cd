"""Laws of reading what explains a difference: bounded, of one chain, and unread rather than guessed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from mammon.chain import reconcile
from mammon.chain.reconcile import Counts, Watched
from mammon.chain.rpc import Rpc
from mammon.core.flows import Books, Explained, Mark
from mammon.core.types import Address, Block, Hash32, Unread
from mammon.net.deadline import Deadline
from mammon.protocols.registry import VENUES
from mammon.sim import wire
from mammon.sim.node import SimNode
from mammon.sim.wire import RpcError
from tests.chain_acting.ledger import USD, Ledger, names

DEAD = Address("0x000000000000000000000000000000000000dEaD")


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def unread(found: Explained | Unread) -> Unread:
    """Return why nothing could be explained."""
    assert isinstance(found, Unread), found
    return found


# --- what happens to people -----------------------------------------------------------------------


def test_a_day_of_flows(ledger: Ledger) -> None:
    """Dust, bait, salary, spending and a gift of shares are flows; nothing stops for any of them."""
    mark, _ = ledger.mark()
    for amount in (1, 0, 1_500 * USD):
        ledger.salary(amount)
    ledger.spending(200 * USD)
    ledger.gift("plain-vault", 40 * USD)
    found = ledger.explained(mark)
    assert (found.findings, found.unread) == ((), ())
    assert names(found.flows)[:4] == [
        ("dust", "idle", 1),
        ("dust", "idle", 0),
        ("inflow", "idle", 1_500 * USD),
        ("outflow", "idle", -200 * USD),
    ]
    assert [(flow.kind, flow.subject) for flow in found.flows[4:]] == [("inflow", "plain-vault")]
    assert {flow.other for flow in found.flows[2:4]} == {ledger.stranger.address}
    assert all(flow.at > 1_700_000_000 and flow.hash for flow in found.flows)


def test_our_own_moves_are_acts_and_their_gas_is_explained(ledger: Ledger) -> None:
    """A deposit, a failed one and a withdrawal of the journal's leave interest and no finding."""
    mark, _ = ledger.mark()
    ledger.deposit("aave-v3", 1_000 * USD)
    ledger.clock.sleep(86_400)
    ledger.act((ledger_call(ledger, 10**15),))
    ledger.take_out("aave-v3", 400 * USD)
    found = ledger.explained(mark)
    assert (found.findings, found.unread) == ((), ())
    assert {flow.kind for flow in found.flows} == {"act", "accrual"}
    (earned,) = [flow.amount for flow in found.flows if flow.kind == "accrual"]
    assert 1_000 * USD * 2 // 100 // 365 < earned < 1_000 * USD * 9 // 100 // 365


def ledger_call(ledger: Ledger, amount: int) -> Any:
    """Return a deposit that will revert for want of an allowance."""
    market = ledger.market("aave-v3")
    return VENUES["aave_v3"].supply(market, amount, ledger.owner)[1]


def test_a_transaction_by_our_key_that_nobody_here_signed(ledger: Ledger) -> None:
    """Its transfer is told as a flow, and that our key was used is an emergency."""
    mark, _ = ledger.mark()
    ledger.foreign()
    found = ledger.explained(mark)
    assert [(each.code, each.subject) for each in found.emergencies] == [("foreign_transaction", "nonce")]
    assert ("outflow", "idle", -5 * USD) in names(found.flows)


def test_before_it_is_settled_it_is_no_emergency(ledger: Ledger) -> None:
    """The safe block's own count decides: until then it is told as information."""
    mark, _ = ledger.mark()
    ledger.foreign()
    now, block = ledger.mark()
    counts = reconcile.counts(ledger.rpc, ledger.owner, block, Deadline(60))
    assert counts == Counts(now.nonce or 0, mark.nonce)
    fresh = ledger.explained(mark, books=Books(None, settled_nonce=mark.nonce))
    assert [finding.severity for finding in fresh.findings] == ["information"]


def test_a_venue_without_a_known_share_token_is_unread_when_it_changed(ledger: Ledger) -> None:
    """Shares nobody can follow are not called explained; unchanged ones need no events."""
    mark, _ = ledger.mark()
    blind = Watched(ledger.token.address, {})
    assert ledger.explained(mark, watch=blind).unread == ()
    ledger.gift("aave-v3", 40 * USD)
    assert [item.subject for item in ledger.explained(mark, watch=blind).unread] == ["aave-v3"]


def test_the_books_of_a_journal() -> None:
    """Every attempt since the mark's nonce is listed; of an unknown nonce the last ones; of none, nothing."""

    class Kept:
        def __init__(self, following: int | None) -> None:
            self.following = following

        def next_nonce(self) -> int | None:
            return self.following

        def attempts(self, nonce: int) -> tuple[Any, ...]:
            return tuple(dataclasses.make_dataclass("A", ["hash"])(Hash32(f"0x{nonce:064x}")) for _ in "ab")

    assert [own.nonce for own in reconcile.books(Kept(9), 7).own] == [7, 7, 8, 8]
    assert [own.nonce for own in reconcile.books(Kept(2), None).own] == [0, 0, 1, 1]
    assert len(reconcile.books(Kept(500), None).own) == 2 * reconcile.RECENT_NONCES
    assert reconcile.books(Kept(None), 3, 5) == Books(None, adopted=5)


# --- bounded --------------------------------------------------------------------------------------


class Limited(SimNode):
    """An endpoint that gives events of at most so many blocks at once, and counts what it is asked."""

    most = 10**9
    asked = 0
    error: Callable[[], RpcError] = staticmethod(lambda: RpcError(wire.INVALID_PARAMS, "range too wide"))

    def answer(self, method: str, params: Any) -> Any:
        if method == "eth_getLogs" and "toBlock" in params[0]:
            self.asked += 1
            if int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) >= self.most:
                raise self.error()
        return super().answer(method, params)


def limited(ledger: Ledger, most: int) -> Limited:
    """Put a limited endpoint in the place of the ledger's."""
    node = Limited(ledger.world)
    node.most = most
    ledger.rpc = Rpc([node], ledger.file.chain_id, clock=ledger.clock)
    return node


def test_a_refused_range_is_halved(ledger: Ledger) -> None:
    """An endpoint's own limit is found by halving, and kept to."""
    mark, _ = ledger.mark()
    ledger.clock.sleep(600)
    ledger.salary(3 * USD)
    node = limited(ledger, 50)
    found = ledger.explained(mark, span=5_000)
    assert names(found.flows) == [("inflow", "idle", 3 * USD)]
    assert node.asked < 2 * (4 + 2 * 302 // 38)


def test_an_endpoint_that_gives_no_events_leaves_it_unread(ledger: Ledger) -> None:
    """Refused down to one block, nothing is explained and nothing called unexplained."""
    mark, _ = ledger.mark()
    ledger.clock.sleep(60)
    ledger.take(("native", ledger.owner), -1)
    limited(ledger, 0)
    found = unread(ledger.reconciled(mark))
    assert (found.subject, found.code) == ("logs", "refused")


def test_requests_are_bounded(ledger: Ledger) -> None:
    """A mark too old for the allowance is unread, after no more requests than that."""
    mark, _ = ledger.mark()
    ledger.clock.sleep(2_000)
    node = limited(ledger, 10**9)
    found = unread(ledger.reconciled(mark, span=10, most=7))
    assert (found.code, node.asked) == ("requests", 14)


def test_the_deadline_bounds_it_too(ledger: Ledger) -> None:
    """An endpoint that keeps asking for patience is left when the time is over, as unread."""
    mark, _ = ledger.mark()
    ledger.clock.sleep(60)
    began = ledger.clock.monotonic()
    node = limited(ledger, 0)
    node.error = lambda: RpcError(-32005, "limit exceeded")
    found = unread(ledger.reconciled(mark, deadline=Deadline(3.0, ledger.clock.monotonic)))
    assert found.subject == "logs"
    assert found.code in ("deadline", "rate_limited")
    assert ledger.clock.monotonic() - began < 3.5


def test_a_limit_named_as_a_rate_is_halved_too(ledger: Ledger) -> None:
    """Nodes say "limit exceeded" of a range as of a rate: a smaller range is tried."""
    mark, _ = ledger.mark()
    ledger.clock.sleep(60)
    ledger.salary(3 * USD)
    node = limited(ledger, 20)
    node.error = lambda: RpcError(-32005, "query returned more than 10000 results")
    assert names(ledger.explained(mark).flows) == [("inflow", "idle", 3 * USD)]


# --- one chain ------------------------------------------------------------------------------------


def test_a_mark_of_a_block_that_is_gone(ledger: Ledger) -> None:
    """After a reorganisation below it a mark explains nothing: an older one has to be taken."""
    ledger.deposit("aave-v3", 10 * USD)
    mark, _ = ledger.mark()
    ledger.chain.reorganise(3)
    ledger.clock.sleep(4)
    found = unread(ledger.reconciled(mark, watch=Watched(ledger.token.address, {})))
    assert (found.subject, found.code) == ("mark", "reorganised")


def test_a_mark_ahead_of_what_was_read(ledger: Ledger) -> None:
    """An endpoint behind the mark is not believed to have undone it."""
    mark, _ = ledger.mark()
    ahead = dataclasses.replace(mark, block=mark.block + 1)
    assert unread(ledger.reconciled(ahead)).code == "behind"


@pytest.mark.parametrize("method", ["eth_getLogs", "eth_getBlockByNumber", "eth_getTransactionReceipt"])
def test_an_endpoint_that_cannot_say(ledger: Ledger, method: str) -> None:
    """Whichever question fails, the outcome is unread."""
    ledger.deposit("aave-v3", 10 * USD)
    mark, block = ledger.mark()
    ledger.salary(3 * USD)
    now, block = ledger.mark()
    watch = ledger.watched()

    def fails(_: Any) -> Any:
        raise RpcError(wire.SERVER_ERROR, "no")

    ledger.node.methods[method] = fails
    known = Books(None, tuple(ledger.own))
    found = reconcile.reconcile(ledger.rpc, watch, mark, now, block, known, Deadline(60))
    assert isinstance(found, Unread)


def test_counts_are_of_the_block_asked_for(ledger: Ledger) -> None:
    """A count is refused from an endpoint with another block there, or that does not tell it."""
    _, block = ledger.mark()
    other = dataclasses.replace(block, hash=Hash32("0x" + "11" * 32))
    assert isinstance(reconcile.counts(ledger.rpc, ledger.owner, other, Deadline(60)), Unread)
    real = ledger.node.methods["eth_getTransactionCount"]

    def no_safe(params: Any) -> Any:
        if params[1] == "safe":
            raise RpcError(wire.INVALID_PARAMS, "no such tag")
        return real(params)

    ledger.node.methods["eth_getTransactionCount"] = no_safe
    assert reconcile.counts(ledger.rpc, ledger.owner, block, Deadline(60)) == Counts(0, None)

    def never(_: Any) -> Any:
        raise RpcError(wire.INVALID_PARAMS, "no")

    ledger.node.methods["eth_getTransactionCount"] = never
    assert isinstance(reconcile.counts(ledger.rpc, ledger.owner, block, Deadline(60)), Unread)


def test_an_endpoint_that_has_not_got_that_far(ledger: Ledger) -> None:
    """One that lags knows no events of the newest blocks: its "nothing" is not taken for an answer."""
    mark, now, block, watch = _paid(ledger)
    late = SimNode(ledger.world, "late")
    late.head = lambda: mark.block + 1  # type: ignore[method-assign]
    late.methods["eth_getLogs"] = lambda _: []
    rpc = Rpc([late], ledger.file.chain_id, clock=ledger.clock)
    found = reconcile.reconcile(rpc, watch, mark, now, block, Books(0), Deadline(60))
    assert unread(found).subject == "logs"
    elsewhere = dataclasses.replace(block, hash=Hash32("0x" + "11" * 32))
    found = reconcile.reconcile(ledger.rpc, watch, mark, now, elsewhere, Books(0), Deadline(60))
    assert unread(found).code == "inconsistent"


@pytest.mark.parametrize("field", ["blockHash", "blockNumber", "transactionHash"])
def test_a_receipt_of_a_block_that_is_not(ledger: Ledger, field: str) -> None:
    """Receipts count only where their block is the chain's: otherwise gas stays unexplained, and unread."""
    mark, _ = ledger.mark()
    ledger.deposit("aave-v3", 10 * USD)
    real = ledger.node.methods["eth_getTransactionReceipt"]
    wrong = {
        "blockHash": "0x" + "22" * 32,
        "blockNumber": hex(mark.block),
        "transactionHash": "0x" + "33" * 32,
    }
    ledger.node.methods["eth_getTransactionReceipt"] = lambda params: {**real(params), field: wrong[field]}
    assert isinstance(ledger.reconciled(mark), Unread)


def test_receipts_of_two_blocks_of_one_number(ledger: Ledger) -> None:
    """Two of our transactions cannot be in two blocks of one number."""
    mark, _ = ledger.mark()
    ledger.deposit("aave-v3", 10 * USD)
    real, seen = ledger.node.methods["eth_getTransactionReceipt"], list[str]()

    def twice(params: Any) -> Any:
        seen.append(params[0])
        first = real([ledger.own[0].hash])
        other = {"transactionHash": params[0], "blockHash": "0x" + "44" * 32}
        return first if params[0] == first["transactionHash"] else {**first, **other}

    ledger.node.methods["eth_getTransactionReceipt"] = twice
    assert unread(ledger.reconciled(mark)).code == "inconsistent"


# --- hostile answers ------------------------------------------------------------------------------

Log = dict[str, Any]


def _with(**fields: Any) -> Callable[[Log], Log]:
    return lambda log: {**log, **fields}


def _topic(place: int, value: str) -> Callable[[Log], Log]:
    return lambda log: {**log, "topics": [*log["topics"][:place], value, *log["topics"][place + 1 :]]}


HOSTILE: dict[str, Callable[[Log], Any]] = {
    "text": lambda _: "0x",
    "removed": _with(removed=True),
    "another token": _with(address=DEAD),
    "another event": _topic(0, "0x" + "11" * 32),
    "another party": lambda log: _topic(1, "0x" + "00" * 32)(_topic(2, "0x" + "00" * 32)(log)),
    "no topics": _with(topics=[]),
    "half a transfer": lambda log: {**log, "topics": log["topics"][:2]},
    "a long amount": _with(data="0x" + "00" * 64),
    "no amount": _with(data="0x"),
    "before the range": _with(blockNumber="0x1"),
    "after the range": _with(blockNumber=hex(2**40)),
    "no block": _with(blockNumber=None),
    "no place": _with(logIndex=None),
    "no transaction": _with(transactionHash=None),
    "a block that is not": _with(blockHash="0x" + "22" * 32),
    "no block hash": _with(blockHash=None),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_event_explains_nothing(ledger: Ledger, name: str) -> None:
    """An event that was not asked for, is malformed, or is of no block of the chain leaves it unread."""
    mark, now, block, watch = _paid(ledger)
    real = ledger.node.methods["eth_getLogs"]
    ledger.node.methods["eth_getLogs"] = lambda params: [HOSTILE[name](log) for log in real(params)]
    found = reconcile.reconcile(ledger.rpc, watch, mark, now, block, Books(None), Deadline(60))
    assert isinstance(found, Unread), found


@pytest.mark.parametrize(
    "change",
    [
        lambda logs: "0x",
        lambda logs: None,
        lambda logs: {"logs": logs},
        lambda logs: logs + [_with(data="0x" + "00" * 31 + "07")(log) for log in logs],
        lambda logs: logs + [_with(logIndex="0x77", blockHash="0x" + "33" * 32)(log) for log in logs],
    ],
)
def test_a_hostile_list_explains_nothing(ledger: Ledger, change: Callable[[Any], Any]) -> None:
    """No list, two events in one place, or two blocks of one number are unread."""
    mark, now, block, watch = _paid(ledger)
    real = ledger.node.methods["eth_getLogs"]
    ledger.node.methods["eth_getLogs"] = lambda params: change(real(params))
    found = reconcile.reconcile(ledger.rpc, watch, mark, now, block, Books(None), Deadline(60))
    assert isinstance(found, Unread), found


def test_an_event_told_twice_counts_once(ledger: Ledger) -> None:
    """Both questions may bring the same event, and an endpoint may repeat itself."""
    mark, now, block, watch = _paid(ledger)
    real = ledger.node.methods["eth_getLogs"]
    ledger.node.methods["eth_getLogs"] = lambda params: real(params) * 2
    found = reconcile.reconcile(ledger.rpc, watch, mark, now, block, Books(0), Deadline(60))
    assert isinstance(found, Explained)
    assert names(found.flows) == [("inflow", "idle", 3 * USD)]


def test_another_endpoint_is_asked(ledger: Ledger) -> None:
    """One endpoint that is behind or lies does not keep the other's answer away."""
    mark, now, block, watch = _paid(ledger)
    bad = SimNode(ledger.world, "bad")
    bad.methods["eth_getLogs"] = lambda _: "0x"
    rpc = Rpc([bad, ledger.node], ledger.file.chain_id, clock=ledger.clock)
    found = reconcile.reconcile(rpc, watch, mark, now, block, Books(0), Deadline(60))
    assert isinstance(found, Explained)


@pytest.mark.parametrize("good", [0, 1, None])
def test_an_endpoint_that_leaves_events_out_is_no_alarm(ledger: Ledger, good: int | None) -> None:
    """What one endpoint's events leave open, another's explain; only what none explains is found."""
    mark, _ = ledger.mark()
    ledger.spending(3 * USD)
    now, block = ledger.mark()
    nodes = [SimNode(ledger.world, name) for name in "ab"]
    for place, node in enumerate(nodes):
        if place != good:
            node.methods["eth_getLogs"] = lambda _: []
    rpc = Rpc(nodes, ledger.file.chain_id, clock=ledger.clock)
    watch, known = ledger.watched(), Books(None)
    found = reconcile.reconcile(rpc, watch, mark, now, block, known, Deadline(60))
    assert isinstance(found, Explained)
    assert (found.emergencies == ()) == (good is not None)
    assert names(found.flows) == ([("outflow", "idle", -3 * USD)] if good is not None else [])


def test_the_coin_needs_no_second_look(ledger: Ledger) -> None:
    """The coin has no events, so no endpoint could have left any out."""
    mark, _ = ledger.mark()
    ledger.take(("native", ledger.owner), -1)
    now, block = ledger.mark()
    rpc = Rpc([ledger.node, SimNode(ledger.world, "b")], ledger.file.chain_id, clock=ledger.clock)
    found = reconcile.reconcile(rpc, ledger.watched(), mark, now, block, Books(None), Deadline(60))
    assert isinstance(found, Explained)
    assert [finding.subject for finding in found.emergencies] == ["native"]


def test_a_mark_that_cannot_be_looked_up(ledger: Ledger) -> None:
    """Not being able to ask for the mark's block is not its being gone."""
    mark, now, block, watch = _paid(ledger)

    def fails(_: Any) -> Any:
        raise RpcError(wire.SERVER_ERROR, "no")

    ledger.node.methods["eth_getBlockByNumber"] = fails
    found = unread(reconcile.reconcile(ledger.rpc, watch, mark, now, block, Books(None), Deadline(60)))
    assert (found.subject, found.code) == ("mark", "header")


def _paid(ledger: Ledger) -> tuple[Mark, Mark, Block, Watched]:
    """Return two marks with one transfer to us between, well below the later one."""
    mark, _ = ledger.mark()
    ledger.salary(3 * USD)
    ledger.clock.sleep(10)
    now, block = ledger.mark()
    return mark, now, block, ledger.watched()
