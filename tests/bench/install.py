"""P18: what an installation without extras consists of. The environment of the other benches is one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.bench import environments
from tests.bench.measure import Row, value

_TOOLS = ("pip", "setuptools", "wheel", "pkg_resources", "_distutils_hack", "distutils-precedence")


def install(rounds: int) -> Iterator[Row]:
    """Yield the number of distributions and their size, compiled bytecode included."""
    product = environments.product()
    (packages,) = product.glob("lib/python*/site-packages")
    size = sum(_bytes(path) for path in packages.iterdir() if not path.name.startswith(_TOOLS))
    count = len(environments.distributions(product))
    yield value("P18", "distributions", [count], limit=70, unit="distributions", note="mammon included")
    yield value("P18", "size on disk", [size / 1e6], limit=150, unit="MB")


def _bytes(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size
