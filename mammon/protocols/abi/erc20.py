"""ERC-20."""

from __future__ import annotations

BALANCE_OF = bytes.fromhex("70a08231")  # balanceOf(address)
DECIMALS = bytes.fromhex("313ce567")  # decimals()
TOTAL_SUPPLY = bytes.fromhex("18160ddd")  # totalSupply()
ALLOWANCE = bytes.fromhex("dd62ed3e")  # allowance(address,address)
APPROVE = bytes.fromhex("095ea7b3")  # approve(address,uint256)

TRANSFER_TOPIC = bytes.fromhex(
    "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
)  # Transfer(address,address,uint256)
APPROVAL_TOPIC = bytes.fromhex(
    "8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"
)  # Approval(address,address,uint256)
