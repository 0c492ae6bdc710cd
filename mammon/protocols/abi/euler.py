"""Euler Vault Kit: what a vault adds to ERC-4626, its rate model, its factory and a perspective."""

from __future__ import annotations

CASH = bytes.fromhex("961be391")  # cash()
TOTAL_BORROWS_EXACT = bytes.fromhex("e388be7b")  # totalBorrowsExact()
INTEREST_RATE = bytes.fromhex("7c3a00fd")  # interestRate()
INTEREST_ACCUMULATOR = bytes.fromhex("087a6007")  # interestAccumulator()
INTEREST_FEE = bytes.fromhex("a75df498")  # interestFee()
INTEREST_RATE_MODEL = bytes.fromhex("f3fdb15a")  # interestRateModel()
CAPS = bytes.fromhex("18e22d98")  # caps()
HOOK_CONFIG = bytes.fromhex("cf349b7d")  # hookConfig()

BASE_RATE = bytes.fromhex("1f68f20a")  # baseRate()
SLOPE1 = bytes.fromhex("a62b75a8")  # slope1()
SLOPE2 = bytes.fromhex("d0134cb7")  # slope2()
KINK = bytes.fromhex("fd2da339")  # kink()
COMPUTE_RATE_VIEW = bytes.fromhex("2e34c872")  # computeInterestRateView(address,uint256,uint256)

IS_PROXY = bytes.fromhex("29710388")  # isProxy(address)
IS_VERIFIED = bytes.fromhex("b9209e33")  # isVerified(address)
