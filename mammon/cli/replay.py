"""`mammon replay`: recompute a decision from the inputs it carries, offline, and compare the bytes."""

from __future__ import annotations

from mammon.cli.documents import reread
from mammon.cli.intake import content
from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, INPUT, command
from mammon.cli.streams import write
from mammon.core import canonical
from mammon.core.decide import Decision
from mammon.core.decide import replay as recomputed
from mammon.errors import PersonNeededError, UsageError
from mammon.reporting.sentences import headline


@command(BASE, INPUT)
def replay(call: Invocation) -> None:
    """Recompute the decision document given with -i, offline; exit 5 when any byte differs.

    With --json the recomputed document is printed, in the envelope it came in.
    """
    if call.source is None:
        raise UsageError("usage", "nothing to replay", "give -i FILE, a document of `mammon gates --json`")
    envelope, given = reread("gates", content(call.source, call.process, call.deadline))
    assert isinstance(given, Decision)
    again = recomputed(given)
    if call.output.json:
        envelope["data"] = canonical.encode(again)
        write(call.process.stdout, canonical.json_bytes(envelope).decode() + "\n")
    if canonical.dumps(again) != canonical.dumps(given):
        raise PersonNeededError(
            "mismatch",
            f"the document does not follow from its own inputs: they give: {headline(again)}",
            "it was edited, or made by another version of mammon",
        )
    if not call.output.json:
        call.result("gates", again, lambda: [f"identical: {headline(again)}"], block=again.snapshot.block)
