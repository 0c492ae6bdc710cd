"""How the answers of Uniswap V3 and of Slipstream are laid out: alike, and not the same.

Slipstream's `slot0` has no fee of the protocol, its ticks keep staked liquidity and reward growth as well,
and its pools are told apart by their tick spacing, where Uniswap's are by their fee. A layout takes its
own number of words and no other, so that one is never read as the other.
"""

from __future__ import annotations

from dataclasses import dataclass

from mammon.core import abi
from mammon.core.concentrated.fees import Account, Growth
from mammon.core.concentrated.ticks import SqrtPrice
from mammon.core.keccak import keccak256
from mammon.core.names import Address
from mammon.core.numbers import Units
from mammon.protocols.abi import pools
from mammon.protocols.pieces import Answers

TICK_BITS = 24


@dataclass(frozen=True, slots=True)
class Layout:
    """What differs between the two."""

    protocol: str
    pool_of: bytes
    """The factory's selector."""
    slot0_words: int
    tick_words: int
    outside: int
    """Which word of a tick keeps the growth of token0's fees; token1's is the next."""
    staking: bool


UNISWAP_V3 = Layout("uniswap_v3", pools.POOL_BY_FEE, 7, 8, 2, staking=False)
SLIPSTREAM = Layout("slipstream", pools.POOL_BY_SPACING, 6, 10, 3, staking=True)


@dataclass(frozen=True, slots=True)
class Described:
    """What a position manager says of one token of its own."""

    token0: Address
    token1: Address
    parameter: int
    lower: int
    upper: int
    account: Account

    @property
    def empty(self) -> bool:
        """Say whether nothing is in it any more, and nothing owed."""
        return self.account.liquidity == 0 and self.account.owed == (0, 0)


def described(answers: Answers, name: str) -> Described:
    """Read the twelve words of `positions(uint256)`, the same for both kinds."""
    found = answers.words(name, 12)
    growth = Growth(found[8], found[9])
    owed = _units(answers, name, found[10]), _units(answers, name, found[11])
    return Described(
        abi.address(found[2]),
        abi.address(found[3]),
        answers.unsigned(name, found[4], TICK_BITS),
        abi.signed(found[5], TICK_BITS),
        abi.signed(found[6], TICK_BITS),
        Account(answers.unsigned(name, found[7], 128), growth, owed),
    )


def slot0(layout: Layout, answers: Answers, name: str) -> tuple[SqrtPrice, int]:
    """Return a pool's price and tick."""
    found = answers.words(name, layout.slot0_words)
    return SqrtPrice(answers.unsigned(name, found[0], 160)), abi.signed(found[1], TICK_BITS)


def kept_outside(layout: Layout, answers: Answers, name: str) -> Growth:
    """Return what a tick keeps of the growth on its other side."""
    found = answers.words(name, layout.tick_words)
    abi.boolean(found[-1])  # whether it is initialised: a word that is no flag is another contract's
    return Growth(found[layout.outside], found[layout.outside + 1])


def in_pool(answers: Answers, name: str) -> Account:
    """Read the five words of a pool's own `positions(bytes32)`, the same for both kinds."""
    found = answers.words(name, 5)
    owed = _units(answers, name, found[3]), _units(answers, name, found[4])
    return Account(answers.unsigned(name, found[0], 128), Growth(found[1], found[2]), owed)


def pool_key(owner: Address, lower: int, upper: int) -> bytes:
    """Return under what a pool keeps the liquidity of an owner in a range: a hash of the three, packed."""
    ends = (abi.signed_word(end)[-3:] for end in (lower, upper))
    return keccak256(b"".join((abi.word(owner)[-20:], *ends)))


def _units(answers: Answers, name: str, word: int) -> Units:
    return Units(answers.unsigned(name, word, 128))
