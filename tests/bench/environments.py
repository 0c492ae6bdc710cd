"""The environments that processes are measured in, made on first use in the test cache.

`product` has mammon installed as a user would have it, without extras, at the locked versions: its
console script is what is measured. Each peer has an environment of its own, pinned by hashes.
"""

from __future__ import annotations

import fcntl
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.measure import BenchError
from tests.chain.places import CACHE, ENVIRONMENT, digest

ROOT = Path(__file__).resolve().parents[2]
_PEERS = Path(__file__).resolve().parent / "peers"
PEERS = {"web3": ("web3",), "multicall": ("multicall", "web3")}
"""Peer -> the distributions whose versions are told."""
_LOCK = ROOT / ".ci" / "requirements.txt"
_PROJECT = ROOT / "pyproject.toml"
_PINNED = re.compile(r"^([A-Za-z0-9_.\-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.M)
_READY = ".ready"
_OUR_OWN_TOOLS = frozenset({"pip", "setuptools", "wheel"})
_LISTING = """
import json
from importlib import metadata
print(json.dumps(sorted({(d.metadata["Name"], d.version) for d in metadata.distributions()})))
"""


def product() -> Path:
    """Return the directory of the environment with this very tree's mammon."""
    versions = "\n".join(f"{name}=={version}" for name, version in _PINNED.findall(_LOCK.read_text("utf-8")))
    where = CACHE / f"bench-product-{digest([_PROJECT, _LOCK], _python())}"
    sources = digest((ROOT / "mammon").rglob("*.*"), _names())
    with _made(where, sources) as work:
        if work:
            constraints = where / "constraints.txt"
            constraints.write_text(versions + "\n", "utf-8")
            wheels = where / "wheels"
            _pip(where, "wheel", "--no-deps", "--wheel-dir", str(wheels), str(ROOT))
            (wheel,) = wheels.glob("mammon-*.whl")
            _pip(where, "install", "--constraint", str(constraints), str(wheel))
            _pip(where, "install", "--no-deps", "--force-reinstall", str(wheel))
            wheel.unlink()
    return where


def peer(name: str) -> Path:
    """Return the directory of a peer's environment."""
    where = _place(name)
    with _made(where, "") as work:
        if work:
            _pip(where, "install", "--require-hashes", "--no-deps", "--requirement", str(_pins(name)))
    return where


def script(name: str) -> str:
    """Return the path of a peer's own program."""
    return str(_PEERS / f"{name}_views.py")


def python(where: Path) -> str:
    """Return the interpreter of an environment."""
    return str(where / "bin" / "python")


def distributions(where: Path) -> dict[str, str]:
    """Return what is installed in an environment, without what installs it."""
    listed = subprocess.run([python(where), "-c", _LISTING], capture_output=True, check=True).stdout
    return {name: version for name, version in json.loads(listed) if name not in _OUR_OWN_TOOLS}


def versions() -> dict[str, str]:
    """Return the versions of the peers whose environments have been made."""
    found = {}
    for name, told in PEERS.items():
        if (_place(name) / _READY).is_file():
            installed = distributions(_place(name))
            found[name] = " with ".join(f"{each} {installed[each]}" for each in told)
    return found


def environment(home: Path) -> dict[str, str]:
    """Return the variables of a measured process: an empty home, and none of the caller's settings."""
    return {"HOME": str(home), "PATH": ENVIRONMENT.get("PATH", ""), "MAMMON_HOME": str(home / "mammon")}


def _pins(name: str) -> Path:
    return _PEERS / f"{name}.txt"


def _place(name: str) -> Path:
    return CACHE / f"bench-{name}-{digest([_pins(name)], _python())}"


@contextmanager
def _made(where: Path, content: str) -> Iterator[bool]:
    """Yield whether the environment must be made or brought up to `content`; it is marked afterwards."""
    CACHE.mkdir(parents=True, exist_ok=True)
    ready = where / _READY
    with (CACHE / f".{where.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if ready.is_file() and ready.read_text("utf-8") == content:
            yield False
            return
        ready.unlink(missing_ok=True)
        if not (where / "bin" / "python").exists():
            _run([sys.executable, "-m", "venv", str(where)])
        yield True
        _run([python(where), "-m", "compileall", "-q", str(where / "lib")], codes=(0, 1))
        ready.write_text(content, "utf-8")


def _pip(where: Path, *words: str) -> None:
    _run([python(where), "-m", "pip", "--quiet", "--disable-pip-version-check", *words])


def _run(command: list[str], codes: tuple[int, ...] = (0,)) -> None:
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=False)
    if done.returncode not in codes:
        said = (done.stderr or done.stdout).decode("utf-8", "replace")[-2000:]
        raise BenchError(f"{' '.join(command[:4])} failed:\n{said}")


def _names() -> bytes:
    files = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "mammon").rglob("*.py"))
    return "\n".join(files).encode()


def _python() -> bytes:
    return f"{sys.implementation.cache_tag} {sys.base_prefix}".encode()
