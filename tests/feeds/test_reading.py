"""What each source says, normalised to one convention: a yield of a year, base only; dollars for a coin."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mammon.core.rates import compounded
from mammon.errors import MalformedError
from mammon.feeds import defillama, kraken, morpho
from mammon.feeds.asking import read
from mammon.feeds.question import Question
from tests.feeds.payloads import AT, chart, coins, pair, point, ratios, ticker, vault, vaults
from tests.feeds.questions import BASE, COINS, PAIRS, POOL, RATIOS, VAULT

NINE = Decimal("1e-9")


def rate(protocol: str, body: bytes) -> Any:
    """What is heard of one market: its value and its time, else the code."""
    (heard,) = read(defillama.rate_question(BASE, "m", protocol, POOL), body, 5, 10)
    return heard.code if heard.value is None else (heard.value, heard.at)


def price(question: Question, body: bytes, subject: str = "asset_usd") -> Any:
    found = {heard.subject: heard for heard in read(question, body, 5, AT)}
    return found[subject].code if found[subject].value is None else (found[subject].value, found[subject].at)


# --- DefiLlama's yields --------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["aave_v3", "compound_v3"])
def test_a_simple_rate_is_compounded_as_the_venue_does(protocol: str) -> None:
    """What those adapters publish is simple: 3.45 % there is 3.51 % of ours."""
    value, at = rate(protocol, chart())
    assert value == compounded(Decimal("0.0345")).quantize(NINE)
    assert value > Decimal("0.0351")
    assert at == AT - 3528


@pytest.mark.parametrize("protocol", ["moonwell", "metamorpho", "vault_v2"])
def test_a_yield_that_is_compounded_already_is_taken_as_it_is(protocol: str) -> None:
    """Compounding it once more would put a venue above the others by nothing."""
    assert rate(protocol, chart())[0] == Decimal("0.0345")


def test_the_newest_point_speaks_and_its_base_alone() -> None:
    """Not the total with rewards, and not the day before."""
    body = chart(point(9, "2026-11-19T23:01:12.345Z"), point(1, apy=5, apyReward=4))
    assert rate("moonwell", body)[0] == Decimal("0.01")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (chart(point(None)), "malformed"),
        (chart(point("NaN")), "malformed"),
        (chart(point(True)), "malformed"),
        (chart(point(-5)), "out_of_range"),
        (chart(point(200.1)), "out_of_range"),
        (chart(point(10**9)), "out_of_range"),
        (chart(point(3, None)), "malformed"),
        (chart(point(3, "yesterday")), "malformed"),
        (chart(point(3, "2026-11-21T00:00:00Z"), point(3)), "malformed"),
        (chart(point(), point()), "malformed"),
        (chart(status="error"), "malformed"),
        (chart(data=None), "malformed"),
        (b'"invalid configID!"', "malformed"),
    ],
)
def test_a_poisoned_chart_says_nothing(body: bytes, code: str) -> None:
    """No base, no number, beyond anything, no time, points out of order: a code in place of a figure."""
    assert rate("moonwell", body) == code


def test_a_yield_of_200_percent_is_the_last_that_is_taken() -> None:
    """And one of nothing is a figure like any other."""
    assert rate("moonwell", chart(point(200)))[0] == 2
    assert rate("aave_v3", chart(point(0)))[0] == 0


# --- prices --------------------------------------------------------------------------------------


def test_a_coins_price_comes_with_its_own_time() -> None:
    """As old as the source says it is."""
    asked = defillama.price_question(BASE, COINS)
    assert price(asked, coins()) == (Decimal("0.99981"), AT - 60)
    assert price(asked, coins(usd_coin={"confidence": 0.9})) == (Decimal("0.99981"), AT - 60)
    assert price(asked, coins(), "eth_usd") == (Decimal("2448.1"), AT - 60)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"confidence": 0.89}, "doubtful"),
        ({"confidence": None}, "malformed"),
        ({"price": 0}, "out_of_range"),
        ({"price": -1}, "out_of_range"),
        ({"price": 1e8}, "out_of_range"),
        ({"price": None}, "malformed"),
        ({"timestamp": "soon"}, "malformed"),
    ],
)
def test_one_doubtful_price_leaves_the_other(change: dict[str, Any], code: str) -> None:
    """What is wrong with one coin is no matter of the other."""
    asked = defillama.price_question(BASE, COINS)
    assert price(asked, coins(usd_coin=change)) == code
    assert price(asked, coins(usd_coin=change), "eth_usd")[0] == Decimal("2448.1")


# --- what collateral is worth --------------------------------------------------------------------


def ratio(subject: str, **changes: Any) -> Any:
    return price(defillama.ratio_question(BASE, RATIOS), ratios(**changes), subject)


def test_a_collateral_speaks_by_its_price_over_its_coins() -> None:
    """Two prices of one answer, as old as the older; one coin is asked about once for all it backs."""
    assert ratio("peg:cbBTC") == (Decimal("1.000405023"), AT - 60)
    assert ratio("peg:cbETH") == (Decimal("1.141057091"), AT - 60)
    assert ratio("peg:cbETH", ethereum={"timestamp": AT - 200})[1] == AT - 200
    assert ratio("peg:cbETH", cbETH={"timestamp": AT - 200})[1] == AT - 200
    asked = defillama.ratio_question(BASE, RATIOS)
    assert asked.url.count("coingecko:ethereum") == 1
    assert asked.subjects == tuple(RATIOS)


def test_prices_of_different_times_do_not_compare() -> None:
    """A coin moves by more than a peg allows in the time between them."""
    assert ratio("peg:cbETH", ethereum={"timestamp": AT - 360})[1] == AT - 360
    assert ratio("peg:cbETH", ethereum={"timestamp": AT - 361}) == "apart"
    assert ratio("peg:cbETH", cbETH={"timestamp": AT - 361}) == "apart"


@pytest.mark.parametrize(("usd", "found"), [(2507070, True), (2507071, False), (2.5e-6, False)])
def test_a_ratio_that_cannot_be_is_none(usd: float, found: bool) -> None:
    """A thousand of its coin is the most; less than the ninth place is nothing."""
    said = ratio("peg:cbETH", cbETH={"price": usd})
    assert (said == (Decimal(1000), AT - 60)) == found
    assert (said == "out_of_range") != found


@pytest.mark.parametrize(
    ("change", "code"), [({"price": 0}, "out_of_range"), ({"confidence": 0.5}, "doubtful")]
)
def test_one_price_that_is_wrong_takes_what_rests_on_it(change: dict[str, Any], code: str) -> None:
    """A token's takes its own, a coin's takes those of all that stand for it, and no other."""
    assert ratio("peg:cbETH", cbETH=change) == code
    assert ratio("peg:wstETH", cbETH=change) == ratio("peg:wstETH")
    assert ratio("peg:cbETH", ethereum=change) == ratio("peg:wstETH", ethereum=change) == code
    assert ratio("peg:cbBTC", ethereum=change) == ratio("peg:cbBTC")


def test_an_exchange_speaks_by_the_middle_of_its_book() -> None:
    """Between the best ask and the best bid, at the time of the answer; the last trade plays no part."""
    asked = kraken.price_question(BASE, PAIRS)
    assert price(asked, ticker()) == (Decimal("0.99985"), AT)
    assert price(asked, ticker(), "eth_usd") == (Decimal("2448.1"), AT)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (pair("1.02", "0.98"), "no_market"),
        (pair("0.99", "1.0"), "no_market"),
        (pair("0", "1.0"), "out_of_range"),
        ({"a": [], "b": ["1"]}, "malformed"),
        ({"a": ["1"]}, "malformed"),
        (None, "malformed"),
    ],
)
def test_a_book_that_is_no_market_gives_no_price(said: Any, code: str) -> None:
    """A wide spread, a crossed or an empty book, a side that is missing."""
    asked = kraken.price_question(BASE, PAIRS)
    assert price(asked, ticker(USDCUSD=said)) == code
    assert price(asked, ticker(USDCUSD=said), "eth_usd")[0] == Decimal("2448.1")


def test_an_exchanges_refusal_is_told_in_its_words_made_printable() -> None:
    """It comes with status 200."""
    (heard, _) = read(kraken.price_question(BASE, PAIRS), b'{"error":["EQuery:\\u001b[2J no"]}', 5, 10)
    assert heard.code == "refused"
    assert heard.reason == "kraken: it refused: EQuery:\\x1b[2J no"


# --- Morpho --------------------------------------------------------------------------------------


def test_a_vault_speaks_for_itself_by_its_address() -> None:
    """One request for all; a vault that is another one, or is missing, stands for itself."""
    listed = {"a": VAULT, "b": VAULT.replace("1", "2"), "c": VAULT.replace("1", "3")}
    asked = morpho.rate_question(BASE, 8453, listed)
    assert asked.body.count(b"chainId:8453") == 3
    body = vaults(vault(VAULT), vault(VAULT), None)
    assert price(asked, body, "a") == (Decimal("0.0412"), AT)
    assert price(asked, body, "b") == "malformed"
    assert price(asked, body, "c") == "malformed"


@pytest.mark.parametrize(
    ("said", "code"), [(418.0, "out_of_range"), (-0.1, "out_of_range"), (None, "malformed")]
)
def test_an_absurd_yield_is_dropped(said: Any, code: str) -> None:
    """Bad adapters there have shown 41,800 %."""
    asked = morpho.rate_question(BASE, 8453, {"a": VAULT})
    assert price(asked, vaults(vault(VAULT, said)), "a") == code


def test_an_error_of_the_api_is_told() -> None:
    """Errors come beside no data, with status 200."""
    asked = morpho.rate_question(BASE, 8453, {"a": VAULT})
    (heard,) = read(
        asked, b'{"errors":[{"message":"No results matching given parameters"}],"data":null}', 5, 10
    )
    assert (heard.code, heard.reason) == (
        "refused",
        "morpho: it refused: No results matching given parameters",
    )


# --- questions -----------------------------------------------------------------------------------


def test_what_cannot_be_asked_is_refused_before_it_is() -> None:
    """An id that is none would ask for something else; of some protocols the convention is not known."""
    for ask in (
        lambda: defillama.rate_question(BASE, "m", "aave_v3", "../pools"),
        lambda: defillama.rate_question(BASE, "m", "euler_v2", POOL),
        lambda: defillama.price_question(BASE, {"asset_usd": "coingecko:usd-coin?x=1"}),
        lambda: defillama.ratio_question(BASE, {"peg:x": ("coingecko:bitcoin", "base:0x1,y")}),
        lambda: kraken.price_question(BASE, {"asset_usd": "USDCUSD&x=1"}),
        lambda: morpho.rate_question(BASE, 8453, {"a": '0x1"){x}'}),
    ):
        with pytest.raises(MalformedError):
            ask()
