"""Terms: what an emitted batch does, and until when: enough to judge it anew before it is signed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from mammon.cli.documents import amount
from mammon.cli.sealing import require_fresh
from mammon.core.decide import Ask
from mammon.core.numbers import Units
from mammon.core.plan import IDLE, Plan, Step
from mammon.core.types import Block, Market, Token
from mammon.reporting.numbers import counted, utc


@dataclass(frozen=True, slots=True)
class Terms:
    """What a batch does, and until when: enough to judge it anew."""

    mode: str
    """The world it was judged in."""
    source: str
    target: str
    amount: Units
    everything: bool
    """The withdrawal takes all there is; `amount` is what that was known to be."""
    block: int
    """The block it was judged at."""
    at: int
    """That block's time, unix seconds."""
    valid_until: int
    """Unix seconds of the chain."""

    @property
    def name(self) -> str:
        """What a person sees in a list of batches."""
        return f"mammon ({self.mode}): {self.source} to {self.target}"

    def description(self, asset: Token) -> str:
        """Say what it does, and until when."""
        moved = f"{amount(self.amount, asset.decimals).display} {asset.symbol}"
        whole = "everything, known to be " if self.everything else ""
        return f"{whole}{moved} from {self.source} to {self.target}, {_when(self.block, self.valid_until)}"

    @property
    def ask(self) -> Ask:
        """The move that is judged anew."""
        return Ask(self.source, self.target, None if self.everything else self.amount)

    def require_fresh(self, block: Block) -> None:
        """Raise `UsageError` when the time of the batch has passed at a block."""
        require_fresh("valid_until", self.valid_until, self.block, block)

    def plan(self, today: Plan) -> Plan:
        """Return today's plan of the same move with the amounts and the form of the batch."""
        steps = tuple(
            dataclasses.replace(
                step, amount=self.amount, everything=self.everything and step.action == "withdraw"
            )
            for step in today.steps
        )
        return dataclasses.replace(today, amount=self.amount, steps=steps)


@dataclass(frozen=True, slots=True)
class Leaving:
    """What comes home from one venue."""

    slug: str
    amount: Units
    everything: bool
    """By the venue's own form; `amount` is what that was known to be."""

    def plan(self, market: Market) -> Plan:
        """Return the one leg that brings it home."""
        step = Step("withdraw", self.slug, market.id, market.protocol, self.amount, self.everything)
        return Plan(self.slug, IDLE, self.amount, (step,))


@dataclass(frozen=True, slots=True)
class HomeTerms:
    """A batch that brings money home: one withdrawal from each venue, and nothing else."""

    mode: str
    """The world it was rehearsed in."""
    venues: tuple[Leaving, ...]
    """In the order of the calls."""
    block: int
    """The block it was rehearsed at."""
    at: int
    """That block's time, unix seconds."""
    valid_until: int
    """Unix seconds of the chain."""

    @property
    def name(self) -> str:
        """What a person sees in a list of batches."""
        return f"mammon ({self.mode}): home from {counted(len(self.venues), 'venue')}"

    def description(self, asset: Token) -> str:
        """Say what it does, and until when."""
        whole = amount(sum(one.amount for one in self.venues), asset.decimals).display
        where = ", ".join(one.slug for one in self.venues)
        return f"{whole} {asset.symbol} or more from {where}, {_when(self.block, self.valid_until)}"

    def require_fresh(self, block: Block) -> None:
        """Raise `UsageError` when the time of the batch has passed at a block."""
        require_fresh("valid_until", self.valid_until, self.block, block)


def _when(block: int, valid_until: int) -> str:
    until = f"not to be signed after {utc(valid_until)}"
    return f"judged at block {block}; {until}. Ask `mammon tx show` first."
