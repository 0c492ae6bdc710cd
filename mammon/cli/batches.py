"""Batches: the calls of one plan, emitted for other hands to sign, and read back before they do.

A batch withdraws, approves and deposits. The deposit is the amount known when it was planned, whichever
form the withdrawal has. With an exact withdrawal both are the same number. With a withdrawal of
everything, what comes is at least what was known, for interest only adds to it: the deposit finds its
money, and what was earned since stays in the wallet, where the next decision sees it. The other order of
things, a deposit of "whatever came", has no form in a batch: arguments are fixed when it is signed, and
an amount above the known one fails, or takes money that was idle for another purpose. Should less come
(a loss in the venue), the deposit fails; in a Safe the whole MultiSend is then undone. The approval is
for exactly the deposit, so that none is left behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mammon.chain import safe_file
from mammon.cli.documents import Identity
from mammon.cli.invocation import Invocation
from mammon.cli.plans import Form, PlanData
from mammon.cli.sealing import sealed, unsealed
from mammon.cli.terms import HomeTerms, Terms
from mammon.core import canonical
from mammon.core.address import checksummed
from mammon.core.types import Address, Block, Call, Token
from mammon.errors import MalformedError, UsageError


@dataclass(frozen=True, slots=True)
class BatchCall:
    """One call, as wallets take it."""

    to: Address
    value: str
    """Wei; always "0"."""
    data: bytes


@dataclass(frozen=True, slots=True)
class BatchData:
    """The calls of one plan, in order, to be sent by the account itself, none without the one before."""

    terms: Terms
    calls: tuple[BatchCall, ...]
    hash: str = ""
    """SHA-256, in hexadecimal, of this whole document as written, with this field empty."""


def emitted(call: Invocation, form: Form, data: PlanData) -> str:
    """Return the batch of a plan as one line of JSON."""
    decision, plan = data.decision, data.decision.plan
    assert plan is not None
    block = decision.snapshot.block
    everything = any(step.everything for step in plan.steps)
    terms = Terms(
        call.settings.mode,
        plan.source,
        plan.target,
        plan.amount,
        everything,
        block.number,
        block.timestamp,
        data.valid_until,
    )
    if form == "safe":
        calls = tuple(Call(each.to, each.data) for each in data.calls)
        return canonical.json_bytes(_safe(call.identity, decision.portfolio.asset, terms, calls)).decode()
    batch = BatchData(terms, tuple(BatchCall(each.to, "0", each.data) for each in data.calls))
    return sealed(call, "batch", batch, block)


@dataclass(frozen=True, slots=True)
class ExitBatchData:
    """The withdrawals that bring money home, in order, to be sent by the account itself."""

    terms: HomeTerms
    calls: tuple[BatchCall, ...]
    hash: str = ""
    """SHA-256, in hexadecimal, of this whole document as written, with this field empty."""


def emitted_home(
    call: Invocation, form: Form, terms: HomeTerms, calls: tuple[Call, ...], asset: Token, block: Block
) -> str:
    """Return the batch of a way home as one line of JSON."""
    if form == "safe":
        return canonical.json_bytes(_safe(call.identity, asset, terms, calls)).decode()
    plain = tuple(BatchCall(each.target, "0", each.data) for each in calls)
    return sealed(call, "exit_batch", ExitBatchData(terms, plain), block)


def taken(identity: Identity, asset: Token, text: bytes) -> tuple[Terms | HomeTerms, tuple[Call, ...]]:
    """Read a batch of any kind and form. Raises `UsageError` naming what is wrong or was changed."""
    try:
        plain = canonical.parse(text)
        if isinstance(plain, dict) and "transactions" in plain:
            return _from_safe(plain, identity, asset)
    except MalformedError as error:
        raise UsageError("document", f"not a batch: {error.message}", "emit it anew") from error
    schema = plain.get("schema") if isinstance(plain, dict) else None
    home = isinstance(schema, str) and schema.startswith("mammon/exit_batch@")
    data = unsealed(identity, "exit_batch" if home else "batch", text).data
    if any(each.value != "0" for each in data.calls):
        raise UsageError("altered", "$.data.calls: a call with a value", "emit it anew")
    return data.terms, tuple(Call(each.to, each.data) for each in data.calls)


def _from_safe(
    plain: dict[str, Any], identity: Identity, asset: Token
) -> tuple[Terms | HomeTerms, tuple[Call, ...]]:
    meta = plain.get("meta")
    if not isinstance(meta, dict) or "mammon" not in meta:
        raise MalformedError("document", "$.meta.mammon: missing field")
    given = meta["mammon"]
    kind: type[Terms | HomeTerms] = HomeTerms if isinstance(given, dict) and "venues" in given else Terms
    terms = canonical.decode(kind, given, "$.meta.mammon")
    for field, found, ours in (
        ("chainId", plain.get("chainId"), str(identity.chain_id)),
        ("meta.createdFromSafeAddress", meta.get("createdFromSafeAddress"), identity.account),
        ("meta.mammon.mode", terms.mode, identity.mode),
    ):
        if found != ours:
            raise UsageError(
                "other_world",
                f"$.{field}: the batch belongs to {str(found)[:60]}, this command to {ours}",
                "run it with the same --mode, --chain and --account",
            )
    calls = tuple(_call(each, place) for place, each in enumerate(_list(plain["transactions"])))
    where = _difference(plain, _safe(identity, asset, terms, calls), "$")
    if where:
        raise UsageError("altered", f"{where}: not as mammon wrote it", "emit it anew")
    return terms, calls


def _safe(
    identity: Identity, asset: Token, terms: Terms | HomeTerms, calls: tuple[Call, ...]
) -> dict[str, Any]:
    """Return the transaction builder's file, which follows from its terms and calls alone."""
    assert identity.chain_id is not None
    assert identity.account is not None
    return safe_file.batch(
        calls,
        chain_id=identity.chain_id,
        safe=Address(identity.account),
        created_ms=terms.at * 1000,
        name=terms.name,
        description=terms.description(asset),
        terms=canonical.encode(terms),
    )


def _list(found: Any) -> list[Any]:
    if type(found) is not list:
        raise MalformedError("document", "$.transactions: expected a list")
    return found


def _call(found: Any, place: int) -> Call:
    path = f"$.transactions[{place}]"
    to, data = (found.get("to"), found.get("data")) if isinstance(found, dict) else (None, None)
    if not isinstance(to, str) or not isinstance(data, str) or not data.startswith("0x"):
        raise MalformedError("document", f"{path}: no `to` and `data`")
    try:
        return Call(checksummed(to), bytes.fromhex(data[2:]))
    except ValueError as error:
        raise MalformedError("document", f"{path}: {error}") from error


def _difference(found: Any, due: Any, path: str) -> str:
    """Return the path of the first thing that is not what it must be; nothing when all is."""
    if isinstance(found, dict) and isinstance(due, dict):
        for key in sorted(found.keys() | due.keys()):
            if key not in found or key not in due:
                return f"{path}.{key[:60]}"
            where = _difference(found[key], due[key], f"{path}.{key}")
            if where:
                return where
        return ""
    if isinstance(found, list) and isinstance(due, list) and len(found) == len(due):
        pairs = enumerate(zip(found, due, strict=True))
        return next((at for n, (a, b) in pairs if (at := _difference(a, b, f"{path}[{n}]"))), "")
    return "" if type(found) is type(due) and found == due else path
