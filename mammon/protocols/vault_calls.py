"""Deposits, withdrawals and holdings of ERC-4626 vaults, which are the same for every kind of vault."""

from __future__ import annotations

from mammon.core import abi
from mammon.core.numbers import Units
from mammon.core.types import Address, All, Call, Hint, Market, Position, Read
from mammon.errors import MalformedError
from mammon.protocols.abi import erc20, erc4626
from mammon.protocols.pieces import (
    Answers,
    Questions,
    approval,
    ask,
    balance,
    check_decimals,
    decimals_question,
    positive,
)
from mammon.protocols.shares import VaultShares

ANYONE = Address("0x000000000000000000000000000000000000dEaD")
"""Stands for a depositor who has no role in any vault."""


class VaultCalls:
    """The part of a venue that a vault's own standard fixes. The market's address is the vault."""

    def read_position(
        self,
        market: Market,
        owner: Address,
        hint: Hint | None = None,  # noqa: ARG002  # a vault is its own share token: nothing to learn
        last_shares: int = 0,
    ) -> Read[Position]:
        """Read shares and what the vault says they are worth: a second round only for a new balance."""
        vault = market.id.address
        first = {**identity_questions(market), "shares": balance(vault, owner)}
        answers = yield from ask({**first, "assets": worth_of(vault, last_shares)} if last_shares else first)
        check_identity(market, answers)
        shares = answers.number("shares")
        if shares and shares != last_shares:
            answers = yield from ask({"assets": worth_of(vault, shares)})
        assets = answers.number("assets") if shares else 0
        return Position(market.id, market.slug, owner, Units(shares), Units(assets))

    def share_token(self, market: Market, hint: Hint | None) -> VaultShares:  # noqa: ARG002  # as above
        """Name the vault: it is its own share token."""
        return VaultShares(market.id.address)

    def supply(self, market: Market, amount: int, owner: Address) -> tuple[Call, ...]:
        """Approve the vault for `amount` and deposit it."""
        data = abi.encode_call(erc4626.DEPOSIT, amount, owner)
        return approval(market, amount), Call(market.id.address, data)

    def withdraw(self, market: Market, amount: int | All, owner: Address) -> tuple[Call, ...]:
        """Withdraw an amount of assets, or redeem every share, which leaves no dust."""
        if isinstance(amount, All):
            data = abi.encode_call(erc4626.REDEEM, positive(amount.shares), owner, owner)
        else:
            data = abi.encode_call(erc4626.WITHDRAW, positive(amount), owner, owner)
        return (Call(market.id.address, data),)


def identity_questions(market: Market) -> Questions:
    """Ask what tells that the vault is the one configured: its asset, and the asset's decimals."""
    vault = Call(market.id.address, abi.encode_call(erc4626.ASSET))
    return {**decimals_question(market.token), "asset": vault}


def check_identity(market: Market, answers: Answers) -> None:
    """Raise `MalformedError` unless the vault holds the market's token and its decimals are right."""
    check_decimals(market.token, answers)
    asset = answers.address("asset")
    if asset != market.token.address:
        raise MalformedError(
            "asset",
            f"the vault of {market.slug} holds {asset}, not {market.token.symbol}",
            "correct the market's address or token",
        )


def worth_of(vault: Address, shares: int, optional: bool = False) -> Call:
    """Ask what shares are worth in assets, rounded down."""
    return Call(vault, abi.encode_call(erc4626.CONVERT_TO_ASSETS, shares), optional)


def share_decimals(vault: Address) -> Call:
    """Ask the vault for the decimals of its shares."""
    return Call(vault, abi.encode_call(erc20.DECIMALS))
