"""The crowd's moves at the venues that only the full world has, and how it moves in any vault."""

from __future__ import annotations

from mammon.sim import processes
from mammon.sim.addresses import CROWD
from mammon.sim.contracts.erc4626 import Vault
from mammon.sim.contracts.machine import Frame
from mammon.sim.crowd_lending import move_comet, move_moonwell
from mammon.sim.further import (
    COMET_CROWD,
    EULER_CROWD,
    FLUID_CROWD,
    MOONWELL_CROWD,
    SKY_CROWD,
    V2_CROWD,
    Further,
)
from mammon.sim.processes import Crowd


def step(frame: Frame, more: Further, epoch: int) -> None:
    """Move the crowd at every further venue; the vaults take turns, after the first epoch."""
    seed = frame.environment.seed
    target, level = _wish(seed, "compound-v3", COMET_CROWD, epoch)
    move_comet(frame, more.comet, target, level)
    target, level = _wish(seed, "moonwell", MOONWELL_CROWD, epoch)
    move_moonwell(frame, more.token, target, level)
    if epoch % 2 == 0:
        flow(frame, more.vault, processes.supply(seed, "prime-v2", V2_CROWD, epoch))
        flow(frame, more.sky, processes.supply(seed, "sky-savings", SKY_CROWD, epoch))
    if epoch % 2 or epoch == 0:
        flow(frame, more.f_token, processes.supply(seed, "fluid-usdc", FLUID_CROWD, epoch))
        more.layer.lend(frame, CROWD, processes.level(seed, "fluid-usdc", FLUID_CROWD, epoch))
        flow(frame, more.euler, processes.supply(seed, "euler-usdc", EULER_CROWD, epoch))
        more.euler.lend(frame, CROWD, processes.level(seed, "euler-usdc", EULER_CROWD, epoch))


def _wish(seed: int, name: str, crowd: Crowd, epoch: int) -> tuple[int, int]:
    """Return what the crowd wants to have supplied, and how much of that lent out, in millionths."""
    return processes.supply(seed, name, crowd, epoch), processes.level(seed, name, crowd, epoch)


def flow(frame: Frame, vault: Vault, target: int) -> None:
    """Bring the crowd's holding in a vault to `target`, as far as caps and liquidity allow."""
    totals = vault.accrue(frame)
    owned = vault.assets_for(vault.balance(frame, CROWD), totals)
    if target > owned:
        amount = min(target - owned, vault.room(frame))
        if amount:
            vault.enter(frame, CROWD, CROWD, amount)
    elif target < owned:
        amount = min(owned - target, vault.liquid(frame))
        if amount:
            vault.leave(frame, CROWD, CROWD, amount, vault.shares_for(amount, totals, up=True))
