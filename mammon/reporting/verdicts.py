"""The verdicts on one move as a table: what was asked, measured, allowed, and by how much."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from mammon.core.types import Verdict
from mammon.reporting.numbers import DASH
from mammon.reporting.sentences import QUESTIONS, quantity
from mammon.reporting.tables import Column, Table


def verdict_table(verdicts: Iterable[Verdict], decimals: int) -> Table:
    """Return one row per gate. Amounts are in the asset's `decimals`."""
    names: tuple[Column, ...] = (Column("", "left"), Column("gate", "left"))
    numbers = tuple(Column(name, "right") for name in ("measured", "limit", "by"))
    rows = tuple(_row(verdict, decimals) for verdict in verdicts)
    return Table((*names, *numbers, Column("what is asked", "left")), rows)


def _row(verdict: Verdict, decimals: int) -> tuple[str, ...]:
    detail = f" ({verdict.detail})" if verdict.detail else ""
    return (
        "ok" if verdict.passed else "NO",
        verdict.gate,
        _shown(verdict.measured, verdict.unit, decimals),
        _shown(verdict.limit, verdict.unit, decimals),
        _shown(None if verdict.margin is None else abs(verdict.margin), verdict.unit, decimals),
        QUESTIONS.get(verdict.gate, "not a gate of this version") + detail,
    )


def _shown(value: Decimal | None, unit: str, decimals: int) -> str:
    return DASH if value is None else quantity(value, unit, decimals)
