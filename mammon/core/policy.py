"""Policy: what the owner allows, as one immutable value that every decision carries.

The defaults stand here and nowhere else. Its hash is in every decision and document, so that a
changed threshold cannot pass unnoticed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from mammon.core import canonical
from mammon.core.numbers import Fraction, Seconds, Usd


@dataclass(frozen=True, slots=True)
class Need:
    """Money that must be in the wallet from a moment on."""

    at: int
    """Unix seconds."""
    amount_usdc: Usd
    note: str = ""
    """What it is for, in the owner's words."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds of the gates and the shape of a move."""

    min_apy_gain: Fraction = Fraction(Decimal("0.005"))
    """Least gain in yearly yield, after our own dilution and the cost of the move."""
    min_annual_gain_usd: Usd = Usd(Decimal(10))
    """Least net gain over a year."""
    max_break_even_days: Decimal = Decimal(30)
    """Longest time until the gain has paid the cost; compared exactly, rounded only to show."""
    max_cost_share: Fraction = Fraction(Decimal("0.01"))
    """Highest cost as a share of the amount moved."""
    max_apy: Fraction = Fraction(Decimal("0.60"))
    """A rate above this is a broken reading or a trap, never an opportunity."""
    exit_liquidity_multiple: Decimal = Decimal(3)
    """What could leave the venue now, without our deposit, over what we would hold there."""
    max_pool_share: Fraction = Fraction(Decimal("0.20"))
    """Our largest share of everything supplied to one market."""
    max_data_age_s: Seconds = Seconds(60)
    """Oldest block a decision may rest on."""
    price_margin: Fraction = Fraction(Decimal("0.10"))
    """A price feed is fresh up to its heartbeat plus this share of it."""
    min_price_usd: Usd = Usd(Decimal("0.995"))
    """Lowest price of the asset at which anything is deposited."""
    max_price_usd: Usd = Usd(Decimal("1.005"))
    """Highest price of the asset at which anything is deposited."""
    max_asset_price_gap: Fraction = Fraction(Decimal("0.005"))
    """Furthest that any outside source may put the price of the asset from the chain's feed."""
    max_eth_price_gap: Fraction = Fraction(Decimal("0.05"))
    """Furthest that any outside source may put the price of gas's coin from the chain's feed."""
    min_price_witnesses: int = 0
    """Outside sources that must agree on the price of the asset; 0: none has to speak, none may differ."""
    max_asset_move: Fraction = Fraction(Decimal("0.005"))
    """Largest move of the asset's price within the window before entering rests."""
    max_eth_move: Fraction = Fraction(Decimal("0.10"))
    """Largest move of the price of gas's coin within the window before entering rests."""
    price_window_s: Seconds = Seconds(900)
    """How far apart two readings of a price may lie for their difference to count as one move."""
    price_rest_s: Seconds = Seconds(900)
    """How long after such a move nothing is entered."""
    max_rate_gap: Fraction = Fraction(Decimal("0.25"))
    """Furthest that an outside source may put a venue's rate from our own, as a share of the higher."""
    max_utilisation: Fraction = Fraction(Decimal("0.98"))
    """Largest share of a market that is lent out at which anything enters it."""
    bait_utilisation: Fraction = Fraction(Decimal("0.95"))
    """Largest share lent out at which a rate may have risen with it and still be entered for."""
    max_rate_rise: Fraction = Fraction(Decimal("0.50"))
    """How far a rate may stand above what the venue really paid before it must be shown to be healthy."""
    min_history_s: Seconds = Seconds(0)
    """How long a venue must have been read before anything enters it; 0: a first reading is enough."""
    max_earned_gap: Fraction = Fraction(Decimal("0.25"))
    """Largest part of a venue's rate that its index may fail to earn, and it is still entered."""
    sequencer_grace_s: Seconds = Seconds(3600)
    """How long after the sequencer came back its feeds are not trusted yet."""
    cooldown_s: Seconds = Seconds(1800)
    """Least time between two moves."""
    max_moves_per_day: int = 4
    """Moves in any 24 hours."""
    max_gas_usd: Usd = Usd(Decimal("0.50"))
    """Highest cost of any one transaction of a move."""
    max_gas_day_usd: Usd = Usd(Decimal(2))
    """Most that is spent on gas in any 24 hours, this move included."""
    max_transactions_per_hour: int = 12
    """Transactions in any hour, those of this move included."""
    max_total_usd: Usd | None = None
    """Most that may be deposited in all venues together; unset: no ceiling but the phase's."""
    max_venue_share: Fraction = Fraction(Decimal(1))
    """Largest share of the account's money in one venue; 1: no limit but the phase's."""
    venue_share_above_usd: Usd = Usd(Decimal(1000))
    """Up to this much money in all, the share in one venue is not limited."""
    tier_share_above_usd: Usd = Usd(Decimal(25_000))
    """Up to this much money in all, a venue's tier limits no share of it, only dollars."""
    max_shared_share: Fraction = Fraction(Decimal(1))
    """Largest share of the account's money behind one family, curator or collateral; 1: no limit."""
    max_concentration: Fraction = Fraction(Decimal(1))
    """Most that the squares of the venues' shares may add up to: 0.5 is two venues evenly; 1: no limit."""
    risk_premium: Fraction = Fraction(Decimal(0))
    """Yield that a venue of the lowest score must pay beyond one of the highest; 0: none."""
    max_cycle_share: Fraction = Fraction(Decimal(1))
    """Largest share of the account's money moved at once; larger plans are carried out in parts."""
    cycle_share_above_usd: Usd = Usd(Decimal(1000))
    """Up to this much money in all, the share moved at once is not limited."""
    keep_liquid_usdc: Usd = Usd(Decimal(0))
    """Kept in the wallet, never deposited."""
    needs: tuple[Need, ...] = ()
    """Sums that must be in the wallet at a time, beside what is kept liquid: [[needs]] tables."""
    needs_notice_s: Seconds = Seconds(86_400)
    """How long before a need falls due its money is kept, and brought home where it is missing."""
    deploy_after_s: Seconds = Seconds(3600)
    """How long what came into the wallet from outside is left there before it may be deposited."""
    on_danger: Literal["exit", "alert"] = "exit"
    """What a danger to money in a venue leads to: `exit` brings it to safety, `alert` only tells of it."""
    haven: tuple[str, ...] = ()
    """Slugs of venues that money in danger may go to, the first that lets it in; none: to the wallet."""
    danger_liquidity_multiple: Decimal = Decimal(2)
    """Falling liquidity is a danger below so many times what we hold; keep it under the one for entering."""
    reward_haircut: Fraction = Fraction(Decimal("0.5"))
    """What a reward is worth less than its token's price says: the way to a sale is long."""
    reward_share: Fraction = Fraction(Decimal(0))
    """Share of what reward programmes pay, after the haircut, that counts as yield in decisions; 0: none."""
    min_claim_multiple: Decimal = Decimal(5)
    """A claim must be worth, after the haircut, at least so many times what it costs."""
    split: bool = False
    """Hold money in several venues, where that earns more after cost; false: in the best one."""
    split_tranche_usd: Usd = Usd(Decimal(100))
    """Least that a split changes what a venue holds by."""
    execution_delay_s: Seconds = Seconds(10)
    """How long after the block just read the deposit is expected to be mined."""

    @property
    def hash(self) -> str:
        """The policy's identity: sha256 of its canonical bytes, as 64 hexadecimal digits."""
        return hashlib.sha256(canonical.dumps(self)).hexdigest()
