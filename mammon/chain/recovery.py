"""The start of every acting command: what is on the wire is followed to its end before anything else.

A clean start is a recovery that finds nothing. It does the same work however often it is killed, and
needs no more than the journal and the chain.
"""

from __future__ import annotations

from dataclasses import dataclass

from mammon.chain.follow import Errand, Follower
from mammon.chain.head import header
from mammon.chain.look import look
from mammon.chain.purse import Purse
from mammon.core.txstate import Intent, Slot
from mammon.errors import MalformedError, OutsideError


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was found and what is left to do."""

    followed: bool
    """A transaction was on the wire, and is settled now."""
    open: tuple[Intent, ...]
    """Intents that were begun and are neither done nor parked."""


class Recovery:
    """Bring journal and chain together for one account."""

    def __init__(self, purse: Purse, follower: Follower) -> None:
        self.purse, self.follower = purse, follower

    def run(self) -> Recovered:
        """Settle what is on the wire; check that what was settled still stands, and that nobody else signs.

        Raises as `Follower.follow`; `PersonNeededError` when the chain contradicts the journal.
        """
        journal = self.purse.journal
        for closed in journal.unsealed():
            self._seal(closed)
        slot = journal.open_slot()
        if slot is not None:
            intent = next(one for one in journal.open_intents() if one.id == slot.intent)
            self.follower.follow(Errand(slot, intent, journal.legs(intent.id)))
        self._require_ours()
        return Recovered(slot is not None, journal.open_intents())

    def _seal(self, slot: Slot) -> None:
        """Seal a closed slot whose block is final; stop everything when its block is gone."""
        mined = slot.mined
        if mined is None:
            return  # in no block of ours: there is none to be final
        asked = [
            ("eth_getBlockByNumber", (hex(mined.block), False)),
            ("eth_getBlockByNumber", ("finalized", False)),
        ]
        found, final = self.purse.rpc.batch(asked, self.purse.soon())
        try:
            block = header(found)
        except MalformedError as error:
            raise OutsideError("behind", f"no endpoint has block {mined.block}", "try again") from error
        if block.hash != mined.block_hash:
            raise self.purse.stopped(
                "settled_undone",
                f"block {mined.block}, in which {mined.hash} was settled, is gone",
            )
        try:
            is_final = header(final).number >= mined.block
        except MalformedError:
            is_final = False
        if is_final:
            self.purse.journal.seal(slot.nonce)

    def _require_ours(self) -> None:
        """Raise when the key was used for anything that the journal does not know.

        The first count ever seen is taken as it is, once it is settled everywhere: from then on every
        transaction is ours or somebody else's.
        """
        due = self.purse.journal.next_nonce()
        views = look(self.purse.rpc, self.purse.owner, (), self.purse.soon())
        if not views:
            raise OutsideError("unread", "no endpoint tells the account's count of transactions", "try again")
        self.purse.journal.saw(max(view.head_at for view in views))
        most = max(view.nonce for view in views)
        enough = len(views) >= min(2, len(self.purse.rpc.endpoints))
        if due is None and enough and all(view.nonce == view.safe_nonce == most for view in views):
            self.purse.journal.adopt(most, "first sight")
        if due is None or most <= due:
            return
        if enough and all((view.safe_nonce or 0) > due for view in views):
            raise self.purse.stopped(
                "foreign_nonce",
                f"{self.purse.owner} has sent {most} transactions, the journal knows {due}",
            )
        raise OutsideError(
            "nonce_unsettled",
            f"{most} transactions are counted, {due} known: not settled yet",
            "wait, try again",
        )
