"""Documents: the envelope of the contract, written canonically and read strictly."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.cli import documents, registry
from mammon.cli.documents import Identity, amount, read, written
from mammon.core.policy import Policy
from mammon.core.types import Block, Hash32, Wei
from mammon.errors import UsageError
from tests.cli.commands import Probe, Units
from tests.cli.shell import NOW, run

ACCOUNT = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"
HERE = Identity("paper", 8453, ACCOUNT, Policy().hash)
BLOCK = Block(7, Hash32("0x" + "ab" * 32), Hash32("0x" + "cd" * 32), 1_699_999_998, Wei(5))


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.COMMANDS, "probe", registry.Entry("tests.cli.commands:probe", "See", "x"))
    monkeypatch.setitem(registry.DOCUMENTS, "probe", (1, "tests.cli.commands:Probe"))


def sample() -> str:
    return written("probe", Probe("a", Units(5)), HERE, NOW, BLOCK)


def changed(**changes: Any) -> bytes:
    return json.dumps({**json.loads(sample()), **changes}).encode()


def test_the_envelope_is_the_contracts() -> None:
    """Every field of the contract and no other, keys sorted, on one line."""
    text = sample()
    plain = json.loads(text)
    assert plain == {
        "schema": "mammon/probe@1",
        "mode": "paper",
        "chain_id": 8453,
        "account": ACCOUNT,
        "policy_hash": Policy().hash,
        "created_at": "2023-11-14T22:13:20Z",
        "mammon": "0.1.0",
        "block": {"number": 7, "hash": BLOCK.hash, "timestamp": 1_699_999_998},
        "data": {"name": "a", "amount": "5"},
        "errors": [],
    }
    assert list(plain) == sorted(plain)
    assert "\n" not in text


def test_a_document_is_read_back_as_written() -> None:
    """What one command writes the next one reads, to the same value."""
    found = read("probe", sample().encode(), HERE)
    assert found.data == Probe("a", Units(5))
    assert found.head.block == documents.block_note(BLOCK)
    assert found.errors == ()


@given(raw=st.integers(-(10**40), 10**40), decimals=st.integers(0, 30))
def test_an_amount_displays_exactly(raw: int, decimals: int) -> None:
    """`display` is raw / 10**decimals, digit for digit, without trailing zeros."""
    shown = amount(raw, decimals).display
    whole, _, part = shown.partition(".")
    assert int(whole + part.ljust(decimals, "0")) == raw
    assert not part.endswith("0")
    assert whole.lstrip("-").isdigit()


def test_the_contracts_amount() -> None:
    """The example of the contract."""
    assert amount(200073624, 6) == documents.Amount(Units(200073624), 6, "200.073624")


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: b"", "JSON"),
        (lambda: sample().encode()[:-20], "JSON"),
        (lambda: b"[]", "expected an object"),
        (lambda: b"{}", "$.schema"),
        (lambda: changed(schema="mammon/positions@1"), "another kind"),
        (lambda: changed(schema="mammon/probe@2"), "another version"),
        (lambda: changed(data={"name": "a"}), "$.data.amount"),
        (lambda: changed(data={"name": "a", "amount": 5}), "$.data.amount"),
        (lambda: changed(data={"name": "a", "amount": "5", "more": 1}), "$.data.more"),
        (lambda: changed(errors=None), "$.errors"),
        (lambda: changed(extra=1), "$.extra"),
        (lambda: changed(block={"number": 1}), "block"),
        (lambda: changed(data={"name": "a", "amount": 1.5}), "float"),
        (lambda: sample().replace('"5"', "NaN").encode(), "NaN"),
        (lambda: b"[" * 100_000, "nested"),
        (lambda: b'{"schema":1,"schema":2}', "twice"),
        (lambda: b"\xff\xfe", "JSON"),
    ],
)
def test_a_wrong_document_is_named_by_its_field(make: Callable[[], bytes], part: str) -> None:
    """Whatever is wrong is the caller's to mend, and the message says where."""
    with pytest.raises(UsageError) as caught:
        read("probe", make(), HERE)
    assert part in caught.value.message


@given(data=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    """Any bytes are either a document or a `UsageError`."""
    with pytest.raises(UsageError):
        read("failure", data, HERE)


@pytest.mark.parametrize(
    ("field", "other"),
    [("mode", "mock"), ("chain_id", 1), ("account", "0x" + "11" * 20), ("mode", None)],
)
def test_a_document_of_another_world_is_refused_naming_both(field: str, other: Any) -> None:
    """Paper never acts on a mock document, nor one account on another's."""
    with pytest.raises(UsageError) as caught:
        read("probe", changed(**{field: other}), HERE)
    assert str(other) in caught.value.message
    assert str(getattr(HERE, field)) in caught.value.message


def test_a_policy_is_compared_where_it_matters() -> None:
    """A proposal made under another policy is refused by who asks for the same."""
    other = changed(policy_hash="0" * 64)
    assert read("probe", other, HERE).head.policy_hash == "0" * 64
    with pytest.raises(UsageError, match="policy_hash"):
        read("probe", other, HERE, same_policy=True)


def test_a_failure_piped_in_is_told_as_such() -> None:
    """The reason of the command before is passed on, not a complaint about its schema."""
    failed = changed(schema="mammon/failure@1", errors=[{"code": "x", "message": "no node", "hint": ""}])
    with pytest.raises(UsageError, match="no node"):
        read("probe", failed, HERE)


def piped(data: bytes) -> Any:
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    return os.fdopen(reading)


def test_a_document_comes_through_a_pipe_or_a_file(tmp_path: Path) -> None:
    """`-i -` reads the pipe, `-i FILE` the file, to the same result."""
    first = run("probe", "--json", directory=tmp_path)
    (tmp_path / "doc.json").write_text(first.out)
    with piped(first.out.encode()) as stdin:
        through_pipe = run("probe", "--json", "-i", "-", directory=tmp_path, stdin=stdin)
    assert through_pipe.out == first.out
    assert run("probe", "--json", "-i", "doc.json", directory=tmp_path).out == first.out


@pytest.mark.parametrize(
    ("source", "part"), [("-", "piped"), ("absent.json", "cannot be read"), (".", "not a regular file")]
)
def test_an_input_that_cannot_be_is_exit_2(source: str, part: str, tmp_path: Path) -> None:
    """No stdin, no file, a folder: said at once."""
    ended = run("probe", "-i", source, directory=tmp_path)
    assert ended.code == 2
    assert part in ended.err


def test_an_empty_or_huge_input_is_exit_2(tmp_path: Path) -> None:
    """The size is bounded before anything is parsed."""
    (tmp_path / "huge").write_bytes(b" " * (documents.MAX_BYTES + 1))
    assert "exceeds" in run("probe", "-i", "huge", directory=tmp_path).err
    with piped(b"") as stdin:
        assert "empty" in run("probe", "-i", "-", directory=tmp_path, stdin=stdin).err


def test_a_pipe_that_stays_silent_ends_with_the_deadline(tmp_path: Path) -> None:
    """A command before the pipe that hangs does not hang this one."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin, os.fdopen(writing, "w"):
        ended = run("probe", "-i", "-", "--deadline", "1s", directory=tmp_path, stdin=stdin)
    assert ended.code == 124


def test_a_closed_stdin_is_no_document(tmp_path: Path) -> None:
    """A stream closed before is as good as none."""
    stdin = io.StringIO()
    stdin.close()
    assert run("probe", "-i", "-", directory=tmp_path, stdin=stdin).code == 2
