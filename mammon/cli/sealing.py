"""Sealed documents: they carry a hash over the whole of themselves, and an end of their time.

The hash shows that nothing was changed on the way; it is no signature and gives no authority. A sealed
document is taken in exactly the bytes it was written in.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Any

from mammon.cli.documents import Document, ErrorNote, Identity, read, written
from mammon.cli.invocation import Invocation
from mammon.cli.output import json_line
from mammon.config.values import BadValueError, duration_s
from mammon.core import canonical
from mammon.core.types import Block
from mammon.errors import OutsideError, UsageError

VALID_S = 600
"""How long a plan or a batch is good for when nobody says."""
_MOST_S = 7 * 86_400


def validity_s(text: str | None) -> int:
    """Return how long something is to be valid, from `--valid-for`. Raises `UsageError`."""
    if text is None:
        return VALID_S
    try:
        seconds = duration_s(text)
    except BadValueError as error:
        raise UsageError("bad_value", f"--valid-for: {error}", error.hint) from error
    if not 1 <= seconds <= _MOST_S:
        raise UsageError("bad_value", "--valid-for: between 1s and 7d", "")
    return seconds


def sealed(
    call: Invocation, name: str, data: Any, block: Block | None, errors: Sequence[ErrorNote] = ()
) -> str:
    """Return a document with its hash in `data.hash`, as `documents.written` does without one."""
    at = call.clock.now()
    draft = written(name, dataclasses.replace(data, hash=""), call.identity, at, block, errors)
    seal = hashlib.sha256(draft.encode()).hexdigest()
    return written(name, dataclasses.replace(data, hash=seal), call.identity, at, block, errors)


def unsealed(identity: Identity, name: str, text: bytes) -> Document[Any]:
    """Read a sealed document of this world. Raises `UsageError` when a byte of it was changed."""
    document = read(name, text, identity)
    plain = canonical.parse(text)
    if json_line(canonical.json_bytes(plain).decode()).encode() != text:
        raise _altered("$: not as mammon wrote it")
    plain["data"]["hash"] = ""
    seal = hashlib.sha256(canonical.json_bytes(plain)).hexdigest()
    if seal != document.data.hash:
        raise _altered(f"$.data.hash: is {document.data.hash[:64]}, and the document hashes to {seal}")
    return document


def require_fresh(field: str, valid_until: int, made_at: int, block: Block) -> None:
    """Raise unless a block is in the time of something made at block `made_at`; `field` is named."""
    if block.number < made_at:
        raise OutsideError("behind", f"the endpoint has not reached block {made_at}", "try again")
    if block.timestamp > valid_until:
        late_s = block.timestamp - valid_until
        raise UsageError("stale", f"{field}: expired {late_s} s ago by the chain's time", "make it anew")


def _altered(what: str) -> UsageError:
    return UsageError("altered", what, "give the file as mammon wrote it, or make it anew")
