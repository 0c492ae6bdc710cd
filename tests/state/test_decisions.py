"""Decisions: inputs to the byte, a hash for every one, the whole document where it matters."""

from __future__ import annotations

import hashlib

import pytest

from mammon.cli.ledgers import StateLedger
from mammon.core import canonical
from mammon.core.decide import decide
from mammon.core.policy import Policy
from mammon.engine.observe import Observation
from mammon.errors import MalformedError, UsageError
from mammon.state.store import Store
from tests.bench.worlds import WORLDS
from tests.state.realistic import portfolio, snapshots
from tests.state.worlds import POLICY, record


def test_a_decision_comes_back_with_its_inputs(store: Store) -> None:
    """What a decision was made from is there to decide again, and the result is held to its hash."""
    snapshot = next(snapshots(4, 1))
    document = b'{"action":"hold"}'
    with store.transaction():
        snapshot_id = store.snapshots.add(canonical.dumps(snapshot), 1, 2)
        policy = store.policies.add(POLICY)
        made = store.decisions.record(
            document,
            "hold",
            "hold apy_gain",
            snapshot_id=snapshot_id,
            portfolio=canonical.dumps(portfolio(snapshot)),
            policy_hash=policy,
            now=1234,
            ask=b'{"amount":null}',
            cycle=None,
        )
    assert made == hashlib.sha256(document).hexdigest()
    recorded = store.decisions.find(made)
    assert (recorded.id, recorded.snapshot_id, recorded.policy_hash) == (made, snapshot_id, policy)
    assert (recorded.now, recorded.kind, recorded.summary, recorded.cycle) == (
        1234,
        "hold",
        "hold apy_gain",
        None,
    )
    inputs = store.decisions.inputs(recorded)
    assert inputs.snapshot == canonical.dumps(snapshot)
    assert inputs.portfolio == canonical.dumps(portfolio(snapshot))
    assert (inputs.policy, inputs.now, inputs.ask) == (POLICY, 1234, b'{"amount":null}')
    assert recorded.require(document) == document
    with pytest.raises(MalformedError) as caught:
        recorded.require(document + b" ")
    assert caught.value.code == "decision_differs"


def test_documents_are_kept_whole_where_it_matters(store: Store) -> None:
    """Moves, exits, and the first decision of each summary are kept; what repeats is rebuilt."""
    kinds = [
        ("hold", "hold apy_gain", True),
        ("hold", "hold apy_gain", False),
        ("hold", "hold peg", True),
        ("move", "move", True),
        ("move", "move", True),
        ("exit", "exit danger", True),
        ("hold", "hold peg", False),
    ]
    for snapshot, (kind, summary, _) in zip(snapshots(4, len(kinds)), kinds, strict=True):
        record(store, snapshot, kind, summary)
    store.pack()
    found = store.decisions.page()[::-1]
    assert [(each.kind, each.summary, each.whole) for each in found] == kinds
    for each in found:
        document = store.decisions.document(each)
        assert (document is not None) == each.whole
        assert document is None or hashlib.sha256(document).hexdigest() == each.id


def test_a_whole_document_shares_with_its_inputs(store: Store) -> None:
    """A document contains what it was made from; those parts are not stored a second time."""
    record(store, next(snapshots(8, 1)), "move")
    size = store.database.rows("SELECT length(document) FROM decisions")[0][0]
    assert size < 200


def test_a_real_decision_is_kept_small_and_comes_back(store: Store) -> None:
    """A move's document comes back to the byte before and after packing, and takes a tenth of its size."""
    decisions = [
        decide(snapshot, held, Policy(), snapshot.block.timestamp + 2)
        for snapshot, held in WORLDS["cash"](8, 3)
    ]
    for made in decisions:
        assert made.action == "move"
        StateLedger(store).record(Observation(made.snapshot, made.portfolio, {}, 1), made)
    for _ in range(2):
        for number, made in enumerate(decisions, 1):
            recorded = store.decisions.page(number + 1, 1)[0]
            assert store.decisions.document(recorded) == canonical.dumps(made)
            kept = store.database.rows("SELECT length(document) FROM decisions WHERE id = ?", (number,))
            assert kept[0][0] * 10 < len(canonical.dumps(made))
        store.pack()


def test_decisions_are_found_by_the_beginning_of_their_id(store: Store) -> None:
    """Four digits do where they are unique; what is unknown or ambiguous is said."""
    ids = [record(store, snapshot) for snapshot in snapshots(2, 3)]
    assert {store.decisions.find(each[:12]).id for each in ids} == set(ids)
    assert store.decisions.find("0x" + ids[0][:5].upper()).id == ids[0]
    unknown = next(f"{n:04x}" for n in range(9) if not any(each.startswith(f"{n:04x}") for each in ids))
    for wrong in (unknown, "abc", "", "xyzw", "0" * 65):
        with pytest.raises(UsageError) as caught:
            store.decisions.find(wrong)
        assert caught.value.code == "unknown_decision"


def test_an_ambiguous_beginning_is_refused(store: Store) -> None:
    """Two decisions whose ids begin alike need more digits; the same decision twice does not."""
    snapshot = next(snapshots(2, 1))
    with store.transaction():
        inputs = {
            "snapshot_id": store.snapshots.add(canonical.dumps(snapshot), 1, 2),
            "portfolio": b"{}",
            "policy_hash": store.policies.add(POLICY),
            "now": 1,
        }
        seen: dict[str, bytes] = {}
        for number in range(100_000):
            document = b"%d" % number
            start = hashlib.sha256(document).hexdigest()[:4]
            if start in seen:
                break
            seen[start] = document
        for each in (document, document, seen[start]):
            store.decisions.record(each, "hold", "hold", **inputs)  # type: ignore[arg-type]
    with pytest.raises(UsageError) as caught:
        store.decisions.find(start)
    assert caught.value.code == "ambiguous_decision"
    twice = hashlib.sha256(document).hexdigest()
    assert store.decisions.find(twice).number == 2


def test_pages_go_back_without_gap_or_repeat(store: Store) -> None:
    """Paging by the last number seen gives every decision and every cycle once, newest first."""
    for snapshot in snapshots(2, 7):
        record(store, snapshot)
    for page, key in ((store.decisions.page, "number"), (store.cycles.page, "id")):
        numbers, before = [], None
        while rows := page(before, 3):
            numbers += [getattr(row, key) for row in rows]
            before = numbers[-1]
        assert numbers == [7, 6, 5, 4, 3, 2, 1]
    newest = store.decisions.page(limit=1)[0]
    assert newest.cycle == store.cycles.page(limit=1)[0].id


def test_inputs_are_recorded_first(store: Store) -> None:
    """A decision cannot refer to a snapshot or a policy that is not there."""
    with store.transaction():
        snapshot = store.snapshots.add(b"{}", 1, 2)
        policy = store.policies.add(POLICY)
    for wrong in (
        {"snapshot_id": "00" * 32, "policy_hash": policy},
        {"snapshot_id": snapshot, "policy_hash": "00" * 32},
    ):
        with pytest.raises(UsageError) as caught, store.transaction():
            store.decisions.record(b"{}", "hold", "hold", portfolio=b"{}", now=1, **wrong)
        assert caught.value.code == "unknown_input"
