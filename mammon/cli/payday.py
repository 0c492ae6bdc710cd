"""What there is of rewards: what payers owe the account, what programmes pay, and what both are worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mammon.chain import oracle
from mammon.cli.place import Place
from mammon.core.names import Address
from mammon.core.numbers import Units, Usd
from mammon.core.policy import Policy
from mammon.core.rewards import Owed, Programme, RewardPart, RewardRate, beside, reward_rate, worth
from mammon.core.types import Market, MarketState, Price, Read, Unread
from mammon.engine.observe import Observation
from mammon.errors import MalformedError, MammonError
from mammon.feeds import merkl
from mammon.feeds.merkl import Grants
from mammon.protocols.base import role
from mammon.protocols.merkl import Grant
from mammon.protocols.payers import PAYERS, Merkl

Prices = Mapping[Address, Price | Unread]


@dataclass(frozen=True, slots=True)
class RewardPorts:
    """What reading rewards needs beside a world's own ports."""

    payers: Mapping[str, Market]
    prices: Callable[[], Mapping[Address, Read[Price]]]
    """Fresh reads of the prices of tokens, of those that have a feed."""
    read: Callable[[Mapping[str, Read[Any]], int], Mapping[str, Any]]
    """Drives reads at one block, no lower than the one given; `Unread` for what was not read."""
    ask: Callable[[str], bytes] | None
    """Merkl's answer to one URL; raises `MammonError`. None: Merkl is not asked."""
    merkl_url: str


@dataclass(frozen=True, slots=True)
class Owing:
    """One payer and the account."""

    payer: Market
    owed: Owed | Unread
    held: Units | Unread
    """Of its token in the wallet, from wherever it came."""
    worth: Usd | Unread
    """Of what is owed, after the haircut."""


@dataclass(frozen=True, slots=True)
class Payday:
    """Everything there is of rewards, at one reading."""

    seen: Observation
    owing: tuple[Owing, ...]
    rates: tuple[tuple[str, RewardRate], ...]
    """By slug, of the markets that were read and have programmes."""
    unread: tuple[Unread, ...]
    """What Merkl did not tell."""
    others: tuple[str, ...]
    """Symbols of tokens that Merkl grants and none of our payers pays."""


def payday(place: Place, ports: RewardPorts, policy: Policy) -> Payday:
    """Read everything. What one payer or source does not tell is `Unread` by itself."""
    seen = place.world.observe()
    granted, owing = _owing(place, ports, seen, policy)
    rates, silent = rates_of(place, ports, seen, policy)
    unread = tuple(one for one in (granted, silent) if isinstance(one, Unread))
    others = () if isinstance(granted, Unread) else granted.others
    return Payday(seen, owing, rates, unread, others)


def rates_of(
    place: Place, ports: RewardPorts, seen: Observation, policy: Policy
) -> tuple[tuple[tuple[str, RewardRate], ...], Unread | None]:
    """Return what programmes pay on each market that was read, and what Merkl did not tell of them."""
    venues = {market.id.address: market.slug for market in place.markets.values()}
    reads: dict[str, Read[Any]] = {f"price:{token}": read for token, read in ports.prices().items()}
    rewarded: dict[str, str] = {}
    for slug, payer in ports.payers.items():
        market = venues.get(role(payer, "venue") or payer.id.address)
        if market is not None:
            rewarded[slug] = market
            reads[f"programme:{slug}"] = PAYERS[payer.protocol].read_programme(payer, market)
    found = ports.read(reads, seen.snapshot.block.number)
    prices = _prices(found)
    unknown = [
        (market, RewardPart(slug, ports.payers[slug].token.symbol, None, told.code))
        for slug, market in rewarded.items()
        if isinstance(told := found[f"programme:{slug}"], Unread)
    ]
    programmes = [one for one in found.values() if isinstance(one, Programme)]
    campaigns = _campaigns(place, ports, venues, seen)
    silent = campaigns if isinstance(campaigns, Unread) else None
    programmes += () if isinstance(campaigns, Unread) else campaigns
    return tuple(_rates(seen, programmes, unknown, prices, policy)), silent


def _owing(
    place: Place, ports: RewardPorts, seen: Observation, policy: Policy
) -> tuple[Grants | Unread, tuple[Owing, ...]]:
    owner, block = place.owner, seen.snapshot.block
    assert owner is not None
    granted = _granted(place, ports, owner)
    reads: dict[str, Read[Any]] = {}
    for slug, payer in ports.payers.items():
        reads[f"held:{slug}"] = oracle.token_balance(payer.token, owner)
        grant = _grant(granted, payer)
        if not isinstance(grant, Unread):
            reads[f"owed:{slug}"] = PAYERS[payer.protocol].read_owed(payer, owner, grant)
    found = ports.read(reads, block.number)
    # To be asked what is owed makes a payer count: nothing else is read in that round.
    priced = {f"price:{token}": read for token, read in ports.prices().items()}
    prices = _prices(ports.read(priced, block.number))

    def of(payer: Market) -> Owing:
        owed = found.get(f"owed:{payer.slug}", _grant(granted, payer))
        if isinstance(owed, Unread):
            unread = Unread(payer.slug, owed.code, owed.reason)
            return Owing(payer, unread, found[f"held:{payer.slug}"], unread)
        price = prices.get(payer.token.address, _no_feed(payer))
        value = worth(owed.amount, payer.token, price, block, policy.reward_haircut, policy.price_margin)
        return Owing(payer, owed, found[f"held:{payer.slug}"], value)

    return granted, tuple(map(of, ports.payers.values()))


def _granted(place: Place, ports: RewardPorts, owner: Address) -> Grants | Unread:
    """Ask Merkl what is granted the account."""
    tokens = {payer.token.address for payer in ports.payers.values() if payer.protocol == Merkl.protocol}
    if ports.ask is None or not tokens:
        return Unread(merkl.NAME, "not_asked", "Merkl is not asked (`rewards.merkl`)")
    try:
        body = ports.ask(merkl.rewards_url(ports.merkl_url, place.chain_id, owner))
        return merkl.grants(body, place.chain_id, tokens)
    except MammonError as error:
        return Unread(merkl.NAME, error.code, error.message)


def _grant(granted: Grants | Unread, payer: Market) -> Grant | Unread | None:
    """Return what is granted of a payer's token; None where nothing is, or where no grant is asked for."""
    if payer.protocol != Merkl.protocol:
        return None
    if isinstance(granted, Unread):
        return granted
    told = granted.known.get(payer.token.address)
    if isinstance(told, MalformedError):
        return Unread(payer.slug, told.code, told.message)
    if told is None or told.total == 0:
        return None
    try:
        return Grant(told.total, told.path)
    except MalformedError as error:
        return Unread(payer.slug, error.code, error.message)


def _campaigns(
    place: Place, ports: RewardPorts, venues: Mapping[Address, str], seen: Observation
) -> tuple[Programme, ...] | Unread:
    """Ask Merkl what its campaigns pay on our markets, page by page."""
    if ports.ask is None:
        return ()
    found: list[Programme] = []
    try:
        for page in range(merkl.PAGES):
            body = ports.ask(merkl.opportunities_url(ports.merkl_url, place.chain_id, page))
            count, some = merkl.programmes(body, venues, place.chain_id, seen.snapshot.block.timestamp)
            found += some
            if count < merkl.PAGE:
                break
    except MammonError as error:
        return Unread(merkl.NAME, error.code, error.message)
    return tuple(found)


def _prices(found: Mapping[str, Any]) -> Prices:
    mark = "price:"
    return {Address(name.removeprefix(mark)): one for name, one in found.items() if name.startswith(mark)}


def _rates(
    seen: Observation,
    programmes: list[Programme],
    unknown: list[tuple[str, RewardPart]],
    prices: Prices,
    policy: Policy,
) -> Iterator[tuple[str, RewardRate]]:
    snapshot = seen.snapshot
    for state in snapshot.markets:
        if not isinstance(state, MarketState):
            continue
        rate = reward_rate(
            state,
            programmes,
            prices,
            snapshot.asset_usd,
            snapshot.block,
            policy.reward_haircut,
            policy.price_margin,
        )
        rate = beside(rate, [part for slug, part in unknown if slug == state.market.slug])
        if rate.parts:
            yield state.market.slug, rate


def _no_feed(payer: Market) -> Unread:
    return Unread(payer.token.symbol, "no_feed", f"no price feed of {payer.token.symbol} is listed")
