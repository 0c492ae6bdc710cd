"""Canonical JSON: one value has one spelling, and what is not that value's form is refused by path."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal, localcontext
from typing import Any, ClassVar, Literal, NewType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core import canonical
from mammon.core.numbers import Fraction, Ray, Seconds, Units, Wad, Wei
from mammon.errors import MalformedError
from tests.core import build

Name = NewType("Name", str)


@dataclass(frozen=True, slots=True)
class Leaf:
    """Holds one scaled integer."""

    amount: Units


@dataclass(frozen=True, slots=True)
class OtherLeaf:
    """The other member of a union."""

    zebra: int
    apple: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """Holds no field."""


@dataclass(frozen=True, slots=True)
class Everything:
    """Holds each type that has a canonical form; its names are not in order."""

    ray: Ray
    count: int
    flag: bool
    text: str
    name: Name
    share: Fraction
    wait_s: Seconds
    data: bytes
    leaf: Leaf
    either: Leaf | OtherLeaf | None
    always: Leaf | OtherLeaf
    maybe: Leaf | None
    single: tuple[int]
    mixed: Units | Leaf | None
    numbers: tuple[Wei, ...]
    pairs: tuple[tuple[str, Wad], ...]
    choice: Literal["a", 1, True] | None
    nothing: Nothing
    shared: ClassVar[int] = 7


@dataclass(frozen=True, slots=True)
class Chain:
    """Refers to itself."""

    value: int
    next: Chain | None


scaled = st.integers(-(2**256), 2**256)
small = st.integers(-(2**53) + 1, 2**53 - 1)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
decimals = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30, places=18
)
leaves = st.builds(Leaf, scaled)
others = st.builds(OtherLeaf, small, text)
everything = st.builds(
    Everything,
    ray=scaled, count=small, flag=st.booleans(), text=text, name=text, share=decimals, wait_s=small,
    data=st.binary(max_size=20), leaf=leaves, either=st.one_of(st.none(), leaves, others),
    always=st.one_of(leaves, others), single=st.tuples(small),
    maybe=st.one_of(st.none(), leaves), mixed=st.one_of(st.none(), leaves, scaled),
    numbers=st.lists(scaled, max_size=3).map(tuple),
    pairs=st.lists(st.tuples(text, scaled), max_size=3).map(tuple),
    choice=st.sampled_from(["a", 1, True, None]), nothing=st.just(Nothing()),
)  # fmt: skip
SAMPLE = Everything(
    ray=Ray(10**27), count=3, flag=True, text='"\u20ac\n\x00', name=Name("n"),
    share=Fraction(Decimal("0.050")), wait_s=Seconds(-5), data=b"\x00\xff", leaf=Leaf(Units(-1)),
    either=OtherLeaf(2, "b"), always=Leaf(Units(0)), maybe=None, single=(9,),
    mixed=Units(7), numbers=(Wei(0), Wei(2**255)), pairs=(("x", Wad(1)),), choice="a", nothing=Nothing(),
)  # fmt: skip
SPELLING = (
    '{"always":{"amount":"0","kind":"leaf"},"choice":"a","count":3,"data":"0x00ff",'
    '"either":{"apple":"b","kind":"other_leaf","zebra":2},"flag":true,"leaf":{"amount":"-1"},"maybe":null,'
    f'"mixed":"7","name":"n","nothing":{{}},"numbers":["0","{2**255}"],"pairs":[["x","1"]],'
    '"ray":"1000000000000000000000000000","share":"0.05","single":[9],'
    '"text":"\\"\u20ac\\n\\u0000","wait_s":-5}'
)


# --- writing -------------------------------------------------------------------------------------


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
    ["NaN", "sNaN", "Infinity", "-Infinity", "1E+160", "1E-160", "1E+999999", "1" * 161, "0." + "1" * 159],
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


# --- reading -------------------------------------------------------------------------------------


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
