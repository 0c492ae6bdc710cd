"""The target of a decision told: what each venue holds and would hold, and how good the split is."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from mammon.core.decide import Decision
from mammon.reporting.numbers import percent, token
from mammon.reporting.tables import Table, table


def target_table(decision: Decision) -> Table | None:
    """Return the split that is worked towards; None where nothing is split."""
    target, asset = decision.target, decision.portfolio.asset
    if target is None:
        return None
    rows = [
        (
            share.slug,
            token(share.held, asset.decimals),
            token(share.target, asset.decimals),
            percent(share.apy),
        )
        for share in target.shares
    ]
    rows.append(("idle", "", token(target.idle, asset.decimals), percent(None)))
    gap = "not known" if target.gap_bps is None else f"at most {_up(target.gap_bps)} bps of that"
    earning = f"earns {percent(target.apy_now)} now, {percent(target.apy)} then and after cost"
    note = f"All that was split {earning}; the optimum is above it by {gap}."
    headings = ("venue", f"{asset.symbol} now", f"{asset.symbol} then", "rate then")
    return table(headings, rows, title="The split", note=note)


def _up(gap: Decimal) -> str:
    return str(gap.quantize(Decimal("0.01"), ROUND_CEILING))
