"""Plan files: they carry their block, an end of their time and a hash; stale or altered ones are refused."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.cli.documents import Identity
from mammon.cli.proposals import proposed
from mammon.core import canonical
from mammon.errors import UsageError
from tests.flows.mangling import put
from tests.flows.runner import Shell
from tests.flows.settled import MOCK

Fresh = Callable[[], Shell]


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plans")


@pytest.fixture(scope="module")
def planned(homes: Path) -> Path:
    """A home with idle money and a plan file in it that is good for ten minutes."""
    shell = Shell(homes / "idle", **MOCK)
    ended = shell("rebalance", "--plan-only", "--out", "plan.json")
    assert ended.code == 0, ended.err
    assert f"wrote {shell.home / 'plan.json'}" in ended.err
    return shell.home


@pytest.fixture(scope="module")
def text(planned: Path) -> str:
    return (planned / "plan.json").read_text()


@pytest.fixture
def fresh(planned: Path, tmp_path: Path) -> Fresh:
    def make() -> Shell:
        shutil.copytree(planned, tmp_path / "home")
        return Shell(tmp_path / "home", **MOCK)

    return make


def resealed(document: dict[str, Any]) -> str:
    """Return a changed plan with the hash that it then needs."""
    document = put(document, ("data", "hash"), "")
    seal = hashlib.sha256(canonical.json_bytes(document)).hexdigest()
    return canonical.json_bytes(put(document, ("data", "hash"), seal)).decode() + "\n"


def test_a_plan_carries_its_block_its_end_and_a_hash(text: str) -> None:
    """What it was judged at, ten minutes from there, and SHA-256 over the rest of it."""
    document = json.loads(text)
    assert document["schema"] == "mammon/plan@1"
    block = document["block"]
    assert document["data"]["decision"]["snapshot"]["block"]["number"] == block["number"]
    assert document["data"]["valid_until"] == block["timestamp"] + 600
    assert resealed(document) == text


def test_a_plan_is_carried_out(fresh: Fresh) -> None:
    """Read from its file it is judged anew and done."""
    done = fresh()("rebalance", "-i", "plan.json", "--execute", "--yes", "--json")
    assert done.code == 0, done.err
    assert done.data["outcome"]["entered"] == "10000000000"


def test_what_was_carried_out_is_not_carried_out_again(fresh: Fresh) -> None:
    """The document of a move that was made is no plan."""
    shell = fresh()
    done = shell("rebalance", "-i", "plan.json", "--execute", "--yes", "--json")
    again = shell("rebalance", "-i", "-", "--execute", "--yes", piped=done.out)
    assert again.code == 2
    assert "$.data.outcome" in again.err


def test_a_plan_expires_by_the_chains_time(fresh: Fresh) -> None:
    """Exit 2 naming the field, before anything is planned, once the chain is past it; not a second before."""
    shell = fresh()
    made = shell("rebalance", "--plan-only", "--json", "--valid-for", "4m").out
    assert shell("run", "--cycles", "2", "--interval", "4m").code == 0
    assert shell("rebalance", "-i", "-", "--json", piped=made).code == 0
    assert shell("run", "--cycles", "2", "--interval", "1m").code == 0
    late = shell("rebalance", "-i", "-", "--execute", "--yes", piped=made)
    assert late.code == 2
    assert "$.data.valid_until: expired" in late.err
    assert [row["slug"] for row in shell("detect-positions", "--json").data["positions"]] == ["idle"]


@pytest.mark.parametrize("spelled", ["600", "0s", "8d", "soon", ""])
def test_how_long_it_is_good_is_spelled_with_a_unit(spelled: str, fresh: Fresh) -> None:
    """A bare number, nothing at all, and more than a week are refused."""
    ended = fresh()("rebalance", "--plan-only", "--valid-for", spelled)
    assert ended.code == 2
    assert "--valid-for" in ended.err


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_any_changed_character_is_refused(data: st.DataObject, text: str) -> None:
    """Replaced, inserted or left out, wherever it stands: the plan is not taken, and the error is exit 2."""
    place = data.draw(st.integers(0, len(text) - 1))
    more = data.draw(st.characters(codec="utf-8"))
    kind = data.draw(st.sampled_from(["replace", "insert", "omit"]))
    rest = place if kind == "insert" else place + 1
    changed = text[:place] + ("" if kind == "omit" else more) + text[rest:]
    identity = world(text)
    if changed == text:
        assert proposed(changed.encode(), identity).plan is not None
        return
    with pytest.raises(UsageError):
        proposed(changed.encode(), identity)


def world(text: str) -> Identity:
    head = json.loads(text)
    return Identity(head["mode"], head["chain_id"], head["account"], head["policy_hash"])


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("data", "valid_until"), 2_000_000_000, "$.data.hash"),
        (("data", "decision", "plan", "amount"), "1", "$.data.hash"),
        (("data", "hash"), "00", "$.data.hash"),
        (("data", "valid_until"), "soon", "$.data.valid_until"),
        (("account",), "0x" + "11" * 20, "$.account"),
        (("schema",), "mammon/plan@2", "$.schema"),
    ],
)
def test_the_field_is_named(path: tuple[str, ...], value: Any, named: str, fresh: Fresh, text: str) -> None:
    """Through the command: exit 2, and where the document is wrong."""
    changed = canonical.json_bytes(put(json.loads(text), path, value)).decode() + "\n"
    ended = fresh()("rebalance", "-i", "-", "--execute", "--yes", piped=changed)
    assert ended.code == 2
    assert named in ended.err


def test_a_plan_spelled_otherwise_is_refused(fresh: Fresh, text: str) -> None:
    """The same values with other spaces are not the bytes that were written."""
    ended = fresh()("rebalance", "-i", "-", piped=json.dumps(json.loads(text), indent=1))
    assert ended.code == 2
    assert "not as mammon wrote it" in ended.err


def test_a_forged_plan_with_a_right_hash_is_judged_like_any(fresh: Fresh, text: str) -> None:
    """The hash is no signature: what is proposed has to pass the gates of this moment."""
    forged = put(json.loads(text), ("data", "decision", "plan", "target"), "plain-vault")
    ended = fresh()("rebalance", "-i", "-", "--execute", "--yes", "--json", piped=resealed(forged))
    assert ended.code == 3
    assert "rate_sane" in ended.data["decision"]["refused_by"]


@pytest.mark.parametrize(
    "flags",
    [
        ("--plan-only", "--execute"),
        ("--dry-run", "--execute"),
        ("--emit", "safe", "--execute"),
        ("--plan-only", "--dry-run"),
        ("--dry-run", "--emit", "calldata"),
        ("--execute", "--out", "x.json"),
        ("--execute", "--valid-for", "5m"),
    ],
)
def test_wishes_that_contradict_each_other_are_refused(flags: tuple[str, ...], fresh: Fresh) -> None:
    """One thing at a time, said before anything is opened."""
    ended = fresh()("rebalance", *flags, "--yes")
    assert ended.code == 2
    assert "contradict" in ended.err


@pytest.mark.parametrize("name", ["", ".", "nowhere/plan.json", "a\nb"])
def test_a_plan_is_written_whole_or_refused(name: str, fresh: Fresh) -> None:
    """No file where none can be."""
    shell = fresh()
    before = sorted(shell.home.iterdir())
    ended = shell("rebalance", "--plan-only", "--out", name)
    assert ended.code == 2
    assert sorted(shell.home.iterdir()) == before
