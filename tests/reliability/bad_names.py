"""Names from outside in everything that is rendered: tables, sentences, documents, refusals, notes."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterable
from functools import cache
from random import Random
from typing import Any

from mammon.cli.documents import Identity, amount, written
from mammon.cli.output import Output
from mammon.cli.scan import ScanData
from mammon.cli.scan import shown as scan_shown
from mammon.core.decide import Decision, decide
from mammon.core.policy import Policy
from mammon.core.types import MarketState, Unread
from mammon.errors import OutsideError
from mammon.reporting.explanation import explanation
from mammon.reporting.figures import market_figures
from mammon.reporting.tables import Table
from tests.core.build import NOW, portfolio, position, snapshot, state
from tests.reliability.bad_forms import Outcome, WrongError, hostile, printed, process, refused


class _Terminal(io.StringIO):
    """A stream with a person behind it."""

    def isatty(self) -> bool:
        return True


@cache
def _sound() -> Decision:
    held = position(state("low"), 5_000 * 10**6)
    return decide(snapshot(state("high"), state("low")), portfolio(10**10, held), Policy(), NOW)


def told(decision: Decision) -> None:
    """Tell a decision as `explain` does, and hold what is written to what a terminal can print."""
    _rendered(explanation(decision), terminal=False)


def names(draw: Random) -> Outcome:
    """Put a hostile text into one place, and render everything in which it can stand."""
    place = draw.choice(sorted(PLACES))
    PLACES[place](hostile(draw), draw)
    return place, "right"


def _rendered(parts: Iterable[Table | str], terminal: bool) -> None:
    where, out, _ = process()
    if terminal:
        where.stdout = out = _Terminal()
        where.environment = {"NO_COLOR": "1"}
    Output(where, json=False, quiet=False).result(lambda: "", lambda: parts)
    printed(out.getvalue())


def _everywhere(decision: Decision, draw: Random) -> None:
    """Render a decision told, as its scan, or as its document; now and then on a terminal."""
    held, form = decision.snapshot, draw.randrange(3)
    terminal = draw.random() < 0.05  # much dearer
    if form == 0:
        _rendered(explanation(decision), terminal)
        return
    if form == 1:
        figures = market_figures(held, 10**9, 10)
        data = ScanData(amount(10**9, 6), figures, 0, (), 1, held, decision.portfolio)
        _rendered(scan_shown(None, data, None), terminal)  # type: ignore[arg-type]  # draws no curve
        return
    where, out, _ = process()
    text = written(
        "gates", decision, Identity("mock", held.chain_id, decision.portfolio.owner), NOW, held.block
    )
    Output(where, json=True, quiet=False).result(lambda: text, tuple)
    printed(out.getvalue(), widest=None)
    if json.loads(out.getvalue()) != json.loads(text):
        raise WrongError("the document says something else than was written")


def _market(text: str, draw: Random) -> None:
    base, field = _sound(), draw.choice(("slug", "note", "symbol", "protocol"))
    first = base.snapshot.markets[0]
    assert isinstance(first, MarketState)
    market = first.market
    if field == "symbol":
        market = dataclasses.replace(market, token=dataclasses.replace(market.token, symbol=text))
    else:
        market = dataclasses.replace(market, **{field: text})
    seen = (dataclasses.replace(first, market=market), *base.snapshot.markets[1:])
    shot = dataclasses.replace(base.snapshot, markets=seen)
    _everywhere(dataclasses.replace(base, snapshot=shot), draw)


def _asset(text: str, draw: Random) -> None:
    base = _sound()
    asset = dataclasses.replace(base.portfolio.asset, symbol=text)
    _everywhere(
        dataclasses.replace(
            base,
            snapshot=dataclasses.replace(base.snapshot, asset=asset),
            portfolio=dataclasses.replace(base.portfolio, asset=asset),
        ),
        draw,
    )


def _move(text: str, draw: Random) -> None:
    base = _sound()
    assert base.chosen is not None
    move = dataclasses.replace(base.chosen.move, **{draw.choice(("source", "target")): text})
    _everywhere(dataclasses.replace(base, chosen=dataclasses.replace(base.chosen, move=move)), draw)


def _verdict(text: str, draw: Random) -> None:
    base = _sound()
    assert base.chosen is not None
    changed = {draw.choice(("gate", "detail", "unit")): text}
    verdicts = (dataclasses.replace(base.chosen.verdicts[0], **changed), *base.chosen.verdicts[1:])
    _everywhere(dataclasses.replace(base, chosen=dataclasses.replace(base.chosen, verdicts=verdicts)), draw)


def _unread(text: str, draw: Random) -> None:
    fields: dict[str, Any] = {"subject": "x", "code": "timeout", "reason": "none"}
    fields[draw.choice(sorted(fields))] = text
    blind = Unread(**fields)
    shot = snapshot(state("high"), blind, eth_usd=draw.choice((blind, _sound().snapshot.eth_usd)))
    _everywhere(decide(shot, portfolio(10**10, blind), Policy(), NOW), draw)


def _refusal(text: str, draw: Random) -> None:
    refused(OutsideError("rpc", f"the endpoint says: {text}.", f"see {text}."))


def _note(text: str, draw: Random) -> None:
    where, _, err = process()
    Output(where, json=False, quiet=False).note(text)
    printed(err.getvalue())


def _progress(text: str, draw: Random) -> None:
    where, _, _ = process()
    where.stderr = err = _Terminal()
    Output(where, json=False, quiet=False).progress(text)
    printed(err.getvalue().removeprefix("\r\x1b[K"))


PLACES = {
    "a market": _market,
    "an asset": _asset,
    "a move": _move,
    "a verdict": _verdict,
    "an unread value": _unread,
    "a refusal": _refusal,
    "a note": _note,
    "progress": _progress,
}
