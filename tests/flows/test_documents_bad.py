"""What comes in with `-i` is a proposal from anywhere: refused by name or judged, never believed."""

from __future__ import annotations

import json
import resource
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.core.decide import Decision, replay
from tests.flows.forked import start
from tests.flows.mangling import HOSTILE_TEXTS, mutated, put
from tests.flows.runner import Ended, Shell
from tests.flows.settled import MOCK
from tests.flows.terminal import Watched

ALLOWED = {"gates": {0, 2, 3}, "replay": {0, 2, 5}, "rebalance": {0, 2, 3, 5}, "explain": {0, 2}}
"""How a command may end that was given a document with anything in it."""

_MEMORY_BYTES = 4 << 30
"""Far more than a command needs, far less than a number that nobody can write down."""


@pytest.fixture(scope="module")
def hold(homes: Path) -> dict[str, Any]:
    """A decision of the same world once the money is where it should be."""
    later = Shell(homes / "later", **MOCK)
    assert later("rebalance", "--execute", "--yes").code == 0
    found = later("gates", "--json").document
    assert found["data"]["action"] == "hold"
    return found


def printable(ended: Ended) -> bool:
    return all(line.isprintable() for line in (ended.out + ended.err).splitlines())


def moved(shell: Shell) -> bool:
    """Say whether money left the wallet."""
    return [row["slug"] for row in shell("detect-positions", "--json").data["positions"]] != ["idle"]


# --- bytes that are no document ------------------------------------------------------------------

CUTS: dict[str, Callable[[str], str]] = {
    "nothing": lambda text: "",
    "white space": lambda text: " \n\t ",
    "an opening brace": lambda text: text[:1],
    "inside a key": lambda text: text[: text.index('"block"') + 3],
    "after a colon": lambda text: text[: text.index('"block":') + 8],
    "inside a number": lambda text: text[: text.index('"number":') + 12],
    "inside a string": lambda text: text[: text.index("0x") + 5],
    "after a comma": lambda text: text[: text.index(",") + 1],
    "half way": lambda text: text[: len(text) // 2],
    "without the last brace": lambda text: text.rstrip()[:-1],
    "a brace too many": lambda text: text.rstrip() + "}",
    "two documents": lambda text: text + text,
    "text before it": lambda text: "MODE mock\n" + text,
    "a byte order mark": lambda text: "\ufeff" + text,
    "an array": lambda text: f"[{text}]",
    "a string": lambda text: json.dumps(text),
    "null": lambda text: "null",
}


@pytest.mark.parametrize("how", CUTS)
@pytest.mark.parametrize("command", ["gates", "replay", "rebalance", "explain"])
def test_what_is_no_document_is_exit_2_with_a_sentence(
    how: str, command: str, shell: Shell, scan: dict[str, Any], move: dict[str, Any]
) -> None:
    """Row 20: empty, cut at any kind of place or with something added: refused, never half read."""
    whole = json.dumps(scan if command == "gates" else move)
    ended = shell(command, "-i", "-", piped=CUTS[how](whole))
    assert ended.code == 2, ended.err
    assert ended.out == ""
    assert "error: " in ended.err
    assert "Traceback" not in ended.err


VALUES = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-1e999",
    "1.0",
    "1e5",
    "-0",
    "9" * 81,
    "9" * 5000,
    "1" * 10**6,
)


@pytest.mark.parametrize("spelling", VALUES, ids=lambda text: text[:12])
def test_no_number_but_a_plain_one_gets_in(spelling: str, shell: Shell, scan: dict[str, Any]) -> None:
    """A3 54: NaN, infinities, floats and endless integers are refused wherever they stand."""
    for path in (("data", "snapshot", "block", "number"), ("data", "amount", "raw"), ("data", "requests")):
        text = json.dumps(put(scan, path, "@@")).replace('"@@"', spelling)
        ended = shell("gates", "-i", "-", piped=text)
        assert ended.code == 2, (path, ended.err)
        assert "hint: " in ended.err


WRONG: dict[str, tuple[tuple[str | int, ...], Any, str]] = {
    "another kind": (("schema",), "mammon/positions@1", "$.schema"),
    "another version": (("schema",), "mammon/scan@2", "$.schema"),
    "no schema": (("schema",), None, "$.schema"),
    "another mode": (("mode",), "paper", "$.mode"),
    "another chain": (("chain_id",), 1, "$.chain_id"),
    "another account": (("account",), "0x" + "11" * 20, "$.account"),
    "another chain inside": (("data", "snapshot", "chain_id"), 1, "$.data.snapshot"),
    "another token inside": (("data", "snapshot", "asset", "symbol"), "USDC.e", "$.data.snapshot"),
    "another owner inside": (("data", "portfolio", "owner"), "0x" + "11" * 20, "$.data.portfolio"),
    "another asset held": (("data", "portfolio", "asset", "decimals"), 18, "$.data.portfolio"),
    "an amount as a number": (("data", "amount", "raw"), 5, "$.data.amount.raw"),
    "an amount as null": (("data", "amount", "raw"), None, "$.data.amount.raw"),
    "an unknown field": (("data", "amount", "extra"), "1", "$.data.amount.extra"),
    "an unknown field in the envelope": (("extra",), "1", "$.extra"),
    "decimals nobody has": (("data", "snapshot", "asset", "decimals"), 2**53 - 1, "decimals"),
    "negative decimals": (("data", "snapshot", "eth_usd", "decimals"), -1, "decimals"),
    "nothing read": (("data", "snapshot", "markets"), [], "$.data.snapshot.markets"),
    "errors that are none": (("errors",), [{"code": 1}], "$.errors"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_field_is_named(what: str, shell: Shell, scan: dict[str, Any]) -> None:
    """Another world's, another version's or a mistyped document is exit 2 with the field in the message."""
    path, value, named = WRONG[what]
    ended = shell("gates", "-i", "-", piped=json.dumps(put(scan, path, value)))
    assert ended.code == 2, ended.err
    assert named in ended.err


@pytest.mark.parametrize("command", ["replay", "rebalance", "explain"])
def test_an_envelope_is_read_as_strictly_as_its_data(
    command: str, shell: Shell, move: dict[str, Any]
) -> None:
    """A decision in half an envelope, or in one with something added, is no document for anybody."""
    for broken in ({**move, "extra": 1}, {"schema": move["schema"], "data": move["data"]}):
        assert shell(command, "-i", "-", piped=json.dumps(broken)).code == 2


def test_a_key_may_stand_once(shell: Shell, scan: dict[str, Any]) -> None:
    """Two values under one name: neither is taken."""
    text = json.dumps(scan).replace('"chain_id":', '"chain_id": 8453, "chain_id":', 1)
    ended = shell("gates", "-i", "-", piped=text)
    assert ended.code == 2
    assert "twice" in ended.err


@pytest.mark.parametrize("bracket", ["[", '{"a":'])
def test_depth_is_bounded(bracket: str, shell: Shell) -> None:
    """100,000 levels are refused, in every command, before anything recurses."""
    for command in ALLOWED:
        assert shell(command, "-i", "-", piped=bracket * 100_000).code == 2


def test_a_vault_that_would_take_for_ever_is_refused(
    shell: Shell, scan: dict[str, Any], tmp_path: Path
) -> None:
    """10**(2**53) is asked for nowhere, and no queue points beyond its markets.

    In a process of its own: one that reckons with such a number is killed, and the test fails.
    """
    markets = scan["data"]["snapshot"]["markets"]
    place = next(at for at, market in enumerate(markets) if "decimals_offset" in (market.get("curve") or {}))
    curve = ("data", "snapshot", "markets", place, "curve")
    environment = {"HOME": str(tmp_path), **shell.environment}
    given = tmp_path / "scan.json"
    for field, value in (("decimals_offset", 2**53 - 1), ("decimals_offset", -1), ("supply_queue", [99])):
        given.write_text(json.dumps(put(scan, (*curve, field), value)))
        ended = start(
            tmp_path / "child", environment, "gates", "-i", str(given), before=_with_little_memory
        ).wait(patience_s=20)
        assert ended.code == 2, ended.err


def _with_little_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


def test_values_that_nothing_can_be_reckoned_from_are_refused(
    shell: Shell, scan: dict[str, Any], move: dict[str, Any]
) -> None:
    """Of the right types, and a division by zero, or a market from the future: exit 2, not a defect."""
    markets = scan["data"]["snapshot"]["markets"]
    place = next(at for at, market in enumerate(markets) if "decimals_offset" in (market.get("curve") or {}))
    shares = ("data", "snapshot", "markets", place, "curve", "markets", 0, "market", "supply_shares")
    for command, document in (("gates", scan), ("replay", move)):
        ended = shell(command, "-i", "-", piped=json.dumps(put(document, shares, "-1000000")))
        assert ended.code == 2, ended
        assert "cannot be reckoned with: ZeroDivisionError" in ended.err


# --- documents with anything in them -------------------------------------------------------------


def check(shell: Shell, command: str, document: dict[str, Any], *more: str) -> Ended:
    """Run a command on a document and hold it to what every command owes."""
    ended = shell(command, "-i", "-", *more, piped=json.dumps(document))
    assert ended.code in ALLOWED[command], (command, ended.code, ended.err)
    assert printable(ended)
    assert "Traceback" not in ended.err
    if "--json" in more:
        assert ended.out.count("\n") == 1
        json.loads(ended.out)
    return ended


@pytest.mark.parametrize("command", ["replay", "explain"])
@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_mutated_decision_breaks_what_tells_it(
    command: str, shell: Shell, move: dict[str, Any], hold: dict[str, Any], data: st.DataObject
) -> None:
    """Any values in a decision: told, refused by name, or shown not to follow from its inputs."""
    document = data.draw(mutated([move, hold]))
    check(shell, command, document, *data.draw(st.sampled_from([(), ("--json",)])))


@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_mutated_scan_breaks_the_judge(shell: Shell, scan: dict[str, Any], data: st.DataObject) -> None:
    """Any values in a scan: judged or refused by name."""
    check(shell, "gates", data.draw(mutated([scan])), *data.draw(st.sampled_from([(), ("--json",)])))


@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_proposal_moves_money_that_the_fresh_judgement_would_not(
    homes: Path, shell: Shell, move: dict[str, Any], hold: dict[str, Any], data: st.DataObject
) -> None:
    """Whatever a decision claims: what was carried out passed every gate on what was read just now."""
    proposal = data.draw(mutated([move, hold]))
    home = homes / "spent"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(shell.home, home)
    ended = check(Shell(home, **MOCK), "rebalance", proposal, "--execute", "--yes", "--json")
    found = ended.document["data"]
    if "decision" not in found or found["outcome"] is None:
        return
    decision = canonical.decode(Decision, found["decision"])
    assert decision.chosen is not None
    assert decision.chosen.passed
    assert replay(decision) == decision
    assert found["decision"]["snapshot"] == move["data"]["snapshot"]


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=lambda text: repr(text[:10]))
@pytest.mark.parametrize("kind", [Shell, Watched])
def test_names_from_outside_cannot_steer_a_terminal(
    text: str, kind: type[Shell], shell: Shell, scan: dict[str, Any], move: dict[str, Any]
) -> None:
    """A3 50: escapes, OSC 52, BiDi marks, line breaks and markup in names are printed as text, or refused."""
    seer = kind(shell.home, **MOCK)
    for path in (("slug",), ("note",), ("token", "symbol"), ("protocol",)):
        market = ("data", "snapshot", "markets", 0, "market")
        for more in ((), ("--json",)):
            check(seer, "gates", put(scan, (*market, *path), text), *more)
            check(seer, "explain", put(move, (*market, *path), text), *more)
    for path in (
        ("chosen", "move", "target"),
        ("chosen", "verdicts", 0, "gate"),
        ("portfolio", "asset", "symbol"),
    ):
        ended = check(seer, "explain", put(move, ("data", *path), text))
        assert max(map(len, ended.out.splitlines())) < 1000
