"""The policy's identity: every threshold is in it."""

from __future__ import annotations

import dataclasses
import hashlib
from decimal import Decimal

import pytest

from mammon.core import canonical
from mammon.core.policy import Policy


def test_the_hash_is_of_the_canonical_bytes() -> None:
    """Anybody can compute it from the policy as documents carry it."""
    assert Policy().hash == hashlib.sha256(canonical.dumps(Policy())).hexdigest()


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Policy)])
def test_any_changed_threshold_is_another_policy(name: str) -> None:
    """No threshold can change unnoticed."""
    set_ = getattr(Policy(), name)
    value = Decimal(0) if set_ is None else set_
    changed = dataclasses.replace(
        Policy(), **{name: value + (1 if isinstance(value, int) else Decimal("0.001"))}
    )
    assert changed.hash != Policy().hash
