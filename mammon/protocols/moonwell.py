"""Moonwell: a Compound V2 market that accrues by the second. The market's address is the mToken.

What moves money returns an error code and does not revert: a call that "succeeded" may have done nothing
(`forms.ERROR_CODES`). Only plain views are read: `exchangeRateCurrent` and `balanceOfUnderlying` accrue,
and inside one aggregate what is read after them would be of another state than what is read before.

One round when comptroller and rate model are known, from the market's table or from the last read; the
mToken's answer in that same round says whether they still are, and if not they are asked again. Entering
the market as a borrower would put withdrawals under a liquidity check: nothing here does. Redeeming has
no pause switch. Rewards are not part of what is read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mammon.core import abi
from mammon.core.address import parse_address
from mammon.core.fixed import WAD
from mammon.core.numbers import Units
from mammon.core.types import Address, All, Call, Hint, Market, MarketState, Position, Read
from mammon.errors import MalformedError, UsageError
from mammon.protocols.abi import erc20, moonwell
from mammon.protocols.base import Capabilities, Roles, role
from mammon.protocols.moonwell_market import exchange_rate, state_of
from mammon.protocols.pieces import (
    Answers,
    Questions,
    approval,
    ask,
    balance,
    check_decimals,
    decimals_question,
    positive,
    time_question,
)
from mammon.protocols.shares import VaultShares

_MONEY = {
    "underlying": moonwell.UNDERLYING,
    "cash": moonwell.CASH,
    "borrows": moonwell.TOTAL_BORROWS,
    "reserves": moonwell.TOTAL_RESERVES,
    "reserve_factor": moonwell.RESERVE_FACTOR,
    "accrued_at": moonwell.ACCRUED_AT,
    "borrow_rate": moonwell.BORROW_RATE,
    "total_shares": erc20.TOTAL_SUPPLY,
}
_MORE = {
    "comptroller": moonwell.COMPTROLLER,
    "model": moonwell.RATE_MODEL,
    "borrow_index": moonwell.BORROW_INDEX,
    "supply_rate": moonwell.SUPPLY_RATE,
    "exchange_rate": moonwell.EXCHANGE_RATE,
    "share_decimals": erc20.DECIMALS,
}
_MODEL = {
    "model.base": moonwell.BASE_RATE,
    "model.multiplier": moonwell.MULTIPLIER,
    "model.jump": moonwell.JUMP_MULTIPLIER,
    "model.kink": moonwell.KINK,
}


class Contracts(NamedTuple):
    """The contracts around an mToken, which governance may replace."""

    comptroller: Address
    model: Address


class Moonwell:
    """Supply to and withdraw from one mToken."""

    protocol = "moonwell"
    can = Capabilities(read=True, deposit=True, withdraw=True, rewards=False)
    roles = Roles(("multicall3",), ("comptroller", "model"))

    def read_market(self, market: Market, hint: Hint | None) -> Read[MarketState]:
        """Read the market; the hint is `(moonwell, comptroller, rate model)`."""
        known = _from_hint(hint) or _from_table(market)
        first = {**_money_questions(market), **_views(market.id.address, _MORE)}
        answers = yield from ask(first if known is None else {**first, **_around_questions(market, known)})
        _check_identity(market, answers)
        contracts = Contracts(answers.address("comptroller"), answers.address("model"))
        if contracts != known:
            answers |= yield from ask(_around_questions(market, contracts))
        return state_of(market, answers, Hint((self.protocol, *contracts)))

    def read_position(
        self,
        market: Market,
        owner: Address,
        hint: Hint | None = None,  # noqa: ARG002  # the rate at the block is all that is needed
        last_shares: int = 0,  # noqa: ARG002  # the worth of shares is computed here
    ) -> Read[Position]:
        """Read mTokens and what they are worth with interest up to the block, in one round."""
        answers = yield from ask({**_money_questions(market), "shares": balance(market.id.address, owner)})
        _check_identity(market, answers)
        shares = answers.number("shares", 128)
        rate = exchange_rate(answers) if shares else 0
        return Position(market.id, market.slug, owner, Units(shares), Units(shares * rate // WAD))

    def share_token(self, market: Market, hint: Hint | None) -> VaultShares:  # noqa: ARG002
        """Name the mToken: it is its own share token; it sends and takes what it mints and burns."""
        return VaultShares(market.id.address)

    def supply(self, market: Market, amount: int, owner: Address) -> tuple[Call, ...]:  # noqa: ARG002
        """Approve the mToken for `amount` and mint with it, for the sender, who is the owner."""
        return approval(market, amount), Call(market.id.address, abi.encode_call(moonwell.MINT, amount))

    def withdraw(self, market: Market, amount: int | All, owner: Address) -> tuple[Call, ...]:  # noqa: ARG002
        """Redeem an amount of the asset, or every mToken, which leaves no dust; both pay the sender."""
        if isinstance(amount, All):
            data = abi.encode_call(moonwell.REDEEM, positive(amount.shares))
        else:
            data = abi.encode_call(moonwell.REDEEM_UNDERLYING, positive(amount))
        return (Call(market.id.address, data),)


def _views(target: Address, selectors: Mapping[str, bytes], optional: bool = False) -> Questions:
    return {name: Call(target, abi.encode_call(selector), optional) for name, selector in selectors.items()}


def _money_questions(market: Market) -> Questions:
    """Ask what tells the mToken from others, and what its exchange rate comes from."""
    return {
        **decimals_question(market.token),
        **time_question(market),
        **_views(market.id.address, _MONEY),
    }


def _around_questions(market: Market, contracts: Contracts) -> Questions:
    """Ask comptroller and rate model. All optional: from a stale hint they may be anything."""

    def of_market(selector: bytes) -> Call:
        return Call(contracts.comptroller, abi.encode_call(selector, market.id.address), optional=True)

    return {
        "supply_cap": of_market(moonwell.SUPPLY_CAPS),
        "mint_paused": of_market(moonwell.MINT_PAUSED),
        "listing": of_market(moonwell.MARKETS),
        **_views(contracts.model, _MODEL, optional=True),
    }


def _check_identity(market: Market, answers: Answers) -> None:
    """Raise `MalformedError` unless the mToken is one of the market's token: two share a symbol."""
    check_decimals(market.token, answers)
    found = answers.address("underlying")
    if found != market.token.address:
        raise MalformedError(
            "asset",
            f"the mToken of {market.slug} is of {found}, not of {market.token.symbol}",
            "correct the market's address or token",
        )


def _from_hint(hint: Hint | None) -> Contracts | None:
    if hint is None or len(hint.items) != 3 or hint.items[0] != Moonwell.protocol:
        return None
    try:
        return Contracts(*map(parse_address, hint.items[1:]))
    except UsageError:
        return None


def _from_table(market: Market) -> Contracts | None:
    comptroller, model = role(market, "comptroller"), role(market, "model")
    return None if comptroller is None or model is None else Contracts(comptroller, model)
