"""Laws of observing: one block for everything, and each failure under its own name."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mammon.core.types import Hint, MarketState, Pegged, Portfolio, Position, Read, Unread
from mammon.engine.observe import Observation, Survey, observe
from mammon.net.deadline import Deadline
from tests.core.build import NOW, OWNER, USDC, gas_table, market, position, snapshot, state
from tests.core.test_collateral import STANDS

LOW, HIGH = state("low"), state("high")
BLOCK = snapshot().block


def value(what: Any) -> Read[Any]:
    """Return a read that needs no calls."""
    if False:
        yield ()
    return what


@dataclass
class Round:
    values: Mapping[str, Any]
    block: Any = BLOCK
    requests: int = 1


@dataclass
class Reader:
    """Drives reads that need no calls; those that raise become `Unread` under the reader's own key."""

    broken: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    def read(self, reads: Mapping[str, Generator[Any, Any, Any]], deadline: Any) -> Round:
        values: dict[str, Any] = {}
        for name, read in reads.items():
            self.asked.append(name)
            try:
                next(read)
            except StopIteration as ended:
                values[name] = Unread(name, "timeout", "no answer") if name in self.broken else ended.value
        return Round(values)


class Venue:
    """A venue whose markets and positions are given."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, Any]] = []

    def read_market(self, listed: Any, hint: Hint | None) -> Read[MarketState]:
        return value({"low": LOW, "high": HIGH}[listed.slug])

    def read_position(self, listed: Any, owner: Any, hint: Hint | None, last_shares: int) -> Read[Position]:
        self.told.append((listed.slug, last_shares))
        return value(position(LOW, 7) if listed.slug == "low" else position(HIGH, 0))


def survey(venue: Venue, *more: Any) -> Survey:
    shot = snapshot()
    feeds = {"eth_usd": shot.eth_usd, "asset_usd": shot.asset_usd, "sequencer": shot.sequencer}
    return Survey(
        8453,
        USDC,
        (LOW.market, HIGH.market, *more),
        {"aave_v3": venue},
        lambda: {name: value(found) for name, found in feeds.items()},
        lambda owner: {"idle": value(5), "native": value(6)},
        lambda round_: shot.fees,
        gas_table(),
    )


def seen(reader: Reader | None = None, owner: Any = OWNER, hints: Any = None, **options: Any) -> Observation:
    """Observe everything with a reader."""
    venue = options.get("venue") or Venue()
    return observe(
        survey(venue, *options.get("more", ())), reader or Reader(), hints or {}, owner, Deadline(1.0)
    )


def test_everything_rests_on_one_block() -> None:
    """D21: markets, prices and holdings come of one read at one block."""
    found = seen()
    assert found.snapshot.block == BLOCK
    assert found.snapshot.markets == (LOW, HIGH)
    assert isinstance(found.portfolio, Portfolio)
    assert (found.portfolio.idle, found.portfolio.native) == (5, 6)
    assert found.unread == ()


def test_a_sign_stands_beside_those_the_adapter_saw() -> None:
    """What speaks against a market goes into its reading, once; what was not read has none."""
    told = {"low": "pending_cap", "high": "code_changed"}
    watched = dataclasses.replace(survey(Venue()), signs=lambda _round: told)
    low, high = observe(watched, Reader(frozenset({"market:low"})), {}, OWNER, Deadline(1.0)).snapshot.markets
    assert low == Unread("low", "timeout", "no answer")
    assert isinstance(high, MarketState)
    assert high == dataclasses.replace(HIGH, signs=("code_changed",))


def test_a_peg_is_what_its_two_feeds_say() -> None:
    """Each feed stands for itself; what is not read is told once, and where nothing is watched nothing is."""
    price, par = snapshot().eth_usd, snapshot().asset_usd
    feeds = {"peg:cbbtc_usd": price, "peg:btc_usd": par}
    base = survey(Venue())
    watched = dataclasses.replace(
        base,
        feeds=lambda: {**base.feeds(), **{name: value(found) for name, found in feeds.items()}},
        pegs=(STANDS, dataclasses.replace(STANDS, symbol="twin")),
    )
    both = observe(watched, Reader(), {}, OWNER, Deadline(1.0))
    assert both.snapshot.pegs == tuple(Pegged(peg, price, par) for peg in watched.pegs)
    assert both.unread == ()
    half = observe(watched, Reader(frozenset({"peg:btc_usd"})), {}, OWNER, Deadline(1.0))
    assert half.snapshot.pegs[0].par == Unread("peg:btc_usd", "timeout", "no answer") == half.unread[0]
    assert len(half.unread) == 1
    assert seen().snapshot.pegs == ()


def test_an_empty_position_is_not_listed_and_an_unread_one_is() -> None:
    """Nothing held is no row; a holding that could not be read is a row that says so."""
    assert [item.slug for item in seen().portfolio.positions] == ["low"]
    blind = seen(Reader(frozenset({"position:high"}))).portfolio.positions
    assert blind[1] == Unread("high", "timeout", "no answer")


def test_each_failure_stands_under_its_own_name() -> None:
    """F4: one market or feed that fails is `Unread` by name; the others are unharmed."""
    found = seen(Reader(frozenset({"market:low", "eth_usd", "idle"})))
    assert found.snapshot.markets == (Unread("low", "timeout", "no answer"), HIGH)
    assert {item.subject for item in found.unread} == {"low", "eth_usd", "idle"}


def test_without_an_account_nothing_is_asked_about_one() -> None:
    """No owner, no portfolio, no questions about balances."""
    reader = Reader()
    assert seen(reader, owner=None).portfolio is None
    assert not any(name.startswith("position:") or name in ("idle", "native") for name in reader.asked)


def test_a_protocol_that_cannot_be_read_says_so() -> None:
    """F11: a market of an unknown protocol is `Unread`, never missing and never guessed."""
    found = seen(more=(market("new", protocol="unheard_of"),))
    assert found.snapshot.markets[2].code == "unsupported"
    assert seen(more=(market("new", protocol="unheard_of"),), owner=None).unread[0].subject == "new"


def test_what_was_held_shortens_the_next_read() -> None:
    """Shares seen are remembered per owner and handed to the next read; another owner's are not."""
    hints = seen().hints
    for owner, last in ((OWNER, 7), ("0x00000000000000000000000000000000000000Bb", 0)):
        venue = Venue()
        seen(owner=owner, hints=hints, venue=venue)
        assert venue.told[0] == ("low", last)


def test_a_spoilt_memory_is_no_memory() -> None:
    """A hint of another shape is ignored."""
    for items in (("x",), (OWNER, "not a number"), (OWNER, "-3")):
        venue = Venue()
        seen(hints={"low#shares": Hint(items)}, venue=venue)
        assert venue.told[0] == ("low", 0)


def test_a_chain_without_feeds_is_told_apart_from_feeds_that_failed() -> None:
    """A feed that is not configured is `Unread` too, by another code; no sequencer feed is None."""
    bare = Survey(8453, USDC, (), {}, dict, lambda owner: {}, lambda round_: snapshot().fees, ())
    found = observe(bare, Reader(), {}, None, Deadline(1.0)).snapshot
    assert found.eth_usd == Unread("eth_usd", "not_configured", "no source for this reading is configured")
    assert found.sequencer is None
    assert found.block.timestamp == NOW


def test_what_is_only_shown_is_read_in_the_same_round_and_is_in_no_snapshot() -> None:
    """By names of its own; a failure of it is told by its name, and what is decided on is the same."""
    plain = observe(survey(Venue()), Reader(), {}, OWNER, Deadline(1.0))
    wanted = dataclasses.replace(survey(Venue()), aside=lambda: {"pools:x": value(3), "pools:y": value(4)})
    reader = Reader(frozenset({"pools:y"}))
    found = observe(wanted, reader, {}, OWNER, Deadline(1.0))
    assert found.aside == {"pools:x": 3, "pools:y": Unread("pools:y", "timeout", "no answer")}
    assert {"pools:x", "market:low", "idle"} <= set(reader.asked)
    assert dataclasses.replace(found, aside={}) == plain
    assert (plain.aside, found.unread) == ({}, ())
