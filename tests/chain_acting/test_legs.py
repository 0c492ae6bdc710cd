"""Laws of carrying out a plan: amounts are measured, effects are proven, failures are not successes."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from mammon.chain import oracle
from mammon.chain.legs import Balances, Legs, planned_calls
from mammon.chain.reader import Reader
from mammon.chain.rpc import Rpc
from mammon.chain.sender import Sender
from mammon.core.decide import Decision, decide
from mammon.core.numbers import Units
from mammon.core.plan import Plan, Step
from mammon.core.policy import Policy
from mammon.core.types import Call, Market, Unread
from mammon.engine.observe import Observation, Survey, observe
from mammon.errors import DeadlinePassedError, MalformedError, PersonNeededError, RefusedError
from mammon.net.deadline import Deadline
from mammon.protocols.registry import VENUES
from mammon.sim.chainfile import chain_file
from mammon.sim.clock import SimClock
from mammon.sim.node import SimNode
from mammon.sim.wallet import SimSigner
from mammon.sim.world import SimWorld
from tests.core.build import snapshot as built_snapshot

KNOWN = chain_file()


def wallet_reads(owner: Any) -> dict[str, Any]:
    """Return fresh reads of the wallet."""
    return {
        "idle": oracle.token_balance(KNOWN.token("USDC"), owner),
        "native": oracle.native_balance(KNOWN.multicall3, owner),
    }


MARKETS = {market.slug: market for market in KNOWN.markets}


class Desk:
    """A simulated world with everything between it and a decision."""

    def __init__(self, seed: int = 7) -> None:
        self.world = SimWorld(seed)
        self.clock = SimClock(self.world)
        self.rpc = Rpc([SimNode(self.world)], KNOWN.chain_id, clock=self.clock)
        self.reader = Reader(self.rpc, KNOWN.chain_id, KNOWN.multicall3)
        self.legs = Legs(
            Sender(self.rpc, SimSigner(seed), self.clock), VENUES, MARKETS, self.balances, self.soon
        )

    def soon(self) -> Deadline:
        return Deadline(60.0, self.clock.monotonic)

    def balances(self, market: Market, owner: Any) -> Balances:
        reads = {**wallet_reads(owner), "held": VENUES[market.protocol].read_position(market, owner)}
        found = self.reader.read(reads, self.soon())
        values = found.values
        return Balances(found.block.number, values["idle"], values["native"], values["held"])

    def decision(self, source: str, target: str, amount: int | None = None) -> Decision:
        """Return a decision with the plan of a move, whether it pays or not."""
        owner = self.world.wallet
        held = self.balances(MARKETS[source], owner) if source != "idle" else None
        size = Units(amount if amount is not None else (held.held.assets if held else self.idle))
        everything = held is not None and amount is None
        leaving = () if held is None else (_step("withdraw", source, size, everything),)
        steps = (*leaving, _step("approve", target, size), _step("deposit", target, size))
        base = decide(built_snapshot(), _portfolio(owner), Policy(), 0)
        return dataclasses.replace(base, plan=Plan(source, target, size, steps))

    @property
    def idle(self) -> int:
        return self.balances(MARKETS["aave-v3"], self.world.wallet).idle

    def held(self, slug: str) -> int:
        return self.balances(MARKETS[slug], self.world.wallet).held.assets


def _step(action: Any, slug: str, amount: Units, everything: bool = False) -> Step:
    market = MARKETS[slug]
    return Step(action, slug, market.id, market.protocol, amount, everything)


def _portfolio(owner: Any) -> Any:
    from tests.core.build import portfolio

    return portfolio(0, owner=owner)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_idle_money_goes_in_whole(desk: Desk) -> None:
    """What the wallet lost is what the venue shows, to its own rounding; gas is what it has less of."""
    before = desk.balances(MARKETS["aave-v3"], desk.world.wallet)
    outcome = desk.legs.execute(desk.decision("idle", "aave-v3"))
    after = desk.balances(MARKETS["aave-v3"], desk.world.wallet)
    assert (outcome.left, outcome.entered, after.idle) == (before.idle, before.idle, 0)
    assert 0 <= before.idle - after.held.assets <= 2
    assert outcome.gas == before.native - after.native > 0
    assert len(outcome.transactions) == 2


@pytest.mark.parametrize(
    "source", ["aave-v3", "aave-fork", "steakhouse-usdc", "gauntlet-usdc", "plain-vault"]
)
def test_a_venue_is_emptied_by_its_own_form(desk: Desk, source: str) -> None:
    """Moving everything leaves nothing behind, interest of the meantime included, and deposits what came."""
    target = "aave-v3" if source != "aave-v3" else "aave-fork"
    desk.legs.execute(desk.decision("idle", source))
    desk.clock.sleep(86_400)
    outcome = desk.legs.execute(desk.decision(source, target))
    assert desk.held(source) == 0
    assert abs(desk.held(target) - outcome.entered) <= 2
    assert outcome.left >= outcome.entered == outcome.left - desk.idle


def test_a_part_leaves_the_rest(desk: Desk) -> None:
    """A partial withdrawal brings its amount and no more."""
    desk.legs.execute(desk.decision("idle", "aave-v3"))
    outcome = desk.legs.execute(desk.decision("aave-v3", "plain-vault", 4_000 * 10**6))
    assert outcome.entered == 4_000 * 10**6
    assert desk.held("aave-v3") >= 5_999 * 10**6


def test_a_deposit_the_venue_refuses_moves_nothing(desk: Desk) -> None:
    """A call that would revert is not sent: the refusal is named and the money stays."""
    with pytest.raises(RefusedError, match="would revert"):
        desk.legs.execute(desk.decision("idle", "aave-v3", 10_001 * 10**6))
    assert desk.idle == 10_000 * 10**6


def test_d4_a_receipt_without_effect_is_not_success(desk: Desk) -> None:
    """D4: transactions that succeed and move nothing end as a failure that says so."""

    class Hollow:
        def supply(self, market: Market, amount: int, owner: Any) -> tuple[Call, ...]:
            return VENUES["erc4626"].supply(MARKETS["plain-vault"], amount, owner)[:1]

    desk.legs.venues = {"aave_v3": Hollow()}
    with pytest.raises(PersonNeededError, match="took 0 units"):
        desk.legs.execute(desk.decision("idle", "aave-v3"))


def test_a_withdrawal_without_effect_deposits_nothing(desk: Desk) -> None:
    """D4: when the first leg brought nothing, the second is not begun."""
    desk.legs.execute(desk.decision("idle", "aave-v3"))

    class Hollow:
        def withdraw(self, market: Market, amount: Any, owner: Any) -> tuple[Call, ...]:
            return VENUES["erc4626"].supply(MARKETS["plain-vault"], 1, owner)[:1]

    held = desk.decision("aave-v3", "plain-vault")
    desk.legs.venues = {**VENUES, "aave_v3": Hollow()}
    with pytest.raises(PersonNeededError, match="brought 0 units"):
        desk.legs.execute(held)
    assert desk.idle == 0


def test_nothing_mined_ends_with_the_deadline(desk: Desk) -> None:
    """A transaction that is never included is waited for until the deadline, not for ever."""
    desk.world.chain.includes = False
    with pytest.raises(DeadlinePassedError):
        desk.legs.execute(desk.decision("idle", "aave-v3"))


def test_a_lagging_answer_is_not_taken(desk: Desk) -> None:
    """F17: balances from before the receipt's block are asked for again, not believed."""
    real, stale = desk.balances, desk.balances(MARKETS["aave-v3"], desk.world.wallet)
    answers: list[Balances] = []

    def lagging(market: Market, owner: Any) -> Balances:
        found = stale if len(answers) == 2 else real(market, owner)
        answers.append(found)
        return found

    desk.legs.balances = lagging
    desk.legs.execute(desk.decision("idle", "aave-v3"))
    assert [found.block for found in answers][2] == stale.block < answers[3].block


def test_without_a_plan_or_fees_nothing_is_sent(desk: Desk) -> None:
    """A hold, or a decision made without gas prices, cannot be carried out."""
    decision = desk.decision("idle", "aave-v3")
    blind = dataclasses.replace(decision.snapshot, fees=Unread("fees", "timeout", ""))
    for bad in (dataclasses.replace(decision, plan=None), dataclasses.replace(decision, snapshot=blind)):
        with pytest.raises(MalformedError):
            desk.legs.execute(bad)
    assert desk.idle == 10_000 * 10**6


def test_planned_calls_are_one_for_each_leg(desk: Desk) -> None:
    """The calls shown are those the legs would send, in order; a plan they do not fit is refused."""
    plan = desk.decision("idle", "aave-v3").plan
    assert plan is not None
    calls = planned_calls(plan, desk.world.wallet, VENUES, MARKETS, 0)
    assert [call.target for call in calls] == [
        MARKETS["aave-v3"].token.address,
        MARKETS["aave-v3"].id.address,
    ]
    odd = dataclasses.replace(plan, steps=plan.steps[1:])
    with pytest.raises(RefusedError):
        planned_calls(odd, desk.world.wallet, VENUES, MARKETS, 0)


def test_the_whole_is_what_the_engine_sees(desk: Desk) -> None:
    """The observation that decisions rest on reads the same balances as the legs measure."""
    desk.legs.execute(desk.decision("idle", "steakhouse-usdc"))
    survey = Survey(
        KNOWN.chain_id,
        KNOWN.token("USDC"),
        KNOWN.markets,
        VENUES,
        dict,
        wallet_reads,
        lambda _: Unread("fees", "x", ""),
        (),
    )
    seen: Observation = observe(survey, desk.reader, {}, desk.world.wallet, desk.soon())
    assert seen.portfolio is not None
    assert [(p.slug, p.assets) for p in seen.portfolio.positions] == [
        ("steakhouse-usdc", desk.held("steakhouse-usdc"))
    ]
