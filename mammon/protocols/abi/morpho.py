"""Morpho Blue, its adaptive rate model, and MetaMorpho vaults (V1.0 and V1.1).

A market's parameters are (loan token, collateral token, oracle, rate model, loan-to-value limit).
"""

from __future__ import annotations

MARKET = bytes.fromhex("5c60e39a")  # market(bytes32)
POSITION = bytes.fromhex("93c52062")  # position(bytes32,address)
MARKET_PARAMS = bytes.fromhex("2c3c9157")  # idToMarketParams(bytes32)
SUPPLY = bytes.fromhex(
    "a99aad89"
)  # supply((address,address,address,address,uint256),uint256,uint256,address,bytes)
WITHDRAW = bytes.fromhex(
    "5c2bea49"
)  # withdraw((address,address,address,address,uint256),uint256,uint256,address,address)
SUPPLY_TOPIC = bytes.fromhex(
    "edf8870433c83823eb071d3df1caa8d008f12f6440918c20d75a3602cda30fe0"
)  # Supply(bytes32,address,address,uint256,uint256)
WITHDRAW_TOPIC = bytes.fromhex(
    "a56fc0ad5702ec05ce63666221f796fb62437c32db1aa1aa075fc6484cf58fbf"
)  # Withdraw(bytes32,address,address,address,uint256,uint256)
BORROW_RATE_VIEW = bytes.fromhex(
    "8c00bf6b"
)  # borrowRateView((address,address,address,address,uint256),(uint128,uint128,uint128,uint128,uint128,uint128))  # noqa: E501
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
PENDING_CAP = bytes.fromhex("a31be5d6")  # pendingCap(bytes32)
