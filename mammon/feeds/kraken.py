"""Kraken: what an exchange asks and bids for a coin in dollars, without a key.

The price is the middle of the best ask and the best bid, which are there to be taken now; a last trade
may be hours old where little is traded. The answer has no time of its own: it is as old as the asking.
A business error comes with status 200. Source: Kraken's REST documentation, public endpoint `Ticker`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import partial

from mammon.errors import MalformedError
from mammon.feeds import answers
from mammon.feeds.question import Question, Word, joined
from mammon.net.safe_text import safe_text

NAME = "kraken"
CAP = 100_000
MAX_SPREAD = Decimal("0.01")
"""Of the middle. A wider one is no market to take a price from."""

_PAIR = re.compile(r"[A-Z0-9.]{3,20}\Z")


def price_question(base: str, pairs: Mapping[str, str]) -> Question:
    """Return the question for prices; `pairs` is the exchange's own name of the pair by subject."""
    for pair in pairs.values():
        if not _PAIR.match(pair):
            raise MalformedError("bad_id", f"{pair[:60]!r} is not a pair")
    url = joined(base, f"0/public/Ticker?pair={','.join(pairs.values())}")
    return Question(NAME, tuple(pairs), url, CAP, partial(read_ticker, pairs))


def read_ticker(pairs: Mapping[str, str], body: bytes, now: int) -> Mapping[str, Word | MalformedError]:
    """Return each pair's middle price at `now`; one that is missing or has no market stands for itself."""
    answer = answers.table(answers.parsed(body), "the answer")
    errors = answer.get("error")
    if errors != []:
        first = (
            errors[0] if type(errors) is list and errors and type(errors[0]) is str else "no list of errors"
        )
        raise MalformedError("refused", f"it refused: {safe_text(first)}")
    found = answers.table(answer.get("result"), "result")
    return {subject: _middle(found.get(pair), pair, now) for subject, pair in pairs.items()}


def _middle(value: object, pair: str, now: int) -> Word | MalformedError:
    try:
        row = answers.table(value, pair)
        ask = answers.price(answers.rows(row.get("a"), "ask")[0], "ask")
        bid = answers.price(answers.rows(row.get("b"), "bid")[0], "bid")
    except MalformedError as error:
        return error
    middle = (ask + bid) / 2
    if not 0 <= ask - bid <= middle * MAX_SPREAD:
        return MalformedError("no_market", f"no market for {pair}: ask {ask}, bid {bid}")
    return middle.quantize(Decimal("1e-9")), now
