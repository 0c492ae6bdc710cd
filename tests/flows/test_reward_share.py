"""Rewards that count in decisions, by the real commands: the policy's share, read with the markets."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mammon.chain import oracle
from mammon.errors import TransientError
from mammon.sim import addresses as at
from mammon.sim import merkl
from mammon.sim.contracts import rewards as contracts
from tests.flows.endpoint import EndpointShell, chain_toml, endpoint
from tests.flows.runner import Ended, Shell
from tests.flows.settled import MOCK
from tests.net.servers import Peer, serving

COUNTED = {"MAMMON_POLICY__REWARD_SHARE": "1", "MAMMON_POLICY__REWARD_HAIRCUT": "0"}
PAYER = f"""
[[payers]]
slug = "merkl-morpho"
protocol = "merkl"
token = "MORPHO"
address = "{at.MERKL}"
source = "the simulated chain"
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A world where a vault that pays a reward comes second by interest."""
    return Shell(tmp_path / "home", **{**MOCK, "MAMMON_SEED": "1"})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write down what Merkl is asked."""
    found: list[str] = []
    honest = merkl.answer

    def noted(world: Any, url: str) -> bytes:
        found.append(url)
        return honest(world, url)

    monkeypatch.setattr(merkl, "answer", noted)
    return found


def counting(shell: Shell, **more: str) -> Shell:
    shell.environment.update(COUNTED)
    shell.environment.update(more)
    return shell


def target(ended: Ended) -> str:
    return str(ended.data["chosen"]["move"]["target"])


def down(_world: Any, _url: str) -> bytes:
    raise TransientError("http_503", "the endpoint answered 503")


# --- the setting -----------------------------------------------------------------------------------


def test_the_share_of_the_policy_decides_whether_a_reward_leads_a_move(shell: Shell) -> None:
    """The same block, three policies: nothing counted and little counted go for interest, all for both."""
    plain = shell("gates", "--json")
    counting(shell)
    all_ = shell("gates", "--json")
    shell.environment["MAMMON_POLICY__REWARD_SHARE"] = "0.2"
    little = shell("gates", "--json")
    assert [target(each) for each in (plain, little, all_)] == [
        "gauntlet-usdc",
        "gauntlet-usdc",
        "steakhouse-usdc",
    ]
    move = all_.data["chosen"]["move"]
    assert Decimal("180") < Decimal(move["reward_usd"]) < Decimal("185")
    assert Decimal(move["gain_usd"]) > Decimal(plain.data["chosen"]["move"]["gain_usd"])
    assert plain.data["chosen"]["move"]["reward_usd"] == "0"
    rates = {one["move"]["target"]: one["move"]["target_apy"] for one in plain.data["venues"]}
    assert move["target_apy"] == rates["steakhouse-usdc"]


def test_a_reward_is_followed_and_stayed_with(shell: Shell) -> None:
    """Money goes where both are highest and rests there; without the share it would leave again."""
    counting(shell)
    moved = shell("rebalance", "--execute", "--yes", "--json")
    assert moved.code == 0, moved.err
    resting = shell("run", "--cycles", "2", "--interval", "3h", "--json")
    assert '"action":"move"' not in resting.out
    del shell.environment["MAMMON_POLICY__REWARD_SHARE"]
    assert target(shell("gates", "--json")) != "steakhouse-usdc"


def test_a_decision_says_how_much_of_its_gain_is_rewards(shell: Shell) -> None:
    """`gates` now and `explain` later, from what was kept; each programme by name."""
    counting(shell)
    for told in (shell("gates").out, shell("explain").out):
        assert "of its gain a year" in told
        assert "reward: steakhouse-usdc: 1.85% a year counts of what merkl pays in MORPHO" in told
        assert "0.18% a year counts of what merkl pays in WELL" in told  # it ends in a quarter of a year
    kept = shell("explain", "--json").data
    assert kept["snapshot"]["paid"]["programmes"]
    assert shell("replay", "-i", "-", piped=shell("gates", "--json").out).code in {0, 2}


def test_by_default_nothing_counts_and_that_is_said(shell: Shell) -> None:
    """In every place that tells of rewards or of a decision."""
    assert "rewards count nothing in decisions (policy.reward_share = 0)" in shell("gates").out
    assert "rewards count nothing in decisions (policy.reward_share = 0)" in shell("explain").out
    assert "they count nothing in decisions" in shell("scan").out
    assert "in no other column, and in no decision" in shell("scan", "--rewards").out


# --- what is read ----------------------------------------------------------------------------------


def test_by_default_nothing_is_read_for_it(shell: Shell, asked: list[str]) -> None:
    """Not one more call in the round, nobody asked, and no programme in the snapshot."""
    shell("scan", "--json")
    ended = shell("scan", "--json").data
    assert (ended["requests"], ended["snapshot"]["paid"], ended["reward_share"]) == (1, None, "0")
    assert shell("gates", "--json").code == 0
    assert asked == []


def test_what_counts_is_read_in_the_round_of_the_markets(shell: Shell, asked: list[str]) -> None:
    """The steady scan stays one request, payers and prices included; Merkl is asked beside it."""
    counting(shell, MAMMON_SIM_VENUES="all")
    shell("scan", "--json")
    asked.clear()
    ended = shell("scan", "--json").data
    assert ended["requests"] == 1
    assert len(asked) == 1
    told = {(one["slug"], one["source"]) for one in ended["snapshot"]["paid"]["programmes"]}
    assert told >= {("moonwell", "moonwell-usdc-well"), ("compound-v3", "compound-v3-comp")}
    rows = {row["slug"]: row for row in ended["markets"]}
    assert Decimal("0.018") < Decimal(rows["steakhouse-usdc"]["counted"]) < Decimal("0.0185")
    assert 0 < Decimal(rows["moonwell"]["counted"]) < Decimal("0.002")  # it ends in sixty days
    assert rows["compound-v3"]["counted"] == "0"
    assert "compound-v3: what compound-v3-comp pays in COMP counts nothing (no_feed)" in shell("scan").out


def test_a_loop_asks_merkl_every_half_hour(shell: Shell, asked: list[str]) -> None:
    """In between what it said serves."""
    counting(shell)
    shell("run", "--cycles", "7", "--interval", "10m", "--json")
    assert len(asked) == 3


def test_what_is_quoted_serves_for_an_hour_and_then_counts_nothing(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Merkl falls silent: for a while its word stands, then nothing of it counts, and a person is told."""
    counting(shell)
    honest, times = merkl.answer, iter([True])

    def once(world: Any, url: str) -> bytes:
        return honest(world, url) if next(times, False) else down(world, url)

    monkeypatch.setattr(merkl, "answer", once)
    ended = shell("run", "--cycles", "8", "--interval", "10m", "--json")
    assert "Merkl does not tell what its campaigns pay" in ended.err
    targets = [json.loads(line)["data"]["headline"] for line in ended.out.splitlines()]
    assert all("steakhouse-usdc" in told for told in targets[:7])
    assert "gauntlet-usdc" in targets[7]


def test_a_silent_merkl_makes_nothing_look_better(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts nothing, and that is said of each venue; the cycle goes on, on interest alone."""
    counting(shell)
    monkeypatch.setattr(merkl, "answer", down)
    ended = shell("gates", "--json")
    assert target(ended) == "gauntlet-usdc"
    assert ended.data["chosen"]["move"]["reward_usd"] == "0"
    told = shell("gates").out
    assert "steakhouse-usdc" in told.partition("what merkl pays counts nothing (http_503)")[0]
    shown = shell("scan", "--json")
    assert "http_503" in {note["code"] for note in shown.document["errors"]}


def test_a_token_without_a_price_counts_nothing(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever rate a source tells of it."""
    counting(shell)
    honest = oracle.price

    def blind(pair: str, *rest: Any) -> Any:
        return honest(pair, at.KEEPER, *rest[1:]) if pair == "morpho_usd" else honest(pair, *rest)

    monkeypatch.setattr(oracle, "price", blind)
    ended = shell("gates")
    assert "gauntlet-usdc" in ended.out.splitlines()[0]
    assert "steakhouse-usdc: what merkl pays in MORPHO counts nothing" in ended.out


def test_a_payer_that_does_not_answer_counts_nothing(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs no other reading, and is told where it would have paid."""
    counting(shell, MAMMON_SIM_VENUES="all")
    monkeypatch.delitem(contracts.Distributor.methods, bytes.fromhex("7e218f90"))  # type: ignore[arg-type]
    ended = shell("scan", "--json")
    rows = {row["slug"]: row["counted"] for row in ended.data["markets"]}
    assert (rows["moonwell"], rows["steakhouse-usdc"] > "0.018") == ("0", True)
    assert "moonwell: what moonwell-usdc-well pays in WELL counts nothing" in shell("scan").out


def test_merkl_switched_off_is_not_asked(shell: Shell, asked: list[str]) -> None:
    """Then its campaigns are no part of anything."""
    counting(shell, MAMMON_REWARDS__MERKL="false")
    assert target(shell("gates", "--json")) == "gauntlet-usdc"
    assert asked == []


def test_who_brings_money_home_asks_nobody(shell: Shell, asked: list[str]) -> None:
    """A way home needs no reward's rate."""
    counting(shell)
    assert shell("rebalance", "--execute", "--yes", "--json").code == 0
    asked.clear()
    assert shell("exit-all", "--execute", "--yes", "--json").code == 0
    assert asked == []


def test_a_scan_from_before_the_setting_says_that_nobody_looked(shell: Shell) -> None:
    """A document is judged by what is in it."""
    read = shell("scan", "--json").out
    counting(shell)
    ended = shell("gates", "-i", "-", piped=read)
    assert "nobody looked for them when this was read" in ended.out
    looked = shell("scan", "--rewards", "--json").out
    assert "1.85% a year counts" in shell("gates", "-i", "-", piped=looked).out


def test_the_paper_world_reads_them_by_the_same_path(tmp_path: Path) -> None:
    """Over HTTP, Merkl too: the same share, the same venue, one request to the chain."""
    with endpoint(1) as served, serving_merkl(served.world) as url:
        shell = EndpointShell(tmp_path / "home", served, MAMMON_REWARDS__MERKL_URL=url)
        path = chain_toml(tmp_path / "chain.toml")
        path.write_text(path.read_text() + PAYER)
        shell.environment["MAMMON_CHAIN_FILE"] = str(path)
        plain = shell("gates", "--json")
        counting(shell)
        counted = shell("gates", "--json")
        assert counted.code == 0, counted.err
        assert (target(plain), target(counted)) == ("gauntlet-usdc", "steakhouse-usdc")
        served.asked.clear()
        assert shell("scan", "--json").data["requests"] == 1
        assert len(served.asked) == 1


@contextlib.contextmanager
def serving_merkl(world: Any) -> Iterator[str]:
    """Serve the simulated chain's Merkl on 127.0.0.1."""

    def serve(peer: Peer) -> None:
        while peer.request() is not None:
            peer.answer(merkl.answer(world, peer.head.split(b" ")[1].decode()))

    with serving(serve) as server:
        yield server.url


# --- claims and holdings ---------------------------------------------------------------------------


@pytest.fixture
def priced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write down which prices of rewards are read."""
    found: list[str] = []
    honest = oracle.price

    def noted(pair: str, *rest: Any) -> Any:
        found.append(pair)
        return honest(pair, *rest)

    monkeypatch.setattr(oracle, "price", noted)
    return found


def rewards_among(pairs: list[str]) -> list[str]:
    return [pair for pair in pairs if pair in {"well_usd", "morpho_usd"}]


def test_a_claim_reads_prices_once_and_asks_for_no_campaign(
    shell: Shell, asked: list[str], priced: list[str]
) -> None:
    """What is granted, what it is worth, and nothing that a claim does not need."""
    assert shell("rewards", "claim", "--json").code == 0
    assert len(asked) == 1
    assert "/rewards?" in asked[0]
    assert sorted(rewards_among(priced)) == ["morpho_usd", "well_usd"]


def test_a_claim_of_one_payer_asks_that_one(shell: Shell, asked: list[str], priced: list[str]) -> None:
    """Merkl learns no address for Moonwell's sake, and no other token is priced."""
    shell.environment["MAMMON_SIM_VENUES"] = "all"
    ended = shell("rewards", "claim", "moonwell-usdc-well", "--json")
    assert (ended.code, ended.document["errors"]) == (0, [])
    assert asked == []
    assert rewards_among(priced) == ["well_usd"]


def test_a_list_reads_prices_once(shell: Shell, asked: list[str], priced: list[str]) -> None:
    """Owed, priced, and what programmes pay: each token's price is read once, each page asked once."""
    assert shell("rewards", "list", "--json").code == 0
    assert len(asked) == 2
    assert sorted(rewards_among(priced)) == ["morpho_usd", "well_usd"]


def test_holdings_tell_unclaimed_rewards_when_asked(shell: Shell, asked: list[str]) -> None:
    """Amount, token, worth or that nobody prices it; in no total. Unasked, not one call more."""
    shell.environment["MAMMON_SIM_VENUES"] = "all"
    plain = shell("detect-positions", "--json").data
    assert (plain["rewards"], asked) == (None, [])
    ended = shell("detect-positions", "--rewards", "--json")
    rows = {row["payer"]: row for row in ended.data["rewards"]}
    assert (ended.data["worth"], ended.data["positions"]) == (plain["worth"], plain["positions"])
    assert rows["merkl-well"]["owed"]["raw"] == str(55 * 10**18)
    assert (rows["compound-v3-comp"]["worth"], rows["compound-v3-comp"]["problem"]) == (None, "no_feed")
    shown = shell("detect-positions", "--rewards").out
    assert "unpriced (no_feed)" in shown
    assert "in no total and no decision" in shown


def test_holdings_tell_what_was_not_told(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Merkl silent: not read, which is not zero; with --strict that is exit 4."""
    monkeypatch.setattr(merkl, "answer", down)
    ended = shell("detect-positions", "--rewards")
    assert ended.code == 0
    assert "not read (http_503)" in ended.out
    assert shell("detect-positions", "--rewards", "--strict").code == 4


def test_a_paper_book_is_owed_nothing(tmp_path: Path) -> None:
    """Refused before anything is read."""
    paper = Shell(tmp_path / "paper", MAMMON_MODE="paper")
    ended = paper("detect-positions", "--rewards")
    assert (ended.code, "rewards_paper" in ended.err) == (2, True)
