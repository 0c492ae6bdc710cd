// SPDX-License-Identifier: MIT
pragma solidity 0.8.27;

import {ERC4626, ERC20, IERC20} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";

/// ERC-4626 without changes. Tokens sent to it are yield.
contract TestVault is ERC4626 {
    constructor(IERC20 asset_) ERC4626(asset_) ERC20("Test vault", "tvUSDC") {}
}
