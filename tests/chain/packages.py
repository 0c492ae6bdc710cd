"""The node, the compiler and the protocol packages, from npm into the cache, by integrity."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from tests.chain.places import ENVIRONMENT, ROOT, UnavailableError, built, digest

NPM_FILES = (ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc")
LIST = ROOT / "packages.toml"


@dataclass(frozen=True, slots=True)
class Package:
    """One tarball: what it is called and the bytes it must be."""

    name: str
    version: str
    integrity: str
    keep: tuple[str, ...]

    @property
    def label(self) -> str:
        """A directory name."""
        return f"{self.name.lstrip('@').replace('/', '-')}-{self.version}"


def packages() -> dict[str, Package]:
    """Return the packages of `packages.toml` by name."""
    rows = tomllib.loads(LIST.read_text())["package"]
    return {
        row["name"]: Package(row["name"], row["version"], row["integrity"], tuple(row.get("keep", ())))
        for row in rows
    }


def run(arguments: list[str], cwd: Path, *, stdin: bytes = b"", timeout: float = 600) -> bytes:
    """Run npm or node with the environment of the start; raise `UnavailableError` when it cannot."""
    program = shutil.which(arguments[0], path=ENVIRONMENT.get("PATH"))
    if program is None:
        raise UnavailableError(f"{arguments[0]} is not installed")
    try:
        done = subprocess.run(
            [program, *arguments[1:]],
            cwd=cwd, env=ENVIRONMENT, input=stdin, capture_output=True, timeout=timeout, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"{arguments[0]} took more than {timeout:.0f} s") from error
    if done.returncode:
        text = done.stderr.decode(errors="replace").strip()
        raise UnavailableError(f"{' '.join(arguments[:3])} failed:\n{text[-2000:]}")
    return done.stdout


def node_modules() -> Path:
    """Return the directory `npm ci` filled with the node and the compiler."""

    def make(work: Path) -> None:
        for source in NPM_FILES:
            shutil.copy(source, work / source.name)
        run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], work)

    return built(f"npm-{digest(NPM_FILES)}", make) / "node_modules"


def anvil() -> Path:
    """Return the node's binary (the wrapper script beside it would be one more process to end)."""
    return node_modules() / "@foundry-rs/anvil-linux-amd64/bin/anvil"


def unpacked(package: Package) -> Path:
    """Return the directory with the package's files, fetched and verified the first time."""

    def make(work: Path) -> None:
        run(["npm", "pack", "--silent", "--ignore-scripts", f"{package.name}@{package.version}"], work)
        (archive,) = work.glob("*.tgz")
        verify(archive.read_bytes(), package)
        _extract(archive, work, package.keep)
        archive.unlink()

    key = hashlib.sha256(f"{package.integrity}{package.keep}".encode()).hexdigest()[:16]
    return built(f"{package.label}-{key}", make)


def verify(data: bytes, package: Package) -> None:
    """Raise `ValueError` unless the bytes are the ones `packages.toml` names."""
    found = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
    if found != package.integrity:
        raise ValueError(f"{package.name}@{package.version} is {found}, expected {package.integrity}")


def _extract(archive: Path, into: Path, keep: tuple[str, ...]) -> None:
    with tarfile.open(archive) as tar:
        for member in tar:
            inner = member.name.partition("/")[2]  # every tarball has one top directory
            if member.isfile() and inner.startswith(keep or ("",)):
                member.name = inner
                tar.extract(member, into, filter="data")
