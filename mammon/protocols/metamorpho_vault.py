"""From the answers of a MetaMorpho vault and its markets to the vault's curve and state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mammon.core import abi
from mammon.core.curves import MetaMorphoCurve
from mammon.core.curves.metamorpho import VaultMarket
from mammon.core.curves.morpho import accrue, assets_down
from mammon.core.fixed import WAD
from mammon.core.numbers import Ray, Units, Wad
from mammon.core.types import Address, Hint, Market, MarketState, Token
from mammon.errors import MalformedError
from mammon.protocols.base import required_role
from mammon.protocols.morpho_blue_market import NO_ADDRESS, Params, market_of, shares_of
from mammon.protocols.pieces import Answers, agrees, block_time, loss

_SHARE_DECIMALS = 18


class Queues(NamedTuple):
    """Market ids in the order the vault deposits and withdraws."""

    supply: tuple[bytes, ...]
    withdraw: tuple[bytes, ...]

    @property
    def markets(self) -> tuple[bytes, ...]:
        """Every market once: those it withdraws from, then any it only deposits to."""
        return tuple(dict.fromkeys((*self.withdraw, *self.supply)))


def share_offset(token: Token) -> int:
    """Return how many decimals a vault's shares have beyond its asset's."""
    return max(0, _SHARE_DECIMALS - token.decimals)


def state_of(
    market: Market, answers: Answers, queues: Queues, params: Mapping[bytes, Params], hint: Hint
) -> MarketState:
    """Return the vault's state at the block the answers were read at."""
    now = block_time(answers)
    irm = required_role(market, "irm")
    known_models = all(entry.irm in (NO_ADDRESS, irm) for entry in params.values())
    curve = _curve(market, answers, queues, params, now)
    supplied = answers.number("total_assets", 128)
    trusted = known_models and agrees(curve.total_assets_at(now), supplied)
    room = curve.max_deposit_at(now) if trusted else 0
    lost = loss("lost_assets", _lost(curve, supplied, now) if trusted else curve.lost_assets, supplied)
    closed = _closed(known_models, trusted, room, bool(lost))
    return MarketState(
        market=market,
        curve=curve if trusted else None,
        supplied=Units(supplied),
        borrowed=None,
        withdrawable=Units(min(curve.liquidity_at(now), answers.number("liquid", 128), supplied)),
        room=Units(0 if closed else room),
        index=_index(answers),
        closed=closed,
        evidence=lost,
        hint=hint,
        signs=("pending_cap",) if any(_raised(answers, each) for each in queues.markets) else (),
        backing=_backing(curve, queues, params, now) if trusted else None,
    )


def _backing(
    curve: MetaMorphoCurve, queues: Queues, params: Mapping[bytes, Params], now: int
) -> tuple[tuple[Address, Units], ...]:
    """Return what the vault has in the markets of each collateral; what lies idle stands behind none."""
    found: dict[Address, int] = {}
    for identity, entry in zip(queues.withdraw, curve.markets, strict=True):
        collateral = params[identity].collateral_token
        if collateral != NO_ADDRESS:
            held = _assets_of(entry, now)
            found[collateral] = found.get(collateral, 0) + held
    return tuple(sorted((address, Units(held)) for address, held in found.items() if held))


def _closed(known_models: bool, trusted: bool, room: int, lost: bool) -> tuple[str, ...]:
    reasons = ("lost_assets",) if lost else ()
    if not known_models:
        return (*reasons, "unknown_irm")
    if not trusted:
        return (*reasons, "model_mismatch")
    return reasons if room else (*reasons, "cap_full")


def _index(answers: Answers) -> Ray:
    index = answers.number("index")
    if index == 0:
        raise MalformedError("index", "the vault's shares are worth nothing")
    return Ray(index)


def _lost(curve: MetaMorphoCurve, supplied: int, now: int) -> int:
    """Return what the share price counts and the markets do not have, losses not yet stored included."""
    real = 0
    for entry in curve.markets:
        real += _assets_of(entry, now)
    return max(curve.lost_assets, supplied - real)


def _assets_of(entry: VaultMarket, now: int) -> int:
    totals = accrue(entry.market, now)
    return assets_down(entry.shares, totals.supply_assets, totals.supply_shares)


def _curve(
    market: Market, answers: Answers, queues: Queues, params: Mapping[bytes, Params], now: int
) -> MetaMorphoCurve:
    irm = required_role(market, "irm")
    places = {identity: place for place, identity in enumerate(queues.withdraw)}
    if len(places) != len(queues.withdraw):
        raise MalformedError("queue", "a market stands twice in the withdraw queue")
    caps = {identity: _cap(answers, identity) for identity in queues.markets}
    if any(caps[identity] and identity not in places for identity in queues.supply):
        raise MalformedError("queue", "a market takes deposits and is not in the withdraw queue")
    fee, stored_loss = answers.number("fee", 96), answers.offered("lost_assets", 128)
    if fee > WAD:
        raise MalformedError("fee", f"a fee of {fee} wad")
    return MetaMorphoCurve(
        version="1.0" if stored_loss is None else "1.1",
        markets=tuple(
            _vault_market(answers, identity, params[identity].irm == irm, caps[identity], now)
            for identity in queues.withdraw
        ),
        supply_queue=tuple(places[identity] for identity in queues.supply if identity in places),
        fee=Wad(fee),
        total_shares=Units(answers.number("total_shares", 128)),
        last_total_assets=Units(answers.number("last_total_assets", 128)),
        decimals_offset=share_offset(market.token),
        lost_assets=Units(stored_loss or 0),
    )


def _vault_market(answers: Answers, identity: bytes, accrues: bool, cap: Units, now: int) -> VaultMarket:
    found = market_of(answers, identity, accrues, now)
    return VaultMarket(found, shares_of(answers, identity, found), cap)


def _raised(answers: Answers, identity: bytes) -> bool:
    """Say whether a higher cap waits for its timelock: more of the vault may soon be there.

    Of markets in the queues alone: one that was never in is told by the submission's event.
    """
    name = f"{identity.hex()}.pending"
    if not answers.has(name):
        return False
    value, valid_at = answers.words(name, 2)
    answers.unsigned(name, valid_at, 64)
    return valid_at != 0 and answers.unsigned(name, value, 192) > _cap(answers, identity)


def _cap(answers: Answers, identity: bytes) -> Units:
    name = f"{identity.hex()}.config"
    cap, enabled, removable_at = answers.words(name, 3)
    abi.boolean(enabled)
    answers.unsigned(name, removable_at, 64)
    return Units(answers.unsigned(name, cap, 184))
