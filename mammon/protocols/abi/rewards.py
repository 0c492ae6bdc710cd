"""What pays rewards: CometRewards, Moonwell's comptroller and distributor, Merkl's distributor."""

from __future__ import annotations

COMET_OWED = bytes.fromhex("41e0cad6")  # getRewardOwed(address,address)
COMET_CONFIG = bytes.fromhex("2289b6b8")  # rewardConfig(address)
COMET_CLAIM = bytes.fromhex("b7034f7e")  # claim(address,address,bool)
TRACKING_SPEED = bytes.fromhex("189bb2f1")  # baseTrackingSupplySpeed()
TRACKING_SCALE = bytes.fromhex("aba7f15e")  # trackingIndexScale()
MIN_FOR_REWARDS = bytes.fromhex("9364e18a")  # baseMinForRewards()

MOONWELL_OWED = bytes.fromhex("07e8ce85")  # getOutstandingRewardsForUser(address,address)
MOONWELL_CONFIGS = bytes.fromhex("7e218f90")  # getAllMarketConfigs(address)
MOONWELL_CLAIM = bytes.fromhex("3685ffe7")  # claimReward(address,address[])

MERKL_CLAIM = bytes.fromhex("71ee95c0")  # claim(address[],address[],uint256[],bytes32[][])
MERKL_ROOT = bytes.fromhex("49590657")  # getMerkleRoot()
MERKL_CLAIMED = bytes.fromhex("0c9cbf0e")  # claimed(address,address)
