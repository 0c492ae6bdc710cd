"""Compound III (Comet): supplying the base asset. The market's address is the Comet.

An account's principal is signed: below zero it is debt. Withdrawing more than is supplied borrows, where
the account has collateral, which anybody can give it. So an amount is never more than was read (balances
only grow until the account itself acts), everything goes by the sentinel, which the contract takes as the
balance and no more, and an account in debt is not read as one that holds nothing.

Rewards in COMP are not part of what is read here.
"""

from __future__ import annotations

import re

from mammon.core import abi
from mammon.core.curves import CometCurve
from mammon.core.curves.comet import INDEX_SCALE, RateLine
from mammon.core.fixed import UINT256_MAX, WAD
from mammon.core.numbers import Ray, Units, Wad
from mammon.core.types import Address, All, Call, Hint, Market, MarketState, Position, Read
from mammon.errors import MalformedError
from mammon.protocols.abi import compound_v3, erc20
from mammon.protocols.base import Capabilities, Roles
from mammon.protocols.pieces import (
    Answers,
    Questions,
    agrees,
    approval,
    ask,
    balance,
    block_time,
    check_decimals,
    decimals_question,
    loss,
    positive,
    time_question,
)
from mammon.protocols.shares import PrincipalShares

_INDEX_STEP = INDEX_SCALE // 1000
"""The index is remembered in steps, so that hints change every week and not in every reading."""
_FIGURE = re.compile(r"[1-9][0-9]{15,19}\Z")
_PRINCIPAL_BITS = 104
_PARAMETERS = {
    "supply.kink": compound_v3.SUPPLY_KINK,
    "supply.base": compound_v3.SUPPLY_BASE,
    "supply.low": compound_v3.SUPPLY_SLOPE_LOW,
    "supply.high": compound_v3.SUPPLY_SLOPE_HIGH,
    "borrow.kink": compound_v3.BORROW_KINK,
    "borrow.base": compound_v3.BORROW_BASE,
    "borrow.low": compound_v3.BORROW_SLOPE_LOW,
    "borrow.high": compound_v3.BORROW_SLOPE_HIGH,
}


class CompoundV3:
    """Supply to and withdraw from the base asset of one Comet."""

    protocol = "compound_v3"
    can = Capabilities(read=True, deposit=True, withdraw=True, rewards=False)
    roles = Roles(("multicall3",))

    def read_market(self, market: Market, hint: Hint | None) -> Read[MarketState]:  # noqa: ARG002
        """Read the market: always one round. The hint left behind is `(compound_v3, supply index)`."""
        answers = yield from ask(_questions(market))
        _check_identity(market, answers)
        now, curve = block_time(answers), _curve(answers)
        if curve.updated_at > now:
            raise MalformedError("totals", "the market was last updated after this block")
        index = curve.accrued(now).supply_index
        supplied, borrowed = answers.number("supplied", 128), answers.number("borrowed", 128)
        cash = answers.number("cash", 128)
        trusted = _trusted(answers, curve, now, supplied, borrowed)
        locked = ("paused",) if answers.number("withdraw.paused", 1) else ()
        closed = ("paused",) if locked or answers.number("supply.paused", 1) else ()
        if not trusted:
            closed = (*closed, "model_mismatch")
        return MarketState(
            market=market,
            curve=curve if trusted else None,
            supplied=Units(supplied),
            borrowed=Units(borrowed),
            withdrawable=Units(0 if locked else min(supplied, cash)),
            room=Units(0) if closed else None,
            index=Ray(index * 10**12),
            closed=closed,
            locked=locked,
            evidence=loss("deficit", max(0, supplied - borrowed - cash), supplied),
            hint=Hint((self.protocol, str(index - index % _INDEX_STEP))),
        )

    def read_position(
        self,
        market: Market,
        owner: Address,
        hint: Hint | None = None,  # noqa: ARG002  # nothing to learn
        last_shares: int = 0,  # noqa: ARG002  # the balance already is in assets
    ) -> Read[Position]:
        """Read principal and balance in one round. An account in debt raises `MalformedError`."""
        comet = market.id.address
        answers = yield from ask(
            {
                **_identity_questions(market),
                "basic": Call(comet, abi.encode_call(compound_v3.USER_BASIC, owner)),
                "assets": balance(comet, owner),
            }
        )
        _check_identity(market, answers)
        principal = abi.signed(answers.words("basic", 5)[0], _PRINCIPAL_BITS)
        if principal < 0:
            raise MalformedError(
                "borrowed",
                f"{owner} owes {market.token.symbol} to {market.slug}",
                "repay it by hand: mammon never borrows and does not settle debt",
            )
        assets = answers.number("assets", 128)
        return Position(market.id, market.slug, owner, Units(principal), Units(assets))

    def share_token(self, market: Market, hint: Hint | None) -> PrincipalShares | None:
        """Name the Comet, once an index is known to read its transfers by."""
        items = () if hint is None else hint.items
        if len(items) != 2 or items[0] != self.protocol or not _FIGURE.match(items[1]):
            return None
        return PrincipalShares(market.id.address, int(items[1]))

    def supply(self, market: Market, amount: int, owner: Address) -> tuple[Call, ...]:  # noqa: ARG002
        """Approve the Comet for `amount` and supply it; it credits the sender, who is the owner."""
        data = abi.encode_call(compound_v3.SUPPLY, market.token.address, amount)
        return approval(market, amount), Call(market.id.address, data)

    def withdraw(self, market: Market, amount: int | All, owner: Address) -> tuple[Call, ...]:  # noqa: ARG002
        """Withdraw an amount, or everything by the sentinel; it pays the sender, who is the owner."""
        units = UINT256_MAX if isinstance(amount, All) else positive(amount)
        data = abi.encode_call(compound_v3.WITHDRAW, market.token.address, units)
        return (Call(market.id.address, data),)


def _identity_questions(market: Market) -> Questions:
    comet = market.id.address
    return {
        **decimals_question(market.token),
        "base": Call(comet, abi.encode_call(compound_v3.BASE_TOKEN)),
        "scale": Call(comet, abi.encode_call(compound_v3.INDEX_SCALE)),
    }


def _check_identity(market: Market, answers: Answers) -> None:
    """Raise `MalformedError` unless this is a Comet of the market's token, counted as we count."""
    check_decimals(market.token, answers)
    base = answers.address("base")
    if base != market.token.address:
        raise MalformedError(
            "asset",
            f"the base asset of {market.slug} is {base}, not {market.token.symbol}",
            "the same address is another Comet on another chain: correct the market's address",
        )
    scale = answers.number("scale", 64)
    if scale != INDEX_SCALE:
        raise MalformedError("scale", f"{market.slug} counts its indices in {scale}")


def _questions(market: Market) -> Questions:
    comet = market.id.address

    def view(selector: bytes, *arguments: int) -> Call:
        return Call(comet, abi.encode_call(selector, *arguments))

    return {
        **_identity_questions(market),
        **time_question(market),
        "totals": view(compound_v3.TOTALS_BASIC),
        "supplied": view(erc20.TOTAL_SUPPLY),
        "borrowed": view(compound_v3.TOTAL_BORROW),
        "used": view(compound_v3.UTILISATION),
        "supply.rate": view(compound_v3.SUPPLY_RATE, WAD),
        "borrow.rate": view(compound_v3.BORROW_RATE, WAD),
        **{name: view(selector) for name, selector in _PARAMETERS.items()},
        "supply.paused": view(compound_v3.SUPPLY_PAUSED),
        "withdraw.paused": view(compound_v3.WITHDRAW_PAUSED),
        "cash": balance(market.token.address, comet),
    }


def _curve(answers: Answers) -> CometCurve:
    totals = answers.words("totals", 8)
    widths = (64, 64, 64, 64, _PRINCIPAL_BITS, _PRINCIPAL_BITS, 40, 8)
    figures = [answers.unsigned("totals", word, bits) for word, bits in zip(totals, widths, strict=True)]
    supply_index, borrow_index, _, _, supplied, borrowed, updated_at, _ = figures
    if min(supply_index, borrow_index) < INDEX_SCALE:
        raise MalformedError("totals", "an index is below one")
    return CometCurve(
        supply_index=Wad(supply_index),
        borrow_index=Wad(borrow_index),
        supply_principal=Units(supplied),
        borrow_principal=Units(borrowed),
        updated_at=updated_at,
        supply=_line(answers, "supply"),
        borrow=_line(answers, "borrow"),
    )


def _line(answers: Answers, side: str) -> RateLine:
    names = (f"{side}.kink", f"{side}.base", f"{side}.low", f"{side}.high")
    return RateLine(*(Wad(answers.number(name, 64)) for name in names))


def _trusted(answers: Answers, curve: CometCurve, now: int, supplied: int, borrowed: int) -> bool:
    """Say whether the contract still computes as the curve does: totals, utilisation, both rate lines."""
    return (
        agrees(curve.supplied_at(now), supplied)
        and agrees(curve.borrowed_at(now), borrowed)
        and curve.utilisation_now() == answers.number("used")
        and curve.supply.at(WAD) == answers.number("supply.rate", 64)
        and curve.borrow.at(WAD) == answers.number("borrow.rate", 64)
    )
