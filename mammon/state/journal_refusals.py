"""What the journal refuses whoever asks: a second open slot, a nonce that is not the next."""

from __future__ import annotations

from mammon.errors import PersonNeededError


def open_already(nonce: int) -> PersonNeededError:
    """Return the refusal to sign for anything else while a slot is open."""
    return PersonNeededError(
        "open_slot",
        f"nonce {nonce} may be on the wire: nothing else is signed before it is settled",
        f"see `mammon tx show {nonce}`, then run the command that acts again: it settles that one first",
    )


def not_next(nonce: int, expected: int | None) -> PersonNeededError:
    """Return the refusal of a nonce that was used already, or that leaves others out."""
    used = expected is not None and nonce < expected
    return PersonNeededError(
        "nonce_used" if used else "nonce_gap",
        f"nonce {nonce} is not the next of this account: {expected} is",
        "find out what else signs for this account before anything is sent; see `mammon tx list`",
    )
