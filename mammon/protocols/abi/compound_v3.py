"""Compound III (Comet): the market of one base asset. Its extension answers at the same address."""

from __future__ import annotations

BASE_TOKEN = bytes.fromhex("c55dae63")  # baseToken()
INDEX_SCALE = bytes.fromhex("96e7a9c1")  # baseIndexScale()
TOTALS_BASIC = bytes.fromhex("b9f0baf7")  # totalsBasic()
TOTAL_BORROW = bytes.fromhex("8285ef40")  # totalBorrow()
UTILISATION = bytes.fromhex("7eb71131")  # getUtilization()
SUPPLY_RATE = bytes.fromhex("d955759d")  # getSupplyRate(uint256)
BORROW_RATE = bytes.fromhex("9fa83b5a")  # getBorrowRate(uint256)
SUPPLY_KINK = bytes.fromhex("a5b4ff79")  # supplyKink()
SUPPLY_BASE = bytes.fromhex("94920cca")  # supplyPerSecondInterestRateBase()
SUPPLY_SLOPE_LOW = bytes.fromhex("5a94b8d1")  # supplyPerSecondInterestRateSlopeLow()
SUPPLY_SLOPE_HIGH = bytes.fromhex("804de71f")  # supplyPerSecondInterestRateSlopeHigh()
BORROW_KINK = bytes.fromhex("9241a561")  # borrowKink()
BORROW_BASE = bytes.fromhex("7914acc7")  # borrowPerSecondInterestRateBase()
BORROW_SLOPE_LOW = bytes.fromhex("2d05670b")  # borrowPerSecondInterestRateSlopeLow()
BORROW_SLOPE_HIGH = bytes.fromhex("2a48cf12")  # borrowPerSecondInterestRateSlopeHigh()
SUPPLY_PAUSED = bytes.fromhex("0bc47ad1")  # isSupplyPaused()
WITHDRAW_PAUSED = bytes.fromhex("67800b5f")  # isWithdrawPaused()
USER_BASIC = bytes.fromhex("dc4abafd")  # userBasic(address)
SUPPLY = bytes.fromhex("f2b9fdb8")  # supply(address,uint256)
WITHDRAW = bytes.fromhex("f3fef3a3")  # withdraw(address,uint256)
