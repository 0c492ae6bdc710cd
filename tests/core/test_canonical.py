"""Canonical JSON: one value has one spelling, and comes back from it."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.core.numbers import Fraction, Ray, Units
from mammon.core.types import Verdict
from mammon.errors import MalformedError
from tests.core import build
from tests.core.canonical_samples import (
    SAMPLE,
    SPELLING,
    Chain,
    Everything,
    Leaf,
    Nothing,
    OtherLeaf,
    everything,
)


def test_the_spelling_of_each_type() -> None:
    """Sorted keys, no space, strings for what JSON numbers would lose, a tag in unions only."""
    assert canonical.dumps(SAMPLE).decode() == SPELLING


@given(everything)
@settings(max_examples=150)
def test_every_value_comes_back_equal_and_from_any_layout(value: Everything) -> None:
    """Bytes read back as the value; spacing and key order do not matter; writing again is the same."""
    data = canonical.dumps(value)
    loose = json.dumps(dict(reversed(json.loads(data).items())), indent=2)
    for source in (data, data.decode(), loose):
        assert canonical.loads(Everything, source) == value
    assert canonical.dumps(canonical.loads(Everything, loose)) == data
    assert canonical.decode(Everything, canonical.encode(value)) == value


@given(everything)
@settings(max_examples=100)
def test_the_direct_writer_equals_the_plain_values_written(value: Everything) -> None:
    """`dumps` and `json_bytes(encode())` are one spelling."""
    assert canonical.dumps(value) == canonical.json_bytes(canonical.encode(value))


@given(everything)
@settings(max_examples=100)
def test_the_fields_joined_are_the_whole(value: Everything) -> None:
    """What is written field by field and joined is what is written at once, to the byte."""
    parts = canonical.fields(value)
    assert set(parts) == {field.name for field in dataclasses.fields(value)}
    assert canonical.joined(parts) == canonical.dumps(value)


def test_a_type_without_fields_is_an_empty_object() -> None:
    """Nothing is written as nothing, and read back as that."""
    assert canonical.fields(Nothing()) == {}
    assert canonical.joined({}) == b"{}"
    assert canonical.dumps(Nothing()) == b"{}"
    assert canonical.loads(Nothing, "{}") == Nothing()


def test_a_text_is_its_value_s_own() -> None:
    """A value that stands where another was in memory is written as itself, and so is one written before."""
    steady = Verdict("peg", True, Decimal("1.0"), None, None, "usd")
    before = canonical.dumps(steady)
    for number in range(2_000):
        each = dataclasses.replace(steady, detail=str(number))
        assert json.loads(canonical.dumps(each))["detail"] == str(number)
        del each
    assert canonical.dumps(steady) == before
    assert canonical.dumps(dataclasses.replace(steady)) == before


def test_what_may_change_is_written_anew() -> None:
    """Only of a value that cannot change is the text remembered."""

    @dataclass
    class Loose:
        name: str

    loose = Loose("a")
    canonical.dumps(loose)
    loose.name = "b"
    assert canonical.dumps(loose) == b'{"name":"b"}'


@given(st.text("[]{}a", max_size=90), st.integers(0, 70))
def test_characters_are_found_as_often_as_they_are_counted(text: str, most: int) -> None:
    """Text or bytes, the answer is that of counting."""
    within = text.count("[") + text.count("{") <= most
    assert canonical.found_within(most, text, "[", "{") == within
    assert canonical.found_within(most, text.encode(), b"[", b"{") == within


def test_a_field_may_be_called_kind_where_no_tag_is_written() -> None:
    """Only unions of several dataclasses carry tags."""
    value = HasLoneKind(HasKind("x"))
    assert canonical.dumps(value) == b'{"x":{"kind":"x"}}'
    assert canonical.loads(HasLoneKind, canonical.dumps(value)) == value


def test_types_may_refer_to_themselves() -> None:
    """A recursive type is written and read to any reasonable depth."""
    chain = Chain(1, Chain(2, None))
    assert canonical.dumps(chain) == b'{"next":{"next":null,"value":2},"value":1}'
    assert canonical.loads(Chain, canonical.dumps(chain)) == chain


def test_the_domain_types_have_a_canonical_form() -> None:
    """A snapshot and a portfolio as decisions carry them come back equal."""
    snapshot = build.snapshot(build.state("one"), build.state("two"))
    portfolio = build.portfolio(10**9, build.position(build.state("one"), 5))
    for value in (snapshot, portfolio):
        assert canonical.loads(type(value), canonical.dumps(value)) == value


@pytest.mark.parametrize(
    ("value", "spelling"),
    [
        ("0", "0"), ("-0.000", "0"), ("0E+5", "0"), ("0E-99999", "0"), ("1.500", "1.5"), ("1E+3", "1000"),
        ("100", "100"), ("1E-7", "0.0000001"), ("-12.30", "-12.3"),
    ],
)  # fmt: skip
def test_decimals_have_no_exponent_and_no_trailing_zeros(value: str, spelling: str) -> None:
    """Equal decimals have one spelling, whatever exponent arithmetic left them with."""
    assert canonical.plain_decimal(Decimal(value)) == spelling


def test_the_callers_decimal_context_does_not_round_what_is_written() -> None:
    """A decimal longer than the ambient precision is written whole."""
    with localcontext() as ambient:
        ambient.prec, ambient.rounding = 5, ROUND_UP
        assert canonical.plain_decimal(Decimal("0.123456789012345678")) == "0.123456789012345678"
        assert canonical.loads(Everything, SPELLING).ray == 10**27


@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "sNaN",
        "Infinity",
        "-Infinity",
        "1E+160",
        "1E-160",
        "1E+999999999999",
        "1" * 161,
        "0." + "1" * 159,
    ],
)
def test_decimals_nobody_could_read_are_not_written(value: str) -> None:
    """What is not finite, or longer than reading admits, is refused; no exponent is spelled out."""
    with pytest.raises(MalformedError) as error:
        canonical.plain_decimal(Decimal(value))
    assert error.value.code == "json"


def test_the_longest_numbers_are_written_and_read() -> None:
    """The bound of writing is the bound of reading."""
    for number in (int("9" * 80), -int("9" * 79)):
        sample = dataclasses.replace(SAMPLE, ray=Ray(number))
        assert canonical.loads(Everything, canonical.dumps(sample)) == sample
    for value in (Decimal("1" * 160), Decimal("1E-158"), Decimal("-" + "9" * 159)):
        sample = dataclasses.replace(SAMPLE, share=Fraction(value))
        assert canonical.loads(Everything, canonical.dumps(sample)) == sample


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"count": True}, TypeError),
        ({"count": 1.0}, TypeError),
        ({"flag": 1}, TypeError),
        ({"text": 1}, TypeError),
        ({"either": 3}, TypeError),
        ({"always": None}, TypeError),
        ({"maybe": Chain(1, None)}, TypeError),
        ({"choice": "b"}, TypeError),
        ({"pairs": (("x",),)}, ValueError),
        ({"leaf": None}, AttributeError),
        ({"count": 2**53}, MalformedError),
        ({"count": -(2**53)}, MalformedError),
        ({"text": "\ud800"}, MalformedError),
    ],
)
def test_a_value_that_is_not_what_its_field_says_is_not_written(changes: Any, error: type[Exception]) -> None:
    """What reading would refuse, or read as something else, is not written in the first place."""
    with pytest.raises(error):
        canonical.dumps(dataclasses.replace(SAMPLE, **changes))


@pytest.mark.parametrize("plain", [float("nan"), float("inf")])
def test_plain_values_that_are_no_numbers_are_not_written(plain: float) -> None:
    """JSON has no NaN and no infinity."""
    with pytest.raises(ValueError):
        canonical.json_bytes({"x": plain})


def test_kinds_are_snake_case() -> None:
    """The tag of a union's member is its class's name in snake case."""
    assert [canonical.kind_of(cls) for cls in (Leaf, OtherLeaf)] == ["leaf", "other_leaf"]


# --- types without a form ------------------------------------------------------------------------


@dataclass(frozen=True)
class HasFloat:
    x: float


@dataclass(frozen=True)
class HasAmbiguousUnion:
    x: int | str


@dataclass(frozen=True)
class HasKind:
    kind: str


@dataclass(frozen=True)
class HasTagCollision:
    x: HasKind | Leaf


OtherModulesLeaf = dataclasses.make_dataclass("Leaf", [("amount", int)], frozen=True)


@dataclass(frozen=True)
class HasNameCollision:
    x: Leaf | OtherModulesLeaf


@dataclass(frozen=True)
class HasLoneKind:
    x: HasKind | None


@dataclass(frozen=True)
class HasKeywordOnly:
    x: int = dataclasses.field(kw_only=True)


@dataclass(frozen=True)
class HasComputed:
    x: int = dataclasses.field(init=False, default=0)


@pytest.mark.parametrize(
    "value",
    [
        HasFloat(1.0),
        HasAmbiguousUnion(1),
        HasTagCollision(Leaf(Units(1))),
        HasNameCollision(Leaf(Units(1))),
        HasKeywordOnly(x=1),
        HasComputed(),
        1.5,
        [1],
    ],
)
def test_a_type_without_a_canonical_form_is_an_error_of_the_program(value: Any) -> None:
    """Floats, ambiguous unions, colliding tags and odd constructors are TypeErrors both ways."""
    with pytest.raises(TypeError):
        canonical.dumps(value)
    with pytest.raises(TypeError):
        canonical.decode(type(value), {"x": 1})
