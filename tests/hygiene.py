"""Hygiene of the tree: no secret, no machine path, no address that a lock would pin downloads to.

`python -m tests.hygiene` prints what it finds and exits 1; the suite runs the same check.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_BYTES = 2 << 20

FORBIDDEN: dict[str, re.Pattern[str]] = {
    "private key or seed": re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bmnemonic\s*=\s*[\"'][a-z]+ [a-z]+"
    ),
    "API token": re.compile(r"\b(ghp_[A-Za-z0-9]{30,}|AKIA[0-9A-Z]{16}|xox[bap]-[A-Za-z0-9-]{20,})"),
    "machine path": re.compile(r"(?<![\w.$}])/(?:home|Users|work|root)/[\w.-]+"),
    "a credential in a URL": re.compile(
        r"https?://[^\s/:@\"'<>{}]+:[^\s/@\"'<>{}]{6,}@(?!example\.|127\.|h\b|host)"
    ),
}
"""What must not stand in any file, and why it is looked for."""

LOCKS = (".ci/requirements.txt", "tests/chain/package-lock.json")
ADDRESS = re.compile(r"https?://[^\s\"]*(?:tgz|whl|tar\.gz)|--(?:extra-)?index-url|--find-links|\"resolved\"")


def files() -> Iterator[Path]:
    """Yield every file that git tracks or would add."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    for name in listed.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file() and path.stat().st_size <= MAX_BYTES and path != Path(__file__).resolve():
            yield path


def findings() -> Iterator[str]:
    """Yield one line for each thing that must not be there."""
    for path in files():
        text = path.read_text("utf-8", "replace")
        name = path.relative_to(ROOT).as_posix()
        for what, pattern in FORBIDDEN.items():
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                yield f"{name}:{line}: {what}: {match.group(0)[:60]}"
        if name in LOCKS and (match := ADDRESS.search(text)):
            yield f"{name}: a lock names where to download from: {match.group(0)[:60]}"


if __name__ == "__main__":
    found = list(findings())
    print("\n".join(found) or "hygiene: nothing found")
    sys.exit(1 if found else 0)
