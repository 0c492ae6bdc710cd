"""What a chain file says: the chain, its infrastructure, its markets, and what gas costs there."""

from __future__ import annotations

from dataclasses import dataclass

from mammon.core.concentrated.managers import PositionManager
from mammon.core.pegs import Peg
from mammon.core.types import Address, GasUnits, Market, Token
from mammon.errors import UsageError


@dataclass(frozen=True, slots=True)
class Feed:
    """A Chainlink price feed."""

    pair: str
    """Such as `eth_usd`."""
    address: Address
    heartbeat_s: int


@dataclass(frozen=True, slots=True)
class SequencerFeed:
    """The Chainlink feed that says whether an L2's sequencer is up."""

    address: Address
    grace_s: int
    """How long after a restart the other feeds are not trusted."""


@dataclass(frozen=True, slots=True)
class ChainFile:
    """One chain as configured; every address is in EIP-55 form."""

    chain_id: int
    name: str
    native: str
    """Symbol of the native coin."""
    block_time_s: int
    settle_depth: int
    """Blocks on top of it before a transaction counts as settled, whatever an endpoint calls safe."""
    multicall3: Address
    gas_price_oracle: Address | None
    """The OP Stack's predeploy; None where a chain charges no L1 data fee."""
    sequencer: SequencerFeed | None
    feeds: tuple[Feed, ...]
    tokens: tuple[Token, ...]
    rpc: tuple[str, ...]
    roles: tuple[tuple[str, str, Address], ...]
    """(protocol, role, address) shared by every market of a protocol that gives none of its own."""
    markets: tuple[Market, ...]
    gas_units: tuple[GasUnits, ...]
    sources: tuple[tuple[Address, str], ...]
    """Where each address was taken from, in the order of the file."""
    payers: tuple[Market, ...] = ()
    """Who pays rewards: the contract that is asked, and the token it pays (`protocols.payers`)."""
    position_managers: tuple[PositionManager, ...] = ()
    """Where concentrated-liquidity positions are looked for; this version never moves one."""
    pegs: tuple[Peg, ...] = ()
    """Collateral of its markets that is meant to be worth something else."""

    def token(self, symbol: str) -> Token:
        """Return the token with this symbol. Raises `UsageError`."""
        for token in self.tokens:
            if token.symbol == symbol:
                return token
        raise UsageError("not_listed", f"the chain {self.name} lists no token {symbol!r}")

    def feed(self, pair: str) -> Feed | None:
        """Return the price feed of this pair, if there is one."""
        return next((feed for feed in self.feeds if feed.pair == pair), None)

    def role(self, protocol: str, name: str) -> Address | None:
        """Return the address that the markets of a protocol share for a role, if there is one."""
        if name == "multicall3":
            return self.multicall3
        return next((found for *key, found in self.roles if key == [protocol, name]), None)

    def market(self, slug: str) -> Market:
        """Return the market with this slug. Raises `UsageError`."""
        for market in self.markets:
            if market.slug == slug:
                return market
        raise UsageError("not_listed", f"the chain {self.name} lists no market {slug!r}")
