"""Solidity to artifacts: Aave 3.6 and Compound V2 from their packages' sources, and this directory's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tests.chain.packages import NPM_FILES, node_modules, packages, run, unpacked
from tests.chain.places import CACHE, ROOT, built, digest

COMPILER = ROOT / "compile.js"
OWN = ROOT / "solidity"
EARLY = OWN / "early"
_EARLY_SETTINGS = {"evm": "istanbul", "runs": 1}
"""The compiler of those days knows no later machine; one run: the market is near the limit of size."""
AAVE = "src/contracts/"
AAVE_ENTRIES = (
    "instances/L2PoolInstance.sol",
    "instances/PoolConfiguratorInstance.sol",
    "instances/ATokenInstance.sol",
    "instances/VariableDebtTokenInstance.sol",
    "misc/AaveOracle.sol",
    "misc/DefaultReserveInterestRateStrategyV2.sol",
    "helpers/AaveProtocolDataProvider.sol",
    "protocol/configuration/PoolAddressesProvider.sol",
    "protocol/configuration/ACLManager.sol",
)


def own() -> Path:
    """Return the directory of the artifacts of `solidity/` (about 5 s the first time)."""
    entries = sorted(path.name for path in OWN.glob("*.sol"))
    remappings = [("@openzeppelin/contracts/", _package("@openzeppelin/contracts")), ("", OWN)]
    return _compiled("own", entries, remappings, digest(OWN.glob("*.sol")))


def aave36() -> Path:
    """Return the directory of Aave 3.6's artifacts (20 to 110 s the first time)."""
    contracts, upgradeable = (
        _package("@openzeppelin/contracts"),
        _package("@openzeppelin/contracts-upgradeable"),
    )
    remappings = [
        ("openzeppelin-contracts-upgradeable/contracts/", upgradeable),
        ("openzeppelin-contracts/contracts/", contracts),
        ("@openzeppelin/contracts/", contracts),
        ("@openzeppelin/contracts-upgradeable/", upgradeable),
        ("solidity-utils/", _package("@bgd-labs/solidity-utils") / "src"),
        ("", _package("@aave-dao/aave-v3-origin")),
    ]
    return _compiled("aave36", [AAVE + entry for entry in AAVE_ENTRIES], remappings)


def compound2() -> Path:
    """Return the directory of Compound V2's artifacts, by the second (20 to 60 s the first time)."""
    remappings = [("early/", EARLY), ("", _package("@venusprotocol/venus-protocol") / "contracts")]
    entries = [f"early/{path.name}" for path in sorted(EARLY.glob("*.sol"))]
    more = digest(EARLY.glob("*.sol"), json.dumps(_EARLY_SETTINGS).encode())
    compiler = {**_EARLY_SETTINGS, "soljson": str(_package("solc") / "soljson.js")}
    return _compiled("compound2", entries, remappings, more, compiler)


def _package(name: str) -> Path:
    return unpacked(packages()[name])


def _compiled(
    name: str,
    units: list[str],
    remappings: list[tuple[str, Path]],
    more: str = "",
    compiler: Mapping[str, object] | None = None,
) -> Path:
    """Compile into the cache; `more` is the hash of sources that no package pins."""

    def make(work: Path) -> None:
        job = {
            "modules": str(node_modules()), "runs": 200, "sources": units, "out": str(work),
            "remappings": [(prefix, str(directory)) for prefix, directory in remappings],
            **(compiler or {}),
        }  # fmt: skip
        run(["node", str(COMPILER)], work, stdin=json.dumps(job).encode())

    # A package's directory is named by the hash of its contents.
    places = [
        (prefix, str(path).removeprefix(str(CACHE)))
        for prefix, path in remappings
        if path not in (OWN, EARLY)
    ]
    inputs = digest((NPM_FILES[1], COMPILER), json.dumps([units, places, more]).encode())
    return built(f"{name}-{inputs}", make)
