"""Rewards through the real commands: seen, judged, claimed once, and closed by everything that closes."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mammon.errors import OutsideError, TransientError
from mammon.ops import killswitch
from mammon.sim.contracts import rewards as contracts
from tests.flows.forked import start
from tests.flows.runner import Ended, Shell
from tests.flows.settled import MOCK

ALL = {**MOCK, "MAMMON_SIM_VENUES": "all"}
CLAIM = ("rewards", "claim")
DO = ("--execute", "--yes", "--json")
WELL = 10**18


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "home", **MOCK)


@pytest.fixture
def full(tmp_path: Path) -> Shell:
    """A world with a venue of every kind, and their payers."""
    return Shell(tmp_path / "full", **ALL)


def listed(shell: Shell) -> dict[str, Any]:
    """Return what is listed, by payer."""
    return {row["payer"]: row for row in shell("rewards", "list", "--json").data["rewards"]}


def told(ended: Ended) -> dict[str, Any]:
    return {row["payer"]: row for row in ended.data["claims"]}


def raw(amount: Any) -> int:
    return int(amount["raw"])


# --- list ------------------------------------------------------------------------------------------


def test_what_is_owed_is_told_with_its_worth_or_that_it_is_unknown(full: Shell) -> None:
    """Four payers of three kinds; a token without a feed is worth null, not zero."""
    rows = listed(full)
    assert set(rows) == {"merkl-well", "merkl-morpho", "compound-v3-comp", "moonwell-usdc-well"}
    assert raw(rows["moonwell-usdc-well"]["owed"]) == 640 * WELL
    assert 5 < Decimal(rows["moonwell-usdc-well"]["worth"]) < 9
    comp = rows["compound-v3-comp"]
    assert (raw(comp["owed"]), comp["worth"], comp["problem"]) == (21 * 10**17, None, "no_feed")
    assert all(raw(row["held"]) == 0 for row in rows.values())


def test_what_programmes_pay_is_told_apart_from_interest(full: Shell) -> None:
    """By market and source; of Aave's net target only what is paid on top."""
    rows = {(row["slug"], row["source"]): row for row in full("rewards", "list", "--json").data["programmes"]}
    assert Decimal(rows["aave-v3", "merkl"]["apr"]) == Decimal("0.007")
    assert Decimal(rows["steakhouse-usdc", "merkl"]["apr"]) == Decimal("0.0185")
    assert rows["compound-v3", "compound-v3-comp"]["apr"] is None
    assert 0 < Decimal(rows["moonwell", "moonwell-usdc-well"]["apr"]) < Decimal("0.05")
    shown = full("rewards", "list").out
    assert "counts in no decision before it is claimed" in shown
    assert "no_feed" in shown


def test_a_small_world_has_merkls_alone(shell: Shell) -> None:
    """Nobody pays for venues that are not there."""
    assert set(listed(shell)) == {"merkl-well", "merkl-morpho"}


@pytest.mark.parametrize("off", [False, True])
def test_merkl_silent_is_unread_and_the_others_are_not(
    off: bool, full: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Down or switched off: what it pays is not known, which is neither zero nor the end of the list."""
    if off:
        full.environment["MAMMON_REWARDS__MERKL"] = "false"
    else:
        monkeypatch.setattr("mammon.sim.merkl.answer", _down)
    ended = full("rewards", "list", "--json")
    rows = {row["payer"]: row for row in ended.data["rewards"]}
    code = "not_asked" if off else "http_503"
    assert (rows["merkl-well"]["owed"], rows["merkl-well"]["problem"]) == (None, code)
    assert raw(rows["moonwell-usdc-well"]["owed"]) == 640 * WELL
    assert ended.code == 0
    assert code in {note["code"] for note in ended.document["errors"]}
    assert full("rewards", "list", "--strict").code == 4


def _down(_world: Any, _url: str) -> bytes:
    raise TransientError("http_503", "the endpoint answered 503")


def test_a_grant_that_is_not_in_the_tree_is_refused(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever speaks for Merkl cannot have anything claimed that the chain does not know."""
    from mammon.sim import merkl

    honest = merkl.answer

    def more(world: Any, url: str) -> bytes:
        return honest(world, url).replace(b'"amount": "55', b'"amount": "95')

    monkeypatch.setattr(merkl, "answer", more)
    rows = listed(shell)
    assert (rows["merkl-well"]["owed"], rows["merkl-well"]["problem"]) == (None, "proof")
    assert raw(rows["merkl-morpho"]["owed"]) == 14 * WELL
    ended = shell(*CLAIM, "merkl-well", *DO)
    assert (ended.code, told(ended)["merkl-well"]["code"]) == (4, "proof")
    assert shell("tx", "list", "--json").data["transactions"] == []


def test_a_scan_looks_for_rewards_when_asked(full: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column of its own, after the haircut, in no other; without the option nobody looks."""
    plain = full("scan", "--json")
    assert all(row["reward"] is None for row in plain.data["markets"])
    rows = {row["slug"]: row for row in full("scan", "--rewards", "--json").data["markets"]}
    assert Decimal(rows["steakhouse-usdc"]["reward"]["apr"]) == Decimal("0.00925")
    assert Decimal(rows["aave-v3"]["reward"]["apr"]) == Decimal("0.0035")
    assert (rows["compound-v3"]["reward"]["apr"], rows["aave-fork"]["reward"]["apr"]) == (None, "0")
    before = {row["slug"]: row["apy"] for row in plain.data["markets"]}
    assert {slug: row["apy"] for slug, row in rows.items()} == before
    assert "in no other column, and in no decision" in full("scan", "--rewards").out


def test_a_scan_that_could_not_look_says_so(full: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Merkl silent, or a payer that does not answer: unknown, never zero."""
    monkeypatch.setattr("mammon.sim.merkl.answer", _down)
    monkeypatch.setattr(contracts.Distributor, "configs", None)
    for method in (b"\x7e!\x8f\x90",):
        monkeypatch.delitem(contracts.Distributor.methods, method)  # type: ignore[arg-type]
    ended = full("scan", "--rewards", "--json")
    rows = {row["slug"]: row for row in ended.data["markets"]}
    assert rows["aave-fork"]["reward"] is None
    assert rows["moonwell"]["reward"]["apr"] is None
    assert [part["problem"] for part in rows["moonwell"]["reward"]["parts"]] != [""]
    assert "http_503" in {note["code"] for note in ended.document["errors"]}


# --- claim -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_a_claim_is_looked_at_first(words: tuple[str, ...], full: Shell) -> None:
    """Rehearsed and judged, nothing signed; what has no known worth is not ready."""
    ended = full(*CLAIM, *words, "--json")
    rows = told(ended)
    assert ended.code == 0
    assert not ended.data["executed"]
    assert {payer for payer, row in rows.items() if row["ready"]} == set(rows) - {"compound-v3-comp"}
    assert all(row["claimed"] is None and row["transactions"] == [] for row in rows.values())
    assert all(0 < Decimal(row["cost"]) < Decimal("0.05") for row in rows.values())
    assert full("tx", "list", "--json").data["transactions"] == []


def test_what_is_claimed_is_in_the_wallet_and_nothing_is_owed_twice(full: Shell) -> None:
    """As measured; the asset is untouched, the books agree, and a second command has nothing to claim."""
    before = full("detect-positions", "--json").data["positions"]
    ended = full(*CLAIM, *DO)
    rows = told(ended)
    assert ended.code == 0
    assert raw(rows["merkl-well"]["claimed"]) == 55 * WELL
    assert raw(rows["moonwell-usdc-well"]["claimed"]) >= 640 * WELL
    assert rows["compound-v3-comp"]["code"] == "worth_unknown"
    held = listed(full)["merkl-well"]["held"]
    assert raw(held) == raw(rows["merkl-well"]["claimed"]) + raw(rows["moonwell-usdc-well"]["claimed"])
    again = full(*CLAIM, *DO)
    assert again.code == 0
    assert all(row["transactions"] == [] for row in told(again).values())
    assert full("detect-positions", "--json").data["positions"] == before
    assert full("detect-positions", "--verify", "--json").code == 0
    assert full("state", "check", "--json").code == 0


def test_the_journal_tells_a_claim_in_its_own_token(full: Shell) -> None:
    """With the decimals of what was claimed, from whom, and that it came."""
    assert full(*CLAIM, "moonwell-usdc-well", *DO).code == 0
    (note,) = full("tx", "list", "--json").data["transactions"]
    assert (note["action"], note["slug"], note["amount"]["decimals"]) == ("claim", "moonwell-usdc-well", 18)
    assert "640.00 of a reward came to the wallet from moonwell-usdc-well" in full("tx", "show").out


def test_an_unknown_worth_needs_a_person_who_names_it(full: Shell) -> None:
    """Named it is refused with exit 3 and the way to do it; --any-worth claims it."""
    ended = full(*CLAIM, "compound-v3-comp", "--json")
    assert (ended.code, told(ended)["compound-v3-comp"]["code"]) == (3, "worth_unknown")
    assert "--any-worth" in ended.document["errors"][0]["hint"]
    done = full(*CLAIM, "compound-v3-comp", "--any-worth", *DO)
    assert done.code == 0
    assert raw(told(done)["compound-v3-comp"]["claimed"]) >= 21 * 10**17
    assert full(*CLAIM, "--any-worth").code == 2


def test_what_is_not_worth_its_cost_is_held(shell: Shell) -> None:
    """The policy says how many times its cost a claim must be worth: to hold is exit 0."""
    shell.environment["MAMMON_POLICY__MIN_CLAIM_MULTIPLE"] = "1000"
    rows = told(shell(*CLAIM, *DO))
    assert (rows["merkl-well"]["code"], rows["merkl-well"]["verdict"]["passed"]) == ("not_worth_it", False)
    assert rows["merkl-morpho"]["claimed"] is not None
    assert shell(*CLAIM, "merkl-well", "--json").code == 0


@pytest.mark.parametrize("stop", ["pause", "reduce", "halt"])
def test_a_claim_is_no_way_home(stop: str, shell: Shell) -> None:
    """Every stop forbids it, before anything is read."""
    assert shell(stop, "--reason", "a test").code == 0
    ended = shell(*CLAIM, "--execute", "--yes")
    assert ended.code == 5
    assert stop in ended.err
    assert told(shell(*CLAIM, "--json"))["merkl-well"]["code"] == "stop"
    assert shell("tx", "list", "--json").data["transactions"] == []


def test_the_kill_switch_forbids_it(shell: Shell) -> None:
    """As everything else."""
    (shell.home / killswitch.NAME).touch()
    assert shell(*CLAIM, "--execute", "--yes").code == 5


def test_it_counts_like_any_transaction(full: Shell) -> None:
    """The hour's allowance and the ceiling on gas hold claims, too."""
    full.environment["MAMMON_POLICY__MAX_TRANSACTIONS_PER_HOUR"] = "1"
    rows = told(full(*CLAIM, *DO))
    assert [row["code"] for row in rows.values()].count("hourly") == 2
    full.environment["MAMMON_POLICY__MAX_GAS_USD"] = "0.000001"
    full.environment["MAMMON_POLICY__MAX_TRANSACTIONS_PER_HOUR"] = "9"
    ended = full(*CLAIM, "moonwell-usdc-well", *DO)
    assert (ended.code, told(ended)["moonwell-usdc-well"]["code"]) == (3, "fee")


def test_what_would_bring_less_than_is_owed_is_not_signed(
    full: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A distributor without means says what it owes and pays nothing: the rehearsal sees that."""
    monkeypatch.setattr(contracts.Accruing, "pay", lambda *_: 0)
    ended = full(*CLAIM, "moonwell-usdc-well", *DO)
    row = told(ended)["moonwell-usdc-well"]
    assert (ended.code, row["code"]) == (3, "rehearsal_failed")
    assert "would move 0 units" in row["reason"]


def test_a_claim_that_takes_of_the_asset_is_not_signed(full: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a payer's contract has become, the money it is no payer of stays."""
    honest = contracts.Accruing.pay

    def thief(self: Any, frame: Any, account: Any) -> int:
        from mammon.sim.deployment import deployment

        deployment(True).usdc.move(frame, account, self.address, 1)
        return honest(self, frame, account)

    monkeypatch.setattr(contracts.Accruing, "pay", thief)
    row = told(full(*CLAIM, "moonwell-usdc-well", *DO))["moonwell-usdc-well"]
    assert (row["code"], row["claimed"]) == ("rehearsal_failed", None)
    assert "would move -1 units" in row["reason"]


def test_what_it_takes_and_what_it_does_not(shell: Shell) -> None:
    """One payer at most, one of looking and doing; nobody is asked without a terminal."""
    assert shell(*CLAIM, "nobody").code == 2
    assert shell(*CLAIM, "--dry-run", "--execute").code == 2
    assert shell(*CLAIM, "--execute").code == 5
    paper = Shell(shell.home / "paper", MAMMON_MODE="paper")
    assert paper(*CLAIM, "--execute", "--yes").code == 2
    assert paper("rewards", "list").code == 2


# --- death -----------------------------------------------------------------------------------------


def _dies(where: str) -> Callable[[], None]:
    """Return what has a process die by SIGKILL at one place of a claim's way."""

    def prepare() -> None:
        import importlib

        module, _, name = where.rpartition(":")
        holder: Any = importlib.import_module(module)
        *path, last = name.split(".")
        for part in path:
            holder = getattr(holder, part)

        def dies(*_: Any, **__: Any) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(holder, last, dies)

    return prepare


@pytest.mark.parametrize(
    "where",
    [
        "mammon.state.journal:Journal.sign_slot",
        "mammon.chain.follow:Follower.tell",
        "mammon.chain.follow:Follower.follow",
        "mammon.chain.effects:Effects.proven",
        "mammon.state.journal:Journal.close_slot",
    ],
)
def test_death_at_any_step_of_a_claim_claims_it_once(where: str, tmp_path: Path) -> None:
    """Whoever comes next settles what is on the wire or lets it be: claimed once, and nothing is lost."""
    shell = Shell(tmp_path / "home", **MOCK)
    environment = {**shell.environment, "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    words = (*CLAIM, "merkl-morpho", "--execute", "--yes")
    assert start(tmp_path / "child", environment, *words, before=_dies(where)).wait().code == -signal.SIGKILL
    ended = shell(*CLAIM, "merkl-morpho", *DO)
    assert ended.code == 0, ended.err
    assert raw(listed(shell)["merkl-morpho"]["held"]) == 14 * WELL
    assert raw(listed(shell)["merkl-morpho"]["owed"]) == 0
    settled = [row for row in shell("tx", "list", "--json").data["transactions"] if row["state"] == "settled"]
    assert len(settled) == 1
    status = shell("status", "--json").data
    assert status["unfinished"] == []
    assert shell("state", "check", "--json").code == 0


def test_a_claim_that_was_settled_and_not_told_is_told_later(tmp_path: Path, monkeypatch: Any) -> None:
    """Death between the proof and the end of the intent: the next start ends it and claims no more."""
    shell = Shell(tmp_path / "home", **MOCK)
    with monkeypatch.context() as patch:
        patch.setattr("mammon.state.journal.Journal.close_intent", _fails)
        assert shell(*CLAIM, "merkl-morpho", "--execute", "--yes").code == 4
    assert "is carried out and not recorded yet" in shell("status").out
    ended = shell(*CLAIM, "merkl-morpho", *DO)
    assert ended.code == 0
    assert "finished what was begun: a claim on merkl-morpho" in ended.err
    assert told(ended)["merkl-morpho"]["code"] == "nothing_owed"
    assert len(shell("tx", "list", "--json").data["transactions"]) == 1
    assert shell("status", "--json").data["unfinished"] == []


def _fails(*_: Any, **__: Any) -> None:
    raise OutsideError("killed", "killed", "run again")


def test_a_move_after_a_killed_claim_goes_on(tmp_path: Path) -> None:
    """The next command that acts settles the claim first, and tells of it."""
    shell = Shell(tmp_path / "home", **MOCK)
    environment = {**shell.environment, "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    words = (*CLAIM, "merkl-morpho", "--execute", "--yes")
    dying = _dies("mammon.chain.follow:Follower.follow")
    assert start(tmp_path / "child", environment, *words, before=dying).wait().code == -signal.SIGKILL
    assert "claim merkl-morpho" in json.dumps(shell("status", "--json").data["unfinished"])
    ended = shell("rebalance", "--execute", "--yes")
    assert ended.code == 0
    assert "finished what was begun: a claim on merkl-morpho" in ended.err
    assert raw(listed(shell)["merkl-morpho"]["held"]) == 14 * WELL
