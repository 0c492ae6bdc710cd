"""ERC-4626, and the pause switch many vaults add."""

from __future__ import annotations

ASSET = bytes.fromhex("38d52e0f")  # asset()
TOTAL_ASSETS = bytes.fromhex("01e1d114")  # totalAssets()
CONVERT_TO_ASSETS = bytes.fromhex("07a2d13a")  # convertToAssets(uint256)
MAX_DEPOSIT = bytes.fromhex("402d267d")  # maxDeposit(address)
DEPOSIT = bytes.fromhex("6e553f65")  # deposit(uint256,address)
WITHDRAW = bytes.fromhex("b460af94")  # withdraw(uint256,address,address)
REDEEM = bytes.fromhex("ba087652")  # redeem(uint256,address,address)
PAUSED = bytes.fromhex("5c975abb")  # paused()

DEPOSIT_TOPIC = bytes.fromhex(
    "dcbc1c05240f31ff3ad067ef1ee35ce4997762752e3a095284754544f4c709d7"
)  # Deposit(address,address,uint256,uint256)
WITHDRAW_TOPIC = bytes.fromhex(
    "fbde797d201c681b91056529119e0b02407c7bb96a4a2c75c01fc9667232c8db"
)  # Withdraw(address,address,address,uint256,uint256)
