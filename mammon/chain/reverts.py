"""Why a call failed, as its return data says it."""

from __future__ import annotations

from mammon.core import abi
from mammon.errors import MalformedError
from mammon.net.safe_text import safe_text

_ERROR = bytes.fromhex("08c379a0")  # Error(string)
_PANIC = bytes.fromhex("4e487b71")  # Panic(uint256)


def reason(returned: bytes) -> str:
    """Return a printable reason: the text given, a panic's number, or the error's selector."""
    try:
        if returned[:4] == _ERROR:
            return safe_text(abi.text_at(returned[4:]))
        if returned[:4] == _PANIC:
            return f"panic 0x{abi.words(returned[4:], 1)[0]:02x}"
    except MalformedError:
        return "with a reason that cannot be read"
    return f"error 0x{returned[:4].hex()}"
