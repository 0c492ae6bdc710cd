"""`python -m tests.showing [SCENE …]`: record the scenes of the live world, and draw them in `examples/live`.

Each scene is the installed program on a terminal, its key in a key file, in real time, on the local node with
the real protocol contracts. Nothing is edited but the home's path and the commit in the version.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path

from rich.text import Text

from examples.terminal import drawn
from tests.chain import build
from tests.reliability.kill_world import ROOT, kill_world
from tests.showing.scenes import SCENES
from tests.showing.terminal import Terminal

SLUGS = ("aave-30", "aave-36", "mm-main")
PICTURES = ROOT / "examples" / "live"


def main(wanted: list[str]) -> int:
    """Record what is wanted; return 1 when a command ended otherwise than its scene says."""
    lab, wrong = build.lab(), 0
    PICTURES.mkdir(exist_ok=True)
    for name in wanted or SCENES:
        scene = SCENES[name]
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mammon-show-")))
            world = stack.enter_context(kill_world(lab, folder, installed=True, slugs=SLUGS))
            terminal = Terminal(world.environment, folder)
            terminal.say(scene.told)
            scene.play(world, terminal)
        plain = Text.from_ansi(terminal.shown.rstrip("\n"))
        (PICTURES / f"{name}.svg").write_text(drawn(plain), encoding="utf-8")
        wrong += tuple(terminal.codes) != scene.codes
        print(f"{plain.plain}\n{name}: exit codes {terminal.codes}, expected {list(scene.codes)}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
