"""Laws of the cost of a move: the chain's own formulas, nothing left out, nothing assumed."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from mammon.core.costs import (
    Action,
    Cost,
    asset_usd,
    compressed_bytes_bound,
    cost_of,
    l1_fee,
    operator_fee,
    price_problem,
    token_amount,
    wei_of,
)
from mammon.core.numbers import Fraction, Units, Wei
from mammon.core.types import Fees, Price, Unread
from tests.core.build import NOW, snapshot

MARGIN = Fraction(Decimal("0.1"))
FEES = Fees(Wei(5_000_000), Wei(1_000_000), Wei(5 * 10**9), 2269, Wei(10**9), 1_055_762, Wei(0), Wei(0))
MOVE = (Action("aave_v3", "withdraw"), Action("erc20", "approve"), Action("aave_v3", "deposit"))


def test_g1_and_g2_the_l1_fee_is_the_chains() -> None:
    """Vectors G1 and G2 of the fee oracle, the minimum size included, and the upper-bound size."""
    assert l1_fee(FEES, 243) == 198_811_297_159
    assert l1_fee(FEES, 120) == 123_728_200_000
    assert compressed_bytes_bound(200) == 285


def test_g3_a_transaction_in_dollars() -> None:
    """Vector G3: execution and data fee together, in dollars at 3000 a coin."""
    wei = 200_000 * 6_000_000 + l1_fee(FEES, 243)
    assert wei == 1_398_811_297_159
    assert (Decimal(wei) * 3000 / 10**18).quantize(Decimal("1e-8")) == Decimal("0.00419643")


def test_g4_the_operator_fee_is_linear_and_rounds_up() -> None:
    """Both of its published forms are lines through what the chain answers at 0 and at a million gas."""
    jovian = dataclasses.replace(FEES, operator_constant=Wei(1000), operator_per_megagas=Wei(3 * 100 * 10**6))
    isthmus = dataclasses.replace(FEES, operator_constant=Wei(1000), operator_per_megagas=Wei(3))
    assert operator_fee(jovian, 200_000) == 60_001_000
    assert operator_fee(isthmus, 200_000) == 1001


def test_row18_the_l1_data_fee_is_part_of_every_cost() -> None:
    """Row 18: a move's cost has execution, L1 data and operator parts, and sums them."""
    cost = cost_of(MOVE, snapshot(), MARGIN)
    assert isinstance(cost, Cost)
    assert cost.gas == 480_000
    assert cost.l2 == 480_000 * 6_000_000
    assert cost.l1 == sum(l1_fee(FEES, compressed_bytes_bound(size)) for size in (130, 170, 200))
    assert cost.wei == cost.l2 + cost.l1 + cost.operator
    assert cost.usd == Decimal(cost.wei) * 3000 / 10**18
    assert cost.dearest_usd < cost.usd


def test_what_was_not_read_is_not_free() -> None:
    """Fees, the coin's price or a gas figure missing each make the whole cost unread, with its reason."""
    shot = snapshot()
    blind = dataclasses.replace(shot, fees=Unread("fees", "timeout", "no answer"))
    assert cost_of(MOVE, blind, MARGIN) == Unread("cost", "fees:timeout", "no answer")
    unpriced = dataclasses.replace(shot, eth_usd=Unread("eth_usd", "reverted", ""))
    assert cost_of(MOVE, unpriced, MARGIN).code == "eth_usd:unread:reverted"
    stale = dataclasses.replace(shot, eth_usd=Price("ETH/USD", Units(3000 * 10**8), 8, NOW - 1321, 1200))
    assert cost_of(MOVE, stale, MARGIN).code == "eth_usd:stale"
    assert cost_of((Action("unheard_of", "deposit"),), shot, MARGIN).code == "gas_units"


def test_a_price_of_nothing_is_no_price() -> None:
    """Zero and negative answers are refused before anything is multiplied by them."""
    assert price_problem(Price("X", Units(0), 8, NOW, 60), snapshot().block, MARGIN) == "not_positive"


def test_amounts_keep_their_decimals() -> None:
    """Row 17, F13: the same number of units is another sum at 6, 8 and 18 decimals, exactly."""
    one = Price("USDC/USD", Units(10**8), 8, NOW, 86_400)
    for decimals in (6, 8, 18):
        assert asset_usd(10**decimals, decimals, one) == 1
        assert token_amount(Decimal("1.5"), decimals) == 15 * 10 ** (decimals - 1)


def test_one_transactions_cost_in_wei_asks_for_no_price() -> None:
    """It is the cost of that action alone, whatever the coin is worth; what was not read is not free."""
    shot = snapshot()
    action = Action("aave_v3", "withdraw")
    whole = cost_of([action], shot, Fraction(Decimal(1)))
    assert isinstance(whole, Cost)
    dead = dataclasses.replace(shot, eth_usd=Unread("eth_usd", "timeout", "nobody answered"))
    assert wei_of(action, dead) == whole.wei
    assert isinstance(wei_of(Action("aave_v3", "dance"), shot), Unread)
    feeless = dataclasses.replace(shot, fees=Unread("fees", "timeout", "nobody answered"))
    assert wei_of(action, feeless) == Unread("cost", "fees:timeout", "nobody answered")
