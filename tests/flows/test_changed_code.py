"""Home from a venue whose code changed: by the policy that leaves dangers, or by a person at a terminal."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from mammon.cli.process import Process
from mammon.core.names import Hash32
from mammon.core.types import Address
from mammon.sim.chainfile import chain_file
from mammon.state.audit import Audit
from mammon.state.opening import Identity
from mammon.state.store import Store
from tests.flows.runner import Shell
from tests.flows.settled import MOCK
from tests.flows.terminal import Terminal

EXIT = ("exit-all", "--execute", "--json")
MARKETS = {market.slug: market for market in chain_file().markets}


def world(tmp_path: Path, **more: str) -> Shell:
    """Return a world whose money is in a venue that has other code than it had when it went in."""
    found = Shell(tmp_path / "home", **MOCK, **more)
    assert found("rebalance", "--execute", "--yes").code == 0
    repinned(found, MARKETS[slug_of(found)].id.address)
    return found


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Such a world, whose policy only tells of dangers: what changed is a person's to accept."""
    return world(tmp_path, MAMMON_POLICY__ON_DANGER="alert")


def logged(shell: Shell, event: str) -> list[dict[str, object]]:
    """Return what the log has of an event."""
    with opened(shell) as store:
        rows = [json.loads(row.data) for row in Audit(store.database).rows()]
    return [row for row in rows if row["event"] == event]


def idle(shell: Shell) -> int:
    rows = shell("detect-positions", "--json").data["positions"]
    return next(int(row["assets"]["raw"]) for row in rows if row["slug"] == "idle")


def test_the_loop_leaves_what_changed(tmp_path: Path) -> None:
    """An exit by the danger's code, carried out, kept in the log; nothing goes back in afterwards."""
    shell = world(tmp_path)
    slug = slug_of(shell)
    implemented(shell, MARKETS[slug].id.address)
    ended = shell("run", "--execute", "--yes", "--json", "--cycles", "3")
    found = [json.loads(line)["data"] for line in ended.out.splitlines()]
    assert (ended.code, [each["action"] for each in found]) == (0, ["exit", "hold", "hold"]), ended.err
    assert f"danger: {slug}: code_changed" in found[0]["dangers"][0]
    assert idle(shell) == int(found[0]["outcome"]["left"]) > 0
    (row,) = logged(shell, "left_changed_code")
    assert (row["address"], row["implementation"]) == (MARKETS[slug].id.address, "0x" + "00" * 32)


def test_a_command_brings_it_home_too(tmp_path: Path) -> None:
    """What the loop may do by itself takes no more from a person, and a trial foretells it."""
    shell = world(tmp_path)
    assert shell("exit-all", "--dry-run", "--json").code == 0
    ended = shell(*EXIT, "--yes")
    assert (ended.code, ended.data["home"]) == (0, True), ended.err


def test_nothing_goes_into_what_changed(tmp_path: Path) -> None:
    """The policy is about ways home."""
    shell = world(tmp_path)
    slug = slug_of(shell)
    assert shell(*EXIT, "--yes").code == 0
    ended = shell("drill", "--venue", slug, "--execute", "--yes", "--json")
    assert ended.data["venues"][0]["code"] == "code_changed"


def slug_of(shell: Shell) -> str:
    """Return the venue that has the money."""
    rows = shell("detect-positions", "--json").data["positions"]
    return next(row["slug"] for row in rows if row["slug"] != "idle")


def accept(shell: Shell) -> tuple[str, str]:
    """Return the option that accepts the venue's code."""
    return ("--accept-changed-code", slug_of(shell))


def opened(shell: Shell) -> Store:
    document = shell("status", "--json").document
    (folder,) = shell.home.glob("mock-base-*")
    return Store.open(folder, Identity("mock", document["chain_id"], document["account"]))


def repinned(shell: Shell, address: Address) -> None:
    """Have the books remember other code of a contract than it has."""
    with opened(shell) as store, store.transaction():
        known = store.pins.known(address)
        assert known is not None
        store.pins.accept(address, Hash32("0x" + "11" * 32), known[1], "made to differ")


def implemented(shell: Shell, address: Address) -> None:
    """Have the books remember another implementation of a contract than it has: the loop looks at those."""
    with opened(shell) as store, store.transaction():
        known = store.pins.known(address)
        assert known is not None
        store.pins.accept(address, known[0], Hash32("0x" + "22" * 32), "made to differ")


def at_terminal(shell: Shell, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    process = shell.process

    def asked(stdin: object, out: io.StringIO, err: io.StringIO) -> Process:
        return process(Terminal(typed), out, err)  # type: ignore[arg-type]

    monkeypatch.setattr(shell, "process", asked)


def test_without_it_the_money_stays_and_the_way_is_told(shell: Shell) -> None:
    """Refused by the gate; the hint names the option, exit 4."""
    ended = shell(*EXIT, "--yes")
    (venue,) = ended.data["venues"]
    assert (ended.code, venue["code"]) == (4, "code_changed")
    assert "--accept-changed-code" in ended.document["errors"][0]["hint"]


def test_a_person_brings_it_home(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both codes are shown, consent is asked for whatever --yes says, the log has who and what."""
    slug, option = slug_of(shell), accept(shell)
    at_terminal(shell, monkeypatch, "y\n")
    ended = shell(*EXIT, "--yes", *option)
    assert (ended.code, ended.data["home"]) == (0, True), ended.err
    assert "0x" + "11" * 32 in ended.err
    with opened(shell) as store:
        rows = [json.loads(row.data) for row in Audit(store.database).rows()]
        facts = [row for row in rows if row["event"] == "accept_changed_code"]
        assert [(row["slug"], row["address"]) for row in facts] == [(slug, MARKETS[slug].id.address)]
        assert store.pins.known(MARKETS[slug].id.address)[0] == "0x" + "11" * 32  # type: ignore[index]


def test_it_is_no_leave_to_go_back(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pin is as it was: the next deposit there is refused, and so is the next exit without a person."""
    slug, option = slug_of(shell), accept(shell)
    at_terminal(shell, monkeypatch, "y\n")
    assert shell(*EXIT, "--yes", *option).code == 0
    again = shell("drill", "--venue", slug, "--execute", "--yes", "--json")
    assert again.data["venues"][0]["code"] == "code_changed"


@pytest.mark.parametrize("typed", ["n\n", "\n", ""])
def test_no_is_no(typed: str, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is done, exit 5."""
    option = accept(shell)
    at_terminal(shell, monkeypatch, typed)
    assert shell(*EXIT, "--yes", *option).code == 5


def test_it_takes_a_terminal(shell: Shell) -> None:
    """A script cannot accept anything, exit 5; and without --execute there is nothing to accept, exit 2."""
    assert shell(*EXIT, "--yes", *accept(shell)).code == 5
    assert shell("exit-all", *accept(shell)).code == 2


@pytest.mark.parametrize(("slug", "code"), [("plain-vault", "code_unchanged"), ("nobodys", "venue")])
def test_what_did_not_change_is_not_accepted(
    slug: str, code: str, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A habit of accepting is not begun, exit 2."""
    at_terminal(shell, monkeypatch, "y\n")
    ended = shell(*EXIT, "--yes", "--accept-changed-code", slug)
    assert (ended.code, ended.document["errors"][0]["code"]) == (2, code)


def test_the_assets_code_is_for_state_correct(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """What shows that money comes must itself be known, exit 5."""
    repinned(shell, MARKETS[slug_of(shell)].token.address)
    option = accept(shell)
    at_terminal(shell, monkeypatch, "y\n")
    ended = shell(*EXIT, "--yes", *option)
    assert (ended.code, "state correct --pin" in ended.document["errors"][0]["hint"]) == (5, True)
