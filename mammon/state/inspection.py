"""Look a whole state over: SQLite's own check, seals and hashes, the audit chain, what must always hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from mammon.core.address import address_bytes
from mammon.core.transaction import Unsigned, decode_signed, transaction_hash
from mammon.core.txstate import OPEN, Attempt, Leg, Slot
from mammon.core.types import Address
from mammon.errors import MammonError
from mammon.state import meta
from mammon.state.journal_reading import JournalReader
from mammon.state.series import Series
from mammon.state.store import Store
from mammon.state.table import Table

_PAGE = 500

Check = Callable[[Store], Iterable[str]]


def problems(store: Store) -> tuple[str, ...]:
    """Return a sentence for everything that is not as it must be; nothing when all is well."""
    return tuple(
        found for check in (_file, _seals, _bodies, _audit, _journal) for found in _asked(check, store)
    )


def counts(store: Store) -> dict[str, int]:
    """Return the number of rows of every table."""
    names = store.database.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return {name: int(store.database.rows(f'SELECT count(*) FROM "{name}"')[0][0]) for (name,) in names}  # noqa: S608


def _asked(check: Check, store: Store) -> tuple[str, ...]:
    """Return what a check found. What it cannot read is one more thing found, not the end of it."""
    found: list[str] = []
    try:
        found.extend(check(store))
    except MammonError as error:
        found.append(error.message)
    return tuple(found)


def _file(store: Store) -> tuple[str, ...]:
    store.check()
    store.database.check(indexes=True)
    return ()


def _seals(store: Store) -> Iterator[str]:
    store.repositories()  # names every table
    for table in store.database.tables.values():
        yield from _asked(lambda _, table=table: _sealed(table), store)  # type: ignore[misc]


def _sealed(table: Table) -> tuple[str, ...]:
    first, after = table.columns[0], -1
    if first not in ("id", "nonce"):  # keyed by a text: a table of few rows
        table.rows()
        return ()
    while page := table.rows(f"WHERE {first} > ? ORDER BY {first} LIMIT {_PAGE}", (after,)):
        after = page[-1][0]
    return ()


def _bodies(store: Store) -> Iterator[str]:
    """Read every document, each held against its hash; of each kind the first that is bad is named."""
    for series in (store.snapshots.series, store.decisions.portfolios, store.policies.series):
        yield from _asked(lambda _, series=series: _read(series), store)  # type: ignore[misc]


def _read(series: Series) -> tuple[str, ...]:
    for (entry,) in series.table.part("id", "ORDER BY id"):
        series.data(entry)
    return ()


def _audit(store: Store) -> Iterator[str]:
    found = store.audit.verify()
    if found.bad is not None:
        yield f"audit: row {found.bad}: {found.why}"


# --- the journal ---------------------------------------------------------------------------------


def _journal(store: Store) -> Iterator[str]:
    journal, owner = store.journal, Address(meta.facts(store.database)["account"])
    slots = tuple(_every(journal))
    is_open = [slot.nonce for slot in slots if slot.state in OPEN]
    if len(is_open) > 1:
        yield f"journal: {len(is_open)} slots are open: {is_open[:5]}"
    for slot in slots:
        yield from _slot(journal, slot, owner)
    used = Counter((slot.intent, slot.seq) for slot in slots)
    states = {(slot.intent, slot.seq): slot for slot in slots}  # the last of each leg's
    for intent in journal.intents():
        for leg in journal.legs(intent.id):
            yield from _leg(leg, used.pop((leg.intent, leg.seq), 0), states.get((leg.intent, leg.seq)))
    for intent_number, seq in used:
        yield f"journal: slots of leg {seq} of intent {intent_number}, which does not exist"


def _every(journal: JournalReader) -> Iterator[Slot]:
    """Yield every slot, oldest first."""
    found: list[Slot] = []
    before = None
    while page := journal.slots(before, _PAGE):
        found.extend(page)
        before = page[-1].nonce
    yield from reversed(found)


def _slot(journal: JournalReader, slot: Slot, owner: Address) -> Iterator[str]:
    name = f"journal: nonce {slot.nonce}"
    attempts = journal.attempts(slot.nonce)
    if not attempts:
        yield f"{name}: nothing was signed for it"
    if journal.spend(slot.nonce) is None:
        yield f"{name}: nothing is reserved for it"
    if slot.mined is not None and slot.mined.hash not in {attempt.hash for attempt in attempts}:
        yield f"{name}: {slot.mined.hash} was mined and never signed"
    if (slot.mined is None) != (slot.state in ("signed", "sent", "external")):
        yield f"{name}: it is {slot.state}, and its block says otherwise"
    acts = set()
    for attempt in attempts:
        try:
            unsigned = decode_signed(attempt.raw)[0]
        except MammonError as error:
            yield f"{name}: {attempt.hash}: {error.message}"
            continue
        if attempt.role == "act":
            acts.add((unsigned.to, unsigned.value, unsigned.data))
        yield from (f"{name}: {attempt.hash}: {why}" for why in _attempt(attempt, unsigned, owner))
    if len(acts) > 1:
        yield f"{name}: its attempts do not do the same"


def _attempt(attempt: Attempt, unsigned: Unsigned, owner: Address) -> Iterator[str]:
    if transaction_hash(attempt.raw) != attempt.hash:
        yield "its bytes have another hash"
    if (unsigned.nonce, unsigned.max_fee, unsigned.tip) != (attempt.nonce, attempt.max_fee, attempt.tip):
        yield "its bytes say another nonce or fee"
    itself = address_bytes(unsigned.to) == bytes.fromhex(owner[2:])
    if attempt.role == "cancel" and not (itself and not unsigned.value and not unsigned.data):
        yield "a cancellation that does something"


def _leg(leg: Leg, slots: int, last: Slot | None) -> Iterator[str]:
    name = f"journal: leg {leg.seq} of intent {leg.intent}"
    if leg.slots != slots:
        yield f"{name}: {slots} slots are there, {leg.slots} were opened"
    state = None if last is None else last.state
    if (leg.state == "open") != (state in OPEN):
        yield f"{name} is {leg.state}, and its newest slot {state}"
    if (leg.state == "done") != (state == "settled") or (leg.state == "done") != (leg.effect is not None):
        yield f"{name} is {leg.state}, without the effect or the slot that proves it"
