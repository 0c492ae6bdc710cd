"""Documents: the envelope every command's JSON travels in, written and read.

One document is one line of canonical JSON. Reading is strict and bounded; a document is a proposal
from outside and never authority: whatever is wrong with it is the caller's to mend (exit 2), and the
message names the field.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from mammon import __version__
from mammon.cli.registry import DOCUMENTS
from mammon.core import canonical
from mammon.core.numbers import Units
from mammon.errors import MalformedError, UsageError

if TYPE_CHECKING:
    from mammon.core.types import Block

T = TypeVar("T")

MAX_BYTES = 8 << 20
"""Largest document that is read."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A token amount: base units, the token's decimals, and both as people write it."""

    raw: Units
    decimals: int
    display: str


@dataclass(frozen=True, slots=True)
class BlockNote:
    """The block everything in the document was read at."""

    number: int
    hash: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class ErrorNote:
    """What could not be done or read, and what to do about it."""

    code: str
    message: str
    hint: str


_NOTES: Any = tuple[ErrorNote, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """The world a document belongs to; `None` where a command belongs to none or did not get so far."""

    mode: str | None = None
    chain_id: int | None = None
    account: str | None = None
    policy_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The envelope without `data` and `errors`."""

    schema: str
    mode: str | None
    chain_id: int | None
    account: str | None
    policy_hash: str | None
    created_at: str
    """UTC, ISO 8601 with a final Z."""
    mammon: str
    """Version of the program that wrote it."""
    block: BlockNote | None


@dataclass(frozen=True, slots=True)
class Document(Generic[T]):
    """A document as read: its envelope, its data, its errors."""

    head: Head
    data: T
    errors: tuple[ErrorNote, ...]


@dataclass(frozen=True, slots=True)
class FailureData:
    """What a command prints with --json when it fails: the reason stands in `errors`."""

    command: str
    exit_code: int


def amount(raw: int, decimals: int) -> Amount:
    """Return an amount in its document form; `display` is exact, without trailing zeros."""
    sign, digits = ("-" if raw < 0 else ""), str(abs(raw)).rjust(decimals + 1, "0")
    whole, part = (digits[:-decimals], digits[-decimals:].rstrip("0")) if decimals else (digits, "")
    return Amount(Units(raw), decimals, f"{sign}{whole}.{part}" if part else sign + whole)


def block_note(block: Block) -> BlockNote:
    """Return a block in its document form."""
    return BlockNote(block.number, block.hash, block.timestamp)


def kind(name: str) -> tuple[str, type]:
    """Return the schema name (`mammon/scan@1`) and the data class of a registered document."""
    version, target = DOCUMENTS[name]
    module, _, attribute = target.partition(":")
    return f"mammon/{name}@{version}", cast(type, getattr(importlib.import_module(module), attribute))


def written(
    name: str,
    data: Any,
    identity: Identity,
    created: int,
    block: Block | None = None,
    errors: Sequence[ErrorNote] = (),
) -> str:
    """Return the document as one line of canonical JSON. `created` is unix seconds."""
    schema, cls = kind(name)
    if type(data) is not cls:
        raise TypeError(f"{schema} holds {cls.__name__}, not {type(data).__name__}")
    head = Head(
        schema,
        identity.mode,
        identity.chain_id,
        identity.account,
        identity.policy_hash,
        datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        __version__,
        block_note(block) if block else None,
    )
    plain = canonical.encode(head)
    plain["data"] = canonical.encode(data)
    plain["errors"] = [canonical.encode(error) for error in errors]
    return canonical.json_bytes(plain).decode()


def read(name: str, text: bytes, identity: Identity, *, same_policy: bool = False) -> Document[Any]:
    """Read a document of one kind that belongs to this world; raises `UsageError` naming the field."""
    with _input_errors(name) as (schema, cls):
        plain = _opened(text, schema)
        data, errors = plain.pop("data", None), plain.pop("errors", None)
        head = canonical.decode(Head, plain)
        _check_world(head, identity, same_policy)
        return Document(
            head, canonical.decode(cls, data, "$.data"), canonical.decode(_NOTES, errors, "$.errors")
        )


def reread(name: str, text: bytes) -> tuple[dict[str, Any], Any]:
    """Read a document of any world; return its plain envelope and its data."""
    with _input_errors(name) as (schema, cls):
        plain = _opened(text, schema)
        canonical.decode(Head, {key: plain[key] for key in plain.keys() - {"data", "errors"}})
        canonical.decode(_NOTES, plain.get("errors"), "$.errors")
        return plain, canonical.decode(cls, plain.get("data"), "$.data")


@contextlib.contextmanager
def _input_errors(name: str) -> Iterator[tuple[str, type]]:
    schema, cls = kind(name)
    try:
        yield schema, cls
    except MalformedError as error:
        raise UsageError(
            "document",
            f"the input is not a {schema} document: {error.message}",
            f"`mammon schema {name}` shows it",
        ) from error


def _opened(text: bytes, schema: str) -> dict[str, Any]:
    plain = canonical.parse(text)
    if not isinstance(plain, dict):
        raise MalformedError("document", "$: expected an object")
    _check_schema(plain, schema)
    return plain


def _check_schema(plain: Mapping[str, Any], schema: str) -> None:
    found = plain.get("schema")
    if found == schema:
        return
    if not isinstance(found, str):
        raise MalformedError("document", "$.schema: missing field")
    if found.startswith("mammon/failure@"):
        errors = plain.get("errors")
        first = errors[0] if isinstance(errors, list) and errors else None
        reason = str(first.get("message"))[:200] if isinstance(first, dict) else "no reason given"
        raise UsageError(
            "upstream_failed", f"the command before this one failed: {reason}", "mend that one first"
        )
    what = "version" if found.rpartition("@")[0] == schema.rpartition("@")[0] else "kind"
    raise UsageError(
        "schema",
        f"$.schema: expected {schema!r}, found {found[:60]!r} (another {what})",
        "make the document anew with this version of mammon" if what == "version" else "",
    )


def _check_world(head: Head, identity: Identity, same_policy: bool) -> None:
    for field in ("mode", "chain_id", "account", *(("policy_hash",) if same_policy else ())):
        theirs, ours = getattr(head, field), getattr(identity, field)
        if theirs != ours:
            raise UsageError(
                "other_world",
                f"$.{field}: the document belongs to {theirs}, this command to {ours}",
                "run both with the same --mode, --chain, --account and configuration",
            )
