"""What outside sources said, and the latest readings of the two prices: a step of the schema."""

from __future__ import annotations

STATEMENTS = (
    """
CREATE TABLE witnesses (
  source TEXT NOT NULL,
  subject TEXT NOT NULL,
  asked INTEGER NOT NULL,
  value TEXT,
  at INTEGER NOT NULL,
  code TEXT NOT NULL,
  reason TEXT NOT NULL,
  seal BLOB NOT NULL,
  PRIMARY KEY (source, subject)
) STRICT, WITHOUT ROWID
""",
    """
CREATE TABLE prices (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  body TEXT NOT NULL,
  seal BLOB NOT NULL
) STRICT
""",
)
