"""Names of things on a chain: text with one spelling each, so that equality is identity."""

from __future__ import annotations

from typing import NewType

Address = NewType("Address", str)
"""A 20-byte account in EIP-55 form."""

Hash32 = NewType("Hash32", str)
"""0x and 64 lower-case hexadecimal digits."""
