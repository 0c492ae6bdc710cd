"""How a Morpho Vault V2 is laid out: its adapters, their kinds and markets, and where liquidity goes.

A layout is learnt once, round after round, and remembered in the hint; a reading that uses it asks for
every piece of it again, so that one that is out of date is noticed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from mammon.core import abi
from mammon.core.address import parse_address
from mammon.core.keccak import keccak256
from mammon.core.numbers import Wad
from mammon.core.types import Address, Call, Hint, Market, Read
from mammon.errors import MalformedError, UsageError
from mammon.protocols.abi import vault_v2
from mammon.protocols.base import required_role
from mammon.protocols.morpho_blue_market import (
    NO_ADDRESS,
    Params,
    Singleton,
    market_id,
    params_of,
    params_question,
    remembered,
    written,
)
from mammon.protocols.pieces import Answers, Questions, ask

MOST_ADAPTERS = 10
MOST_MARKETS = 30
_MOST_ITEMS = 2 + MOST_ADAPTERS
PROTOCOL = "vault_v2"

Kind = Literal["markets", "vault", "other"]


class Adapter(NamedTuple):
    """One adapter of a vault."""

    address: Address
    kind: Kind
    """`other`: what it holds cannot be told."""
    markets: tuple[Params, ...] = ()
    """Of a market adapter: where it has supplied, in its own order."""
    vault: Address = NO_ADDRESS
    """Of a vault adapter: the vault whose shares it holds."""
    hint: tuple[str, ...] = ()
    """Of a vault adapter: what was learnt of that vault."""


class Layout(NamedTuple):
    """A vault's adapters, and the market that its liquidity data names, if they name one."""

    adapters: tuple[Adapter, ...]
    liquid: Params | None


# --- asking --------------------------------------------------------------------------------------


def vault_view(market: Market, selector: bytes, *arguments: abi.Value, optional: bool = False) -> Call:
    """Ask the vault."""
    return Call(market.id.address, abi.encode_call(selector, *arguments), optional)


def shape_questions(market: Market) -> Questions:
    """Ask how many adapters there are, and where liquidity goes."""
    return {
        "adapters.length": vault_view(market, vault_v2.ADAPTERS_LENGTH),
        "liquidity.adapter": vault_view(market, vault_v2.LIQUIDITY_ADAPTER),
        "liquidity.data": vault_view(market, vault_v2.LIQUIDITY_DATA),
    }


def place_questions(market: Market, count: int) -> Questions:
    """Ask for the adapters' addresses; optional, because a remembered list may have become shorter."""
    return {
        f"adapters.{place}": vault_view(market, vault_v2.ADAPTERS, place, optional=True)
        for place in range(count)
    }


def kind_questions(address: Address) -> Questions:
    """Ask an adapter what only one kind of it answers."""
    views = {
        "vault": vault_v2.INNER_VAULT,
        "irm": vault_v2.IRM,
        "morpho": vault_v2.MORPHO,
        "length": vault_v2.MARKETS_LENGTH,
    }
    return {
        f"{address}.{name}": Call(address, abi.encode_call(view), optional=True)
        for name, view in views.items()
    }


def list_questions(address: Address, count: int) -> Questions:
    """Ask a market adapter for its markets' ids."""
    return {
        f"{address}.markets.{place}": Call(address, abi.encode_call(vault_v2.MARKETS, place), optional=True)
        for place in range(count)
    }


def layout_questions(market: Market, layout: Layout) -> Questions:
    """Ask for every piece of a layout again."""
    found = {**shape_questions(market), **place_questions(market, len(layout.adapters))}
    for adapter in layout.adapters:
        found.update(kind_questions(adapter.address))
        found.update(list_questions(adapter.address, len(adapter.markets)))
    return found


# --- reading -------------------------------------------------------------------------------------


def learnt(market: Market) -> Read[Layout]:
    """Learn a vault's layout, round by round."""
    answers = yield from ask(shape_questions(market))
    count = _count(answers, "adapters.length", MOST_ADAPTERS)
    answers |= yield from ask(place_questions(market, count))
    addresses = _addresses(answers, count)
    answers |= yield from ask(
        {name: call for address in addresses for name, call in kind_questions(address).items()}
    )
    lending = [address for address in addresses if kind_of(market, answers, address) == "markets"]
    lists = [list_questions(address, _length(answers, address)) for address in lending]
    answers |= yield from ask({name: call for part in lists for name, call in part.items()})
    singleton = Singleton(required_role(market, "morpho"), required_role(market, "irm"))
    wanted = [identity for address in lending for identity in _ids(answers, address)]
    asked = [params_question(singleton, identity) for identity in dict.fromkeys(wanted)]
    answers |= yield from ask({name: call for part in asked for name, call in part.items()})
    known = {identity: params_of(answers, identity) for identity in wanted}
    adapters = []
    for address in addresses:
        kind = kind_of(market, answers, address)
        markets = tuple(known[each] for each in _ids(answers, address)) if kind == "markets" else ()
        vault = answers.address(f"{address}.vault") if kind == "vault" else NO_ADDRESS
        adapters.append(Adapter(address, kind, markets, vault))
    return Layout(tuple(adapters), liquid_market(market, answers))


def check_layout(market: Market, answers: Answers, layout: Layout) -> None:
    """Raise `MalformedError` unless the vault is laid out like this in the block just read."""
    count = _count(answers, "adapters.length", MOST_ADAPTERS)
    told = count == len(layout.adapters) and _addresses(answers, count) == tuple(
        adapter.address for adapter in layout.adapters
    )
    if not told or liquid_market(market, answers) != layout.liquid:
        raise MalformedError("layout", f"{market.slug}: adapters or liquidity are others than before")
    for adapter in layout.adapters:
        same = kind_of(market, answers, adapter.address) == adapter.kind
        if same and adapter.kind == "vault":
            same = answers.address(f"{adapter.address}.vault") == adapter.vault
        if same and adapter.kind == "markets":
            same = _length(answers, adapter.address) == len(adapter.markets)
            same = same and _ids(answers, adapter.address) == [market_id(each) for each in adapter.markets]
        if not same:
            raise MalformedError("layout", f"{market.slug}: the adapter {adapter.address} is another one")


def kind_of(market: Market, answers: Answers, address: Address) -> Kind:
    """Tell an adapter by what it answers: markets under the known model, or a vault, or neither."""
    models = {"irm": required_role(market, "irm"), "morpho": required_role(market, "morpho")}
    if answers.has(f"{address}.vault"):
        return "vault"
    names = [f"{address}.{name}" for name in models]
    if not all(map(answers.has, (*names, f"{address}.length"))):
        return "other"
    return "markets" if [answers.address(name) for name in names] == [*models.values()] else "other"


def liquid_market(market: Market, answers: Answers) -> Params | None:
    """Return the market that the liquidity data names; None when they are empty or name none."""
    data = abi.bytes_at(answers.raw("liquidity.data"))
    if len(data) != 5 * abi.WORD:
        return None
    words = abi.words(data, 5)
    loan_token, collateral, oracle, irm = map(abi.address, words[:4])
    if loan_token != market.token.address or irm != required_role(market, "irm"):
        return None
    return Params(loan_token, collateral, oracle, irm, Wad(words[4]))


def _count(answers: Answers, name: str, most: int) -> int:
    count = answers.number(name)
    if count > most:
        raise MalformedError("layout", f"{name}: {count}, where {most} are more than any vault has")
    return count


def _length(answers: Answers, address: Address) -> int:
    return _count(answers, f"{address}.length", MOST_MARKETS)


def _addresses(answers: Answers, count: int) -> tuple[Address, ...]:
    return tuple(answers.address(f"adapters.{place}") for place in range(count))


def _ids(answers: Answers, address: Address) -> list[bytes]:
    length = _length(answers, address)
    return [answers.number(f"{address}.markets.{place}").to_bytes(32, "big") for place in range(length)]


# --- ids of caps ---------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def cap_ids(adapter: Address, params: Params | None) -> tuple[bytes, ...]:
    """Return the ids that money counts under: the adapter's, and of a market its collateral's and its own."""
    own = keccak256(abi.encode(abi.byte_string(b"this"), adapter))
    if params is None:
        return (own,)
    collateral = abi.encode(abi.byte_string(b"collateralToken"), params.collateral_token)
    itself = abi.encode(abi.byte_string(b"this/marketParams"), adapter, tuple(params))
    return own, keccak256(collateral), keccak256(itself)


# --- hints ---------------------------------------------------------------------------------------


def hint_of(layout: Layout) -> Hint:
    """Return what the next reading needs to ask for everything at once."""
    liquid = "" if layout.liquid is None else written(layout.liquid)
    return Hint((PROTOCOL, liquid, *map(_item, layout.adapters)))


def from_hint(market: Market, hint: Hint | None) -> Layout | None:
    """Return the layout a hint tells of; None unless all of it can be read."""
    if hint is None or hint.items[:1] != (PROTOCOL,) or not 2 <= len(hint.items) <= _MOST_ITEMS:
        return None
    asset = market.token.address
    try:
        liquid = remembered(asset, hint.items[1]) if hint.items[1] else None
        return Layout(tuple(_adapter(asset, item) for item in hint.items[2:]), liquid)
    except UsageError:
        return None


def _item(adapter: Adapter) -> str:
    parts = map(written, adapter.markets) if adapter.kind == "markets" else adapter.hint
    vault = (adapter.vault,) if adapter.kind == "vault" else ()
    return ";".join((adapter.kind, adapter.address, *vault, *parts))


def _adapter(asset: Address, item: str) -> Adapter:
    kind, _, rest = item.partition(";")
    first, *more = rest.split(";")
    address = parse_address(first)
    if kind == "markets" and len(more) <= MOST_MARKETS:
        return Adapter(address, "markets", tuple(remembered(asset, each) for each in more))
    if kind == "vault" and more:
        return Adapter(address, "vault", vault=parse_address(more[0]), hint=tuple(more[1:]))
    if kind == "other" and not more:
        return Adapter(address, "other")
    raise UsageError("hint", f"{item[:80]!r} is not an adapter")
