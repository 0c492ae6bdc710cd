"""Ports: what the program needs from outside, injected by `cli/wiring.py` and by tests.

Nothing below `cli/` reads the wall clock, the environment or the network by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # most commands sign nothing
    from mammon.core.transaction import Unsigned


class Clock(Protocol):
    """Tell time and wait. In the simulated world waiting moves simulated time."""

    def now(self) -> int:
        """Return the time in unix seconds, UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that never steps back; only differences mean anything."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait. May return early when the process was asked to stop."""
        ...


class Deadline(Protocol):
    """The total time one operation may take, shared by everything it calls."""

    def remaining(self) -> float:
        """Return the seconds left; zero or less when it has passed."""
        ...

    def require(self, what: str) -> float:
        """Return the seconds left; raise `DeadlinePassedError` naming `what` when none are."""
        ...


class Transport(Protocol):
    """Carry one request body to one JSON-RPC endpoint and bring the answer's body back.

    The simulated chain implements this port: everything above it is the same code in every world.
    """

    @property
    def name(self) -> str:
        """A printable, redacted name of the endpoint (never a URL with a key in it)."""
        ...

    def exchange(self, body: bytes, deadline: Deadline) -> bytes:
        """Return the whole answer, at most the byte cap, within the deadline.

        Raises `OutsideError` (connection, status, size) or `DeadlinePassedError`.
        """
        ...


class Signer(Protocol):
    """Sign for one account. Holds the key, or reaches who holds it."""

    @property
    def address(self) -> str:
        """The EIP-55 address whose signatures this signer makes."""
        ...

    def sign(self, unsigned: Unsigned) -> bytes:
        """Return the raw signed transaction; `chain.signing`, the one caller, believes none of it."""
        ...
