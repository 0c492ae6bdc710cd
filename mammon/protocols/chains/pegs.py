"""Pegs from tables: which collateral a chain file says is meant to be worth something else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from mammon.core.pegs import Peg
from mammon.protocols.chains.file import ChainFile
from mammon.protocols.chains.table import Table

_SYMBOL = re.compile(r"[A-Za-z0-9]{1,20}\Z")
_LEAST_OFF_BPS, _MOST_OFF_BPS = 50, 5_000
"""Two feeds of one price differ by up to half a percent without meaning anything by it."""


def with_pegs(chain: ChainFile, tables: Iterable[Table]) -> ChainFile:
    """Return the chain with its pegs, each token and each symbol once."""
    pegs: dict[str, Peg] = {}
    for table in tables:
        peg = _peg(table, chain)
        if peg.symbol in pegs or any(peg.token == other.token for other in pegs.values()):
            raise table.error("symbol", f"{peg.symbol!r} has a peg already")
        pegs[peg.symbol] = peg
    return replace(chain, pegs=tuple(pegs.values()))


def _peg(table: Table, chain: ChainFile) -> Peg:
    """Read one table; it names either the price of a coin or the rate at which the token is redeemed."""
    symbol, token = table.text("symbol"), table.listed()
    if not _SYMBOL.match(symbol):
        raise table.error("symbol", "is not up to 20 letters and digits")
    price, coin = table.text("price"), table.text("coin", default="")
    par = coin or table.text("redeems")
    for key, pair in (("price", price), ("coin" if coin else "redeems", par)):
        if chain.feed(pair) is None:
            raise table.error(key, f"{pair!r} is not among the chain's feeds")
    off_bps = table.integer("most_off_bps", _LEAST_OFF_BPS, _MOST_OFF_BPS)
    table.text("note", default="")
    table.close()
    return Peg(token, symbol, price, par, not coin, off_bps)
