"""Canonical JSON is read strictly: what is not a value's form is refused, by path."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.errors import MalformedError
from tests.core.canonical_samples import SPELLING, Everything, everything


def _with(**changes: Any) -> dict[str, Any]:
    return {**json.loads(SPELLING), **changes}


REFUSED: list[tuple[str, Any, str]] = [
    ("ray", 5, "$.ray: expected an integer as a string, found 5"),
    *(
        ("ray", text, "$.ray: expected an integer")
        for text in ("05", "-0", "+5", " 5", "5_0", "\u0663", "", "x", "1.0")
    ),
    ("ray", "1" * 81, "$.ray: expected an integer"),
    *(
        ("share", text, "$.share: expected a decimal")
        for text in ("1e3", ".5", "5.", "05", "-0", "-0.0", "+1", "NaN")
    ),
    *(("share", text, "$.share: expected a decimal") for text in ("\u0663", "1\n", "", "1" * 161, 5, None)),
    *(("count", value, "$.count: expected int") for value in (True, "5", 2**53, -(2**53), None, 1.0)),
    *(("flag", value, "$.flag: expected bool") for value in (0, 1, "true", None)),
    *(("text", value, "$.text: expected str") for value in (5, None, ["x"])),
    *(("data", value, "$.data: expected 0x") for value in ("00", "0x0", "0xAB", "0x 00", "0xzz", 5, "0X00")),
    ("leaf", None, "$.leaf: expected an object, found null"),
    ("leaf", [], "$.leaf: expected an object, found an array"),
    ("leaf", {}, "$.leaf.amount: missing field"),
    ("leaf", {"amount": 5}, "$.leaf.amount: expected an integer as a string, found 5"),
    ("leaf", {"amount": "5", "more": 1}, "$.leaf.more: unknown field"),
    ("leaf", {"kind": "leaf", "amount": "5"}, "$.leaf.kind: unknown field"),
    ("either", {"amount": "5"}, "$.either.kind: expected leaf or other_leaf, found null"),
    ("either", {"kind": "chain"}, "$.either.kind: expected leaf or other_leaf, found 'chain'"),
    ("either", {"kind": ["leaf"]}, "$.either.kind: expected leaf or other_leaf, found an array"),
    ("either", {"kind": "leaf", "amount": 1}, "$.either.amount: expected"),
    ("either", {"kind": "leaf", "zebra": 1}, "$.either.zebra: unknown field"),
    ("either", {"kind": "leaf"}, "$.either.amount: missing field"),
    ("either", "leaf", "$.either: expected an object, found 'leaf'"),
    ("always", None, "$.always: expected an object, found null"),
    ("single", [], "$.single: expected an array of 1"),
    ("maybe", 5, "$.maybe: expected an object, found 5"),
    ("mixed", 5, "$.mixed: expected an integer as a string"),
    ("mixed", {"amount": 5}, "$.mixed.amount: expected"),
    ("numbers", "0", "$.numbers: expected an array, found '0'"),
    ("numbers", ["0", 1], "$.numbers[1]: expected an integer as a string, found 1"),
    ("pairs", [["x"]], "$.pairs[0]: expected an array of 2"),
    ("pairs", [["x", "1"], ["x", 1]], "$.pairs[1][1]: expected an integer"),
    ("pairs", ["x1"], "$.pairs[0]: expected an array of 2, found 'x1'"),
    ("pairs", [{}], "$.pairs[0]: expected an array of 2, found an object"),
    *(("choice", value, "$.choice: expected") for value in ("b", 1.0, 0, False, [])),
    ("nothing", {"x": 1}, "$.nothing.x: unknown field"),
    ("other", 5, "$.other: unknown field"),
]


@pytest.mark.parametrize(("field", "value", "message"), REFUSED)
def test_each_wrong_value_is_refused_with_its_path(field: str, value: Any, message: str) -> None:
    """A type, a spelling, a key or a length that is not the type's is refused, and the place is named."""
    with pytest.raises(MalformedError) as error:
        canonical.decode(Everything, _with(**{field: value}))
    assert error.value.code == "document"
    assert error.value.message.startswith(message), error.value.message


@pytest.mark.parametrize("field", json.loads(SPELLING))
def test_no_field_may_be_missing(field: str) -> None:
    """Absence is never a default."""
    plain = _with()
    del plain[field]
    with pytest.raises(MalformedError, match=f"there\\.{field}: missing field"):
        canonical.decode(Everything, plain, "there")


def test_literals_differ_by_type() -> None:
    """1 and true are different choices, though Python calls them equal."""
    for choice, spelling in ((1, b'"choice":1,'), (True, b'"choice":true,')):
        found = canonical.decode(Everything, _with(choice=choice))
        assert type(found.choice) is type(choice)
        assert spelling in canonical.dumps(found)


@dataclass(frozen=True, slots=True)
class Even:
    """Refuses odd numbers."""

    number: int

    def __post_init__(self) -> None:
        if self.number < 0:
            raise MalformedError("negative", "below zero")
        if self.number % 2:
            raise ValueError("the number is odd")


def test_what_a_type_itself_refuses_is_refused_with_its_path() -> None:
    """A ValueError of the constructor names the object; a refusal with its own code keeps it."""
    hint: Any = tuple[Even, ...]
    with pytest.raises(MalformedError, match=r"^document: \$\[1\]: the number is odd$"):
        canonical.decode(hint, [{"number": 2}, {"number": 3}])
    with pytest.raises(MalformedError, match="below zero") as error:
        canonical.decode(hint, [{"number": -2}])
    assert error.value.code == "negative"


def test_a_long_wrong_value_is_not_repeated_whole() -> None:
    """A message stays short, whatever stands in the document; so does the name of an unknown key."""
    for changes in ({"text": 5, "x" * 10**5: 1}, {"count": "x" * 10**5}):
        with pytest.raises(MalformedError) as error:
            canonical.decode(Everything, _with(**changes))
        assert len(error.value.message) < 160


@given(everything, st.data())
@settings(max_examples=200)
def test_damaged_text_is_refused_or_read_as_what_it_says(value: Everything, data: st.DataObject) -> None:
    """After any change of a byte: a `MalformedError`, or a value whose spelling is that text's."""
    raw = bytearray(canonical.dumps(value))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = canonical.loads(Everything, bytes(raw))
    except MalformedError:
        return
    again = json.loads(canonical.dumps(found))
    before = json.loads(raw)
    assert {**again, "share": 0} == {**before, "share": 0}
    assert Decimal(again["share"]) == Decimal(before["share"])


# --- JSON text -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "not a JSON document"),
        ("{", "not a JSON document"),
        ("{} {}", "not a JSON document"),
        ("\ufeff{}", "not a JSON document"),
        ("[" * 10**5, "nested deeper"),
        ("[" * 65 + "]" * 65, "nested deeper"),
        ('{"a":' * 65 + "0" + "}" * 65, "nested deeper"),
        ("[" * 40 + '"]]]]]",' + "[" * 25, "nested deeper"),
        ("[" * 40 + '"]]]\\"]]",' + "[" * 25, "nested deeper"),
        ('"' + '\\"' * 10**5 + "[" * 65, "not a JSON document"),
        ('"' + "[" * 65, "not a JSON document"),
        ("[NaN]", "NaN is not a number"),
        ("[Infinity]", "Infinity is not a number"),
        ("[-Infinity]", "-Infinity is not a number"),
        ("[1.5]", "never floats"),
        ("[1e999]", "never floats"),
        ("[1E5]", "never floats"),
        ("[-0]", "an integer"),
        ("[" + "1" * 81 + "]", "an integer of 81 characters"),
        ("[" + "1" * 10**5 + "]", "an integer of 100000 characters"),
        ('{"a":1,"a":1}', "twice"),
        ('[{"b":{"a":1,"a":2}}]', "twice"),
        ('["\\ud800"]', "not Unicode"),
        ('{"\\uDFFF":1}', "not Unicode"),
    ],
)
def test_text_that_is_no_strict_json_is_refused(text: str, what: str) -> None:
    """Half documents, NaN, floats, endless integers, duplicate keys, half surrogates, bottomless nesting."""
    for data in (text, text.encode()):
        with pytest.raises(MalformedError, match=what) as error:
            canonical.parse(data)
        assert error.value.code == "json"


@pytest.mark.parametrize(
    "data", [b"\xff{}", '{"a":1}'.encode("utf-16"), '{"a":1}'.encode("utf-32-le"), b'"\xed\xa0\x80"']
)
def test_bytes_that_are_not_utf8_are_refused(data: bytes) -> None:
    """Other encodings are not guessed."""
    with pytest.raises(MalformedError):
        canonical.parse(data)


def test_a_whole_surrogate_pair_is_text() -> None:
    """An escaped character beyond the basic plane is one character and has one spelling."""
    assert canonical.parse('["\\ud83d\\ude00"]') == ["\U0001f600"]
    assert canonical.json_bytes(["\U0001f600"]) == '["\U0001f600"]'.encode()


@pytest.mark.parametrize("text", ["[[[[", '\\"[[[[', "]]]]"])
def test_depth_counts_brackets_outside_strings_only(text: str) -> None:
    """64 levels are read, and any number of brackets side by side or inside a string."""
    deep: Any = [text] * 100
    for _ in range(63):
        deep = [deep]
    assert canonical.parse(json.dumps(deep)) == deep


def test_integers_up_to_the_bound_are_parsed() -> None:
    """80 characters are enough for any 256-bit integer."""
    assert canonical.parse("[" + "9" * 80 + "]") == [10**80 - 1]
