"""What a move costs: L2 execution gas, the L1 data fee and the operator fee, in wei and dollars.

Formulas: the OP Stack's Fjord L1 fee with the upper bound of the compressed size that
`GasPriceOracle.getL1FeeUpperBound` uses, and the operator fee as the linear function the chain
itself answers. Gas units are estimates from a table that receipts refine; prices and fees are
readings of the same block. What was not read makes the whole cost `Unread`: nothing stands in for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from mammon.core.fixed import mul_div_up
from mammon.core.numbers import Fraction, Units, Usd, Wei
from mammon.core.types import Block, Fees, GasUnits, Price, Snapshot, Unread

SIGNATURE_BYTES = 68
"""What a signature adds to an unsigned transaction, as the gas-price oracle counts it."""

_FASTLZ_INTERCEPT = -42_585_600
_FASTLZ_COEFFICIENT = 836_500
_MIN_SCALED_SIZE = 100_000_000


@dataclass(frozen=True, slots=True)
class Action:
    """One transaction of a move: what is done, at which protocol."""

    protocol: str
    action: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What a sequence of transactions costs at one block. Fees, never the amounts moved."""

    gas: int
    l2: Wei
    l1: Wei
    operator: Wei
    usd: Usd
    dearest_usd: Usd
    """The dearest single transaction."""

    @property
    def wei(self) -> Wei:
        """The whole cost in wei."""
        return Wei(self.l2 + self.l1 + self.operator)


def l1_fee(fees: Fees, compressed_bytes: int) -> Wei:
    """Return the L1 data fee for a transaction whose FastLZ size is `compressed_bytes`, rounded down.

    Source: OP Stack Fjord specification, `GasPriceOracle._fjordL1Cost`.
    """
    per_byte = (
        16 * fees.l1_base_fee_scalar * fees.l1_base_fee + fees.blob_base_fee_scalar * fees.blob_base_fee
    )
    size = max(_MIN_SCALED_SIZE, _FASTLZ_INTERCEPT + _FASTLZ_COEFFICIENT * compressed_bytes)
    return Wei(size * per_byte // 10**12)


def compressed_bytes_bound(unsigned_bytes: int) -> int:
    """Return the upper bound of the FastLZ size of a transaction, as the oracle contract computes it."""
    total = unsigned_bytes + SIGNATURE_BYTES
    return total + total // 255 + 16


def operator_fee(fees: Fees, gas: int) -> Wei:
    """Return the operator fee for `gas`, rounded up: linear, as read from the chain at two points."""
    return Wei(fees.operator_constant + mul_div_up(gas, fees.operator_per_megagas, 10**6))


def price_problem(price: Price | Unread, block: Block, margin: Fraction) -> str:
    """Return why a price cannot be used at `block` (a stable code), or the empty string.

    Fresh means no older than the feed's heartbeat plus `margin` of it.
    """
    if isinstance(price, Unread):
        return f"unread:{price.code}"
    if price.answer <= 0:
        return "not_positive"
    if price.updated > block.timestamp:
        return "from_the_future"
    allowed = price.heartbeat_s + int(price.heartbeat_s * margin)
    return "stale" if block.timestamp - price.updated > allowed else ""


def cost_of(actions: Sequence[Action], snapshot: Snapshot, margin: Fraction) -> Cost | Unread:
    """Return what `actions` cost at the snapshot's block, each a transaction of its own."""
    fees, eth = snapshot.fees, snapshot.eth_usd
    if isinstance(fees, Unread):
        return Unread("cost", f"fees:{fees.code}", fees.reason)
    problem = price_problem(eth, snapshot.block, margin)
    if problem or isinstance(eth, Unread):
        return Unread("cost", f"eth_usd:{problem}", "the price of gas in dollars is not known")
    table = {(row.protocol, row.action): row for row in snapshot.gas_units}
    gas = l2 = l1 = operator = dearest = 0
    for action in actions:
        row = table.get((action.protocol, action.action))
        if row is None:
            return Unread("cost", "gas_units", f"no gas figure for {action.protocol} {action.action}")
        parts = _transaction_wei(row, fees)
        gas += row.units
        l2, l1, operator = l2 + parts[0], l1 + parts[1], operator + parts[2]
        dearest = max(dearest, sum(parts))
    total = l2 + l1 + operator
    return Cost(gas, Wei(l2), Wei(l1), Wei(operator), native_usd(total, eth), native_usd(dearest, eth))


def wei_of(action: Action, snapshot: Snapshot) -> Wei | Unread:
    """Return what one transaction costs at the snapshot's block, whatever the coin is worth."""
    fees = snapshot.fees
    if isinstance(fees, Unread):
        return Unread("cost", f"fees:{fees.code}", fees.reason)
    for row in snapshot.gas_units:
        if (row.protocol, row.action) == (action.protocol, action.action):
            return Wei(sum(_transaction_wei(row, fees)))
    return Unread("cost", "gas_units", f"no gas figure for {action.protocol} {action.action}")


def asset_usd(amount: int, decimals: int, price: Price) -> Usd:
    """Return what `amount` base units of a token are worth in dollars, exact."""
    return Usd((Decimal(amount) * price.answer).scaleb(-decimals - price.decimals))


def token_amount(usd: Decimal, decimals: int) -> Units:
    """Return a policy's dollar figure as base units of a dollar token at par, rounded down."""
    return Units(int(usd.scaleb(decimals)))


def _transaction_wei(row: GasUnits, fees: Fees) -> tuple[int, int, int]:
    execution = row.units * (fees.base_fee + fees.tip)
    data = l1_fee(fees, compressed_bytes_bound(row.tx_bytes))
    return execution, data, operator_fee(fees, row.units)


def native_usd(wei: int, eth: Price) -> Usd:
    """Return what an amount of the chain's native coin is worth in dollars, exact."""
    return Usd((Decimal(wei) * eth.answer).scaleb(-18 - eth.decimals))
