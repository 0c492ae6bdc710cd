"""One table whose every row carries a seal: eight bytes of hash over its own values.

SQLite's own check walks the structure of a file, not the values in it; with the seal a changed digit
is found when its row is read. A row that went missing is the structure's matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from mammon.errors import PersonNeededError
from mammon.state.db import Database, Row, Value
from mammon.state.failures import corrupt

SEAL_BYTES = 8


def seal(table: str, values: Sequence[Value]) -> bytes:
    """Return the seal of one row: a hash of the table's name and every value with its type."""
    # ascii() spells int, str, bytes and None each in one way, the same in every Python.
    return blake2b(ascii((table, *values)).encode("ascii"), digest_size=SEAL_BYTES).digest()


class Table:
    """Reads and writes the rows of one table, sealing and checking each.

    Values from position `sealed` on are left out of the seal: bodies that have a sha256 of their own.
    """

    def __init__(
        self, database: Database, name: str, columns: Sequence[str], sealed: int | None = None
    ) -> None:
        self._database = database
        self.name = name
        self.columns = (*columns, "seal")
        self._sealed_columns = len(columns) if sealed is None else sealed
        listed = ", ".join(self.columns)
        marks = ", ".join("?" * len(self.columns))
        # Names come from this package's own constants, never from outside.
        self._add = f"INSERT INTO {name} ({listed}) VALUES ({marks})"  # noqa: S608
        self._put = f"INSERT OR REPLACE INTO {name} ({listed}) VALUES ({marks})"  # noqa: S608
        self._select = f"SELECT {listed} FROM {name} "  # noqa: S608
        self._delete = f"DELETE FROM {name} WHERE id = ?"  # noqa: S608
        changes = ", ".join(f"{column} = ?" for column in self.columns)
        self._change = f"UPDATE {name} SET {changes} WHERE {columns[0]} = ?"  # noqa: S608
        database.tables[name] = self

    def append(self, *values: Value) -> int:
        """Add a row under the next id, which is the first column; return the id."""
        last = self.part("max(id)")[0][0]
        number = 1 if last is None else int(last) + 1
        self._database.write(self._add, self._with_seal((number, *values)))
        return number

    def put(self, rows: Iterable[Sequence[Value]]) -> None:
        """Add rows, each in the place of the one that has the same key."""
        self._database.write_many(self._put, [self._with_seal(row) for row in rows])

    def add(self, *values: Value) -> None:
        """Add a row under its own key. Raises `sqlite3.IntegrityError` when a rule of the table refuses."""
        self._database.write(self._add, self._with_seal(values))

    def change(self, *values: Value) -> None:
        """Change the row whose first column is that of `values`: its triggers see both."""
        self._database.write(self._change, (*self._with_seal(values), values[0]))

    def remove(self, number: int) -> None:
        """Take a row away by its id."""
        self._database.write(self._delete, (number,))

    def rows(self, clause: str = "", values: Sequence[Value] = ()) -> list[Row]:
        """Return the rows a clause selects (`WHERE … ORDER BY … LIMIT …`), without their seals.

        Raises `PersonNeededError` when one is not what was written.
        """
        found = self._database.rows(self._select + clause, values)
        for row in found:
            if self._seal(row) != row[-1]:
                raise self.damaged("a row does not match its seal")
        return [row[:-1] for row in found]

    def row(self, clause: str, values: Sequence[Value] = ()) -> Row | None:
        """Return the one row a clause selects, None when there is none."""
        found = self.rows(clause, values)
        return found[0] if found else None

    def part(self, columns: str, clause: str = "", values: Sequence[Value] = ()) -> list[Row]:
        """Return some columns, or aggregates, of the rows a clause selects, without looking at seals."""
        return self._database.rows(f"SELECT {columns} FROM {self.name} {clause}", values)  # noqa: S608

    def count(self, clause: str = "", values: Sequence[Value] = ()) -> int:
        """Return how many rows a clause selects."""
        return int(self.part("count(*)", clause, values)[0][0])

    def damaged(self, why: str) -> PersonNeededError:
        """Return the error of a table whose content is not what was written."""
        return corrupt(self._database.path, f"{self.name}: {why}")

    def _with_seal(self, row: Sequence[Value]) -> tuple[Value, ...]:
        return (*row, self._seal(row))

    def _seal(self, row: Sequence[Value]) -> bytes:
        return seal(self.name, row[: self._sealed_columns])
