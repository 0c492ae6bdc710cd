"""What a process gives up before it holds a secret: core files, and being read by its own user's others."""

from __future__ import annotations

from mammon.errors import PersonNeededError

_PR_SET_DUMPABLE = 4


def forbid_dumps() -> None:
    """Have the kernel write no core file of this process, and let nobody but root trace or read it.

    Raises `PersonNeededError` where the kernel cannot be told. Python cannot wipe memory: what was read
    stays in it until the process ends.
    """
    import ctypes  # only for a process that is about to hold a key
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    prctl = getattr(ctypes.CDLL(None, use_errno=True), "prctl", None)
    if prctl is None or prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise PersonNeededError(
            "dumpable",
            "this system cannot keep a key out of core files",
            "use an external signer: signer.url",
        )
