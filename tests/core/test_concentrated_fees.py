"""Uncollected fees: the ticks' accumulators against plain sums of what was earned while in range."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from mammon.core.concentrated.fees import Account, Growth, collectable, growth_inside, owed_after
from mammon.core.numbers import Units

WORD = 2**256
NOTHING = (Units(0), Units(0))
GROWN = st.integers(0, 2**200)
ENDS = st.tuples(st.integers(-2, 1), st.integers(1, 2)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@dataclass
class Pool:
    """Counts as the contract does: a total, and what each initialised tick keeps of the other side."""

    tick: int
    total: Growth
    kept: dict[int, Growth] = field(default_factory=dict)

    def open(self, ends: tuple[int, int]) -> None:
        """Initialise the ends of a range: by convention all growth so far happened below."""
        for end in ends:
            self.kept.setdefault(end, self.total if end <= self.tick else Growth(0, 0))

    def earn(self, growth: Growth) -> None:
        """Let fees come in at the present price."""
        self.total = self.total - Growth(-growth.of0, -growth.of1)

    def move(self, to: int) -> None:
        """Let the price go to another tick; each tick that is crossed keeps the other side from then on."""
        low, high = sorted((self.tick, to))
        for tick in self.kept:
            if low < tick <= high:
                self.kept[tick] = self.total - self.kept[tick]
        self.tick = to

    def inside(self, ends: tuple[int, int]) -> Growth:
        return growth_inside(self.total, self.kept[ends[0]], self.kept[ends[1]], ends, self.tick)


STEPS = st.lists(st.tuples(st.integers(-4, 4), GROWN, GROWN), max_size=12)


@given(
    st.integers(-4, 4),
    st.builds(Growth, st.integers(0, WORD - 1), st.integers(0, WORD - 1)),
    STEPS,
    ENDS,
    STEPS,
)
def test_what_grew_inside_is_what_came_in_while_in_range(
    tick: int,
    total: Growth,
    before: list[tuple[int, int, int]],
    ends: tuple[int, int],
    after: list[tuple[int, int, int]],
) -> None:
    """Whatever the counters began at, wherever the price went, and as often as they wrapped around."""
    pool = Pool(tick, total)
    for to, of0, of1 in before:
        pool.earn(Growth(of0, of1))
        pool.move(to)
    pool.open(ends)
    first = pool.inside(ends)
    sums = [0, 0]
    for to, of0, of1 in after:
        pool.earn(Growth(of0, of1))
        if ends[0] <= pool.tick < ends[1]:
            sums[0], sums[1] = sums[0] + of0, sums[1] + of1
        pool.move(to)
    grown = pool.inside(ends) - first
    assert (grown.of0, grown.of1) == (sums[0] % WORD, sums[1] % WORD)


@given(st.integers(1, 2**128 - 1), st.integers(0, 2**120), st.integers(0, 2**120), st.integers(0, WORD - 1))
def test_growth_times_liquidity_is_owed_rounded_down(liquidity: int, of0: int, of1: int, seen: int) -> None:
    """Per unit of liquidity, scaled by 2**128, on top of what was owed before, also around a word's end."""
    account = Account(liquidity, Growth(seen, seen), (Units(7), Units(9)))
    inside = Growth((seen + of0) % WORD, (seen + of1) % WORD)
    due = tuple((was + grown * liquidity // 2**128) % 2**128 for was, grown in ((7, of0), (9, of1)))
    assert owed_after(account, inside) == due


def test_what_is_owed_wraps_around_as_the_contract_s_word_does() -> None:
    """A uint128 keeps no more; what the contract forgets cannot be collected."""
    account = Account(2**127, Growth(0, 0), (Units(2**128 - 1), Units(0)))
    assert owed_after(account, Growth(2, 2)) == (0, 1)


def test_without_liquidity_nothing_is_counted_anew() -> None:
    """Only what stands there already is owed, whatever has grown since."""
    assert owed_after(Account(0, Growth(0, 0), (Units(3), Units(4))), Growth(2**250, 2**250)) == (3, 4)


def test_the_pool_pays_no_more_than_it_counted_itself() -> None:
    """Manager and pool round down apart: where several positions share a range, the pool may have less."""
    position = Account(2**127, Growth(0, 0), (Units(5), Units(5)))
    in_pool = Account(2**128 - 1, Growth(0, 0), (Units(3), Units(0)))
    inside = Growth(2, 2)
    assert owed_after(position, inside) == (6, 6)
    assert owed_after(in_pool, inside) == (4, 1)
    assert collectable(position, in_pool, inside) == (4, 1)


def test_collecting_for_a_position_without_liquidity_does_not_make_the_pool_count() -> None:
    """The manager asks the pool to count only where the position still has liquidity."""
    position = Account(0, Growth(0, 0), (Units(50), Units(2)))
    in_pool = Account(2**127, Growth(0, 0), (Units(9), Units(9)))
    assert collectable(position, in_pool, Growth(64, 64)) == (9, 2)


def test_nothing_owed_and_nothing_grown_is_nothing() -> None:
    """A position that was just opened has earned nothing."""
    fresh = Account(10**18, Growth(5, 6), NOTHING)
    assert collectable(fresh, fresh, Growth(5, 6)) == NOTHING
