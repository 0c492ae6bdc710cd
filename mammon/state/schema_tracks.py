"""What earlier readings showed: the third step of the schema."""

from __future__ import annotations

STATEMENTS = (
    """
CREATE TABLE readings (
  block_at INTEGER PRIMARY KEY,
  block_number INTEGER NOT NULL,
  body TEXT NOT NULL,
  seal BLOB NOT NULL
) STRICT
""",
    """
CREATE TABLE reading_days (
  day INTEGER PRIMARY KEY,
  body TEXT NOT NULL,
  seal BLOB NOT NULL
) STRICT
""",
)
