"""`python -m tests.reliability.kill_main PORT WORD …`: the command line on the time of the node at a port."""

from __future__ import annotations

import sys

from mammon.cli import main
from tests.reliability.kill_commands import on_node_time

if __name__ == "__main__":
    on_node_time(int(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
