"""Outside sources beside the reading of the chain: asked while it is read, and only when it is time.

What they say is a cross-check. They are given a few seconds of their own and nothing waits longer; what
they said before serves meanwhile, with its age. Whoever brings money home asks nobody.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from mammon.config.settings import SourcesSettings
from mammon.core import witnesses
from mammon.core.agreement import RATE_FRESH_S
from mammon.core.pegs import Peg
from mammon.core.prices import PRICE_FRESH_S, remembered
from mammon.core.tracks import PriceSample, Witness
from mammon.core.types import Market, Snapshot, Token, Unread
from mammon.core.witnesses import Heard, after, is_due, is_price
from mammon.engine.observe import Observation
from mammon.net.deadline import Deadline

if TYPE_CHECKING:
    from mammon.cli.parts import Parts
    from mammon.feeds.asking import Asking
    from mammon.feeds.question import Question
    from mammon.state.store import Store

Known = dict[tuple[str, str], Heard]
"""By source and subject."""


class Sources(Protocol):
    """What is asked beside one reading."""

    def begin(self) -> None:
        """Ask what is to be asked, and go on."""
        ...

    def heard(self, snapshot: Snapshot) -> tuple[Heard, ...]:
        """Return what was just heard; waits for what is left of the time."""
        ...

    def words(self) -> tuple[Witness | Unread, ...]:
        """Return what all sources say by now."""
        ...


class Asked:
    """What both kinds of sources do alike: remember, and know what is due."""

    def __init__(self, settings: SourcesSettings, load: Callable[[], Sequence[Heard]]) -> None:
        self.settings = settings
        self._load = load

    @cached_property
    def known(self) -> Known:
        """What sources were last heard to say; of those that are not asked any more, nothing."""
        return {(one.source, one.subject): one for one in self._load() if one.source in self.settings.names}

    def due(self, source: str, subjects: Sequence[str], now: int) -> bool:
        """Return whether a question is to be asked: when any of its subjects is due, or was never asked."""
        every_s = self.settings.price_every_s if is_price(subjects[0]) else self.settings.rate_every_s
        found = [self.known.get((source, subject)) for subject in subjects]
        return any(one is None or is_due(one, every_s, now) for one in found)

    def learn(self, new: Sequence[Heard]) -> tuple[Heard, ...]:
        """Take in what was heard; return what is to be remembered of it."""
        learnt = []
        for one in new:
            key = one.source, one.subject
            fresh_s = PRICE_FRESH_S if is_price(one.subject) else RATE_FRESH_S
            self.known[key] = after(self.known.get(key), one, fresh_s)
            learnt.append(self.known[key])
        return tuple(learnt)

    def words(self) -> tuple[Witness | Unread, ...]:
        """Return what all sources say by now."""
        return witnesses.words(self.known.values())


class OutsideSources(Asked):
    """The sources of the real world, over the network."""

    def __init__(
        self,
        settings: SourcesSettings,
        asset: Token,
        markets: Sequence[Market],
        pegs: Sequence[Peg],
        load: Callable[[], Sequence[Heard]],
        now: Callable[[], int],
    ) -> None:
        super().__init__(settings, load)
        self._asset, self._markets, self._pegs, self._now = asset, tuple(markets), tuple(pegs), now
        self._asking: Asking | None = None

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """Every question there is to ask."""
        return questions_of(self.settings, self._asset, self._markets, self._pegs)

    def begin(self) -> None:
        """Ask what is due, each question in a thread of its own."""
        now = self._now()
        due = [one for one in self.questions if self.due(one.source, one.subjects, now)]
        self._asking = asking(self.settings, due, self._now) if due else None

    def heard(self, _snapshot: Snapshot) -> tuple[Heard, ...]:
        """Return what was just heard; waits for what is left of the time."""
        asking, self._asking = self._asking, None
        return self.learn(asking.heard()) if asking else ()


def questions_of(
    settings: SourcesSettings, asset: Token, markets: Sequence[Market], pegs: Sequence[Peg]
) -> tuple[Question, ...]:
    """Return every question there is to ask about an asset, its markets and their collateral."""
    from mammon.feeds import questions

    bases = questions.Bases(
        settings.defillama_rates_url, settings.defillama_prices_url, settings.kraken_url, settings.morpho_url
    )
    prices = questions.price_questions(asset, settings.names, bases)
    worths = questions.peg_questions(asset.chain_id, pegs, settings.names, bases)
    return (*prices, *worths, *questions.rate_questions(markets, settings.names, bases))


def asking(settings: SourcesSettings, questions: Sequence[Question], now: Callable[[], int]) -> Asking:
    """Ask these questions, all at once, in the time that is allowed."""
    from mammon.feeds.asking import Asking, fetched

    return Asking(questions, fetched, Deadline(float(settings.timeout_s)), now)


class SimulatedSources(Asked):
    """The sources of the simulated world, which speak when its chain has been read."""

    def __init__(
        self,
        settings: SourcesSettings,
        seed: int,
        load: Callable[[], Sequence[Heard]],
        faults: Mapping[str, str] | None = None,
    ) -> None:
        """`faults`: by source, `lying` or `dead`."""
        super().__init__(settings, load)
        self._seed, self._faults = seed, faults or {}

    def begin(self) -> None:
        """Wait for the block."""

    def heard(self, snapshot: Snapshot) -> tuple[Heard, ...]:
        """Return what the sources say of this block, those whose turn it is."""
        from mammon.sim.witnesses import answers, subjects_of

        now = snapshot.block.timestamp
        found: list[Heard] = []
        for source in self.settings.names:
            for subjects in subjects_of(source, snapshot):
                if self.due(source, subjects, now):
                    fault = self._faults.get(source, "")
                    found += answers(self._seed, source, subjects, snapshot, fault)
        return self.learn(found)


class NoSources:
    """Nobody is asked: for who brings money home, and waits for no opinion."""

    def begin(self) -> None:
        """Ask nobody."""

    def heard(self, _snapshot: Snapshot) -> tuple[Heard, ...]:
        """Return nothing."""
        return ()

    def words(self) -> tuple[Witness | Unread, ...]:
        """Return nothing."""
        return ()


class Beside:
    """What stands beside a reading of the chain: what is said of it outside, and the prices before it."""

    def __init__(self, sources: Sources, store: Store, keep_s: int) -> None:
        self._sources, self._store, self._keep_s = sources, store, keep_s

    @cached_property
    def _prices(self) -> tuple[PriceSample, ...]:
        return self._store.outside.prices()

    def begin(self) -> None:
        """Ask what is to be asked, while the chain is read."""
        self._sources.begin()

    def joined(self, seen: Observation) -> Observation:
        """Return the reading with what stands beside it, and with what is to be remembered."""
        snapshot, at = seen.snapshot, seen.snapshot.block.timestamp
        heard = self._sources.heard(snapshot)
        earlier = tuple(sample for sample in self._prices if sample.at < at)
        self._prices = remembered(earlier, snapshot, self._keep_s)
        whole = dataclasses.replace(snapshot, witnesses=self._sources.words(), prices=earlier)
        return dataclasses.replace(seen, snapshot=whole, heard=heard, prices=self._prices)


def beside(parts: Parts, simulated: bool) -> Beside:
    """Return what a world has beside its chain."""
    settings, policy, load = (
        parts.call.settings.sources,
        parts.call.settings.policy,
        parts.store.outside.heard,
    )
    sources: Sources
    if parts.homeward is not None or not settings.names:
        sources = NoSources()
    elif simulated:
        faults = {"defillama": parts.call.settings.sim_sources}
        sources = SimulatedSources(settings, parts.call.settings.seed, load, faults)
    else:
        markets = tuple(parts.markets.values())
        sources = OutsideSources(settings, parts.asset, markets, parts.pegs, load, parts.clock.now)
    return Beside(sources, parts.store, policy.price_window_s + policy.price_rest_s)
