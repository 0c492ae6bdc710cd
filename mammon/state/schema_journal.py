"""The second step of the schema: the journal of transactions, its audit rows, pins, flows and marks.

What must never be wrong is a fact of the database here, whatever a process believes: at most one open
slot, a nonce used once, bytes that were signed never changed, nothing taken away, states only forward.
`core.txstate` says the same in Python; a test holds the two together.
"""

from __future__ import annotations

_TABLES = (
    """
CREATE TABLE intents (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  decision TEXT NOT NULL,
  plan TEXT NOT NULL,
  decided_at INTEGER NOT NULL,
  deadline INTEGER NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  seal BLOB NOT NULL
) STRICT
""",
    """
CREATE TABLE legs (
  id INTEGER PRIMARY KEY,
  intent INTEGER NOT NULL REFERENCES intents,
  seq INTEGER NOT NULL,
  step TEXT NOT NULL,
  state TEXT NOT NULL,
  slots INTEGER NOT NULL,
  effect_amount TEXT,
  effect_held TEXT,
  effect_block INTEGER,
  seal BLOB NOT NULL,
  UNIQUE (intent, seq)
) STRICT
""",
    """
CREATE TABLE slots (
  nonce INTEGER PRIMARY KEY,
  intent INTEGER NOT NULL REFERENCES intents,
  seq INTEGER NOT NULL,
  state TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  deadline INTEGER NOT NULL,
  fee_ceiling TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  mined_hash TEXT,
  mined_block INTEGER,
  mined_block_hash TEXT,
  mined_succeeded INTEGER,
  mined_paid TEXT,
  mined_gas_used INTEGER,
  final INTEGER NOT NULL,
  seal BLOB NOT NULL
) STRICT
""",
    # A world's database is of one account on one chain: the constant stands for both.
    "CREATE UNIQUE INDEX slots_one_open ON slots ((1)) WHERE state IN ('signed', 'sent', 'mined')",
    """
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  nonce INTEGER NOT NULL REFERENCES slots,
  role TEXT NOT NULL,
  raw BLOB NOT NULL,
  max_fee TEXT NOT NULL,
  tip TEXT NOT NULL,
  gas INTEGER NOT NULL,
  permit TEXT NOT NULL,
  signed_at INTEGER NOT NULL,
  seal BLOB NOT NULL
) STRICT
""",
    "CREATE INDEX attempts_nonce ON attempts (nonce)",
    """
CREATE TABLE sightings (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL REFERENCES attempts (hash),
  endpoint TEXT NOT NULL,
  answer TEXT NOT NULL,
  at INTEGER NOT NULL,
  seal BLOB NOT NULL
) STRICT
""",
    """
CREATE TABLE spends (
  nonce INTEGER PRIMARY KEY REFERENCES slots,
  at INTEGER NOT NULL,
  most TEXT NOT NULL,
  paid TEXT,
  seal BLOB NOT NULL
) STRICT
""",
    """
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  prev_hash BLOB NOT NULL,
  row_json TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT
""",
    """
CREATE TABLE pins (
  id INTEGER PRIMARY KEY,
  address TEXT NOT NULL,
  code TEXT NOT NULL,
  implementation TEXT NOT NULL,
  at INTEGER NOT NULL,
  why TEXT NOT NULL,
  seal BLOB NOT NULL
) STRICT
""",
    """
CREATE TABLE flows (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  amount TEXT NOT NULL,
  block INTEGER NOT NULL,
  hash TEXT,
  place INTEGER,
  other TEXT,
  at INTEGER NOT NULL,
  seal BLOB NOT NULL
) STRICT
""",
    """
CREATE TABLE marks (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  seal BLOB NOT NULL
) STRICT, WITHOUT ROWID
""",
)

_FOREVER = """
CREATE TRIGGER {table}_delete BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, '{table}: nothing of the journal is taken away'); END
"""

_SETTLED = """
CREATE TRIGGER {table}_update BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""

_BEGINS = """
CREATE TRIGGER {table}_begins BEFORE INSERT ON {table}
WHEN NEW.state <> '{state}'
BEGIN SELECT RAISE(ABORT, '{table}: a row begins as {state}'); END
"""

_FORWARD = """
CREATE TRIGGER {table}_forward BEFORE UPDATE ON {table}
WHEN NEW.state <> OLD.state AND OLD.state || '>' || NEW.state NOT IN ({allowed})
BEGIN SELECT RAISE(ABORT, '{table}: no such step'); END
"""

_SAME = """
CREATE TRIGGER {table}_same BEFORE UPDATE ON {table}
WHEN {changed}
BEGIN SELECT RAISE(ABORT, '{table}: what a row is about does not change'); END
"""

_OPEN_SLOT = """
CREATE TRIGGER attempts_open BEFORE INSERT ON attempts
WHEN NOT EXISTS (SELECT 1 FROM slots WHERE nonce = NEW.nonce AND state IN ('signed', 'sent'))
BEGIN SELECT RAISE(ABORT, 'attempts: its slot is not open for signing'); END
"""

_PAID_ONCE = """
CREATE TRIGGER spends_paid BEFORE UPDATE ON spends
WHEN OLD.paid IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'spends: what was paid stays'); END
"""

_RISING = """
CREATE TRIGGER marks_rising BEFORE UPDATE ON marks
WHEN NEW.name IN ('seen_at', 'adopted') AND CAST(NEW.value AS INTEGER) < CAST(OLD.value AS INTEGER)
BEGIN SELECT RAISE(ABORT, 'marks: it only rises'); END
"""

_STEPS = {
    "intents": ("open>done", "open>parked"),
    "legs": ("waiting>open", "waiting>failed", "open>waiting", "open>done", "open>failed"),
    "slots": (
        "signed>sent",
        "signed>mined",
        "signed>external",
        "sent>mined",
        "sent>external",
        "mined>sent",
        "mined>settled",
        "mined>reverted",
        "mined>soft_failed",
        "mined>cancelled",
    ),
}

_IDENTITY = {
    "intents": ("id", "key", "kind", "decision", "plan", "decided_at", "deadline"),
    "legs": ("id", "intent", "seq", "step"),
    "slots": ("nonce", "intent", "seq", "opened_at", "deadline", "fee_ceiling"),
    "spends": ("nonce", "at"),
    "marks": ("name",),
}


def _forward(table: str) -> str:
    return _FORWARD.format(table=table, allowed=", ".join(f"'{step}'" for step in _STEPS[table]))


def _same(table: str) -> str:
    changed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in _IDENTITY[table])
    return _SAME.format(table=table, changed=changed)


STATEMENTS = (
    *_TABLES,
    *(_SETTLED.format(table=table) for table in ("attempts", "sightings", "audit", "pins", "flows")),
    *(
        _FOREVER.format(table=table)
        for table in ("intents", "legs", "slots", "attempts", "sightings", "spends", "audit", "pins", "flows")
    ),
    _FOREVER.format(table="marks"),
    _BEGINS.format(table="intents", state="open"),
    _BEGINS.format(table="legs", state="waiting"),
    _BEGINS.format(table="slots", state="signed"),
    *map(_forward, _STEPS),
    *map(_same, _IDENTITY),
    _OPEN_SLOT,
    _PAID_ONCE,
    _RISING,
)
