"""Positions in pools through the real command: shown beside the holdings, and part of nothing else."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from mammon.protocols.pools.tokens import MOST
from mammon.sim import chainfile
from mammon.sim.contracts.encoding import failure
from mammon.sim.contracts.machine import Frame
from mammon.sim.contracts.pools import Gauge, PositionIssuer
from tests.chain.lab import Lab
from tests.chain.node import Node
from tests.chain.scenario import Scenario
from tests.chain.uniswap import Uniswap
from tests.flows.node_world import NodeShell
from tests.flows.runner import Shell
from tests.flows.test_paper_node import fresh_feeds

STAKED, RANGED, WIDE = "aerodrome#902114", "uniswap-v3#51907", "uniswap-v3#48211"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "home", MAMMON_MODE="mock", MAMMON_SEED="7", MAMMON_SIM_VENUES="all")


def pools(shell: Shell, *words: str, code: int = 0) -> dict[str, Any]:
    found = shell("detect-positions", "--json", *words)
    assert found.code == code, found.err
    return found.data["pools"]


def named(data: dict[str, Any]) -> dict[str, Any]:
    return {one["slug"]: one for one in data["positions"]}


def test_each_position_says_what_leaving_would_pay_and_what_that_is_worth(shell: Shell) -> None:
    """One earns fees, one lies out of range, one is staked and earns emissions instead."""
    data = pools(shell)
    found = named(data)
    assert set(found) == {STAKED, RANGED, WIDE}
    assert [found[slug]["in_range"] for slug in (STAKED, RANGED, WIDE)] == [True, False, True]
    assert [found[slug]["staked"] for slug in (STAKED, RANGED, WIDE)] == [True, False, False]
    assert all(int(fee["raw"]) > 0 for fee in found[WIDE]["fees"])
    assert all(int(fee["raw"]) == 0 for slug in (STAKED, RANGED) for fee in found[slug]["fees"])
    assert [part["symbol"] for part in found[WIDE]["holds"]] == ["WETH", "USDC"]
    assert int(found[RANGED]["holds"][1]["raw"]) == 0
    emissions = found[STAKED]["emissions"]
    assert (emissions["symbol"], int(emissions["raw"]) > 0) == ("AERO", True)
    assert float(found[STAKED]["emission_apr"]) > 0
    assert int(data["worth"]["raw"]) == sum(int(one["worth"]["raw"]) for one in found.values()) > 0
    assert (data["unread"], {one["problem"] for one in found.values()}) == ([], {""})


def test_a_person_sees_them_in_a_table_of_their_own(shell: Shell) -> None:
    """Which says that they are never moved, and count in nothing."""
    text = shell("detect-positions").out
    assert "3 positions in pools: shown here, and never moved" in text
    assert "no part of the holdings, and of no decision" in text
    assert "out of range" in text
    assert "staked: none" in text


def test_they_are_neither_lending_positions_nor_idle_money_nor_worth(shell: Shell) -> None:
    """The holdings are the wallet's, whatever the pools are worth."""
    data = shell("detect-positions", "--json").data
    assert [row["slug"] for row in data["positions"]] == ["idle"]
    assert data["portfolio"]["positions"] == []
    assert data["worth"]["raw"] == data["portfolio"]["idle"] == "10000000000"
    assert data["positions"][0]["share"] == "1"


def test_a_decision_is_the_same_to_the_byte_without_them(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a world that is the same but for pools: nobody but `detect-positions` even asks for them."""

    def asked(self: PositionIssuer, frame: Frame, owner: str) -> int:
        raise AssertionError("a decision asks for positions in pools")

    shell("detect-positions")
    method = PositionIssuer.methods[bytes.fromhex("70a08231")]
    monkeypatch.setitem(PositionIssuer.methods, method.selector, _replaced(method, asked))
    with_them = shell("gates", "--json")
    other = Shell(tmp_path / "other", MAMMON_MODE="mock", MAMMON_SEED="7", MAMMON_SIM_VENUES="all")
    monkeypatch.setattr(chainfile, "_POSITION_MANAGERS", ())
    chainfile.chain_file.cache_clear()
    other("detect-positions")
    without = other("gates", "--json")
    chainfile.chain_file.cache_clear()
    assert with_them.out == without.out
    assert with_them.document["data"]["action"] == "move"


def test_a_steady_look_is_one_request(shell: Shell) -> None:
    """The second time everything that is asked is asked at once, and nothing else has changed."""
    first = shell("detect-positions", "-v", "--json")
    again = shell("detect-positions", "-v", "--json")
    assert "was read: 1 request " in again.err
    assert "was read: 1 request " not in first.err
    assert again.data["pools"] == first.data["pools"]


def test_what_cannot_be_read_is_named_and_the_total_is_unknown(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are shown, and the money in the wallet is known; with `--strict` it is an exit of 4."""

    def broken(self: Gauge, frame: Frame, owner: str, number: int) -> int:
        raise failure("out of order")

    method = Gauge.methods[bytes.fromhex("3e491d47")]
    monkeypatch.setitem(Gauge.methods, method.selector, _replaced(method, broken))
    ended = shell("detect-positions", "--json")
    data = ended.data["pools"]
    assert ended.code == 0
    assert set(named(data)) == {RANGED, WIDE}
    assert (data["unread"], data["worth"]) == ([STAKED], None)
    (note,) = ended.document["errors"]
    assert STAKED in note["message"]
    assert ended.data["worth"]["raw"] == "10000000000"
    assert shell("detect-positions", "--strict").code == 4
    assert f"unread: {STAKED}" in shell("detect-positions").out


def test_a_manager_that_cannot_be_read_hides_no_other(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own name stands in the list of what is unread."""

    def flooded(self: PositionIssuer, frame: Frame, owner: str) -> int:
        return 2**255

    method = PositionIssuer.methods[bytes.fromhex("70a08231")]
    monkeypatch.setitem(PositionIssuer.methods, method.selector, _replaced(method, flooded))
    data = pools(shell)
    assert (data["positions"], data["unread"], data["worth"]) == ([], ["uniswap-v3", "aerodrome"], None)


def test_a_position_in_a_token_nobody_lists_has_amounts_and_no_worth(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason stands where the worth would; the total is unknown, and not the rest's."""
    bare = tuple(
        dataclasses.replace(one, tokens=tuple(token for token in one.tokens if token.symbol != "WETH"))
        for one in chainfile._POSITION_MANAGERS
    )
    monkeypatch.setattr(chainfile, "_POSITION_MANAGERS", bare)
    chainfile.chain_file.cache_clear()
    ended = shell("detect-positions", "--json")
    text = shell("detect-positions").out
    chainfile.chain_file.cache_clear()
    found = named(ended.data["pools"])[WIDE]
    assert (found["worth"], found["problem"], ended.data["pools"]["worth"]) == (None, "unlisted", None)
    ether = found["holds"][0]
    assert (ether["symbol"], ether["amount"]) == (None, None)
    assert f"{ether['raw']} of {ether['token']}" in text
    assert ended.document["errors"] == []


def test_the_small_world_has_none(tmp_path: Path) -> None:
    """No manager is listed there: no call is made for any, and no table shown."""
    small = Shell(tmp_path / "home", MAMMON_MODE="mock", MAMMON_SEED="7")
    assert pools(small) == {
        "positions": [],
        "unread": [],
        "worth": {"raw": "0", "decimals": 6, "display": "0"},
    }
    assert "pools" not in small("detect-positions").out


def test_a_flood_of_gifts_is_said_to_be_there(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first are read; that there are more is told, and the total is unknown."""

    def many(self: PositionIssuer, frame: Frame, owner: str) -> int:
        return MOST + 1

    method = PositionIssuer.methods[bytes.fromhex("70a08231")]
    monkeypatch.setitem(PositionIssuer.methods, method.selector, _replaced(method, many))
    assert "uniswap-v3#more" in pools(shell)["unread"]


def _replaced(method: Any, code: Any) -> Any:
    return dataclasses.replace(method, code=code)


# --- the real contracts -----------------------------------------------------------------------------

PRICE = 2**96
MANAGER = """\
[[position_managers]]
slug = "uniswap-v3"
protocol = "uniswap_v3"
address = "{manager}"
source = "deployed by tests/chain"
[position_managers.factory]
address = "{factory}"
source = "deployed by tests/chain"
[tokens.WETH]
address = "{weth}"
decimals = 18
source = "deployed by tests/chain"
[feeds.weth_usd]
address = "{feed}"
heartbeat_s = 1200
source = "deployed by tests/chain"
"""


@pytest.mark.chain
@pytest.mark.parametrize("mode", ["live", "paper"])
def test_a_real_uniswap_position_is_shown(
    tmp_path: Path, lab: Lab, node: Node, chain: Scenario, mode: str
) -> None:
    """On the account's chain; a paper book has no positions in pools, whatever its account has."""
    owner = chain.account("alice")
    venue = Uniswap(chain, 3000, PRICE, (owner,))
    venue.mint(owner, -600, 600, 10**18, 10**18)
    for _ in range(3):
        venue.swap(owner, True, 10**15)
    fresh_feeds(chain)
    shell = NodeShell(
        tmp_path / "home", lab, node.url, chain, "aave-30", MAMMON_MODE=mode, MAMMON_ACCOUNT=owner
    )
    file = shell.home / "chain.toml"
    more = MANAGER.format(
        manager=venue.manager.address,
        factory=venue.factory.address,
        weth=chain["weth"].address,
        feed=chain["eth_usd"].address,
    )
    file.write_text(f"{file.read_text()}\n{more}")
    ended = shell("detect-positions", "--json")
    assert ended.code == 0, ended.err
    if mode == "paper":
        assert ended.data["pools"] is None
        return
    (found,) = ended.data["pools"]["positions"]
    paid = venue.paid(owner, 1, leaving=True, execute=True)
    due = [
        int(held["raw"]) + int(fee["raw"]) for held, fee in zip(found["holds"], found["fees"], strict=True)
    ]
    assert tuple(due) == paid
    amounts = dict(zip(venue.tokens, paid, strict=True))
    exact = amounts["usdc"] + amounts["weth"] * 3000 // 10**12
    assert abs(int(found["worth"]["raw"]) - exact) <= 2
