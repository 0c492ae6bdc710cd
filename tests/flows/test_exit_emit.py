"""The way home for other hands: emitted without a key, read back to the byte, judged before it is signed."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mammon.chain import safe_file
from mammon.cli import exit_emit
from mammon.cli.process import Process
from mammon.core import canonical
from mammon.core.numbers import Units
from mammon.core.types import Unread
from tests.flows.mangling import put
from tests.flows.runner import Ended, Shell
from tests.flows.settled import MOCK
from tests.flows.terminal import Terminal

THIEF = "0x" + "11" * 20
FORMS = ("safe", "calldata")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A world whose money is in two venues."""
    found = Shell(tmp_path / "home", **MOCK)
    assert found("drill", "--venue", "aave-v3", "--execute", "--yes").code == 0
    assert found("rebalance", "--execute", "--yes").code == 0
    return found


def emitted(shell: Shell, form: str) -> dict[str, Any]:
    """Return a batch as it was printed."""
    ended = shell("exit-all", "--emit", form)
    assert ended.code == 0, ended.err
    found: dict[str, Any] = json.loads(ended.out)
    return found


def calls_of(batch: dict[str, Any]) -> list[dict[str, Any]]:
    found = batch["transactions"] if "transactions" in batch else batch["data"]["calls"]
    return [{key: call[key] for key in ("to", "value", "data")} for call in found]


def shown(shell: Shell, batch: dict[str, Any], *more: str) -> Ended:
    (shell.home / "given.json").write_bytes(canonical.json_bytes(batch) + b"\n")
    return shell("tx", "show", "given.json", *more)


@pytest.mark.parametrize("form", FORMS)
def test_it_is_signed_by_others_and_judged_before(form: str, shell: Shell) -> None:
    """One withdrawal from the venue, to the account itself; read back it may be signed, exit 0."""
    signed = shell("tx", "list", "--json").data
    batch = emitted(shell, form)
    (call,) = calls_of(batch)
    assert call["value"] == "0"
    again = shown(shell, batch)
    assert (again.code, "it may be signed" in again.out) == (0, True), again.err
    data = shown(shell, batch, "--json").data
    assert (data["executed"], data["home"], [one["ready"] for one in data["venues"]]) == (False, True, [True])
    assert shell("tx", "list", "--json").data == signed


def test_both_forms_are_the_same_calls(shell: Shell) -> None:
    """What a Safe is given is what any other wallet is."""
    assert calls_of(emitted(shell, "safe")) == calls_of(emitted(shell, "calldata"))


def test_the_safe_file_says_what_it_is(shell: Shell) -> None:
    """Name and description of the whole, and the builder's own checksum."""
    batch = emitted(shell, "safe")
    assert batch["meta"]["name"].endswith("home from 1 venue")
    assert "not to be signed after" in batch["meta"]["description"]
    assert batch["meta"]["checksum"] == safe_file.checksum(batch)


def test_it_goes_to_a_file(shell: Shell) -> None:
    """With --out the file has the batch, and the screen what would leave."""
    ended = shell("exit-all", "--emit", "safe", "--out", "home.json", "--valid-for", "1d", "--json")
    assert (ended.code, ended.document["schema"]) == (0, "mammon/exit@1")
    terms = json.loads((shell.home / "home.json").read_text())["meta"]["mammon"]
    assert terms["valid_until"] - terms["at"] == 86_400


def test_a_home_that_is_home_emits_nothing(tmp_path: Path) -> None:
    """There is no batch of no calls."""
    shell = Shell(tmp_path / "home", **MOCK)
    ended = shell("exit-all", "--emit", "safe", "--out", "home.json")
    assert (ended.code, "everything is home already" in ended.out) == (0, True)
    assert not (shell.home / "home.json").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("--emit", "safe", "--execute", "--yes"),
        ("--emit", "safe", "--dry-run"),
        ("--out", "x.json"),
        ("--valid-for", "1d"),
        ("--emit", "safe", "--valid-for", "8d"),
    ],
)
def test_wishes_that_contradict_are_refused(words: Sequence[str], shell: Shell) -> None:
    """Nothing is guessed, exit 2."""
    assert shell("exit-all", *words).code == 2


# --- judged anew -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_another_beneficiary_is_refused(form: str, shell: Shell) -> None:
    """A batch whose seal fits but whose call pays somebody else is not what mammon makes, exit 3."""
    batch = emitted(shell, form)
    (call,) = calls_of(batch)
    owner = shell("status", "--json").document["account"][2:].lower()
    stolen = call["data"].replace(owner, THIEF[2:])
    assert stolen != call["data"]
    path = ("transactions", 0, "data") if form == "safe" else ("data", "calls", 0, "data")
    changed = resealed(put(batch, path, stolen))
    ended = shown(shell, changed)
    assert (ended.code, "Do not sign it" in ended.out) == (3, True)


@pytest.mark.parametrize("form", FORMS)
def test_more_than_is_held_is_refused(form: str, shell: Shell) -> None:
    """An amount beyond what is there now: emit it anew."""
    batch = emitted(shell, form)
    path = ("meta", "mammon") if form == "safe" else ("data", "terms")
    changed = resealed(put(batch, (*path, "venues", 0, "amount"), str(10**15)))
    assert shown(shell, changed).code in (2, 3)


def test_a_byte_changed_is_refused(shell: Shell) -> None:
    """Without a seal that fits it is no batch of mammon's, exit 2."""
    batch = emitted(shell, "calldata")
    assert shown(shell, put(batch, ("data", "terms", "valid_until"), 1)).code == 2


def test_what_came_home_meanwhile_is_refused(shell: Shell) -> None:
    """The batch is carried out, or its money left by another way: there is nothing to sign."""
    batch = emitted(shell, "safe")
    assert shell("exit-all", "--execute", "--yes").code == 0
    assert shown(shell, batch).code == 3


def test_it_expires(shell: Shell) -> None:
    """By the chain's time, exit 2."""
    batch = json.loads(shell("exit-all", "--emit", "safe", "--valid-for", "1s").out)
    shell("run", "--cycles", "2", "--interval", "5m")
    ended = shown(shell, batch)
    assert (ended.code, "expired" in ended.err) == (2, True)


def resealed(batch: dict[str, Any]) -> dict[str, Any]:
    """Return a changed batch with the checksum or hash that it then needs."""
    if "transactions" in batch:
        return put(batch, ("meta", "checksum"), safe_file.checksum(batch))
    import hashlib

    blank = put(batch, ("data", "hash"), "")
    return put(batch, ("data", "hash"), hashlib.sha256(canonical.json_bytes(blank)).hexdigest())


# --- stops -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", ["pause", "reduce", "halt"])
def test_stops_that_let_a_person_go_home_let_them_emit(stop: str, shell: Shell) -> None:
    """It is a command; and what it made may be judged."""
    shell(stop, "--reason", "a test")
    assert shown(shell, emitted(shell, "safe")).code == 0


def test_the_kill_switch_stops_it(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is emitted nor called good, exit 5, but for a person at a terminal with a reason."""
    batch = emitted(shell, "safe")
    (shell.home / ".kill_switch").touch()
    assert shell("exit-all", "--emit", "safe").code == 5
    assert shown(shell, batch).code == 5
    assert shell("exit-all", "--emit", "safe", "--override-stop", "drained").code == 5
    process = shell.process

    def asked(stdin: object, out: io.StringIO, err: io.StringIO) -> Process:
        return process(Terminal(""), out, err)  # type: ignore[arg-type]

    monkeypatch.setattr(shell, "process", asked)
    ended = shell("exit-all", "--emit", "safe", "--override-stop", "drained")
    assert (ended.code, len(calls_of(json.loads(ended.out)))) == (0, 1)


# --- what does not leave ---------------------------------------------------------------------------


def test_what_cannot_leave_is_left_out_and_told(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A venue that was not read keeps no other from coming home: exit 4."""
    found = exit_emit.ways_home

    def ways(*given: Any) -> Any:
        return (*found(*given), Unread("aave-v3", "timeout", "nobody answered"))

    monkeypatch.setattr(exit_emit, "ways_home", ways)
    ended = shell("exit-all", "--emit", "safe")
    assert (ended.code, len(calls_of(json.loads(ended.out)))) == (4, 1)
    assert "aave-v3: nobody answered (timeout): left out" in ended.err


def test_a_part_is_emitted_where_all_does_not_leave(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tight liquidity: what can leave is emitted exactly, the rest is told, exit 4."""
    found = exit_emit.ways_home

    def tight(*given: Any) -> Any:
        return tuple(dataclasses.replace(way, liquid=Units(10**9)) for way in found(*given))

    monkeypatch.setattr(exit_emit, "ways_home", tight)
    ended = shell("exit-all", "--emit", "safe", "--out", "home.json", "--json")
    (venue,) = ended.data["venues"]
    assert (ended.code, venue["code"], venue["leaving"]["raw"]) == (4, "illiquid", str(10**9))
    (leaving,) = json.loads((shell.home / "home.json").read_text())["meta"]["mammon"]["venues"]
    assert (leaving["amount"], leaving["everything"]) == (str(10**9), False)
