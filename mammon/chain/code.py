"""What a contract's code is now, as every endpoint that answers agrees."""

from __future__ import annotations

from mammon.chain.evidence import Pin, pin_of
from mammon.chain.jsonrpc import RpcFailure, data
from mammon.chain.proxies import IMPLEMENTATION_SLOT
from mammon.chain.rpc import Rpc
from mammon.core.names import Address
from mammon.core.ports import Deadline
from mammon.errors import MammonError, OutsideError


def fingerprint(rpc: Rpc, address: Address, deadline: Deadline) -> Pin:
    """Return a contract's code hash and implementation. Raises `OutsideError` unless endpoints agree."""
    asked = [
        ("eth_getCode", (address, "latest")),
        ("eth_getStorageAt", (address, IMPLEMENTATION_SLOT, "latest")),
    ]
    found = set()
    for results in rpc.each(asked, deadline).values():
        if isinstance(results, MammonError) or any(isinstance(one, RpcFailure) for one in results):
            continue
        code, word = (data(one, "code") for one in results)
        found.add(pin_of(address, code, word))
    if len(found) != 1:
        told = "no endpoint tells" if not found else "endpoints do not agree on"
        raise OutsideError("code", f"{told} the code of {address}", "try again")
    return found.pop()
