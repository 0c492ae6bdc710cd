"""Laws of explaining: every difference is a flow or a finding, and what is not known is neither."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from mammon.core import canonical
from mammon.core.flows import Books, Explained, Flow, Holding, Mark, Moved, Own, explain, mark_of
from mammon.core.names import Address, Hash32
from mammon.core.numbers import Units, Wei
from mammon.core.txstate import Mined
from mammon.core.types import Block, Unread
from tests.core.build import portfolio, position, state

OWNER = Address("0x000000000000000000000000000000000000dEaD")
OTHER = Address("0x0000000000000000000000000000000000000001")
USD = 10**6


def hash32(number: int) -> Hash32:
    """Return a hash."""
    return Hash32(f"0x{number:064x}")


MARK = Mark(
    OWNER, 100, hash32(100), Units(50 * USD), Wei(10**15), 7, (Holding("aave", Units(900), Units(1_000)),)
)


def later(**changes: Any) -> Mark:
    """Return the mark of a later block at which this differs."""
    return dataclasses.replace(MARK, block=200, hash=hash32(200), **changes)


def moved(amount: int, subject: str = "idle", **changes: Any) -> Moved:
    """Return an event."""
    base = Moved(subject, Units(amount), 0, OTHER, hash32(1), 150, 0, 1_700)
    return dataclasses.replace(base, **changes)


def own(nonce: int, number: int = 1, block: int | None = 150, paid: int = 10) -> Own:
    """Return a transaction of ours; `block` None: no receipt."""
    hash_ = hash32(number)
    mined = None if block is None else Mined(hash_, block, hash32(block), True, Wei(paid), 21_000)
    return Own(hash_, nonce, mined)


def explained(now: Mark, *moves: Moved, books: Books | None = None, mark: Mark = MARK) -> Explained:
    """Explain, with a journal that knows of nothing new unless one is given."""
    return explain(mark, now, moves, books or Books(7))


def findings(found: Explained) -> list[tuple[str, str, str, int]]:
    """Return what is not explained."""
    return [(each.severity, each.code, each.subject, each.amount) for each in found.findings]


def flows(found: Explained) -> list[tuple[str, str, int]]:
    """Return what is explained."""
    return [(each.kind, each.subject, each.amount) for each in found.flows]


def test_nothing_happened() -> None:
    """Two equal readings need no explanation."""
    assert explained(later()) == Explained()


@pytest.mark.parametrize(
    ("amount", "kind"),
    [(2 * USD, "inflow"), (-3 * USD, "outflow"), (USD, "inflow"), (USD - 1, "dust"), (0, "dust")],
)
def test_transfers_are_flows_and_stop_nothing(amount: int, kind: str) -> None:
    """Salary, spending and dust are explained; nothing is found."""
    found = explained(later(idle=Units(50 * USD + amount)), moved(amount))
    assert flows(found) == [(kind, "idle", amount)]
    assert (found.findings, found.unread, found.emergencies) == ((), (), ())
    (flow,) = found.flows
    assert (flow.block, flow.hash, flow.index, flow.at) == (150, hash32(1), 0, 1_700)


def test_bait_does_not_name_who_sent_it() -> None:
    """A transfer of nothing is made to plant an address: the flow does not repeat it."""
    assert explained(later(), moved(0)).flows[0].other is None
    assert explained(later(idle=Units(50 * USD + 1)), moved(1)).flows[0].other == OTHER


def test_flows_are_in_the_chains_order() -> None:
    """Whatever order the events come in, flows are by block and place."""
    events = (moved(3, block=151), moved(2, index=5), moved(1, index=4))
    found = explained(later(idle=Units(50 * USD + 6)), *events)
    assert [flow.amount for flow in found.flows] == [1, 2, 3]


@pytest.mark.parametrize(("left", "severity"), [(1, "information"), (-1, "emergency")])
def test_what_no_event_tells(left: int, severity: str) -> None:
    """One unit more is information, one unit less an emergency: in the wallet and in a venue."""
    code = "unexplained_increase" if left > 0 else "unexplained_decrease"
    found = explained(later(idle=Units(50 * USD + 5 + left)), moved(5))
    assert findings(found) == [(severity, code, "idle", left)]
    assert (found.emergencies != ()) == (left < 0)
    shares = explained(later(holdings=(Holding("aave", Units(900 + left), Units(1_000)),)))
    assert findings(shares) == [(severity, code, "aave", left)]


def test_rounding_of_shares_is_no_finding() -> None:
    """An event that may be off by two explains a difference within two, and no more."""
    event = moved(100, "aave", slack=2)
    for off, due in ((2, []), (-2, []), (-3, [("emergency", "unexplained_decrease", "aave", -3)])):
        now = later(holdings=(Holding("aave", Units(1_000 + off)),))
        assert findings(explained(now, event)) == due


# --- venues ---------------------------------------------------------------------------------------


def test_interest_is_what_our_transactions_did_not_put_in() -> None:
    """A holding grows by deposits and by interest: the second is told apart, to the unit."""
    now = later(
        idle=Units(10 * USD), nonce=8, native=Wei(10**15 - 10),
        holdings=(Holding("aave", Units(36_000_900), Units(40 * USD + 1_005)),),
    )  # fmt: skip
    deposit = (moved(-40 * USD), moved(36 * USD, "aave", index=1))
    found = explained(now, *deposit, books=Books(8, (own(7),)))
    assert flows(found) == [("act", "idle", -40 * USD), ("act", "aave", 36 * USD), ("accrual", "aave", 5)]
    assert found.findings == ()


@pytest.mark.parametrize(("lost", "due"), [(2, []), (3, [("information", "venue_loss", "aave", -3)])])
def test_a_venues_loss_is_told(lost: int, due: list[Any]) -> None:
    """A holding of the same shares that is worth less has lost: told, and not for want of an event."""
    found = explained(later(holdings=(Holding("aave", Units(900), Units(1_000 - lost)),)))
    assert findings(found) == due
    assert flows(found) == [("accrual", "aave", -lost)]


def test_where_others_moved_shares_no_interest_is_told() -> None:
    """What a gift of shares is worth no event says, so the interest beside it is not made up."""
    now = later(holdings=(Holding("aave", Units(1_000), Units(1_200)),))
    assert flows(explained(now, moved(100, "aave"))) == [("inflow", "aave", 100)]


def test_worth_that_was_not_read_gives_no_interest() -> None:
    """Without the worth at both marks there is none to compare."""
    assert explained(later(holdings=(Holding("aave", Units(900)),))) == Explained()
    unvalued = dataclasses.replace(MARK, holdings=(Holding("aave", Units(900)),))
    assert explained(later(), mark=unvalued) == Explained()


def test_f16_a_position_the_books_do_not_know_is_told() -> None:
    """F16: a holding in a market that was never looked at is found, not overlooked."""
    new = Holding("morpho", Units(5))
    found = explained(later(holdings=(*MARK.holdings, new)))
    assert findings(found) == [("information", "new_position", "morpho", 5)]
    empty = dataclasses.replace(new, shares=Units(0))
    assert explained(later(holdings=(*MARK.holdings, empty))) == Explained()


# --- transactions and the native coin -------------------------------------------------------------


def test_gas_of_ours_is_explained() -> None:
    """What our transactions paid between the marks is what the coin went down by; others do not count."""
    books = Books(9, (own(7, 1, 150, 10), own(7, 2, None), own(8, 3, 200, 5), own(6, 4, 100, 99)))
    assert explained(later(nonce=9, native=Wei(10**15 - 15)), books=books) == Explained()


def test_coin_that_comes_is_a_flow_and_coin_that_goes_an_emergency() -> None:
    """The coin has no events: more is a flow, less without a transaction is an emergency."""
    more = explained(later(native=Wei(10**15 + 3)))
    assert (flows(more), more.findings) == ([("inflow", "native", 3)], ())
    less = explained(later(native=Wei(10**15 - 3)))
    assert flows(less) == [("outflow", "native", -3)]
    assert findings(less) == [("emergency", "unexplained_decrease", "native", -3)]


def test_a_transaction_the_journal_does_not_know_is_an_emergency() -> None:
    """Our key was used by something else: named once, with the coin it took as a flow."""
    found = explained(later(nonce=9, native=Wei(10**15 - 3)), books=Books(8, (own(7, paid=1),)))
    assert findings(found) == [("emergency", "foreign_transaction", "nonce", 1)]
    assert flows(found) == [("outflow", "native", -2)]


@pytest.mark.parametrize(("settled", "severity"), [(7, "information"), (8, "emergency"), (None, "emergency")])
def test_an_emergency_is_settled(settled: int | None, severity: str) -> None:
    """Until its block is settled a foreign transaction is information; where that is unknown, it counts."""
    found = explained(later(nonce=8), books=Books(7, settled_nonce=settled))
    assert findings(found) == [(severity, "foreign_transaction", "nonce", 1)]


def test_what_a_person_has_looked_at_is_no_finding() -> None:
    """Nonces below the adopted one are accounted for, and so is the coin they may have cost."""
    found = explained(later(nonce=9, native=Wei(10**15 - 3)), books=Books(9, adopted=9))
    assert (found.findings, flows(found)) == ((), [("outflow", "native", -3)])


def test_a_missing_receipt_is_unknown() -> None:
    """A nonce of ours that is used, with no receipt found, is neither explained nor foreign."""
    found = explained(later(nonce=8, native=Wei(10**15 - 3)), books=Books(8, (own(7, block=None),)))
    assert (found.findings, [each.code for each in found.unread]) == ((), ["receipt_missing"])


def test_a_count_that_falls_is_an_emergency() -> None:
    """A later block with fewer transactions is another chain, or a lie."""
    assert findings(explained(later(nonce=6))) == [("emergency", "nonce_back", "nonce", -1)]


def test_without_a_count_at_the_mark_the_journals_own_counts() -> None:
    """Books that never noted the count are held against what the journal would use next."""
    blank = dataclasses.replace(MARK, nonce=None)
    assert explained(later(nonce=7), mark=blank) == Explained()
    found = explained(later(nonce=8, native=Wei(10**15 - 1)), mark=blank)
    assert findings(found) == [
        ("emergency", "foreign_transaction", "nonce", 1),
        ("emergency", "unexplained_decrease", "native", -1),
    ]


# --- what was not read ----------------------------------------------------------------------------


def test_unknown_is_not_zero() -> None:
    """What was not read at both blocks is not compared, and that is said."""
    blank = later(idle=None, native=None, nonce=None, holdings=())
    assert [each.subject for each in explained(blank).unread] == ["idle", "aave", "nonce", "native"]
    nothing = Mark(OWNER, 1, None, None, None, None, ())
    found = explained(later(holdings=()), mark=nothing, books=Books(None))
    assert [each.subject for each in found.unread] == ["idle", "nonce", "native"]
    assert (found.flows, found.findings) == ((), ())


def test_marks_of_two_accounts_or_backwards_are_refused() -> None:
    """Only two readings of one account, in order, can be compared."""
    with pytest.raises(ValueError, match="in order"):
        explain(later(), MARK, (), Books(7))
    with pytest.raises(ValueError, match="one account"):
        explain(MARK, dataclasses.replace(later(), owner=OTHER), (), Books(7))


def test_the_mark_of_a_reading() -> None:
    """Markets that hold nothing are in it with zero; those unread are not."""
    held = position(state("aave"), 1_000)
    read = portfolio(5, held, Unread("morpho", "timeout", ""))
    block = Block(9, hash32(9), hash32(8), 1_700, Wei(1))
    mark = mark_of(read, block, 3, ("vault", "aave", "morpho"))
    assert mark.holdings == (
        Holding("aave", held.shares, held.assets),
        Holding("vault", Units(0), Units(0)),
    )
    assert (mark.owner, mark.block, mark.hash, mark.idle, mark.native, mark.nonce) == (
        read.owner, 9, hash32(9), read.idle, read.native, 3,
    )  # fmt: skip
    unread = dataclasses.replace(read, idle=Unread("idle", "x", ""), native=Unread("native", "x", ""))
    assert (mark_of(unread, block, None, ()).idle, mark_of(unread, block, None, ()).native) == (None, None)


def test_marks_and_flows_can_be_kept() -> None:
    """Both are the same after they were written and read."""
    flow = Flow("inflow", "idle", Units(10**20), 5, None, None, OTHER)
    for value in (MARK, flow):
        assert canonical.loads(type(value), canonical.dumps(value)) == value
