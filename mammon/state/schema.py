"""The tables, as the ordered steps that made them; a released step is never edited, only followed."""

from __future__ import annotations

from mammon.state import schema_journal, schema_outside, schema_tracks

_DOCUMENTS = """
CREATE TABLE {name} (
  id INTEGER PRIMARY KEY,
  sha256 BLOB NOT NULL,
  base INTEGER REFERENCES {name},{extra}
  body BLOB,
  seal BLOB NOT NULL
) STRICT
"""

_FIRST = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, seal BLOB NOT NULL) STRICT, WITHOUT ROWID",
    _DOCUMENTS.format(name="snapshots", extra=" block_number INTEGER NOT NULL, block_at INTEGER NOT NULL,"),
    "CREATE UNIQUE INDEX snapshots_sha256 ON snapshots (sha256)",
    _DOCUMENTS.format(name="portfolios", extra=""),
    "CREATE UNIQUE INDEX portfolios_sha256 ON portfolios (sha256)",
    _DOCUMENTS.format(name="policies", extra=""),
    "CREATE UNIQUE INDEX policies_sha256 ON policies (sha256)",
    """
CREATE TABLE pending (
  id INTEGER PRIMARY KEY,
  series TEXT NOT NULL,
  entry INTEGER NOT NULL,
  body BLOB NOT NULL,
  seal BLOB NOT NULL
) STRICT
""",
    """
CREATE TABLE summaries (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, seal BLOB NOT NULL) STRICT
""",
    """
CREATE TABLE decisions (
  id INTEGER PRIMARY KEY,
  sha256 BLOB NOT NULL,
  cycle INTEGER REFERENCES cycles,
  snapshot INTEGER NOT NULL REFERENCES snapshots,
  portfolio INTEGER NOT NULL REFERENCES portfolios,
  policy INTEGER NOT NULL REFERENCES policies,
  ask BLOB,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  summary INTEGER NOT NULL REFERENCES summaries,
  document BLOB,
  seal BLOB NOT NULL
) STRICT
""",
    "CREATE INDEX decisions_sha256 ON decisions (sha256)",
    """
CREATE TABLE runs (
  id INTEGER PRIMARY KEY,
  started INTEGER NOT NULL,
  command TEXT NOT NULL,
  version TEXT NOT NULL,
  process TEXT NOT NULL,
  ended INTEGER,
  outcome TEXT,
  seal BLOB NOT NULL
) STRICT
""",
    """
CREATE TABLE cycles (
  id INTEGER PRIMARY KEY,
  run INTEGER REFERENCES runs,
  started INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  error_code TEXT,
  seal BLOB NOT NULL
) STRICT
""",
    """
CREATE TABLE positions (
  owner TEXT NOT NULL,
  chain_id INTEGER NOT NULL,
  address TEXT NOT NULL,
  asset TEXT NOT NULL,
  key TEXT NOT NULL,
  slug TEXT NOT NULL,
  shares TEXT NOT NULL,
  assets TEXT NOT NULL,
  block_number INTEGER NOT NULL,
  block_at INTEGER NOT NULL,
  unread_code TEXT,
  unread_reason TEXT,
  unread_block INTEGER,
  seal BLOB NOT NULL,
  PRIMARY KEY (owner, chain_id, address, asset, key)
) STRICT, WITHOUT ROWID
""",
    """
CREATE TABLE book (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  version INTEGER NOT NULL,
  at INTEGER NOT NULL,
  document BLOB NOT NULL,
  seal BLOB NOT NULL
) STRICT
""",
    """
CREATE TABLE fills (
  id INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  at INTEGER NOT NULL,
  document BLOB NOT NULL,
  seal BLOB NOT NULL
) STRICT
""",
    """
CREATE TABLE hints (
  slug TEXT PRIMARY KEY,
  items TEXT NOT NULL,
  seal BLOB NOT NULL
) STRICT, WITHOUT ROWID
""",
    """
CREATE TABLE resting (
  name TEXT PRIMARY KEY,
  until INTEGER NOT NULL,
  seal BLOB NOT NULL
) STRICT, WITHOUT ROWID
""",
    """
CREATE TABLE moves (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  at INTEGER NOT NULL,
  source TEXT NOT NULL,
  target TEXT NOT NULL,
  left_units TEXT NOT NULL,
  entered_units TEXT NOT NULL,
  gas_wei TEXT NOT NULL,
  transactions TEXT NOT NULL,
  seal BLOB NOT NULL
) STRICT
""",
    """
CREATE TABLE sim_chain (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seed TEXT NOT NULL,
  height INTEGER NOT NULL,
  accepted INTEGER NOT NULL,
  seal BLOB NOT NULL
) STRICT
""",
    """
CREATE TABLE sim_transactions (
  id INTEGER PRIMARY KEY,
  height INTEGER NOT NULL,
  raw BLOB NOT NULL,
  seal BLOB NOT NULL
) STRICT
""",
    """
CREATE TABLE gas_units (
  protocol TEXT NOT NULL,
  action TEXT NOT NULL,
  total_units INTEGER NOT NULL,
  tx_bytes INTEGER NOT NULL,
  samples INTEGER NOT NULL,
  seal BLOB NOT NULL,
  PRIMARY KEY (protocol, action)
) STRICT, WITHOUT ROWID
""",
)

_APPEND_ONLY = """
CREATE TRIGGER {table}_{event} BEFORE {event} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""


def _append_only(*tables: str) -> tuple[str, ...]:
    return tuple(
        _APPEND_ONLY.format(table=table, event=event) for table in tables for event in ("update", "delete")
    )


STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("0001_first", (*_FIRST, *_append_only("decisions", "cycles", "moves", "fills", "sim_transactions"))),
    ("0002_journal", schema_journal.STATEMENTS),
    ("0003_readings", schema_tracks.STATEMENTS),
    ("0004_outside", schema_outside.STATEMENTS),
)
"""Name and statements of each step. The number of steps is the schema's version."""
