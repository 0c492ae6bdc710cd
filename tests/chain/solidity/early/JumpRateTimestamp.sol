// SPDX-License-Identifier: BSD-3-Clause
pragma solidity ^0.5.16;

import "InterestRateModels/JumpRateModel.sol";

/// The jump rate model of the package under the names of one by the second. The package divides by the
/// blocks of a year of three seconds each: parameters by the second are given times that many.
contract JumpRateTimestamp is JumpRateModel {
    constructor(uint base, uint multiplier, uint jump, uint kink_)
        public
        JumpRateModel(base * blocksPerYear, multiplier * blocksPerYear, jump * blocksPerYear, kink_)
    {}

    function baseRatePerTimestamp() external view returns (uint) {
        return baseRatePerBlock;
    }

    function multiplierPerTimestamp() external view returns (uint) {
        return multiplierPerBlock;
    }

    function jumpMultiplierPerTimestamp() external view returns (uint) {
        return jumpMultiplierPerBlock;
    }
}
