"""A Fluid fToken: a vault that lends to the Liquidity layer, which all of Fluid shares.

One round: what the layer stores is found by address alone. The layer's words give the curve, and the
fToken's own view of the exchange price and of its balance there says whether they were understood. The
rate is the layer's; rewards that the fToken books on top are in the share price, not in the curve, and
until the treasury pays them in they are claims on nothing (`unfunded_rewards`).

Withdrawals are rate-limited: the layer keeps a floor that falls over hours, so that what can leave now
may be a part of what is held, however much lies there. A deposit below `minDeposit` is refused by
the layer, whose amounts have 56 bits. The fToken takes an amount of all ones for "all there is": none
is ever given here.
"""

from __future__ import annotations

from mammon.core import abi
from mammon.core.curves import FluidCurve
from mammon.core.curves.fluid import PRICE_ONE
from mammon.core.numbers import Ray, Units
from mammon.core.types import Call, Hint, Market, MarketState, Read
from mammon.errors import MalformedError
from mammon.protocols.abi import erc4626, fluid
from mammon.protocols.base import Capabilities, Roles, required_role
from mammon.protocols.fluid_slots import (
    STATUS,
    Supplied,
    curve_of,
    prices_slot,
    rate_line,
    rates_slot,
    supplied_of,
    supplied_slot,
    totals_slot,
)
from mammon.protocols.pieces import Answers, Questions, ask, balance, block_time, time_question
from mammon.protocols.vault_calls import VaultCalls, check_identity, identity_questions, share_decimals

MATERIAL_UNFUNDED_BPS = 50
"""Up to this share of what is supplied, rewards not paid in are on their way: days of the highest rate."""
_OPEN = 1
_DATA_WORDS = 9
_INDEX_DIGITS = 10**15


class Fluid(VaultCalls):
    """Deposit into an fToken. The market's address is the fToken, `liquidity` the layer it lends to."""

    protocol = "fluid"
    can = Capabilities(read=True, deposit=True, withdraw=True, rewards=False)
    roles = Roles(("liquidity", "multicall3"))

    def read_market(self, market: Market, hint: Hint | None) -> Read[MarketState]:  # noqa: ARG002  # no need
        """Read the fToken and the layer in one round."""
        answers = yield from ask(_questions(market))
        check_identity(market, answers)
        _check_token(market, answers)
        return _state(market, answers)


def _questions(market: Market) -> Questions:
    vault, token, layer = market.id.address, market.token.address, required_role(market, "liquidity")
    slots = {
        "status": STATUS,
        "prices": prices_slot(token),
        "rates": rates_slot(token),
        "totals": totals_slot(token),
        "own": supplied_slot(vault, token),
    }
    stored = {
        name: Call(layer, abi.encode_call(fluid.READ_FROM_STORAGE, slot)) for name, slot in slots.items()
    }
    return {
        **identity_questions(market),
        **time_question(market),
        **stored,
        "share_decimals": share_decimals(vault),
        "data": Call(vault, abi.encode_call(fluid.DATA)),
        "total_assets": Call(vault, abi.encode_call(erc4626.TOTAL_ASSETS)),
        "liquid": balance(token, layer),
    }


def _check_token(market: Market, answers: Answers) -> None:
    layer = abi.address(answers.words("data", _DATA_WORDS)[0])
    if layer != required_role(market, "liquidity"):
        raise MalformedError("liquidity", f"{market.slug} lends to {layer}", "correct the role liquidity")
    decimals = answers.number("share_decimals", 8)
    if decimals != market.token.decimals:
        raise MalformedError("decimals", f"the shares of {market.slug} have {decimals} decimals")


def _state(market: Market, answers: Answers) -> MarketState:
    now, supplied = block_time(answers), answers.number("total_assets", 128)
    own, line = supplied_of(answers.number("own")), rate_line(answers.number("rates"))
    *_, held, price, token_price = (
        answers.unsigned("data", word, 160) for word in answers.words("data", _DATA_WORDS)
    )
    if price == 0 or token_price == 0 or own.updated_at > now:
        raise MalformedError("index", f"shares of {market.slug} are worth {token_price} on {price}")
    curve = None if line is None else curve_of(answers.number("prices"), answers.number("totals"), line)
    trusted = curve is not None and _understood(curve, own, price, held, now)
    locked = ("paused",) if own.paused or answers.number("status") != _OPEN else ()
    unknown = () if trusted else ("unknown_rate_data",) if line is None else ("model_mismatch",)
    return MarketState(
        market=market,
        curve=curve if trusted else None,
        supplied=Units(supplied),
        borrowed=None,
        withdrawable=Units(
            0 if locked else min(_leaving(own, price, now), answers.number("liquid"), supplied)
        ),
        room=Units(0) if locked or unknown else None,
        index=Ray(token_price * _INDEX_DIGITS),
        closed=(*locked, *unknown),
        locked=locked,
        evidence=_unfunded(supplied, held),
    )


def _understood(curve: FluidCurve, own: Supplied, price: int, held: int, now: int) -> bool:
    """Say whether the layer's words give what the fToken reads from them, and a rate that fits its data."""
    return (
        curve.updated_at <= now
        and own.bearing
        and curve.prices_at(now)[0] == price
        and own.amount * price // PRICE_ONE == held
        and curve.line.rate(curve.utilisation) == curve.borrow_rate
    )


def _leaving(own: Supplied, price: int, now: int) -> int:
    """Return what the floor lets leave now, all holders together (`maxWithdraw`)."""
    there, floor = own.amount * price // PRICE_ONE, own.floor_at(now) * price // PRICE_ONE
    return max(0, there - floor)


def _unfunded(supplied: int, held: int) -> tuple[tuple[str, Units], ...]:
    missing = supplied - held
    material = missing * 10_000 > supplied * MATERIAL_UNFUNDED_BPS
    return (("unfunded_rewards", Units(missing)),) if material else ()
