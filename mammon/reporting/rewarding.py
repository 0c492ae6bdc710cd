"""Rewards in words: whether they count in decisions, how much, and what counts nothing and why."""

from __future__ import annotations

from collections.abc import Iterator

from mammon.core.counted import Rewards
from mammon.core.decide import Decision
from mammon.core.policy import Policy
from mammon.core.types import Snapshot
from mammon.reporting.numbers import percent, usd


def reward_notes(snapshot: Snapshot, policy: Policy) -> Iterator[str]:
    """Say what of the rewards counts; of what counts nothing one line for each reason."""
    if not policy.reward_share:
        yield "rewards count nothing in decisions (policy.reward_share = 0)"
        return
    if snapshot.paid is None:
        yield "rewards count nothing here: nobody looked for them when this was read"
        return
    rewards = Rewards(snapshot, policy)
    nothing: dict[str, list[str]] = {}
    for slug in rewards.slugs:
        for part in rewards.parts(slug):
            paid = f"what {part.source} pays in {part.symbol}" if part.symbol else f"what {part.source} pays"
            if part.problem:
                nothing.setdefault(f"{paid} counts nothing ({part.problem})", []).append(slug)
            else:
                yield f"reward: {slug}: {percent(part.apr)} a year counts of {paid}"
    for why, slugs in nothing.items():
        yield f"reward: {', '.join(slugs)}: {why}"
    if not rewards.slugs:
        yield "rewards: nobody is known to pay any on these venues"


def decision_notes(decision: Decision) -> Iterator[str]:
    """Say how much of what is gained is rewards, and what counts of them at all."""
    chosen = decision.chosen
    if chosen is not None and chosen.move.reward_usd:
        amount = chosen.move.reward_usd
        told = f"{usd(amount)} of its gain" if amount > 0 else f"{usd(-amount)} that it forgoes"
        yield f"rewards: {told} a year"
    yield from reward_notes(decision.snapshot, decision.policy)
