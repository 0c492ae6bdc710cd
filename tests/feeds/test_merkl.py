"""Merkl's answers: read strictly, none of them can do more than be refused, and none is waited for long."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.address import checksummed
from mammon.core.numbers import Units
from mammon.core.rewards import Quote
from mammon.errors import DeadlinePassedError, MalformedError, OutsideError
from mammon.feeds import merkl
from mammon.feeds.merkl import Granted
from mammon.net.deadline import Deadline
from mammon.net.http import HttpTransport
from tests.net.servers import Behaviour, Peer, serving, within

CHAIN, NOW = 8453, 1_795_219_200
WELL = checksummed("0xA88594D404727625A9437C3f886C7643872296AE")
VAULT = checksummed("0xc1256Ae5FF1cf2719D4937adb3bbCCab2E00A2Ca")
HASHES = ["0x" + "ab" * 32, "0x" + "cd" * 32]


def reward(**changes: Any) -> dict[str, Any]:
    """Return one token's row, after the published form."""
    row = {
        "token": {"address": WELL, "symbol": "WELL", "decimals": 18, "price": 0.02},
        "amount": "5000000000000000000",
        "claimed": "1000000000000000000",
        "pending": "250000000000000000",
        "proofs": HASHES,
        "breakdowns": [],
    }
    return {**row, **changes}


def rewards(*rows: Any, chain: Any = CHAIN) -> bytes:
    return json.dumps([{"chain": {"id": chain, "name": "Base"}, "rewards": list(rows)}]).encode()


def campaign(**changes: Any) -> dict[str, Any]:
    row = {
        "chainId": CHAIN,
        "identifier": VAULT,
        "name": "Supply USDC",
        "status": "LIVE",
        "action": "LEND",
        "apr": 1.2,
        "nativeApr": 4.1,
        "tvl": 31000000,
        "aprRecord": {
            "breakdowns": [{"type": "CAMPAIGN", "distributionType": "DUTCH_AUCTION", "value": 1.2}]
        },
        "rewardsRecord": {"breakdowns": [{"token": {"address": WELL, "symbol": "WELL"}}]},
    }
    return {**row, **changes}


def quotes(*rows: Any) -> list[Any]:
    count, found = merkl.programmes(json.dumps(rows).encode(), {VAULT: "flagship"}, CHAIN, NOW)
    assert count == len(rows)
    return [one.pays for one in found]


# --- grants ----------------------------------------------------------------------------------------


def test_what_is_granted_is_all_that_was_ever_earned() -> None:
    """Not what is left of it, which the chain knows better, and nothing that is pending."""
    found = merkl.grants(rewards(reward()), CHAIN, {WELL})
    assert found.known == {WELL: Granted(Units(5 * 10**18), (b"\xab" * 32, b"\xcd" * 32))}
    assert found.others == ()


def test_other_chains_and_other_tokens_are_none_of_ours() -> None:
    """A stranger's token is named, so that a person can look at it; its text is made fit to print."""
    spam = reward(token={"address": VAULT, "symbol": "\x1b[2J" + "x" * 50})
    found = merkl.grants(rewards(spam), CHAIN, {WELL})
    assert found.known == {}
    assert len(found.others[0]) <= 16
    assert found.others[0].isprintable()
    assert merkl.grants(rewards(reward(), chain=1), CHAIN, {WELL}).known == {}
    assert merkl.grants(b"[]", CHAIN, {WELL}).known == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": 5},
        {"amount": "-5"},
        {"amount": "1e18"},
        {"amount": "9" * 64},
        {"amount": None},
        {"proofs": None},
        {"proofs": "0xab"},
        {"proofs": ["0xab"]},
        {"proofs": [5]},
        {"proofs": ["0x" + "ab" * 32] * 65},
    ],
)
def test_one_row_that_makes_no_sense_is_refused_by_itself(changes: dict[str, Any]) -> None:
    """It grants nothing; what stands beside it does."""
    found = merkl.grants(rewards(reward(**changes)), CHAIN, {WELL})
    assert isinstance(found.known[WELL], MalformedError)


def test_a_token_that_stands_twice_grants_nothing() -> None:
    """Neither the first nor the last is taken."""
    assert isinstance(merkl.grants(rewards(reward(), reward()), CHAIN, {WELL}).known[WELL], MalformedError)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{}",
        b"[5]",
        b"[{}]",
        b'[{"chain": {"id": "base"}, "rewards": []}]',
        b'[{"chain": {"id": NaN}, "rewards": []}]',
        b'[{"chain": {"id": 8453}, "rewards": {}}]',
        b'[{"chain": {"id": 8453}, "rewards": [5]}]',
        b'[{"chain": {"id": 8453}, "rewards": [{"token": {"address": "0x1"}}]}]',
        b'[{"chain": {"id": 8453}, "rewards": [{"token": {"address": 7}}]}]',
        b"[" * 10_000,
        b'[{"chain": {"id": 8453, "id": 1}, "rewards": []}]',
        rewards(reward(token={"address": WELL.swapcase().replace("0X", "0x")})),
    ],
)
def test_an_answer_that_is_none_is_refused_as_a_whole(body: bytes) -> None:
    """Typed, whatever it is."""
    with pytest.raises(MalformedError):
        merkl.grants(body, CHAIN, {WELL})


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["chain", "id", "rewards", "token", "address", "amount", "proofs", "identifier",
                         "apr", "nativeApr", "tvl", "earliestCampaignEnd", "liveCampaigns", "aprRecord",
                         "rewardsRecord", "breakdowns"]), inner, max_size=5
    ),
    max_leaves=20,
)  # fmt: skip


@given(_JSON)
def test_nothing_it_may_say_raises_anything_else(value: Any) -> None:
    """Both readers, on any JSON at all."""
    body = json.dumps(value).encode()
    for read in (
        lambda: merkl.grants(body, CHAIN, {WELL}),
        lambda: merkl.programmes(body, {VAULT: "flagship"}, CHAIN, NOW),
    ):
        try:
            read()
        except MalformedError:
            continue


# --- campaigns -------------------------------------------------------------------------------------


def test_a_campaigns_rate_is_in_percent() -> None:
    """A hundredth of what is told, told now, on the market it names."""
    assert quotes(campaign()) == [Quote(Decimal("0.012"), NOW, False, Decimal("0.041"), Decimal(31_000_000))]
    bare = quotes(campaign(identifier=VAULT.lower(), nativeApr=None, tvl=None))[0]
    assert (bare.native_apr, bare.shared_usd) == (None, None)


@pytest.mark.parametrize(
    ("told", "due"),
    [
        ({}, None),
        ({"latestCampaignEnd": "1800000000"}, None),
        ({"latestCampaignEnd": "1800000000", "liveCampaigns": 2}, None),
        ({"latestCampaignEnd": "1800000000", "liveCampaigns": 1}, 1_800_000_000),
        ({"earliestCampaignEnd": 1799000000, "latestCampaignEnd": "1800000000"}, 1_799_000_000),
        ({"earliestCampaignEnd": "1799000000", "liveCampaigns": 7}, 1_799_000_000),
        ({"earliestCampaignEnd": str(NOW)}, NOW),
        ({"earliestCampaignEnd": str(NOW - 1)}, None),
    ],
)
def test_a_rate_of_several_campaigns_holds_until_the_first_ends(told: dict[str, Any], due: int) -> None:
    """Text or number; of several only the first end counts, and of what is live none that has passed."""
    body = json.dumps([campaign(**told)]).encode()
    (found,) = merkl.programmes(body, {VAULT: "flagship"}, CHAIN, NOW)[1]
    assert found.ends == due


@pytest.mark.parametrize("kind", sorted(merkl.NET))
def test_a_net_target_is_told_as_one(kind: str) -> None:
    """Alone or beside another kind: the market's own rate then comes off (`core.rewards`)."""
    net = {"distributionType": kind, "value": 5}
    other = {"distributionType": "DUTCH_AUCTION", "value": 1}
    for parts in ([net], [other, net]):
        (found,) = quotes(campaign(apr=6, aprRecord={"breakdowns": parts}))
        assert found.net


@pytest.mark.parametrize(
    "changes",
    [
        {"identifier": checksummed("0x" + "1" * 40)},
        {"identifier": None},
        {"apr": "lots"},
        {"apr": -1},
        {"apr": 2001},
        {"nativeApr": -1},
        {"tvl": -1},
        {"tvl": 10**13},
        {"tvl": "much"},
        {"earliestCampaignEnd": "soon"},
        {"earliestCampaignEnd": -1},
        {"earliestCampaignEnd": []},
        {"aprRecord": {"breakdowns": []}},
        {"aprRecord": None},
        {"rewardsRecord": {"breakdowns": [{"token": {"address": "0x1"}}]}},
        {"rewardsRecord": {}},
    ],
)
def test_a_campaign_elsewhere_or_of_no_sense_is_left_out(changes: dict[str, Any]) -> None:
    """Nothing is counted of it; the one beside it is."""
    assert quotes(campaign(**changes), campaign()) == quotes(campaign())


def test_its_addresses_carry_what_is_asked_and_no_more() -> None:
    """The account stands in one of them: whoever is asked learns it."""
    assert merkl.rewards_url("https://x/", CHAIN, WELL) == f"https://x/v4/users/{WELL}/rewards?chainId=8453"
    found = merkl.opportunities_url("https://x", CHAIN, 2)
    assert found == "https://x/v4/opportunities?chainId=8453&status=LIVE&action=LEND&items=100&page=2"


# --- over the network ------------------------------------------------------------------------------


def fetched(behave: Behaviour, seconds: float = 0.4, cap: int = merkl.BYTE_CAP) -> bytes:
    """Ask a server for an account's rewards, as the command does."""
    with serving(behave) as server:
        transport = HttpTransport(merkl.rewards_url(server.url, CHAIN, WELL), method="GET", byte_cap=cap)
        try:
            return within(10, lambda: transport.exchange(b"", Deadline(seconds)))
        finally:
            transport.close()


def _told(peer: Peer) -> bytes | None:
    """Read the head of a request that has no body."""
    return peer.request()


def test_it_is_asked_by_a_get() -> None:
    """One line with the path, nothing of ours beside it."""
    seen: list[bytes] = []

    def behave(peer: Peer) -> None:
        _told(peer)
        seen.append(peer.head)
        peer.answer(rewards(reward()))

    assert merkl.grants(fetched(behave), CHAIN, {WELL}).known
    assert seen[0].startswith(f"GET /v4/users/{WELL}/rewards?chainId=8453 HTTP/1.1\r\n".encode())


@pytest.mark.parametrize("hang", ["silent", "drip"])
def test_a_source_that_hangs_is_left_at_the_deadline(hang: str) -> None:
    """Whether it says nothing or a byte at a time."""

    def behave(peer: Peer) -> None:
        _told(peer)
        if hang == "silent":
            peer.wait_for_end()
        else:
            peer.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b" " * 100_000)

    with pytest.raises(DeadlinePassedError):
        fetched(behave)


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "429 Too Many", "302 Found"])
def test_a_source_that_fails_is_a_typed_failure(status: str) -> None:
    """No body of it is read as an answer."""

    def behave(peer: Peer) -> None:
        _told(peer)
        peer.answer(rewards(reward()), status=status)

    with pytest.raises(OutsideError):
        fetched(behave)


def test_more_than_the_cap_is_not_read() -> None:
    """An endless answer ends at the cap."""

    def behave(peer: Peer) -> None:
        _told(peer)
        peer.answer(b" " * 5_000)

    with pytest.raises(OutsideError) as refused:
        fetched(behave, cap=1_000)
    assert refused.value.code == "too_large"
