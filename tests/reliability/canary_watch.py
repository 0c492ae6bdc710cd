"""What a command does to the world outside its home, seen by the interpreter's own audit hook."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LOOKUPS = frozenset(
    {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}
)
_SENDS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_STARTS = frozenset(
    {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.startfile"}
)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class ForeignError(BaseException):
    """Nothing catches it: what was about to go out does not."""


@dataclass
class Watch:
    """Note connections, look-ups, starts of processes and files opened for writing; refuse the foreign."""

    ports: frozenset[int]
    """Of this machine, which settings name."""
    foreign: list[str] = field(default_factory=list)
    started: list[tuple[str, ...]] = field(default_factory=list)
    written: set[Path] = field(default_factory=set)
    _on: bool = False

    @contextlib.contextmanager
    def on(self) -> Iterator[None]:
        """Watch; a hook stays for as long as the process, so this is for forks alone."""
        sys.addaudithook(self._seen)
        self._on = True
        try:
            yield
        finally:
            self._on = False

    def wrong(self) -> list[str]:
        """Return what was not to be."""
        return [*self.foreign, *(f"a process was started: {words[0]}" for words in self.started)]

    def _seen(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._on:
            return
        if event == "open":
            self._opened(*arguments)
        elif event in _SENDS:
            self._sent(event, arguments[1])
        elif event in _LOOKUPS:
            self._refuse(f"{event} {arguments[0]}")
        elif event in _STARTS:
            self.started.append(tuple(_words(arguments)))

    def _opened(self, path: Any, _mode: Any, flags: int) -> None:
        if isinstance(path, str | bytes) and flags & _WRITES:
            found = Path(os.fsdecode(path))
            self.written |= {found} if found.is_absolute() else set()

    def _sent(self, event: str, address: Any) -> None:
        if not (isinstance(address, tuple) and address[0] == "127.0.0.1" and address[1] in self.ports):
            self._refuse(f"{event} {address}")

    def _refuse(self, what: str) -> None:
        self.foreign.append(what)
        raise ForeignError(what)


def _words(arguments: Any) -> Iterator[str]:
    for one in arguments:
        if isinstance(one, str | bytes | os.PathLike):
            yield os.fsdecode(one)
        elif isinstance(one, dict):
            yield from (f"{key}={value}" for key, value in one.items())
        elif isinstance(one, list | tuple):
            yield from _words(one)
