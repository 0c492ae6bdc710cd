"""Answers of outside sources that none gives, and answers that lie: neither ever makes a trade.

A right answer is spoilt. Of what is no answer nothing may be heard; of a spoilt value either nothing, or a
figure that could be. Whatever is heard, a decision stands, replays to the same bytes, and is the one that is
made without any source, or to hold.
"""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from random import Random
from typing import Any

from mammon.core import canonical
from mammon.core.decide import Decision, decide, replay
from mammon.core.policy import Policy
from mammon.core.tracks import Witness
from mammon.core.types import MarketState, Pegged
from mammon.core.witnesses import Heard, words
from mammon.errors import MalformedError
from mammon.feeds import answers, defillama, kraken, morpho
from mammon.feeds.asking import read
from mammon.feeds.question import Question
from tests.core.build import NOW, portfolio, snapshot, state
from tests.core.test_collateral import RATE, STANDS, WRAPS, feed
from tests.feeds import payloads
from tests.feeds.questions import BASE, COINS, PAIRS, POOL, RATIOS, VAULT
from tests.reliability.bad_forms import Outcome, WrongError, hostile, leaves, placed, refused, spoilt

MOMENT = "2025-12-31T23:59:00.123456Z"
"""A minute before the block."""
IMPOSSIBLE: tuple[Any, ...] = (
    None, True, [], {}, "", "x", "0x1", "NaN", -5, -0.01, 10**9, 1e300, "1e999", 10**30, [[1]], {"a": 1},
)  # fmt: skip
"""What stands for no figure, no time and no name."""
LIES = (0.5, 0.9, 0.99, 1.02, 2, 100)
"""By what a lying source multiplies."""


def sources(draw: Random) -> Outcome:
    """Hear one source's spoilt answer, and decide on it."""
    question, right = draw.choice(_questions())
    if draw.random() < 0.4:
        form, body = spoilt(right, draw)
        heard = read(question, body, NOW, NOW)
        if any(one.value is not None for one in heard):
            raise WrongError(f"{question.source}: a figure was heard of {form}")
    else:
        form, body = _changed(right, draw)
        heard = read(question, body, NOW, NOW)
    _told(heard)
    decision = _decided(heard)
    if decision.action == "move" and decision.plan != _bare().plan:
        raise WrongError(f"{question.source}: {form} made another trade")
    if canonical.dumps(replay(decision)) != canonical.dumps(decision):
        raise WrongError(f"{question.source}: {form} does not replay")
    codes = sorted({one.code for one in heard if one.value is None})
    return f"{question.source}: {form}", codes[
        0
    ] if codes else "held" if decision.action == "hold" else "right"


def _changed(right: bytes, draw: Random) -> tuple[str, bytes]:
    plain = json.loads(right)
    path = draw.choice(leaves(plain))
    was: Any = plain
    for step in path:
        was = was[step]
    if isinstance(was, int | float) and not isinstance(was, bool) and draw.random() < 0.5:
        return "a lie", json.dumps(placed(plain, path, was * draw.choice(LIES))).encode()
    new = hostile(draw) if draw.random() < 0.2 else draw.choice(IMPOSSIBLE)
    return "a value", json.dumps(placed(plain, path, new)).encode("utf-8", "surrogatepass")


def _told(heard: tuple[Heard, ...]) -> None:
    """Hold what was heard to what each must be."""
    for one in heard:
        if one.value is None:
            refused(MalformedError(one.code, one.reason), hint=False)
            continue
        word = one.word
        if not isinstance(word, Witness) or not 0 <= word.value <= answers.MAX_PRICE:
            raise WrongError(f"{one.source}: an impossible figure was heard: {one.value}")


def _decided(heard: tuple[Heard, ...]) -> Decision:
    shot = dataclasses.replace(_bare().snapshot, witnesses=words(heard))
    return decide(shot, _bare().portfolio, Policy(), NOW + 2)


@cache
def _bare() -> Decision:
    """Return the decision that is made where nobody is asked: a move."""
    good = state("good")
    assert isinstance(good, MarketState)
    at_par = (Pegged(STANDS, feed("83000"), feed("83000")), Pegged(WRAPS, feed(RATE), feed(RATE)))
    found = decide(snapshot(good, pegs=at_par), portfolio(), Policy(), NOW + 2)
    assert found.action == "move"
    return found


@cache
def _questions() -> tuple[tuple[Question, bytes], ...]:
    """Return one question of each kind with its right answer; on the right one everything agrees."""
    coin = {"timestamp": NOW - 60}
    ticker = payloads.ticker(
        USDCUSD=payloads.pair("1.0001", "0.9999"), XETHZUSD=payloads.pair("3001", "2999")
    )
    coins = payloads.coins(usd_coin={**coin, "price": 1.0}, ethereum={**coin, "price": 3000})
    chart = payloads.chart(payloads.point(2.69, "2025-12-31T00:00:00Z"), payloads.point(2.69, MOMENT))
    found = (
        (defillama.rate_question(BASE, "good", "aave_v3", POOL), chart),
        (defillama.price_question(BASE, COINS), coins),
        (defillama.ratio_question(BASE, RATIOS), payloads.ratios(**dict.fromkeys(payloads.COINS, coin))),
        (kraken.price_question(BASE, PAIRS), ticker),
        (morpho.rate_question(BASE, 8453, {"good": VAULT}), payloads.vaults(payloads.vault(VAULT, 0.027))),
    )
    for question, body in found:
        heard = read(question, body, NOW, NOW)
        assert all(one.value is not None for one in heard), heard
        assert _decided(heard).plan == _bare().plan, question
    return found
