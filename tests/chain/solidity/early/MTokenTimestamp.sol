// SPDX-License-Identifier: BSD-3-Clause
pragma solidity ^0.5.16;

import "Tokens/VTokens/VBep20Immutable.sol";

/// The Compound V2 market of the package, counting seconds where it counts blocks, with the views that a
/// market by the second has.
contract MTokenTimestamp is VBep20Immutable {
    constructor(
        address asset,
        ComptrollerInterface comptroller_,
        InterestRateModel model,
        uint initialRate,
        string memory name_,
        string memory symbol_,
        address payable admin_
    ) public VBep20Immutable(asset, comptroller_, model, initialRate, name_, symbol_, 8, admin_) {}

    function getBlockNumber() internal view returns (uint) {
        return block.timestamp;
    }

    function accrualBlockTimestamp() external view returns (uint) {
        return accrualBlockNumber;
    }

    function borrowRatePerTimestamp() external view returns (uint) {
        return interestRateModel.getBorrowRate(getCashPrior(), totalBorrows, totalReserves);
    }

    function supplyRatePerTimestamp() external view returns (uint) {
        return interestRateModel.getSupplyRate(getCashPrior(), totalBorrows, totalReserves, reserveFactorMantissa);
    }

    /// What governance does on the real market; here anybody, so that tests can bring about any state.
    function become(InterestRateModel model, uint reserveFactor) external {
        accrueInterest();
        interestRateModel = model;
        reserveFactorMantissa = reserveFactor;
    }
}
