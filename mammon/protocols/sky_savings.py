"""Sky savings on an L2: the vault that turns the asset into savings shares through a swap pool.

The rate comes from the oracle, and the pool converts at the oracle's worth of a share, without a price
impact: what limits the venue is what lies in the pool. A deposit takes savings shares out of it
(`maxDeposit`), a withdrawal takes the asset out of its pocket, which may be an account of its own and has
to let the pool take from it. When the pocket is empty the vault still gives its savings shares for
its own (`exit`); that is another asset, and nothing here asks for it. Neither does anything name a
referral: the calls with that argument have no form.

One round when the pocket is known, from the market's table or from the last read; the pool's answer in
that same round says whether it still is.
"""

from __future__ import annotations

from mammon.core import abi
from mammon.core.address import parse_address
from mammon.core.curves import SkyCurve
from mammon.core.numbers import Ray, Units
from mammon.core.types import Address, Call, Hint, Market, MarketState, Read
from mammon.errors import MalformedError, UsageError
from mammon.protocols.abi import erc20, erc4626, sky
from mammon.protocols.base import Capabilities, Roles, required_role, role
from mammon.protocols.pieces import Answers, Questions, ask, balance, block_time, time_question
from mammon.protocols.vault_calls import (
    ANYONE,
    VaultCalls,
    check_identity,
    identity_questions,
    share_decimals,
    worth_of,
)

_SHARE_DECIMALS = 18


class SkySavings(VaultCalls):
    """Deposit into the savings vault. The market's address is the vault, `psm` the swap pool."""

    protocol = "sky_savings"
    can = Capabilities(read=True, deposit=True, withdraw=True, rewards=False)
    roles = Roles(("multicall3", "psm", "ssr_oracle"), ("pocket",))

    def read_market(self, market: Market, hint: Hint | None) -> Read[MarketState]:
        """Read the vault, the pool and the oracle; the hint is `(sky_savings, pocket)`."""
        known = _from_hint(hint) or role(market, "pocket")
        first = _questions(market)
        answers = yield from ask(first if known is None else {**first, **_pocket_questions(market, known)})
        check_identity(market, answers)
        _check_vault(market, answers)
        pocket = answers.address("pocket")
        if pocket != known:
            answers |= yield from ask(_pocket_questions(market, pocket))
        return _state(market, answers, Hint((self.protocol, pocket)))


def _questions(market: Market) -> Questions:
    vault, oracle = market.id.address, required_role(market, "ssr_oracle")
    return {
        **identity_questions(market),
        **time_question(market),
        "share_decimals": share_decimals(vault),
        "psm": Call(vault, abi.encode_call(sky.PSM)),
        "pocket": Call(required_role(market, "psm"), abi.encode_call(sky.POCKET)),
        "ssr": Call(oracle, abi.encode_call(sky.SSR)),
        "chi": Call(oracle, abi.encode_call(sky.CHI)),
        "rho": Call(oracle, abi.encode_call(sky.RHO)),
        "total_assets": Call(vault, abi.encode_call(erc4626.TOTAL_ASSETS)),
        "max_deposit": Call(vault, abi.encode_call(erc4626.MAX_DEPOSIT, ANYONE)),
        "index": worth_of(vault, 10 ** (27 + _SHARE_DECIMALS - market.token.decimals)),
    }


def _pocket_questions(market: Market, pocket: Address) -> Questions:
    token, psm = market.token.address, required_role(market, "psm")
    return {
        "liquid": balance(token, pocket),
        "allowed": Call(token, abi.encode_call(erc20.ALLOWANCE, pocket, psm)),
    }


def _check_vault(market: Market, answers: Answers) -> None:
    psm, decimals = answers.address("psm"), answers.number("share_decimals", 8)
    if psm != required_role(market, "psm"):
        raise MalformedError("psm", f"the vault of {market.slug} swaps at {psm}", "correct the role psm")
    if decimals != _SHARE_DECIMALS:
        raise MalformedError("decimals", f"the shares of {market.slug} have {decimals} decimals")


def _state(market: Market, answers: Answers, hint: Hint) -> MarketState:
    now, supplied = block_time(answers), answers.number("total_assets", 128)
    rho, index = answers.number("rho", 40), answers.number("index", 128)
    if index == 0 or rho > now:
        raise MalformedError("index", f"a share worth {index} as of {rho}, read at {now}")
    curve = SkyCurve(Ray(answers.number("ssr", 96)), Ray(answers.number("chi", 120)), rho)
    trusted = curve.conversion_rate_at(now) == index
    room = answers.number("max_deposit")
    closed = () if trusted else ("model_mismatch",)
    closed = closed or (("cap_full",) if room == 0 else ())
    return MarketState(
        market=market,
        curve=curve if trusted else None,
        supplied=Units(supplied),
        borrowed=None,
        withdrawable=Units(min(supplied, _liquid(market, answers))),
        room=Units(0 if closed else room),
        index=Ray(index),
        closed=closed,
        hint=hint,
    )


def _liquid(market: Market, answers: Answers) -> int:
    """Return what the pool can pay out: what its pocket has, and lets it take when it is another account."""
    liquid = answers.number("liquid", 128)
    own = answers.address("pocket") == required_role(market, "psm")
    return liquid if own else min(liquid, answers.number("allowed"))


def _from_hint(hint: Hint | None) -> Address | None:
    """Return the pocket the hint remembers; None unless it is one."""
    if hint is None or len(hint.items) != 2 or hint.items[0] != SkySavings.protocol:
        return None
    try:
        return parse_address(hint.items[1])
    except UsageError:
        return None
