"""Hints: what a read learnt that makes the next one shorter. Losing them costs one request."""

from __future__ import annotations

import json
from collections.abc import Mapping

from mammon.core.types import Hint
from mammon.state.db import Database
from mammon.state.table import Table


class Hints:
    """The table of hints, one per market."""

    def __init__(self, database: Database) -> None:
        self._table = Table(database, "hints", ("slug", "items"))

    def all(self) -> dict[str, Hint]:
        """Return the last hint of every market, by slug."""
        return {slug: Hint(tuple(json.loads(items))) for slug, items in self._table.rows()}

    def put(self, learnt: Mapping[str, Hint]) -> None:
        """Keep new hints, inside a transaction. Those that say what is known already are not written."""
        known = self.all()
        changed = [(slug, hint) for slug, hint in sorted(learnt.items()) if known.get(slug) != hint]
        self._table.put((slug, json.dumps(hint.items)) for slug, hint in changed)
