"""The part of the gate that judges a call: recipient, selector, and every argument by its role. Pure.

Arguments are decoded by the one form that fits, encoded again, and compared with the data byte for byte:
no second spelling, no dirty upper bytes, nothing behind the last argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mammon.chain.evidence import Evidence, Refusal
from mammon.chain.permit_lists import items, list_refusals
from mammon.core import abi
from mammon.core.address import checksummed
from mammon.core.fixed import UINT128_MAX, UINT256_MAX
from mammon.core.transaction import Unsigned
from mammon.core.types import Address, Market
from mammon.errors import MalformedError
from mammon.protocols.base import role as role_address
from mammon.protocols.forms import ADDRESSES, FORMS, LISTS, TERMS, Form, Movement, Role
from mammon.protocols.morpho_blue_market import terms_of

_SELECTOR = 4
_BENEFICIARY = ("owner", "receiver")
_PINNED: tuple[Role, ...] = TERMS[1:]
_NOTHING = abi.byte_string(b"")
_NOWHERE = Address("none is listed")


def call_refusals(
    unsigned: Unsigned, movement: Movement, market: Market, evidence: Evidence
) -> Iterator[Refusal]:
    """Yield every reason against a call on this market for the movement that is meant."""
    forms = FORMS.get(market.protocol)
    if forms is None:
        yield Refusal("protocol", market.protocol, "one with call forms: " + ", ".join(FORMS))
        return
    allowed = forms.get(movement)
    if allowed is None:
        yield Refusal("movement", movement, ", ".join(forms))
        return
    form = _meant(unsigned.data, [each for each in allowed if each.selector == unsigned.data[:_SELECTOR]])
    target = market.token.address if allowed[0].target == "token" else market.id.address
    if unsigned.to != target:
        yield Refusal("recipient", unsigned.to, target)
    if form is None:
        known = ", ".join(each.selector.hex() for each in allowed)
        yield Refusal("selector", unsigned.data[:_SELECTOR].hex(), known)
        return
    yield from _arguments(unsigned.data, form, market, evidence)


def _meant(data: bytes, forms: Sequence[Form]) -> Form | None:
    """Return the form whose zeros are zeros in the data; the first where none is, for its own refusals."""
    for form in forms:
        places = [place for place, role in enumerate(form.arguments) if role == "zero"]
        if not any(_word(data, place) for place in places):
            return form
    return forms[0] if forms else None


def _arguments(data: bytes, form: Form, market: Market, evidence: Evidence) -> Iterator[Refusal]:
    values = [_value(data, place, role) for place, role in enumerate(form.arguments)]
    due = abi.encode_call(form.selector, *values)
    if due != data:
        yield Refusal("calldata", f"{len(data)} bytes", f"{len(due)} bytes of the one canonical encoding")
    for place, (role, value) in enumerate(zip(form.arguments, values, strict=True)):
        if role in LISTS:
            yield from list_refusals(role, items(data[_SELECTOR:], place, role), market, evidence)
        elif isinstance(value, abi.Dynamic):
            pass  # what stood there is none of the values: the encoding has been compared
        elif role in _PINNED:
            yield from _term(role, value, market)
        elif isinstance(value, str):
            yield from _address(role, value, market, evidence)
        else:
            yield from _number(role, value, form, evidence)


def _value(data: bytes, place: int, role: Role) -> int | Address | abi.Dynamic:
    """Return one argument as its role reads it; what is missing or dirty shows when it is encoded again."""
    if role == "empty":
        return _NOTHING
    if role in LISTS:
        return abi.array(items(data[_SELECTOR:], place, role))
    word = _word(data, place)
    return checksummed(f"0x{word % 2**160:040x}") if role in ADDRESSES else word


def _word(data: bytes, place: int) -> int:
    start = _SELECTOR + abi.WORD * place
    return int.from_bytes(data[start : start + abi.WORD].ljust(abi.WORD, b"\0"), "big")


def _term(role: Role, found: int | Address, market: Market) -> Iterator[Refusal]:
    """Require the parameter that, with the others, hashes to the market's id."""
    try:
        due = dict(zip(TERMS, terms_of(market), strict=True))[role]
    except MalformedError as error:
        yield Refusal("terms", str(found), error.message)
        return
    if found != due:
        yield Refusal("terms", str(found), str(due))


def _address(role: Role, found: Address, market: Market, evidence: Evidence) -> Iterator[Refusal]:
    if role in _BENEFICIARY:
        code, due = "beneficiary", evidence.owner
    elif role == "asset":
        code, due = "asset", market.token.address
    elif role == "venue":
        code, due = "venue", role_address(market, "venue") or _NOWHERE
    else:
        code, due = "spender", market.spender
    if found != due:
        yield Refusal(code, found, due)


def _number(role: Role, found: int, form: Form, evidence: Evidence) -> Iterator[Refusal]:
    if role == "zero":
        if found != 0:
            yield Refusal("not_zero", str(found), "0")
    elif role == "yes":
        if found != 1:
            yield Refusal("not_one", str(found), "1")
    elif role == "shares":
        yield from _everything(evidence)
        if found != evidence.shares or found <= 0:
            yield Refusal("shares", str(found), str(evidence.shares))
    elif form.sentinel and found == UINT256_MAX:
        yield from _everything(evidence)
    else:
        yield from _amount(found, evidence)


def _everything(evidence: Evidence) -> Iterator[Refusal]:
    if not evidence.everything:
        yield Refusal("everything", "all of it", str(evidence.at_most))


def _amount(found: int, evidence: Evidence) -> Iterator[Refusal]:
    if found > UINT128_MAX:
        yield Refusal("unlimited", str(found), str(evidence.at_most))
    elif found > evidence.at_most or found <= 0:
        yield Refusal("amount", str(found), str(evidence.at_most))
    elif evidence.action == "approve" and found != evidence.at_most:
        yield Refusal("inexact", str(found), str(evidence.at_most))
