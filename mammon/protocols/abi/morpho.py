"""Morpho Blue, its adaptive rate model, and MetaMorpho vaults (V1.0 and V1.1)."""

from __future__ import annotations

MARKET = bytes.fromhex("5c60e39a")  # market(bytes32)
POSITION = bytes.fromhex("93c52062")  # position(bytes32,address)
MARKET_PARAMS = bytes.fromhex("2c3c9157")  # idToMarketParams(bytes32)
RATE_AT_TARGET = bytes.fromhex("01977b57")  # rateAtTarget(bytes32)

MORPHO = bytes.fromhex("3acb5624")  # MORPHO()
FEE = bytes.fromhex("ddca3f43")  # fee()
LAST_TOTAL_ASSETS = bytes.fromhex("568efc07")  # lastTotalAssets()
LOST_ASSETS = bytes.fromhex("21cb4b14")  # lostAssets()
SUPPLY_QUEUE_LENGTH = bytes.fromhex("a17b3130")  # supplyQueueLength()
SUPPLY_QUEUE = bytes.fromhex("f7d18521")  # supplyQueue(uint256)
WITHDRAW_QUEUE_LENGTH = bytes.fromhex("33f91ebb")  # withdrawQueueLength()
WITHDRAW_QUEUE = bytes.fromhex("62518ddf")  # withdrawQueue(uint256)
CONFIG = bytes.fromhex("cc718f76")  # config(bytes32)
