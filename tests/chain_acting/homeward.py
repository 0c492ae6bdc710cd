"""A desk whose owner commanded something: the same account, put together as `exit-all` and `drill` do."""

from __future__ import annotations

import dataclasses
from typing import Any

from mammon.chain.commanded import Commanded
from mammon.chain.follow import Follower
from mammon.chain.legs import Legs
from mammon.chain.recovery import Recovery
from mammon.chain.sender import Sender
from mammon.core.policy import Policy
from mammon.core.types import NOTHING_USED
from mammon.engine.accounts import ChainAccount
from mammon.engine.homecoming import Homecoming, bring_home
from mammon.engine.world import World
from mammon.sim.contracts.machine import Contract, Frame
from tests.chain_acting.desk import MARKETS, Desk

SLUGS = ("aave-v3", "aave-fork", "steakhouse-usdc", "gauntlet-usdc", "plain-vault")
USD = 10**6
UNACKNOWLEDGED = "not_acknowledged"


def commanded(desk: Desk, exiting: bool = True, overriding: bool = False, forbidden: str = "") -> Commanded:
    """Return who carries out what was commanded at a desk; its money path is that of the command then."""
    desk.purse = dataclasses.replace(
        desk.purse, exiting=exiting, overriding=overriding, forbidden=lambda: forbidden
    )
    desk.follower = Follower(desk.purse)
    desk.recovery = Recovery(desk.purse, desk.follower)
    desk.sender = Sender(desk.purse, desk.follower)
    old = desk.legs
    desk.legs = Legs(desk.purse, desk.sender, desk.recovery, old.see, old.enter, old.explain, old.count)
    return Commanded(desk.legs, Policy(), desk.soon)


def world_of(desk: Desk) -> World:
    """Return the desk's world, as the engine wants it."""
    ledger: Any = None
    account = ChainAccount(
        lambda at: (), lambda: tuple(desk.stops), lambda snapshot: NOTHING_USED, lambda seen, held: ()
    )
    return World(desk.observation, account, ledger, None, desk.clock, Policy())


def exit_all(desk: Desk, **options: Any) -> Homecoming:
    """Bring everything home, as a person commanded."""
    return bring_home(world_of(desk), commanded(desk, **options), MARKETS)


def spread(desk: Desk, *slugs: str, each: int = 1_500 * USD) -> None:
    """Put money into venues."""
    for slug in slugs or SLUGS:
        desk.legs.execute(desk.decision("idle", slug, each))


def everywhere(desk: Desk) -> int:
    """Return what the account has, in the wallet and in every venue."""
    return desk.idle + sum(desk.held(slug) for slug in SLUGS)


class Dead(Contract):
    """A contract that answers everything with nothing."""

    def __init__(self) -> None:
        """Be nothing."""

    def call(self, frame: Frame, data: bytes) -> bytes:
        return b""
