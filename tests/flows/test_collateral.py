"""The peg of collateral through the real commands: what lends against a lost one is left and not entered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mammon.chain import oracle
from mammon.sim import addresses as at
from mammon.sim.chainfile import chain_file
from tests.flows.endpoint import endpoint
from tests.flows.runner import Shell
from tests.flows.settled import MOCK
from tests.flows.sources import telling
from tests.flows.test_danger import RUN, USD, _decisions, cycles, world

DEPEG = {"MAMMON_SEED": "1", "MAMMON_SIM_VENUES": "all"}
PAST_THE_LOSS = ("run", "--execute", "--yes", "--json", "--duration", "130m")


@pytest.fixture(scope="module")
def depegged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shell, list[dict[str, Any]]]:
    """A world in which a collateral lost its peg, and an hour later what was lent against it."""
    shell = world(tmp_path_factory.mktemp("depeg"), "depeg", **DEPEG)
    return shell, cycles(shell(*PAST_THE_LOSS))


def test_money_leaves_what_lends_against_a_lost_peg(
    depegged: tuple[Shell, list[dict[str, Any]]], tmp_path: Path
) -> None:
    """Before the loans turn out to be bad: all of it is there, where a world that is only told loses some."""
    shell, found = depegged
    (left,) = [each for each in found if each["action"] == "exit"]
    assert left["headline"].endswith("from gauntlet-usdc (5.78%), out of danger (collateral_off_peg).")
    assert left["dangers"][0].startswith(
        "danger: gauntlet-usdc: collateral_off_peg: its collateral cbETH costs 80.0"
    )
    assert left["dangers"][0].endswith("its peg ends at 95.000% (agreed by chain, defillama)")
    assert wealth(shell) > 10_000 * USD
    later = found[found.index(left) + 1 :]
    assert "gauntlet-usdc" not in {each.get("outcome", {}).get("target") for each in later if each["outcome"]}
    assert any("gauntlet-usdc" in each["headline"] and "no_danger" in each["refused_by"] for each in later)
    watching = world(tmp_path, "depeg", **DEPEG, MAMMON_POLICY__ON_DANGER="alert")
    cycles(watching(*PAST_THE_LOSS))
    assert wealth(watching) < 9_900 * USD


def wealth(shell: Shell) -> int:
    rows = shell("detect-positions", "--json").data["positions"]
    return sum(int(row["assets"]["raw"]) for row in rows)


def test_a_lost_peg_stands_in_the_decision_and_replays(
    depegged: tuple[Shell, list[dict[str, Any]]], tmp_path: Path
) -> None:
    """What feeds and sources said is in the document; a steady look is still one request to the chain."""
    shell, _ = depegged
    (kept,) = _decisions(shell)
    document = shell("explain", "--decision", kept, "--json")
    (tmp_path / "exit.json").write_text(document.out)
    shot = document.data["snapshot"]
    assert [peg["peg"]["symbol"] for peg in shot["pegs"]] == ["cbBTC", "cbETH"]
    assert {"peg:cbBTC", "peg:cbETH"} <= {word["subject"] for word in shot["witnesses"]}
    assert shell("replay", "-i", str(tmp_path / "exit.json")).code == 0
    again = shell("scan", "--json").data
    assert (again["requests"], len(again["snapshot"]["pegs"])) == (1, 2)


def test_one_word_of_a_lost_peg_closes_a_venue_and_moves_nothing(tmp_path: Path) -> None:
    """The chain's feeds alone: told, no exit, and nothing enters what lends against it, or may do so."""
    shell = world(
        tmp_path, "depeg", **DEPEG, MAMMON_SIM_SOURCES="dead", MAMMON_POLICY__KEEP_LIQUID_USDC="1000"
    )
    found = cycles(shell(*RUN))
    assert {each["action"] for each in found} <= {"hold", "move"}
    assert found[-1]["dangers"][0].endswith("(one word alone: chain); nothing leaves for that alone")
    for target, refused in (
        ("gauntlet-usdc", "collateral_off_peg:cbETH"),
        ("plain-vault", "collateral_off_peg:cbETH:share_unknown"),
        ("morpho-cbbtc", ""),
    ):
        judged = shell("gates", "--from", "idle", "--to", target, "--amount", "10", "--json").data["chosen"]
        verdict = next(one for one in judged["verdicts"] if one["gate"] == "no_danger")
        assert (verdict["passed"], verdict["detail"]) == (not refused, refused), target


def test_only_what_is_lent_against_is_watched(tmp_path: Path) -> None:
    """One market of one collateral: its own peg and no other; the small world lists none."""
    others = [market.slug for market in chain_file(full=True).markets if market.slug != "morpho-cbbtc"]
    alone = world(tmp_path, "none", **DEPEG, MAMMON_MARKETS__DISABLED=",".join(others))
    assert [peg["peg"]["symbol"] for peg in alone("gates", "--json").data["snapshot"]["pegs"]] == ["cbBTC"]
    few = Shell(tmp_path / "few", **MOCK)
    assert few("gates", "--json").data["snapshot"]["pegs"] == []


def test_whoever_brings_money_home_waits_for_no_peg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A way home reads no feed of collateral; a decision reads each, once."""
    price, asked = oracle.price, list[str]()

    def recorded(pair: str, *rest: Any) -> Any:
        asked.append(pair)
        return price(pair, *rest)

    monkeypatch.setattr(oracle, "price", recorded)
    shell = world(tmp_path, "none", **DEPEG)
    assert shell("rebalance", "--execute", "--yes").code == 0
    of_pegs = {"cbbtc_usd", "btc_usd", "cbeth_eth", "cbeth_redeems_eth"}
    assert of_pegs < set(asked)
    asked.clear()
    assert shell("exit-all", "--execute", "--yes").code == 0
    assert asked
    assert not of_pegs & set(asked)


def test_a_real_chain_and_a_real_source_are_read_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over HTTP: the chain file lists the peg, one request reads it, one question asks about it in time."""
    with endpoint() as served, telling(served, tmp_path, monkeypatch, names="defillama") as (asked, told):
        ids = tmp_path / "ids.toml"
        ids.write_text(ids.read_text() + _IDS)
        chain = Path(asked.environment["MAMMON_CHAIN_FILE"])
        chain.write_text(chain.read_text() + _PEG)
        usual, worth = told.body, {"cbBTC": 83_000}

        def body(line: str) -> bytes:
            if "bitcoin" not in line:
                return usual(line)
            now = served.clock.now()
            said = {f"base:{at.CBBTC}": worth["cbBTC"], "coingecko:bitcoin": 83_000}
            coin = {"timestamp": now - 60, "confidence": 0.99}
            return json.dumps({"coins": {name: coin | {"price": usd} for name, usd in said.items()}}).encode()

        monkeypatch.setattr(told, "body", body)
        first = asked("scan", "--json").data["snapshot"]
        (pegged,) = first["pegs"]
        assert (pegged["peg"]["symbol"], pegged["price"]["pair"]) == ("cbBTC", "cbbtc_usd")
        told_of = {word["subject"]: word for word in first["witnesses"]}
        assert (told_of["peg:cbBTC"]["source"], told_of["peg:cbBTC"]["value"]) == ("defillama", "1")
        served.asked.clear()
        told.asked.clear()
        worth["cbBTC"] = 70_000
        served.clock.sleep(600)
        judged = asked("gates", "--to", "steakhouse-usdc", "--json").data["chosen"]["verdicts"]
        verdict = next(one for one in judged if one["gate"] == "no_danger")
        assert (verdict["passed"], verdict["detail"]) == (False, "collateral_off_peg:cbBTC")
        assert len(served.asked) == 1
        assert sum("bitcoin" in line for line in told.asked) == 1


_IDS = f"""
[[pegs]]
chain_id = {at.CHAIN_ID}
address = "{at.CBBTC}"
defillama = {{ token = "base:{at.CBBTC}", coin = "coingecko:bitcoin" }}
source = "the simulated chain"
"""
_PEG = f"""
[feeds.cbbtc_usd]
address = "{at.CBBTC_USD}"
source = "the simulated chain"
heartbeat_s = 1200
[feeds.btc_usd]
address = "{at.BTC_USD}"
source = "the simulated chain"
heartbeat_s = 1200
[[pegs]]
symbol = "cbBTC"
address = "{at.CBBTC}"
source = "the simulated chain"
price = "cbbtc_usd"
coin = "btc_usd"
most_off_bps = 300
"""
