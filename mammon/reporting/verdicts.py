"""The verdicts on one move as a table: what was asked, measured, allowed, and by how much."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from mammon.core.types import Verdict
from mammon.reporting.numbers import DASH
from mammon.reporting.sentences import QUESTIONS, quantity
from mammon.reporting.tables import Column, Table

_LEFT: tuple[Column, ...] = (Column("", "left", folds=False), Column("gate", "left", folds=False))
_NUMBERS = tuple(Column(name, "right", folds=False) for name in ("measured", "limit", "by"))
_CENTS_UP_TO = 12
"""Digits and separators; in a longer amount the cents say nothing and cost the width."""


def verdict_table(verdicts: Iterable[Verdict], decimals: int, title: str = "") -> Table:
    """Return one row per gate. Amounts are in the asset's `decimals`.

    On a narrow terminal the questions are left out; what is known beside the numbers stays.
    """
    found = tuple(verdicts)
    narrow = Table(
        (*_LEFT, *_NUMBERS, Column("", "left")),
        tuple((*_numbers(verdict, decimals, _brief), verdict.detail) for verdict in found),
        title,
    )
    rows = tuple((*_numbers(verdict, decimals, str), _question(verdict)) for verdict in found)
    return Table((*_LEFT, *_NUMBERS, Column("what is asked", "left")), rows, title, narrow=narrow)


def _numbers(verdict: Verdict, decimals: int, spell: Callable[[str], str]) -> tuple[str, ...]:
    margin = None if verdict.margin is None else abs(verdict.margin)
    values = (verdict.measured, verdict.limit, margin)
    shown = (spell(_shown(value, verdict.unit, decimals)) for value in values)
    return ("ok" if verdict.passed else "NO", verdict.gate, *shown)


def _question(verdict: Verdict) -> str:
    detail = f" ({verdict.detail})" if verdict.detail else ""
    return QUESTIONS.get(verdict.gate, "not a gate of this version") + detail


def _shown(value: Decimal | None, unit: str, decimals: int) -> str:
    return DASH if value is None else quantity(value, unit, decimals)


def _brief(number: str) -> str:
    return number.partition(".")[0] if len(number) > _CENTS_UP_TO else number
