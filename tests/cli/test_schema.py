"""Schemas: what `mammon schema` prints fits what commands print, and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammon.cli import registry
from mammon.cli.document_schema import form
from mammon.core import canonical
from mammon.core.numbers import Fraction, Seconds, Units, Wei
from mammon.core.types import Address, Hash32
from tests.cli.jsonschema_check import faults
from tests.cli.shell import run


@dataclass(frozen=True, slots=True)
class Leaf:
    """One kind of a union."""

    count: int


@dataclass(frozen=True, slots=True)
class Branch:
    """Another kind, which holds its own kind."""

    below: tuple[Leaf | Branch, ...]


@dataclass(frozen=True, slots=True)
class Everything:
    """Every form a document may hold."""

    units: Units
    wei: Wei | None
    rate: Decimal
    share: Fraction
    wait: Seconds
    name: str
    on: bool
    data: bytes
    owner: Address
    hash: Hash32
    kind_of: Literal["a", "b"]
    pair: tuple[int, str]
    many: tuple[Leaf, ...]
    tree: Leaf | Branch
    maybe: Leaf | None


SAMPLE = Everything(
    Units(2**200),
    None,
    Decimal("0.05"),
    Fraction(Decimal("0.1")),
    Seconds(60),
    "x",
    True,
    b"\x01",
    Address("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"),
    Hash32("0x" + "ab" * 32),
    "a",
    (1, "y"),
    (Leaf(1),),
    Branch((Leaf(2), Branch(()))),
    Leaf(3),
)


def schema() -> dict[str, Any]:
    definitions: dict[str, Any] = {}
    return {**form(Everything, definitions), "$defs": definitions}


@given(
    units=st.integers(),
    rate=st.decimals(allow_nan=False, allow_infinity=False, places=6),
    count=st.integers(-(2**53) + 1, 2**53 - 1),
    data=st.binary(max_size=8),
)
def test_every_canonical_form_fits_its_schema(units: int, rate: Decimal, count: int, data: bytes) -> None:
    """Whatever the canonical writer writes, the schema of its type admits."""
    value = replace(SAMPLE, units=Units(units), wei=Wei(units), rate=rate, data=data, tree=Leaf(count))
    assert faults(schema(), canonical.encode(value)) == []


@pytest.mark.parametrize("field", list(canonical.encode(SAMPLE)))
@pytest.mark.parametrize("wrong", [None, 1.5, "no", [], {}, {"kind": "leaf"}, -1])
def test_what_the_reader_refuses_the_schema_refuses(field: str, wrong: Any) -> None:
    """The schema is no looser than the canonical reader."""
    plain = {**canonical.encode(SAMPLE), field: wrong}
    try:
        canonical.decode(Everything, plain)
    except Exception:  # noqa: BLE001  # whatever the reader's reason is
        assert faults(schema(), plain)
    else:
        # The form of an address or a hash is looked at by who uses it; the schema tells it beforehand.
        assert field in ("owner", "hash") or faults(schema(), plain) == []


def test_the_checker_finds_missing_and_unknown_fields() -> None:
    """The checker of these tests is worth something."""
    plain = canonical.encode(SAMPLE)
    del plain["name"]
    assert faults(schema(), plain)
    assert faults(schema(), {**canonical.encode(SAMPLE), "more": 1})


@pytest.mark.parametrize("words", [("config", "show"), ("doctor",), ("init", "--yes")])
def test_real_documents_fit_their_schemas(words: tuple[str, ...], tmp_path: Path) -> None:
    """A document as printed fits the schema as printed."""
    document = run(*words, "--mode", "mock", "--json", directory=tmp_path).document
    printed = run("schema", document["schema"], directory=tmp_path).document
    assert faults(printed, document) == []
    assert faults(printed, {**document, "schema": "mammon/else@1"})


def test_a_failure_fits_its_schema(tmp_path: Path) -> None:
    """Also where no settings could be resolved."""
    document = run("doctor", "--seed", "x", "--json", directory=tmp_path).document
    assert faults(run("schema", "failure", directory=tmp_path).document, document) == []


@pytest.mark.parametrize("name", registry.DOCUMENTS)
def test_every_schema_is_printed_and_refers_to_what_it_holds(name: str, tmp_path: Path) -> None:
    """No reference leads nowhere."""
    ended = run("schema", name, directory=tmp_path)
    text = ended.out
    defined = {f"#/$defs/{key}" for key in ended.document["$defs"]}
    assert {part.partition('"')[0] for part in text.split('"$ref":"')[1:]} <= defined


def test_names_are_listed_and_unknown_ones_refused(tmp_path: Path) -> None:
    """Without a name the names; a wrong one is exit 2 with the known ones."""
    listed = run("schema", directory=tmp_path).out.split()
    assert "mammon/config@1" in listed
    assert json.loads(run("schema", "--json", directory=tmp_path).out) == listed
    assert run("schema", "config@9", directory=tmp_path).code == 2
    assert "config" in run("schema", "confg", directory=tmp_path).err
