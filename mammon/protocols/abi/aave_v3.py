"""Aave V3: pool, aToken, debt tokens and rate strategies of releases 3.0 and later."""

from __future__ import annotations

RESERVE_DATA = bytes.fromhex("35ea6a75")  # getReserveData(address)
NORMALIZED_INCOME = bytes.fromhex("d15e0053")  # getReserveNormalizedIncome(address)
VIRTUAL_BALANCE = bytes.fromhex("6fb07f96")  # getVirtualUnderlyingBalance(address)
DEFICIT = bytes.fromhex("c952485d")  # getReserveDeficit(address)
STRATEGY = bytes.fromhex("1b8feb0e")  # RESERVE_INTEREST_RATE_STRATEGY()
REVISION = bytes.fromhex("0148170e")  # POOL_REVISION()
SUPPLY = bytes.fromhex("617ba037")  # supply(address,uint256,address,uint16)
WITHDRAW = bytes.fromhex("69328dec")  # withdraw(address,uint256,address)

SCALED_TOTAL_SUPPLY = bytes.fromhex("b1bf962d")  # scaledTotalSupply()
SCALED_BALANCE_OF = bytes.fromhex("1da24f3e")  # scaledBalanceOf(address)
STABLE_SUPPLY_DATA = bytes.fromhex("79774338")  # getSupplyData()

RATE_DATA_BPS = bytes.fromhex("c79ce42e")  # getInterestRateDataBps(address)
OPTIMAL_USAGE_RATIO = bytes.fromhex("54c365c6")  # OPTIMAL_USAGE_RATIO()
BASE_VARIABLE_RATE = bytes.fromhex("34762ca5")  # getBaseVariableBorrowRate()
VARIABLE_SLOPE_1 = bytes.fromhex("0b3429a2")  # getVariableRateSlope1()
VARIABLE_SLOPE_2 = bytes.fromhex("f4202409")  # getVariableRateSlope2()

SUPPLY_TOPIC = bytes.fromhex(
    "2b627736bca15cd5381dcf80b0bf11fd197d01a037c52b927a881a10fb73ba61"
)  # Supply(address,address,address,uint256,uint16)
WITHDRAW_TOPIC = bytes.fromhex(
    "3115d1449a7b732c986cba18244e897a450f61e1bb8d589cd2e69e6c8924f9f7"
)  # Withdraw(address,address,address,uint256)
MINT_TOPIC = bytes.fromhex(
    "458f5fa412d0f69b08dd84872b0215675cc67bc1d5b6fd93300a1c3878b86196"
)  # Mint(address,address,uint256,uint256,uint256)
BURN_TOPIC = bytes.fromhex(
    "4cf25bc1d991c17529c25213d3cc0cda295eeaad5f13f361969b12ea48015f90"
)  # Burn(address,address,uint256,uint256,uint256)
BALANCE_TRANSFER_TOPIC = bytes.fromhex(
    "4beccb90f994c31aced7a23b5611020728a23d8ec5cddd1a3e9d97b96fda8666"
)  # BalanceTransfer(address,address,uint256,uint256)
