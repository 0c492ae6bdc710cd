"""No pattern that reads outside text backtracks: a small hostile answer must not cost minutes."""

from __future__ import annotations

import subprocess
import sys

import pytest

HOSTILE = {
    "a body of escaped quotes": (
        "from mammon.chain import jsonrpc\n"
        "from mammon.errors import MalformedError\n"
        "try: jsonrpc.parse(b'[' * 70 + b'\"' + b'\\\\\"' * 200_000)\n"
        "except MalformedError: pass\n"
    ),
    "a document of escaped quotes": (
        "from mammon.core import canonical\n"
        "from mammon.errors import MalformedError\n"
        "try: canonical.parse('[' * 70 + '\"' + '\\\\\"' * 200_000)\n"
        "except MalformedError: pass\n"
    ),
    "a header of spaces": (
        "from mammon.net import answer\nanswer._FIELD.match(b'a:' + b' ' * 15_000 + b'\\x01')\n"
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_text_is_read_in_linear_time(what: str) -> None:
    """A quadratic pattern would take minutes here, a cubic one days; the deadline of the call cannot help."""
    subprocess.run([sys.executable, "-c", HOSTILE[what]], check=True, timeout=30)
