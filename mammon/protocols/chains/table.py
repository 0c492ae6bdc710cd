"""Read one TOML table strictly: every error names the key, every unknown key is refused."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from mammon.core.address import parse_address
from mammon.core.types import Address
from mammon.errors import UsageError

Sources = list[tuple[Address, str]]


class Table:
    """One table of a chain file and its place in it. Keys are taken; `close` refuses what is left."""

    def __init__(self, plain: object, path: str, sources: Sources | None = None) -> None:
        if not isinstance(plain, Mapping):
            raise UsageError("chain_file", f"{path} is not a table")
        self._left: dict[str, object] = dict(plain)
        self._known: list[str] = []
        self.path = path
        self.sources: Sources = [] if sources is None else sources
        """Every address listed so far in the whole file, with where it was taken from."""

    def take(self, key: str) -> object:
        """Take a key that must be there."""
        value = self.take_optional(key)
        if value is None:
            raise self.error(key, "is missing")
        return value

    def take_optional(self, key: str) -> object | None:
        """Take a key that may be there."""
        self._known.append(key)
        return self._left.pop(key, None)

    def text(self, key: str, default: str | None = None) -> str:
        """Take a text that is not empty (a given default may be)."""
        value = self.take_optional(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, "is missing" if value is None else "is not a text")
        return value

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """Take an integer between two bounds, both allowed; `default` stands for one that is not given."""
        value = self.take(key) if default is None else self.take_optional(key)
        if value is None and default is not None:
            return default
        if type(value) is not int or not low <= value <= high:
            raise self.error(key, f"is not an integer between {low} and {high}")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """Take true or false."""
        value = self.take_optional(key)
        if value is None:
            return default
        if type(value) is not bool:
            raise self.error(key, "is neither true nor false")
        return value

    def address(self, key: str) -> Address:
        """Take an address in EIP-55 form."""
        value = self.text(key)
        try:
            found = parse_address(value)
        except UsageError as error:
            raise self.error(key, error.message) from error
        if found != value:
            raise self.error(key, f"is not in EIP-55 form; if it is right, write {found}")
        return found

    def listed(self) -> Address:
        """Take `address` and the `source` that must stand beside it."""
        found = self.address("address")
        self.sources.append((found, self.text("source")))
        return found

    def table(self, key: str) -> Table:
        """Take a table that must be there."""
        return self._within(self.take(key), key)

    def optional_table(self, key: str) -> Table | None:
        """Take a table that may be there."""
        value = self.take_optional(key)
        return None if value is None else self._within(value, key)

    def tables(self, key: str) -> list[Table]:
        """Take an array of tables; none at all is an empty one."""
        value = self.take_optional(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.error(key, "is not an array of tables")
        return [self._within(entry, f"{key}[{index}]") for index, entry in enumerate(value)]

    def named(self) -> Iterator[tuple[str, Table]]:
        """Take every key of a table of tables."""
        for key in list(self._left):
            yield key, self.table(key)

    def close(self) -> None:
        """Refuse what nobody took."""
        for key in self._left:
            near = difflib.get_close_matches(key, self._known, n=1)
            raise self.error(key, "is not known", f"did you mean {near[0]}?" if near else "")

    def empty(self, key: str) -> Table:
        """Return an empty table in a key's place."""
        return self._within({}, key)

    def _within(self, plain: object, key: str) -> Table:
        return Table(plain, f"{self.path}.{key}", self.sources)

    def error(self, key: str, problem: str, hint: str = "") -> UsageError:
        """Return the error that names a key of this table."""
        return UsageError("chain_file", f"{self.path}.{key} {problem}", hint)


def only_address(table: Table) -> Address:
    """Read a table that holds an address, its source, and nothing else that was not taken before."""
    found = table.listed()
    table.close()
    return found


def optional_address(table: Table | None) -> Address | None:
    """Read such a table where there is one."""
    return None if table is None else only_address(table)
