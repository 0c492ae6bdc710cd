"""What a signature rests on is never nothing."""

from __future__ import annotations

import pytest

from mammon.chain.evidence import pin_of
from mammon.core.types import Address
from mammon.errors import OutsideError

VENUE = Address("0x" + "11" * 20)


def test_no_code_is_no_pin() -> None:
    """An endpoint that has no code where a venue stands is refused: its answer is not what is first seen."""
    with pytest.raises(OutsideError) as caught:
        pin_of(VENUE, b"", bytes(32))
    assert caught.value.code == "no_code"
    assert pin_of(VENUE, b"\xfe", b"").implementation == "0x" + "00" * 32
