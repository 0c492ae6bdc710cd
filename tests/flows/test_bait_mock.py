"""Show 3 in the simulated world: nearly all of a venue is lent out, its rate is the best, and it is bait."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mammon.core import canonical
from mammon.core.types import Snapshot
from tests.flows.runner import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Return an account that watched the simulated world for an hour and a half, in which bait was laid."""
    # Its rate is one that no gate believes, which would be another reason.
    believing = {"MAMMON_POLICY__MAX_APY": "1"}
    found = Shell(
        tmp_path / "home", MAMMON_MODE="mock", MAMMON_SEED="7", MAMMON_SIM_CRISIS="bait", **believing
    )
    ended = found("run", "--cycles", "19", "--interval", "5m", "--json")
    assert ended.code == 0, ended.err
    return found


def verdicts(data: dict[str, Any], slug: str) -> dict[str, dict[str, Any]]:
    """Return every gate's verdict on one venue."""
    (found,) = [judged for judged in data["venues"] if judged["move"]["target"] == slug]
    return {verdict["gate"]: verdict for verdict in found["verdicts"]}


def test_bait_is_refused_by_its_code_and_the_healthy_riser_is_taken(shell: Shell) -> None:
    """The best-looking venue is refused by `bait` alone; the next best rose too, and takes the money."""
    named = shell("gates", "--to", "aave-fork", "--json")
    assert (named.code, named.data["refused_by"]) == (3, ["bait"]), named.err
    assert verdicts(named.data, "aave-fork")["bait"]["detail"] == "nearly_all_lent"
    scan = {row["slug"]: float(row["apy"] or 0) for row in shell("scan", "--json").data["markets"]}
    assert max(scan, key=lambda slug: scan[slug]) == "aave-fork"
    own = shell("gates", "--json")
    riser = verdicts(own.data, "aave-v3")
    assert riser["bait"]["passed"]
    assert riser["earned"]["passed"]
    assert own.code == 0
    assert own.data["action"] == "move"
    assert own.data["chosen"]["move"]["target"] != "aave-fork"


def test_the_loop_never_enters_bait(tmp_path: Path) -> None:
    """Row 19: over the hours that it lies there, with every cycle acted upon, no spike is chased."""
    shell = Shell(tmp_path / "home", MAMMON_MODE="mock", MAMMON_SEED="7", MAMMON_SIM_CRISIS="bait")
    ended = shell("run", "--execute", "--yes", "--cycles", "48", "--interval", "5m", "--json")
    assert ended.code == 0, ended.err
    cycles = [json.loads(line)["data"] for line in ended.out.splitlines()]
    after = [entry["outcome"]["target"] for entry in cycles[12:] if entry["outcome"]]
    assert "aave-fork" not in after
    assert len([entry for entry in cycles if entry["outcome"]]) <= 2


def test_tracks_stand_in_every_decision_and_replay(shell: Shell) -> None:
    """What earlier readings told is part of the decision: offline it comes to the same bytes."""
    gates = shell("gates", "--json")
    snapshot = canonical.decode(Snapshot, gates.data["snapshot"])
    assert {track.slug for track in snapshot.tracks} == {
        row["slug"] for row in shell("scan", "--json").data["markets"]
    }
    assert all(track.read >= 19 for track in snapshot.tracks)
    for track in snapshot.tracks:
        ages = [snapshot.block.timestamp - sample.at for sample in track.samples]
        assert ages == sorted(ages, reverse=True)
        assert ages[-1] > 0
        assert max(ages) > 3_600
    again = shell("replay", "-i", "-", "--json", piped=gates.out)
    assert (again.code, again.out) == (0, gates.out)


def test_what_was_read_is_in_the_tracks_of_paper_and_mock_alike(shell: Shell) -> None:
    """A reading told is a reading kept: the next decision has one more of every market."""
    first, second = (canonical.decode(Snapshot, shell("gates", "--json").data["snapshot"]) for _ in range(2))
    assert [one.read for one in first.tracks] == [one.read for one in second.tracks], (
        "the same block, read twice"
    )
    assert shell("run", "--cycles", "2", "--interval", "5m").code == 0
    third = canonical.decode(Snapshot, shell("gates", "--json").data["snapshot"])
    assert all(one.read > other.read for one, other in zip(third.tracks, first.tracks, strict=True))
