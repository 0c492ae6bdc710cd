"""The account, explained: what changed since the last mark has a cause before anything new is begun.

The first look is the reading that the cycle makes anyway: while it shows what the mark shows, nothing
more is asked, but for once an hour. Otherwise everything is read at a settled block and explained from
events. Flows are recorded and told, the mark moves on; an emergency stops everything.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from mammon.chain import reconcile
from mammon.chain.eyes import Eyes
from mammon.chain.purse import Purse
from mammon.chain.rpc import Rpc
from mammon.core.flows import NATIVE, Explained, Flow, Mark, mark_of
from mammon.core.plan import IDLE
from mammon.core.types import Block, Hint, Portfolio, Unread
from mammon.errors import MammonError, OutsideError, PersonNeededError

REFRESH_BLOCKS = 1_800
"""A mark is moved on when it is this old, an hour on Base, so that events are never read far back."""
NAMED_FLOWS = 5
"""Of one reading; of more only the number is told."""
_NEEDED = frozenset({IDLE, NATIVE, "nonce"})
"""What must be comparable; a market that cannot be read only keeps the mark where it is."""


class Ledger(Protocol):
    """The mark up to which all is explained, and the flows that led there; `state` keeps them."""

    def mark(self) -> Mark | None:
        """Return the last mark, None before the first."""
        ...

    def record(self, since: Mark | None, now: Mark, flows: Sequence[Flow]) -> None:
        """Put `now` in the place of `since`, with the flows between, durably."""
        ...

    def adopted(self) -> int:
        """Return the nonce below which a person has looked at everything, 0 when none has."""
        ...

    def restored(self) -> bool:
        """Say whether this state is a copy that has not met the chain since it was made."""
        ...


@dataclass(frozen=True, slots=True)
class Sight:
    """What the cycle's own reading says of the account."""

    portfolio: Portfolio
    block: Block
    hints: Mapping[str, Hint]


class Account:
    """Explain one account. `sight` reads the present; `eyes` read the past through any `Rpc`."""

    def __init__(
        self, purse: Purse, ledger: Ledger, sight: Callable[[], Sight], eyes: Callable[[Rpc], Eyes]
    ) -> None:
        self.purse, self.ledger = purse, ledger
        self._sight, self._eyes = sight, eyes
        self._noted: set[str] = set()

    def explain(self) -> None:
        """Explain every difference since the last mark; return when nothing stands against acting.

        Raises `PersonNeededError` for an emergency, which stops everything, and `OutsideError` when what
        changed cannot be read. While an emergency is in force it does nothing: then only commands act.
        """
        if "emergency" in self.purse.stops():
            return
        mark, seen = self.ledger.mark(), self._sight()
        if mark is not None and mark.owner != self.purse.owner:
            raise PersonNeededError("mark", "the mark is of another account", "see `mammon state check`")
        if mark is not None and not self.ledger.restored() and self._same(mark, seen):
            return
        eyes = self._eyes(self.purse.rpc)
        block = eyes.settled(seen.block)
        if block is None or (mark is not None and block.number <= mark.block):
            return  # what differs is not settled yet
        now, settled = eyes.marked(block)
        if mark is None:
            if None not in (now.idle, now.native, now.nonce) and self._confirmed(now, block):
                self.ledger.record(None, now, ())
            return
        found = self._explained(self.purse.rpc, mark, now, block, settled, seen.hints)
        if isinstance(found, Unread):
            self._gone(mark, now, block, found)
            return
        if found.emergencies:
            self._require_agreed(mark, block, seen.hints)
            raise self._emergency(found)
        self._keep(mark, now, block, found)

    # --- reading -----------------------------------------------------------------------------------

    def _same(self, mark: Mark, seen: Sight) -> bool:
        """Say whether a reading shows what the mark shows; what it could not read is not compared."""
        if seen.block.number - mark.block >= REFRESH_BLOCKS:
            return False
        now = mark_of(seen.portfolio, seen.block, None, self.purse.markets)
        held = {holding.slug: holding.shares for holding in mark.holdings}
        wallet = ((now.idle, mark.idle), (now.native, mark.native))
        return all(after in (None, before) for after, before in wallet) and all(
            held.get(holding.slug) == holding.shares for holding in now.holdings
        )

    def _explained(
        self, rpc: Rpc, mark: Mark, now: Mark, block: Block, settled: int | None, hints: Mapping[str, Hint]
    ) -> Explained | Unread:
        purse = self.purse
        markets = tuple(purse.markets.values())
        watch = reconcile.watched(purse.asset.address, markets, purse.venues, hints)
        # A market that is not configured any more is nobody's to compare.
        held = tuple(holding for holding in mark.holdings if holding.slug in purse.markets)
        known = reconcile.books(purse.journal, mark.nonce, self.ledger.adopted())
        known = dataclasses.replace(known, settled_nonce=settled)
        since = dataclasses.replace(mark, holdings=held)
        return reconcile.reconcile(rpc, watch, since, now, block, known, purse.soon())

    # --- what it comes to --------------------------------------------------------------------------

    def _gone(self, mark: Mark, now: Mark, block: Block, found: Unread) -> None:
        """Go on from a mark whose block is gone when nothing changed; else raise, for nothing is known."""
        moved_on = dataclasses.replace(mark, block=now.block, hash=now.hash)
        if found.code == "reorganised" and _figures(moved_on) == _figures(now):
            if self._confirmed(now, block):
                self.ledger.record(mark, now, ())
            return
        raise OutsideError(
            "unexplained",
            f"what changed since block {mark.block} cannot be read: {found.subject}: {found.reason}",
            "try again; when it stays so, look at the account, then `mammon state correct --mark`",
        )

    def _require_agreed(self, mark: Mark, block: Block, hints: Mapping[str, Hint]) -> None:
        """Raise `OutsideError` unless every endpoint that answers shows an emergency, and two of them do.

        Where there is only one, its word about a settled block is taken.
        """
        agreeing = 0
        for alone in self._each():
            try:
                now, settled = self._eyes(alone).marked(block)
                found = self._explained(alone, mark, now, block, settled, hints)
            except MammonError:
                continue  # it says nothing, neither for nor against
            if isinstance(found, Explained) and not (found.emergencies or found.unread):
                raise _disagree(block)
            agreeing += isinstance(found, Explained) and bool(found.emergencies)
        if agreeing < min(2, len(self.purse.rpc.endpoints)):
            raise OutsideError(
                "unconfirmed",
                f"only one endpoint tells of the account at block {block.number}, and it does not add up",
                "try again; `mammon doctor` names the endpoints",
            )

    def _confirmed(self, now: Mark, block: Block) -> bool:
        """Say whether two endpoints show the account so, or the only one there is: then it may be a mark.

        Raises `OutsideError` when one that read all of it shows it otherwise.
        """
        if len(self.purse.rpc.endpoints) < 2:
            return True
        agreeing = 0
        for alone in self._each():
            try:
                other, _ = self._eyes(alone).marked(block)
            except MammonError:
                continue
            if None in (other.idle, other.native, other.nonce) or len(other.holdings) < len(now.holdings):
                continue
            if other != now:
                raise _disagree(block)
            agreeing += 1
        return agreeing >= 2

    def _each(self) -> Iterator[Rpc]:
        """Yield every endpoint by itself."""
        for endpoint in self.purse.rpc.endpoints:
            yield Rpc([endpoint.transport], self.purse.rpc.chain_id, clock=self.purse.clock)

    def _emergency(self, found: Explained) -> PersonNeededError:
        finding = found.emergencies[0]
        told = "; ".join(f"{one.code} of {one.amount} in {one.subject}" for one in found.emergencies)
        why = f"the journal and the chain do not agree: {told}"
        self.purse.emergency(finding.code, why)
        return PersonNeededError(
            finding.code,
            why,
            "nothing more is signed; `mammon detect-positions --verify` shows it, then "
            "`mammon adopt-nonce` or `mammon state correct --mark`, and `mammon resume --reason`",
        )

    def _keep(self, mark: Mark, now: Mark, block: Block, found: Explained) -> None:
        """Record what was explained and tell it once.

        What was not comparable keeps the mark where it is, and so does what one endpoint alone has told.
        """
        missing = [item for item in found.unread if item.subject in _NEEDED]
        if missing:
            raise OutsideError(
                "unexplained",
                f"what changed since block {mark.block} cannot be read: {missing[0].subject}: "
                f"{missing[0].reason}",
                "try again",
            )
        for item in found.unread:
            self._note(f"{item.subject} is not compared with the books: {item.reason}")
        if found.unread or not self._confirmed(now, block):
            return
        self.ledger.record(mark, now, found.flows)
        self._tell(found.flows)
        for finding in found.findings:
            self._note(f"{finding.subject}: {finding.code}, {finding.amount}")

    def _tell(self, flows: Sequence[Flow]) -> None:
        """Tell what others moved; of dust only that there was some, for that is bait."""
        named = [flow for flow in flows if flow.kind in ("inflow", "outflow")]
        for flow in named[:NAMED_FLOWS]:
            self._note(f"{flow.kind} of {self._shown(flow)}, block {flow.block}")
        if len(named) > NAMED_FLOWS:
            self._note(f"{len(named) - NAMED_FLOWS} more flows are recorded")
        dust = sum(flow.kind == "dust" for flow in flows)
        if dust:
            self._note(f"dust was sent, {dust} times: recorded, and nobody to answer")

    def _shown(self, flow: Flow) -> str:
        amount, asset = abs(flow.amount), self.purse.asset
        if flow.subject == IDLE:
            return f"{Decimal(amount).scaleb(-asset.decimals):,.2f} {asset.symbol}"
        if flow.subject == NATIVE:
            return f"{Decimal(amount).scaleb(-18).normalize():f} of the coin"
        return f"{amount} shares in {flow.subject}"

    def _note(self, text: str) -> None:
        if text not in self._noted:
            self._noted.add(text)
            self.purse.note(text)


def _disagree(block: Block) -> OutsideError:
    return OutsideError(
        "endpoints_disagree",
        f"endpoints tell different things of the account at block {block.number}",
        "try again; `mammon doctor` names the endpoints",
    )


def _figures(mark: Mark) -> tuple[object, ...]:
    held = tuple((holding.slug, holding.shares) for holding in mark.holdings)
    return mark.idle, mark.native, mark.nonce, held
