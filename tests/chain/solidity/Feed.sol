// SPDX-License-Identifier: MIT
pragma solidity 0.8.27;

/// A price or uptime feed with every field settable. `updatedAt` 0 means: always just now.
contract Feed {
    uint8 public immutable decimals;
    string public description;
    int256 private _answer;
    uint256 private _startedAt;
    uint256 private _updatedAt;
    uint80 private _round = 1;

    constructor(string memory description_, uint8 decimals_, int256 answer_) {
        description = description_;
        decimals = decimals_;
        _answer = answer_;
        _startedAt = block.timestamp;
    }

    function set(int256 answer_, uint256 startedAt_, uint256 updatedAt_) external {
        (_answer, _startedAt, _updatedAt, _round) = (answer_, startedAt_, updatedAt_, _round + 1);
    }

    function latestAnswer() external view returns (int256) {
        return _answer;
    }

    function latestTimestamp() public view returns (uint256) {
        return _updatedAt == 0 ? block.timestamp : _updatedAt;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return (_round, _answer, _startedAt, latestTimestamp(), _round);
    }
}
