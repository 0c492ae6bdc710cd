"""Integers that carry their scale in their type; `canonical` writes them as JSON strings.

JSON readers lose integers above 2**53, so every amount and rate travels as a string, always, and
plain `int` (heights, seconds, basis points, counts) as a number.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NewType

Units = NewType("Units", int)
"""Base units of the token, feed or share at hand."""

Wei = NewType("Wei", int)
"""1e-18 of the chain's native coin."""

Ray = NewType("Ray", int)
"""Scaled by 1e27."""

Wad = NewType("Wad", int)
"""Scaled by 1e18."""

Seconds = NewType("Seconds", int)
"""A duration; configuration writes it with its unit ("5m")."""

Fraction = NewType("Fraction", Decimal)
"""A share or a rate: 0.05, never 5 and never "5%"."""

Usd = NewType("Usd", Decimal)
"""US dollars."""

Rate = NewType("Rate", Decimal)
"""A yearly rate as a fraction, with its convention (APR or APY) in the name of what holds it."""
