"""The smallest machine that runs simulated contracts: storage, frames, calls, logs, reverts.

A contract's code is a Python class; its state lives in `Storage`, a flat map from (address, name, …)
to an immutable value, so that a snapshot is a shallow copy and a revert drops an overlay. Methods are
found by selector, and arguments and results are encoded as Solidity would, width checks included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from mammon.core.types import Address
from mammon.sim.contracts.encoding import Reverted, arguments, encoded, returned

Key = tuple[str, ...]
Slots = dict[Key, Any]

_NOTHING = object()


class Storage:
    """Slots, written through an overlay until `keep` merges it into what lies below."""

    __slots__ = ("below", "written")

    def __init__(self, below: Storage | Slots) -> None:
        self.below = below
        self.written: Slots = {}

    @classmethod
    def direct(cls, slots: Slots) -> Storage:
        """Return storage that writes straight into `slots`: for code that cannot revert."""
        storage = cls({})
        storage.written = slots
        return storage

    def get(self, key: Key, default: Any = 0) -> Any:
        """Return the slot's value, or `default` when nothing was ever written."""
        storage: Storage | Slots = self
        while isinstance(storage, Storage):
            value = storage.written.get(key, _NOTHING)
            if value is not _NOTHING:
                return value
            storage = storage.below
        return storage.get(key, default)

    def put(self, key: Key, value: Any) -> None:
        """Write a slot."""
        self.written[key] = value

    def keep(self) -> None:
        """Write the overlay into what lies below."""
        target = self.below.written if isinstance(self.below, Storage) else self.below
        target.update(self.written)
        self.written = {}


@dataclass(frozen=True, slots=True)
class Log:
    """An event: who emitted it, its topics, its data."""

    address: Address
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Environment:
    """What code can ask about the block it runs in."""

    seed: int
    number: int
    timestamp: int
    prices: Callable[[int], tuple[int, int, int]]
    """Base fee, base fee of the chain below and its blob base fee, of a block."""
    block_hash: Callable[[int], bytes]

    @property
    def base_fee(self) -> int:
        """The block's base fee."""
        return self.prices(self.number)[0]


@dataclass(slots=True)
class Frame:
    """One call being run: where, for whom, and what it has written and emitted so far."""

    environment: Environment
    storage: Storage
    sender: Address
    logs: list[Log] = field(default_factory=list)
    quiet: bool = False
    """The crowd's own move: nobody asks for its events, and no pause or block list holds it up."""

    @property
    def timestamp(self) -> int:
        """The time of the block the call runs in."""
        return self.environment.timestamp

    def nested(self, sender: Address) -> Frame:
        """Return a frame whose effects can be dropped, or kept with `merge`."""
        return Frame(self.environment, Storage(self.storage), sender)

    def merge(self, inner: Frame) -> None:
        """Take over what a nested frame wrote and emitted."""
        if inner.storage.written:
            inner.storage.keep()
        self.logs.extend(inner.logs)

    def emit(self, contract: Address, topic: str, indexed: tuple[Any, ...], *values: Any) -> None:
        """Emit an event with its topic in hex, its indexed and its plain static arguments."""
        if self.quiet:
            return
        topics = (bytes.fromhex(topic), *map(encoded, indexed))
        self.logs.append(Log(contract, topics, b"".join(map(encoded, values))))


@dataclass(frozen=True, slots=True)
class Method:
    """An external method: selector, signature, what it costs beyond the base, and its code."""

    selector: bytes
    signature: str
    gas: int
    code: Callable[..., Any]


VIEW_GAS = 3_000
F = TypeVar("F", bound=Callable[..., Any])


def external(selector: str, signature: str, gas: int = VIEW_GAS) -> Callable[[F], F]:
    """Mark a method as callable from outside under `selector` (hex); a test re-derives the selectors.

    Static arguments arrive decoded. A signature with a dynamic argument gets the raw argument bytes.
    """

    def mark(function: F) -> F:
        marks = [*getattr(function, "marks", []), Method(bytes.fromhex(selector), signature, gas, function)]
        function.marks = marks  # type: ignore[attr-defined]  # functions take attributes, types do not say so
        return function

    return mark


class Contract:
    """Code at an address."""

    methods: ClassVar[Mapping[bytes, Method]] = {}

    def __init_subclass__(cls) -> None:
        found = dict(cls.methods)
        for function in vars(cls).values():
            found.update({method.selector: method for method in getattr(function, "marks", ())})
        cls.methods = found

    def __init__(self, address: Address) -> None:
        self.address = address
        self.constants: dict[bytes, tuple[str, bytes]] = {}

    def constant(self, selector: str, signature: str, value: Any) -> None:
        """Answer a view without arguments always the same."""
        self.constants[bytes.fromhex(selector)] = (signature, returned(value))

    def key(self, *names: str) -> Key:
        """Return the key of one of this contract's slots."""
        return (self.address, *names)

    def call(self, frame: Frame, data: bytes) -> bytes:
        """Run the method that `data` names and return its encoded result. Raises `Reverted`."""
        fixed = self.constants.get(data[:4])
        if fixed is not None:
            return fixed[1]
        method = self.methods.get(data[:4])
        if method is None:
            raise Reverted
        try:
            return returned(method.code(self, frame, *arguments(method.signature, data[4:])))
        except (ArithmeticError, ValueError) as error:
            raise Reverted from error  # as checked arithmetic does where a number fits no word

    def gas(self, data: bytes) -> int:
        """Return what the method that `data` names costs beyond the base of a transaction."""
        method = self.methods.get(data[:4])
        return method.gas if method else VIEW_GAS
