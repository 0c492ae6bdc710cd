"""The transaction builder's file: its checksum is the builder's own, and covers every byte that counts."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mammon.chain import safe_file
from mammon.core.keccak import keccak256
from mammon.core.types import Address, Call

SAFE = Address("0xDF8a1Ce35c9a6ACE153B4e0767942f1E2291a1Aa")
TARGET = Address("0x49d4450977E2c95362C13D3a31a09311E0Ea26A6")
CALLS = (Call(TARGET, b"\x09\x5e\xa7\xb3"), Call(SAFE, b""))


def made() -> dict[str, Any]:
    return safe_file.batch(
        CALLS, chain_id=8453, safe=SAFE, created_ms=1_767_225_600_000,
        name="a name", description="what it does", terms={"amount": "1"},
    )  # fmt: skip


def test_the_serialisation_is_the_transaction_builders() -> None:
    """The vector of the builder's own test (safe-react-apps, tx-builder/src/lib/checksum.test.js)."""
    method = {"inputs": [], "name": "", "payable": False}
    batch = {
        "version": "1.0",
        "chainId": "4",
        "createdAt": 1646321521061,
        "meta": {
            "name": None,
            "txBuilderVersion": "1.4.0",
            "checksum": "",
            "createdFromSafeAddress": SAFE,
            "createdFromOwnerAddress": TARGET,
        },
        "transactions": [
            {
                "to": TARGET,
                "value": "0",
                "contractMethod": {
                    **method,
                    "inputs": [{"internalType": "address", "name": "paramAddress", "type": "address"}],
                    "name": "testAddress",
                },
                "contractInputsValues": {"paramAddress": TARGET},
            },
            {
                "to": TARGET,
                "value": "0",
                "contractMethod": {
                    **method,
                    "inputs": [{"internalType": "bool", "name": "paramBool", "type": "bool"}],
                    "name": "testBool",
                },
                "contractInputsValues": {"paramAddress": "", "paramBool": "false"},
            },
            {
                "to": TARGET,
                "value": "2000000000000000000",
                "data": "0x42f45790" + "00" * 12 + TARGET[2:].lower(),
            },
        ],
    }
    found = keccak256(safe_file.serialised(batch).encode()).hex()
    assert found == "4ecbfd364aa6759983915644e73f8bd411e85a2dc306f252a387c2728c4db64c"


def test_a_file_has_the_builders_fields() -> None:
    """Version 1.0, the chain as text, raw data without a method, no value, and the Safe it is for."""
    plain = made()
    assert set(plain) == {"version", "chainId", "createdAt", "meta", "transactions"}
    assert (plain["version"], plain["chainId"]) == ("1.0", "8453")
    assert plain["meta"]["createdFromSafeAddress"] == SAFE
    assert plain["transactions"][0] == {
        "to": TARGET,
        "value": "0",
        "data": "0x095ea7b3",
        "contractMethod": None,
        "contractInputsValues": None,
    }


def test_the_checksum_is_checked_as_the_builder_checks_it() -> None:
    """The checksum is taken out and computed anew; the name, which people change, does not count."""
    plain = made()
    assert safe_file.checksum(plain) == plain["meta"]["checksum"]
    renamed = copy.deepcopy(plain)
    renamed["meta"]["name"] = "another"
    assert safe_file.checksum(renamed) == plain["meta"]["checksum"]


@given(st.sampled_from(["to", "value", "data"]), st.sampled_from([0, 1]), st.text(max_size=5))
def test_another_call_has_another_checksum(field: str, place: int, more: str) -> None:
    """Whatever is added to a call shows."""
    plain = made()
    plain["transactions"][place][field] += more
    assert (safe_file.checksum(plain) == plain["meta"]["checksum"]) is (more == "")
