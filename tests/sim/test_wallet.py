"""The simulated wallet: its address is its key's, its signatures recover to it."""

from __future__ import annotations

from coincurve import PrivateKey, PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.keccak import keccak256
from mammon.core.numbers import Wei
from mammon.core.transaction import CURVE_ORDER, Unsigned, decode_signed
from mammon.sim.wallet import SimSigner, wallet_address, wallet_key


@settings(max_examples=30)
@given(st.integers())
def test_the_address_belongs_to_the_key(seed: int) -> None:
    """Plain integers and the curve library find the same address for every seed."""
    public = PrivateKey(wallet_key(seed)).public_key.format(compressed=False)
    assert wallet_address(seed).lower() == "0x" + keccak256(public[1:])[12:].hex()


def test_every_seed_has_its_own_wallet() -> None:
    """Two worlds never share an account."""
    assert len({wallet_address(seed) for seed in range(50)}) == 50


@settings(max_examples=20)
@given(st.binary(max_size=200), st.integers(0, 2**64 - 1))
def test_signatures_recover_to_the_wallet(data: bytes, nonce: int) -> None:
    """A signature is deterministic, its s is in the lower half, and it recovers to the signer."""
    signer = SimSigner(7)
    unsigned = Unsigned(8453, nonce, Wei(1), Wei(2), 21_000, signer.address, Wei(0), data)
    raw = signer.sign(unsigned)
    assert signer.sign(unsigned) == raw
    found, parity, r, s = decode_signed(raw)
    assert found == unsigned
    assert 0 < s <= CURVE_ORDER // 2
    compact = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes((parity,))
    public = PublicKey.from_signature_and_message(compact, unsigned.digest(), hasher=None)
    assert signer.address.lower() == "0x" + keccak256(public.format(compressed=False)[1:])[12:].hex()
