"""The kill switch, asked about once more immediately before each act, whatever was judged before."""

from __future__ import annotations

from pathlib import Path

from mammon.core.decide import Decision
from mammon.core.plan import Outcome
from mammon.core.ports import Signer
from mammon.engine.cycle import Executor
from mammon.ops.killswitch import require_running


class GuardedExecutor:
    """Carry decisions out as another executor does, unless everything is stopped by then."""

    def __init__(self, executor: Executor, home: Path) -> None:
        self._executor, self._home = executor, home

    def execute(self, decision: Decision) -> Outcome:
        """Carry a decision out. Raises `PersonNeededError` when a stop is in force."""
        require_running(self._home)
        return self._executor.execute(decision)


class GuardedSigner:
    """Sign as another signer does, unless everything is stopped by then: also between two legs."""

    def __init__(self, signer: Signer, home: Path) -> None:
        self._signer, self._home = signer, home

    @property
    def address(self) -> str:
        """The EIP-55 address whose signatures this signer makes."""
        return self._signer.address

    def sign_digest(self, digest: bytes) -> tuple[int, int, int]:
        """Return (y_parity, r, s). Raises `PersonNeededError` when a stop is in force."""
        require_running(self._home)
        return self._signer.sign_digest(digest)
