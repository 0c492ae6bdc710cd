// SPDX-License-Identifier: MIT
pragma solidity 0.8.27;

import {ERC4626, ERC20, IERC20} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";

/// What a hostile or broken view can do to who reads it.
library Misdeed {
    uint8 internal constant HONEST = 0;
    uint8 internal constant BURN = 1; // all the gas it was given
    uint8 internal constant FLOOD = 2; // one megabyte of answer
    uint8 internal constant GARBAGE = 3; // 96 bytes of ones
    uint8 internal constant REVERT = 4; // a reason with control characters in it
    uint8 internal constant EMPTY = 5; // success without data
    uint8 internal constant SHORT = 6; // 31 bytes
    uint8 internal constant BOMB = 7; // a megabyte of revert data

    function commit(uint8 mode) internal pure {
        if (mode == HONEST) return;
        if (mode == REVERT) revert(unicode"\u001b[2Jno \u202edeposits");
        assembly ("memory-safe") {
            switch mode
            case 1 { invalid() }
            case 2 { return(0x80, 1048576) }
            case 3 {
                let all := not(0)
                mstore(0x80, all)
                mstore(0xa0, all)
                mstore(0xc0, all)
                return(0x80, 96)
            }
            case 5 { return(0x80, 0) }
            case 6 { return(0x80, 31) }
            default { revert(0x80, 1048576) }
        }
    }
}

/// Answers every call in the same bad way.
contract Evil {
    uint8 private immutable _mode;

    constructor(uint8 mode) {
        _mode = mode;
    }

    fallback() external payable {
        Misdeed.commit(_mode);
    }
}

/// An honest vault whose `totalAssets`, and all that rests on it, can be turned bad.
contract TurncoatVault is ERC4626 {
    uint8 public mode;

    constructor(IERC20 asset_) ERC4626(asset_) ERC20("Turncoat vault", "tcUSDC") {}

    function turn(uint8 mode_) external {
        mode = mode_;
    }

    function totalAssets() public view override returns (uint256) {
        Misdeed.commit(mode);
        return super.totalAssets();
    }
}
