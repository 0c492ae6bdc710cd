"""MetaMorpho: queues, caps, losses, and a hint that holds the whole layout."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mammon.core.curves import MetaMorphoCurve
from mammon.core.fixed import RAY
from mammon.core.types import Address, Hint
from mammon.errors import MalformedError
from tests.protocols.fakes import (
    NOW,
    ZERO,
    account,
    base_evm,
)
from tests.protocols.fakes_vaults import (
    FIRST,
    IDLE,
    IRM,
    META,
    MORPHO,
    OTHER_IRM,
    SECOND,
    BlueMarket,
    MetaVault,
    changed,
)
from tests.protocols.reads_metamorpho import HINT, MARKET, VAULT, VENUE, curve, in_curve, state


def test_a_vault_is_read_whole() -> None:
    """Markets in the order of the withdraw queue; what could leave is what they could pay."""
    found = state(VAULT)
    assert found.curve == MetaMorphoCurve(
        version="1.0",
        markets=(in_curve(SECOND), in_curve(FIRST), in_curve(IDLE)),
        supply_queue=(1, 0),
        fee=10**17,
        total_shares=VAULT.total_shares,
        last_total_assets=VAULT.total_assets,
        decimals_offset=12,
    )
    assert found.supplied == VAULT.total_assets
    assert found.borrowed is None
    assert found.withdrawable == 10_000_000_000_000 + 6_000_000_000_000 + IDLE.held
    assert found.room == 30_000_000_000_000 + 50_000_000_000_000
    assert found.index == RAY
    assert (found.closed, found.locked, found.evidence) == ((), (), ())
    lent = [(entry.params[1], entry.vault_assets) for entry in (FIRST, SECOND)]
    assert found.backing == tuple(sorted(lent))


class OtherOracle(BlueMarket):
    """A market against the collateral of the first, by another oracle."""

    @property
    def params(self) -> tuple[Address, Address, Address, Address, int]:
        """What defines the market."""
        loan, _, oracle, irm, lltv = super().params
        return loan, FIRST.params[1], oracle, irm, lltv


def test_what_backs_a_vault_is_by_collateral() -> None:
    """Markets against one collateral count together; idle money and empty markets stand behind none."""
    twin, empty = OtherOracle(8, vault_assets=7_000_000), changed(SECOND, vault_assets=0)
    found = state(replace(VAULT, supply_queue=(FIRST,), withdraw_queue=(twin, empty, FIRST, IDLE)))
    assert found.backing == ((FIRST.params[1], FIRST.vault_assets + 7_000_000),)


def test_what_backs_a_vault_that_is_not_understood_is_not_known() -> None:
    """Where the formula does not hold, nothing it would say is told."""
    strange = changed(FIRST, irm=OTHER_IRM)
    assert state(replace(VAULT, supply_queue=(strange,), withdraw_queue=(strange, IDLE))).backing is None


# --- rounds and hints ---------------------------------------------------------------------------


def rounds(vault: MetaVault, hint: Hint | None) -> int:
    evm = vault.into(base_evm())
    found = evm.run(VENUE.read_market(MARKET, hint))
    assert found == state(vault)
    assert found.hint == Hint(vault.hint)
    return len(evm.rounds)


def test_the_steady_state_is_one_round() -> None:
    """With the layout of the last read everything goes out at once; the hint stays the same."""
    assert rounds(VAULT, HINT) == 1


def test_a_cold_read_takes_three_rounds() -> None:
    """The vault, its queues, their markets."""
    assert rounds(VAULT, None) == 3


def test_a_new_market_in_the_queue_costs_one_more_round() -> None:
    """Same length, another market: what the queue names in this round counts."""
    third = BlueMarket(7, vault_assets=1_000_000)
    assert rounds(replace(VAULT, withdraw_queue=(SECOND, FIRST, third)), HINT) == 2


def test_a_longer_queue_is_read_again_whole() -> None:
    """Its entries, then the market that is new."""
    third = BlueMarket(7, vault_assets=1_000_000)
    assert rounds(replace(VAULT, withdraw_queue=(SECOND, FIRST, IDLE, third)), HINT) == 3


def test_a_shorter_queue_costs_one_more_round() -> None:
    """Entries that are gone revert, which is no error; their markets are left out."""
    assert rounds(replace(VAULT, withdraw_queue=(SECOND, FIRST)), HINT) == 2


def test_another_order_costs_nothing() -> None:
    """Order changes the curve, not what must be asked."""
    turned = replace(VAULT, supply_queue=(SECOND, FIRST), withdraw_queue=(IDLE, FIRST, SECOND))
    evm = turned.into(base_evm())
    found = evm.run(VENUE.read_market(MARKET, HINT))
    assert len(evm.rounds) == 1
    assert found.curve == curve(turned)


def test_everything_a_hint_leads_to_may_fail() -> None:
    """Queue entries and markets from memory are optional calls."""
    evm = VAULT.into(base_evm())
    evm.run(VENUE.read_market(MARKET, HINT))
    remembered = [call for call in evm.rounds[0] if call.target in (MORPHO, IRM)]
    assert remembered
    assert all(call.optional for call in remembered)


def test_parameters_are_trusted_once_they_hash_to_the_id() -> None:
    """A hint with a changed oracle is another market: the chain is asked, the result the same."""
    lie = VAULT.hint[3].split(",")
    lie[1] = account(0xBAD)
    assert rounds(VAULT, Hint((*VAULT.hint[:3], ",".join(lie), *VAULT.hint[4:]))) == 2


def test_parameters_from_the_chain_must_hash_to_the_id_too() -> None:
    """A singleton that answers with another market's parameters is not believed."""
    evm = VAULT.into(base_evm())
    evm.put(MORPHO, "idToMarketParams(bytes32)", FIRST.identity, gives=SECOND.params)
    with pytest.raises(MalformedError) as caught:
        evm.run(VENUE.read_market(MARKET, None))
    assert caught.value.code == "market_id"


def test_a_market_that_does_not_exist_has_no_parameters() -> None:
    """Zeros do not hash to its id."""
    evm = VAULT.into(base_evm())
    evm.put(MORPHO, "idToMarketParams(bytes32)", FIRST.identity, gives=(ZERO, ZERO, ZERO, ZERO, 0))
    with pytest.raises(MalformedError) as caught:
        evm.run(VENUE.read_market(MARKET, None))
    assert caught.value.code == "market_id"


@pytest.mark.parametrize(
    "items",
    [
        (),
        ("metamorpho",),
        ("metamorpho", "2"),
        ("aave_v3", *VAULT.hint[1:]),
        ("metamorpho", "2", "x", *VAULT.hint[3:]),
        ("metamorpho", "2", "31", *VAULT.hint[3:]),
        ("metamorpho", "2", "3", "nonsense"),
        ("metamorpho", "2", "3", f"{ZERO},{ZERO},{ZERO}"),
        ("metamorpho", "2", "3", f"{ZERO},{ZERO},{ZERO},-1"),
        ("metamorpho", "2", "3", f"{ZERO},{ZERO},{ZERO},{'9' * 30}"),
        ("metamorpho", "2", "3", f"{ZERO},{ZERO},0x12,1"),
        (*VAULT.hint, *("x",) * 70),
    ],
)
def test_a_hint_that_is_not_one_is_ignored(items: tuple[str, ...]) -> None:
    """As if never read."""
    assert rounds(VAULT, Hint(items)) == 3


# --- queues -------------------------------------------------------------------------------------


def test_a_market_queued_twice_takes_its_cap_once() -> None:
    """`maxDeposit` would count it twice: a deposit of that would revert."""
    twice = replace(VAULT, supply_queue=(FIRST, FIRST, SECOND))
    assert state(twice).room == state(VAULT).room
    assert curve(twice).supply_queue == (1, 1, 0)


def test_a_market_that_takes_no_more_may_be_left_in_the_supply_queue() -> None:
    """Its cap is zero and it has left the withdraw queue: skipped, as the vault skips it."""
    gone = BlueMarket(9, vault_assets=0, cap=0)
    assert curve(replace(VAULT, supply_queue=(gone, FIRST, SECOND))).supply_queue == (1, 0)


def test_a_market_that_takes_deposits_must_be_in_the_withdraw_queue() -> None:
    """A vault that breaks its own rule is not one we know."""
    stray = BlueMarket(9, vault_assets=0)
    with pytest.raises(MalformedError) as caught:
        state(replace(VAULT, supply_queue=(stray,)))
    assert caught.value.code == "queue"


def test_a_withdraw_queue_holds_a_market_once() -> None:
    """Counted twice, its assets would be too."""
    with pytest.raises(MalformedError, match="twice"):
        state(replace(VAULT, withdraw_queue=(FIRST, FIRST, SECOND)))


@pytest.mark.parametrize("name", ["supplyQueueLength()", "withdrawQueueLength()"])
def test_a_queue_longer_than_vaults_allow_is_refused(name: str) -> None:
    """Before a single entry is asked for: a length is not a licence to flood us."""
    evm = VAULT.into(base_evm())
    evm.put(META, name, gives=(31,))
    with pytest.raises(MalformedError) as caught:
        evm.run(VENUE.read_market(MARKET, None))
    assert caught.value.code == "queue"
    assert len(evm.rounds) == 1


def test_an_empty_vault_is_full() -> None:
    """No queue, no room: closed, not an error."""
    empty = MetaVault(supply_queue=(), withdraw_queue=())
    found = state(empty)
    assert (found.closed, found.room, found.withdrawable, found.supplied) == (("cap_full",), 0, 0, 0)


# --- doors and losses ---------------------------------------------------------------------------


def test_full_caps_close_the_vault() -> None:
    """Room is counted from shares rounded up, as the vault does: at the cap nothing is left."""
    full = changed(FIRST, cap=FIRST.held), changed(SECOND, cap=SECOND.held)
    found = state(replace(VAULT, supply_queue=full, withdraw_queue=(full[1], full[0], IDLE)))
    assert (found.closed, found.room, found.locked) == (("cap_full",), 0, ())


def test_what_could_leave_is_bounded_by_what_the_singleton_holds() -> None:
    """Inside a flash loan Morpho itself may hold less than its books say."""
    assert state(replace(VAULT, liquid=5)).withdrawable == 5


def test_lost_assets_close_the_vault_and_are_evidence() -> None:
    """V1.1 keeps a loss in its price: who leaves last bears it."""
    found = state(replace(VAULT, lost=1_000_000_000_000))
    assert isinstance(found.curve, MetaMorphoCurve)
    assert (found.curve.version, found.curve.lost_assets) == ("1.1", 1_000_000_000_000)
    assert found.closed == ("lost_assets",)
    assert found.room == 0
    assert found.evidence == (("lost_assets", 1_000_000_000_000),)


def test_a_loss_not_stored_yet_is_seen() -> None:
    """`lostAssets` moves at the next interaction; the missing sum is there at once."""
    last = VAULT.total_assets + 1_000_000_000_000
    fresh = replace(VAULT, lost=1_000_000_000_000, stored_lost=0, extra={"lastTotalAssets()": last})
    assert state(fresh).evidence == (("lost_assets", 1_000_000_000_000),)


def test_rounding_kept_as_lost_assets_alarms_nobody() -> None:
    """Every deposit into a V1.1 vault may leave a unit there."""
    found = state(replace(VAULT, lost=1_000_000))
    assert (found.closed, found.evidence) == ((), ())
    assert isinstance(found.curve, MetaMorphoCurve)
    assert found.curve.lost_assets == 1_000_000


@pytest.mark.parametrize("lost", [None, 0])
def test_the_version_is_told_by_the_view_for_losses(lost: int | None) -> None:
    """V1.0 has none."""
    assert curve(replace(VAULT, lost=lost)).version == ("1.0" if lost is None else "1.1")


@pytest.mark.parametrize(
    ("pending", "signs"),
    [
        ((FIRST.cap + 1, NOW + 86_400), ("pending_cap",)),
        ((FIRST.cap + 1, NOW - 1), ("pending_cap",)),  # its time has come, and nobody accepted it yet
        ((FIRST.cap, NOW + 86_400), ()),
        ((0, 0), ()),
    ],
)
def test_a_cap_about_to_be_raised_is_a_sign(pending: tuple[int, int], signs: tuple[str, ...]) -> None:
    """Under its timelock everybody may see it, and leave; asked for in the round of everything else."""
    evm = VAULT.into(base_evm())
    evm.put(META, "pendingCap(bytes32)", FIRST.identity, gives=pending)
    found = evm.run(VENUE.read_market(MARKET, HINT))
    assert len(evm.rounds) == 1
    assert found.signs == signs


def test_a_market_under_another_rate_model_closes_the_vault() -> None:
    """Its interest cannot be told: no curve, no deposit; what could leave is still known."""
    foreign = changed(FIRST, irm=OTHER_IRM)
    vault = replace(VAULT, supply_queue=(foreign, SECOND), withdraw_queue=(SECOND, foreign, IDLE))
    found = state(vault)
    assert found.curve is None
    assert found.closed == ("unknown_irm",)
    assert found.room == 0
    assert found.withdrawable == state(VAULT).withdrawable


def test_a_vault_that_contradicts_the_formula_is_closed_but_can_be_left() -> None:
    """Its own total is the proof of our formula."""
    off = replace(VAULT, extra={"totalAssets()": VAULT.total_assets + 10**9})
    found = state(off)
    assert found.curve is None
    assert found.closed == ("model_mismatch",)
    assert found.evidence == ()
    assert found.withdrawable == state(VAULT).withdrawable


def test_interest_up_to_the_block_is_in_the_totals() -> None:
    """Markets nobody touched for an hour accrue by the formula, and the vault's total agrees."""
    idle_hour = [changed(entry, updated_at=NOW - 3600) for entry in (FIRST, SECOND, IDLE)]
    vault = MetaVault(tuple(idle_hour[:2]), tuple(idle_hour))
    probe = MetaMorphoCurve(
        "1.0", tuple(map(in_curve, idle_hour)), (0, 1), 10**17, vault.total_shares, vault.total_assets, 12
    )
    total = probe.total_assets_at(NOW)
    assert total > vault.total_assets
    found = state(replace(vault, extra={"totalAssets()": total}))
    assert found.closed == ()
    assert found.curve == probe
