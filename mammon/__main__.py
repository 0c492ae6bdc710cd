"""Run `mammon` or `python -m mammon`; `--version` is answered before anything is imported."""

import os
import sys

_FIRST_COLLECTION = 50_000
"""Objects made before garbage is looked for. A command imports about as many, none of them garbage,
and looking for it every 700, as Python does, takes an eighth of a short command's time."""


def version() -> None:
    """Print the version; that nobody reads it is no failure."""
    from mammon import __version__

    try:
        os.write(1, f"mammon {__version__}\n".encode())
    except OSError:
        return


def main() -> None:
    """Answer `--version`, else run the command line and exit with its code."""
    if sys.argv[1:2] == ["--version"]:
        version()
        return
    import gc

    gc.set_threshold(_FIRST_COLLECTION)
    try:
        from mammon.cli import main as command_line

        code = command_line()
    except KeyboardInterrupt:  # before the handler of failures was in place
        code = 130
    gc.freeze()  # the process ends, so garbage need not be told from the rest once more
    sys.exit(code)


if __name__ == "__main__":
    main()
