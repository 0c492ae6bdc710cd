"""Which positions an account has: those it owns, and those that gauges own for it."""

from __future__ import annotations

from dataclasses import dataclass

from mammon.core import abi
from mammon.core.concentrated.managers import PositionManager
from mammon.core.names import Address
from mammon.core.types import Call, Read, Unread
from mammon.errors import CallFailedError, MalformedError
from mammon.protocols.abi import pools
from mammon.protocols.pieces import Answers, Questions
from mammon.protocols.pools.notebook import Notebook

MOST = 32
"""Positions that are read of one manager; anybody can send an account more."""

_ABSURD = 1_000_000
_NOBODY = Address("0x" + "0" * 40)


@dataclass(frozen=True, slots=True)
class Issued:
    """One position by its number; `gauge` owns it where it is staked, in a pool that the chain file lists."""

    number: int
    gauge: Address | None = None
    pool: Address | None = None


Listed = tuple[tuple[Issued, ...], tuple[Unread, ...]]
"""What was found, and what could not be read."""


def listed(manager: PositionManager, owner: Address, book: Notebook) -> Read[Listed]:
    """Return the account's positions by number, at most `MOST`. Raises for a manager that is another's."""
    first = yield from book.ask(
        {
            "factory": Call(manager.address, abi.encode_call(pools.FACTORY)),
            "count": Call(manager.address, abi.encode_call(pools.BALANCE_OF, owner)),
            **_gauge_questions(manager),
        }
    )
    if first.address("factory") != manager.factory:
        raise MalformedError("factory", f"{manager.slug} issues positions of another factory's pools")
    count = first.number("count", 256)
    if count > _ABSURD:
        raise MalformedError("count", f"{manager.slug} says that it issued {count} positions to one account")
    gauges, silent = _gauges(manager, first)
    questions: dict[str, Call] = {
        f"owned:{place}": Call(manager.address, abi.encode_call(pools.TOKEN_BY_INDEX, owner, place))
        for place in range(min(count, MOST))
    }
    for pool, gauge in gauges.items():
        questions[f"staked:{pool}"] = Call(gauge, abi.encode_call(pools.STAKED, owner))
    found: list[Issued] = []
    if questions:
        answers = yield from book.ask(questions)
        # Staked ones first: only the account itself can stake, while anybody can send it more to own.
        for pool, gauge in gauges.items():
            _staked(manager, answers, pool, gauge, found, silent)
        for place in range(min(count, MOST)):
            _owned(manager, answers, place, found, silent)
    total = count + sum(issued.gauge is not None for issued in found)
    if total > MOST:
        reason = f"the account has {total} positions here, of which {MOST} are read"
        silent.append(Unread(f"{manager.slug}#more", "too_many", reason))
    return tuple(found[:MOST]), tuple(silent)


def _gauge_questions(manager: PositionManager) -> Questions:
    voter = manager.voter
    if voter is None:
        return {}
    return {f"gauge:{pool}": Call(voter, abi.encode_call(pools.GAUGE_OF, pool)) for pool in manager.pools}


def _gauges(manager: PositionManager, answers: Answers) -> tuple[dict[Address, Address], list[Unread]]:
    """Return the gauge of each listed pool that has one."""
    gauges: dict[Address, Address] = {}
    silent: list[Unread] = []
    for pool in manager.pools if manager.voter is not None else ():
        try:
            gauge = answers.address(f"gauge:{pool}")
        except (MalformedError, CallFailedError) as error:
            silent.append(_unread(manager, f"staked in {pool}", error))
            continue
        if gauge != _NOBODY:
            gauges[pool] = gauge
    return gauges, silent


def _owned(
    manager: PositionManager, answers: Answers, place: int, found: list[Issued], silent: list[Unread]
) -> None:
    try:
        found.append(Issued(answers.number(f"owned:{place}")))
    except (MalformedError, CallFailedError) as error:
        silent.append(_unread(manager, f"place {place}", error))


def _staked(
    manager: PositionManager,
    answers: Answers,
    pool: Address,
    gauge: Address,
    found: list[Issued],
    silent: list[Unread],
) -> None:
    try:
        numbers = abi.words_at(answers.raw(f"staked:{pool}"))
    except (MalformedError, CallFailedError) as error:
        silent.append(_unread(manager, f"staked in {pool}", error))
        return
    found += (Issued(number, gauge, pool) for number in numbers)


def _unread(manager: PositionManager, what: str, error: MalformedError | CallFailedError) -> Unread:
    return Unread(f"{manager.slug}#{what}", error.code, error.message)
