"""Numbers as people read them; documents carry the exact ones."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal

DASH = "-"

_GWEI = 10**9
_YEAR_10000 = 253_402_300_800
_WIDE = Context(prec=400, rounding=ROUND_HALF_EVEN)
"""Wide enough for any number a document may carry: showing one must not fail."""


def percent(fraction: Decimal | None, places: int = 2) -> str:
    """Spell a fraction as a percentage: 0.05 -> 5.00%."""
    return DASH if fraction is None else f"{rounded(fraction * 100, places)}%"


def usd(amount: Decimal | None) -> str:
    """Spell dollars; below one dollar with enough digits to show that it is not zero."""
    if amount is None:
        return DASH
    places = 2 if abs(amount) >= 1 or amount == 0 else 4 if abs(amount) >= Decimal("0.001") else 8
    sign = "-" if amount < 0 else ""
    return f"{sign}${rounded(abs(amount), places):,}"


def token(units: int | None, decimals: int, symbol: str = "") -> str:
    """Spell base units of a token, grouped, all its decimals dropped that are zero beyond two."""
    if units is None:
        return DASH
    whole = rounded(Decimal(units).scaleb(-decimals), 2)
    return f"{whole:,} {symbol}".rstrip()


def coins(units: int, decimals: int, symbol: str) -> str:
    """Spell an amount of any token; what is below a hundredth keeps two digits that are not zero."""
    value = Decimal(units).scaleb(-decimals)
    small = value and abs(value) < Decimal("0.01")
    places = 1 - value.adjusted() if small else 2
    return f"{rounded(value, places):,f} {symbol}"


def native(wei: int) -> str:
    """Spell wei as whole coins, to the gwei; less than that to two digits, so that it is not zero."""
    places = 9 if wei == 0 or abs(wei) >= _GWEI else 20 - len(str(abs(wei)))
    return f"{rounded(Decimal(wei).scaleb(-18), min(places, 18)):f}"


_BOUNDLESS = Decimal(10) ** 15
"""No amount of money: what a contract answers where it knows no limit."""


def short(units: int | None, decimals: int) -> str:
    """Spell a large amount briefly: 12.3M, 4.5k."""
    if units is None:
        return DASH
    value = Decimal(units).scaleb(-decimals)
    if abs(value) >= _BOUNDLESS:
        return "no end"
    for size, letter in ((Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "k")):
        if abs(value) >= size:
            return f"{rounded(value / size, 1)}{letter}"
    return str(rounded(value, 2))


def counted(count: int, noun: str) -> str:
    """Spell a number of things: 1 request, 3 requests."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def duration(seconds: Decimal | int) -> str:
    """Spell a duration by its two largest units: 1h 5m."""
    left = int(seconds)
    parts = []
    for size, letter in ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{letter}")
    return " ".join(parts[:2]) or "0s"


def utc(at: int) -> str:
    """Return unix seconds as a person reads them; what no calendar has stays a number."""
    if not 0 <= at < _YEAR_10000:
        return str(at)
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def rounded(value: Decimal, places: int) -> Decimal:
    """Round to `places`, ties to even, for showing only."""
    return value.quantize(Decimal(1).scaleb(-places), context=_WIDE)
