"""Policies by their hash: each is kept once, whole, for as long as decisions refer to it."""

from __future__ import annotations

from mammon.errors import UsageError
from mammon.state.db import Database
from mammon.state.series import Series


class Policies:
    """The table of policies."""

    def __init__(self, database: Database) -> None:
        self.series = Series(database, "policies")

    def add(self, data: bytes) -> str:
        """Keep a policy's canonical bytes, inside a transaction; return its hash (sha256, hexadecimal)."""
        return self.series.add(data)[1]

    def bytes_of(self, policy_hash: str) -> bytes:
        """Return the very bytes that were kept. Raises `UsageError` for an unknown hash."""
        found = self.series.find(policy_hash)
        if found is None:
            raise UsageError("unknown_policy", f"no policy {policy_hash} is recorded here")
        return self.series.data(found[0])
