"""Laws of asking: everything at once, never longer than allowed, and never a raise for what a source does."""

from __future__ import annotations

import dataclasses
import time
from decimal import Decimal

import pytest

from mammon.core.types import Market, Unread
from mammon.core.witnesses import Heard
from mammon.errors import TransientError
from mammon.feeds import defillama, kraken, morpho
from mammon.feeds.asking import Asking, fetched
from mammon.feeds.ids import _listed, asset_ids, market_ids, peg_ids
from mammon.feeds.question import Question, joined
from mammon.feeds.questions import Bases, peg_questions, price_questions, rate_questions
from mammon.net.deadline import Deadline
from mammon.protocols.chains import chain
from tests.feeds import payloads
from tests.feeds.questions import BASE, COINS, PAIRS, POOL, VAULT
from tests.net import servers
from tests.net.servers import Behaviour, Peer, serving, within

NOW = payloads.AT
NAMES = ("defillama", "kraken", "morpho")
CHAIN = chain("base")
ASSET = CHAIN.token("USDC")


def bases(url: str) -> Bases:
    return Bases(url, url, url, url)


def asked(url: str, seconds: float = 0.4) -> tuple[Heard, ...]:
    """Ask for the prices at one server."""
    questions = tuple(price_questions(ASSET, NAMES, bases(url)))
    return within(10, lambda: Asking(questions, fetched, Deadline(seconds), lambda: NOW).heard())


def reply(body: bytes) -> Behaviour:
    def behave(peer: Peer) -> None:
        while peer.request() is not None:
            peer.answer(body)

    return behave


def both(peer: Peer) -> None:
    """Be DefiLlama, Kraken and Morpho, by what is asked for."""
    while peer.request() is not None:
        line = peer.head.split(b"\r\n")[0]
        if line.startswith(b"POST /graphql "):
            peer.answer(payloads.vaults(payloads.vault(VAULT)))
        elif line.startswith(b"GET /chart/"):
            peer.answer(payloads.chart())
        else:
            assert line.startswith(b"GET /")
            peer.answer(payloads.ticker() if b"Ticker?pair=" in line else payloads.coins())


def test_all_sources_are_asked_and_answer_in_their_order() -> None:
    """A figure for each subject of each question, as asked, whoever answers first."""
    questions = (
        defillama.rate_question("{}", "aave-v3", "aave_v3", POOL),
        defillama.price_question("{}", COINS),
        kraken.price_question("{}", PAIRS),
        morpho.rate_question("{}", 8453, {"vault": VAULT}),
    )
    with serving(both) as server:
        there = [dataclasses.replace(one, url=one.url.replace("{}/", server.url)) for one in questions]
        found = within(10, lambda: Asking(there, fetched, Deadline(5.0), lambda: NOW).heard())
    told = [(heard.source, heard.subject) for heard in found]
    subjects = ("asset_usd", "eth_usd")
    assert told == [
        ("defillama", "aave-v3"),
        *(("defillama", subject) for subject in subjects),
        *(("kraken", subject) for subject in subjects),
        ("morpho", "vault"),
    ]
    assert all(heard.value is not None and heard.asked == NOW for heard in found)
    assert found[1].value == Decimal("0.99981")


@pytest.mark.parametrize(
    ("behave", "code"),
    [
        (servers.silence, "deadline"),
        (servers.drip_head, "deadline"),
        (servers.drip_body, "deadline"),
        (servers.promised_hang, "deadline"),
        (servers.endless, "too_large"),
        (servers.promised_gigabyte, "too_large"),
        (servers.gzip_bomb, "too_large"),
        (servers.cut_short, "closed"),
        (servers.status("429 Too Many Requests", "Retry-After: 1000000000"), "rate_limited"),
        (servers.status("500 Internal Server Error"), "http_500"),
        (servers.status("400 Bad Request"), "http_400"),
        (servers.status("302 Found", "Location: http://169.254.169.254/"), "redirect"),
        (servers.replying(b"SSH-2.0-OpenSSH_9.6\r\n"), "http"),
        (reply(b"<html>Sign in</html>"), "malformed"),
    ],
    ids=["silence", "head", "body", "hang", "endless", "gigabyte", "bomb", "cut", "429", "500", "400", "302",
         "ssh", "html"],
)  # fmt: skip
def test_whatever_a_server_does_is_an_unread_within_the_time(behave: Behaviour, code: str) -> None:
    """Each subject has its code; all together take no longer than the one deadline and a moment."""
    if behave is servers.gzip_bomb:
        servers.bomb()  # making it takes longer than the source is given
    began = time.monotonic()
    with serving(behave) as server:
        found = asked(server.url)
    assert time.monotonic() - began < 2.5
    assert len(found) == 4
    for heard in found:
        assert isinstance(heard.word, Unread)
        assert heard.code == code
        assert server.url not in heard.reason


def test_a_slow_source_costs_the_others_nothing() -> None:
    """One that never answers, one that does."""
    with serving(servers.silence) as silent, serving(both) as quick:
        questions = (
            *price_questions(ASSET, ("kraken",), bases(silent.url)),
            *price_questions(ASSET, ("defillama",), bases(quick.url)),
        )
        found = within(10, lambda: Asking(questions, fetched, Deadline(0.4), lambda: NOW).heard())
    assert [heard.code for heard in found] == ["deadline", "deadline", "", ""]


def test_a_thread_that_outlasts_its_time_is_left_behind() -> None:
    """What does not keep to its deadline is not waited for."""

    def endless(_question: Question, _deadline: object) -> bytes:
        time.sleep(3)
        return payloads.coins()

    question = defillama.price_question(BASE, COINS)
    began = time.monotonic()
    found = Asking([question] * 6, endless, Deadline(0.1), lambda: NOW).heard()
    assert time.monotonic() - began < 1.0
    assert {heard.code for heard in found} == {"deadline"}
    assert len(found) == 12


def test_a_url_that_cannot_be_asked_is_an_unread_too() -> None:
    """Plain http to somewhere else, a port that is none."""
    for url in ("http://example.org/", "https://host:99999/"):
        assert {heard.code for heard in asked(url)} == {"url"}


def test_one_question_is_asked_once() -> None:
    """A source that fails is asked again in minutes: no second attempt in between."""
    times = []

    def failing(_question: Question, _deadline: object) -> bytes:
        times.append(1)
        raise TransientError("connect", "refused")

    Asking([kraken.price_question(BASE, PAIRS)], failing, Deadline(1.0), lambda: NOW).heard()
    assert len(times) == 1


# --- names ---------------------------------------------------------------------------------------


def test_every_listed_name_belongs_to_a_shipped_market() -> None:
    """What `ids.toml` lists is there, of the protocol it says, and depositable; each name has its source."""
    markets, assets, _ = _listed()
    shipped = {(market.id.chain_id, market.id.address): market for market in CHAIN.markets}
    for place, ids in markets.items():
        assert shipped[place].protocol == ids.protocol
        assert shipped[place].deposits
        assert ids.source
        assert bool(ids.defillama) != ids.morpho
    assert list(assets) == [(ASSET.chain_id, ASSET.address)]
    pools = [ids.defillama for ids in markets.values() if ids.defillama]
    assert len(pools) == len(set(pools))


def test_every_peg_has_a_witness() -> None:
    """Each that the chain file lists is asked about by its own address; nobody else is."""
    (asked,) = peg_questions(CHAIN.chain_id, CHAIN.pegs, NAMES, bases(BASE))
    assert asked.subjects == tuple(peg.subject for peg in CHAIN.pegs)
    for peg in CHAIN.pegs:
        ids = peg_ids(CHAIN.chain_id, peg.token)
        assert ids is not None
        assert ids.token == f"base:{peg.token}"
        assert ids.coin == ("coingecko:ethereum" if peg.wrapped else "coingecko:bitcoin")
        assert ids.source
    assert len(_listed()[2]) == len(CHAIN.pegs)
    assert list(peg_questions(10, CHAIN.pegs, NAMES, bases(BASE))) == []
    assert list(peg_questions(CHAIN.chain_id, CHAIN.pegs, ("kraken",), bases(BASE))) == []


def test_every_market_that_may_be_entered_has_a_witness() -> None:
    """Of those that ship switched on, each can be asked about somewhere."""
    questions = list(rate_questions(CHAIN.markets, NAMES, bases(BASE)))
    known = {subject for question in questions for subject in question.subjects}
    assert {market.slug for market in CHAIN.markets if market.deposits} == known


def test_a_market_is_known_by_its_contract_and_not_by_its_name() -> None:
    """Another contract of the same slug, another chain, or a contract of many markets: no witness."""
    aave = CHAIN.market("aave-v3")
    assert market_ids(aave) is not None
    elsewhere: list[Market] = [
        dataclasses.replace(aave, id=dataclasses.replace(aave.id, address=CHAIN.multicall3)),
        dataclasses.replace(aave, id=dataclasses.replace(aave.id, chain_id=10)),
        dataclasses.replace(aave, id=dataclasses.replace(aave.id, key="0x01")),
        dataclasses.replace(aave, protocol="compound_v3"),
    ]
    assert [market_ids(market) for market in elsewhere] == [None] * 4
    assert asset_ids(dataclasses.replace(ASSET, chain_id=10)) is None
    assert list(price_questions(dataclasses.replace(ASSET, chain_id=10), NAMES, bases(BASE))) == []


def test_only_those_who_are_named_are_asked() -> None:
    """With nobody named nobody is asked; a key in a base stays in front of the path."""
    assert list(price_questions(ASSET, (), bases(BASE))) == []
    assert list(rate_questions(CHAIN.markets, (), bases(BASE))) == []
    (only,) = rate_questions(CHAIN.markets, ("morpho",), bases(BASE))
    assert only.source == "morpho"
    assert joined("https://pro.example/KEY/yields/", "chart/x") == "https://pro.example/KEY/yields/chart/x"
