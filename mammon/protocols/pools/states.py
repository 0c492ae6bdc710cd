"""From the state of a pool to what a position in it would pay."""

from __future__ import annotations

from dataclasses import dataclass

from mammon.core import abi
from mammon.core.concentrated.amounts import amounts_out, in_range
from mammon.core.concentrated.fees import Growth, collectable, growth_inside
from mammon.core.concentrated.managers import PositionManager
from mammon.core.concentrated.positions import Coin, Emissions, PoolPosition, emission_per_year
from mammon.core.names import Address
from mammon.core.numbers import Units
from mammon.core.types import Call
from mammon.errors import MalformedError
from mammon.protocols.abi import erc20, multicall3, pools
from mammon.protocols.pieces import Answers, Questions, block_time
from mammon.protocols.pools import POOLS
from mammon.protocols.pools.layout import Described, in_pool, kept_outside, pool_key, slot0
from mammon.protocols.pools.tokens import Issued


@dataclass(frozen=True, slots=True)
class Place:
    """A position, what its manager says of it, and its pool."""

    issued: Issued
    told: Described
    pool: Address

    @property
    def range_(self) -> tuple[int, int]:
        """The ticks it lies between."""
        return self.told.lower, self.told.upper

    def key(self, manager: PositionManager) -> bytes:
        """Return under what the pool keeps it: a staked position's liquidity is the gauge's."""
        return pool_key(self.issued.gauge or manager.address, *self.range_)


def state_questions(manager: PositionManager, place: Place, owner: Address) -> Questions:
    """Ask for all that a position's worth follows from."""
    pool, said = place.pool, place.told
    questions = {
        f"{pool}.slot0": Call(pool, abi.encode_call(pools.SLOT0)),
        f"{pool}.growth0": Call(pool, abi.encode_call(pools.GROWTH_0)),
        f"{pool}.growth1": Call(pool, abi.encode_call(pools.GROWTH_1)),
        _named(place, "in_pool"): Call(pool, abi.encode_call(pools.IN_POOL, place.key(manager))),
    }
    for tick in place.range_:
        questions[f"{pool}.tick{tick}"] = Call(pool, abi.encode_call(pools.TICK, abi.signed_word(tick)))
    for address in (said.token0, said.token1):
        questions.update(_decimals_question(manager, address))
    if place.issued.gauge is not None:
        questions.update(_gauge_questions(manager, place, place.issued.gauge, owner))
    return questions


def position(manager: PositionManager, place: Place, answers: Answers) -> PoolPosition:
    """Return a position from the answers. Raises `CallFailedError` or `MalformedError`."""
    layout, pool, said = POOLS[manager.protocol], place.pool, place.told
    price, tick = slot0(layout, answers, f"{pool}.slot0")
    total = Growth(answers.number(f"{pool}.growth0"), answers.number(f"{pool}.growth1"))
    ends = [kept_outside(layout, answers, f"{pool}.tick{end}") for end in place.range_]
    inside = growth_inside(total, ends[0], ends[1], place.range_, tick)
    coins = (_coin(manager, answers, said.token0), _coin(manager, answers, said.token1))
    kept = in_pool(answers, _named(place, "in_pool"))
    staked = place.issued.gauge is not None
    if staked:
        # The gauge's fees are the voters': what is collected for it is what was owed before, if anything.
        fees = Units(min(said.account.owed[0], kept.owed[0])), Units(min(said.account.owed[1], kept.owed[1]))
    else:
        fees = collectable(said.account, kept, inside)
    return PoolPosition(
        f"{manager.slug}#{place.issued.number}",
        pool,
        coins,
        said.parameter,
        said.lower,
        said.upper,
        tick,
        said.account.liquidity,
        amounts_out(said.account.liquidity, said.lower, said.upper, tick, price),
        fees,
        _emissions(manager, place, answers, tick) if staked else None,
    )


def _gauge_questions(manager: PositionManager, place: Place, gauge: Address, owner: Address) -> Questions:
    pool, number = place.pool, place.issued.number
    return {
        f"{pool}.staked": Call(pool, abi.encode_call(pools.STAKED_LIQUIDITY)),
        f"{pool}.of_gauge": Call(gauge, abi.encode_call(pools.GAUGE_POOL)),
        f"{pool}.rate": Call(gauge, abi.encode_call(pools.REWARD_RATE)),
        f"{pool}.ends": Call(gauge, abi.encode_call(pools.PERIOD_FINISH)),
        f"{pool}.paid_in": Call(gauge, abi.encode_call(pools.REWARD_TOKEN)),
        _named(place, "earned"): Call(gauge, abi.encode_call(pools.EARNED, owner, number)),
        _named(place, "counted"): Call(gauge, abi.encode_call(pools.REWARDS, number)),
        "block.timestamp": Call(manager.multicall3, abi.encode_call(multicall3.BLOCK_TIMESTAMP)),
    }


def _emissions(manager: PositionManager, place: Place, answers: Answers, tick: int) -> Emissions:
    """Return what the gauge pays: what it had counted when it last did, and what was earned since."""
    pool, said = place.pool, place.told
    if answers.address(f"{pool}.of_gauge") != pool:
        raise MalformedError("gauge", f"the gauge of {pool} is another pool's")
    earned = answers.number(_named(place, "earned"), 128) + answers.number(_named(place, "counted"), 128)
    per_year = emission_per_year(
        answers.number(f"{pool}.rate", 128),
        answers.number(f"{pool}.ends", 64),
        block_time(answers),
        said.account.liquidity,
        answers.number(f"{pool}.staked", 128),
        in_range(said.lower, said.upper, tick),
    )
    token = answers.address(f"{pool}.paid_in")
    listed = next((one for one in manager.tokens if one.address == token), None)
    return Emissions(Coin(token, listed), Units(earned), per_year)


def _decimals_question(manager: PositionManager, address: Address) -> Questions:
    if all(token.address != address for token in manager.tokens):
        return {}
    return {f"{address}.decimals": Call(address, abi.encode_call(erc20.DECIMALS))}


def _coin(manager: PositionManager, answers: Answers, address: Address) -> Coin:
    """Return a token, its decimals as the chain says them where it is a listed one."""
    token = next((one for one in manager.tokens if one.address == address), None)
    if token is not None and answers.number(f"{address}.decimals", 8) != token.decimals:
        raise MalformedError(
            "decimals",
            f"{token.symbol} has other decimals on the chain than the {token.decimals} configured",
            "correct the token's table in the chain file",
        )
    return Coin(address, token)


def _named(place: Place, what: str) -> str:
    return f"{place.issued.number}.{what}"
