"""Events of past transactions by filter (`eth_getLogs`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mammon.core.types import Address, Hash32
from mammon.sim import wire
from mammon.sim.chain import Chain
from mammon.sim.contracts.machine import Log
from mammon.sim.wire import Json, invalid


def matching(chain: Chain, plain: Json, number_of: Callable[[Json], int]) -> Json:
    """Return the events a filter object asks for, in order."""
    if not isinstance(plain, Mapping):
        raise invalid("the filter is not an object")
    if "blockHash" in plain:
        if "fromBlock" in plain or "toBlock" in plain:
            raise invalid("cannot specify both blockHash and fromBlock/toBlock")
        first = last = number_of({"blockHash": plain["blockHash"]})
    else:
        first = number_of(plain.get("fromBlock", "latest"))
        last = number_of(plain.get("toBlock", "latest"))
    emitters = {wire.address(value, "address") for value in _listed(plain.get("address"))}
    topics = [
        {wire.hash32(value, "topic") for value in _listed(wanted)} for wanted in plain.get("topics") or []
    ]
    return [
        told
        for number in sorted(chain.blocks)
        if first <= number <= last
        for entry, told in wire.block_logs(chain, number)
        if _wanted(entry, emitters, topics)
    ]


def _listed(value: Json) -> list[Json]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _wanted(entry: Log, emitters: set[Address], topics: list[set[Hash32]]) -> bool:
    if emitters and entry.address not in emitters:
        return False
    if len(topics) > len(entry.topics):
        return False
    found = ["0x" + topic.hex() for topic in entry.topics]
    return all(not wanted or topic in wanted for wanted, topic in zip(topics, found, strict=False))
