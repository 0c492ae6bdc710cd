"""What adapters share: named questions and their answers, token checks, approvals, evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mammon.core import abi
from mammon.core.numbers import Units
from mammon.core.types import Address, Call, CallFailed, Market, Read, Token
from mammon.errors import CallFailedError, MalformedError, RefusedError
from mammon.protocols.abi import erc20, multicall3
from mammon.protocols.base import required_role

MATERIAL_LOSS_BPS = 1
"""Losses up to this share of what is supplied are rounding and dust, which sound venues carry too."""

_MODEL_SLACK_UNITS = 2
_MODEL_SLACK_PARTS = 10**9

Questions = Mapping[str, Call]


class Answers:
    """Return data by the name of its question; every error names the question."""

    def __init__(self, found: Mapping[str, bytes | CallFailed]) -> None:
        self._found = dict(found)

    def __or__(self, other: Answers) -> Answers:
        """Return both, the other's where both have one."""
        return Answers({**self._found, **other._found})

    def asked(self, name: str) -> bool:
        """Say whether the question was asked at all."""
        return name in self._found

    def has(self, name: str) -> bool:
        """Say whether the call succeeded."""
        return isinstance(self._found.get(name), bytes)

    def raw(self, name: str) -> bytes:
        """Return the data of a call that must have succeeded."""
        data = self._found[name]
        if isinstance(data, CallFailed):
            raise CallFailedError(data.code, f"{name}: {data.reason}")
        return data

    def words(self, name: str, count: int) -> tuple[int, ...]:
        """Return exactly `count` words of a call that must have succeeded."""
        data = self.raw(name)
        try:
            return abi.words(data, count)
        except MalformedError as error:
            raise MalformedError(error.code, f"{name}: {error.message}") from error

    def number(self, name: str, bits: int = 256) -> int:
        """Return the one unsigned integer of a call that must have succeeded."""
        data = self._found[name]
        word = (
            int.from_bytes(data, "big") if type(data) is bytes and len(data) == 32 else self.words(name, 1)[0]
        )
        return self.unsigned(name, word, bits)

    def offered(self, name: str, bits: int = 256) -> int | None:
        """Return the one unsigned integer of an optional call; None where the contract has no such view."""
        return self.number(name, bits) if self.has(name) else None

    def address(self, name: str) -> Address:
        """Return the one address of a call that must have succeeded."""
        return abi.address(self.words(name, 1)[0])

    def unsigned(self, name: str, word: int, bits: int) -> int:
        """Return a word as an unsigned integer of `bits` bits; raise `MalformedError` naming the question."""
        if word >> bits:
            raise MalformedError("abi", f"{name}: {word:#x} does not fit {bits} bits")
        return word


def ask(questions: Questions) -> Read[Answers]:
    """Ask in one round and return the answers by name."""
    found = yield tuple(questions.values())
    return Answers(dict(zip(questions, found, strict=True)))


def together(*reads: Read[Any]) -> Read[list[Any]]:
    """Run reads side by side, a round of each in one round of all; return their values in order."""
    values: list[Any] = [None] * len(reads)
    found: Mapping[int, Sequence[bytes | CallFailed] | None] = dict.fromkeys(range(len(reads)))
    while True:
        waiting: dict[int, Sequence[Call]] = {}
        for place, answers in found.items():
            try:
                waiting[place] = next(reads[place]) if answers is None else reads[place].send(answers)
            except StopIteration as end:
                values[place] = end.value
        if not waiting:
            return values
        told = iter((yield tuple(call for calls in waiting.values() for call in calls)))
        found = {place: [next(told) for _ in calls] for place, calls in waiting.items()}


def decimals_question(token: Token) -> Questions:
    """Ask a token for its decimals, under the name that `check_decimals` looks for."""
    return {"token.decimals": Call(token.address, abi.encode_call(erc20.DECIMALS))}


def check_decimals(token: Token, answers: Answers) -> None:
    """Raise `MalformedError` unless the chain gives the token the decimals the configuration gives it."""
    found = answers.number("token.decimals", 8)
    if found != token.decimals:
        raise MalformedError(
            "decimals",
            f"{token.symbol} has {found} decimals on the chain, {token.decimals} configured",
            "correct the token's table in the chain file",
        )


def time_question(market: Market) -> Questions:
    """Ask for the block's timestamp; the reader sends equal calls once."""
    clock = required_role(market, "multicall3")
    return {"block.timestamp": Call(clock, abi.encode_call(multicall3.BLOCK_TIMESTAMP))}


def block_time(answers: Answers) -> int:
    """Return the block's timestamp, unix seconds."""
    return answers.number("block.timestamp", 40)


def balance(token: Address, owner: Address, optional: bool = False) -> Call:
    """Ask an ERC-20 for a balance."""
    return Call(token, abi.encode_call(erc20.BALANCE_OF, owner), optional)


def approval(market: Market, amount: int) -> Call:
    """Approve the market's spender for exactly `amount`; refuse where deposits are off."""
    if not market.deposits:
        raise RefusedError("deposits_off", f"{market.slug}: {market.note or 'deposits are off'}")
    data = abi.encode_call(erc20.APPROVE, market.spender, positive(amount))
    return Call(market.token.address, data)


def positive(amount: int) -> int:
    """Return `amount`; raise `ValueError` unless it is above zero."""
    if amount <= 0:
        raise ValueError(f"an amount of {amount} units")
    return amount


def loss(name: str, amount: int, supplied: int) -> tuple[tuple[str, Units], ...]:
    """Return the evidence entry of a loss; nothing when it is dust (`MATERIAL_LOSS_BPS`)."""
    material = amount * 10_000 > supplied * MATERIAL_LOSS_BPS
    return ((name, Units(amount)),) if material else ()


def agrees(model: int, chain: int) -> bool:
    """Say whether our formula and the contract's own view give the same total.

    They differ by rounding at most, unless the contract no longer is what the formula was taken from.
    """
    return abs(model - chain) <= _MODEL_SLACK_UNITS + chain // _MODEL_SLACK_PARTS
