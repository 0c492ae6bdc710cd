"""Simulated Fluid, Euler and Sky: the adapter reads them, and what it foretells is what then happens."""

from __future__ import annotations

import inspect
import random
import re

import pytest

from mammon.core import abi
from mammon.core.curves.euler import resolved_cap
from mammon.core.types import All
from mammon.protocols.abi import euler as euler_abi
from mammon.protocols.abi import fluid as fluid_abi
from mammon.protocols.abi import sky as sky_abi
from mammon.sim import addresses as at
from mammon.sim.contracts import euler as euler_contracts
from mammon.sim.contracts import fluid as fluid_contracts
from mammon.sim.contracts.encoding import Reverted
from mammon.sim.contracts.erc20 import TRANSFER
from mammon.sim.further import EULER_TERMS, SSR
from tests.protocols.fakes import account
from tests.sim.second_tier import MILLION, OWNER, PLACES, POCKET, Place, euler, fluid, sky

DAY = 86_400
OWNER_TOPIC = abi.word(OWNER)
ERRORS = {
    "426073f2": "E_SupplyCapExceeded()",
    "750f8817": "E_OperationDisabled()",
    "f077d877": "E_InsufficientCash()",
    "ca0985cf": "E_ZeroShares()",
    "dcab82e2": "FluidLiquidityError(uint256)",
    "694bda1d": "FluidLendingError(uint256)",
}
ALL = pytest.mark.parametrize("protocol", list(PLACES))


def supply(place: Place, amount: int) -> None:
    place.bench.send(OWNER, place.venue.supply(place.market, amount, OWNER))


def leave(place: Place, amount: int | All) -> None:
    place.bench.send(OWNER, place.venue.withdraw(place.market, amount, OWNER))


@ALL
def test_the_steady_read_takes_one_round(protocol: str) -> None:
    """With what the last read left behind; open, with a rate and an index that has grown."""
    place = PLACES[protocol]()
    first = place.state()
    second = place.state(first.hint)
    assert place.bench.rounds == 1
    assert second == first
    assert (first.closed, first.locked, first.evidence) == ((), (), ())
    assert first.curve is not None
    assert first.curve.rate_after(0, place.bench.now) > 0
    assert first.index > 10**27


@ALL
def test_what_is_deposited_comes_back_whole(protocol: str) -> None:
    """A deposit, a month, everything out: no shares left, no allowance, and interest on top."""
    place = PLACES[protocol]()
    before = place.bench.balance(OWNER)
    supply(place, 1_000 * 10**6)
    held = place.position()
    assert 0 <= 1_000 * 10**6 - held.assets <= 2
    place.bench.now += 30 * DAY
    grown = place.position()
    assert grown.assets > held.assets
    leave(place, All(grown.shares))
    assert place.position().shares == 0
    assert place.bench.balance(OWNER) == before - 1_000 * 10**6 + grown.assets
    assert not place.bench.slots[place.bench.usdc.key("allowance", OWNER, place.market.spender)]


@ALL
def test_the_rate_foretold_is_the_rate_then_read(protocol: str) -> None:
    """At random times and amounts: the curve that was read, against the curve read after a deposit."""
    place, dice = PLACES[protocol](), random.Random(protocol)
    for _ in range(40):
        place.bench.now += dice.choice((2, dice.randrange(1, 3 * DAY)))
        if place.lender is not None:
            place.bench.stir(place.lender, "lend", at.CROWD, dice.randrange(300_000, 990_000))
        curve = place.state().curve
        amount = min(dice.randrange(1, 10 ** dice.randrange(7, 12)), 10**12)
        place.bench.now += 2
        foretold = curve.rate_after(amount, place.bench.now)
        supply(place, amount)
        after = place.state().curve
        assert foretold == (
            after.rate_now() if place.lender is not None else after.rate_after(0, place.bench.now)
        )


@ALL
def test_share_events_tell_what_the_shares_became(protocol: str) -> None:
    """Summed over a deposit and a withdrawal, to the share."""
    place = PLACES[protocol]()
    token = place.venue.share_token(place.market, None)
    assert token is not None
    calls = (
        *place.venue.supply(place.market, 7_000_000, OWNER),
        *place.venue.withdraw(place.market, 3_000_000, OWNER),
    )
    told = sum(
        token.moved(log.topics, log.data, OWNER).shares
        for log in place.bench.send(OWNER, calls)
        if log.address == token.address and log.topics[0].hex() == TRANSFER and OWNER_TOPIC in log.topics
    )
    assert told == place.position().shares > 0


@ALL
def test_more_than_can_leave_does_not(protocol: str) -> None:
    """What is read as withdrawable leaves, and a unit more does not."""
    place = PLACES[protocol]()
    if protocol == "sky_savings":
        place.bench.slots[place.bench.usdc.key("balance", POCKET)] = 3 * MILLION
    else:
        place.bench.stir(place.lender, "lend", at.CROWD, 900_000)
    supply(place, 30 * MILLION)
    if protocol == "sky_savings":
        place.bench.slots[place.bench.usdc.key("balance", POCKET)] = 3 * MILLION
    elif protocol == "euler_v2":
        place.bench.stir(place.lender, "lend", at.CROWD, 950_000)
    most = place.state().withdrawable
    assert 0 < most < place.position().assets
    with pytest.raises(Reverted):
        leave(place, most + 2)
    leave(place, most - 2)


# --- each by itself ------------------------------------------------------------------------------


def test_fluid_s_limit_expands_over_time() -> None:
    """Trap: what cannot leave today can leave tomorrow, a quarter at a time."""
    place = fluid()
    supply(place, 30 * MILLION)
    place.bench.stir(place.lender, "lend", at.CROWD, 100_000)
    most = place.state().withdrawable
    leave(place, min(most, place.position().assets) - 10)
    left = place.state().withdrawable
    assert left < most // 100
    place.bench.now += DAY
    assert place.state().withdrawable > most // 2


def test_fluid_s_words_survive_what_does_not_fit_them() -> None:
    """Amounts beyond 56 bits are kept to their highest bits, and the adapter reads what is kept."""
    place = fluid()
    place.bench.slots[place.bench.usdc.key("balance", at.CROWD)] = 10**20
    place.bench.stir(place.vault, "enter", at.CROWD, at.CROWD, 10**19 + 1)
    found = place.state()
    assert found.closed == ()
    assert found.curve.supply_raw % 2**7 == 0
    assert found.curve.supply_raw > 2**60


def test_fluid_refuses_what_buys_no_share() -> None:
    """And while the fToken is paused at the layer, everything, which is read too."""
    place = fluid()
    place.bench.now += 3_000 * DAY
    with pytest.raises(Reverted, match="694bda1d"):
        supply(place, 1)
    place.bench.slots[place.lender.key("paused")] = True
    with pytest.raises(Reverted, match="dcab82e2"):
        supply(place, 1_000_000)
    assert place.state().closed == place.state().locked == ("paused",)


def test_fluid_answers_nothing_for_slots_it_has_not() -> None:
    """As storage that was never written."""
    place = fluid()
    frame = place.bench.frame(OWNER)
    assert place.lender.read_from_storage(frame, b"\x99" * 32) == 0


def test_euler_s_cap_is_kept() -> None:
    """Trap: `maxDeposit` rounds through shares; the cap lets pass a little more, and no unit above."""
    place = euler()
    place.bench.slots[place.bench.usdc.key("balance", OWNER)] = 10**15
    told, found = place.state().room, place.state().curve
    most = found.room_at(resolved_cap(EULER_TERMS.supply_cap), place.bench.now)
    assert told is not None
    assert 0 <= most - told <= 2
    with pytest.raises(Reverted, match="426073f2"):
        supply(place, most + 1)
    supply(place, most)
    full = place.state()
    assert (full.room, full.closed) == (0, ("cap_full",))


def test_euler_s_fee_goes_to_shares() -> None:
    """Holders earn what borrowers pay less the fee, which is minted."""
    place = euler()
    before = place.vault.totals(place.bench.frame(OWNER))
    rate = place.state().curve.rate_now()
    index = place.state().index
    place.bench.now += 60
    after = place.vault.totals(place.bench.frame(OWNER))
    assert after[0] > before[0]
    assert after[1] > before[1]
    earned = (place.state().index - index) * 10**27 // index
    assert abs(earned - rate * 60) < rate * 60 // 1_000


def test_euler_switched_off_does_nothing() -> None:
    """Deposits, withdrawals and `maxDeposit`, all told by the hooks."""
    place = euler()
    supply(place, 5_000_000)
    place.bench.slots[place.vault.key("paused")] = True
    for attempt in (lambda: supply(place, 1_000_000), lambda: leave(place, 1_000_000)):
        with pytest.raises(Reverted, match="750f8817"):
            attempt()
    found = place.state()
    assert (found.closed, found.locked, found.withdrawable) == (("paused",), ("paused",), 0)


def test_euler_gives_no_shares_for_dust() -> None:
    """An amount worth less than a share is refused; without a cap there is room beyond counting."""
    place = euler()
    place.bench.now += 40 * 365 * DAY
    with pytest.raises(Reverted, match="ca0985cf"):
        supply(place, 1)
    assert place.vault.max_deposit(place.bench.frame(OWNER), OWNER) == 0


def test_sky_s_rate_is_what_was_reported() -> None:
    """Another rate from now on; what was earned until now is kept."""
    place = sky()
    worth = place.state().index
    oracle = place.vault.pool.oracle
    place.bench.stir(oracle, "report", SSR + 10**18)
    found = place.state()
    assert found.index == worth
    assert found.curve.rate_after(10**12, place.bench.now) == SSR + 10**18
    assert abi.words(
        place.bench.contracts[oracle.address].call(
            place.bench.frame(OWNER), abi.selector("getConversionRate()")
        ),
        1,
    ) == (worth,)


def test_sky_s_pool_runs_out_of_both() -> None:
    """Without the asset nothing leaves, without savings shares nothing comes."""
    place = sky()
    supply(place, 5_000_000)
    place.bench.slots[place.bench.usdc.key("balance", POCKET)] = 0
    with pytest.raises(Reverted):
        leave(place, 1_000_000)
    place.bench.slots[place.vault.pool.savings.key("balance", place.vault.pool.address)] = 0
    with pytest.raises(Reverted):
        supply(place, 1_000_000)
    found = place.state()
    assert (found.withdrawable, found.room, found.closed) == (0, 0, ("cap_full",))


# --- literals ------------------------------------------------------------------------------------


@ALL
def test_selectors_are_their_signatures(protocol: str) -> None:
    """What these contracts answer to, and every error they raise, is what its signature hashes to."""
    for contract in PLACES[protocol]().bench.contracts.values():
        for selector, method in contract.methods.items():
            assert selector == abi.selector(method.signature), method.signature
        for selector, (signature, _) in contract.constants.items():
            assert selector == abi.selector(signature), signature
    for selector, signature in ERRORS.items():
        assert selector == abi.selector(signature).hex()
    source = inspect.getsource(euler_contracts) + inspect.getsource(fluid_contracts)
    assert set(re.findall(r'custom\("(\w{8})"', source)) == set(ERRORS)


def test_every_view_these_adapters_know_is_answered_somewhere() -> None:
    """A selector added to an adapter's table needs its counterpart."""
    known = {
        selector
        for build in PLACES.values()
        for contract in build().bench.contracts.values()
        for selector in (*contract.methods, *contract.constants)
    }
    for module in (euler_abi, fluid_abi, sky_abi):
        for name, value in vars(module).items():
            assert not isinstance(value, bytes) or value in known, f"{module.__name__}.{name}"


def test_who_is_not_registered_is_not_vouched_for() -> None:
    """The registry knows its vaults, and nobody else."""
    place = euler()
    registry = place.bench.contracts[dict(place.market.addresses)["factory"]]
    asked = abi.encode_call(euler_abi.IS_PROXY, account(0xBAD))
    assert abi.words(registry.call(place.bench.frame(OWNER), asked), 1) == (0,)
