"""Plans, slots and attempts for the tests of the journal, with bytes that decode to what they say."""

from __future__ import annotations

from mammon.core.address import checksummed
from mammon.core.names import Address, Hash32
from mammon.core.numbers import Units, Wei
from mammon.core.plan import Plan, Step
from mammon.core.transaction import Unsigned, signed, transaction_hash
from mammon.core.txstate import Attempt, Effect, Mined, Role, Slot
from mammon.core.types import MarketId
from mammon.state.journal import Journal
from mammon.state.store import Store
from tests.state.realistic import OWNER, USDC

AT = 1_767_225_600
VENUE = checksummed("0x" + "cd" * 20)
MARKET = MarketId(8453, VENUE, USDC.address, "")


def plan(amount: int = 5_000_000_000) -> Plan:
    """Return a plan of three legs."""
    steps = (
        Step("withdraw", "reserve-0", MARKET, "aave_v3", Units(amount)),
        Step("approve", "vault-1", MARKET, "erc4626", Units(amount)),
        Step("deposit", "vault-1", MARKET, "erc4626", Units(amount)),
    )
    return Plan("reserve-0", "vault-1", Units(amount), steps)


def attempt(nonce: int, number: int = 0, role: Role = "act", owner: str = OWNER) -> Attempt:
    """Return one signed transaction of a nonce; the number makes it dearer than the one before."""
    fee, tip = Wei(10**7 * (number + 1)), Wei(10**6 * (number + 1))
    to, data = (VENUE, b"\x12\x34\x56\x78" + bytes(32)) if role == "act" else (checksummed(owner), b"")
    raw = signed(Unsigned(8453, nonce, tip, fee, 300_000, to, Wei(0), data), 0, 5, 7)
    return Attempt(
        transaction_hash(raw), nonce, role, raw, fee, tip, 300_000, f"permit-{nonce}-{number}", AT + number
    )


def slot(nonce: int, intent: int = 1, seq: int = 0, at: int = AT) -> Slot:
    """Return a slot as it is opened."""
    return Slot(nonce, intent, seq, "signed", at, at + 600, Wei(10**15))


def mined(one: Attempt, block: int = 100, succeeded: bool = True) -> Mined:
    """Return where an attempt stands in the chain."""
    return Mined(one.hash, block, Hash32("0x" + f"{block:064x}"), succeeded, Wei(block * 10**9), 180_000)


def effect(block: int = 100) -> Effect:
    """Return what a leg did."""
    return Effect(Units(5_000_000_001), Units(17), block)


def begun(journal: Journal, key: str = "key-0") -> int:
    """Begin an intent; return its number."""
    return journal.begin("move", key, "decision", plan(), AT, AT + 1800).id


def settled(journal: Journal, nonce: int, intent: int, seq: int, owner: str = OWNER) -> Attempt:
    """Carry one leg from the signature to a final block; return what was mined."""
    one = attempt(nonce, owner=owner)
    journal.sign_slot(slot(nonce, intent, seq), one, Wei(3 * 10**13))
    journal.told(nonce, one.hash, (("node-a", "accepted"), ("node-b", "known")), AT + 1)
    journal.mined(nonce, mined(one, 100 + nonce))
    journal.close_slot(nonce, "settled", Wei((100 + nonce) * 10**9), effect(100 + nonce))
    journal.seal(nonce)
    return one


def write(store: Store, first: int = 4, owner: str = OWNER) -> None:
    """Write a journal with something in every table: one leg done, one on the wire after a reorganisation."""
    journal = store.journal
    journal.saw(AT)
    journal.adopt(first, "used by hand before")
    intent = begun(journal)
    settled(journal, first, intent, 0, owner)
    one, other = attempt(first + 1, owner=owner), attempt(first + 1, 1, "cancel", owner)
    journal.sign_slot(slot(first + 1, intent, 1, AT + 60), one, Wei(2 * 10**13))
    journal.told(first + 1, one.hash, (("node-a", "timeout"),), AT + 61)
    journal.mined(first + 1, mined(one, 131))
    journal.unmined(first + 1, "block 131 is another")
    journal.sign_again(other, Wei(4 * 10**13))
    journal.measured("aave_v3", "withdraw", 180_000, 140, Wei(10**12))
    parked = begun(journal, "key-1")
    journal.fail_leg(parked, 0, "no liquidity")
    journal.close_intent(parked, "parked", "late")
    _reconcile(store)


def _reconcile(store: Store) -> None:
    from mammon.core.flows import Flow, Holding, Mark

    here = Mark(Address(OWNER), 100, None, Units(5), Wei(10**16), 4, (Holding("vault-1", Units(9), None),))
    there = Mark(Address(OWNER), 131, Hash32("0x" + "31" * 32), Units(9), None, 5, ())
    flow = Flow("inflow", "idle", 4, 120, Hash32("0x" + "12" * 32), 7, VENUE, AT)
    with store.transaction():
        store.flows.record(None, here)
        store.flows.record(here, there, (flow, Flow("accrual", "vault-1", -1, 131)))
        store.pins.record(VENUE, Hash32("0x" + "c0" * 32), Hash32("0x" + "00" * 32))


def journal_contents(store: Store) -> dict[str, object]:
    """Return everything that can be read from the journal and what belongs to it."""
    journal = store.journal
    slots = journal.slots(limit=1000)
    attempts = [(one, journal.tellings(one.hash)) for each in slots for one in journal.attempts(each.nonce)]
    return {
        "open": (journal.open_slot(), journal.next_nonce(), journal.adopted(), journal.seen_at()),
        "intents": [(one, journal.legs(one.id), journal.bill(one.id)) for one in journal.intents()],
        "open intents": journal.open_intents(),
        "slots": [(one, journal.spend(one.nonce), journal.is_final(one.nonce)) for one in slots],
        "unsealed": journal.unsealed(),
        "attempts": attempts,
        "limits": [(journal.spent(at), journal.slots_since(at)) for at in (0, AT, AT + 60, AT + 61)],
        "audit": (store.audit.require(), store.audit.rows(limit=10_000)),
        "flows": (store.flows.mark(), store.flows.page()),
        "pins": store.pins.known(VENUE),
        "restored": store.restored(),
    }
