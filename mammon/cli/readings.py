"""What commands that read the chain share: amounts asked for, unread values, what a person is told."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from decimal import Decimal

from mammon.cli.documents import ErrorNote
from mammon.cli.invocation import Invocation
from mammon.core.costs import token_amount
from mammon.core.numbers import Units
from mammon.core.types import MarketState, Portfolio, Snapshot, Token, Unread
from mammon.engine.observe import Observation
from mammon.errors import MalformedError, OutsideError, UsageError
from mammon.reporting.figures import worth

_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,30})?\Z")


def worth_judging(call: Invocation, seen: Observation) -> Units:
    """Return the deposit to judge by when none is named: all the account holds, else the capital."""
    held = worth(seen.portfolio) if seen.portfolio is not None else None
    return held or token_amount(call.settings.capital_usdc, seen.snapshot.asset.decimals)


def token_units(text: str, asset: Token, flag: str) -> Units:
    """Read an amount of the asset as a person writes it. Raises `UsageError` naming the flag."""
    value = Decimal(text) if _AMOUNT.match(text) else Decimal(0)
    if not value:
        raise UsageError("bad_value", f"{flag}: {text[:60]!r} is not an amount above zero", "write 1250.50")
    if value != value.quantize(Decimal(1).scaleb(-asset.decimals)):
        raise UsageError(
            "bad_value", f"{flag}: {asset.symbol} has {asset.decimals} decimals", "write fewer digits"
        )
    return token_amount(value, asset.decimals)


@contextlib.contextmanager
def reckoning() -> Iterator[None]:
    """Make it the caller's mistake when the values of a document cannot be reckoned with.

    They are of the right types, but not what any chain could say: a division by zero, a market that is
    older than its last update.
    """
    try:
        yield
    except (ArithmeticError, ValueError, MalformedError) as error:
        what = str(error) if isinstance(error, MalformedError) else type(error).__name__
        raise UsageError("document", f"its values cannot be reckoned with: {what}", "make it anew") from error


def require_some(seen: Observation) -> None:
    """Raise `OutsideError` when not one market could be read: that is a failure, not an empty list."""
    markets = seen.snapshot.markets
    if markets and not any(isinstance(reading, MarketState) for reading in markets):
        first = markets[0]
        assert isinstance(first, Unread)
        raise OutsideError(
            "nothing_read", f"no venue could be read; {first.subject}: {first.reason}", "try again"
        )


def error_notes(seen: Observation) -> tuple[ErrorNote, ...]:
    """Return every unread value as an error of the document."""
    return tuple(ErrorNote(item.code, f"{item.subject}: {item.reason}", "") for item in seen.unread)


def unread_note(snapshot: Snapshot, portfolio: Portfolio | None) -> Iterator[str]:
    """Yield a line for each value that could not be read."""
    for item in Observation(snapshot, portfolio, {}, 0).unread:
        yield f"unread: {item.subject}: {item.reason} ({item.code})"
