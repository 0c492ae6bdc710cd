"""Key-less forms: rehearse without a key, emit for other hands, judge a batch before the last signature."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.chain import safe_file
from mammon.cli.batches import taken
from mammon.cli.documents import Identity
from mammon.core import canonical
from mammon.errors import UsageError
from mammon.sim.chainfile import chain_file
from tests.flows.mangling import put
from tests.flows.runner import Ended, Shell
from tests.flows.settled import MOCK

Fresh = Callable[..., Shell]
WHOLE = "10000000000"
THIEF = "0x" + "11" * 20
FORMS = ("safe", "calldata")


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keyless")


@pytest.fixture(scope="module")
def emitted(homes: Path) -> Path:
    """A home with idle money, and a batch of each form in it."""
    shell = Shell(homes / "idle", **MOCK)
    for form in FORMS:
        ended = shell("rebalance", "--emit", form, "--out", f"{form}.json", "-q")
        assert (ended.code, ended.out, ended.err) == (0, "", "")
    return shell.home


@pytest.fixture
def fresh(emitted: Path, tmp_path: Path) -> Fresh:
    def make(**environment: str) -> Shell:
        shutil.copytree(emitted, tmp_path / "home")
        return Shell(tmp_path / "home", **MOCK, **environment)

    return make


def batch(emitted: Path, form: str) -> dict[str, Any]:
    return json.loads((emitted / f"{form}.json").read_text())


def calls_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    found = document["transactions"] if "transactions" in document else document["data"]["calls"]
    return [{key: call[key] for key in ("to", "value", "data")} for call in found]


def shown(shell: Shell, document: dict[str, Any], *more: str) -> Ended:
    (shell.home / "given.json").write_bytes(canonical.json_bytes(document) + b"\n")
    return shell("tx", "show", "given.json", *more)


def resealed(document: dict[str, Any]) -> dict[str, Any]:
    """Return a changed batch with the checksum or hash that it then needs."""
    if "transactions" in document:
        return put(document, ("meta", "checksum"), safe_file.checksum(document))
    blank = put(document, ("data", "hash"), "")
    return put(document, ("data", "hash"), hashlib.sha256(canonical.json_bytes(blank)).hexdigest())


# --- dry run --------------------------------------------------------------------------------------


def test_a_dry_run_shows_deltas_and_gas_and_leaves_no_trace(tmp_path: Path) -> None:
    """Each leg with what it would move and use; nothing is sent, decided or kept."""
    shell = Shell(tmp_path / "home", **MOCK)
    assert shell("scan").code == 0
    before = shell("status", "--json").data
    ended = shell("rebalance", "--dry-run", "--json")
    assert ended.code == 0, ended.err
    found = ended.data["rehearsal"]
    assert (found["passed"], found["reason"], found["refusals"]) == (True, "", [])
    assert [(leg["action"], leg["delta"]["raw"]) for leg in found["legs"]] == [
        ("approve", "0"),
        ("deposit", "-" + WHOLE),
    ]
    assert all(leg["gas"] > 21_000 for leg in found["legs"])
    assert ended.data["outcome"] is None
    assert shell("status", "--json").data == before
    assert shell("tx", "list", "--json").data["transactions"] == []


def test_a_dry_run_is_told_to_a_person(fresh: Fresh) -> None:
    """A table of the legs and one sentence."""
    told = fresh()("rebalance", "--dry-run").out
    assert "-10,000.00" in told
    assert "would do what is planned" in told
    assert "nothing was sent" in told


@pytest.mark.parametrize("wish", [("--dry-run",), ("--emit", "safe"), ("--emit", "calldata")])
def test_the_exit_code_is_that_of_acting(wish: tuple[str, ...], fresh: Fresh) -> None:
    """3 where a gate refuses, 5 under a stop, 0 for a hold; and nothing is emitted."""
    shell = fresh(MAMMON_POLICY__MAX_GAS_USD="0.000001")
    refused = shell("rebalance", *wish, "--json")
    assert (refused.code, refused.document["schema"]) == (3, "mammon/plan@1")
    shell.environment.pop("MAMMON_POLICY__MAX_GAS_USD")
    (shell.home / ".kill_switch").touch()
    stopped = shell("rebalance", *wish, "--json")
    assert (stopped.code, stopped.data["rehearsal"]) == (5, None)
    (shell.home / ".kill_switch").unlink()
    assert shell("rebalance", "--execute", "--yes").code == 0
    held = shell("rebalance", *wish, "--json")
    assert (held.code, held.data["decision"]["action"], held.data["calls"]) == (0, "hold", [])


def test_a_plan_or_a_decision_may_be_rehearsed(fresh: Fresh) -> None:
    """-i goes with --dry-run and --emit as with --execute."""
    shell = fresh()
    gates = shell("gates", "--json").out
    assert shell("rebalance", "-i", "-", "--dry-run", "--json", piped=gates).data["rehearsal"]["passed"]
    plan = shell("rebalance", "--plan-only", "--json").out
    assert calls_of(shell("rebalance", "-i", "-", "--emit", "safe", piped=plan).document)


def test_paper_needs_an_account_to_rehearse(tmp_path: Path) -> None:
    """A capital on paper is nowhere on the chain: said before anything is asked of it."""
    shell = Shell(tmp_path / "home", MAMMON_MODE="paper")
    ended = shell("rebalance", "--dry-run")
    assert ended.code == 2
    assert "--account" in ended.err


# --- emitting -------------------------------------------------------------------------------------


def test_what_is_emitted_are_the_plans_calls(fresh: Fresh, emitted: Path) -> None:
    """Both forms hold them to the byte, no value, in order, on one line of stdout or in the file."""
    shell = fresh()
    due = [
        {"to": call["to"], "value": "0", "data": call["data"]}
        for call in shell("rebalance", "--plan-only", "--json").data["calls"]
    ]
    assert len(due) == 2
    for form in FORMS:
        assert calls_of(batch(emitted, form)) == due
        ended = shell("rebalance", "--emit", form)
        assert ended.code == 0
        assert calls_of(ended.document) == due
        assert "tx show FILE" in ended.err


def test_an_approval_is_for_exactly_the_deposit(emitted: Path) -> None:
    """Never unlimited, and none is left behind."""
    approve, deposit = (bytes.fromhex(call["data"][2:]) for call in calls_of(batch(emitted, "safe")))
    assert int.from_bytes(approve[36:68], "big") == int.from_bytes(deposit[4:36], "big") == int(WHOLE)


def test_a_safe_file_is_the_transaction_builders(emitted: Path) -> None:
    """Its version, chain, Safe and checksum; when it was judged, and until when it is good, in words too."""
    document = batch(emitted, "safe")
    assert (document["version"], document["chainId"]) == ("1.0", "8453")
    meta = document["meta"]
    assert meta["checksum"] == safe_file.checksum(document)
    assert meta["createdFromSafeAddress"] == batch(emitted, "calldata")["account"]
    assert document["createdAt"] == meta["mammon"]["at"] * 1000
    assert meta["mammon"]["valid_until"] == meta["mammon"]["at"] + 600
    assert "10000 USDC from idle" in meta["description"]
    assert "not to be signed after 2026-01-01 00:10:00 UTC" in meta["description"]


# --- before the last signature ---------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_a_batch_that_is_still_the_plan_passes(form: str, fresh: Fresh) -> None:
    """Exit 0, the rehearsal of this block, and until when it may be signed."""
    shell = fresh()
    ended = shell("tx", "show", f"{form}.json")
    assert ended.code == 0, ended.err
    assert "Still the plan" in ended.out
    assert shell("tx", "show", f"./{form}.json", "--json").data["rehearsal"]["passed"]


@pytest.mark.parametrize("form", FORMS)
def test_an_expired_batch_is_refused(form: str, fresh: Fresh) -> None:
    """By the chain's time, exit 2."""
    shell = fresh()
    assert shell("run", "--cycles", "2", "--interval", "11m").code == 0
    ended = shell("tx", "show", f"{form}.json")
    assert ended.code == 2
    assert "valid_until: expired" in ended.err


@pytest.mark.parametrize("form", FORMS)
def test_a_batch_that_was_carried_out_is_refused(form: str, fresh: Fresh) -> None:
    """The money is not there any more: exit 3, do not sign."""
    shell = fresh()
    assert shell("rebalance", "--execute", "--yes").code == 0
    ended = shell("tx", "show", f"{form}.json")
    assert ended.code == 3
    assert "Do not sign it." in ended.out


def test_a_stop_refuses_a_batch(fresh: Fresh) -> None:
    """Exit 3, whoever would sign."""
    shell = fresh()
    assert shell("pause", "--reason", "a look").code == 0
    assert shell("tx", "show", "safe.json", "--json").code == 3


def respend(document: dict[str, Any]) -> dict[str, Any]:
    """Approve somebody else."""
    changed = copy.deepcopy(document)
    call = _calls(changed)[0]
    call["data"] = call["data"][:34] + THIEF[2:] + call["data"][74:]
    return changed


def unlimit(document: dict[str, Any]) -> dict[str, Any]:
    """Approve everything."""
    changed = copy.deepcopy(document)
    call = _calls(changed)[0]
    call["data"] = call["data"][:74] + "f" * 64
    return changed


def redirect(document: dict[str, Any]) -> dict[str, Any]:
    """Deposit for somebody else."""
    changed = copy.deepcopy(document)
    call = _calls(changed)[1]
    call["data"] = call["data"][:-40] + THIEF[2:]
    return changed


def swap(document: dict[str, Any]) -> dict[str, Any]:
    """Deposit before approving."""
    changed = copy.deepcopy(document)
    _calls(changed).reverse()
    return changed


def _calls(document: dict[str, Any]) -> Any:
    return document["transactions"] if "transactions" in document else document["data"]["calls"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("forge", [respend, unlimit, redirect, swap])
def test_a_forged_batch_is_refused_whatever_its_checksum(
    forge: Callable[[dict[str, Any]], dict[str, Any]], form: str, fresh: Fresh, emitted: Path
) -> None:
    """Altered: exit 2. With the checksum made right again: exit 3, for it is not what the plan makes."""
    shell, forged = fresh(), forge(batch(emitted, form))
    altered = shown(shell, forged)
    assert altered.code == 2
    assert "altered" in altered.err or "not as mammon wrote it" in altered.err
    judged = shown(shell, resealed(forged), "--json")
    assert judged.code == 3, judged.err
    assert "not_the_plan" in {refusal["code"] for refusal in judged.data["rehearsal"]["refusals"]}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("field", "value"), [("amount", "10000000001"), ("amount", "-1"), ("amount", "0")])
def test_forged_terms_are_judged(field: str, value: str, form: str, fresh: Fresh, emitted: Path) -> None:
    """Terms that ask for more than there is, or for nothing, end as a refusal."""
    document = batch(emitted, form)
    where = ("meta", "mammon", field) if form == "safe" else ("data", "terms", field)
    ended = shown(fresh(), resealed(put(document, where, value)))
    assert ended.code in (2, 3), ended.err


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("value", [str(2**300), "1", "-5"])
def test_forged_terms_of_everything_are_judged(value: str, form: str, fresh: Fresh, emitted: Path) -> None:
    """An amount that nobody can encode is a refusal too."""
    document = batch(emitted, form)
    root = ("meta", "mammon") if form == "safe" else ("data", "terms")
    forged = put(put(document, (*root, "amount"), value), (*root, "everything"), True)
    assert shown(fresh(), resealed(forged)).code in (2, 3)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("until", [2**52, -1])
def test_a_time_that_no_calendar_has_is_no_bug(until: int, form: str, fresh: Fresh, emitted: Path) -> None:
    """Judged or refused, never a traceback."""
    document = batch(emitted, form)
    where = ("meta", "mammon", "valid_until") if form == "safe" else ("data", "terms", "valid_until")
    assert shown(fresh(), resealed(put(document, where, until))).code in (0, 2)


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("chainId",), "1", "$.chainId"),
        (("meta", "createdFromSafeAddress"), THIEF, "$.meta.createdFromSafeAddress"),
        (("meta", "mammon", "mode"), "live", "$.meta.mammon.mode"),
        (("meta", "mammon"), {}, "$.meta.mammon"),
        (("meta", "checksum"), "0x00", "$.meta.checksum"),
        (("meta", "description"), "all is well", "$.meta.description"),
        (("transactions", 0, "value"), "1", "$.transactions[0].value"),
        (("transactions", 1, "data"), "0xzz", "$.transactions[1]"),
        (("transactions", 1), 7, "$.transactions[1]"),
        (("transactions",), {}, "$.transactions"),
    ],
)
def test_the_field_that_is_wrong_is_named(
    path: tuple[str | int, ...], value: Any, named: str, fresh: Fresh, emitted: Path
) -> None:
    """Exit 2, and where."""
    ended = shown(fresh(), put(batch(emitted, "safe"), path, value))
    assert ended.code == 2
    assert named in ended.err


def test_a_value_is_refused_whatever_the_checksum(fresh: Fresh, emitted: Path) -> None:
    """No batch sends the chain's coin."""
    shell = fresh()
    for form in FORMS:
        root = ("transactions", 0) if form == "safe" else ("data", "calls", 0)
        ended = shown(shell, resealed(put(batch(emitted, form), (*root, "value"), "1")))
        assert ended.code == 2
        assert "altered" in ended.err


def test_what_is_no_batch_is_refused(fresh: Fresh) -> None:
    """Another document, no JSON, no file."""
    shell = fresh()
    (shell.home / "scan.json").write_text(shell("scan", "--json").out)
    (shell.home / "text.json").write_text("hello")
    for name in ("scan.json", "text.json", "none.json"):
        assert shell("tx", "show", name).code == 2
    assert "no transaction" in shell("tx", "show", "none").err


@settings(max_examples=300, deadline=None)
@given(data=st.data(), form=st.sampled_from(FORMS))
def test_any_changed_character_of_a_batch_shows(data: st.DataObject, form: str, emitted: Path) -> None:
    """It is refused, or it is the same terms and calls (a space between two words of JSON)."""
    text = (emitted / f"{form}.json").read_text()
    place = data.draw(st.integers(0, len(text) - 1))
    more = data.draw(st.characters(codec="utf-8"))
    changed = (text[:place] + more + text[place + data.draw(st.integers(0, 1)) :]).encode()
    head = batch(emitted, "calldata")
    identity = Identity("mock", head["chain_id"], head["account"], head["policy_hash"])
    usdc = chain_file().token("USDC")
    try:
        found = taken(identity, usdc, changed)
    except UsageError:
        return
    assert found == taken(identity, usdc, text.encode())
