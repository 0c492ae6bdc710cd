"""Share tokens: what their events say of the shares an account holds.

Vault shares are counted by the token's own transfers, exactly. An aToken's transfers are amounts with
interest in them, so its scaled balance is told by `Mint`, `Burn` and `BalanceTransfer` instead: what was
minted less the interest in it, over the index. Comet's are amounts too, and tell no index: its principal
is told by the last index known, within what it may have drifted since. Sources: aave/aave-v3-core 1.19.3
and aave-dao/aave-v3-origin 3.6.0, `ScaledBalanceTokenBase` and `AToken`; compound-finance/comet d5a30b0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from mammon.core import abi
from mammon.core.curves.comet import principal_of
from mammon.core.fixed import RAY
from mammon.core.types import Address
from mammon.errors import MalformedError
from mammon.protocols.abi import aave_v3, erc20, morpho

_SCALED_SLACK = 2
"""Shares one mint or burn may differ from its event: what it tells is rounded, and so is the quotient."""

_PRINCIPAL_SLACK = 2
_DRIFT_PARTS = 100
"""The index of a Comet event lies within one part in so many of the one known: ten weeks at 5 % a year."""


@dataclass(frozen=True, slots=True)
class ShareMove:
    """What one event did to one owner's shares."""

    shares: int
    """In the venue's own share units, as `Position.shares`; negative for less."""
    slack: int
    """By how much `shares` may be off."""
    other: Address
    """The other side; the zero account where shares were made or ended."""


class ShareToken(Protocol):
    """The contract whose events tell of a market's shares."""

    @property
    def address(self) -> Address:
        """Who emits them."""
        ...

    @property
    def topics(self) -> tuple[bytes, ...]:
        """The events that count, by their first topic; `party_places` says where the parties stand."""
        ...

    def moved(self, topics: Sequence[bytes], data: bytes, owner: Address) -> ShareMove | None:
        """Return what one of these events did to the owner's shares; None where it tells of another market.

        Raises `MalformedError`.
        """
        ...


@dataclass(frozen=True, slots=True)
class VaultShares:
    """Shares that are an ERC-20's plain balance."""

    address: Address
    topics: tuple[bytes, ...] = (erc20.TRANSFER_TOPIC,)

    def moved(self, topics: Sequence[bytes], data: bytes, owner: Address) -> ShareMove:
        """Read a `Transfer`."""
        sender, recipient = _parties(topics, self.topics)
        (amount,) = abi.words(data, 1)
        return _between(sender, recipient, amount, owner)


@dataclass(frozen=True, slots=True)
class ScaledShares:
    """An aToken's scaled balance."""

    address: Address
    topics: tuple[bytes, ...] = (aave_v3.MINT_TOPIC, aave_v3.BURN_TOPIC, aave_v3.BALANCE_TRANSFER_TOPIC)

    def moved(self, topics: Sequence[bytes], data: bytes, owner: Address) -> ShareMove:
        """Read a `Mint`, a `Burn` or a `BalanceTransfer`."""
        first, second = _parties(topics, self.topics)
        if topics[0] == aave_v3.BALANCE_TRANSFER_TOPIC:
            scaled, _ = abi.words(data, 2)
            return _between(first, second, scaled, owner)
        value, interest, index = abi.words(data, 3)
        if index == 0:
            raise MalformedError("event", "malformed event: an index of zero")
        if topics[0] == aave_v3.MINT_TOPIC:  # a burn below the interest earned mints, and less than that
            holder, other, assets = second, first, value - interest
        else:
            holder, other, assets = first, second, -(value + interest)
        return ShareMove(_scaled(assets, index) if holder == owner else 0, _SCALED_SLACK, other)


@dataclass(frozen=True, slots=True)
class PrincipalShares:
    """A Comet's principal: its transfers tell what the principal is worth at the index of their block."""

    address: Address
    index: int
    """One that was read not long ago, in units of 1e15."""
    topics: tuple[bytes, ...] = (erc20.TRANSFER_TOPIC,)

    def moved(self, topics: Sequence[bytes], data: bytes, owner: Address) -> ShareMove:
        """Read a `Transfer`."""
        sender, recipient = _parties(topics, self.topics)
        (assets,) = abi.words(data, 1)
        principal = principal_of(assets, self.index)
        exact = _between(sender, recipient, principal, owner)
        return replace(exact, slack=_PRINCIPAL_SLACK + principal // _DRIFT_PARTS)


@dataclass(frozen=True, slots=True)
class MarketShares:
    """Supply shares of one market of Morpho Blue, whose singleton tells of all its markets.

    Only who supplies, withdraws, or has it done on his behalf holds other shares than before: they do not
    go from hand to hand.
    """

    address: Address
    market: bytes
    """Its id: the second topic."""
    topics: tuple[bytes, ...] = (morpho.SUPPLY_TOPIC, morpho.WITHDRAW_TOPIC)

    def moved(self, topics: Sequence[bytes], data: bytes, owner: Address) -> ShareMove | None:
        """Read a `Supply` or a `Withdraw`."""
        if len(topics) != 4 or topics[0] not in self.topics:
            raise MalformedError("event", "malformed event: not one that moves shares")
        first, second = abi.address(topics[2]), abi.address(topics[3])
        if topics[0] == morpho.SUPPLY_TOPIC:  # (caller, holder); assets, shares
            shares, holder, other = abi.words(data, 2)[1], second, first
        else:  # (holder, recipient); caller, assets, shares
            shares, holder, other = -abi.words(data, 3)[2], first, second
        if topics[1] != self.market:
            return None
        return ShareMove(shares if holder == owner else 0, 0, other)


def party_places(topics: Sequence[bytes]) -> tuple[int, ...]:
    """Return at which topics an owner may stand in events of these kinds."""
    return (1, 2, 3) if morpho.SUPPLY_TOPIC in topics else (1, 2)


def _parties(topics: Sequence[bytes], known: tuple[bytes, ...]) -> tuple[Address, Address]:
    if len(topics) != 3 or topics[0] not in known:
        raise MalformedError("event", "malformed event: not one that moves shares")
    return abi.address(topics[1]), abi.address(topics[2])


def _between(sender: Address, recipient: Address, amount: int, owner: Address) -> ShareMove:
    shares = amount * ((recipient == owner) - (sender == owner))
    return ShareMove(shares, 0, sender if recipient == owner else recipient)


def _scaled(assets: int, index: int) -> int:
    """Return the nearest number of shares."""
    nearest = (2 * abs(assets) * RAY + index) // (2 * index)
    return nearest if assets >= 0 else -nearest
