"""Morpho Vault V2: adapters, caps by id, gates, and `max*` functions that are never asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_abi import encode
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.core.curves import VaultV2Curve
from mammon.core.curves.vault_v2 import Cap, Liquidity
from mammon.core.curves.vault_v2_adapters import AdapterMarket, MarketAdapter, VaultAdapter
from mammon.core.fixed import RAY, WAD
from mammon.core.types import All, Call, Hint, MarketState
from mammon.errors import MalformedError, MammonError
from mammon.protocols.shares import VaultShares
from tests.protocols.fakes import NOW, OWNER, USDC, ZERO, account, base_evm, calldata, garbled
from tests.protocols.fakes_vault_v2 import (
    GATES,
    HOLDER,
    INNER,
    LENDER,
    MARKET,
    MILLION,
    STRANGE,
    V2,
    VAULT,
    VENUE,
    Vault,
    over_inner,
    state,
)
from tests.protocols.fakes_vaults import (
    FIRST,
    META,
    MORPHO,
    OTHER_IRM,
    SECOND,
    UNIT,
    changed,
)
from tests.protocols.reads_metamorpho import in_curve

FOUND = state()
HINT = FOUND.hint


def curve(vault: Vault) -> VaultV2Curve:
    found = state(vault).curve
    assert isinstance(found, VaultV2Curve)
    return found


# --- reading -------------------------------------------------------------------------------------


def test_a_vault_is_read_whole() -> None:
    """Idle money, what each adapter holds and where, the caps before the liquidity adapter."""
    inner = curve(VAULT).adapters[1]
    assert isinstance(inner, VaultAdapter)
    assert inner.curve.markets == (in_curve(SECOND),)
    booked = Cap(50 * MILLION, 60 * MILLION, WAD)
    assert FOUND.curve == VaultV2Curve(
        stored_assets=VAULT.total,
        updated_at=NOW,
        max_rate=2 * WAD // 31_536_000,
        performance_fee=WAD // 10,
        management_fee=0,
        total_shares=VAULT.total * UNIT,
        decimals_offset=12,
        idle=20 * MILLION,
        adapters=(
            MarketAdapter((AdapterMarket(in_curve(FIRST).market, 50 * MILLION * 10**6),), WAD // 100),
            VaultAdapter(inner.curve, 10 * MILLION * UNIT, True, WAD // 100),
        ),
        liquidity=Liquidity(0, 0, 50 * MILLION, (booked,) * 3),
    )
    assert (FOUND.supplied, FOUND.borrowed, FOUND.index) == (VAULT.total, None, RAY)
    assert FOUND.withdrawable == 20 * MILLION + FIRST.supply - FIRST.borrow
    assert FOUND.room is not None
    assert 0 <= FOUND.room - 10 * MILLION <= 2
    assert (FOUND.closed, FOUND.locked, FOUND.evidence) == ((), (), ())


def test_the_max_functions_are_never_asked() -> None:
    """They always answer 0: whoever reads them finds a vault that is full and empty."""
    evm = VAULT.into(base_evm())
    for hint in (None, HINT):
        evm.run(VENUE.read_market(MARKET, hint))
        asked = {call.data[:4] for calls in evm.rounds for call in calls if call.target == V2}
        names = ("maxDeposit", "maxMint", "maxWithdraw", "maxRedeem")
        assert not asked & {calldata(f"{name}(address)", OWNER)[:4] for name in names}


def test_liquidity_in_an_inner_vault_is_its_own() -> None:
    """Caps of one id, room within the inner vault's caps, and what that can pay back."""
    found = state(over_inner())
    assert isinstance(found.curve, VaultV2Curve)
    assert found.curve.liquidity == Liquidity(1, 0, VAULT.worth[HOLDER], (found.curve.liquidity.caps[0],))  # type: ignore[union-attr]
    assert found.withdrawable == 20 * MILLION + min(VAULT.worth[HOLDER], SECOND.supply - SECOND.borrow)
    assert found.room is not None
    assert 49 * MILLION < found.room <= 50 * MILLION
    tight = replace(INNER, supply_queue=(changed(SECOND, cap=SECOND.held + 5),))
    tight = replace(tight, withdraw_queue=tight.supply_queue)
    small = state(over_inner(inner=tight)).room
    assert small is not None
    assert small <= 5


def test_without_a_liquidity_adapter_deposits_stay_idle() -> None:
    """Nothing caps them, and what is idle is all that can leave."""
    found = state(replace(VAULT, liquidity=ZERO, data=b""))
    assert (found.room, found.closed) == (None, ())
    assert found.withdrawable == 20 * MILLION


def test_a_relative_cap_is_of_the_total_before() -> None:
    """Half of everything for a market that has more: nothing goes in."""
    assert state(replace(VAULT, relative=WAD // 2)).closed == ("cap_full",)
    wide = state(replace(VAULT, relative=WAD * 7 // 10)).room
    assert wide is not None
    assert 0 <= wide - (VAULT.total * 7 // 10 - 50 * MILLION) <= 2


def test_what_could_leave_is_bounded_by_what_the_singleton_holds() -> None:
    """Inside a flash loan Morpho itself may hold less than its books say; idle money is the vault's."""
    evm = VAULT.into(base_evm())
    evm.put(USDC, "balanceOf(address)", MORPHO, gives=(5,))
    assert evm.run(VENUE.read_market(MARKET, None)).withdrawable == 20 * MILLION + 5


def test_a_market_that_deposits_go_to_may_hold_nothing_yet() -> None:
    """It is not among the adapter's markets, and its cap is what counts."""
    fresh = replace(VAULT, lent={FIRST: 50 * MILLION, SECOND: 0}, data=encode([_P], [SECOND.params]))
    found = state(fresh)
    assert isinstance(found.curve, VaultV2Curve)
    assert found.curve.liquidity is not None
    assert (found.curve.liquidity.place, found.curve.liquidity.allocation) == (1, 0)
    assert found.withdrawable == 20 * MILLION


_P = "(address,address,address,address,uint256)"


def test_what_stands_behind_it_is_told_by_collateral() -> None:
    """What is lent in markets, and of an inner vault its part; idle money stands behind nothing."""
    assert FOUND.backing is not None
    behind = dict(FOUND.backing)
    assert behind[FIRST.params[1]] == VAULT.worth[LENDER]
    assert abs(behind[SECOND.params[1]] - VAULT.worth[HOLDER]) <= 2
    assert set(behind) == {FIRST.params[1], SECOND.params[1]}
    fresh = replace(VAULT, lent={FIRST: 50 * MILLION, SECOND: 0}, data=encode([_P], [SECOND.params]))
    assert state(fresh).backing == FOUND.backing


def test_signs_of_an_inner_vault_are_ours() -> None:
    """A cap about to be raised there lets more of our money go there."""
    evm = VAULT.into(base_evm())
    evm.put(META, "pendingCap(bytes32)", SECOND.identity, gives=(SECOND.cap + 1, NOW))
    assert evm.run(VENUE.read_market(MARKET, None)).signs == ("pending_cap",)
    assert FOUND.signs == ()


# --- rounds and hints ----------------------------------------------------------------------------


def rounds(vault: Vault, hint: Hint | None) -> int:
    evm = vault.into(base_evm())
    found = evm.run(VENUE.read_market(MARKET, hint))
    assert found == state(vault)
    return len(evm.rounds)


@pytest.mark.parametrize(
    "vault",
    [
        VAULT,
        over_inner(),
        replace(VAULT, adapters=(LENDER,)),
        replace(VAULT, adapters=(LENDER, HOLDER, STRANGE)),
    ],
)
def test_the_steady_state_is_one_round(vault: Vault) -> None:
    """The inner vault's markets included; and the hint stays the same."""
    hint = state(vault).hint
    assert rounds(vault, hint) == 1
    assert state(vault, hint).hint == hint


def test_a_cold_read_learns_the_layout_first() -> None:
    """Shape, adapters, kinds, markets, parameters; then the vault with the inner vault's own three."""
    assert rounds(VAULT, None) == 5 + 3


@pytest.mark.parametrize(
    "vault",
    [
        replace(VAULT, adapters=(LENDER,)),
        replace(VAULT, adapters=(HOLDER, LENDER)),
        replace(VAULT, adapters=(LENDER, HOLDER, STRANGE)),
        replace(VAULT, lent={FIRST: 40 * MILLION, SECOND: 10 * MILLION}),
        replace(VAULT, lent={SECOND: 10 * MILLION}, data=encode([_P], [SECOND.params])),
        over_inner(),
    ],
)
def test_a_layout_that_changed_is_learnt_anew(vault: Vault) -> None:
    """Whatever it was that changed: the result is that of a cold read."""
    assert rounds(vault, HINT) > 1


def test_an_inner_vault_that_was_replaced_is_noticed() -> None:
    """The adapter at the same address now holds another vault's shares."""
    assert HINT is not None
    lie = (*HINT.items[:3], HINT.items[3].replace(META, account(0xBAD)))
    assert rounds(VAULT, Hint(lie)) > 1


@pytest.mark.parametrize(
    "items",
    [
        (),
        ("vault_v2",),
        ("metamorpho", "", "x"),
        ("vault_v2", "nonsense"),
        ("vault_v2", "", "nonsense"),
        ("vault_v2", "", f"others;{LENDER}"),
        ("vault_v2", "", f"other;{LENDER};more"),
        ("vault_v2", "", f"vault;{HOLDER}"),
        ("vault_v2", "", f"vault;{HOLDER};0x12"),
        ("vault_v2", "", f"markets;{LENDER};x"),
        ("vault_v2", "", ";".join(("markets", LENDER, *(["x"] * 31)))),
        ("vault_v2", "", *([f"other;{LENDER}"] * 11)),
    ],
)
def test_a_hint_that_is_not_one_is_ignored(items: tuple[str, ...]) -> None:
    """As if never read."""
    assert rounds(VAULT, Hint(items)) == 8


# --- doors, losses, strangers --------------------------------------------------------------------


@pytest.mark.parametrize("gate", GATES)
def test_a_gate_that_stops_strangers_closes_the_vault(gate: str) -> None:
    """Also one before the way out: who cannot leave does not enter."""
    found = state(replace(VAULT, shut=(gate,)))
    assert found.closed == ("gated",)
    assert found.room == 0
    assert found.locked == (("gated",) if gate in ("canSendShares", "canReceiveAssets") else ())


def test_an_adapter_of_an_unknown_kind_closes_the_vault_but_not_the_way_out() -> None:
    """What it holds cannot be told: no curve, no deposit; what is idle and liquid is still known."""
    found = state(replace(VAULT, adapters=(LENDER, HOLDER, STRANGE)))
    assert (found.curve, found.closed, found.room) == (None, ("unknown_adapter",), 0)
    assert found.withdrawable == FOUND.withdrawable


@pytest.mark.parametrize("view", ["adaptiveCurveIrm()", "morpho()"])
def test_a_market_adapter_under_another_model_is_unknown(view: str) -> None:
    """Its interest cannot be told, and what it could give back neither."""
    evm = VAULT.into(base_evm())
    evm.put(LENDER, view, gives=(OTHER_IRM,))
    found = evm.run(VENUE.read_market(MARKET, None))
    assert found.closed == ("unknown_adapter",)
    assert found.withdrawable == 20 * MILLION


def test_an_inner_vault_that_cannot_be_told_makes_its_adapter_unknown() -> None:
    """Its formula and the chain differ: no curve of it, none of the vault."""
    off = replace(INNER, extra={"totalAssets()": INNER.total_assets + 10**9})
    assert state(replace(VAULT, inner=off)).closed == ("unknown_adapter",)


@pytest.mark.parametrize(
    "vault",
    [
        replace(VAULT, liquidity=STRANGE),
        replace(VAULT, data=b""),
        replace(VAULT, data=b"\0" * 160),
        replace(VAULT, data=encode([_P], [(USDC, *FIRST.params[1:3], OTHER_IRM, FIRST.params[4])])),
        replace(over_inner(), data=b"\1"),
    ],
)
def test_liquidity_that_leads_nowhere_known_closes_the_vault(vault: Vault) -> None:
    """A deposit would revert, or go who knows where."""
    found = state(vault)
    assert (found.curve, found.closed) == (None, ("unknown_adapter",))
    assert found.withdrawable == 20 * MILLION


@pytest.mark.parametrize("where", ["vault", LENDER, HOLDER])
def test_a_total_that_contradicts_the_formula_closes_the_vault(where: str) -> None:
    """The vault's own, or an adapter's: by more than rounding, it is not the contract that we know."""
    evm = VAULT.into(base_evm())
    if where == "vault":
        evm.put(V2, "totalAssets()", gives=(VAULT.total - 10**9,))
    else:
        real = VAULT.worth[where]  # type: ignore[index]
        evm.put(where, "realAssets()", gives=(real + 10**9,))  # type: ignore[arg-type]
    found = evm.run(VENUE.read_market(MARKET, None))
    assert (found.curve, found.closed) == (None, ("model_mismatch",))
    assert found.withdrawable > 20 * MILLION


def test_a_loss_not_booked_yet_is_evidence() -> None:
    """The price falls with the next touch: the vault still remembers more than there is."""
    evm = VAULT.into(base_evm())
    evm.put(V2, "_totalAssets()", gives=(VAULT.total + MILLION,))
    found = evm.run(VENUE.read_market(MARKET, None))
    assert found.evidence == (("loss", MILLION),)


def test_lost_assets_of_an_inner_vault_are_ours_in_part() -> None:
    """What V1.1 keeps in its price: closed, and our share of it is evidence."""
    lossy = replace(INNER, lost=3 * MILLION)
    found = state(replace(VAULT, inner=lossy))
    assert found.closed == ("lost_assets",)
    ((name, lost),) = found.evidence
    vault = replace(VAULT, inner=lossy)
    assert name == "lost_assets"
    assert lost == 3 * MILLION * vault.worth[HOLDER] // lossy.total_assets


def test_an_inner_vault_of_which_we_hold_nothing_of_note_alarms_nobody() -> None:
    """A millionth of its loss is dust here; that it is lossy still closes the door."""
    lossy = replace(INNER, lost=3 * MILLION)
    found = state(replace(VAULT, inner=lossy, held=1))
    assert (found.closed, found.evidence) == (("lost_assets",), ())


def test_an_adapter_nothing_is_allocated_to_counts_for_nothing() -> None:
    """Shares that were given to it are not the vault's until it is touched."""
    evm = replace(VAULT, extra={}).into(base_evm())
    from tests.protocols.fakes_vault_v2 import ids

    evm.put(V2, "allocation(bytes32)", ids(HOLDER, None)[0], gives=(0,))
    evm.put(HOLDER, "realAssets()", gives=(0,))
    total = VAULT.total - VAULT.worth[HOLDER]
    for view in ("totalAssets()", "_totalAssets()"):
        evm.put(V2, view, gives=(total,))
    found = evm.run(VENUE.read_market(MARKET, None))
    assert found.closed == ()
    assert isinstance(found.curve, VaultV2Curve)
    assert found.curve.adapters[1].counted is False  # type: ignore[union-attr]


# --- identity and garbage ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vault", "code"),
    [
        (replace(VAULT, made_here=False), "factory"),
        (replace(VAULT, extra={"asset()": account(0xBAD)}), "asset"),
        (replace(VAULT, extra={"decimals()": 6}), "decimals"),
        (replace(VAULT, extra={"lastUpdate()": NOW + 1}), "vault"),
        (replace(VAULT, extra={"performanceFee()": WAD + 1}), "vault"),
        (replace(VAULT, extra={"managementFee()": WAD + 1}), "vault"),
        (replace(VAULT, extra={"managementFee()": WAD // 100, "lastUpdate()": NOW - 101}), "vault"),
        (replace(VAULT, extra={"adaptersLength()": 11}), "layout"),
        (replace(VAULT, lent={FIRST: FIRST.supply + 10}), "market"),
    ],
)
def test_a_vault_that_is_not_what_it_should_be_is_not_read(vault: Vault, code: str) -> None:
    """Named by its code, with a hint and without."""
    for hint in (None, HINT):
        with pytest.raises(MalformedError) as caught:
            state(vault, hint)
        assert caught.value.code == code


def test_a_list_of_markets_beyond_any_adapters_is_refused() -> None:
    """Before a single entry is asked for."""
    evm = VAULT.into(base_evm())
    evm.put(LENDER, "marketIdsLength()", gives=(31,))
    with pytest.raises(MalformedError):
        evm.run(VENUE.read_market(MARKET, None))


def test_shares_worth_nothing_are_refused() -> None:
    """An index of zero tells no growth."""
    evm = VAULT.into(base_evm())
    evm.put(V2, "convertToAssets(uint256)", 10**39, gives=(0,))
    with pytest.raises(MalformedError) as caught:
        evm.run(VENUE.read_market(MARKET, None))
    assert caught.value.code == "index"


@pytest.mark.parametrize("role", ["factory", "irm", "morpho"])
def test_a_market_without_its_addresses_is_not_read(role: str) -> None:
    """A market built by hand may lack what the loader asks for."""
    short = replace(MARKET, addresses=tuple(entry for entry in MARKET.addresses if entry[0] != role))
    with pytest.raises(MalformedError, match=role):
        VAULT.into(base_evm()).run(VENUE.read_market(short, None))


@pytest.mark.parametrize("kind", ["empty", "short", "long", "dirty"])
def test_garbled_return_data_never_becomes_an_open_vault_with_other_figures(kind: str) -> None:
    """One answer at a time goes wrong: refused, closed, or (where any number can be right) another figure."""
    sound = state()
    for key in list(VAULT.into(base_evm()).answers):
        evm = VAULT.into(base_evm())
        evm.answers[key] = garbled(evm.answers[key])[kind]
        try:
            found = evm.run(VENUE.read_market(MARKET, HINT))
        except MammonError:
            continue
        assert kind == "dirty" or found == sound or found.closed, key


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_the_chain_answers_a_read_ends_in_a_state_or_in_our_error(data: st.DataObject) -> None:
    """No answer makes a read raise what the reader does not know."""
    evm = VAULT.into(base_evm())
    for key in data.draw(st.lists(st.sampled_from(sorted(evm.answers)), min_size=1, max_size=4, unique=True)):
        count = len(evm.answers[key]) // 32
        word = st.one_of(st.integers(0, 3), st.integers(0, 2**256 - 1), st.integers(0, 2**100))
        drawn = data.draw(st.lists(word, min_size=count, max_size=count))
        evm.answers[key] = b"".join(value.to_bytes(32, "big") for value in drawn)
    try:
        found = evm.run(VENUE.read_market(MARKET, data.draw(st.sampled_from([None, HINT]))))
    except MammonError:
        return
    assert isinstance(found, MarketState)
    assert found.withdrawable >= 0
    assert found.room is None or found.room >= 0


# --- positions and calls -------------------------------------------------------------------------


def test_positions_calls_and_shares_are_those_of_any_vault() -> None:
    """Shares worth what the vault says; everything is a redemption; the vault is its own share token."""
    evm = VAULT.into(base_evm())
    evm.put(V2, "balanceOf(address)", OWNER, gives=(10**18,))
    evm.put(V2, "convertToAssets(uint256)", 10**18, gives=(1_000_000,))
    assert evm.run(VENUE.read_position(MARKET, OWNER)).assets == 1_000_000
    assert VENUE.share_token(MARKET, None) == VaultShares(V2)
    assert VENUE.supply(MARKET, 5, OWNER)[1] == Call(V2, calldata("deposit(uint256,address)", 5, OWNER))
    assert VENUE.withdraw(MARKET, All(10**18), OWNER) == (
        Call(V2, calldata("redeem(uint256,address,address)", 10**18, OWNER, OWNER)),
    )
