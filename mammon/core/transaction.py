"""EIP-1559 transactions, the only type the program makes: to one address, with an empty access list.

What is signed is the Keccak-256 of the payload; what goes on the wire is the payload's list with the
signature appended. Reading takes exactly what writing makes: another spelling of the same transaction
would have another hash.
"""

from __future__ import annotations

from dataclasses import dataclass

from mammon.core import rlp
from mammon.core.address import address_bytes, checksummed
from mammon.core.keccak import keccak256
from mammon.core.numbers import Wei
from mammon.core.types import Address, Hash32
from mammon.errors import MalformedError

TYPE = b"\x02"
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Of secp256k1. A signature's s lies in the lower half, so that nobody can make a second one of it."""

_UINT64 = (1 << 64) - 1
_UINT256 = (1 << 256) - 1
_UNSIGNED_FIELDS = 9
_SIGNED_FIELDS = 12


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A transaction before its signature. Raises `MalformedError` for what no node would take."""

    chain_id: int
    nonce: int
    tip: Wei
    """Per unit of gas, as is `max_fee`, which includes it."""
    max_fee: Wei
    gas: int
    to: Address
    value: Wei
    data: bytes

    def __post_init__(self) -> None:
        small = (self.chain_id, self.nonce, self.gas)
        large = (self.tip, self.max_fee, self.value)
        if not all(0 <= number <= _UINT64 for number in small):
            raise _malformed(f"chain id, nonce and gas must fit 64 bits: {small}")
        if not all(0 <= number <= _UINT256 for number in large):
            raise _malformed(f"tip, fee and value must fit 256 bits: {large}")
        if self.tip > self.max_fee:
            raise _malformed(f"tip {self.tip} exceeds the fee it is part of, {self.max_fee}")
        if checksummed(self.to) != self.to:
            raise _malformed(f"recipient {self.to} is not spelled as EIP-55 asks")

    def payload(self) -> bytes:
        """Return the bytes whose hash is signed: 0x02, then the RLP list of the nine fields."""
        return TYPE + rlp.encode(self._fields())

    def digest(self) -> bytes:
        """Return the 32 bytes to sign."""
        return keccak256(self.payload())

    def _fields(self) -> list[rlp.Writable]:
        head: list[rlp.Writable] = [self.chain_id, self.nonce, self.tip, self.max_fee, self.gas]
        return [*head, address_bytes(self.to), self.value, self.data, []]


def signed(unsigned: Unsigned, y_parity: int, r: int, s: int) -> bytes:
    """Return the raw transaction. Raises `MalformedError` for a signature that nodes refuse."""
    _check_signature(y_parity, r, s)
    return TYPE + rlp.encode([*unsigned._fields(), y_parity, r, s])


def decode_payload(payload: bytes) -> Unsigned:
    """Return the transaction that a payload spells, before anybody signed it. Raises `MalformedError`."""
    return _read(_listed(payload, _UNSIGNED_FIELDS))


def decode_signed(raw: bytes) -> tuple[Unsigned, int, int, int]:
    """Return the transaction and its (y_parity, r, s). Raises `MalformedError`.

    Who signed is not looked at: that takes elliptic-curve arithmetic, which is not the core's.
    """
    fields = _listed(raw, _SIGNED_FIELDS)
    unsigned = _read(fields)
    y_parity, r, s = (rlp.integer(field) for field in fields[_UNSIGNED_FIELDS:])
    _check_signature(y_parity, r, s)
    return unsigned, y_parity, r, s


def transaction_hash(raw: bytes) -> Hash32:
    """Return the hash under which nodes know a raw transaction."""
    return Hash32("0x" + keccak256(raw).hex())


def _listed(raw: bytes, count: int) -> list[rlp.Item]:
    """Return the fields behind the type's byte, as many as there must be."""
    if raw[:1] != TYPE:
        raise _malformed(f"type 0x{raw[:1].hex()}, where 0x02 is due")
    fields = rlp.decode(raw[1:])
    if not isinstance(fields, list) or len(fields) != count:
        raise _malformed(f"not a list of {count} fields")
    return fields


def _read(fields: list[rlp.Item]) -> Unsigned:
    """Return the transaction that the first nine fields spell."""
    to, data, access_list = fields[5], fields[7], fields[8]
    if not isinstance(to, bytes) or len(to) != 20:
        raise _malformed("no recipient of 20 bytes")
    if not isinstance(data, bytes):
        raise _malformed("a list where the data is due")
    if access_list != []:
        raise _malformed("the access list is not empty")
    chain_id, nonce, tip, max_fee, gas = (rlp.integer(field) for field in fields[:5])
    value = Wei(rlp.integer(fields[6]))
    recipient = checksummed("0x" + to.hex())
    return Unsigned(chain_id, nonce, Wei(tip), Wei(max_fee), gas, recipient, value, data)


def _check_signature(y_parity: int, r: int, s: int) -> None:
    if y_parity not in (0, 1) or not 0 < r < CURVE_ORDER or not 0 < s <= CURVE_ORDER // 2:
        raise _malformed("the signature is out of range, or its s lies in the upper half")


def _malformed(what: str) -> MalformedError:
    return MalformedError("transaction", f"transaction: {what}")
