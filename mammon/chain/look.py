"""Look at an open slot from every endpoint: heads, counts, receipts, and whether their blocks are canonical.

A receipt counts only where the same endpoint gives its block's number that very hash: after a
reorganisation some go on answering with receipts of blocks that are gone. An endpoint whose head is from
the future is left out: what is remembered of block time never goes back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from mammon.chain import head
from mammon.chain.jsonrpc import Request, Result, RpcFailure, quantity
from mammon.chain.receipts import receipt
from mammon.chain.rpc import Rpc
from mammon.core.names import Address
from mammon.core.ports import Deadline
from mammon.core.txstate import Attempt, Mined
from mammon.core.types import Block
from mammon.core.watch import View
from mammon.errors import MalformedError, MammonError, OutsideError

_FIRST = 4


def look(rpc: Rpc, owner: Address, attempts: Sequence[Attempt], deadline: Deadline) -> tuple[View, ...]:
    """Return what each endpoint says that answers with sense; one that does not is left out."""
    wanted = [attempt.hash for attempt in attempts]
    asked: list[Request] = [
        ("eth_getBlockByNumber", ("latest", False)),
        ("eth_getTransactionCount", (owner, "latest")),
        ("eth_getTransactionCount", (owner, "safe")),
    ]
    if wanted:  # the safe block is asked for where something may lie below it
        asked.append(("eth_getBlockByNumber", ("safe", False)))
        asked += [("eth_getTransactionReceipt", (each,)) for each in wanted]
    views: dict[str, View] = {}
    for name, results in rpc.each(asked, deadline).items():
        if isinstance(results, MammonError):
            continue
        try:
            found = (receipt(*pair) for pair in zip(results[_FIRST:], wanted, strict=True))
            receipts = tuple(one.mined for one in found if one is not None)
            views[name] = _view(name, results, receipts, rpc.clock.now())
        except (MalformedError, OutsideError):
            continue
    numbers = sorted({mined.block for view in views.values() for mined in view.receipts})
    if numbers:
        _keep_canonical(rpc, views, numbers, deadline)
    return tuple(views.values())


def _keep_canonical(rpc: Rpc, views: dict[str, View], numbers: Sequence[int], deadline: Deadline) -> None:
    """Drop receipts of blocks that the endpoint itself does not have, and endpoints that do not say."""
    asked: list[Request] = [("eth_getBlockByNumber", (hex(number), False)) for number in numbers]
    told = rpc.each(asked, deadline)
    for name, view in list(views.items()):
        if not view.receipts:
            continue
        results = told.get(name)
        if results is None or isinstance(results, MammonError):
            del views[name]
            continue
        blocks = dict(zip(numbers, map(_block, results), strict=True))
        kept = tuple(mined for mined in view.receipts if _is_at(mined, blocks))
        views[name] = dataclasses.replace(view, receipts=kept)


def _is_at(mined: Mined, blocks: Mapping[int, Block | None]) -> bool:
    block = blocks[mined.block]
    return block is not None and block.hash == mined.block_hash


def _view(name: str, results: Sequence[Result], receipts: tuple[Mined, ...], now: int) -> View:
    latest, safe = head.header(results[0]), _block(results[3]) if len(results) >= _FIRST else None
    head.require_past(latest, now)
    return View(
        name=name,
        head=latest.number,
        head_at=latest.timestamp,
        base_fee=latest.base_fee,
        safe=None if safe is None else safe.number,
        safe_at=0 if safe is None else safe.timestamp,
        nonce=quantity(results[1], "the count of transactions", 63),
        safe_nonce=None if isinstance(results[2], RpcFailure) else quantity(results[2], "the safe count", 63),
        receipts=receipts,
    )


def _block(result: Result) -> Block | None:
    """Read a header that may not be there; nonsense in its place is no header either."""
    try:
        return head.header(result)
    except MalformedError:
        return None
