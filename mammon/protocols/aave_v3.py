"""Aave V3 and its forks: every address comes from the market, every release from 3.0 on.

One round when the reserve's contracts are known, from the market's table or from the last read;
the pool's answer in that same round says whether they still are, and if not they are asked again.
Which release a pool runs is told by the views it offers (`aave_v3_reserve`).
"""

from __future__ import annotations

from mammon.core import abi
from mammon.core.address import parse_address
from mammon.core.fixed import UINT256_MAX
from mammon.core.numbers import Units
from mammon.core.types import Address, All, Call, Hint, Market, MarketState, Position, Read
from mammon.errors import UsageError
from mammon.protocols.aave_v3_reserve import NO_ADDRESS, Contracts, contracts_of, state_of
from mammon.protocols.abi import aave_v3, erc20
from mammon.protocols.base import Capabilities, Roles, role
from mammon.protocols.pieces import (
    Questions,
    approval,
    ask,
    balance,
    check_decimals,
    decimals_question,
    positive,
    time_question,
)
from mammon.protocols.shares import ScaledShares

_REFERRAL_CODE = 0


class AaveV3:
    """Supply to and withdraw from one reserve of a pool. The market's address is the pool."""

    protocol = "aave_v3"
    can = Capabilities(read=True, deposit=True, withdraw=True, rewards=False)
    roles = Roles(("multicall3",), ("a_token", "debt_token", "stable_debt_token", "strategy"))

    def read_market(self, market: Market, hint: Hint | None) -> Read[MarketState]:
        """Read the reserve; the hint is `(aave_v3, aToken, debt token, stable debt token, strategy)`."""
        known = _from_hint(hint) or _from_table(market)
        first = _pool_questions(market)
        answers = yield from ask(first if known is None else {**first, **_contract_questions(market, known)})
        check_decimals(market.token, answers)
        contracts = contracts_of(answers, market)
        if contracts != known:
            answers |= yield from ask(_contract_questions(market, contracts))
        return state_of(market, answers, Hint((self.protocol, *contracts)))

    def read_position(
        self,
        market: Market,
        owner: Address,
        hint: Hint | None = None,
        last_shares: int = 0,  # noqa: ARG002  # the balance already is in assets
    ) -> Read[Position]:
        """Read the aToken balance; one round when the hint or the market's table names the aToken."""
        learnt = _from_hint(hint)
        known = role(market, "a_token") if learnt is None else learnt.a_token
        first = {**decimals_question(market.token), "reserve": _pool_call(market, aave_v3.RESERVE_DATA)}
        answers = yield from ask(first if known is None else {**first, **_holding_questions(known, owner)})
        check_decimals(market.token, answers)
        a_token = contracts_of(answers, market).a_token
        if a_token != known:
            answers |= yield from ask(_holding_questions(a_token, owner))
        shares, assets = answers.number("held.shares"), answers.number("held.assets")
        return Position(market.id, market.slug, owner, Units(shares), Units(assets))

    def share_token(self, market: Market, hint: Hint | None) -> ScaledShares | None:
        """Name the aToken, when the hint or the market's table does."""
        learnt = _from_hint(hint)
        known = role(market, "a_token") if learnt is None else learnt.a_token
        return None if known is None else ScaledShares(known)

    def supply(self, market: Market, amount: int, owner: Address) -> tuple[Call, ...]:
        """Approve the pool for `amount` and supply it."""
        arguments = (market.token.address, amount, owner, _REFERRAL_CODE)
        return approval(market, amount), Call(market.id.address, abi.encode_call(aave_v3.SUPPLY, *arguments))

    def withdraw(self, market: Market, amount: int | All, owner: Address) -> tuple[Call, ...]:
        """Withdraw an amount, or everything by the pool's own sentinel, which leaves no dust."""
        units = UINT256_MAX if isinstance(amount, All) else positive(amount)
        arguments = (market.token.address, units, owner)
        return (Call(market.id.address, abi.encode_call(aave_v3.WITHDRAW, *arguments)),)


def _pool_call(market: Market, selector: bytes, optional: bool = False) -> Call:
    return Call(market.id.address, abi.encode_call(selector, market.token.address), optional)


def _pool_questions(market: Market) -> Questions:
    pool = market.id.address
    return {
        **decimals_question(market.token),
        **time_question(market),
        "reserve": _pool_call(market, aave_v3.RESERVE_DATA),
        "income": _pool_call(market, aave_v3.NORMALIZED_INCOME),
        "virtual": _pool_call(market, aave_v3.VIRTUAL_BALANCE, optional=True),
        "deficit": _pool_call(market, aave_v3.DEFICIT, optional=True),
        "pool.strategy": Call(pool, abi.encode_call(aave_v3.STRATEGY), optional=True),
        "pool.revision": Call(pool, abi.encode_call(aave_v3.REVISION), optional=True),
    }


def _contract_questions(market: Market, contracts: Contracts) -> Questions:
    """Ask the reserve's own contracts. All optional: from a stale hint they may be anything."""

    def view(target: Address, selector: bytes) -> Call:
        return Call(target, abi.encode_call(selector), optional=True)

    strategy = contracts.strategy
    questions = {
        "held": balance(market.token.address, contracts.a_token, optional=True),
        "scaled_supply": view(contracts.a_token, aave_v3.SCALED_TOTAL_SUPPLY),
        "scaled_debt": view(contracts.debt_token, aave_v3.SCALED_TOTAL_SUPPLY),
        "debt": view(contracts.debt_token, erc20.TOTAL_SUPPLY),
        "rates": Call(strategy, abi.encode_call(aave_v3.RATE_DATA_BPS, market.token.address), optional=True),
        "optimal_usage": view(strategy, aave_v3.OPTIMAL_USAGE_RATIO),
        "base_rate": view(strategy, aave_v3.BASE_VARIABLE_RATE),
        "slope1": view(strategy, aave_v3.VARIABLE_SLOPE_1),
        "slope2": view(strategy, aave_v3.VARIABLE_SLOPE_2),
    }
    if contracts.stable_debt_token != NO_ADDRESS:
        questions["stable_debt"] = view(contracts.stable_debt_token, aave_v3.STABLE_SUPPLY_DATA)
    return questions


def _holding_questions(a_token: Address, owner: Address) -> Questions:
    return {
        "held.shares": Call(a_token, abi.encode_call(aave_v3.SCALED_BALANCE_OF, owner), optional=True),
        "held.assets": balance(a_token, owner, optional=True),
    }


def _from_hint(hint: Hint | None) -> Contracts | None:
    if hint is None or len(hint.items) != 5 or hint.items[0] != AaveV3.protocol:
        return None
    try:
        return Contracts(*map(parse_address, hint.items[1:]))
    except UsageError:
        return None


def _from_table(market: Market) -> Contracts | None:
    a_token, debt_token, strategy = (role(market, name) for name in ("a_token", "debt_token", "strategy"))
    if a_token is None or debt_token is None or strategy is None:
        return None
    return Contracts(a_token, debt_token, role(market, "stable_debt_token") or NO_ADDRESS, strategy)
