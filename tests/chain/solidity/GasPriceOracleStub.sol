// SPDX-License-Identifier: MIT
pragma solidity 0.8.27;

/// The views of an OP-stack chain's GasPriceOracle, with every scalar settable.
/// The node under the tests charges no L1 fee: this only answers questions.
contract GasPriceOracleStub {
    uint256 public l1BaseFee;
    uint256 public blobBaseFee;
    uint32 public baseFeeScalar;
    uint32 public blobBaseFeeScalar;
    uint32 public operatorFeeScalar;
    uint64 public operatorFeeConstant;

    bool public constant isEcotone = true;
    bool public constant isFjord = true;
    bool public constant isIsthmus = true;
    bool public constant isJovian = true;
    uint256 public constant decimals = 6;

    function set(
        uint256 l1BaseFee_,
        uint32 baseFeeScalar_,
        uint256 blobBaseFee_,
        uint32 blobBaseFeeScalar_,
        uint32 operatorFeeScalar_,
        uint64 operatorFeeConstant_
    ) external {
        l1BaseFee = l1BaseFee_;
        baseFeeScalar = baseFeeScalar_;
        blobBaseFee = blobBaseFee_;
        blobBaseFeeScalar = blobBaseFeeScalar_;
        operatorFeeScalar = operatorFeeScalar_;
        operatorFeeConstant = operatorFeeConstant_;
    }

    function getOperatorFee(uint256 gasUsed) external view returns (uint256) {
        return gasUsed * operatorFeeScalar * 100 + operatorFeeConstant;
    }

    function getL1FeeUpperBound(uint256 unsignedSize) external view returns (uint256) {
        uint256 size = unsignedSize + 68;
        return _fee(size + size / 255 + 16);
    }

    function getL1Fee(bytes calldata unsigned) external view returns (uint256) {
        return _fee(unsigned.length + 68);
    }

    function _fee(uint256 compressed) private view returns (uint256) {
        uint256 scaled = uint256(baseFeeScalar) * 16 * l1BaseFee + uint256(blobBaseFeeScalar) * blobBaseFee;
        uint256 estimated = compressed * 836500;
        uint256 size = estimated > 142585600 ? estimated - 42585600 : 100000000;
        return size * scaled / 1e12;
    }
}
