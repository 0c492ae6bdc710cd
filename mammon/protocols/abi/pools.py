"""Concentrated-liquidity pools: position managers, factories, pools, and Aerodrome's voter and gauges."""

from __future__ import annotations

BALANCE_OF = bytes.fromhex("70a08231")  # balanceOf(address)
TOKEN_BY_INDEX = bytes.fromhex("2f745c59")  # tokenOfOwnerByIndex(address,uint256)
POSITION = bytes.fromhex("99fbab88")  # positions(uint256)
FACTORY = bytes.fromhex("c45a0155")  # factory()
POOL_BY_FEE = bytes.fromhex("1698ee82")  # getPool(address,address,uint24)
POOL_BY_SPACING = bytes.fromhex("28af8d0b")  # getPool(address,address,int24)

SLOT0 = bytes.fromhex("3850c7bd")  # slot0()
GROWTH_0 = bytes.fromhex("f3058399")  # feeGrowthGlobal0X128()
GROWTH_1 = bytes.fromhex("46141319")  # feeGrowthGlobal1X128()
TICK = bytes.fromhex("f30dba93")  # ticks(int24)
IN_POOL = bytes.fromhex("514ea4bf")  # positions(bytes32)
STAKED_LIQUIDITY = bytes.fromhex("3ab04b20")  # stakedLiquidity()

GAUGE_OF = bytes.fromhex("b9a09fd5")  # gauges(address)
STAKED = bytes.fromhex("4b937763")  # stakedValues(address)
EARNED = bytes.fromhex("3e491d47")  # earned(address,uint256)
REWARDS = bytes.fromhex("f301af42")  # rewards(uint256)
REWARD_RATE = bytes.fromhex("7b0a47ee")  # rewardRate()
PERIOD_FINISH = bytes.fromhex("ebe2b12b")  # periodFinish()
REWARD_TOKEN = bytes.fromhex("f7c618c1")  # rewardToken()
GAUGE_POOL = bytes.fromhex("16f0115b")  # pool()
