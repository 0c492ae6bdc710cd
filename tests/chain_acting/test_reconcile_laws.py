"""The law of reconciliation: any past is explained whole, and whatever is taken away from it is found."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.flows import Explained, Finding
from mammon.core.plan import IDLE
from tests.chain_acting.ledger import USD, Ledger, without
from tests.sim.lab import SLUGS

AMOUNT = st.integers(2 * USD, 3_000 * USD)
SLUG = st.sampled_from(SLUGS)
EVENT = st.one_of(
    st.tuples(st.just("deposit"), SLUG, AMOUNT),
    st.tuples(st.just("take_out"), SLUG, AMOUNT),
    st.tuples(st.just("take_out"), SLUG, st.none()),
    st.tuples(st.just("salary"), AMOUNT | st.integers(0, USD)),
    st.tuples(st.just("spending"), AMOUNT),
    st.tuples(st.just("gift"), SLUG, AMOUNT),
    st.tuples(st.just("sleep"), st.integers(1, 90_000)),
    st.tuples(st.just("coin"), st.integers(1, 10**16)),
)
PAST = st.lists(EVENT, max_size=7)


def live(ledger: Ledger, past: list[tuple[Any, ...]]) -> None:
    """Let a past happen."""
    for name, *arguments in past:
        if name == "sleep":
            ledger.clock.sleep(*arguments)
        elif name == "coin":
            ledger.take(("native", ledger.owner), *arguments)
        else:
            getattr(ledger, name)(*arguments)


def alarming(found: Explained) -> list[Finding]:
    """Return the findings that are not about a venue's own worth."""
    return [finding for finding in found.findings if finding.code != "venue_loss"]


@settings(max_examples=40, deadline=None)
@given(PAST, PAST, st.integers(1, 3_000))
def test_any_past_is_explained(before: list[Any], past: list[Any], span: int) -> None:
    """Transfers, deposits, withdrawals, gifts and interest leave nothing open, whatever the ranges."""
    ledger = Ledger()
    live(ledger, before)
    mark, _ = ledger.mark()
    began = mark.block
    live(ledger, past)
    ledger.clock.sleep(4)
    span = max(span, (ledger.chain.head - began) // 100 + 1)
    found = ledger.explained(mark, span=span)
    assert alarming(found) == []
    assert found.unread == ()
    assert {flow.kind for flow in found.flows if flow.hash in {own.hash for own in ledger.own}} <= {"act"}


@settings(max_examples=40, deadline=None)
@given(PAST, PAST.filter(bool), st.data())
def test_any_event_left_out_is_found(before: list[Any], past: list[Any], data: st.DataObject) -> None:
    """An endpoint that keeps one event back leaves a difference, an emergency where money is missing."""
    ledger = Ledger()
    live(ledger, before)
    mark, _ = ledger.mark()
    live(ledger, past)
    flows = [
        flow for flow in ledger.explained(mark).flows if flow.index is not None and abs(flow.amount) > 100
    ]
    if not flows:
        return
    hidden = data.draw(st.sampled_from(flows))
    assert hidden.index is not None
    without(ledger.node.methods, (hidden.block, hidden.index))
    found = alarming(ledger.explained(mark))
    due = "emergency" if hidden.amount < 0 else "information"
    assert [(each.severity, each.subject) for each in found] == [(due, hidden.subject)]
    assert abs(found[0].amount - hidden.amount) <= 20


@settings(max_examples=25, deadline=None)
@given(PAST, st.integers(1, 1_000), st.sampled_from(["idle", "native", "aave-v3", "plain-vault"]))
def test_any_decrease_without_an_event_is_an_emergency(past: list[Any], amount: int, where: str) -> None:
    """Money that goes without a word is found, be it one unit (some, where shares are rounded)."""
    ledger = Ledger()
    ledger.deposit("aave-v3", 100 * USD)
    ledger.deposit("plain-vault", 100 * USD)
    mark, _ = ledger.mark()
    live(ledger, [event for event in past if event[0] not in ("take_out", "spending", "coin")])
    deployed = ledger.chain.deployed
    pool = next(iter(deployed.pools.values()))[0]
    key = {
        "idle": deployed.usdc.key("balance", ledger.owner),
        "native": ("native", ledger.owner),
        "aave-v3": ("", ""),
        "plain-vault": deployed.plain.key("balance", ledger.owner),
    }[where]
    if where == "aave-v3":
        market = ledger.market(where)
        pool = next(p for p, _ in deployed.pools.values() if p.address == market.id.address)
        key, amount = pool.key("scaled", ledger.owner), amount + 100
    if where == IDLE and ledger.usdc() < amount:
        return
    ledger.take(key, -amount)
    found = ledger.explained(mark).emergencies
    assert [(each.code, each.subject) for each in found] == [("unexplained_decrease", where)]
    assert abs(found[0].amount + amount) <= (40 if where == "aave-v3" else 0)
