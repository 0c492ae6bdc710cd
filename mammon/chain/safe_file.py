"""Batch files of the Safe transaction builder, version 1.0: one MultiSend of several calls.

Source: safe-global/safe-react-apps, apps/tx-builder/src/typings/models.ts (`BatchFile`) and
src/lib/checksum.ts. The checksum is Keccak-256 of a serialisation of the file's own: keys sorted, each
object led by the list of its keys, `meta.name` read as null, `meta.checksum` left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mammon.core.keccak import keccak256
from mammon.core.types import Address, Call

VERSION = "1.0"
BUILDER = "1.18.0"
"""The version of the transaction builder whose format this is."""


def batch(
    calls: Sequence[Call],
    *,
    chain_id: int,
    safe: Address,
    created_ms: int,
    name: str,
    description: str,
    terms: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the file. `terms` stand in `meta.mammon`, which the builder keeps to and does not read."""
    meta: dict[str, Any] = {
        "name": name,
        "description": description,
        "txBuilderVersion": BUILDER,
        "createdFromSafeAddress": safe,
        "createdFromOwnerAddress": "",
        "mammon": dict(terms),
    }
    plain: dict[str, Any] = {
        "version": VERSION,
        "chainId": str(chain_id),
        "createdAt": created_ms,
        "meta": meta,
        "transactions": [_transaction(call) for call in calls],
    }
    meta["checksum"] = checksum(plain)
    return plain


def checksum(plain: Mapping[str, Any]) -> str:
    """Return the checksum of a file as the transaction builder computes it; one that it has is left out."""
    meta = {key: value for key, value in plain["meta"].items() if key != "checksum"}
    return "0x" + keccak256(serialised({**plain, "meta": {**meta, "name": None}}).encode()).hex()


def serialised(value: Any) -> str:
    """Return the builder's own spelling of a JSON value."""
    if isinstance(value, list):
        return "[" + ",".join(map(serialised, value)) + "]"
    if isinstance(value, dict):
        keys = sorted(value)
        return "{" + _json(keys) + "".join(serialised(value[key]) + "," for key in keys) + "}"
    return _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _transaction(call: Call) -> dict[str, Any]:
    return {
        "to": call.target,
        "value": "0",
        "data": "0x" + call.data.hex(),
        "contractMethod": None,
        "contractInputsValues": None,
    }
