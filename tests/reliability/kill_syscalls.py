"""Die at every call of the system by which anything becomes durable or leaves the process, one by one.

`python -m tests.reliability.kill_syscalls [EVERY]` takes every point of one move, or every so manyth.
The program runs under strace, which ends it in place of the call.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.chain import build
from tests.chain.lab import Lab
from tests.reliability.kill_trap import Syscall
from tests.reliability.kill_world import kill_world
from tests.reliability.kills import MOVE, schedule

NAMES = ("pwrite64", "write", "fsync", "fdatasync", "ftruncate", "rename", "unlink", "mkdir", "sendto")
_CALL = re.compile(r"^(?:\d+ +)?(\w+)\(", re.MULTILINE)


def points(lab: Lab) -> list[Syscall]:
    """Return every point of a move that nobody kills."""
    with tempfile.TemporaryDirectory(prefix="mammon-kill-") as name, kill_world(lab, Path(name)) as world:
        log = Path(name) / "strace"
        ended = world.traced(["-o", str(log), "-e", f"trace={','.join(NAMES)}"], *MOVE).wait()
        if ended.code:
            raise RuntimeError(ended.err)
        counts = Counter(_CALL.findall(log.read_text()))
    return [Syscall(name, number) for name in NAMES for number in range(1, counts[name] + 1)]


def main() -> int:
    """Run the sweep; return 1 for a violation."""
    lab, every = build.lab(), int(sys.argv[1]) if len(sys.argv) > 1 else 1
    chosen = points(lab)[::every]
    wrong = 0
    for point in chosen:
        told = schedule(lab, [point])
        wrong += bool(told.wrong)
        if told.wrong:
            print(f"WRONG {point}:", *told.wrong, sep="\n  ", flush=True)
    print(f"{len(chosen) - wrong} of {len(chosen)} points right: {dict(Counter(one.name for one in chosen))}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
