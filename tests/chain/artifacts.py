"""Compiled contracts, in the three forms the packages have them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a contract is deployed from. `links`: where library addresses go, as compilers write it."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: str
    links: dict[str, dict[str, list[dict[str, int]]]] = field(default_factory=dict)

    def linked(self, libraries: dict[str, str]) -> Artifact:
        """Return the artifact with the libraries' addresses in its code."""
        code = self.bytecode
        for entries in self.links.values():
            for library, places in entries.items():
                address = libraries[library].removeprefix("0x").lower()
                for place in places:
                    start = 2 + 2 * place["start"]
                    code = code[:start] + address + code[start + 2 * place["length"] :]
        return replace(self, bytecode=code, links={})


def from_json(path: Path) -> Artifact:
    """Read an artifact in Hardhat's form or in the form `compile.js` writes."""
    plain = json.loads(path.read_text())
    return Artifact(path.stem, plain["abi"], plain["bytecode"], plain["linkReferences"])


def from_typechain(path: Path) -> Artifact:
    """Read an artifact out of a TypeChain factory: its ABI is a JavaScript literal."""
    source = path.read_text()
    code = re.search(r'_bytecode = "(0x[0-9a-fA-F]*)"', source)
    literal = re.search(r"const _abi = (\[.*?\n\]);", source, re.S)
    if code is None or literal is None:
        raise ValueError(f"no artifact in {path.name}")
    quoted = re.sub(r"^(\s*)(\w+):", r'\1"\2":', literal[1], flags=re.M)
    abi = json.loads(re.sub(r",(\s*[}\]])", r"\1", quoted))
    return Artifact(path.stem.removesuffix("__factory"), abi, code[1])


def from_constant(path: Path, name: str) -> Artifact:
    """Read bytecode out of a TypeScript constant; the ABI is not with it."""
    found = re.search(rf"{name} =\s*'(0x[0-9a-f]+)'", path.read_text())
    if found is None:
        raise ValueError(f"no {name} in {path.name}")
    return Artifact(name, [], found[1])
