"""What is paid beside interest, as it is read: from payers at the block, and from Merkl.

Where the policy counts rewards this stands in every snapshot. What payers say and the prices of the tokens
are then read in the same round as the markets. Merkl is asked every half hour, in a few seconds of its own;
what it said before serves meanwhile, as long as a quoted rate may.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mammon.core.names import Address
from mammon.core.programmes import Programme, Untold
from mammon.core.rewards import QUOTE_FRESH_S
from mammon.core.types import Market, Paid, Price, Read, TokenPrice, Unread
from mammon.engine.observe import Observation
from mammon.errors import MammonError
from mammon.feeds import merkl
from mammon.protocols.base import role
from mammon.protocols.payers import PAYERS

_LOG = logging.getLogger("mammon.rewards")

ASK_EVERY_S = 1_800
_PROGRAMME, _PRICE = "programme:", "price:"


@dataclass(frozen=True, slots=True)
class RewardPorts:
    """What reading rewards needs beside a world's own ports."""

    payers: Mapping[str, Market]
    prices: Mapping[Address, Callable[[], Read[Price]]]
    """What makes a fresh read of a token's price, of those that payers pay and that have a feed."""
    read: Callable[[Mapping[str, Read[Any]], int], Mapping[str, Any]]
    """Drives reads at one block, no lower than the one given; `Unread` for what was not read."""
    ask: Callable[[str], bytes] | None
    """Merkl's answer to one URL; raises `MammonError`. None: Merkl is not asked."""
    merkl_url: str


class Programmes:
    """Everything that is paid on some markets."""

    def __init__(self, ports: RewardPorts, markets: Mapping[str, Market], chain_id: int) -> None:
        self._ports, self._chain_id = ports, chain_id
        self._venues = {market.id.address: market.slug for market in markets.values()}
        self._heard: tuple[int, tuple[Programme, ...]] | None = None
        """What Merkl said last, and at which block's time."""

    def reads(self) -> dict[str, Read[Any]]:
        """Return fresh reads of what payers pay, and of the prices of what they pay in."""
        found: dict[str, Read[Any]] = price_reads(self._ports)
        for slug, market in self._paid().items():
            payer = self._ports.payers[slug]
            found[_PROGRAMME + slug] = PAYERS[payer.protocol].read_programme(payer, market)
        return found

    def joined(self, seen: Observation, values: Mapping[str, Any]) -> Observation:
        """Return a reading with what these reads brought, and what Merkl says, in its snapshot."""
        at = seen.snapshot.block.timestamp
        found = [*self._by_payers(values), *self._by_merkl(at)]
        ordered = tuple(sorted(found, key=lambda one: (one.slug, one.source, _symbol(one))))
        snapshot = dataclasses.replace(seen.snapshot, paid=Paid(ordered, prices(values)))
        shown = {name: one for name, one in seen.aside.items() if name not in values}
        return dataclasses.replace(seen, snapshot=snapshot, aside=shown)

    def _paid(self) -> dict[str, str]:
        """Return the markets that payers pay on, by payer."""
        venues = {
            slug: self._venues.get(role(payer, "venue") or payer.id.address)
            for slug, payer in self._ports.payers.items()
        }
        return {slug: market for slug, market in venues.items() if market is not None}

    def _by_payers(self, values: Mapping[str, Any]) -> list[Programme | Untold]:
        found: list[Programme | Untold] = []
        for slug, market in self._paid().items():
            told = values[_PROGRAMME + slug]
            if isinstance(told, Unread):
                symbol = self._ports.payers[slug].token.symbol
                found.append(Untold(market, slug, symbol, told.code, told.reason))
            elif told is not None:
                found.append(told)
        return found

    def _by_merkl(self, at: int) -> list[Programme | Untold]:
        """Return what Merkl says; where it is silent, that it does not tell of any market."""
        if self._ports.ask is None:
            return []
        heard = self._heard
        if heard is not None and 0 <= at - heard[0] < ASK_EVERY_S:
            return [*heard[1]]
        try:
            self._heard = at, self._asked(at)
            return [*self._heard[1]]
        except MammonError as error:
            _LOG.warning("Merkl does not tell what its campaigns pay: %s (%s)", error.message, error.code)
            if heard is not None and 0 <= at - heard[0] <= QUOTE_FRESH_S:
                return [*heard[1]]
            slugs = sorted(self._venues.values())
            return [Untold(slug, merkl.NAME, "", error.code, error.message) for slug in slugs]

    def _asked(self, at: int) -> tuple[Programme, ...]:
        """Ask Merkl what its campaigns pay on our markets, page by page."""
        assert self._ports.ask is not None
        found: list[Programme] = []
        for page in range(merkl.PAGES):
            body = self._ports.ask(merkl.opportunities_url(self._ports.merkl_url, self._chain_id, page))
            count, some = merkl.programmes(body, self._venues, self._chain_id, at)
            found += some
            if count < merkl.PAGE:
                break
        return tuple(found)


def price_reads(ports: RewardPorts) -> dict[str, Read[Any]]:
    """Return fresh reads of the prices of what payers pay in."""
    paid = {payer.token.address for payer in ports.payers.values()}
    return {_PRICE + token: read() for token, read in ports.prices.items() if token in paid}


def prices(values: Mapping[str, Any]) -> tuple[TokenPrice, ...]:
    """Return the prices among what was read, by address."""
    found = ((name.removeprefix(_PRICE), one) for name, one in values.items() if name.startswith(_PRICE))
    return tuple(TokenPrice(Address(token), one) for token, one in sorted(found, key=lambda pair: pair[0]))


def silence(told: tuple[Programme | Untold, ...]) -> Unread | None:
    """Return that Merkl did not tell, where it did not."""
    untold = (one for one in told if isinstance(one, Untold) and one.source == merkl.NAME)
    return next((Unread(merkl.NAME, one.code, one.reason) for one in untold), None)


def _symbol(one: Programme | Untold) -> str:
    return one.symbol if isinstance(one, Untold) else one.token.symbol
