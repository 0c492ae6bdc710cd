"""Selectors, topics and addresses are literals; each is derived here again."""

from __future__ import annotations

import inspect
import re

import pytest

from mammon.core import abi
from mammon.core.address import checksummed
from mammon.core.keccak import keccak256
from mammon.protocols.abi import aave_v3, erc20, erc4626, morpho, multicall3, pools
from mammon.sim import addresses
from mammon.sim.contracts import aave, machine, metamorpho
from mammon.sim.contracts import erc20 as tokens
from mammon.sim.contracts import erc4626 as vaults
from mammon.sim.contracts import morpho as markets
from mammon.sim.contracts import rewards as payers
from mammon.sim.deployment import deployment

CONTRACTS = list(deployment(full=True).contracts.values())
EVENTS = {
    tokens.TRANSFER: "Transfer(address,address,uint256)",
    tokens.APPROVAL: "Approval(address,address,uint256)",
    aave.SUPPLY: "Supply(address,address,address,uint256,uint16)",
    aave.WITHDRAW: "Withdraw(address,address,address,uint256)",
    aave.MINT: "Mint(address,address,uint256,uint256,uint256)",
    aave.BURN: "Burn(address,address,uint256,uint256,uint256)",
    payers.REWARD_CLAIMED: "RewardClaimed(address,address,address,uint256)",
    payers.CLAIMED: "Claimed(address,address,uint256)",
    vaults.DEPOSIT: "Deposit(address,address,uint256,uint256)",
    vaults.WITHDRAW: "Withdraw(address,address,address,uint256,uint256)",
    markets.SUPPLY: "Supply(bytes32,address,address,uint256,uint256)",
    markets.WITHDRAW: "Withdraw(bytes32,address,address,address,uint256,uint256)",
}
ERRORS = {
    "ec442f05": "ERC20InvalidReceiver(address)",
    "e450d38c": "ERC20InsufficientBalance(address,uint256,uint256)",
    "fb8f41b2": "ERC20InsufficientAllowance(address,uint256,uint256)",
    "79012fb2": "ERC4626ExceededMaxDeposit(address,uint256,uint256)",
    "fe9cceec": "ERC4626ExceededMaxWithdraw(address,uint256,uint256)",
    "b94abeec": "ERC4626ExceededMaxRedeem(address,uint256,uint256)",
    "d93c0665": "EnforcedPause()",
    "ded0652d": "AllCapsReached()",
    "4323a555": "NotEnoughLiquidity()",
    "90cd6f24": "ReserveInactive()",
    "6d305815": "ReserveFrozen()",
    "d37f5f1c": "ReservePaused()",
    "2c5211c6": "InvalidAmount()",
    "47bc4b2c": "NotEnoughAvailableUserBalance()",
    "f58f733a": "SupplyCapExceeded()",
    "9c58e3b6": "NotSupported(address)",
    "1df89e8b": "InvalidLengths()",
    "09bde339": "InvalidProof()",
}


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: type(contract).__name__)
def test_every_selector_is_its_signatures(contract: machine.Contract) -> None:
    """What a contract answers to is what its signature hashes to."""
    for selector, method in contract.methods.items():
        assert selector == method.selector == abi.selector(method.signature), method.signature
    for selector, (signature, _) in contract.constants.items():
        assert selector == abi.selector(signature), signature


def test_topics_and_errors_are_their_signatures() -> None:
    """Events and custom errors carry the hashes of their signatures."""
    for topic, signature in EVENTS.items():
        assert topic == keccak256(signature.encode()).hex(), signature
    for selector, signature in ERRORS.items():
        assert selector == abi.selector(signature).hex(), signature


def test_every_error_in_use_is_listed() -> None:
    """No custom error escapes the derivation above."""
    source = "".join(map(inspect.getsource, (aave, metamorpho, payers, tokens, vaults)))
    used = re.findall(r'custom\("(\w{8})"', source) + re.findall(r'": \("(\w{8})", "', source)
    assert set(used) == set(ERRORS)


def test_addresses_are_derived_from_their_labels() -> None:
    """Every address of this chain alone is the end of its label's hash, so no two collide."""
    lines = re.findall(r'^(\w+) = Address\("(0x\w+)"\)  # (\S+)$', inspect.getsource(addresses), re.M)
    assert len(lines) == len({address for _, address, _ in lines}) > 20
    for name, address, label in lines:
        digest = keccak256(f"mammon simulated chain: {label}".encode())
        assert address == checksummed("0x" + digest[12:].hex()), name


def test_every_view_the_adapters_know_is_answered_somewhere() -> None:
    """A selector added to an adapter's table needs its counterpart here, or a stated reason."""
    known = {selector for contract in CONTRACTS for selector in (*contract.methods, *contract.constants)}
    unanswered = {
        f"{module.__name__.rpartition('.')[2]}.{name}"
        for module in (aave_v3, erc20, erc4626, morpho, multicall3, pools)
        for name, value in vars(module).items()
        if isinstance(value, bytes) and len(value) == 4 and value not in known
    }
    assert unanswered == set()
