"""Domain types: what is known about markets, holdings and prices at one block.

Absence is a type: what could not be read is `Unread` with its reason, never zero and never a
default. Integers carry their scale in their type; `canonical` writes the scaled ones as strings.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from mammon.core.curves import AnyCurve
from mammon.core.names import Address as Address
from mammon.core.names import Hash32 as Hash32
from mammon.core.numbers import Ray, Units, Usd, Wei
from mammon.core.pegs import Peg
from mammon.core.programmes import Programme, Untold
from mammon.core.risk.dossier import Dossier
from mammon.core.tokens import Token as Token
from mammon.core.tokens import require_decimals
from mammon.core.tracks import PriceSample, Track, Witness

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """One contract call. A failed optional call is answered, a failed required one is raised."""

    target: Address
    data: bytes
    optional: bool = False


@dataclass(frozen=True, slots=True)
class CallFailed:
    """Stand in the place of return data for an optional call that failed."""

    code: str
    reason: str


Read = Generator[Sequence[Call], Sequence[bytes | CallFailed], T]
"""Yields the calls it needs, is sent their return data, returns a value. Raises `CallFailedError` or
`MalformedError`, which the reader turns into an `Unread` for this read alone."""


@dataclass(frozen=True, slots=True)
class All:
    """Ask for everything: `shares` is the whole balance in the venue's own share units."""

    shares: int


@dataclass(frozen=True, slots=True)
class MarketId:
    """What makes two markets the same: the contract entered, the asset, and a key where one contract
    holds many markets (empty otherwise). Names play no part."""

    chain_id: int
    address: Address
    asset: Address
    key: str = ""


@dataclass(frozen=True, slots=True)
class Market:
    """A market as the chain file lists it: identity, adapter, and the addresses the adapter needs."""

    id: MarketId
    slug: str
    """Unique, lower-case, used in commands: `aave-v3`, `steakhouse-usdc`."""
    protocol: str
    """Key into `protocols.registry.VENUES`."""
    token: Token
    spender: Address
    """Who pulls the token on a deposit, and thus the only address ever approved."""
    addresses: tuple[tuple[str, Address], ...] = ()
    """Further contracts by role, sorted by role."""
    deposits: bool = True
    """False: this version or this configuration never deposits here (detect and withdraw only)."""
    note: str = ""
    """Why deposits are off, or what a person should know."""
    risk: Dossier | None = None
    """What is documented about its code; None: nothing."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What a read learnt that shortens the next one; always verified in the round that uses it."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MarketState:
    """One market at one block."""

    market: Market
    curve: AnyCurve | None
    """None: the rate cannot be told from one block (a plain ERC-4626 seen for the first time)."""
    supplied: Units
    borrowed: Units | None
    withdrawable: Units
    """What could leave in this block, all suppliers together."""
    room: Units | None
    """What may still be deposited; None when nothing caps it."""
    index: Ray
    """Worth of one unit supplied long ago: its growth between two blocks is what was really earned."""
    closed: tuple[str, ...] = ()
    """Why nothing can be deposited (`paused`, `frozen`, …); empty when open."""
    locked: tuple[str, ...] = ()
    """Why nothing can be withdrawn; empty when open."""
    evidence: tuple[tuple[str, Units], ...] = ()
    """Live signs of danger in base units (`deficit`, `lost_assets`), sorted by name."""
    hint: Hint | None = None
    backing: tuple[tuple[Address, Units], ...] | None = None
    """What it lends against each collateral, sorted by address; None where that was not read."""
    signs: tuple[str, ...] = ()
    """Codes of what a reading of the state alone does not show (`risk.signs`): `pending_cap`, …"""


@dataclass(frozen=True, slots=True)
class Unread:
    """Stand where a value should be: what could not be read, a stable code, and why."""

    subject: str
    """A market's slug, or the name of a reading (`eth_usd`, `fees`)."""
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Position:
    """What one owner holds in one market at one block, interest up to that block included."""

    market: MarketId
    slug: str
    owner: Address
    shares: Units
    """In the venue's own share units: aToken scaled balance, vault shares, market supply shares."""
    assets: Units


@dataclass(frozen=True, slots=True)
class Block:
    """A sealed block."""

    number: int
    hash: Hash32
    parent_hash: Hash32
    timestamp: int
    base_fee: Wei


@dataclass(frozen=True, slots=True)
class Price:
    """A price feed's answer as read: value = answer / 10**decimals dollars."""

    pair: str
    answer: Units
    decimals: int
    updated: int
    """Unix seconds of the feed's last update."""
    heartbeat_s: int
    """How long the feed may stay silent and still be fresh."""

    def __post_init__(self) -> None:
        """Refuse decimals that are no uint8."""
        require_decimals(self.decimals)

    @property
    def usd(self) -> Decimal:
        """The price in dollars, exact."""
        return Decimal(self.answer).scaleb(-self.decimals)


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """The price of a token that rewards are paid in."""

    token: Address
    price: Price | Unread


@dataclass(frozen=True, slots=True)
class Paid:
    """What is paid beside interest at one block."""

    programmes: tuple[Programme | Untold, ...]
    """Programmes, and what of them was not told; by slug."""
    prices: tuple[TokenPrice, ...]
    """Of the tokens that are paid in and have a feed, by address."""


@dataclass(frozen=True, slots=True)
class Pegged:
    """A collateral that is meant to be worth something else, and what the chain's feeds say of it."""

    peg: Peg
    price: Price | Unread
    par: Price | Unread


@dataclass(frozen=True, slots=True)
class Sequencer:
    """The L2 sequencer's own uptime feed: whether it is up and since when."""

    up: bool
    since: int


@dataclass(frozen=True, slots=True)
class Fees:
    """What gas costs at this block: L2 execution, L1 data (Ecotone/Fjord scalars), operator fee."""

    base_fee: Wei
    """Of the next block."""
    tip: Wei
    l1_base_fee: Wei
    l1_base_fee_scalar: int
    blob_base_fee: Wei
    blob_base_fee_scalar: int
    operator_constant: Wei
    operator_per_megagas: Wei


@dataclass(frozen=True, slots=True)
class GasUnits:
    """Gas one action uses at one protocol: an estimate that measured receipts refine."""

    protocol: str
    action: str
    """`approve`, `deposit`, `withdraw` or `withdraw_all`."""
    units: int
    tx_bytes: int
    """Length of the unsigned transaction, which the L1 data fee is charged for."""
    samples: int = 0
    """Receipts behind the figure; 0 for a planning figure."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything read from the chain for one decision, at one block."""

    chain_id: int
    asset: Token
    block: Block
    markets: tuple[MarketState | Unread, ...]
    eth_usd: Price | Unread
    asset_usd: Price | Unread
    sequencer: Sequencer | Unread | None
    """None: this chain has no sequencer feed."""
    fees: Fees | Unread
    gas_units: tuple[GasUnits, ...]
    tracks: tuple[Track, ...] = ()
    """What earlier readings tell, sorted by slug; a market that was never read before has none."""
    witnesses: tuple[Witness | Unread, ...] = ()
    """What sources outside the chain say; empty where none is asked."""
    prices: tuple[PriceSample, ...] = ()
    """Earlier readings of the two prices, by subject, oldest first; every one lies before the block."""
    paid: Paid | None = None
    """What is paid beside interest; None: nobody looked."""
    pegs: tuple[Pegged, ...] = ()
    """Collateral that venues may lend against and that has a peg, in the order of the chain file."""


@dataclass(frozen=True, slots=True)
class FailedExit:
    """Ways home from one venue that were tried one after the other and did not work."""

    slug: str
    times: int
    at: int
    """When the last of them was decided, unix seconds."""


@dataclass(frozen=True, slots=True)
class Used:
    """What an account has used up of the limits' windows, beside its moves."""

    gas_usd: Usd | Unread = Usd(Decimal(0))
    """For gas in the last 24 hours: paid, or still to be paid by what is on the wire."""
    transactions: int = 0
    """In the last hour."""
    seen_at: int = 0
    """The highest block time the account's ledger has come to, unix seconds."""
    failed_exits: tuple[FailedExit, ...] = ()
    """In the last day, by slug; a way home that worked ends its venue's."""


NOTHING_USED = Used()


@dataclass(frozen=True, slots=True)
class Inflow:
    """Money of the account's asset that came into the wallet from outside."""

    at: int
    """Unix seconds of its block; where that is not known yet, of the block it was first seen at."""
    amount: Units


@dataclass(frozen=True, slots=True)
class Portfolio:
    """What an account holds, and what it may do next, at the snapshot's block."""

    owner: Address
    asset: Token
    idle: Units | Unread
    """The asset in the wallet: a position at a rate of zero."""
    native: Wei | Unread
    positions: tuple[Position | Unread, ...]
    moved: tuple[int, ...] = ()
    """Unix seconds of the account's moves in the last day, ascending."""
    stops: tuple[str, ...] = ()
    """Names of the stops in force (`kill_switch`, `pause`, …)."""
    used: Used = NOTHING_USED
    inflows: tuple[Inflow, ...] = ()
    """What came in of late, as far back as it may matter."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One gate's judgement: numbers only; the sentence is made when somebody reads it."""

    gate: str
    passed: bool
    measured: Decimal | None
    """None: it could not be known, which never passes."""
    limit: Decimal | None
    margin: Decimal | None
    """How far from the limit, positive when it passes; same unit as both."""
    unit: str
    detail: str = ""
    """A stable reason code where numbers do not say it (`paused`, `unread:timeout`)."""


JsonValue = Any


def slug_of(item: MarketState | Position | Unread) -> str:
    """Return the name that links a market's reading and the account's position in it."""
    if isinstance(item, Unread):
        return item.subject
    return item.market.slug if isinstance(item, MarketState) else item.slug
