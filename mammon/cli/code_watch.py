"""Code watch: the implementations that venues run, as each reading tells them, held against their pins.

What is pinned is pinned at its first sight by who acts; nothing is watched before. The asset's own contract
is left out: its code is every venue's, and the wallet's. One endpoint's word that code changed is not
believed alone: every endpoint is asked, which costs a request only then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from mammon.core.names import Address, Hash32
from mammon.core.ports import Deadline
from mammon.core.types import Market
from mammon.errors import MammonError

if TYPE_CHECKING:
    from mammon.chain.rpc import Rpc
    from mammon.engine.observe import Round

Pinned = Mapping[Address, tuple[Hash32, Hash32]]
"""Code hash and implementation by contract."""


class CodeWatch:
    """The pinned contracts of a world's markets, between one reading and the next."""

    def __init__(
        self,
        rpc: Rpc,
        markets: Mapping[str, Market],
        pinned: Callable[[], Pinned],
        deadline: Callable[[], Deadline],
    ) -> None:
        self._rpc, self._markets, self._pinned, self._deadline = rpc, markets, pinned, deadline
        self._pins: Pinned = {}
        self._asked: tuple[Address, ...] = ()

    def addresses(self) -> tuple[Address, ...]:
        """Return the contracts to ask about, as pinned by now."""
        self._pins = self._pinned()
        every = (address for market in self._markets.values() for address in _contracts(market))
        self._asked = tuple(dict.fromkeys(address for address in every if address in self._pins))
        return self._asked

    def signs(self, round_: Round) -> Mapping[str, str]:
        """Return the sign against each market of which a contract runs other code than it was pinned with.

        What was asked for and not told is a sign of its own: nobody is asked again for it.
        """
        told = round_.implementations
        signs = {address: "code_unread" for address in self._asked if address not in told}
        for address, word in told.items():
            if (
                address in self._pins
                and self._pins[address][1] != word
                and (sign := self._confirmed(address))
            ):
                signs[address] = sign
        return {
            market.slug: max(found, key=_gravest)
            for market in self._markets.values()
            if (found := [signs[address] for address in _contracts(market) if address in signs])
        }

    def _confirmed(self, address: Address) -> str:
        from mammon.chain.code import fingerprint  # where nothing changed nobody needs it

        try:
            now = fingerprint(self._rpc, address, self._deadline())
        except MammonError:  # endpoints that do not agree, or do not answer
            return "code_disputed"
        return "" if (now.code, now.implementation) == self._pins[address] else "code_changed"


def _contracts(market: Market) -> Iterator[Address]:
    yield market.id.address
    if market.spender != market.id.address:
        yield market.spender


def _gravest(sign: str) -> bool:
    return sign == "code_changed"
