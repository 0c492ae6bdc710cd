"""Dated needs through the real commands: fetched in time, told, kept, and emitted for other hands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.flows.runner import Shell
from tests.flows.settled import MOCK

USD = 10**6
NEED = '[[needs]]\nat = {at}\namount_usdc = 3000\nnote = "rent"\n'


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A world whose money is in a venue."""
    found = Shell(tmp_path / "home", **MOCK)
    assert found("rebalance", "--execute", "--yes").code == 0
    return found


def config(tmp_path: Path, at: str = "2026-01-02") -> tuple[str, str]:
    """Return the options that name a file with one need; the simulated world begins at 2026-01-01."""
    file = tmp_path / "needs.toml"
    file.write_text(NEED.format(at=at))
    return ("--config", str(file))


def test_it_comes_home_once_and_stays(shell: Shell, tmp_path: Path) -> None:
    """The loop fetches what is missing, says for what, and then leaves it where it is."""
    ended = shell("run", "--execute", "--yes", "--cycles", "3", "--json", *config(tmp_path))
    first, *others = (json.loads(line)["data"] for line in ended.out.splitlines())
    assert ended.code == 0
    assert (first["action"], first["outcome"]["left"]) == ("exit", str(3_000 * USD + 10_000))
    assert first["headline"].endswith("for needs that fall due.")
    assert [each["action"] for each in others] == ["hold", "hold"]
    rows = shell("detect-positions", "--json").data["positions"]
    assert next(int(row["assets"]["raw"]) for row in rows if row["slug"] == "idle") >= 3_000 * USD


def test_it_counts_in_no_window(shell: Shell, tmp_path: Path) -> None:
    """A way home is no move: neither the count of a day nor the time between moves knows of it."""
    assert shell("rebalance", "--execute", "--yes", *config(tmp_path)).code == 0
    decision = shell("gates", "--json", *config(tmp_path)).data
    assert len(decision["portfolio"]["moved"]) == 1


def test_the_document_says_what_it_is_for(shell: Shell, tmp_path: Path) -> None:
    """The need, what is missing, and the gates of a way home; and it replays."""
    ended = shell("gates", "--json", *config(tmp_path))
    assert ended.data["action"] == "exit"
    assert ended.data["reserve"]["missing"] == str(3_000 * USD)
    assert [need["note"] for need in ended.data["reserve"]["needs"]] == ["rent"]
    (tmp_path / "decision.json").write_text(ended.out)
    assert shell("replay", "-i", str(tmp_path / "decision.json"), *config(tmp_path)).code == 0
    told = shell("gates", *config(tmp_path)).out
    assert "need: 3,000.00 USDC at 2026-01-02 00:00:00 UTC (rent)" in told
    assert "missing for needs: 3,000.00 USDC in the wallet" in told


def test_a_need_far_off_changes_nothing(shell: Shell, tmp_path: Path) -> None:
    """Before its notice begins it is neither fetched nor told."""
    ended = shell("gates", *config(tmp_path, "2026-03-01"))
    assert "Hold" in ended.out
    assert "need:" not in ended.out


def test_a_proposal_is_judged_anew_and_carried_out(tmp_path: Path, shell: Shell) -> None:
    """A decision taken from one command to the next: proposed, judged anew, carried out."""
    (tmp_path / "decision.json").write_text(shell("gates", "--json", *config(tmp_path)).out)
    ended = shell(
        "rebalance",
        "-i",
        str(tmp_path / "decision.json"),
        "--execute",
        "--yes",
        "--json",
        *config(tmp_path),
    )
    assert (ended.code, ended.data["outcome"]["target"]) == (0, "idle")


@pytest.mark.parametrize("stop", ["pause", "halt"])
def test_under_a_stop(stop: str, shell: Shell, tmp_path: Path) -> None:
    """`pause` lets it come home; `halt` waits for a person, exit 5."""
    shell(stop, "--reason", "a test")
    ended = shell("rebalance", "--execute", "--yes", *config(tmp_path))
    assert ended.code == (0 if stop == "pause" else 5)


def test_it_is_emitted_for_others_to_sign(shell: Shell, tmp_path: Path) -> None:
    """A batch of one withdrawal, rehearsed, and judged anew before the last signature."""
    batch = tmp_path / "batch.json"
    ended = shell("rebalance", "--emit", "safe", "--out", str(batch), *config(tmp_path))
    assert ended.code == 0, ended.err
    plain = json.loads(batch.read_text())
    assert len(plain["transactions"]) == 1
    again = shell("tx", "show", str(batch), *config(tmp_path))
    assert (again.code, "it may be signed" in again.out) == (0, True), again.err


def test_a_person_asks_for_money_to_come_home(shell: Shell) -> None:
    """`--to idle`: so much, from one venue; more than is there is refused, exit 3."""
    venue = shell("gates", "--json").data["chosen"]["move"]["source"]
    asked = ("gates", "--from", venue, "--to", "idle", "--json")
    ended = shell(*asked, "--amount", "5")
    assert (ended.code, ended.data["action"], ended.data["plan"]["amount"]) == (0, "exit", str(5 * USD))
    assert shell(*asked, "--amount", "50000").code == 3
