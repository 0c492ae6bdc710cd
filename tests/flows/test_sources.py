"""Outside sources through the real commands: asked beside the chain, now and then, never waited for long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mammon.sim import addresses as at
from mammon.sim.contracts.machine import Frame
from tests.flows.endpoint import EndpointShell, SimEndpoint, endpoint
from tests.flows.runner import Ended, Shell
from tests.flows.sources import Told, telling
from tests.net import servers
from tests.net.servers import Peer

World = tuple[EndpointShell, Told]


@pytest.fixture
def served() -> Iterator[SimEndpoint]:
    with endpoint() as found:
        yield found


@pytest.fixture
def world(served: SimEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with telling(served, tmp_path, monkeypatch) as found:
        yield found


def words(ended: Ended) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what a scan's document says was said, by source and subject; unread by its reason's source."""
    return {
        (item.get("source") or item["reason"].partition(":")[0], item["subject"]): item
        for item in ended.data["snapshot"]["witnesses"]
    }


def gate(ended: Ended, code: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = ended.data["chosen"]["verdicts"]
    return next(verdict for verdict in found if verdict["gate"] == code)


# --- when they are asked -------------------------------------------------------------------------


def test_each_source_is_asked_once_and_the_chain_still_in_one_request(world: World) -> None:
    """A first scan asks all, the next none: what they said is remembered; the chain is one request."""
    asked, told = world
    first = asked("scan", "--json")
    assert first.code == 0, first
    assert len(told.asked) == 4
    assert set(words(first)) == {
        ("defillama", "aave-v3"),
        ("morpho", "steakhouse-usdc"),
        *((source, subject) for source in ("defillama", "kraken") for subject in ("asset_usd", "eth_usd")),
    }
    told.served.asked.clear()
    again = asked("scan", "--json")
    assert len(told.asked) == 4
    assert len(told.served.asked) == 1
    assert again.data["requests"] == 1
    assert again.data["snapshot"]["witnesses"] == first.data["snapshot"]["witnesses"]


def test_prices_are_asked_again_after_ten_minutes_and_rates_after_an_hour(world: World) -> None:
    """Each in its own time."""
    asked, told = world
    asked("scan")
    for minutes, more in ((9, 0), (1, 2), (49, 2), (1, 2)):
        told.asked.clear()
        told.served.clock.sleep(minutes * 60)
        assert asked("scan").code == 0
        assert len(told.asked) == more, minutes
    assert any("chart" in line for line in told.asked)


def test_a_loop_asks_as_rarely(world: World) -> None:
    """Three cycles five minutes apart: prices twice, rates once, the chain three times."""
    asked, told = world
    assert asked("run", "--cycles", "3", "--interval", "5m").code == 0
    assert len([line for line in told.asked if "Ticker" in line]) == 2
    assert len([line for line in told.asked if "chart" in line]) == 1


def test_nobody_is_asked_when_nobody_is_named(
    served: SimEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty list of names: no request, no words, and the gate says so."""
    with telling(served, tmp_path, monkeypatch, names="") as (asked, told):
        ended = asked("gates", "--json")
    assert (ended.code, told.asked) == (0, [])
    assert gate(ended, "price_agrees")["detail"] == "no_witness"


def test_whoever_brings_money_home_asks_nobody(world: World) -> None:
    """No way home waits for an opinion."""
    asked, told = world
    assert asked("rebalance", "--execute", "--yes").code == 0
    told.asked.clear()
    told.served.clock.sleep(7200)
    assert asked("exit-all", "--execute", "--yes").code == 0
    assert told.asked == []


def test_no_request_carries_anything_of_the_account(world: World) -> None:
    """Who asks is not told: neither the account nor an amount stands in what is sent."""
    asked, told = world
    account = "0x0000000000000000000000000000000000000001"
    asked.environment["MAMMON_ACCOUNT"] = account
    heads: list[bytes] = []

    def behave(peer: Peer) -> None:
        while (body := peer.request()) is not None:
            heads.append(peer.head + body)
            peer.answer(told.body(peer.head.split(b"\r\n")[0].decode()))

    told.behave = behave
    assert asked("gates").code in (0, 3)
    assert len(heads) == 4
    assert not any(account[2:].encode() in head.lower() for head in heads)


# --- what they can stop --------------------------------------------------------------------------


def test_a_dead_source_stops_nothing_and_is_told(world: World) -> None:
    """Silence costs its time once, at most a second here; every figure of it is unread, by its code."""
    asked, told = world
    told.behave = servers.silence
    began = time.monotonic()
    ended = asked("gates", "--json")
    assert time.monotonic() - began < 4
    assert ended.code == 0
    assert ended.data["action"] == "move"
    assert gate(ended, "price_agrees")["detail"].endswith(":unread:deadline")
    began = time.monotonic()
    scanned = asked("scan", "--json", "--strict")
    assert scanned.code == 0
    assert time.monotonic() - began < 0.9
    assert {item["code"] for item in words(scanned).values()} == {"deadline"}
    assert "unheard: " in asked("scan").out


def test_a_policy_can_ask_for_a_witness(world: World) -> None:
    """With one demanded, a dead source refuses what would be entered, exit 3; an answer lets it through."""
    asked, told = world
    asked.environment["MAMMON_POLICY__MIN_PRICE_WITNESSES"] = "1"
    told.behave = servers.status("503 Service Unavailable")
    ended = asked("gates", "--json")
    assert (ended.code, ended.data["refused_by"]) == (3, ["price_agrees"])
    told.behave = told.answer
    told.served.clock.sleep(300)
    assert asked("gates").code == 0


@pytest.mark.parametrize("usd", ["0.99", "1.02"])
def test_a_source_that_puts_the_price_elsewhere_refuses_the_move(world: World, usd: str) -> None:
    """A lying source, or a feed that lags a broken peg: nothing is entered, exit 3."""
    asked, told = world
    told.usd = usd
    ended = asked("rebalance", "--execute", "--yes", "--json")
    assert ended.code == 3, ended
    assert asked("status", "--json").data["decision"]["action"] == "hold"


def test_garbage_is_no_trade_and_no_traceback(world: World) -> None:
    """An answer that is none says nothing: each figure unread, the command as without it."""
    asked, told = world

    def behave(peer: Peer) -> None:
        while peer.request() is not None:
            peer.answer(b'{"coins":{"coingecko:usd-coin":{"price":NaN}},"error":[[]],"data":7}')

    told.behave = behave
    ended = asked("scan", "--json")
    assert (ended.code, ended.err.count("Traceback")) == (0, 0)
    assert {item["code"] for item in words(ended).values()} == {"malformed"}


def test_a_word_outlives_a_failure_until_it_is_old(world: World) -> None:
    """What was said ten minutes ago speaks on while its source is dead; after half an hour nobody does."""
    asked, told = world
    assert asked("scan").code == 0
    told.behave = servers.status("500 Internal Server Error")
    told.served.clock.sleep(600)
    known = words(asked("scan", "--json"))
    assert known["kraken", "asset_usd"]["value"] == "0.99998"
    told.served.clock.sleep(1500)
    known = words(asked("scan", "--json"))
    assert known["kraken", "asset_usd"]["code"] == "http_500"


# --- the breaker, over processes -----------------------------------------------------------------


def test_a_flash_move_between_two_commands_halts_entering_for_a_while(
    served: SimEndpoint, tmp_path: Path
) -> None:
    """The price is remembered between processes: a jump within minutes refuses, and later not any more."""
    asked = EndpointShell(tmp_path / "home", served)
    _force(served, 100_000_000)
    assert asked("gates").code == 0
    served.clock.sleep(300)
    _force(served, 99_499_000 + 2_000)
    ended = asked("gates", "--json")
    assert (ended.code, ended.data["refused_by"]) == (0, [])
    served.clock.sleep(60)
    _force(served, 100_100_000)
    ended = asked("gates", "--json")
    assert (ended.code, ended.data["refused_by"]) == (3, ["price_steady"])
    served.clock.sleep(901)
    _force(served, 100_100_000)
    assert asked("gates").code == 0


def _force(served: SimEndpoint, answer: int) -> None:
    """Have the asset's feed answer so from the next block on."""
    now = served.clock.now()

    def change(frame: Frame) -> None:
        frame.storage.put((at.USDC_USD, "round"), (1 << 64, answer, now, now, 1 << 64))

    served.world.chain.intervene(served.world.chain.head + 1, change)
    served.clock.sleep(4)


# --- the simulated world -------------------------------------------------------------------------


def test_the_simulated_world_has_sources_of_its_own(tmp_path: Path) -> None:
    """Offline, by the seed alone: two homes say the same; they agree within the policy."""
    found = []
    for name in ("one", "two"):
        mock = Shell(tmp_path / name, MAMMON_MODE="mock", MAMMON_SEED="3")
        ended = mock("gates", "--json")
        assert ended.code == 0
        found.append(ended.data["snapshot"]["witnesses"])
        assert gate(ended, "price_agrees")["passed"]
    assert found[0] == found[1]
    assert {item["source"] for item in found[0]} == {"defillama", "kraken"}


@pytest.mark.parametrize(
    ("setting", "value"),
    [("MAX_ASSET_PRICE_GAP", "0"), ("MIN_PRICE_WITNESSES", "3"), ("MAX_ETH_PRICE_GAP", "0")],
)
def test_price_agrees_refuses_through_the_simulated_world(tmp_path: Path, setting: str, value: str) -> None:
    """The gate of disagreement, offline: sources are a little off, and there are two."""
    mock = Shell(tmp_path, MAMMON_MODE="mock", MAMMON_SEED="3", **{f"MAMMON_POLICY__{setting}": value})
    ended = mock("gates", "--json")
    assert (ended.code, ended.data["refused_by"]) == (3, ["price_agrees"])


def test_a_lying_source_of_the_simulated_world_stops_what_would_be_entered(tmp_path: Path) -> None:
    """It says three times as much of everything: of the price, and of each rate it knows."""
    mock = Shell(tmp_path, MAMMON_MODE="mock", MAMMON_SEED="3", MAMMON_SIM_SOURCES="lying")
    ended = mock("gates", "--json")
    assert (ended.code, ended.data["refused_by"]) == (3, ["rate_agrees", "price_agrees"])
    assert gate(ended, "price_agrees")["detail"].endswith(":defillama")


def test_a_dead_source_of_the_simulated_world_is_told_and_stops_nothing(tmp_path: Path) -> None:
    """The exchange confirms the price; of the rates nothing is heard."""
    mock = Shell(tmp_path, MAMMON_MODE="mock", MAMMON_SEED="3", MAMMON_SIM_SOURCES="dead")
    mock.environment["MAMMON_POLICY__MIN_PRICE_WITNESSES"] = "1"
    ended = mock("gates", "--json")
    assert (ended.code, ended.data["action"]) == (0, "move")
    (told,) = [text for text in mock("scan").out.splitlines() if text.startswith("unheard: ")]
    assert "asset_usd" in told
    assert told.endswith("defillama: no answer in the time allowed (deadline)")


def test_price_steady_refuses_through_the_simulated_world(tmp_path: Path) -> None:
    """The breaker, offline: with no move allowed the ordinary drift of ETH is one."""
    mock = Shell(tmp_path, MAMMON_MODE="mock", MAMMON_SEED="3", MAMMON_POLICY__MAX_ETH_MOVE="0")
    assert mock("run", "--cycles", "3", "--interval", "5m").code == 0
    ended = mock("gates", "--json")
    assert "price_steady" in ended.data["refused_by"]
