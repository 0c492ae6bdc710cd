"""Laws of share events: what they say of an owner's shares, and that nothing else is read as one."""

from __future__ import annotations

import dataclasses

import pytest

from mammon.core.fixed import RAY
from mammon.core.types import Address, Hint
from mammon.errors import MalformedError
from mammon.protocols.abi import aave_v3, erc20, morpho
from mammon.protocols.registry import VENUES
from mammon.protocols.shares import (
    MarketShares,
    PrincipalShares,
    ScaledShares,
    ShareMove,
    VaultShares,
    party_places,
)
from mammon.sim.chainfile import chain_file

OWNER = Address("0x000000000000000000000000000000000000dEaD")
OTHER = Address("0x0000000000000000000000000000000000000001")
TOKEN = Address("0x0000000000000000000000000000000000000002")
ZERO = Address("0x0000000000000000000000000000000000000000")
VAULT, SCALED = VaultShares(TOKEN), ScaledShares(TOKEN)
INDEX = RAY * 5 // 4


def party(address: Address) -> bytes:
    return bytes(12) + bytes.fromhex(address[2:])


def words(*values: int) -> bytes:
    return b"".join(value.to_bytes(32, "big") for value in values)


@pytest.mark.parametrize(
    ("sender", "recipient", "shares", "other"),
    [(ZERO, OWNER, 5, ZERO), (OWNER, ZERO, -5, ZERO), (OTHER, OWNER, 5, OTHER), (OWNER, OWNER, 0, OWNER)],
)
def test_vault_shares_are_counted_by_transfers(
    sender: Address, recipient: Address, shares: int, other: Address
) -> None:
    """A transfer gives, takes, or to oneself does nothing; it is exact."""
    topics = (erc20.TRANSFER_TOPIC, party(sender), party(recipient))
    assert VAULT.moved(topics, words(5), OWNER) == ShareMove(shares, 0, other)


@pytest.mark.parametrize(
    ("topic", "first", "second", "value", "interest", "shares", "other"),
    [
        (aave_v3.MINT_TOPIC, OTHER, OWNER, 125, 0, 100, OTHER),
        (aave_v3.MINT_TOPIC, OWNER, OWNER, 130, 5, 100, OWNER),
        (aave_v3.MINT_TOPIC, OWNER, OWNER, 10, 10, 0, OWNER),  # interest noted at a transfer
        (aave_v3.MINT_TOPIC, OWNER, OWNER, 5, 130, -100, OWNER),  # a withdrawal below the interest earned
        (aave_v3.MINT_TOPIC, OWNER, OTHER, 125, 0, 0, OWNER),  # our deposit for somebody else
        (aave_v3.BURN_TOPIC, OWNER, OTHER, 120, 5, -100, OTHER),
        (aave_v3.BURN_TOPIC, OTHER, OWNER, 120, 5, 0, OWNER),  # somebody's withdrawal to us
    ],
)
def test_scaled_balances_are_told_by_mints_and_burns(
    topic: bytes, first: Address, second: Address, value: int, interest: int, shares: int, other: Address
) -> None:
    """What was minted less its interest, or burnt with it, over the index; only the holder's counts."""
    moved = SCALED.moved((topic, party(first), party(second)), words(value, interest, INDEX), OWNER)
    assert moved == ShareMove(shares, 2, other)


def test_scaled_balances_go_from_hand_to_hand() -> None:
    """A balance transfer is in scaled units already, and exact."""
    topics = (aave_v3.BALANCE_TRANSFER_TOPIC, party(OWNER), party(OTHER))
    assert SCALED.moved(topics, words(7, INDEX), OWNER) == ShareMove(-7, 0, OTHER)


@pytest.mark.parametrize(
    ("sender", "recipient", "principal", "other"),
    [(ZERO, OWNER, 1_000_000, ZERO), (OWNER, ZERO, -1_000_000, ZERO), (OTHER, OWNER, 1_000_000, OTHER)],
)
@pytest.mark.parametrize("drift", [9_910, 10_000, 10_090])
def test_a_comets_principal_is_told_within_the_drift_of_its_index(
    sender: Address, recipient: Address, principal: int, other: Address, drift: int
) -> None:
    """Its transfers are present value: at an index nearly a percent off, the slack covers the principal."""
    index = 1_234_567_890_123_456
    topics = (erc20.TRANSFER_TOPIC, party(sender), party(recipient))
    assets = abs(principal) * (index * drift // 10_000) // 10**15
    moved = PrincipalShares(TOKEN, index).moved(topics, words(assets), OWNER)
    assert abs(moved.shares - principal) <= moved.slack <= abs(principal) // 90
    assert moved.other == other
    with pytest.raises(MalformedError):
        PrincipalShares(TOKEN, index).moved((*topics, party(OWNER)), words(assets), OWNER)


@pytest.mark.parametrize(
    ("topics", "data"),
    [
        ((erc20.TRANSFER_TOPIC, party(OTHER), party(OWNER)), words(1)),
        ((aave_v3.MINT_TOPIC, party(OTHER)), words(1, 0, INDEX)),
        ((aave_v3.MINT_TOPIC, party(OTHER), b"\xff" * 32), words(1, 0, INDEX)),
        ((aave_v3.MINT_TOPIC, party(OTHER), party(OWNER)), words(1, 0)),
        ((aave_v3.MINT_TOPIC, party(OTHER), party(OWNER)), words(1, 0, 0)),
        ((aave_v3.BALANCE_TRANSFER_TOPIC, party(OTHER), party(OWNER)), words(1)),
        ((), b""),
    ],
)
def test_anything_else_is_malformed(topics: tuple[bytes, ...], data: bytes) -> None:
    """An event of another kind, or half of one, is refused."""
    with pytest.raises(MalformedError):
        SCALED.moved(topics, data, OWNER)


def test_each_adapter_names_its_share_token() -> None:
    """A vault is its own; an aToken comes from the hint, else from the table, else it is not known."""
    known = chain_file()
    vault, pool = known.market("plain-vault"), known.market("aave-v3")
    assert VENUES["erc4626"].share_token(vault, None) == VaultShares(vault.id.address)
    assert VENUES["aave_v3"].share_token(pool, Hint(("aave_v3", TOKEN, OTHER, OTHER, OTHER))) == SCALED
    table = dict(pool.addresses).get("a_token")
    expected = None if table is None else ScaledShares(table)
    assert VENUES["aave_v3"].share_token(pool, None) == expected
    named = dataclasses.replace(pool, addresses=(("a_token", TOKEN),))
    assert VENUES["aave_v3"].share_token(named, None) == SCALED
    assert VENUES["aave_v3"].share_token(dataclasses.replace(pool, addresses=()), None) is None


# --- one of many markets -------------------------------------------------------------------------

MARKET, ANOTHER = b"\1" * 32, b"\2" * 32
BLUE = MarketShares(TOKEN, MARKET)
WITHDRAWN = words(1, 7, 5)


@pytest.mark.parametrize(
    ("topics", "data", "move"),
    [
        ((morpho.SUPPLY_TOPIC, MARKET, party(OWNER), party(OWNER)), words(7, 5), ShareMove(5, 0, OWNER)),
        ((morpho.SUPPLY_TOPIC, MARKET, party(OTHER), party(OWNER)), words(7, 5), ShareMove(5, 0, OTHER)),
        ((morpho.SUPPLY_TOPIC, MARKET, party(OWNER), party(OTHER)), words(7, 5), ShareMove(0, 0, OWNER)),
        (
            (morpho.WITHDRAW_TOPIC, MARKET, party(OWNER), party(OTHER)),
            words(1, 7, 5),
            ShareMove(-5, 0, OTHER),
        ),
        ((morpho.WITHDRAW_TOPIC, MARKET, party(OTHER), party(OWNER)), words(1, 7, 5), ShareMove(0, 0, OWNER)),
        ((morpho.SUPPLY_TOPIC, ANOTHER, party(OWNER), party(OWNER)), words(7, 5), None),
        ((morpho.WITHDRAW_TOPIC, ANOTHER, party(OWNER), party(OWNER)), WITHDRAWN, None),
    ],
)
def test_a_markets_shares_are_told_by_supplies_and_withdrawals(
    topics: tuple[bytes, ...], data: bytes, move: ShareMove | None
) -> None:
    """The holder's count, exactly, whoever pays or is paid; another market's count for nothing."""
    assert BLUE.moved(topics, data, OWNER) == move


@pytest.mark.parametrize(
    ("topics", "data"),
    [
        ((erc20.TRANSFER_TOPIC, MARKET, party(OTHER), party(OWNER)), words(7, 5)),
        ((morpho.SUPPLY_TOPIC, MARKET, party(OWNER)), words(7, 5)),
        ((morpho.SUPPLY_TOPIC, MARKET, b"\xff" * 32, party(OWNER)), words(7, 5)),
        ((morpho.SUPPLY_TOPIC, MARKET, party(OWNER), party(OWNER)), words(1, 7, 5)),
        ((morpho.WITHDRAW_TOPIC, ANOTHER, party(OWNER), party(OWNER)), words(7, 5)),
        ((), b""),
    ],
)
def test_half_an_event_of_a_market_is_malformed(topics: tuple[bytes, ...], data: bytes) -> None:
    """Of whichever market it says it is."""
    with pytest.raises(MalformedError):
        BLUE.moved(topics, data, OWNER)


def test_an_owner_may_stand_third_in_a_supply_alone() -> None:
    """A gift names the giver first; no other event that counts has three parties before its data."""
    assert party_places(BLUE.topics) == (1, 2, 3)
    assert party_places((*VAULT.topics, *SCALED.topics)) == (1, 2)
