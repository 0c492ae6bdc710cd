"""The command line: the only package that reads settings and builds the rest."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (default: this process's) and return its exit code."""
    import sys

    from mammon.cli import streams

    words = list(sys.argv[1:] if arguments is None else arguments)
    streams.reserve()
    text = _help(words)
    if text is not None:
        streams.write(sys.stdout, text)
        return 0
    from mammon.cli import failure
    from mammon.cli.process import Process

    return failure.run(words, Process.real())


def _help(words: Sequence[str]) -> str | None:
    """Return the help that is asked for when it needs no command to be imported."""
    if not words or words[-1] not in ("-h", "--help"):
        return None
    from mammon.cli import registry

    name = " ".join(words[:-1])
    if not name:
        return registry.help_text()
    if name in registry.COMMANDS:
        from mammon.cli import helptext

        return helptext.ready(name)
    below = registry.under(name)
    return registry.help_text(below) if below else None
