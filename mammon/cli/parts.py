"""The ports of one world, put together: the reader, the ledger, and for who acts the money path."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mammon.chain import oracle
from mammon.chain.evidence import Pin
from mammon.chain.fees import fees
from mammon.chain.reader import PARALLEL, Reader
from mammon.chain.rpc import Rpc
from mammon.cli import worlds
from mammon.cli.code_watch import CodeWatch
from mammon.cli.invocation import Invocation
from mammon.cli.ledgers import StateLedger
from mammon.cli.place import Place
from mammon.cli.sources import beside
from mammon.core.costs import token_amount
from mammon.core.numbers import Wei
from mammon.core.pegs import SUBJECT, Peg
from mammon.core.ports import Clock, Signer, Transport
from mammon.core.types import Address, Fees, GasUnits, Hint, Market, Portfolio, Read, Snapshot, Unread
from mammon.engine.observe import Observation, Round, Survey, observe
from mammon.engine.world import Executor, Holdings, World
from mammon.errors import UsageError
from mammon.net.deadline import Deadline
from mammon.net.retry import chance
from mammon.ops.alarm import renew
from mammon.protocols.chains import ChainFile
from mammon.protocols.registry import VENUES
from mammon.reporting.numbers import counted
from mammon.state.store import Store

if TYPE_CHECKING:
    from mammon.chain.eyes import Eyes
    from mammon.chain.legs import Legs
    from mammon.chain.onlooker import Onlooker
    from mammon.cli.programmes import Programmes, RewardPorts
    from mammon.engine.homecoming import Carrier

_LOG = logging.getLogger("mammon.chain")

ASSET = "USDC"
NO_ACCOUNT = ("no_account", "no account is set", "give --account ADDRESS, or set `account`")
FRESH_S = 5.0
"""For how long a reading is the one that comes next."""


@dataclasses.dataclass(frozen=True, slots=True)
class Homeward:
    """What a command that brings money home is given beyond others."""

    overriding: bool = False
    """A person at a terminal overrides the kill switch."""
    accepted: tuple[Pin, ...] = ()
    """Changed code that a person at a terminal took as it is."""


PAPER_NATIVE = Wei(10**17)
"""What a paper book that begins from a capital has for gas."""


class Parts:
    """The ports of one world, put together."""

    def __init__(
        self,
        call: Invocation,
        store: Store,
        known: ChainFile,
        transports: Sequence[Transport],
        clock: Clock,
        owner: Address | None,
        *,
        simulated: bool = False,
        homeward: Homeward | None = None,
    ) -> None:
        """Connect. `simulated`: ask in one order and pause without jitter, so that a seed replays; markets
        of the real chain that are left alone are none of its own.
        """
        self._simulated = simulated
        self.homeward = homeward
        self.call, self.store, self.known, self.clock, self.owner = call, store, known, clock, owner
        rpc = call.settings.rpc
        self.rpc = Rpc(
            transports,
            known.chain_id,
            clock=clock,
            jitter=(lambda: 0.5) if simulated else chance,
            request_s=float(rpc.request_timeout_s),
            attempts=rpc.attempts,
            resting=store.resting.left(clock.now()),
        )
        self._parallel = 1 if simulated else PARALLEL
        self.asset = known.token(ASSET)
        self.markets = {market.slug: market for market in self._markets()}
        self.pegs = () if homeward else tuple(self._watched_pegs())
        """The collateral whose worth is watched; whoever brings money home waits for no such word."""
        self._code = CodeWatch(self.rpc, self.markets, store.pinned, self.deadline)
        self.reader = self.reader_of(self.rpc, self._code.addresses)
        self.payers = {payer.slug: payer for payer in known.payers}
        self.merkl: Callable[[str], bytes] | None = None
        """Who answers for Merkl; None: it is asked over the network."""
        self.hints: Mapping[str, Hint] = {}
        """What was known before the last reading."""
        self._glanced: tuple[float, Observation] | None = None
        self._beside = beside(self, simulated)

    def place(
        self,
        holdings: Holdings,
        executor: Executor | None,
        settle: Callable[[], None],
        carrier: Carrier | None = None,
    ) -> Place:
        """Return the opened world."""
        ledger = StateLedger(self.store)
        self.world = World(self.observe, holdings, ledger, executor, self.clock, self.call.settings.policy)
        return Place(
            self.world, self.store, self.owner, self.asset, self.known.chain_id, self.markets, VENUES, settle,
            self.rpc, self.deadline, self.onlooker, lambda block: self.eyes(self.rpc).settled_mark(block),
            self.rewards, self.observe_pools, self.look, self.known.block_time_s, carrier,
        )  # fmt: skip

    def reader_of(self, rpc: Rpc, watched: Callable[[], Sequence[Address]] = tuple) -> Reader:
        """Return a reader of this world that asks through one `Rpc`; `watched` as `Reader` takes it."""
        return Reader(
            rpc,
            self.known.chain_id,
            self.known.multicall3,
            max_age_s=self.call.settings.rpc.max_head_age_s,
            parallel=self._parallel,
            watched=watched,
        )

    def eyes(self, rpc: Rpc) -> Eyes:
        """Return what reads the account at settled blocks, asking through one `Rpc`."""
        from mammon.chain.eyes import Eyes  # only who acts or corrects looks back

        assert self.owner is not None
        return Eyes(
            rpc,
            self.reader_of(rpc),
            self.owner,
            self.asset,
            self.markets,
            VENUES,
            self._wallet,
            self.known.settle_depth,
            self.deadline,
        )

    def keep_resting(self) -> None:
        """Keep which endpoints failed while another one worked: the next command begins with that one."""
        left, now = self.rpc.resting(), self.clock.now()
        if len(left) < len(self.rpc.endpoints) and self.store.resting.differs(left, now):
            with self.store.change():
                self.store.resting.keep(left, now)

    def observe(self) -> Observation:
        """Read everything once, at one block; what `glance` just read is not read again."""
        found, self._glanced = self._glanced, None
        if found is not None and self.clock.monotonic() - found[0] <= FRESH_S:
            return found[1]
        return self._observed()

    def glance(self) -> Observation:
        """Read everything, and leave it to the reading that comes next."""
        self._glanced = None
        seen = self._observed()
        self._glanced = self.clock.monotonic(), seen
        return seen

    def look(self, slugs: Sequence[str]) -> Snapshot:
        """Read the venues of these names and the prices, in one round; nothing is kept, nobody else asked."""
        held = tuple(self.markets[slug] for slug in slugs if slug in self.markets)
        survey = dataclasses.replace(self.survey(), markets=held)
        return observe(survey, self.reader, self.hints, None, self.deadline()).snapshot

    def observe_pools(self) -> Observation:
        """Read everything, and beside it the account's positions in pools, at the same block."""
        from mammon.cli import pool_ports  # whoever decides has no need of them

        assert self.owner is not None
        known, owner = self.known, self.owner
        seen = self._observed(lambda: pool_ports.reads(known, owner, self.hints))
        return dataclasses.replace(seen, hints={**seen.hints, **pool_ports.hints(seen)})

    def _observed(self, aside: Callable[[], Mapping[str, Read[Any]]] = dict) -> Observation:
        self.call.output.progress("reading the chain …")
        watch = self.call.process.clock  # the machine's own, also where time is simulated
        began, before = watch.monotonic(), self.rpc.requests
        try:
            self.hints = self.store.hints.all()
            self._beside.begin()
            paid = self._counted.reads() if self._counted else {}
            survey = self.survey(lambda: {**aside(), **paid})
            seen = observe(survey, self.reader, self.hints, self.owner, self.deadline())
            if self._counted is not None:
                seen = self._counted.joined(seen, {name: seen.aside[name] for name in paid})
            return self._beside.joined(self._with_tracks(seen))
        finally:
            asked = counted(self.rpc.requests - before, "request")
            _LOG.debug("the chain was read: %s in %.3f s", asked, watch.monotonic() - began)

    @cached_property
    def _counted(self) -> Programmes | None:
        """What reads reward programmes together with the markets; None where no decision counts them."""
        if self.homeward is not None or not self.call.settings.policy.reward_share:
            return None
        from mammon.cli.reward_ports import counted_programmes  # by default no reward counts

        return counted_programmes(self, self.merkl)

    def _with_tracks(self, seen: Observation) -> Observation:
        """Put what earlier readings tell beside what was just read."""
        snapshot = seen.snapshot
        tracks = self.store.readings.tracks(tuple(self.markets.values()), snapshot.block)
        return dataclasses.replace(seen, snapshot=dataclasses.replace(snapshot, tracks=tracks))

    def survey(self, aside: Callable[[], Mapping[str, Read[Any]]] = dict) -> Survey:
        """Return what there is to read; `aside`: what is only shown."""
        markets = tuple(self.markets.values())
        gas = _gas(self.known.gas_units, self.store.gas.all())
        return Survey(
            self.known.chain_id,
            self.asset,
            markets,
            VENUES,
            self._feeds,
            self._wallet,
            self._fees,
            gas,
            aside,
            self._code.signs,
            self.pegs,
        )

    def deadline(self) -> Deadline:
        """Return the time one reading may take: the configured budget, within the command's own."""
        budget = float(self.call.settings.rpc.budget_s)
        if self.call.deadline is not None:
            budget = min(budget, self.call.deadline.require("reading the chain"))
        return Deadline(budget, self.clock.monotonic)

    def opening(self, observation: Observation) -> Portfolio:
        """Return what a paper book begins with: the account's real holdings, else the capital."""
        if observation.portfolio is not None:
            return observation.portfolio
        capital = token_amount(self.call.settings.capital_usdc, self.asset.decimals)
        return Portfolio(worlds.NOBODY, self.asset, capital, PAPER_NATIVE, ())

    def acting(self, signer: Signer, forbidden: Callable[[], str]) -> Legs:
        """Return the executor that signs and sends."""
        from mammon.cli.acting import money_path  # whoever only looks has no need of transactions

        self.executor = money_path(self, signer, forbidden)
        return self.executor

    def commanded(self, legs: Legs) -> Carrier:
        """Return who carries out, by the same legs, what a person commands."""
        from mammon.chain.commanded import Commanded

        return Commanded(legs, self.call.settings.policy, self.deadline)

    def rewards(self) -> RewardPorts:
        """Return what reading rewards needs."""
        from mammon.cli.reward_ports import reward_ports  # whoever asks for none has no need of them

        return reward_ports(self, self.merkl)

    def onlooker(self) -> Onlooker:
        """Return the account on the chain, for who tries calls out and holds no key."""
        from mammon.chain.onlooker import Onlooker
        from mammon.ops import stops

        if self.owner is None:
            raise UsageError(*NO_ACCOUNT)
        home, folder = self.call.settings.home, worlds.directory(self.call, worlds.identity(self.call))
        return Onlooker(
            self.rpc,
            self.clock,
            self.owner,
            self.asset,
            self.known.gas_price_oracle,
            lambda: stops.in_force(home, folder),
            self.progress,
            leaving=self.call.settings.policy.on_danger == "exit",
        )

    def progress(self, text: str) -> None:
        """Show that something went on, to a person and to the alarm of the cycle."""
        self.call.output.progress(text)
        renew()

    def _feeds(self) -> Mapping[str, Read[Any]]:
        known, multicall = self.known, self.known.multicall3
        reads: dict[str, Read[Any]] = {}
        for name, pair in (("eth_usd", "eth_usd"), ("asset_usd", f"{ASSET.lower()}_usd")):
            feed = known.feed(pair)
            if feed is not None:
                reads[name] = oracle.price(pair, feed.address, feed.heartbeat_s, multicall)
        if known.sequencer is not None:
            reads["sequencer"] = oracle.sequencer(known.sequencer.address, multicall)
        if known.gas_price_oracle is not None:
            reads["data_fees"] = oracle.data_fees(known.gas_price_oracle)
        for pair in dict.fromkeys(pair for peg in self.pegs for pair in (peg.price, peg.par)):
            feed = known.feed(pair)
            if feed is not None:
                reads[f"{SUBJECT}{pair}"] = oracle.price(pair, feed.address, feed.heartbeat_s, multicall)
        return reads

    def _wallet(self, owner: Address) -> Mapping[str, Read[Any]]:
        return {
            "idle": oracle.token_balance(self.asset, owner),
            "native": oracle.native_balance(self.known.multicall3, owner),
        }

    def _fees(self, round_: Round) -> Fees | Unread:
        if self.known.gas_price_oracle is None:
            return fees(round_, oracle.NO_DATA_FEES)
        return fees(round_, round_.values["data_fees"])

    def _watched_pegs(self) -> Iterator[Peg]:
        """Yield the pegs of what markets lend against; one that names no collateral may lend against any."""
        named = [dict(market.addresses).get("collateral") for market in self.markets.values()]
        for peg in self.known.pegs:
            if any(token in (None, peg.token) for token in named):
                yield peg

    def _markets(self) -> Iterator[Market]:
        """Yield the markets there are; money comes home from those that are left alone, too."""
        settings, known = self.call.settings, self.known
        disabled = set() if self.homeward else set(settings.markets.disabled)
        unknown = disabled - {market.slug for market in known.markets}
        if unknown and not self._simulated:
            raise UsageError("markets.disabled", f"no market is named {min(unknown)!r}", "see `mammon scan`")
        yield from (m for m in known.markets if m.token == self.asset and m.slug not in disabled)


def _gas(planned: Sequence[GasUnits], measured: Sequence[GasUnits]) -> tuple[GasUnits, ...]:
    """Return the gas table: what was measured on receipts takes the place of planning figures."""
    table = {(row.protocol, row.action): row for row in planned}
    for row in measured:
        if (row.protocol, row.action) not in table:
            continue  # measured on a market that is not configured any more
        longest = max(row.tx_bytes, table[row.protocol, row.action].tx_bytes)
        table[row.protocol, row.action] = dataclasses.replace(row, tx_bytes=longest)
    return tuple(table[key] for key in sorted(table))
