"""`mammon replay`: recompute a decision from the inputs it carries, offline, and compare the bytes."""

from __future__ import annotations

from mammon.cli.documents import reread
from mammon.cli.intake import content
from mammon.cli.invocation import Invocation
from mammon.cli.options import BASE, INPUT, command
from mammon.cli.readings import reckoning
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
    with reckoning():
        again = recomputed(given)
        envelope["data"] = canonical.encode(again)
    same = canonical.dumps(again) == canonical.dumps(given)
    if same or call.output.json:
        told = f"identical: {headline(again)}"
        call.output.result(lambda: canonical.json_bytes(envelope).decode(), lambda: [told])
    if not same:
        raise PersonNeededError(
            "mismatch",
            f"the document does not follow from its own inputs: they give: {headline(again)}",
            "it was edited, or made by another version of mammon",
        )
