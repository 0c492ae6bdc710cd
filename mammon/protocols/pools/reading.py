"""Read every position that an account has of one manager, at one block.

Steps: which positions there are; what the manager says of each; which pool the factory knows for it; the
pool's state. Five rounds the first time, one from then on (`Notebook`). No token that the chain file does
not list is ever called: anybody can make a pool of a token of his own and send a position in it.
"""

from __future__ import annotations

from collections.abc import Mapping

from mammon.core import abi
from mammon.core.concentrated.managers import PositionManager
from mammon.core.concentrated.positions import PoolHoldings, PoolPosition
from mammon.core.names import Address
from mammon.core.types import Call, Hint, Read, Unread
from mammon.errors import CallFailedError, MalformedError
from mammon.protocols.abi import pools
from mammon.protocols.pieces import Answers
from mammon.protocols.pools import POOLS
from mammon.protocols.pools.layout import Described, described
from mammon.protocols.pools.notebook import Notebook
from mammon.protocols.pools.states import Place, position, state_questions
from mammon.protocols.pools.tokens import Issued, listed

_NOBODY = Address("0x" + "0" * 40)


def read_holdings(manager: PositionManager, owner: Address, hint: Hint | None = None) -> Read[PoolHoldings]:
    """Read the account's positions; what fails is `Unread` by itself, and leaves the others alone.

    `hint` is what an earlier reading of the same manager left behind. Raises `CallFailedError` or
    `MalformedError` where the manager itself cannot be read.
    """
    book = Notebook(owner, hint)
    issued, silent = yield from listed(manager, owner, book)
    found: dict[Issued, PoolPosition | Unread] = {}
    told = yield from _told(manager, issued, book, found)
    places = yield from _places(manager, told, book, found)
    answers = yield from _asked(manager, owner, places, book)
    for one, place in places.items():
        try:
            found[one] = position(manager, place, answers)
        except (CallFailedError, MalformedError) as error:
            found[one] = _unread(manager, one, error)
    positions = (*(found[one] for one in issued if one in found), *silent)
    return PoolHoldings(manager.slug, positions, book.hint())


def _told(
    manager: PositionManager,
    issued: tuple[Issued, ...],
    book: Notebook,
    found: dict[Issued, PoolPosition | Unread],
) -> Read[dict[Issued, Described]]:
    """Return what the manager says of each position; those with nothing in them are left out."""
    if not issued:
        return {}
    questions = {
        str(one.number): Call(manager.address, abi.encode_call(pools.POSITION, one.number)) for one in issued
    }
    answers = yield from book.ask(questions)
    told: dict[Issued, Described] = {}
    for one in issued:
        try:
            said = described(answers, str(one.number))
        except (CallFailedError, MalformedError) as error:
            found[one] = _unread(manager, one, error)
            continue
        if one.gauge is not None or not said.empty:
            told[one] = said
    return told


def _places(
    manager: PositionManager,
    told: Mapping[Issued, Described],
    book: Notebook,
    found: dict[Issued, PoolPosition | Unread],
) -> Read[dict[Issued, Place]]:
    """Return the pool of each position, as the factory knows it."""
    if not told:
        return {}
    layout = POOLS[manager.protocol]
    keys = {one: (said.token0, said.token1, said.parameter) for one, said in told.items()}
    asked = {str(key): Call(manager.factory, abi.encode_call(layout.pool_of, *key)) for key in keys.values()}
    answers = yield from book.ask(asked)
    places: dict[Issued, Place] = {}
    for one, said in told.items():
        try:
            pool = _pool(answers, str(keys[one]), one)
        except (CallFailedError, MalformedError) as error:
            found[one] = _unread(manager, one, error)
            continue
        places[one] = Place(one, said, pool)
    return places


def _pool(answers: Answers, name: str, one: Issued) -> Address:
    pool = answers.address(name)
    if pool == _NOBODY:
        raise MalformedError("pool", f"position {one.number}: the factory knows no such pool")
    if one.pool is not None and pool != one.pool:
        raise MalformedError("pool", f"position {one.number} is staked with the gauge of another pool")
    return pool


def _asked(
    manager: PositionManager, owner: Address, places: Mapping[Issued, Place], book: Notebook
) -> Read[Answers]:
    questions: dict[str, Call] = {}
    for place in places.values():
        questions.update(state_questions(manager, place, owner))
    if not questions:
        return Answers({})
    return (yield from book.ask(questions))


def _unread(manager: PositionManager, one: Issued, error: MalformedError | CallFailedError) -> Unread:
    return Unread(f"{manager.slug}#{one.number}", error.code, error.message)
