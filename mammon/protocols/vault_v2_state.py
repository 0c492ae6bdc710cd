"""From the answers of a Morpho Vault V2 and all it lends in to the vault's curve and state."""

from __future__ import annotations

from collections.abc import Mapping

from mammon.core import abi
from mammon.core.curves import MetaMorphoCurve, VaultV2Curve
from mammon.core.curves.vault_v2 import Cap, Liquidity
from mammon.core.curves.vault_v2_adapters import AdapterMarket, MarketAdapter, VaultAdapter
from mammon.core.fixed import WAD
from mammon.core.numbers import Ray, Units, Wad
from mammon.core.types import Address, Hint, Market, MarketState
from mammon.errors import MalformedError
from mammon.protocols.metamorpho_vault import share_offset
from mammon.protocols.morpho_blue_market import NO_ADDRESS, Params, market_id, market_of
from mammon.protocols.pieces import Answers, agrees, block_time, loss
from mammon.protocols.vault_v2_layout import Adapter, Layout, cap_ids

_ENTRY = ("can_receive_shares", "can_send_assets")
_EXIT = ("can_send_shares", "can_receive_assets")

States = Mapping[Address, MarketState]
"""What was read of the vaults that adapters hold shares of, by adapter."""


def state_of(market: Market, answers: Answers, layout: Layout, states: States, hint: Hint) -> MarketState:
    """Return the vault's state at the block the answers were read at."""
    now, supplied = block_time(answers), answers.number("total_assets", 128)
    curve = _curve(market, answers, layout, states)
    try:
        curve.total_assets_at(now)
    except ValueError as error:
        raise MalformedError("vault", f"{market.slug}: {error}") from error
    known = len(curve.adapters) == len(layout.adapters) and _leads(answers, curve)
    trusted = known and _agrees(answers, layout, curve, supplied, now)
    room = curve.room_at(now) if trusted else 0
    lost = _lost(answers, curve, states, supplied)
    closed = _closed(answers, known, trusted, room, states)
    liquid = min(curve.liquidity_at(now), curve.idle + answers.number("liquid", 128), supplied)
    return MarketState(
        market=market,
        curve=curve if trusted else None,
        supplied=Units(supplied),
        borrowed=None,
        withdrawable=Units(liquid),
        room=Units(0) if closed else None if room is None else Units(room),
        index=_index(answers),
        closed=closed,
        locked=("gated",) if _shut(answers, _EXIT) else (),
        evidence=lost,
        hint=hint,
        backing=_backing(layout, curve, states, now) if trusted else None,
        signs=tuple(sorted({sign for state in states.values() for sign in state.signs})),
    )


def _backing(
    layout: Layout, curve: VaultV2Curve, states: States, now: int
) -> tuple[tuple[Address, Units], ...]:
    """Return what is lent against each collateral, an inner vault's in part."""
    found: dict[Address, int] = {}
    for adapter, entry in zip(layout.adapters, curve.adapters, strict=True):
        holding = entry.held(now)
        if adapter.kind == "markets":
            for place, params in enumerate(_markets(adapter, layout.liquid)):
                collateral = params.collateral_token
                found[collateral] = found.get(collateral, 0) + holding.worth(place)
            continue
        state = states[adapter.address]
        for collateral, lent in state.backing or ():
            part = lent * sum(holding.assets()) // state.supplied
            found[collateral] = found.get(collateral, 0) + part
    return tuple(sorted((address, Units(lent)) for address, lent in found.items() if lent))


def _closed(
    answers: Answers, known: bool, trusted: bool, room: int | None, states: States
) -> tuple[str, ...]:
    reasons = ("gated",) if _shut(answers, (*_ENTRY, *_EXIT)) else ()
    if any("lost_assets" in state.closed for state in states.values()):
        reasons = (*reasons, "lost_assets")
    if not known:
        return (*reasons, "unknown_adapter")
    if not trusted:
        return (*reasons, "model_mismatch")
    return (*reasons, "cap_full") if room == 0 else reasons


def _shut(answers: Answers, gates: tuple[str, ...]) -> bool:
    """Say whether one of the gates stops an account it does not know."""
    return not all(abi.boolean(answers.number(f"gate.{name}")) for name in gates)


def _leads(answers: Answers, curve: VaultV2Curve) -> bool:
    """Say whether it is known where deposits go."""
    return (curve.liquidity is not None) == (answers.address("liquidity.adapter") != NO_ADDRESS)


def _agrees(answers: Answers, layout: Layout, curve: VaultV2Curve, supplied: int, now: int) -> bool:
    """Say whether the vault and each of its adapters tell what the formula does."""
    held = [answers.number(f"{adapter.address}.real") for adapter in layout.adapters]
    told = zip(curve.held_at(now), held, strict=True)
    return agrees(curve.total_assets_at(now), supplied) and all(agrees(*pair) for pair in told)


def _lost(
    answers: Answers, curve: VaultV2Curve, states: States, supplied: int
) -> tuple[tuple[str, Units], ...]:
    """Return what was lost since the vault was touched, and its part of what inner vaults still count."""
    fresh = loss("loss", max(0, curve.stored_assets - supplied), supplied)
    parts = 0
    for address, state in states.items():
        lost = dict(state.evidence).get("lost_assets", 0)
        if lost and state.supplied:
            parts += lost * answers.number(f"{address}.real") // state.supplied
    return (*fresh, *loss("lost_assets", parts, supplied))


def _index(answers: Answers) -> Ray:
    index = answers.number("index")
    if index == 0:
        raise MalformedError("index", "the vault's shares are worth nothing")
    return Ray(index)


# --- the curve -----------------------------------------------------------------------------------


def _curve(market: Market, answers: Answers, layout: Layout, states: States) -> VaultV2Curve:
    """Return the curve over the adapters that are known; those that are not are left out."""
    now, updated_at = block_time(answers), answers.number("last_update", 64)
    performance, management = answers.number("performance_fee", 96), answers.number("management_fee", 96)
    if updated_at > now or performance > WAD or management > WAD:
        raise MalformedError("vault", f"{market.slug}: time or fees are out of range")
    built = {
        adapter.address: found
        for adapter in layout.adapters
        if (found := _adapter(answers, adapter, layout.liquid, states, now)) is not None
    }
    return VaultV2Curve(
        stored_assets=Units(answers.number("stored_assets", 128)),
        updated_at=updated_at,
        max_rate=Wad(answers.number("max_rate", 64)),
        performance_fee=Wad(performance),
        management_fee=Wad(management),
        total_shares=Units(answers.number("total_shares", 128)),
        decimals_offset=share_offset(market.token),
        idle=Units(answers.number("idle", 128)),
        adapters=tuple(built.values()),
        liquidity=_liquidity(answers, layout, list(built)),
    )


def _adapter(
    answers: Answers, adapter: Adapter, liquid: Params | None, states: States, now: int
) -> MarketAdapter | VaultAdapter | None:
    """Return what an adapter holds; None where that cannot be told."""
    penalty = Wad(answers.number(f"{adapter.address}.penalty", 64))
    if adapter.kind == "markets":
        entries = (_market(answers, adapter, market_id(each), now) for each in _markets(adapter, liquid))
        return MarketAdapter(tuple(entries), penalty)
    if adapter.kind == "other":
        return None
    curve = states[adapter.address].curve
    if not isinstance(curve, MetaMorphoCurve):
        return None
    counted = _cap(answers, cap_ids(adapter.address, None)[0]).allocation > 0
    return VaultAdapter(curve, Units(answers.number(f"{adapter.address}.shares", 128)), counted, penalty)


def _markets(adapter: Adapter, liquid: Params | None) -> tuple[Params, ...]:
    """Return an adapter's markets, and the one that deposits go to although nothing is there yet."""
    return tuple(dict.fromkeys(adapter.markets if liquid is None else (*adapter.markets, liquid)))


def _market(answers: Answers, adapter: Adapter, identity: bytes, now: int) -> AdapterMarket:
    found = market_of(answers, identity, accrues=True, now=now)
    shares = answers.number(f"{adapter.address}.{identity.hex()}.shares", 128)
    if shares > found.supply_shares:
        raise MalformedError("market", f"{identity.hex()}: more shares than the market has")
    return AdapterMarket(found, Units(shares))


def _liquidity(answers: Answers, layout: Layout, built: list[Address]) -> Liquidity | None:
    """Return where deposits go; None where nothing, or nothing that is known, takes them."""
    address = answers.address("liquidity.adapter")
    adapter = next((each for each in layout.adapters if each.address == address), None)
    if adapter is None or address not in built:
        return None
    data = abi.bytes_at(answers.raw("liquidity.data"))
    if adapter.kind == "vault":
        if data:
            return None
        place, params = 0, None
    else:
        if layout.liquid is None:
            return None
        place, params = _markets(adapter, layout.liquid).index(layout.liquid), layout.liquid
    caps = tuple(_cap(answers, each) for each in cap_ids(address, params))
    return Liquidity(built.index(address), place, caps[-1].allocation, caps)


def _cap(answers: Answers, identity: bytes) -> Cap:
    name = identity.hex()
    return Cap(
        Units(answers.number(f"{name}.allocation")),
        Units(answers.number(f"{name}.absolute", 128)),
        Wad(answers.number(f"{name}.relative", 128)),
    )
