"""Morpho Vault V2: idle money, adapters over Morpho Blue markets and MetaMorpho vaults, caps by id, gates.

`maxDeposit`, `maxMint`, `maxWithdraw` and `maxRedeem` always answer 0 and are never asked: what may go in
comes from the caps, what may go out from what is idle and what the liquidity adapter can give back. The
steady state is one round: the hint holds the layout, and a hint that no longer fits is as none.
`forceDeallocate` is never called: `VaultV2Curve.forced_at` says what it would free, at what price.
"""

from __future__ import annotations

from dataclasses import replace

from mammon.core import abi
from mammon.core.types import Address, Call, Hint, Market, MarketId, MarketState, Read
from mammon.errors import CallFailedError, MalformedError
from mammon.protocols.abi import erc20, erc4626, morpho, vault_v2
from mammon.protocols.base import Capabilities, Roles, required_role
from mammon.protocols.metamorpho import MetaMorpho
from mammon.protocols.metamorpho_vault import share_offset
from mammon.protocols.morpho_blue_market import Params, market_id
from mammon.protocols.pieces import (
    Answers,
    Questions,
    ask,
    balance,
    time_question,
    together,
)
from mammon.protocols.vault_calls import (
    VaultCalls,
    check_identity,
    identity_questions,
    share_decimals,
    worth_of,
)
from mammon.protocols.vault_v2_layout import (
    PROTOCOL,
    Adapter,
    Layout,
    cap_ids,
    check_layout,
    from_hint,
    hint_of,
    layout_questions,
    learnt,
    vault_view,
)
from mammon.protocols.vault_v2_state import state_of

_ANYONE = Address("0x000000000000000000000000000000000000dEaD")
"""Stands for an account that no gate knows."""
GATES = {
    "can_receive_shares": vault_v2.CAN_RECEIVE_SHARES,
    "can_send_assets": vault_v2.CAN_SEND_ASSETS,
    "can_send_shares": vault_v2.CAN_SEND_SHARES,
    "can_receive_assets": vault_v2.CAN_RECEIVE_ASSETS,
}
"""The first two stand before a deposit, the others before a withdrawal."""


class VaultV2(VaultCalls):
    """Deposit into a Morpho Vault V2. The market's address is the vault."""

    protocol = PROTOCOL
    can = Capabilities(read=True, deposit=True, withdraw=True, rewards=False)
    roles = Roles(("factory", "irm", "morpho", "multicall3"))

    def read_market(self, market: Market, hint: Hint | None) -> Read[MarketState]:
        """Read the vault, everything it lends in, and the caps before its liquidity adapter."""
        known = from_hint(market, hint)
        if known is not None:
            try:
                return (yield from _read(market, known))
            except (CallFailedError, MalformedError):
                pass  # what was remembered may be out of date: without it, what fails fails for good
        layout = yield from learnt(market)
        return (yield from _read(market, layout))


def _read(market: Market, layout: Layout) -> Read[MarketState]:
    inner = [adapter for adapter in layout.adapters if adapter.kind == "vault"]
    reads = (
        MetaMorpho().read_market(_inner_market(market, adapter), Hint(adapter.hint)) for adapter in inner
    )
    answers, *found = yield from together(ask(_questions(market, layout)), *reads)
    check_identity(market, answers)
    _check_vault(market, answers)
    check_layout(market, answers, layout)
    states: dict[Address, MarketState] = {
        adapter.address: state for adapter, state in zip(inner, found, strict=True)
    }
    remembered = tuple(_remembering(adapter, states.get(adapter.address)) for adapter in layout.adapters)
    return state_of(market, answers, layout, states, hint_of(layout._replace(adapters=remembered)))


def _inner_market(market: Market, adapter: Adapter) -> Market:
    """Return the vault that an adapter holds shares of, as a market that is read and never entered."""
    identity = MarketId(market.id.chain_id, adapter.vault, market.id.asset)
    return replace(market, id=identity, spender=adapter.vault, protocol=MetaMorpho.protocol, deposits=False)


def _remembering(adapter: Adapter, state: MarketState | None) -> Adapter:
    if state is None or state.hint is None:
        return adapter
    return adapter._replace(hint=state.hint.items)


def _questions(market: Market, layout: Layout) -> Questions:
    vault, asset = market.id.address, market.token.address
    found = {
        **identity_questions(market),
        **time_question(market),
        **layout_questions(market, layout),
        **{f"gate.{name}": vault_view(market, gate, _ANYONE) for name, gate in GATES.items()},
        "is_vault": Call(required_role(market, "factory"), abi.encode_call(vault_v2.IS_VAULT, vault)),
        "share_decimals": share_decimals(vault),
        "stored_assets": vault_view(market, vault_v2.STORED_ASSETS),
        "last_update": vault_view(market, vault_v2.LAST_UPDATE),
        "max_rate": vault_view(market, vault_v2.MAX_RATE),
        "performance_fee": vault_view(market, vault_v2.PERFORMANCE_FEE),
        "management_fee": vault_view(market, vault_v2.MANAGEMENT_FEE),
        "total_assets": vault_view(market, erc4626.TOTAL_ASSETS),
        "total_shares": vault_view(market, erc20.TOTAL_SUPPLY),
        "index": worth_of(vault, 10 ** (27 + share_offset(market.token))),
        "idle": balance(asset, vault),
        "liquid": balance(asset, required_role(market, "morpho")),
    }
    for adapter in layout.adapters:
        found.update(_adapter_questions(market, adapter, layout.liquid))
    return found


def _adapter_questions(market: Market, adapter: Adapter, liquid: Params | None) -> Questions:
    """Ask what an adapter holds, and what the vault has allocated to it under which caps."""
    where = adapter.address
    markets = dict.fromkeys(adapter.markets if liquid is None else (*adapter.markets, liquid))
    found = {
        f"{where}.real": Call(where, abi.encode_call(vault_v2.REAL_ASSETS), optional=True),
        f"{where}.penalty": vault_view(market, vault_v2.PENALTY, where),
    }
    if adapter.kind == "vault":
        found[f"{where}.shares"] = balance(adapter.vault, where)
        found.update(_cap_questions(market, cap_ids(where, None)))
    if adapter.kind == "markets":
        for params in markets:
            found.update(_market_questions(market, where, market_id(params)))
            found.update(_cap_questions(market, cap_ids(where, params)))
    return found


def _market_questions(market: Market, adapter: Address, identity: bytes) -> Questions:
    name, singleton = identity.hex(), required_role(market, "morpho")
    shares = abi.encode_call(vault_v2.SUPPLY_SHARES, identity)
    return {
        f"{name}.market": Call(singleton, abi.encode_call(morpho.MARKET, identity)),
        f"{name}.rate": Call(required_role(market, "irm"), abi.encode_call(morpho.RATE_AT_TARGET, identity)),
        f"{adapter}.{name}.shares": Call(adapter, shares),
    }


def _cap_questions(market: Market, ids: tuple[bytes, ...]) -> Questions:
    views = {
        "allocation": vault_v2.ALLOCATION,
        "absolute": vault_v2.ABSOLUTE_CAP,
        "relative": vault_v2.RELATIVE_CAP,
    }
    return {
        f"{each.hex()}.{name}": vault_view(market, view, each) for each in ids for name, view in views.items()
    }


def _check_vault(market: Market, answers: Answers) -> None:
    if not abi.boolean(answers.number("is_vault")):
        raise MalformedError("factory", f"{market.slug} was not made by the factory of such vaults")
    decimals = answers.number("share_decimals", 8)
    due = market.token.decimals + share_offset(market.token)
    if decimals != due:
        raise MalformedError("decimals", f"the shares of {market.slug} have {decimals} decimals, not {due}")
