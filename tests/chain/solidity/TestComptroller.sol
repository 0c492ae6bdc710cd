// SPDX-License-Identifier: MIT
pragma solidity 0.8.27;

interface IMarket {
    function getCash() external view returns (uint256);
    function totalBorrows() external view returns (uint256);
    function totalReserves() external view returns (uint256);
}

/// The comptroller's rules that a lender meets, as Moonwell documents them: a pause and a cap revert, a market
/// that is not listed is refused by a code. Everything else it is asked for is allowed (`fallback`).
contract TestComptroller {
    bool public constant isComptroller = true;
    uint256 public constant MARKET_NOT_LISTED = 9;

    mapping(address => uint256) public supplyCaps;
    mapping(address => bool) public mintGuardianPaused;
    mapping(address => bool) private _delisted;

    function markets(address market) public view returns (bool isListed, uint256 collateralFactorMantissa) {
        return (!_delisted[market], 0.8e18);
    }

    function mintAllowed(address market, address, uint256 amount) external view returns (uint256) {
        require(!mintGuardianPaused[market], "mint is paused");
        if (_delisted[market]) return MARKET_NOT_LISTED;
        uint256 cap = supplyCaps[market];
        if (cap != 0) {
            IMarket token = IMarket(market);
            uint256 supplied = token.getCash() + token.totalBorrows() - token.totalReserves();
            require(supplied + amount < cap, "market supply cap reached");
        }
        return 0;
    }

    function set(address market, uint256 cap, bool paused, bool delisted) external {
        (supplyCaps[market], mintGuardianPaused[market], _delisted[market]) = (cap, paused, delisted);
    }

    fallback() external {
        assembly {
            mstore(0, 0)
            return(0, 32)
        }
    }
}
