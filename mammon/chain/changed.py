"""Changed code that money may leave: taken as it is where every endpoint tells the same, for a way home.

What such a withdrawal could cost is what staying could cost: nothing is allowed to the contract, nothing goes
there with it, and the gate asks for a rehearsal in which the asset's own events show that the money comes.
So a policy that leaves dangers (`on_danger`) leaves this one too; under another policy a person decides.
"""

from __future__ import annotations

from collections.abc import Mapping

from mammon.chain.code import fingerprint
from mammon.chain.evidence import Pin
from mammon.chain.onlooker import Looking
from mammon.core.ports import Deadline
from mammon.core.types import Address, Market
from mammon.errors import OutsideError


def agreed_changes(
    looking: Looking,
    market: Market,
    pins: Mapping[Address, Pin],
    code: Mapping[Address, Pin],
    deadline: Deadline,
) -> tuple[Pin, ...]:
    """Return what a venue's pinned contracts have become, as read in `code` and by every endpoint.

    The asset's own contract is never among them: its events are the witness. Where endpoints do not agree,
    or do not answer, nothing is taken, and the gate refuses.
    """
    venue = [address for address in code if address != market.token.address and address in pins]
    changed = [address for address in venue if code[address] != pins[address]]
    try:
        now = [fingerprint(looking.rpc, address, deadline) for address in changed]
    except OutsideError:
        return ()
    return tuple(pin for pin in now if pin == code[pin.address])
