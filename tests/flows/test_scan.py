"""`mammon scan` through the real command: all venues, what is shown of them, and their pictures."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mammon.protocols.registry import VENUES
from mammon.sim.chainfile import chain_file
from tests.flows.runner import Ended, Shell
from tests.flows.terminal import Watched

FULL = {"MAMMON_MODE": "mock", "MAMMON_SEED": "1", "MAMMON_SIM_VENUES": "all"}
MARKETS = {market.slug: market for market in chain_file(full=True).markets}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "home", **FULL)


def slugs(ended: Ended) -> list[str]:
    """Return the venues of a document, in its order."""
    assert ended.code == 0, ended
    return [row["slug"] for row in ended.data["markets"]]


def told(ended: Ended) -> list[str]:
    """Return the venues of a table, in its order."""
    assert ended.code == 0, ended
    return [line.split()[0] for line in ended.out.splitlines() if line.split()[0] in MARKETS]


# --- every venue ---------------------------------------------------------------------------------


def test_the_steady_scan_of_all_protocols_is_one_request(shell: Shell) -> None:
    """Every protocol that mammon knows, all read: the second scan asks once, and reads the same."""
    first, second = (shell("scan", "--json") for _ in range(2))
    assert first.data["requests"] > 1
    assert second.data["requests"] == 1
    for ended in (first, second):
        assert ended.document["errors"] == []
        assert {MARKETS[slug].protocol for slug in slugs(ended)} == set(VENUES)
    states = [ended.data["snapshot"]["markets"] for ended in (first, second)]
    assert [row["withdrawable"] for row in states[0]] == [row["withdrawable"] for row in states[1]]


def test_the_second_tier_is_shown_and_never_entered(shell: Shell) -> None:
    """Switched off, so `withdraw only`; no gate lets money in, however good the rate."""
    rows = {row["slug"]: row for row in shell("scan", "--json").data["markets"]}
    off = {slug for slug, market in MARKETS.items() if not market.deposits}
    assert {slug for slug, row in rows.items() if row["state"] == "withdraw only"} == off
    for slug in sorted(off):
        ended = shell("gates", "--from", "idle", "--to", slug, "--amount", "1000", "--json")
        assert ended.code == 3, ended
        assert "venue_open" in ended.data["refused_by"]


def test_a_world_keeps_the_venues_it_began_with(shell: Shell) -> None:
    """Without a word of venues it goes on as it was; another number of them is another world."""
    assert len(slugs(shell("scan", "--json"))) == len(MARKETS)
    shell.environment.pop("MAMMON_SIM_VENUES")
    assert len(slugs(shell("scan", "--json"))) == len(MARKETS)
    shell.environment["MAMMON_SIM_VENUES"] = "few"
    refused = shell("scan")
    assert (refused.code, "other_venues" in refused.err) == (2, True)


def test_money_moves_in_the_full_world_and_comes_home(shell: Shell) -> None:
    """Decided, sent and proven by the same commands as anywhere."""
    assert shell("run", "--cycles", "2", "--execute", "--yes", "-q").code == 0
    held = shell("detect-positions", "--json").data["positions"]
    assert any(row["slug"] != "idle" for row in held)
    assert shell("exit-all", "--execute", "--yes", "-q").code == 0
    assert [row["slug"] for row in shell("detect-positions", "--json").data["positions"]] == ["idle"]


# --- what is shown -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ((), set(MARKETS)),
        (("moonwell", "aave-v3"), {"moonwell", "aave-v3"}),
        (("--protocol", "aave_v3"), {"aave-v3", "aave-fork"}),
        (("--protocol", "fluid", "--protocol", "moonwell"), {"fluid-usdc", "moonwell"}),
        (("--protocol", "aave_v3", "aave-v3"), {"aave-v3"}),
        (("--open",), {slug for slug, market in MARKETS.items() if market.deposits}),
        (("--open", "fluid-usdc"), set()),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_filter_is_exact_in_document_and_table(
    words: tuple[str, ...], wanted: set[str], shell: Shell
) -> None:
    """The same venues both times, none else; what was left out is counted, and still was read."""
    document = shell("scan", *words, "--json")
    assert set(slugs(document)) == wanted
    assert document.data["left_out"] == len(MARKETS) - len(wanted)
    assert len(document.data["snapshot"]["markets"]) == len(MARKETS)
    table = shell("scan", *words)
    assert told(table) == slugs(document)
    assert ("left out" in table.out) == (len(wanted) < len(MARKETS))


def test_a_tier_is_that_one_or_a_better_one(shell: Shell) -> None:
    """Each tier's list is those rated at most so."""
    tiers = {row["slug"]: row["standing"]["tier"] for row in shell("scan", "--json").data["markets"]}
    assert len(set(tiers.values())) > 2
    for tier in range(1, 6):
        wanted = {slug for slug, found in tiers.items() if found <= tier}
        document = shell("scan", "--tier", str(tier), "--json")
        assert set(slugs(document)) == wanted
        assert told(shell("scan", "--tier", str(tier))) == slugs(document)


@pytest.mark.parametrize(
    ("order", "field", "down"),
    [
        ("after", "apy_after", True),
        ("now", "apy", True),
        ("used", "utilisation", True),
        ("liquid", "withdrawable", True),
        ("name", "slug", False),
    ],
)
def test_an_order_is_exact_in_document_and_table(order: str, field: str, down: bool, shell: Shell) -> None:
    """Largest first, what is not known last; the table has the document's order."""
    document = shell("scan", "--sort", order, "--json")
    found = [row[field] for row in document.data["markets"]]
    known = [value for value in found if value is not None]
    assert found == known + [None] * (len(found) - len(known))
    assert known == sorted(known, key=str if order == "name" else float, reverse=down)
    assert told(shell("scan", "--sort", order)) == slugs(document)


def test_tier_and_room_and_way_out_can_be_put_in_order(shell: Shell) -> None:
    """The best tier first; room without an end first; the shortest wait first."""
    rows = shell("scan", "--sort", "tier", "--json").data["markets"]
    tiers = [row["standing"]["tier"] for row in rows]
    assert tiers == sorted(tiers)
    rooms = [row["room"] for row in shell("scan", "--sort", "room", "--json").data["markets"]]
    capped = [int(room) for room in rooms if room is not None]
    assert rooms[: len(rooms) - len(capped)] == [None] * (len(rooms) - len(capped))
    assert capped == sorted(capped, reverse=True)
    rows = shell("scan", "--sort", "exit", "--amount", "10000000", "--json").data["markets"]
    waiting = [row["outlook"]["exit"]["now"]["bound"] == "least" for row in rows]
    assert True in waiting
    assert waiting == sorted(waiting)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("moonwel",), "did you mean 'moonwell'?"),
        (("--protocol", "aave"), "did you mean 'aave_v3'?"),
        (("--protocol", "zzz"), "known: aave_v3"),
        (("--tier", "6"), "1, the best, to 5, danger"),
        (("--tier", "0"), "1, the best, to 5, danger"),
        (("--out", "a.svg"), "give --curve too"),
        (("--curve", "--out", "a.png"), "name a file that ends in .svg"),
        (("--curve", "--out", ""), "name a file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_there_is_not_is_refused_with_a_next_step(
    words: tuple[str, ...], hint: str, shell: Shell
) -> None:
    """Exit 2 before anything is read or written."""
    refused = shell("scan", *words)
    assert (refused.code, refused.out) == (2, "")
    assert hint in refused.err
    assert list(shell.home.glob("*.svg")) == []


def test_a_filtered_scan_is_still_a_whole_reading_for_gates(shell: Shell) -> None:
    """What is shown decides nothing."""
    whole, part = shell("scan", "--json"), shell("scan", "--protocol", "fluid", "--json")
    decided = [shell("gates", "-i", "-", "--json", piped=each.out) for each in (whole, part)]
    assert [each.code for each in decided] == [0, 0]
    chosen = [each.data["chosen"]["move"]["target"] for each in decided]
    assert chosen[0] == chosen[1] != "fluid-usdc"


# --- the way out, and the past -------------------------------------------------------------------


def test_the_way_out_is_told_as_far_as_it_was_read(shell: Shell) -> None:
    """At first this block alone; after a day of readings the rest, and how far back they reach."""
    first = shell("scan", "--json").data["markets"]
    assert all(row["outlook"]["exit"]["day"] is None for row in first)
    wait = "exit: wait until 10,000.00 USDC could leave: now/in 24h/in 30d; "
    assert wait + "not read before" in shell("scan").out
    assert shell("run", "--cycles", "6", "--interval", "6h", "-q").code == 0
    later = shell("scan")
    assert wait + "read for 1d 6h" in later.out
    assert "vs 1d, vs 7d: the rate now less what was earned since then" in later.out
    for row in shell("scan", "--json").data["markets"]:
        found = row["outlook"]["exit"]
        assert found["read_s"] == 30 * 3_600
        assert found["month"] == {"bound": "exact", "seconds": 0}
        assert row["outlook"]["day"]["apy_earned"] is not None
        assert row["outlook"]["week"] is None


def test_more_than_can_leave_waits(shell: Shell) -> None:
    """Nobody gets 20 million out of Comet's five at once: how much could, and that it is not all."""
    (row,) = shell("scan", "compound-v3", "--amount", "20000000", "--json").data["markets"]
    found = row["outlook"]["exit"]
    assert found["at_once"] == row["withdrawable"]
    assert found["now"] == {"bound": "least", "seconds": 0}
    assert " >0s/" in shell("scan", "compound-v3", "--amount", "20000000").out


# --- pictures ------------------------------------------------------------------------------------


def test_curves_are_drawn_for_the_venues_asked_for(shell: Shell) -> None:
    """In a pipe in ASCII alone; the document has their points; without --curve there are none."""
    drawn = shell("scan", "--curve", "moonwell", "prime-v2", "--amount", "250000")
    assert drawn.code == 0
    assert drawn.out.isascii()
    assert [line.partition(":")[0] for line in drawn.out.splitlines() if "could leave" in line] == [
        "prime-v2",
        "moonwell",
    ]
    assert "^ a deposit of 250.0k" in drawn.out
    data = shell("scan", "--curve", "moonwell", "--json").data
    (curve,) = data["curves"]
    assert (curve["slug"], len(curve["points"])) == ("moonwell", 61)
    assert shell("scan", "--json").data["curves"] == []


def test_on_a_terminal_curves_are_drawn_in_blocks_within_80_columns(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eighths of a block, no colour, and no line that a terminal of 80 columns would fold."""
    monkeypatch.setenv("COLUMNS", "80")
    assert shell("run", "--cycles", "2", "--interval", "20m", "-q").code == 0
    out = Watched(shell.home, **FULL)("scan", "--curve").out
    assert "█" in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(("width", "heads"), [(80, 8), (100, 9), (140, 12)])
def test_the_table_has_what_fits(
    width: int, heads: int, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On 80 columns no row is folded and none is left out; on wider ones there is more in each."""
    monkeypatch.setenv("COLUMNS", str(width))
    assert shell("run", "--cycles", "2", "--interval", "20m", "-q").code == 0
    lines = Watched(shell.home, **FULL)("scan").out.splitlines()
    assert sorted(word for line in lines for word in line.split()[:1] if word in MARKETS) == sorted(MARKETS)
    (head,) = (line for line in lines if line.split()[:2] == ["venue", "now"])
    assert len(head.replace("vs ", "vs").split()) == heads
    assert max(map(len, lines)) <= width


def test_a_picture_is_written_whole_and_the_same_again(shell: Shell) -> None:
    """One panel for each venue asked for, for its owner's eyes alone; drawn again it has the same bytes."""
    words = ("scan", "--curve", "--out", "curves.svg", "--open")
    done = shell(*words)
    assert (done.code, done.out.startswith("drawn into ")) == (0, True)
    target = shell.home / "curves.svg"
    first = target.read_bytes()
    picture = ElementTree.fromstring(first)
    panels = list(picture.iter("{http://www.w3.org/2000/svg}g"))
    assert len(panels) == sum(market.deposits for market in MARKETS.values())
    assert target.stat().st_mode & 0o777 == 0o600
    assert shell(*words, "--json").code == 0
    assert target.read_bytes() == first
    assert [each.name for each in shell.home.glob(".curves*")] == []


def test_a_picture_that_cannot_be_written_is_a_failure(shell: Shell) -> None:
    """Told with the path, and with nothing on stdout."""
    ended = shell("scan", "--curve", "--out", "nowhere/curves.svg", "--json")
    assert ended.code == 2
    assert json.loads(ended.out)["errors"][0]["code"] == "output"


def test_the_picture_of_the_readme_is_what_the_program_draws(shell: Shell) -> None:
    """A changed number or line makes it old: draw it anew with these words, in the full world of seed 1."""
    words = ("scan", "--open", "--curve", "--amount", "250000", "--out", "curves.svg")
    assert shell(*words).code == 0
    kept = Path(__file__).resolve().parents[2] / "examples" / "curves.svg"
    assert (shell.home / "curves.svg").read_bytes() == kept.read_bytes()
