"""DefiLlama: yields of single pools and prices of coins, both without a key.

`/chart/{pool}` has one point for each day, the last one being the newest sample, taken within the last
hour or so; unlike the list of all pools it says when each was taken, and it is small. `apyBase` is in
percent and is not of one kind: what each protocol's adapter there publishes is in `PUBLISHED`.
Sources: github DefiLlama/yield-server (handlers and adapters), docs of the coins API.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Literal

from mammon.core.rates import compounded
from mammon.errors import MalformedError
from mammon.feeds import answers
from mammon.feeds.question import Question, Word, joined

NAME = "defillama"
CHART_CAP = 2_000_000
PRICES_CAP = 100_000
LEAST_CONFIDENCE = Decimal("0.9")
"""Below this the source itself does not stand by its price."""

PUBLISHED: Mapping[str, Literal["apr", "apy"]] = {
    "aave_v3": "apr",
    "compound_v3": "apr",
    "moonwell": "apy",
    "metamorpho": "apy",
    "vault_v2": "apy",
}
"""What `apyBase` is by protocol. Aave: the liquidity rate as it stands; Compound: the rate of a second times
a year's seconds; Moonwell: compounded daily; Morpho's vaults: the mean of a day, net of fees, no rewards."""

MOST_APART_S = 300
"""Two prices further apart in time than this do not compare."""
MOST_RATIO = Decimal(1000)
"""No collateral stands for so much of its coin."""

_QUANTUM = Decimal("1e-9")
_POOL = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_COIN = re.compile(r"[A-Za-z0-9-]{1,40}:[A-Za-z0-9-]{1,80}\Z")


def rate_question(base: str, slug: str, protocol: str, pool: str) -> Question:
    """Return the question for one market's yield. Raises `MalformedError` where it cannot be asked."""
    if protocol not in PUBLISHED:
        raise MalformedError("convention_unknown", f"what it publishes of {protocol} is not known")
    if not _POOL.match(pool):
        raise MalformedError("bad_id", f"{pool[:60]!r} is not the id of a pool")
    url = joined(base, f"chart/{pool}")
    return Question(NAME, (slug,), url, CHART_CAP, partial(read_chart, slug, protocol))


def price_question(base: str, coins: Mapping[str, str]) -> Question:
    """Return the question for prices; `coins` is the coin's id by subject."""
    return Question(
        NAME, tuple(coins), _prices_url(base, coins.values()), PRICES_CAP, partial(read_prices, coins)
    )


def ratio_question(base: str, ratios: Mapping[str, tuple[str, str]]) -> Question:
    """Return the question for the price of one coin over another's; `ratios` is both ids by subject."""
    coins = dict.fromkeys(coin for pair in ratios.values() for coin in pair)
    return Question(NAME, tuple(ratios), _prices_url(base, coins), PRICES_CAP, partial(read_ratios, ratios))


def _prices_url(base: str, coins: Iterable[str]) -> str:
    asked = tuple(coins)
    for coin in asked:
        if not _COIN.match(coin):
            raise MalformedError("bad_id", f"{coin[:60]!r} is not the id of a coin")
    return joined(base, f"prices/current/{','.join(asked)}?searchWidth=1h")


def read_chart(slug: str, protocol: str, body: bytes, _now: int) -> Mapping[str, Word | MalformedError]:
    """Return the newest point's base yield as a yearly yield, compounded as the venue does."""
    answer = answers.table(answers.parsed(body), "the answer")
    if answer.get("status") != "success":
        raise answers.malformed("it does not say success")
    points = answers.rows(answer.get("data"), "data")
    newest = answers.table(points[-1], "the newest point")
    at = answers.whole_seconds(newest.get("timestamp"), "timestamp")
    _require_last(points, at)
    percent = answers.number(newest.get("apyBase"), "apyBase")
    simple = answers.within(percent.scaleb(-2), Decimal(0), answers.MAX_RATE, "apyBase")
    yearly = compounded(simple) if PUBLISHED[protocol] == "apr" else simple
    return {slug: (yearly.quantize(_QUANTUM), at)}


def read_prices(coins: Mapping[str, str], body: bytes, _now: int) -> Mapping[str, Word | MalformedError]:
    """Return each coin's price; one that is missing or doubtful stands for itself."""
    found = answers.table(answers.table(answers.parsed(body), "the answer").get("coins"), "coins")
    return {subject: _price(found.get(coin), coin) for subject, coin in coins.items()}


def read_ratios(
    ratios: Mapping[str, tuple[str, str]], body: bytes, _now: int
) -> Mapping[str, Word | MalformedError]:
    """Return each ratio, as old as the older of its prices; one that is missing stands for itself."""
    found = answers.table(answers.table(answers.parsed(body), "the answer").get("coins"), "coins")
    return {
        subject: _ratio(_price(found.get(one), one), _price(found.get(other), other))
        for subject, (one, other) in ratios.items()
    }


def _ratio(one: Word | MalformedError, other: Word | MalformedError) -> Word | MalformedError:
    if isinstance(one, MalformedError):
        return one
    if isinstance(other, MalformedError):
        return other
    if abs(one[1] - other[1]) > MOST_APART_S:
        return MalformedError("apart", "its two prices are of different times")
    ratio = one[0] / other[0]
    if not _QUANTUM <= ratio <= MOST_RATIO:
        return MalformedError("out_of_range", "one of its two prices is beyond anything it can be")
    return ratio.quantize(_QUANTUM), min(one[1], other[1])


def _price(value: object, coin: str) -> Word | MalformedError:
    try:
        row = answers.table(value, coin)
        confidence = answers.number(row.get("confidence"), "confidence")
        if confidence < LEAST_CONFIDENCE:
            return MalformedError("doubtful", f"it does not stand by its price of {coin}")
        return answers.price(row.get("price"), coin), answers.whole_seconds(row.get("timestamp"), "timestamp")
    except MalformedError as error:
        return error


def _require_last(points: Sequence[object], at: int) -> None:
    """Raise unless the newest point is newer than the one before it."""
    if len(points) > 1:
        before = answers.table(points[-2], "the point before")
        if answers.whole_seconds(before.get("timestamp"), "timestamp") >= at:
            raise answers.malformed("its points are not in order")
