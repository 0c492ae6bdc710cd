"""Coming home through the real commands: look, act, act again, and every way that is closed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from mammon.cli.process import Process
from mammon.ops import killswitch, stops
from tests.flows.runner import Ended, Shell
from tests.flows.settled import MOCK
from tests.flows.terminal import Terminal

EXIT = ("exit-all", "--execute", "--yes", "--json")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "home", **MOCK)


def moved(shell: Shell) -> None:
    """Put everything into a venue."""
    assert shell("rebalance", "--execute", "--yes").code == 0


def idle(shell: Shell) -> int:
    """Return what the wallet holds."""
    rows = shell("detect-positions", "--json").data["positions"]
    return next(int(row["assets"]["raw"]) for row in rows if row["slug"] == "idle")


def world(shell: Shell) -> Path:
    """Return the folder of the simulated world."""
    (found,) = shell.home.glob("mock-base-*")
    return found


def at_terminal(shell: Shell, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    """Have a person sit at the shell's terminal and type."""
    process = shell.process

    def asked(stdin: object, out: io.StringIO, err: io.StringIO) -> Process:
        return process(Terminal(typed), out, err)  # type: ignore[arg-type]

    monkeypatch.setattr(shell, "process", asked)


# --- exit-all ------------------------------------------------------------------------------------


def test_a_fresh_home_is_home(shell: Shell) -> None:
    """Nothing to do is exit 0, looked at or acted on."""
    for words in (("exit-all", "--json"), EXIT):
        ended = shell(*words)
        assert (ended.code, ended.data["venues"], ended.data["home"]) == (0, [], True)


def test_it_is_looked_at_first(shell: Shell) -> None:
    """Without --execute, or with --dry-run: what would leave, rehearsed; nothing moves."""
    moved(shell)
    for words in (("exit-all", "--json"), ("exit-all", "--dry-run", "--json")):
        ended = shell(*words)
        (venue,) = ended.data["venues"]
        assert (ended.code, ended.data["executed"], venue["ready"]) == (0, False, True)
        assert venue["held"] == venue["leaving"]
        assert venue["brought"] is None
    assert idle(shell) == 0
    assert "nothing was done" in shell("exit-all").out


def test_everything_comes_home_and_twice_is_once(shell: Shell) -> None:
    """The wallet has it; a second command finds nothing to do and signs nothing."""
    moved(shell)
    ended = shell(*EXIT)
    (venue,) = ended.data["venues"]
    assert (ended.code, ended.data["home"], venue["code"]) == (0, True, "")
    assert int(venue["brought"]["raw"]) >= 9_999_999_998
    assert venue["left"]["raw"] == "0"
    assert idle(shell) == int(ended.data["idle"]["raw"]) == int(venue["brought"]["raw"])
    sent = len(shell("tx", "list", "--json").data["transactions"])
    again = shell(*EXIT)
    assert (again.code, again.data["venues"]) == (0, [])
    assert len(shell("tx", "list", "--json").data["transactions"]) == sent


def test_a_person_reads_what_came_home(shell: Shell) -> None:
    """On the terminal form, and with -q, because something was done."""
    moved(shell)
    assert "all is home" in shell("exit-all", "--execute", "--yes", "-q").out
    assert shell("exit-all", "--execute", "--yes", "-q").out == ""


def test_a_disabled_market_is_left_too(shell: Shell) -> None:
    """What is left alone otherwise is not left behind."""
    moved(shell)
    (slug,) = [row["slug"] for row in shell("exit-all", "--json").data["venues"]]
    shell.environment["MAMMON_MARKETS__DISABLED"] = slug
    assert [row["slug"] for row in shell("detect-positions", "--json").data["positions"]] == ["idle"]
    assert shell(*EXIT).data["venues"][0]["slug"] == slug
    assert idle(shell) >= 9_999_999_998


def test_it_asks_first(shell: Shell) -> None:
    """Without --yes and without a terminal: exit 5 at once."""
    moved(shell)
    assert shell("exit-all", "--execute").code == 5
    assert shell("exit-all", "--execute", "--dry-run", "--yes").code == 2
    assert idle(shell) == 0


@pytest.mark.parametrize("name", stops.NAMES)
def test_a_stop_lets_a_person_bring_it_home(name: stops.Name, shell: Shell) -> None:
    """Each stop of the world; the document names what is in force."""
    moved(shell)
    stops.set_(world(shell), name, "", "Anna", 1)
    ended = shell(*EXIT)
    assert (ended.code, ended.data["stops"]) == (0, [name])
    assert idle(shell) > 0


def test_what_nobody_knows_holds_it(shell: Shell) -> None:
    """A stop of no known name allows nothing."""
    moved(shell)
    (world(shell) / stops.FOLDER).mkdir(mode=0o700)
    (world(shell) / stops.FOLDER / "strange").touch()
    assert shell(*EXIT).code == 5
    assert idle(shell) == 0


def test_the_kill_switch_is_overridden_by_a_person_alone(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not without the option, not without a terminal, not without a reason, not without an answer."""
    moved(shell)
    (shell.home / killswitch.NAME).touch()
    refused = shell(*EXIT)
    assert refused.code == 5
    assert "--override-stop" in refused.err
    override = (*EXIT, "--override-stop", "the vault is on fire")
    assert shell(*override).code == 5
    assert shell(*EXIT, "--override-stop", "  ").code == 2
    looked = shell("exit-all", "--dry-run")
    assert looked.code == 0
    with monkeypatch.context() as patch:
        at_terminal(shell, patch, "n\n")
        assert shell(*override).code == 5
    assert shell("status", "--json").data["holdings"]
    with monkeypatch.context() as patch:
        at_terminal(shell, patch, "y\n")
        ended = shell(*override)
    assert (ended.code, ended.data["home"]) == (0, True)
    assert idle(shell) > 0
    assert shell("state", "verify-log").code == 0
    kept = Path(world(shell) / "mammon.db").read_bytes()
    assert b"the vault is on fire" in kept


# --- reduce --exit-all ---------------------------------------------------------------------------


def test_reduce_brings_home_then_halts(shell: Shell) -> None:
    """Both stops stand afterwards, and the money is in the wallet."""
    moved(shell)
    ended = shell("reduce", "--exit-all", "--execute", "--yes", "--reason", "a rumour", "--json")
    assert (ended.code, ended.data["home"]) == (0, True)
    assert ended.data["stops"] == ["reduce", "halt"]
    assert idle(shell) > 0
    assert {note.reason for note in stops.notes(world(shell))} == {"a rumour"}


def test_reduce_is_in_force_before_anything_is_asked(shell: Shell) -> None:
    """Whatever is missing to act, it stops first: exit 5 with what to give."""
    moved(shell)
    for words in (("--exit-all",), ("--exit-all", "--execute")):
        ended = shell("reduce", *words)
        assert ended.code == 5
        assert stops.in_force(shell.home, world(shell)) == ("reduce",)
    assert idle(shell) == 0


# --- drill ---------------------------------------------------------------------------------------


def drilled(ended: Ended) -> dict[str, Any]:
    """Return the venues of a drill by name."""
    return {row["slug"]: row for row in ended.data["venues"]}


def test_a_drill_is_said_before_it_is_done(shell: Shell) -> None:
    """Every enabled venue, nothing tried."""
    ended = shell("drill", "--json")
    assert ended.code == 0
    assert {row["passed"] for row in ended.data["venues"]} == {None}
    assert idle(shell) == 10_000_000_000


def test_a_drill_of_one_venue_passes(shell: Shell) -> None:
    """Exit 0; the money is where it was, to rounding, and the journal has it."""
    ended = shell("drill", "--venue", "aave-v3", "--amount", "2.5", "--execute", "--yes", "--json")
    row = drilled(ended)["aave-v3"]
    assert (ended.code, row["passed"], row["entered"]["raw"]) == (0, True, "2500000")
    assert int(row["lost"]["raw"]) <= 2
    assert row["allowance"]["raw"] == "0"
    assert len(shell("tx", "list", "--json").data["transactions"]) == 3
    assert idle(shell) >= 9_999_999_998


def test_what_does_not_fit_into_the_hour_is_said_before_it_begins(shell: Shell) -> None:
    """More venues than the hour has transactions for: nothing is begun, exit 3, and what fits is named."""
    looked = shell("drill", "--json").data
    venues = len(looked["venues"])
    assert looked["fitting"] == 4 < venues
    assert "this hour allows 4 of them" in shell("drill").out
    ended = shell("drill", "--execute", "--yes", "--json")
    (error,) = ended.document["errors"]
    assert (ended.code, error["code"]) == (3, "hourly")
    assert f"take {3 * venues} transactions and 12 more are allowed in this hour: 4 can" in error["message"]
    assert "--part" in error["hint"]
    assert shell("tx", "list", "--json").data["transactions"] == []


def test_a_part_now_and_the_rest_later(shell: Shell) -> None:
    """`--part`: as many as fit, exit 4 while some are left; an hour later those left come first."""
    part = ("drill", "--part", "--execute", "--yes", "--json")
    ended = shell(*part)
    rows = drilled(ended)
    passed = [slug for slug, row in rows.items() if row["passed"]]
    later = [slug for slug, row in rows.items() if row["code"] == "later"]
    assert (ended.code, len(passed), ended.data["passed"]) == (4, 4, False)
    assert sorted(passed + later) == sorted(rows)
    full = shell(*part)
    assert (full.code, full.document["errors"][0]["code"]) == (3, "hourly")
    shell("run", "--cycles", "2", "--interval", "61m")
    again = [slug for slug, row in drilled(shell(*part)).items() if row["passed"]]
    assert set(later) <= set(again)


def test_one_venue_after_the_other_uses_up_the_hour(shell: Shell) -> None:
    """What was sent in this hour counts, whoever asked for it."""
    for slug in ("aave-v3", "aave-fork"):
        assert shell("drill", "--venue", slug, "--execute", "--yes").code == 0
    assert shell("drill", "--json").data["fitting"] == 2


@pytest.mark.parametrize(
    "words",
    [("--amount", "51"), ("--amount", "0"), ("--amount", "x"), ("--venue", "nowhere"), ("--amount", "1e3")],
)
def test_a_drill_of_nothing_sensible_is_refused(words: tuple[str, str], shell: Shell) -> None:
    """Exit 2, nothing moved."""
    assert shell("drill", *words, "--execute", "--yes").code == 2
    assert idle(shell) == 10_000_000_000


def test_a_drill_asks_first_and_a_stop_holds_it(shell: Shell) -> None:
    """Exit 5 both times."""
    assert shell("drill", "--execute").code == 5
    assert shell("pause").code == 0
    ended = shell("drill", "--execute", "--yes", "--json")
    assert (ended.code, ended.document["errors"][0]["code"]) == (5, "pause")
    assert idle(shell) == 10_000_000_000
