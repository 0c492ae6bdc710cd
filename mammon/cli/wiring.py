"""Wiring: the one place that knows worlds. It builds their ports; nothing below asks which one it is in.

mock: the simulated chain in place of the endpoints, its clock, its wallet.
paper: the real chain, the paper book as holdings and as executor.
live: the real chain and the account on it; to act it takes consent and a signer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from mammon.cli import worlds
from mammon.cli.invocation import Invocation
from mammon.cli.ledgers import StateBooks, StateInflows, StateWindows
from mammon.cli.parts import NO_ACCOUNT, Homeward, Parts
from mammon.cli.patience import PatientClock
from mammon.cli.place import Place, PlannedCall
from mammon.core.types import NOTHING_USED
from mammon.engine.accounts import ChainAccount
from mammon.errors import UsageError
from mammon.protocols.chains import SHIPPED, chain
from mammon.state.opening import Identity
from mammon.state.store import Store

if TYPE_CHECKING:
    from mammon.chain.legs import Legs

__all__ = ["Homeward", "Place", "PlannedCall", "opened"]


@contextlib.contextmanager
def opened(
    call: Invocation,
    *,
    holdings: bool = False,
    acting: bool = False,
    on_chain: bool = False,
    homeward: Homeward | None = None,
    correcting: bool = False,
) -> Iterator[Place]:
    """Open the world of the settings for one command.

    `holdings`: the command needs to know what is held. `acting`: it will move money, so it holds the
    money lock; raises `OutsideError` when another does, `PersonNeededError` where acting is not possible.
    `on_chain`: what is held is what the account holds on the chain, in the paper world too. `correcting`:
    it will change what the journal rests on, so it holds the money lock, and needs no signer. `homeward`:
    it will bring money home and nothing else, for which no consent is asked beyond the key.
    """
    settings = call.settings
    with contextlib.ExitStack() as stack:
        if correcting:
            _locked(call, stack, worlds.identity(call))
        if settings.mode == "mock":
            place = _mock(call, stack, acting, homeward)
        else:
            if settings.mode == "live":
                _require_live(call, holdings, acting and homeward is None)
            elif on_chain and settings.account is None:
                raise UsageError(*NO_ACCOUNT)
            # What is held is of no concern to who only looks at the market.
            place = _real(call, stack, acting, on_chain or not holdings, homeward)
        stack.callback(place.settle)
        yield place


# --- worlds --------------------------------------------------------------------------------------


def _mock(call: Invocation, stack: contextlib.ExitStack, acting: bool, homeward: Homeward | None) -> Place:
    from mammon.cli.simulation import Simulation  # no other world has it loaded

    if call.settings.chain not in SHIPPED:
        chain(call.settings.chain)  # refuses it by its name, as everywhere else
    if call.settings.markets.extra:
        raise UsageError(
            "markets.extra",
            "[[markets.extra]] adds nothing to the simulated chain, which has no contracts but its own",
            "use --mode paper, or a configuration without [[markets.extra]]",
        )
    identity = worlds.identity(call)
    store = _store(call, stack, identity, acting)
    simulation = Simulation.begun(store, call)
    call.enter(identity.chain_id, identity.account, simulation.clock)
    clock, wallet = simulation.clock, simulation.wallet
    parts = Parts(
        call, store, simulation.chain, [simulation], clock, wallet, simulated=True, homeward=homeward
    )
    parts.merkl = simulation.merkl
    account = _on_chain(call, store, identity)
    executor = parts.acting(simulation.signer, lambda: "") if acting else None
    carrier = parts.commanded(executor) if executor else None
    return parts.place(account, executor, simulation.keep, carrier)


def _real(
    call: Invocation,
    stack: contextlib.ExitStack,
    acting: bool,
    on_chain: bool,
    homeward: Homeward | None,
) -> Place:
    from mammon.net.http import HttpTransport  # the simulated world has no network

    settings, known = call.settings, worlds.chain_file(call)
    identity = worlds.on_chain(call, known)
    store = _store(call, stack, identity, acting)
    clock = PatientClock(call.process.clock, call.deadline) if call.deadline else call.process.clock
    call.enter(known.chain_id, identity.account)
    urls: Sequence[str] = settings.rpc.urls or known.rpc
    transports = [HttpTransport(url) for url in urls]
    for transport in transports:
        stack.callback(transport.close)
    parts = Parts(call, store, known, transports, clock, settings.account, homeward=homeward)
    if settings.mode == "live":
        account_on_chain = _on_chain(call, store, identity)
        executor = _signing(call, parts) if acting else None
        carrier = parts.commanded(executor) if executor else None
        return parts.place(account_on_chain, executor, parts.keep_resting, carrier)
    if on_chain:
        # Fills on paper are no moves of the account's, and nothing in this world ever signs for it.
        looked_at = ChainAccount(
            lambda _at: (), _stops(call, identity), lambda _snapshot: NOTHING_USED, lambda _seen, _held: ()
        )
        return parts.place(looked_at, None, parts.keep_resting)
    return _on_paper(call, parts, identity)


def _on_paper(call: Invocation, parts: Parts, identity: Identity) -> Place:
    from mammon.cli.guarded import GuardedCarrier, GuardedExecutor  # the market alone has no book
    from mammon.engine.paper import PaperAccount

    store, home, homeward = parts.store, call.settings.home, parts.homeward
    books = StateBooks(store, parts.clock.now)
    account = PaperAccount(books, parts.opening, _stops(call, identity), StateWindows(store))
    folder = worlds.directory(call, identity)
    guarded = GuardedCarrier(account, home, folder, homeward is not None and homeward.overriding)
    filling = GuardedExecutor(account, home, folder)
    place = parts.place(account, filling, parts.keep_resting, guarded)
    place.rehearsable = False
    return place


def _on_chain(call: Invocation, store: Store, identity: Identity) -> ChainAccount:
    """Return the account as the chain shows it, with what the state remembers of it."""
    inflows = StateInflows(store, call.settings.policy.deploy_after_s)
    return ChainAccount(store.moves.last_day, _stops(call, identity), StateWindows(store), inflows)


def _require_live(call: Invocation, holdings: bool, acting: bool) -> None:
    """Raise unless the live world can be looked at, and acted in, as the command wants to."""
    if (holdings or acting) and call.settings.account is None:
        raise UsageError(*NO_ACCOUNT)
    if acting:
        from mammon.cli import consent

        consent.require(call)


def _signing(call: Invocation, parts: Parts) -> Legs:
    """Return the executor of the live world: its signer answers for the configured account alone."""
    from mammon.cli import consent
    from mammon.cli.signers import signer_for

    settings = call.settings
    assert settings.account is not None
    signer = signer_for(
        settings.signer, settings.account, parts.known.chain_id, call.process, call.password_fd
    )
    return parts.acting(signer, lambda: consent.missing(call))


def _store(call: Invocation, stack: contextlib.ExitStack, identity: Identity, acting: bool) -> Store:
    if acting:
        _locked(call, stack, identity)
    store = stack.enter_context(Store.open(worlds.directory(call, identity), identity))
    if acting:
        store.check()
    return store


def _locked(call: Invocation, stack: contextlib.ExitStack, identity: Identity) -> None:
    from mammon.ops.lock import money_lock  # for who acts

    home, now = call.settings.home, call.process.clock.now()
    stack.enter_context(money_lock(home, identity.chain_id, identity.account, call.command, now))


def _stops(call: Invocation, identity: Identity) -> Callable[[], tuple[str, ...]]:
    folder = worlds.directory(call, identity)

    def in_force() -> tuple[str, ...]:
        from mammon.ops import stops  # for who decides

        return stops.in_force(call.settings.home, folder)

    return in_force
