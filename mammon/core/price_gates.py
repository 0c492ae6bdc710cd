"""The gates of prices: whether sources outside the chain see them as its feeds do, and whether they stand.

They ask about entering anything, never about bringing money home. The feed itself is judged by `peg`
(the asset) and by what a cost needs (the native coin); what cannot be compared here is told, and refused
only where the policy asks for a witness.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from mammon.core.agreement import near, problem, share
from mammon.core.case import Case, unknown, unlimited
from mammon.core.costs import price_problem
from mammon.core.policy import Policy
from mammon.core.prices import PRICE_FRESH_S, run_ends
from mammon.core.tracks import PriceSample, Witness
from mammon.core.types import Price, Snapshot, Verdict
from mammon.core.witnesses import of


def price_agrees(case: Case) -> Verdict:
    """Ask how far outside sources put the two prices from the chain's feeds; the worst decides."""
    snapshot, policy = case.snapshot, case.policy
    found: list[Verdict] = []
    silent: list[str] = []
    agreeing = set()
    for subject, usd in _prices(snapshot, policy).items():
        limit = policy.max_asset_price_gap if subject == "asset_usd" else policy.max_eth_price_gap
        for witness in of(subject, snapshot.witnesses):
            why = problem(witness, snapshot.block.timestamp, PRICE_FRESH_S)
            if why or not isinstance(witness, Witness):
                silent.append(f"{subject}:{why}")
                continue
            found.append(_apart("price_agrees", usd, witness.value, limit, f"{subject}:{witness.source}"))
            if subject == "asset_usd" and found[-1].passed:
                agreeing.add(witness.source)
    if len(agreeing) < policy.min_price_witnesses and all(verdict.passed for verdict in found):
        return unknown("price_agrees", "fraction", silent[0] if silent else f"witnesses:{len(agreeing)}")
    return _worst(found) or unlimited("price_agrees", "fraction", silent[0] if silent else "no_witness")


def price_steady(case: Case) -> Verdict:
    """Ask by how much a price moved within the window, as far back as the rest reaches; the worst decides."""
    snapshot, policy = case.snapshot, case.policy
    now = _prices(snapshot, policy)
    within_s, rest_s = policy.price_window_s, policy.price_rest_s
    found = [
        _apart("price_steady", *move, limit, subject)
        for subject, limit in (("asset_usd", policy.max_asset_move), ("eth_usd", policy.max_eth_move))
        if (move := _largest_move(subject, now.get(subject), snapshot, within_s, rest_s)) is not None
    ]
    return _worst(found) or unlimited("price_steady", "fraction", "no_earlier_reading")


def _prices(snapshot: Snapshot, policy: Policy) -> dict[str, Decimal]:
    """Return the chain's own prices, as far as they can be used."""
    feeds = {"asset_usd": snapshot.asset_usd, "eth_usd": snapshot.eth_usd}
    return {
        subject: price.usd
        for subject, price in feeds.items()
        if isinstance(price, Price) and not price_problem(price, snapshot.block, policy.price_margin)
    }


def _largest_move(
    subject: str, price: Decimal | None, snapshot: Snapshot, within_s: int, rest_s: int
) -> tuple[Decimal, Decimal] | None:
    """Return the two figures furthest apart of readings within the window, the later one within the rest."""
    at = snapshot.block.timestamp
    series = [s for s in snapshot.prices if s.subject == subject and s.at < at and s.usd > 0]
    if price is not None:
        series.append(PriceSample(subject, price, at))
    ends = run_ends(series)
    furthest: tuple[Decimal, Decimal] | None = None
    for later in ends:
        if at - later.at > rest_s:
            continue
        for earlier in ends:
            if 0 < later.at - earlier.at <= within_s:
                move = min(earlier.usd, later.usd), max(earlier.usd, later.usd)
                # Of two ratios the larger, without dividing: a decision asks this of many.
                if furthest is None or move[1] * furthest[0] > furthest[1] * move[0]:
                    furthest = move
    return furthest


def _apart(gate: str, one: Decimal, other: Decimal, limit: Decimal, detail: str) -> Verdict:
    gap = share(one, other)
    return Verdict(gate, near(one, other, limit), gap, limit, limit - gap, "fraction", detail)


def _worst(found: Sequence[Verdict]) -> Verdict | None:
    """Return the verdict that refuses, else the one nearest to it as a share of its limit."""
    return min(found, key=lambda verdict: (verdict.passed, -_used(verdict)), default=None)


def _used(verdict: Verdict) -> Decimal:
    assert verdict.measured is not None
    assert verdict.limit is not None
    return verdict.measured / verdict.limit if verdict.limit else verdict.measured
