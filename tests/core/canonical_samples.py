"""Types with one field of each kind that has a canonical form, and values of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Literal, NewType

from hypothesis import strategies as st

from mammon.core.numbers import Fraction, Ray, Seconds, Units, Wad, Wei

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
