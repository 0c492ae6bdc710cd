"""Carry an intent out leg by leg: amounts are measured, each leg is settled before the next is signed.

What cannot go on is parked: the money stays where it is, in a venue or in the wallet, no allowance is
left behind, and the next decision finds it there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256

from mammon.chain.authorise import against
from mammon.chain.purse import Purse
from mammon.chain.recovery import Recovery
from mammon.chain.sender import Allowance, Sender
from mammon.core.costs import price_problem
from mammon.core.decide import Decision, identity
from mammon.core.numbers import Units, Usd, Wei
from mammon.core.plan import IDLE, Finished, Outcome, Plan, Step
from mammon.core.policy import Policy
from mammon.core.txstate import Intent, IntentKind, Leg, due
from mammon.core.types import Hash32, Portfolio, Position, Price, Snapshot, Unread
from mammon.errors import MalformedError, MammonError, OutsideError, PersonNeededError, RefusedError

MOST_SLOTS = 3
"""How many nonces one leg may use: a leg that reverted is tried twice more, if its rehearsal passes."""
EXIT_CEILING = Wei(10**16)
"""What a transaction of a defensive exit may cost when the price of gas in dollars is not known."""

Enter = Callable[[Plan, Units, bool], str]
"""Judges anew, at the head, whether so much may still go into a plan's target; says why not, or nothing.
The last says that the money flees a danger: then only what matters for its safety is asked."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What going on with an intent is judged by."""

    snapshot: Snapshot
    portfolio: Portfolio
    policy: Policy


class Legs:
    """The executor of worlds that sign. `see` reads the present; `enter` judges an entry anew.

    `explain` raises when the account changed in a way that stands against acting (`chain.account`);
    `count` looks at how many intents failed in a row, and stops what has to be stopped.
    """

    def __init__(
        self,
        purse: Purse,
        sender: Sender,
        recovery: Recovery,
        see: Callable[[], Seen],
        enter: Enter,
        explain: Callable[[], None],
        count: Callable[[], None],
    ) -> None:
        self.purse, self.sender, self.recovery = purse, sender, recovery
        self.see, self.enter, self.explain, self.count = see, enter, explain, count

    def recover(self) -> tuple[Finished, ...]:
        """Settle what is on the wire, then finish or park every intent that was begun; return what finished.

        An intent of which nothing was done is parked once the chain has moved on: what it wanted is
        decided anew. Before any of it, what changed in the account is explained. Raises as
        `Recovery.run`, `Account.explain` and `resume`, but for an intent that was parked, which is told.
        """
        finished: list[Finished] = []
        found = self.recovery.run()
        self.count()  # whoever failed last may have died before it was counted
        self.explain()
        for intent in found.open:
            if intent.kind == "revoke" and against(self.purse, "revoke"):
                self.purse.note(f"an allowance for {intent.plan.target} is left until the stop is lifted")
                continue
            legs = self.purse.journal.legs(intent.id)
            if intent.kind != "revoke" and not any(leg.state == "done" for leg in legs):
                if self.purse.journal.seen_at() > intent.decided_at:
                    tried = any(leg.slots for leg in legs)
                    self.purse.journal.close_intent(
                        intent.id, "parked", "leg_failed" if tried else "not_begun"
                    )
                    self.count()
                continue
            if intent.kind == "drill" and any(leg.state != "done" for leg in legs):
                self._to_take_back(intent, legs)
                self.purse.journal.close_intent(intent.id, "parked", "put_down")
                self.take_back_left()
                continue
            seen = self.see()
            try:
                outcome = self.resume(
                    intent, seen.snapshot, seen.policy, shares_of(seen.portfolio, intent.plan)
                )
            except RefusedError as error:
                self.purse.note(f"{error.message} ({error.hint})")
            else:
                if intent.kind == "claim":
                    self.purse.note(f"finished what was begun: a claim on {intent.plan.source}")
                if intent.decision:  # what a person commanded stands in no decision
                    finished.append(Finished(intent.decision, intent.decided_at, outcome))
                    plan = intent.plan
                    moved = self._shown(outcome.left if plan.target == IDLE else outcome.entered)
                    self.purse.note(f"finished what was begun: {moved} from {plan.source} to {plan.target}")
        return tuple(finished)

    def execute(self, decision: Decision) -> Outcome:
        """Carry a decision's plan out. Raises when it could not be finished; what is done stays, and is told.

        The same decision is carried out once, however often this is called.
        """
        plan = decision.plan
        if plan is None:
            raise MalformedError("no_plan", "there is no plan to carry out")
        at = max(decision.snapshot.block.timestamp, self.purse.journal.seen_at())
        intent = self.purse.journal.begin(
            "exit" if decision.action == "exit" or plan.target == IDLE else "move",
            key_of(decision, plan),
            identity(decision),
            plan,
            at,
            at + self.purse.patience.intent_s,
        )
        if intent.state != "open":
            raise RefusedError(
                "carried_out", f"this decision was carried out before ({intent.state})", "decide anew"
            )
        return self.resume(intent, decision.snapshot, decision.policy, shares_of(decision.portfolio, plan))

    def put_down(self, why: str) -> None:
        """Settle what is on the wire and park every intent that was begun: nothing more goes into a venue.

        Allowances that are left are taken back by `take_back_left`. Raises as `Recovery.run`.
        """
        journal = self.purse.journal
        for intent in self.recovery.run().open:
            legs = journal.legs(intent.id)
            if intent.kind == "revoke":
                continue
            if all(leg.state == "done" for leg in legs):
                journal.close_intent(intent.id, "done")
                continue
            self._to_take_back(intent, legs)
            journal.close_intent(intent.id, "parked", why)
            self.purse.note(f"{intent.plan.source} to {intent.plan.target} was begun and is put down: {why}")

    def take_back_left(self) -> None:
        """Revoke the allowances that are still to be revoked, as far as the stops let it."""
        for intent in self.purse.journal.open_intents():
            if intent.kind == "revoke":
                self._take_back(intent, Allowance(EXIT_CEILING, EXIT_CEILING))

    def resume(self, intent: Intent, snapshot: Snapshot, policy: Policy, shares: int) -> Outcome:
        """Go on with an intent from its first leg that is not done; return what the whole of it came to.

        `shares`: what is held of the plan's source, in its own units, for a withdrawal of everything.
        """
        allowance = self._allowance(intent.kind, snapshot, policy)
        journal = self.purse.journal
        while True:
            legs = journal.legs(intent.id)
            leg = next((one for one in legs if one.state != "done"), None)
            if leg is None:
                journal.close_intent(intent.id, "done")
                return outcome_of(intent, legs, *journal.bill(intent.id))
            problem = self._problem(intent, legs, leg)
            if problem:
                raise self._parked(intent, legs, allowance, problem)
            try:
                self.sender.perform(intent, legs, leg.seq, shares, allowance)
            except RefusedError as error:
                if intent.kind == "revoke":
                    raise
                raise self._parked(intent, legs, allowance, error.code, error.message) from error
            except PersonNeededError as error:
                where = self._where(intent, journal.legs(intent.id))
                raise PersonNeededError(error.code, f"{error.message}; {where}", error.hint) from error

    def _problem(self, intent: Intent, legs: tuple[Leg, ...], leg: Leg) -> str:
        """Return why the next leg must not be begun; nothing when it may."""
        if intent.kind == "revoke":
            return ""  # an allowance is taken back however long it takes
        if leg.state == "failed" or leg.slots >= MOST_SLOTS:
            return "leg_failed"
        if self.purse.journal.seen_at() > intent.deadline:
            return "late"
        entering = leg.step.action == "approve" and (leg.seq > 0 or leg.slots > 0)
        if not entering or intent.kind not in ("move", "exit"):
            return ""
        return self.enter(intent.plan, due(legs, leg.seq), intent.kind == "exit")

    def _parked(
        self, intent: Intent, legs: tuple[Leg, ...], allowance: Allowance, code: str, why: str = ""
    ) -> MammonError:
        """Park an intent, take back what was allowed, and return the error that says where the money is."""
        legs = self.purse.journal.legs(intent.id)
        told = why or f"{intent.plan.source} to {intent.plan.target} was not finished: {code}"
        taken = self._to_take_back(intent, legs)
        self.purse.journal.close_intent(intent.id, "parked", code)
        if taken is not None:
            self._take_back(taken, allowance)
        self.count()  # not before: a stop keeps an allowance from being taken back
        where = self._where(intent, legs)
        return RefusedError(code, f"{told}; {where}", "the next cycle decides anew where it goes")

    def _where(self, intent: Intent, legs: tuple[Leg, ...]) -> str:
        """Say where the money of an intent is that was not finished."""
        if self.purse.journal.open_slot() is not None:
            return "a transaction is on its way, `mammon tx list` tells which"
        done = {leg.step.action for leg in legs if leg.state == "done"}
        if "withdraw" not in done and intent.plan.source != IDLE:
            return "nothing was moved"
        return f"{self._shown(due(legs, len(legs) - 1))} are idle in the wallet"

    def _shown(self, amount: Units) -> str:
        return f"{Decimal(amount).scaleb(-self.purse.asset.decimals):,.2f} {self.purse.asset.symbol}"

    def _take_back(self, taken: Intent, allowance: Allowance) -> None:
        """Revoke an allowance now if that goes; else the intent stays open, and every start tries again."""
        if against(self.purse, "revoke"):
            return
        try:
            leg = self.sender.perform(taken, self.purse.journal.legs(taken.id), 0, 0, allowance)
        except (RefusedError, OutsideError) as error:
            self.purse.note(f"an allowance for {taken.plan.target} is left: {error.message}")
            return
        if leg.state == "done":
            self.purse.journal.close_intent(taken.id, "done")

    def _to_take_back(self, intent: Intent, legs: tuple[Leg, ...]) -> Intent | None:
        """Return an intent that revokes the allowance of an approval whose deposit never came."""
        approved = [leg for leg in legs if leg.step.action == "approve" and leg.state == "done"]
        entered = any(leg.step.action == "deposit" and leg.state == "done" for leg in legs)
        if not approved or entered:
            return None
        step = approved[0].step
        revoke = Step("revoke", step.slug, step.market, step.protocol, Units(0))
        plan = Plan(IDLE, step.slug, Units(0), (revoke,))
        journal, at = self.purse.journal, self.purse.journal.seen_at()
        key = sha256(f"{intent.key}/revoke".encode()).hexdigest()
        taken = journal.begin("revoke", key, "", plan, at, at + self.purse.patience.intent_s)
        return taken if taken.state == "open" else None

    def _allowance(self, kind: IntentKind, snapshot: Snapshot, policy: Policy) -> Allowance:
        """Return the ceilings in wei. Raises `OutsideError` when the price of gas is not known."""
        ceilings, price = self.purse.ceilings, snapshot.eth_usd
        problem = price_problem(price, snapshot.block, policy.price_margin)
        if isinstance(price, Unread) or problem:
            if kind == "exit":
                return Allowance(EXIT_CEILING, EXIT_CEILING)
            raise OutsideError("eth_usd", f"the price of gas in dollars is not known: {problem}", "try again")
        if kind == "exit":
            return Allowance(_wei(ceilings.exit_usd, price), _wei(ceilings.exit_usd, price))
        return Allowance(_wei(ceilings.transaction_usd, price), _wei(ceilings.day_usd, price))


def key_of(decision: Decision, plan: Plan) -> str:
    """Return what makes an intent the same: account, chain, block, from, to, asset, amount."""
    portfolio, block = decision.portfolio, decision.snapshot.block
    parts = (portfolio.owner, decision.snapshot.chain_id, block.hash, plan.source, plan.target)
    return sha256("/".join(map(str, (*parts, portfolio.asset.address, plan.amount))).encode()).hexdigest()


def shares_of(portfolio: Portfolio, plan: Plan) -> int:
    """Return what is held of a plan's source, in its own share units; 0 for the wallet."""
    held = (p.shares for p in portfolio.positions if isinstance(p, Position) and p.slug == plan.source)
    return next(held, 0)


def outcome_of(intent: Intent, legs: tuple[Leg, ...], paid: Wei, hashes: tuple[Hash32, ...]) -> Outcome:
    """Return what an intent came to that is done, every amount as measured."""
    effects = {leg.step.action: leg.effect for leg in legs if leg.effect is not None}
    entered = effects["deposit"].amount if "deposit" in effects else Units(0)
    brought = effects.get("withdraw") or effects.get("claim")
    left = brought.amount if brought else entered
    return Outcome(intent.plan.source, intent.plan.target, left, entered, paid, hashes)


def _wei(usd: Usd, price: Price) -> Wei:
    """Return dollars in wei, rounded down."""
    return Wei(int(usd.scaleb(18 + price.decimals) // price.answer))
