"""The account at a settled block: what it holds there, and how many transactions it had made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mammon.chain import head, reconcile
from mammon.chain.jsonrpc import Request
from mammon.chain.reader import Reader
from mammon.chain.reconcile import Counts
from mammon.chain.rpc import Rpc
from mammon.core.flows import NATIVE, Mark, mark_of
from mammon.core.plan import IDLE
from mammon.core.ports import Deadline
from mammon.core.types import Address, Block, Market, Portfolio, Position, Read, Token, Unread
from mammon.errors import MalformedError, OutsideError
from mammon.protocols.base import LendingVenue


@dataclass(frozen=True, slots=True)
class Eyes:
    """Who is asked, and what there is to see of one account."""

    rpc: Rpc
    reader: Reader
    owner: Address
    asset: Token
    markets: Mapping[str, Market]
    venues: Mapping[str, LendingVenue]
    wallet: Callable[[Address], Mapping[str, Read[Any]]]
    """Fresh reads named `idle` and `native`."""
    least_depth: int
    """Nothing is settled less deep under the head, whatever an endpoint calls safe."""
    soon: Callable[[], Deadline]

    def settled(self, newest: Block) -> Block | None:
        """Return the newest settled block below a head; None as long as no endpoint tells."""
        asked: list[Request] = [("eth_getBlockByNumber", ("safe", False))]
        try:
            (found,) = self.rpc.batch(asked, self.soon())
            number = max(0, min(head.header(found).number, newest.number - self.least_depth))
            (found,) = self.rpc.batch([("eth_getBlockByNumber", (hex(number), False))], self.soon())
            return head.header(found)
        except MalformedError:
            return None

    def marked(self, block: Block) -> tuple[Mark, int | None]:
        """Read the account at a block; return it with its count of transactions at the safe block.

        Raises `OutsideError` when the block is gone or nobody can be asked.
        """
        reads: dict[str, Read[Any]] = {
            slug: self.venues[market.protocol].read_position(market, self.owner)
            for slug, market in self.markets.items()
            if market.protocol in self.venues
        }
        round_ = self.reader.read({**reads, **self.wallet(self.owner)}, self.soon(), at=block.number)
        if round_.block.hash != block.hash:
            raise OutsideError("reorganised", f"block {block.number} is another one now", "try again")
        values = dict(round_.values)
        idle, native = values.pop(IDLE), values.pop(NATIVE)
        held = tuple(
            Unread(slug, value.code, value.reason) if isinstance(value, Unread) else value
            for slug, value in values.items()
            if isinstance(value, Unread | Position)
        )
        portfolio = Portfolio(self.owner, self.asset, idle, native, held)
        counts = reconcile.counts(self.rpc, self.owner, block, self.soon())
        nonce, settled = (counts.nonce, counts.settled) if isinstance(counts, Counts) else (None, None)
        return mark_of(portfolio, block, nonce, reads), settled

    def settled_mark(self, newest: Block) -> Mark:
        """Read the whole account at a settled block. Raises `OutsideError` when that cannot be done now."""
        block = self.settled(newest)
        if block is None:
            raise OutsideError("unsettled", "no endpoint tells which blocks are safe", "try again")
        now, _ = self.marked(block)
        if None in (now.idle, now.native, now.nonce) or len(now.holdings) < len(self.markets):
            raise OutsideError("unread", "the account was not read as a whole", "try again")
        return now
