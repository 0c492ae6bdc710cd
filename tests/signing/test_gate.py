"""The gate as a whole (E7): golden transactions pass, and nothing that differs from them beyond its limits.

Lesson F25: calls are decoded against a table, never searched for bytes. F1 and D15 live here too.
"""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.chain.evidence import Permit
from mammon.chain.permit import judge
from mammon.core.numbers import Units, Wei
from mammon.core.transaction import Unsigned, decode_payload
from tests.reliability.gate_campaign import Tally, golden_cases, random_changes, single_changes
from tests.signing.golden import Golden, goldens
from tests.signing.oracle import permitted

KNOWN = goldens()
LEAST = 40


def test_every_golden_transaction_is_permitted() -> None:
    """E7: at least 40 of them, every protocol, movement and size; none is denied."""
    tally = Tally()
    tally.hold(golden_cases())
    assert tally.judged == tally.permitted == len(KNOWN) >= LEAST
    assert tally.wrong_denials == []


@pytest.mark.parametrize("golden", KNOWN, ids=lambda golden: golden.name)
def test_every_single_change_is_judged_as_a_second_opinion_judges_it(golden: Golden) -> None:
    """E7: each field, argument, byte of form and piece of evidence changed alone: no verdict is wrong."""
    tally = Tally()
    tally.hold(single_changes([golden]))
    assert (tally.wrong_permits, tally.wrong_denials) == ([], [])
    assert tally.judged > 200
    assert tally.permitted < tally.judged / 2


def test_no_random_change_slips_through() -> None:
    """E7: 3,000 mutations, by a fixed seed; the campaign of 50,000 is run by hand."""
    tally = Tally()
    tally.hold(random_changes(3_000, seed=7))
    assert (tally.wrong_permits, tally.wrong_denials) == ([], [])


@pytest.mark.parametrize("golden", KNOWN, ids=lambda golden: golden.name)
def test_a_permit_is_for_the_very_bytes(golden: Golden) -> None:
    """It carries the payload, its digest and its owner, and two judgements of the same are the same."""
    first, again = judge(golden.payload, golden.evidence), judge(golden.payload, golden.evidence)
    assert isinstance(first, Permit)
    assert first == again
    assert (first.payload, first.digest) == (golden.payload, golden.unsigned.digest())
    assert (first.owner, len(first.id)) == (golden.evidence.owner, 32)
    assert first.expires_at == golden.evidence.now + 60
    assert first.id != judge(golden.payload, golden.known(now=golden.evidence.now + 1)).id  # type: ignore[union-attr]


@settings(max_examples=300)
@given(st.sampled_from(KNOWN), st.data())
def test_what_is_permitted_costs_no_more_and_moves_no_more_than_allowed(
    golden: Golden, data: st.DataObject
) -> None:
    """Law: for any numbers at all, a permitted transaction keeps to nonce, chain, value and both ceilings."""
    big = st.integers(0, 2**64 - 1)
    unsigned = Unsigned(
        data.draw(st.sampled_from([golden.evidence.chain_id, 1])),
        data.draw(st.sampled_from([golden.evidence.nonce, 8])),
        Wei(0),
        Wei(data.draw(st.integers(0, 10**12))),
        data.draw(st.one_of(st.integers(20_000, 3_100_000), big)),
        golden.unsigned.to,
        Wei(data.draw(st.sampled_from([0, 1]))),
        golden.unsigned.data,
    )
    known = dataclasses.replace(golden.evidence, at_most=Units(data.draw(st.integers(0, 10**16))))
    verdict = judge(unsigned.payload(), known)
    assert isinstance(verdict, Permit) == permitted(unsigned.payload(), known)
    if isinstance(verdict, Permit):
        found = decode_payload(verdict.payload)
        assert (found.chain_id, found.nonce, found.value) == (known.chain_id, known.nonce, 0)
        assert found.gas * found.max_fee + known.data_fee <= min(known.fee_ceiling, known.day_left)


@settings(max_examples=300)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_and_nothing_is_raised(noise: bytes) -> None:
    """Whatever is handed in, there is a verdict."""
    for prefix in (b"", b"\2"):
        verdict = judge(prefix + noise, KNOWN[0].evidence)
        assert isinstance(verdict, tuple)
        assert verdict
