"""What the world does by itself: crowds, gas and prices, each a function of the seed and the time.

Epochs are 300 seconds long and counted from the first instant of the world, which lies a little
before the moment its clock starts (`PAST_BLOCKS`), so that safe and finalized blocks exist from the
beginning. Nothing here depends on what any account does.
"""

from __future__ import annotations

from dataclasses import dataclass

from mammon.core.numbers import Units, Wei
from mammon.sim import chance
from mammon.sim.chance import PPM

BLOCK_S = 2
EPOCH_BLOCKS = 150
EPOCH_S = EPOCH_BLOCKS * BLOCK_S
PAST_BLOCKS = 7 * EPOCH_BLOCKS
OPENING = 1_767_225_600
"""When the clock starts: 2026-01-01T00:00:00Z."""
FIRST_BLOCK = 40_000_000
FIRST_TIMESTAMP = OPENING - PAST_BLOCKS * BLOCK_S
OPENING_BLOCK = FIRST_BLOCK + PAST_BLOCKS

MIN_BASE_FEE = Wei(5_000_000)
"""Base's floor; the fee rises with congestion and never falls below it."""
TIP = Wei(1_000_000)
"""What everybody else tips."""

SQUEEZE_PPM = 985_000
"""From this utilisation on, borrowers take what any supplier left."""

_SLOW = ((1_152, 450_000), (288, 350_000), (36, 150_000), (3, 50_000))
_GAS = ((1_728, 300_000), (144, 400_000), (7, 300_000))


@dataclass(frozen=True, slots=True)
class Crowd:
    """How everybody else behaves at one venue: averages, how far they wander, how often they bolt."""

    supply: Units
    """What the crowd supplies on average."""
    supply_swing_ppm: int
    level_ppm: int
    """Average utilisation, or the average yearly rate where nothing is lent."""
    level_swing_ppm: int
    spike_odds_ppm: int
    """Probability of a spike in any 12 hours."""
    spike_ppm: int
    """What the highest spike adds to the level."""


def epoch_of(number: int) -> int:
    """Return the epoch of a block."""
    return (number - FIRST_BLOCK) // EPOCH_BLOCKS


def timestamp_of(number: int) -> int:
    """Return the unix time of a block."""
    return FIRST_TIMESTAMP + (number - FIRST_BLOCK) * BLOCK_S


def supply(seed: int, name: str, crowd: Crowd, epoch: int) -> Units:
    """Return what the crowd wants to have supplied in this epoch."""
    swing = _swing(seed, f"{name}/supply", epoch)
    return Units(crowd.supply + crowd.supply * crowd.supply_swing_ppm * swing // PPM**2)


def level(seed: int, name: str, crowd: Crowd, epoch: int) -> int:
    """Return the venue's level in this epoch in millionths, spikes included."""
    wandering = crowd.level_swing_ppm * _swing(seed, f"{name}/level", epoch) // PPM
    strength = chance.burst(seed, f"{name}/spike", epoch, 144, crowd.spike_odds_ppm, 36)
    wanted = crowd.level_ppm + wandering + crowd.spike_ppm * strength // PPM
    return min(max(wanted, 0), PPM)


def base_fee(seed: int, number: int) -> Wei:
    """Return a block's base fee: the floor most of the time, several times that when it is busy.

    Between blocks it changes by less than the 4 % the protocol allows.
    """
    busy = _between_epochs(seed, "gas", number)
    return Wei(MIN_BASE_FEE + MIN_BASE_FEE * max(0, busy - 150_000) * 4 // PPM)


def l1_base_fee(seed: int, number: int) -> Wei:
    """Return the base fee of the chain below, as this block knows it."""
    return Wei(1_000_000_000 + 900 * chance.drift(seed, "l1", epoch_of(number), _GAS))


def blob_base_fee(seed: int, number: int) -> Wei:
    """Return the blob base fee of the chain below, as this block knows it."""
    return Wei(20_000_000 + 18 * chance.drift(seed, "blob", epoch_of(number), _GAS))


def eth_usd(seed: int, epoch: int) -> Units:
    """Return the price of ether in dollars, 8 decimals."""
    return Units(300_000_000_000 + 60_000 * chance.drift(seed, "eth", epoch, _SLOW))


def usdc_usd(seed: int, epoch: int) -> Units:
    """Return the price of USDC in dollars, 8 decimals: within 5 basis points of one."""
    return Units(100_000_000 + chance.drift(seed, "usdc", epoch, _SLOW) // 20)


def btc_usd(seed: int, epoch: int) -> Units:
    """Return the price of bitcoin in dollars, 8 decimals."""
    return Units(8_300_000_000_000 + 1_600_000 * chance.drift(seed, "btc", epoch, _SLOW))


def cbbtc_usd(seed: int, epoch: int) -> Units:
    """Return the price of wrapped bitcoin in dollars, 8 decimals: within 10 basis points of bitcoin's."""
    off_ppm = chance.drift(seed, "cbbtc", epoch, _SLOW) // 1_000
    return Units(btc_usd(seed, epoch) * (PPM + off_ppm) // PPM)


def cbeth_redeems(_seed: int, epoch: int) -> Units:
    """Return what wrapped staked ether is redeemed for, 18 decimals: three percent more each year."""
    return Units(1_141 * 10**15 + 325_710_000_000 * epoch)


def cbeth_eth(seed: int, epoch: int) -> Units:
    """Return the price of wrapped staked ether in ether, 18 decimals: a little below its redemption."""
    off_ppm = 1_500 + chance.drift(seed, "cbeth", epoch, _SLOW) // 1_000
    return Units(cbeth_redeems(seed, epoch) * (PPM - off_ppm) // PPM)


def aero_usd(seed: int, epoch: int) -> Units:
    """Return the price of AERO in dollars, 8 decimals: around ninety cents."""
    return Units(90_000_000 + 20 * chance.drift(seed, "aero", epoch, _SLOW))


def well_usd(seed: int, epoch: int) -> Units:
    """Return the price of WELL in dollars, 8 decimals: around two cents."""
    return Units(2_000_000 + chance.drift(seed, "well", epoch, _SLOW) // 2)


def morpho_usd(seed: int, epoch: int) -> Units:
    """Return the price of MORPHO in dollars, 8 decimals."""
    return Units(160_000_000 + 60 * chance.drift(seed, "morpho", epoch, _SLOW))


def _swing(seed: int, name: str, epoch: int) -> int:
    """Return drift stretched so that it fills its range: a sum of layers seldom leaves the middle."""
    return max(-PPM, min(PPM, 8 * chance.drift(seed, name, epoch, _SLOW) // 5))


def _between_epochs(seed: int, name: str, number: int) -> int:
    epoch, within = divmod(number - FIRST_BLOCK, EPOCH_BLOCKS)
    here = chance.drift(seed, name, epoch, _GAS)
    there = chance.drift(seed, name, epoch + 1, _GAS)
    return here + (there - here) * within // EPOCH_BLOCKS
