"""Settings: the only reader of configuration files and of the environment; only `cli/` imports it."""

from __future__ import annotations

from mammon.config.resolve import Resolved, resolve
from mammon.config.settings import Settings

__all__ = ["Resolved", "Settings", "resolve"]
