"""Gas prices of one block: the fee history's next base fee and tip, with the oracle's data fees."""

from __future__ import annotations

from typing import Protocol

from mammon.chain.oracle import DataFees
from mammon.core.numbers import Wei
from mammon.core.types import Fees, Unread


class PricesGas(Protocol):
    """The part of a reading round that tells gas prices."""

    @property
    def next_base_fee(self) -> Wei | Unread:
        """The base fee of the block after the one read."""
        ...

    @property
    def tip(self) -> Wei | Unread:
        """The priority fee per gas that got into recent blocks."""
        ...


def fees(round_: PricesGas, data_fees: DataFees | Unread) -> Fees | Unread:
    """Return what gas costs next, or why that is not known: nothing stands in for a missing part."""
    base_fee, tip = round_.next_base_fee, round_.tip
    if isinstance(base_fee, Unread):
        return _unread(base_fee)
    if isinstance(tip, Unread):
        return _unread(tip)
    if isinstance(data_fees, Unread):
        return _unread(data_fees)
    return Fees(
        base_fee=base_fee,
        tip=tip,
        l1_base_fee=data_fees.l1_base_fee,
        l1_base_fee_scalar=data_fees.l1_base_fee_scalar,
        blob_base_fee=data_fees.blob_base_fee,
        blob_base_fee_scalar=data_fees.blob_base_fee_scalar,
        operator_constant=data_fees.operator_constant,
        operator_per_megagas=data_fees.operator_per_megagas,
    )


def _unread(part: Unread) -> Unread:
    return Unread("fees", part.code, part.reason)
