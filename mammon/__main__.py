"""Run `mammon` or `python -m mammon`; `--version` is answered before anything is imported."""

import os
import sys


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
    try:
        from mammon.cli import main as command_line

        code = command_line()
    except KeyboardInterrupt:  # before the handler of failures was in place
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
