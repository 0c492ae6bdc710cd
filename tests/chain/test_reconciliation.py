"""Reconciliation on a real node over the real protocols: their events explain what was held, to the unit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mammon.chain import oracle, reconcile
from mammon.chain.reader import Reader
from mammon.chain.reconcile import Counts
from mammon.chain.rpc import Rpc as ChainRpc
from mammon.core.flows import Books, Explained, Mark, Own, mark_of
from mammon.core.types import Address, All, Block, Call, Hash32, Hint, Market, Portfolio, Position, Unread
from mammon.net.deadline import Deadline
from mammon.net.http import HttpTransport
from mammon.protocols.chains import ChainFile
from mammon.protocols.registry import VENUES
from tests.chain.chainfile import SLUGS, chain_file
from tests.chain.reading import ChainClock
from tests.chain.scenario import ETHER, USD, Scenario

pytestmark = pytest.mark.chain

AMOUNT = 123_456_789_012


class Account:
    """One account on the node, its past and its readings."""

    def __init__(self, chain: Scenario) -> None:
        self.chain, self.owner = chain, Address(chain.account("alice"))
        self.file: ChainFile = chain_file(chain.lab, chain.rpc.url)
        self.transport = HttpTransport(chain.rpc.url, plain_http=True)
        self.rpc = ChainRpc([self.transport], self.file.chain_id, clock=ChainClock(chain))
        self.reader = Reader(self.rpc, self.file.chain_id, self.file.multicall3)
        self.token = self.file.token("USDC")
        self.own: list[Own] = []

    def send(self, sender: str, calls: tuple[Call, ...]) -> None:
        for call in calls:
            count = int(self.chain.rpc("eth_getTransactionCount", sender, "latest"), 16)
            receipt = self.chain.rpc.send(sender, call.target, call.data)
            if sender == self.owner:
                self.own.append(Own(Hash32(receipt["transactionHash"]), count, None))

    def market(self, slug: str) -> Market:
        return self.file.market(slug)

    def position(self, slug: str) -> Position:
        market = self.market(slug)
        read = {slug: VENUES[market.protocol].read_position(market, self.owner)}
        found = self.reader.read(read, Deadline(20)).values[slug]
        assert isinstance(found, Position)
        return found

    def mark(self) -> tuple[Mark, Block]:
        reads = {
            slug: VENUES[self.market(slug).protocol].read_position(self.market(slug), self.owner)
            for slug in SLUGS
        }
        wallet = {
            "idle": oracle.token_balance(self.token, self.owner),
            "native": oracle.native_balance(self.file.multicall3, self.owner),
        }
        round_ = self.reader.read({**reads, **wallet}, Deadline(20))
        held = tuple(round_.values[slug] for slug in SLUGS)
        assert not any(isinstance(one, Unread) for one in held)
        portfolio = Portfolio(self.owner, self.token, round_.values["idle"], round_.values["native"], held)
        counts = reconcile.counts(self.rpc, self.owner, round_.block, Deadline(20))
        assert isinstance(counts, Counts)
        return mark_of(portfolio, round_.block, counts.nonce, SLUGS), round_.block

    def explained(self, mark: Mark) -> Explained:
        now, block = self.mark()
        hints = {}
        for slug in SLUGS:
            market = self.market(slug)
            read = {slug: VENUES[market.protocol].read_market(market, None)}
            hints[slug] = self.reader.read(read, Deadline(20)).values[slug].hint
        watch = reconcile.watched(self.token.address, self.file.markets, VENUES, hints)
        assert set(watch.shares) == set(SLUGS)
        found = reconcile.reconcile(
            self.rpc, watch, mark, now, block, Books(None, tuple(self.own)), Deadline(20)
        )
        assert isinstance(found, Explained), found
        return found


@pytest.fixture
def account(chain: Scenario) -> Iterator[Account]:
    found = Account(chain)
    yield found
    found.transport.close()


@pytest.mark.parametrize("slug", SLUGS)
def test_a_deposit_interest_and_withdrawals_are_explained(
    chain: Scenario, account: Account, slug: str
) -> None:
    """In, a month, a part out, less than the interest out, more in, all out: nothing is left open."""
    market = account.market(slug)
    venue = VENUES[market.protocol]
    chain.fund(account.owner, usdc=AMOUNT, wei=ETHER)
    mark, _ = account.mark()
    account.send(account.owner, venue.supply(market, AMOUNT // 2, account.owner))
    assert _clean(account.explained(mark))
    middle, _ = account.mark()
    for amount in (1_000_001, 17):
        chain.warp(30 * 86_400)
        account.send(account.owner, venue.withdraw(market, amount, account.owner))
    account.send(account.owner, venue.supply(market, 1_000 * USD, account.owner))
    assert _clean(account.explained(middle))
    account.send(account.owner, venue.withdraw(market, All(account.position(slug).shares), account.owner))
    for began in (mark, middle):
        found = account.explained(began)
        assert _clean(found)
        assert {flow.kind for flow in found.flows} <= {"act", "accrual"}


@pytest.mark.parametrize("slug", SLUGS)
def test_what_others_do_is_explained(chain: Scenario, account: Account, slug: str) -> None:
    """Cash, a deposit for us, and shares from hand to hand both ways are flows of the right side."""
    other = chain.account("whale")
    market = account.market(slug)
    venue = VENUES[market.protocol]
    chain.fund(account.owner, usdc=1_000 * USD, wei=ETHER)
    chain.fund(other, usdc=10_000 * USD)
    account.send(account.owner, venue.supply(market, 900 * USD, account.owner))
    mark, _ = account.mark()
    chain.warp(86_400)
    gift = venue.supply(market, 500 * USD, account.owner)
    account.send(other, gift)
    chain["usdc"].send("transfer", account.owner, 7 * USD, sender=other)
    token = reconcile.watched(account.token.address, (market,), VENUES, _hints(account, slug)).shares[slug]
    for sender, to in ((account.owner, other), (other, account.owner)):
        amount = 300 * 10**18 if slug in ("mm-main", "mm-small") else 300 * USD
        data = bytes.fromhex("a9059cbb") + bytes(12) + bytes.fromhex(to[2:]) + amount.to_bytes(32, "big")
        account.send(sender, (Call(token.address, data),))
    found = account.explained(mark)
    assert _clean(found)
    kinds = [(flow.kind, flow.subject) for flow in found.flows if flow.kind != "accrual" and flow.amount]
    assert ("inflow", "idle") in kinds
    assert kinds.count(("inflow", slug)) == 2
    assert kinds.count(("act", slug)) == 1


def _hints(account: Account, slug: str) -> dict[str, Hint]:
    market = account.market(slug)
    read = {slug: VENUES[market.protocol].read_market(market, None)}
    return {slug: account.reader.read(read, Deadline(20)).values[slug].hint}


def _clean(found: Explained) -> bool:
    assert (found.findings, found.unread) == ((), ())
    return True
