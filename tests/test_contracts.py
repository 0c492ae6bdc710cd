"""The import contracts hold, and each one breaks when it is broken."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

PLANTED = {
    "errors and core stand on the standard library alone": ("core/fixed.py", "import sqlite3"),
    "adapters are pure: core only": ("protocols/pieces.py", "import mammon.net.http"),
    "net imports errors only": ("net/deadline.py", "import mammon.core.fixed"),
    "chain sees core, net and protocols": ("chain/fees.py", "import mammon.state.db"),
    "feeds see core and net": ("feeds/kraken.py", "import mammon.chain.rpc"),
    "state, ops and reporting see core and not each other": ("state/db.py", "import mammon.ops.lock"),
    "state, sim, ops and reporting do not reach up or out": ("ops/lock.py", "import mammon.engine.loop"),
    "only sim, of those, sees the adapters' selectors": (
        "reporting/numbers.py",
        "import mammon.protocols.base",
    ),
    "the engine sees core alone": ("engine/loop.py", "import mammon.chain.rpc"),
    "keys and signers are built by the command line and reached through the port": (
        "chain/signing.py",
        "import mammon.chain.keys",
    ),
    "only the command line reads configuration": ("sim/clock.py", "import mammon.config.settings"),
}
"""For each contract a file and the import that breaks it."""


def contracts() -> list[str]:
    """Return the contracts' names."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return [contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]]


def checked(tree: Path) -> subprocess.CompletedProcess[str]:
    """Run the linter on a tree."""
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, '.'); {program}", "--no-cache"]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False, timeout=120)


def test_every_contract_has_its_violation() -> None:
    """A contract nobody tried to break proves nothing."""
    assert set(PLANTED) == set(contracts())


def test_a_planted_import_breaks_each_contract(tmp_path: Path) -> None:
    """The tree as it is keeps every contract; with one import planted for each, each is broken."""
    shutil.copytree(ROOT / "mammon", tmp_path / "mammon", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    sound = checked(tmp_path)
    assert sound.returncode == 0, sound.stdout + sound.stderr
    for name, statement in PLANTED.values():
        with (tmp_path / "mammon" / name).open("a") as file:
            file.write(f"\n{statement}\n")
    broken = checked(tmp_path)
    assert broken.returncode == 1
    for name in PLANTED:
        assert f"{name} BROKEN" in broken.stdout, broken.stdout
