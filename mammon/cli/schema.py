"""`mammon schema`: the JSON Schema of a document, derived from its dataclass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mammon.cli import streams
from mammon.cli.options import BASE, command
from mammon.cli.registry import DOCUMENTS
from mammon.errors import UsageError

if TYPE_CHECKING:
    from mammon.cli.invocation import Invocation


@command(BASE)
def schema(
    call: Invocation,
    name: Annotated[str | None, typer.Argument(help="A document, `scan` or `mammon/scan@1`.")] = None,
) -> None:
    """Print the JSON Schema of a document; without a name, the names."""
    from mammon.cli.document_schema import schema_of
    from mammon.core.canonical import json_bytes

    if name is None:
        names = [f"mammon/{known}@{version}" for known, (version, _) in DOCUMENTS.items()]
        call.output.result(lambda: json_bytes(names).decode(), lambda: ["\n".join(names)])
    else:
        streams.write(call.process.stdout, json_bytes(schema_of(_known(name))).decode() + "\n", needed=True)


def _known(name: str) -> str:
    short, _, version = name.removeprefix("mammon/").partition("@")
    if short not in DOCUMENTS or (version and version != str(DOCUMENTS[short][0])):
        raise UsageError("schema", f"no document {name[:60]!r}", "known: " + ", ".join(DOCUMENTS))
    return short
