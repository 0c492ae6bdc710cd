"""Judgements: candidates with what every gate said of them, and the order they are told in."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mammon.core.plan import Move
from mammon.core.types import Unread, Verdict


@dataclass(frozen=True, slots=True)
class Judgement:
    """One candidate with every gate's verdict on it."""

    move: Move
    verdicts: tuple[Verdict, ...]

    @property
    def passed(self) -> bool:
        """Whether every gate passed."""
        return all(verdict.passed for verdict in self.verdicts)


def net_gain(move: Move) -> Decimal | None:
    """Return a candidate's yearly gain after its cost in dollars, or None when it is not known."""
    if move.gain_usd is None or isinstance(move.cost, Unread):
        return None
    return move.gain_usd - move.cost.usd


def rank(judged: Judgement) -> tuple[bool, Decimal]:
    """Return a key that puts the best known net gain highest and what is unknown lowest."""
    net = net_gain(judged.move)
    return net is not None, net if net is not None else Decimal(0)
