"""Which world a command is in: its identity, its chain, its folder. Nothing is opened here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mammon.cli.invocation import Invocation
from mammon.core.names import Address
from mammon.errors import UsageError
from mammon.state.opening import Identity

if TYPE_CHECKING:
    from mammon.core.types import Token
    from mammon.protocols.chains import ChainFile

NOBODY = Address("0x0000000000000000000000000000000000000000")
"""The owner of a paper book that begins from a capital."""

_CHAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,31}\Z")
"""What may be part of a folder's name."""


def identity(call: Invocation) -> Identity:
    """Return the world of the settings: mode, chain id, account."""
    settings = call.settings
    if settings.mode == "mock":
        from mammon.sim.addresses import CHAIN_ID
        from mammon.sim.wallet import wallet_address

        return Identity("mock", CHAIN_ID, wallet_address(settings.seed))
    return on_chain(call, chain_file(call))


def on_chain(call: Invocation, known: ChainFile) -> Identity:
    """Return the world of the settings on a chain that was read already."""
    return Identity(call.settings.mode, known.chain_id, call.settings.account or NOBODY)


def at_stake(call: Invocation) -> bool:
    """Say whether the money of this world is real."""
    return call.settings.mode == "live"


def on_paper(call: Invocation) -> bool:
    """Say whether what is held is a book of this state's own, and on no chain."""
    return call.settings.mode == "paper"


def directory(call: Invocation, world: Identity) -> Path:
    """Return the folder of a world: mode, chain, and the account's first eight digits."""
    if not _CHAIN.match(call.settings.chain):
        raise UsageError("chain", f"no chain is named {call.settings.chain!r}", "`--chain base` is one")
    return call.settings.home / f"{world.mode}-{call.settings.chain}-{world.account[2:10].lower()}"


def tokens(call: Invocation) -> tuple[Token, ...]:
    """Return the tokens that the chain of the settings lists."""
    if call.settings.mode == "mock":
        from mammon.sim import chainfile

        return chainfile.chain_file(full=True).tokens
    return chain_file(call).tokens


def chain_file(call: Invocation) -> ChainFile:
    """Return the chain of the settings, with the markets that the configuration adds."""
    from mammon.protocols.chains import chain, with_markets

    settings, path = call.settings, call.settings.chain_file
    if path is None:
        known = chain(settings.chain)
    else:
        try:
            known = chain(str(path), path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError("chain_file", f"{path} cannot be read: {error}", "check `chain_file`") from error
    return with_markets(known, settings.markets.extra, str(call.resolved.file or "markets.extra"))
