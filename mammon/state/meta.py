"""What a database says about itself: whose world it is, and the fingerprint of its schema."""

from __future__ import annotations

from collections.abc import Mapping

from mammon.state.db import Database
from mammon.state.table import Table

SCHEMA = "schema"
RESTORED = "restored"
"""Which copy the file was restored from, until it was reconciled with the chain; else empty."""


def put(database: Database, values: Mapping[str, str]) -> None:
    """Set some of the facts, inside a transaction."""
    _table(database).put(values.items())


def facts(database: Database) -> dict[str, str]:
    """Return all of them."""
    return dict(_table(database).rows())


def _table(database: Database) -> Table:
    return Table(database, "meta", ("key", "value"))
