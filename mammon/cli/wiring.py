"""Wiring: the one place that knows worlds. It builds their ports; nothing below asks which one it is in.

mock: the simulated chain in place of the endpoints, its clock, its wallet.
paper: the real chain, the paper book as holdings and as executor.
live: the real chain and the account on it; it cannot execute yet.
"""

from __future__ import annotations

import contextlib
import dataclasses
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mammon.chain import oracle
from mammon.chain.fees import fees
from mammon.chain.legs import Balances, Legs
from mammon.chain.reader import PARALLEL, Reader
from mammon.chain.rpc import Rpc
from mammon.chain.sender import Sender
from mammon.cli import worlds
from mammon.cli.guarded import GuardedExecutor, GuardedSigner
from mammon.cli.invocation import Invocation
from mammon.cli.patience import PatientClock
from mammon.cli.place import Place, PlannedCall, StateBooks, StateLedger
from mammon.core.costs import token_amount
from mammon.core.numbers import Wei
from mammon.core.ports import Clock, Signer, Transport
from mammon.core.types import Address, Fees, GasUnits, Market, Portfolio, Read, Token, Unread
from mammon.engine.accounts import ChainAccount, PaperAccount
from mammon.engine.cycle import Executor, Holdings, World
from mammon.engine.observe import Observation, Round, Survey, observe
from mammon.errors import OutsideError, PersonNeededError, UsageError
from mammon.net.deadline import Deadline
from mammon.ops import killswitch
from mammon.ops.lock import money_lock
from mammon.protocols.chains import SHIPPED, ChainFile, chain
from mammon.protocols.registry import VENUES
from mammon.state.opening import Identity
from mammon.state.store import Store

__all__ = ["Place", "PlannedCall", "opened"]

ASSET = "USDC"
PAPER_NATIVE = Wei(10**17)
"""What a paper book that begins from a capital has for gas."""


@contextlib.contextmanager
def opened(call: Invocation, *, holdings: bool = False, acting: bool = False) -> Iterator[Place]:
    """Open the world of the settings for one command.

    `holdings`: the command needs to know what is held. `acting`: it will move money, so it holds the
    money lock; raises `OutsideError` when another does, `PersonNeededError` where acting is not possible.
    """
    settings = call.settings
    with contextlib.ExitStack() as stack:
        if settings.mode == "mock":
            place = _mock(call, stack, acting)
        else:
            if settings.mode == "live":
                _require_live(call, holdings, acting)
            place = _real(call, stack, acting)
        stack.callback(place.settle)
        yield place


# --- worlds --------------------------------------------------------------------------------------


def _mock(call: Invocation, stack: contextlib.ExitStack, acting: bool) -> Place:
    from mammon.cli.simulation import Simulation  # no other world has it loaded

    if call.settings.chain not in SHIPPED:
        chain(call.settings.chain)  # refuses it by its name, as everywhere else
    identity = worlds.identity(call)
    store = _store(call, stack, identity, acting)
    simulation = Simulation.begun(store, call)
    call.enter(identity.chain_id, identity.account, simulation.clock)
    clock, wallet = simulation.clock, simulation.wallet
    parts = _Parts(call, store, simulation.chain, [simulation], clock, wallet, repeatable=True)
    account = ChainAccount(store.moves.last_day, _stops(call))
    return parts.place(account, parts.legs(simulation.signer) if acting else None, simulation.keep)


def _real(call: Invocation, stack: contextlib.ExitStack, acting: bool) -> Place:
    from mammon.net.http import HttpTransport  # the simulated world has no network

    settings, identity = call.settings, worlds.identity(call)
    known = worlds.chain_file(call)
    store = _store(call, stack, identity, acting)
    clock = PatientClock(call.process.clock, call.deadline) if call.deadline else call.process.clock
    call.enter(known.chain_id, identity.account)
    urls: Sequence[str] = settings.rpc.urls or known.rpc
    transports = [HttpTransport(url) for url in urls]
    for transport in transports:
        stack.callback(transport.close)
    parts = _Parts(call, store, known, transports, clock, settings.account)
    if settings.mode == "live":
        return parts.place(ChainAccount(store.moves.last_day, _stops(call)), None, _nothing)
    account = PaperAccount(StateBooks(store, clock.now), parts.opening, _stops(call))
    return parts.place(account, GuardedExecutor(account, settings.home), _nothing)


def _require_live(call: Invocation, holdings: bool, acting: bool) -> None:
    if acting:
        raise PersonNeededError(
            "live_execute",
            "this version does not sign on a real chain",
            "use --mode paper to see what it would do, or carry out the calls of --plan-only yourself",
        )
    if holdings and call.settings.account is None:
        raise UsageError("no_account", "no account is set", "give --account ADDRESS, or set `account`")


class _Parts:
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
        repeatable: bool = False,
    ) -> None:
        """Connect. `repeatable`: ask in one order and pause without jitter, so that a seed replays."""
        self.call, self.store, self.known, self.clock, self.owner = call, store, known, clock, owner
        rpc = call.settings.rpc
        self.rpc = Rpc(
            transports,
            known.chain_id,
            clock=clock,
            jitter=(lambda: 0.5) if repeatable else random.random,
            request_s=float(rpc.request_timeout_s),
            attempts=rpc.attempts,
        )
        self.reader = Reader(
            self.rpc,
            known.chain_id,
            known.multicall3,
            max_age_s=rpc.max_head_age_s,
            parallel=1 if repeatable else PARALLEL,
        )
        self.asset = known.token(ASSET)
        self.markets = {market.slug: market for market in _markets(call, known, self.asset)}

    def place(self, holdings: Holdings, executor: Executor | None, settle: Callable[[], None]) -> Place:
        """Return the opened world."""
        ledger = StateLedger(self.store)
        world = World(self.observe, holdings, ledger, executor, self.clock, self.call.settings.policy)
        return Place(
            world, self.store, self.owner, self.asset, self.known.chain_id, self.markets, VENUES, settle
        )

    def observe(self) -> Observation:
        """Read everything once, at one block."""
        self.call.output.progress("reading the chain …")
        return observe(self.survey(), self.reader, self.store.hints.all(), self.owner, self.deadline())

    def survey(self) -> Survey:
        """Return what there is to read."""
        markets = tuple(self.markets.values())
        gas = _gas(self.known.gas_units, self.store.gas.all())
        return Survey(
            self.known.chain_id, self.asset, markets, VENUES, self._feeds, self._wallet, self._fees, gas
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

    def legs(self, signer: Signer) -> Legs:
        """Return the executor that sends real transactions with the plain sender."""
        sender = Sender(self.rpc, GuardedSigner(signer, self.call.settings.home), self.clock)
        return Legs(sender, VENUES, self.markets, self._balances, self.deadline)

    def _balances(self, market: Market, owner: Address) -> Balances:
        held = VENUES[market.protocol].read_position(market, owner)
        reads: dict[str, Read[Any]] = {**self._wallet(owner), "held": held}
        round_ = self.reader.read(reads, self.deadline())
        for value in round_.values.values():
            if isinstance(value, Unread):
                raise OutsideError(value.code, f"{value.subject} was not read: {value.reason}", "try again")
        found = round_.values
        return Balances(round_.block.number, found["idle"], found["native"], found["held"])

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


# --- pieces --------------------------------------------------------------------------------------


def _markets(call: Invocation, known: ChainFile, asset: Token) -> tuple[Market, ...]:
    disabled = set(call.settings.markets.disabled)
    unknown = disabled - {market.slug for market in known.markets}
    if unknown and call.settings.mode != "mock":
        raise UsageError("markets.disabled", f"no market is named {min(unknown)!r}", "see `mammon scan`")
    return tuple(m for m in known.markets if m.token == asset and m.slug not in disabled)


def _store(call: Invocation, stack: contextlib.ExitStack, identity: Identity, acting: bool) -> Store:
    if acting:
        home, now = call.settings.home, call.process.clock.now()
        stack.enter_context(money_lock(home, identity.chain_id, identity.account, call.command, now))
    store = stack.enter_context(Store.open(worlds.directory(call, identity), identity))
    if acting:
        store.check()
    return store


def _stops(call: Invocation) -> Callable[[], tuple[str, ...]]:
    return lambda: killswitch.stops(call.settings.home)


def _gas(planned: Sequence[GasUnits], measured: Sequence[GasUnits]) -> tuple[GasUnits, ...]:
    """Return the gas table: what was measured on receipts takes the place of planning figures."""
    table = {(row.protocol, row.action): row for row in planned}
    for row in measured:
        longest = max(row.tx_bytes, table[row.protocol, row.action].tx_bytes)
        table[row.protocol, row.action] = dataclasses.replace(row, tx_bytes=longest)
    return tuple(table[key] for key in sorted(table))


def _nothing() -> None:
    """Keep nothing: a real chain keeps itself."""
