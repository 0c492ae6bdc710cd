"""JSON-RPC answers that no sound node gives, and answers that lie, read by the program's own readers.

A frozen simulated chain is recorded once; its answers come back spoilt. Of what no sound node gives,
every value read must be the right one or `Unread`, or all of it is refused. Of what is only untrue,
nothing may be raised but a typed error, and every decision on it must stand.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from functools import cache
from random import Random
from types import SimpleNamespace
from typing import Any

from mammon.chain.look import look
from mammon.chain.onlooker import Onlooker
from mammon.chain.prepare import prepared
from mammon.chain.reader import Reader
from mammon.chain.rpc import Rpc
from mammon.cli.parts import Parts
from mammon.core import canonical
from mammon.core.decide import Decision, decide, replay
from mammon.core.policy import Policy
from mammon.core.ports import Deadline
from mammon.core.types import Unread
from mammon.engine.observe import Observation, observe
from mammon.errors import MammonError
from mammon.net.deadline import Deadline as Countdown
from mammon.protocols.registry import VENUES
from tests.reliability import bad_names
from tests.reliability.bad_forms import Clock, Outcome, WrongError, refused
from tests.reliability.bad_spoils import MALFORMED, Item, Spoil, enveloped, in_bytes, untrue_words, valued
from tests.reliability.truth import KNOWN, MARKETS
from tests.sim.lab import Lab


class Recorded:
    """An endpoint that answers from memory; `spoil` changes some of its answers."""

    def __init__(self, name: str, scene: Scene) -> None:
        self.name, self._scene = name, scene
        self.spoil: Spoil | None = None
        self.only: int | None = None
        self.asked = 0

    def exchange(self, body: bytes, deadline: Deadline) -> bytes:
        """Answer one request body."""
        calls = json.loads(body)
        many = calls if isinstance(calls, list) else [calls]
        texts = [self._scene.answered(call) for call in many]
        told = [
            f'{{"jsonrpc":"2.0","id":{call["id"]},{text}}}' for call, text in zip(many, texts, strict=True)
        ]
        answer = f"[{','.join(told)}]" if isinstance(calls, list) else told[0]
        self.asked += 1
        if self.spoil is None or self.only not in (None, self.asked):
            return answer.encode()
        return self.spoil(json.loads(f"[{','.join(told)}]"))


class Scene:
    """A frozen chain with money in two venues and a mined transaction, and what is rightly read of it."""

    def __init__(self) -> None:
        self.lab = Lab(7)
        self.lab.supply("aave-v3", 3_000 * 10**6)
        mined = self.lab.supply("plain-vault", 2_000 * 10**6)[-1]
        self.hash = str(mined["transactionHash"])
        self.lab.clock.sleep(400)
        self._answers: dict[str, str] = {}
        self.parts = Parts.__new__(Parts)
        self.parts.known, self.parts.asset, self.parts.markets = KNOWN, KNOWN.token("USDC"), dict(MARKETS)
        self.parts.pegs = KNOWN.pegs
        self.parts._code = SimpleNamespace(signs=lambda _round: {})  # type: ignore[assignment]
        self.parts.store = SimpleNamespace(gas=SimpleNamespace(all=lambda: ()))  # type: ignore[assignment]
        self.hints: dict[str, Any] = {}
        self.hints = dict(self.observed([self.endpoint()]).hints)
        self.observation = self.observed([self.endpoint()])
        self.prepared = self.ready([self.endpoint()])
        (self.view,) = self.looked([self.endpoint()])
        self.decision = decided(self.observation)

    def answered(self, call: Item) -> str:
        key = json.dumps([call["method"], call["params"]])
        if key not in self._answers:
            raw = {**call, "id": 1}
            told = json.loads(self.lab.node.exchange(json.dumps(raw).encode(), Countdown(60)))
            what = "result" if "result" in told else "error"
            self._answers[key] = f'"{what}":{json.dumps(told[what], separators=(",", ":"))}'
        return self._answers[key]

    def endpoint(self) -> Recorded:
        return Recorded("recorded", self)

    def rpc(self, endpoints: Sequence[Recorded]) -> Rpc:
        clock = Clock(self.lab.clock.now())
        return Rpc(endpoints, KNOWN.chain_id, clock=clock, jitter=lambda: 0.5)

    def observed(self, endpoints: Sequence[Recorded]) -> Observation:
        rpc = self.rpc(endpoints)
        reader = Reader(rpc, KNOWN.chain_id, KNOWN.multicall3, parallel=1)
        deadline = Countdown(30, rpc.clock.monotonic)
        return observe(self.parts.survey(), reader, self.hints, self.lab.owner, deadline)

    def ready(self, endpoints: Sequence[Recorded]) -> Any:
        rpc = self.rpc(endpoints)
        looker = Onlooker(
            rpc, rpc.clock, self.lab.owner, KNOWN.token("USDC"), KNOWN.gas_price_oracle, tuple, lambda _: None
        )
        market = MARKETS["gauntlet-usdc"]
        calls = VENUES[market.protocol].supply(market, 10**9, self.lab.owner)
        return prepared(looker, calls, [market.id.address], Countdown(30, rpc.clock.monotonic))

    def looked(self, endpoints: Sequence[Recorded]) -> Any:
        attempt: Any = SimpleNamespace(hash=self.hash)
        rpc = self.rpc(endpoints)
        return look(rpc, self.lab.owner, (attempt,), Countdown(30, rpc.clock.monotonic))


@cache
def scene() -> Scene:
    """Return the one scene, made once."""
    return Scene()


def decided(seen: Observation) -> Decision:
    """Decide on a reading as a cycle does."""
    assert seen.portfolio is not None
    return decide(seen.snapshot, seen.portfolio, Policy(), seen.snapshot.block.timestamp + 2)


# --- the kinds -----------------------------------------------------------------------------------


def readings(draw: Random) -> Outcome:
    """Read every market, price and holding from a bad answer, and decide on what was read."""
    if draw.random() < 0.35:
        return _readings(draw, *untrue_words(draw), untrue=True)
    return _readings(draw, *draw.choice(MALFORMED)(draw), untrue=False)


def _readings(draw: Random, form: str, spoil: Spoil, untrue: bool) -> Outcome:
    one = scene()
    endpoints = _endpoints(draw, spoil, untrue)
    try:
        seen = one.observed(endpoints)
    except MammonError as error:
        if len(endpoints) > 1 and not untrue:
            raise WrongError(f"refused although another endpoint is sound: {error}") from error
        return form, refused(error, hint=False)
    right = one.observation
    unread = [f"unread:{item.code}" for item in seen.unread]
    if not untrue:
        _require_right(seen, right)
    decision = decided(seen)
    _require_sound(decision)
    if untrue:
        return form, min(unread) if unread else "another" if seen.snapshot != right.snapshot else "right"
    if not unread and decision.plan != one.decision.plan:
        raise WrongError("another plan from the same reading")
    return form, min(unread, default="right")


def _require_right(seen: Observation, right: Observation) -> None:
    """Raise unless each value is the right one or `Unread`."""
    assert seen.portfolio is not None
    assert right.portfolio is not None
    _same("snapshot", seen.snapshot, right.snapshot)
    held = {
        position.slug: position for position in right.portfolio.positions if not isinstance(position, Unread)
    }
    for position in seen.portfolio.positions:
        if not isinstance(position, Unread) and held.get(position.slug) != position:
            raise WrongError(f"another position: {position}")
    known = {p.subject if isinstance(p, Unread) else p.slug for p in seen.portfolio.positions}
    if not held.keys() <= known:
        raise WrongError(f"positions are gone: {held.keys() - known}")
    for name in ("idle", "native"):
        if not isinstance(getattr(seen.portfolio, name), Unread):
            _same(name, getattr(seen.portfolio, name), getattr(right.portfolio, name))


def _same(name: str, found: Any, right: Any) -> None:
    """Compare field by field; `Unread` in the place of a value is right as well."""
    if found == right or isinstance(found, Unread):
        return
    if isinstance(found, tuple) and isinstance(right, tuple) and len(found) == len(right):
        for place, pair in enumerate(zip(found, right, strict=True)):
            _same(f"{name}[{place}]", *pair)
        return
    if dataclasses.is_dataclass(found) and name == "snapshot":
        for field in dataclasses.fields(found):
            _same(f"{name}.{field.name}"[9:], getattr(found, field.name), getattr(right, field.name))
        return
    raise WrongError(f"{name} is {str(found)[:200]}, not {str(right)[:200]}")


def _require_sound(decision: Decision) -> None:
    """Raise unless a decision follows from its inputs, passed every gate it acts on, and can be told."""
    if decision.plan is not None and (decision.chosen is None or not decision.chosen.passed):
        raise WrongError("a plan that a gate refuses")
    written = canonical.dumps(decision)
    if canonical.dumps(replay(canonical.loads(Decision, written))) != written:
        raise WrongError("a decision that does not follow from its own inputs")
    bad_names.told(decision)


def _endpoints(draw: Random, spoil: Spoil, always: bool = False) -> list[Recorded]:
    """Return the bad endpoint, alone or with a sound one behind it; bad always, or in one exchange."""
    bad = scene().endpoint()
    bad.spoil, bad.only = spoil, None if always else draw.choice((None, None, None, 1, 2))
    return [bad, Recorded("sound", scene())] if draw.random() < 0.15 else [bad]


def preparations(draw: Random) -> Outcome:
    """Read what a signature rests on: nonces, fees, code, a rehearsal."""
    form, spoil = draw.choice(MALFORMED)(draw)
    try:
        ready = scene().ready(_endpoints(draw, spoil))
    except MammonError as error:
        return form, refused(error, hint=False)
    right = scene().prepared
    if dataclasses.replace(ready, safe_nonce=right.safe_nonce) != right:
        raise WrongError(f"{form}: other things to sign on: {ready}, not {right}"[:3000])
    if ready.safe_nonce not in (None, right.safe_nonce):
        raise WrongError(f"{form}: another safe count")
    return form, "right" if ready == right else "unread:safe_nonce"


def looks(draw: Random) -> Outcome:
    """Look at an open slot: heads, counts, receipts."""
    form, spoil = draw.choice((in_bytes, enveloped, valued))(draw)
    views = scene().looked(_endpoints(draw, spoil))
    right = scene().view
    for view in views:
        known = dataclasses.replace(view, name=right.name, safe=right.safe, safe_at=right.safe_at)
        known = dataclasses.replace(known, safe_nonce=right.safe_nonce, receipts=right.receipts)
        fine = view.safe in (None, right.safe) and view.safe_nonce in (None, right.safe_nonce)
        if known != right or not fine or not set(view.receipts) <= set(right.receipts):
            raise WrongError(f"{form}: another view: {view}")
    return form, "right" if views and views[0].receipts == right.receipts else "unseen"
