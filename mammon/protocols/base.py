"""What an adapter is: the Protocol every venue implements, what it can do, what it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mammon.core.types import Address, All, Call, Hint, Market, MarketState, Position, Read
from mammon.errors import MalformedError
from mammon.protocols.shares import ShareToken


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an adapter can do; checked before a market is ranked."""

    read: bool
    deposit: bool
    withdraw: bool
    rewards: bool


@dataclass(frozen=True, slots=True)
class Roles:
    """The further addresses an adapter takes from its market's table."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    key: bool = False
    """Its contract holds many markets: the table names one of them by its `key`."""


class LendingVenue(Protocol):
    """One protocol. Stateless: all there is to a market stands in its `Market`.

    Reads raise `CallFailedError` or `MalformedError`; nothing else, whatever the chain answers.
    """

    @property
    def protocol(self) -> str:
        """The key in `VENUES`."""
        ...

    @property
    def can(self) -> Capabilities:
        """What this adapter can do."""
        ...

    @property
    def roles(self) -> Roles:
        """The addresses beside the market's own that this adapter reads."""
        ...

    def read_market(self, market: Market, hint: Hint | None) -> Read[MarketState]:
        """Read one market; `hint` is what an earlier read left behind, and is verified."""
        ...

    def read_position(
        self, market: Market, owner: Address, hint: Hint | None = None, last_shares: int = 0
    ) -> Read[Position]:
        """Read what `owner` holds, interest up to the block included.

        `hint` as in `read_market`; `last_shares` are the shares it held when last read: right, they
        save a round, wrong, they cost nothing.
        """
        ...

    def share_token(self, market: Market, hint: Hint | None) -> ShareToken | None:
        """Return whose events tell of shares in this market; None as long as it is not known.

        `hint` as in `read_market`.
        """
        ...

    def supply(self, market: Market, amount: int, owner: Address) -> tuple[Call, ...]:
        """Return the calls that deposit `amount` for `owner`: an exact approval, then the deposit.

        Raises `RefusedError` where the market's deposits are off, `ValueError` for no amount.
        """
        ...

    def withdraw(self, market: Market, amount: int | All, owner: Address) -> tuple[Call, ...]:
        """Return the calls that bring `amount` back to `owner`; `All` uses the venue's own form."""
        ...


def role(market: Market, name: str) -> Address | None:
    """Return the address a market's table gives for a role, if it gives one."""
    return dict(market.addresses).get(name)


def required_role(market: Market, name: str) -> Address:
    """Return the address of a role the adapter cannot do without."""
    found = role(market, name)
    if found is None:
        raise MalformedError("market", f"{market.slug} has no address for {name!r}", "add it to its table")
    return found
