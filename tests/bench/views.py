"""The views that a scan really made, written down for the peers to make as well."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import eth_abi

from mammon.core.address import checksummed
from tests.bench.measure import BenchError
from tests.bench.served import ROOT

_LITERAL = re.compile(r'bytes\.fromhex\("([0-9a-f]{8})"\)  # (\w+)\(([a-z0-9,]*)\)')
_SOURCES = ("mammon/protocols/abi", "mammon/chain/oracle.py")
_WORD = 32


@cache
def signatures() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return name and argument types by selector, as the program's own literals tell them."""
    found = {}
    for source in _SOURCES:
        path = ROOT / source
        for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            for selector, name, types in _LITERAL.findall(file.read_text("utf-8")):
                found[selector] = (name, tuple(types.split(",")) if types else ())
    return found


def portable(made: Iterable[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Return the first `count` views that were answered, each as a peer needs it, with its words.

    Results are declared as plain words: it is the least that a peer's decoder can be asked to do.
    """
    found = [_view(view) for view in made if view["ok"] and view["answer"]]
    if len(found) < count:
        raise BenchError(f"the scan made {len(found)} views, not {count}")
    return found[:count]


def _view(made: dict[str, Any]) -> dict[str, Any]:
    data, answer = bytes.fromhex(made["data"]), bytes.fromhex(made["answer"])
    name, types = signatures()[data[:4].hex()]
    values = [_plain(kind, item) for kind, item in zip(types, eth_abi.decode(types, data[4:]), strict=True)]
    words = len(answer) // _WORD
    outputs = ["uint256"] * words
    return {
        "target": checksummed(made["target"]),
        "signature": f"{name}({','.join(types)})({','.join(outputs)})",
        "abi": {
            "type": "function",
            "name": name,
            "stateMutability": "view",
            "inputs": [{"name": f"a{place}", "type": kind} for place, kind in enumerate(types)],
            "outputs": [{"name": f"r{place}", "type": kind} for place, kind in enumerate(outputs)],
        },
        "arguments": list(zip(types, values, strict=True)),
        "words": words,
        "answer": list(eth_abi.decode(outputs, answer)),
    }


def _plain(kind: str, item: Any) -> Any:
    if kind == "address":
        return checksummed(item)
    return item.hex() if isinstance(item, bytes) else item
