"""A simulated account with a past: everything that can happen to it between two marks, and their reading."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mammon.chain import oracle, reconcile
from mammon.chain.reconcile import Counts, Watched
from mammon.chain.rpc import Rpc
from mammon.core.flows import Books, Explained, Mark, Own, mark_of
from mammon.core.numbers import Wei
from mammon.core.transaction import Unsigned
from mammon.core.types import Address, All, Block, Call, Hash32, Portfolio, Position, Unread
from mammon.net.deadline import Deadline
from mammon.protocols.registry import VENUES
from mammon.sim.contracts.machine import Frame
from mammon.sim.wallet import SimSigner
from tests.sim.lab import MAX_FEE, SLUGS, TIP, Lab

USD = 10**6
STRANGER_FUNDS = 10**14


def erc20(selector: str, *values: int | str) -> bytes:
    """Return the calldata of a token's method."""
    words = (int(value, 16) if isinstance(value, str) else value for value in values)
    return bytes.fromhex(selector) + b"".join(word.to_bytes(32, "big") for word in words)


class Ledger(Lab):
    """A world, its wallet, and a stranger with money of its own who may spend the wallet's."""

    def __init__(self, seed: int = 3) -> None:
        super().__init__(seed)
        self.token = self.file.token("USDC")
        self.stranger = SimSigner(seed + 10_000)
        self.own: list[Own] = []
        self.rpc = Rpc([self.node], self.file.chain_id, clock=self.clock)
        usdc = self.chain.deployed.usdc
        self.chain.slots[usdc.key("balance", self.stranger.address)] = STRANGER_FUNDS
        self.chain.slots["native", self.stranger.address] = 10**19
        self.chain.slots[usdc.key("allowance", self.owner, self.stranger.address)] = 2**256 - 1
        for market in self.file.markets:
            self.chain.slots[usdc.key("allowance", self.stranger.address, market.spender)] = 2**256 - 1
        self.clock.sleep(2)

    # --- what happens ------------------------------------------------------------------------------

    def act(self, calls: tuple[Call, ...]) -> None:
        """Send transactions of the wallet that the journal knows; those that fail cost gas alone."""
        for call in calls:
            nonce = int(self.ask("eth_getTransactionCount", self.owner, "latest"), 16)
            self.own.append(Own(Hash32(self.send(call)), nonce, None))
            self.clock.sleep(2)

    def deposit(self, slug: str, amount: int) -> None:
        """Approve and deposit."""
        market = self.market(slug)
        self.act(VENUES[market.protocol].supply(market, amount, self.owner))

    def take_out(self, slug: str, amount: int | None) -> None:
        """Withdraw an amount, or everything."""
        market, held = self.market(slug), self.position(slug)
        if held.shares:
            form = All(held.shares) if amount is None else min(amount, held.assets)
            self.act(VENUES[market.protocol].withdraw(market, form, self.owner))

    def foreign(self) -> None:
        """Send a transaction by our key that the journal does not know."""
        self.mined([Call(self.token.address, erc20("a9059cbb", self.stranger.address, 5 * USD))])

    def others(self, call: Call) -> None:
        """Send a transaction of the stranger."""
        nonce = int(self.ask("eth_getTransactionCount", self.stranger.address, "pending"), 16)
        unsigned = Unsigned(8453, nonce, TIP, MAX_FEE, 1_000_000, call.target, Wei(0), call.data)
        self.ask("eth_sendRawTransaction", "0x" + self.stranger.sign(unsigned).hex())
        self.clock.sleep(2)

    def salary(self, amount: int) -> None:
        """Let the stranger send the asset; 0 and crumbs are bait."""
        self.others(Call(self.token.address, erc20("a9059cbb", self.owner, amount)))

    def spending(self, amount: int) -> None:
        """Let the stranger collect what the owner allowed."""
        data = erc20("23b872dd", self.owner, self.stranger.address, min(amount, self.usdc()))
        self.others(Call(self.token.address, data))

    def gift(self, slug: str, amount: int) -> None:
        """Let the stranger deposit for us."""
        market, owner = self.market(slug), self.owner
        (deposit,) = VENUES[market.protocol].supply(market, amount, owner)[1:]
        self.others(deposit)

    def quietly(self, change: Callable[[Frame], None]) -> None:
        """Change the chain's state without any event."""
        self.chain.intervene(self.chain.head + 1, change)
        self.clock.sleep(2)

    def take(self, key: tuple[str, ...], amount: int) -> None:
        """Change an integer in the state without any event, by so much."""
        self.quietly(lambda frame: frame.storage.put(key, frame.storage.get(key) + amount))

    # --- reading -----------------------------------------------------------------------------------

    def mark(self) -> tuple[Mark, Block]:
        """Read everything at the latest block."""
        reads: dict[str, Any] = {
            slug: VENUES[self.market(slug).protocol].read_position(self.market(slug), self.owner)
            for slug in SLUGS
        }
        reads["idle"] = oracle.token_balance(self.token, self.owner)
        reads["native"] = oracle.native_balance(self.file.multicall3, self.owner)
        round_ = self.read(reads)
        found = round_.values
        held = tuple(
            found[slug]
            for slug in SLUGS
            if isinstance(found[slug], Unread) or (isinstance(found[slug], Position) and found[slug].shares)
        )
        portfolio = Portfolio(self.owner, self.token, found["idle"], found["native"], held)
        counts = reconcile.counts(self.rpc, self.owner, round_.block, Deadline(60))
        assert isinstance(counts, Counts), counts
        return mark_of(portfolio, round_.block, counts.nonce, SLUGS), round_.block

    def watched(self) -> Watched:
        """Return whose events are read, hints from a market read included."""
        hints = {slug: self.state(slug).hint for slug in SLUGS}
        known = {slug: hint for slug, hint in hints.items() if hint is not None}
        return reconcile.watched(self.token.address, self.file.markets, VENUES, known)

    def reconciled(self, mark: Mark, **options: Any) -> Explained | Unread:
        """Explain everything since a mark, the journal knowing the transactions sent with `act`."""
        now, block = self.mark()
        known = options.pop("books", None) or Books(None, tuple(self.own), settled_nonce=now.nonce)
        watch = options.pop("watch", None) or self.watched()
        options = {"span": 5_000, **options}
        deadline = options.pop("deadline", Deadline(60))
        return reconcile.reconcile(self.rpc, watch, mark, now, block, known, deadline, **options)

    def explained(self, mark: Mark, **options: Any) -> Explained:
        """Return what is explained; fail when nothing could be."""
        found = self.reconciled(mark, **options)
        assert isinstance(found, Explained), found
        return found


def without(methods: dict[str, Any], place: tuple[int, int]) -> None:
    """Make a node leave out one event."""
    real = methods["eth_getLogs"]

    def fewer(params: Any) -> Any:
        return [
            one for one in real(params) if (int(one["blockNumber"], 16), int(one["logIndex"], 16)) != place
        ]

    methods["eth_getLogs"] = fewer


def names(flows: Any) -> list[tuple[str, str, int]]:
    """Return kind, subject and amount of flows."""
    return [(flow.kind, flow.subject, flow.amount) for flow in flows]


OTHER = Address("0x000000000000000000000000000000000000dEaD")
