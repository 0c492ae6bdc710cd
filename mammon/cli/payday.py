"""What there is of rewards: what payers owe the account, what programmes pay, and what both are worth."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mammon.chain import oracle
from mammon.cli.place import Place
from mammon.cli.programmes import Programmes, RewardPorts, price_reads, prices, silence
from mammon.core.names import Address
from mammon.core.numbers import Units, Usd
from mammon.core.policy import Policy
from mammon.core.programmes import Programme, Untold
from mammon.core.rewards import Owed, RewardPart, RewardRate, beside, reward_rate, worth
from mammon.core.types import Market, MarketState, Price, Read, Snapshot, TokenPrice, Unread
from mammon.engine.observe import Observation
from mammon.errors import MalformedError, MammonError
from mammon.feeds import merkl
from mammon.feeds.merkl import Grants
from mammon.protocols.merkl import Grant
from mammon.protocols.payers import PAYERS, Merkl


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
    """What there is of rewards, at one reading."""

    seen: Observation
    owing: tuple[Owing, ...]
    rates: tuple[tuple[str, RewardRate], ...]
    """By slug, of the markets that were read and have programmes; none where nobody asked for them."""
    unread: tuple[Unread, ...]
    """What Merkl did not tell."""
    others: tuple[str, ...]
    """Symbols of tokens that Merkl grants and none of our payers pays."""


def payday(place: Place, ports: RewardPorts, policy: Policy) -> Payday:
    """Read everything. What one payer or source does not tell is `Unread` by itself."""
    asked = _asked(place, ports, place.world.observe())
    seen = with_programmes(place, ports, asked.seen)
    rates, silent = rates_of(seen.snapshot, policy)
    found = _due(asked, seen.snapshot.paid.prices if seen.snapshot.paid else (), policy)
    unread = (*found.unread, *((silent,) if silent is not None else ()))
    return dataclasses.replace(found, seen=seen, rates=rates, unread=unread)


def due(place: Place, ports: RewardPorts, policy: Policy, seen: Observation | None = None) -> Payday:
    """Read what is owed and what that is worth; nobody is asked what programmes pay.

    `seen`: the reading it is about; None: a fresh one.
    """
    asked = _asked(place, ports, seen or place.world.observe())
    snapshot = asked.seen.snapshot
    if snapshot.paid is not None:
        return _due(asked, snapshot.paid.prices, policy)
    # To be asked what is owed makes a payer count: nothing else is read in that round.
    return _due(asked, prices(ports.read(price_reads(ports), snapshot.block.number)), policy)


def only(ports: RewardPorts, payer: str) -> RewardPorts:
    """Return ports that know of one payer alone, so that no other is asked."""
    return dataclasses.replace(ports, payers={payer: ports.payers[payer]})


def with_programmes(place: Place, ports: RewardPorts, seen: Observation) -> Observation:
    """Return a reading with what programmes pay in its snapshot; what stands there is not read again."""
    if seen.snapshot.paid is not None:
        return seen
    programmes = Programmes(ports, place.markets, place.chain_id)
    return programmes.joined(seen, ports.read(programmes.reads(), seen.snapshot.block.number))


def rates_of(snapshot: Snapshot, policy: Policy) -> tuple[tuple[tuple[str, RewardRate], ...], Unread | None]:
    """Return what programmes pay on each market that was read, and what Merkl did not tell of them."""
    if snapshot.paid is None:
        return (), None
    told, known = snapshot.paid.programmes, {one.token: one.price for one in snapshot.paid.prices}
    unknown = [one for one in told if isinstance(one, Untold) and one.source != merkl.NAME]
    programmes = [one for one in told if isinstance(one, Programme)]
    return tuple(_rates(snapshot, programmes, unknown, known, policy)), silence(told)


# --- what is owed --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Asked:
    """What payers said, and Merkl."""

    seen: Observation
    payers: tuple[Market, ...]
    granted: Grants | Unread
    found: Mapping[str, Any]


def _asked(place: Place, ports: RewardPorts, seen: Observation) -> _Asked:
    owner = place.owner
    assert owner is not None
    granted = _granted(place, ports, owner)
    reads: dict[str, Read[Any]] = {}
    for slug, payer in ports.payers.items():
        reads[f"held:{slug}"] = oracle.token_balance(payer.token, owner)
        grant = _grant(granted, payer)
        if not isinstance(grant, Unread):
            reads[f"owed:{slug}"] = PAYERS[payer.protocol].read_owed(payer, owner, grant)
    found = ports.read(reads, seen.snapshot.block.number)
    return _Asked(seen, tuple(ports.payers.values()), granted, found)


def _due(asked: _Asked, told: tuple[TokenPrice, ...], policy: Policy) -> Payday:
    """Return what is owed, priced; no programme."""
    known = {one.token: one.price for one in told}
    granted, block = asked.granted, asked.seen.snapshot.block

    def of(payer: Market) -> Owing:
        owed, held = asked.found.get(f"owed:{payer.slug}", _grant(granted, payer)), f"held:{payer.slug}"
        if isinstance(owed, Unread):
            unread = Unread(payer.slug, owed.code, owed.reason)
            return Owing(payer, unread, asked.found[held], unread)
        price: Price | Unread = known.get(payer.token.address, _no_feed(payer))
        value = worth(owed.amount, payer.token, price, block, policy.reward_haircut, policy.price_margin)
        return Owing(payer, owed, asked.found[held], value)

    silent = (granted,) if isinstance(granted, Unread) else ()
    others = () if isinstance(granted, Unread) else granted.others
    return Payday(asked.seen, tuple(map(of, asked.payers)), (), silent, others)


def _granted(place: Place, ports: RewardPorts, owner: Address) -> Grants | Unread:
    """Ask Merkl what is granted the account of the tokens that its payers pay; nothing where it has none."""
    tokens = {payer.token.address for payer in ports.payers.values() if payer.protocol == Merkl.protocol}
    if not tokens:
        return Grants({}, ())
    if ports.ask is None:
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


def _no_feed(payer: Market) -> Unread:
    return Unread(payer.token.symbol, "no_feed", f"no price feed of {payer.token.symbol} is listed")


# --- what programmes pay -------------------------------------------------------------------------


def _rates(
    snapshot: Snapshot,
    programmes: list[Programme],
    unknown: list[Untold],
    known: Mapping[Address, Price | Unread],
    policy: Policy,
) -> Iterator[tuple[str, RewardRate]]:
    for state in snapshot.markets:
        if not isinstance(state, MarketState):
            continue
        rate = reward_rate(
            state,
            programmes,
            known,
            snapshot.asset_usd,
            snapshot.block,
            policy.reward_haircut,
            policy.price_margin,
        )
        slug = state.market.slug
        untold = [RewardPart(one.source, one.symbol, None, one.code) for one in unknown if one.slug == slug]
        rate = beside(rate, untold)
        if rate.parts:
            yield slug, rate
