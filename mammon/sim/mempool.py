"""The transactions waiting for a block, under the rules of the common client."""

from __future__ import annotations

from mammon.core import costs
from mammon.core.address import checksummed
from mammon.core.keccak import keccak256
from mammon.core.transaction import Unsigned, decode_signed, transaction_hash
from mammon.core.types import Address, Hash32
from mammon.errors import MalformedError, OutsideError
from mammon.sim.addresses import CHAIN_ID
from mammon.sim.contracts.machine import Environment, Storage
from mammon.sim.contracts.oracles import fees_at
from mammon.sim.execution import TRANSACTION_GAS_CAP, Pooled, intrinsic_gas, l1_fee, native, nonce

REPLACEMENT_PERCENT = 10
"""By how much a replacement must raise both fees."""


class PoolRefusalError(OutsideError):
    """Report that the pool did not take a transaction, in the words of the common client."""


def recovered(raw: bytes) -> Pooled:
    """Decode a raw transaction and recover who signed it. Raises `PoolRefusalError`."""
    # Loaded here: reading a simulated chain needs no elliptic curves.
    from coincurve import PublicKey

    try:
        unsigned, parity, r, s = decode_signed(raw)
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes((parity,))
        public = PublicKey.from_signature_and_message(signature, unsigned.digest(), hasher=None)
    except MalformedError as error:
        raise _refused(f"rlp: {error.message}") from error
    except ValueError as error:
        raise _refused("invalid sender: signature recovers no key") from error
    sender = checksummed("0x" + keccak256(public.format(compressed=False)[1:])[12:].hex())
    return Pooled(raw, transaction_hash(raw), sender, unsigned)


class Mempool:
    """Waiting transactions by sender and nonce."""

    def __init__(self) -> None:
        self._waiting: dict[Address, dict[int, Pooled]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def find(self, wanted: Hash32) -> Pooled | None:
        """Return a waiting transaction by its hash."""
        return next((entry for entry in self._all() if entry.hash == wanted), None)

    def drop(self, wanted: Hash32) -> bool:
        """Forget a transaction; return whether it was waiting."""
        entry = self.find(wanted)
        if entry is not None:
            self._remove(entry)
        return entry is not None

    def pending_nonce(self, sender: Address, mined: int) -> int:
        """Return the first nonce after those mined and those waiting without a gap."""
        waiting = self._waiting.get(sender, {})
        while mined in waiting:
            mined += 1
        return mined

    def add(self, entry: Pooled, environment: Environment, storage: Storage) -> None:
        """Take a transaction in. Raises `PoolRefusalError`; `environment` is the next block's."""
        _check(entry, environment, storage)
        waiting = self._waiting.setdefault(entry.sender, {})
        rival = waiting.get(entry.unsigned.nonce)
        if rival is not None:
            if rival.hash == entry.hash:
                raise _refused("already known")
            if not _replaces(entry.unsigned, rival.unsigned):
                raise _refused("replacement transaction underpriced")
        waiting[entry.unsigned.nonce] = entry

    def waits_for_block(self, storage: Storage) -> bool:
        """Return whether some sender's next transaction is here; its price may still be too low."""
        return any(nonce(storage, sender) in waiting for sender, waiting in self._waiting.items())

    def ready(self, environment: Environment, storage: Storage) -> list[Pooled]:
        """Return what this block can include, in order: by tip between senders, by nonce within."""
        found: list[Pooled] = []
        for sender in sorted(self._waiting, key=self._order):
            waiting, expected = self._waiting[sender], nonce(storage, sender)
            while (entry := waiting.get(expected)) and entry.unsigned.max_fee >= environment.base_fee:
                found.append(entry)
                expected += 1
        return found

    def settle(self, storage: Storage) -> None:
        """Forget what can no longer be mined: its nonce is used."""
        for entry in self._all():
            if entry.unsigned.nonce < nonce(storage, entry.sender):
                self._remove(entry)

    def _all(self) -> list[Pooled]:
        return [entry for waiting in self._waiting.values() for entry in waiting.values()]

    def _remove(self, entry: Pooled) -> None:
        waiting = self._waiting[entry.sender]
        del waiting[entry.unsigned.nonce]
        if not waiting:
            del self._waiting[entry.sender]

    def _order(self, sender: Address) -> tuple[int, str]:
        waiting = self._waiting[sender]
        return -waiting[min(waiting)].unsigned.tip, sender


def _check(entry: Pooled, environment: Environment, storage: Storage) -> None:
    unsigned = entry.unsigned
    if unsigned.chain_id != CHAIN_ID:
        raise _refused(f"invalid chain id for signer: have {unsigned.chain_id} want {CHAIN_ID}")
    if unsigned.gas > TRANSACTION_GAS_CAP:
        raise _refused(f"transaction gas limit too high (cap: {TRANSACTION_GAS_CAP}, tx: {unsigned.gas})")
    needed = intrinsic_gas(unsigned.data)
    if unsigned.gas < needed:
        raise _refused(f"intrinsic gas too low: gas {unsigned.gas}, minimum needed {needed}")
    following = nonce(storage, entry.sender)
    if unsigned.nonce < following:
        raise _refused(f"nonce too low: next nonce {following}, tx nonce {unsigned.nonce}")
    fees = fees_at(environment)
    cost = unsigned.value + unsigned.gas * unsigned.max_fee
    cost += l1_fee(environment, entry.raw) + costs.operator_fee(fees, unsigned.gas)
    held = native(storage, entry.sender)
    if cost > held:
        raise _refused(
            f"insufficient funds for gas * price + value: balance {held}, tx cost {cost}, "
            f"overshot {cost - held}"
        )


def _replaces(new: Unsigned, old: Unsigned) -> bool:
    raised = 100 + REPLACEMENT_PERCENT
    return new.tip * 100 >= old.tip * raised and new.max_fee * 100 >= old.max_fee * raised


def _refused(message: str) -> PoolRefusalError:
    return PoolRefusalError("pool", message)
