"""An account looked at from outside: what reading and rehearsing need of it. No key, no journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from mammon.chain.purse import Patience
from mammon.chain.rpc import Rpc
from mammon.core.ports import Clock
from mammon.core.types import Address, Token


class Looking(Protocol):
    """What a look at an account rests on; who acts has it too."""

    @property
    def rpc(self) -> Rpc: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def owner(self) -> Address: ...

    @property
    def asset(self) -> Token: ...

    @property
    def gas_price_oracle(self) -> Address | None: ...

    @property
    def progress(self) -> Callable[[str], None]: ...

    @property
    def patience(self) -> Patience: ...


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Any account, whoever holds its keys."""

    rpc: Rpc
    clock: Clock
    owner: Address
    asset: Token
    gas_price_oracle: Address | None
    stops: Callable[[], tuple[str, ...]]
    """Names of the stops in force, asked anew at each call."""
    progress: Callable[[str], None]
    patience: Patience = field(default_factory=Patience)
    leaving: bool = False
    """As in `Purse`: what is tried out here is what would be signed there."""
