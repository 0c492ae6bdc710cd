"""The policy's identity: every threshold is in it."""

from __future__ import annotations

import dataclasses
import hashlib
from decimal import Decimal
from typing import Any

import pytest

from mammon.core import canonical
from mammon.core.numbers import Usd
from mammon.core.policy import Need, Policy


def test_the_hash_is_of_the_canonical_bytes() -> None:
    """Anybody can compute it from the policy as documents carry it."""
    assert Policy().hash == hashlib.sha256(canonical.dumps(Policy())).hexdigest()


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Policy)])
def test_any_changed_threshold_is_another_policy(name: str) -> None:
    """No threshold can change unnoticed."""
    set_ = getattr(Policy(), name)
    value = Decimal(0) if set_ is None else set_
    more: Any = 1 if isinstance(value, int) else Decimal("0.001")
    if isinstance(value, bool):
        assert dataclasses.replace(Policy(), **{name: not value}).hash != Policy().hash
        return
    if isinstance(value, str):
        assert dataclasses.replace(Policy(), **{name: "alert"}).hash != Policy().hash
        return
    if name == "haven":
        more = ("aave-v3",)
    elif isinstance(value, tuple):
        more = (Need(0, Usd(Decimal(1))),)
    changed = dataclasses.replace(Policy(), **{name: value + more})
    assert changed.hash != Policy().hash
