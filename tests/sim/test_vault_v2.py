"""A simulated Vault V2: the same adapter reads it and moves money in it, through both kinds of adapter."""

from __future__ import annotations

import dataclasses

import pytest

from mammon.core.address import checksummed
from mammon.core.curves import VaultV2Curve
from mammon.core.fixed import SECONDS_PER_YEAR, WAD
from mammon.core.numbers import Units, Wad
from mammon.core.types import Address, All, Call, Market, MarketId
from mammon.protocols.registry import VENUES
from mammon.sim import addresses as at
from mammon.sim.chainfile import USDC
from mammon.sim.contracts.erc20 import UNLIMITED
from mammon.sim.contracts.machine import Contract, Frame
from mammon.sim.contracts.multicall import Multicall3
from mammon.sim.contracts.vault_v2 import (
    InnerVaultAdapter,
    MarketAdapter,
    VaultFactory,
    VaultV2,
    VaultV2Terms,
)
from mammon.sim.genesis import CAPITAL
from mammon.sim.processes import EPOCH_BLOCKS, FIRST_BLOCK
from mammon.sim.world import SimWorld
from tests.protocols.fakes import calldata
from tests.sim.lab import Lab, RpcRefusalError, succeeded

MILLION = 10**12
AMOUNT = 10_000_000_000


def place(number: int) -> Address:
    return checksummed(f"0x{0x5EC0D0000 + number:040x}")


FACTORY, LENDER, HOLDER = place(1), place(2), place(3)
SLUGS = {"v2-market": place(4), "v2-inner": place(5)}
TERMS = VaultV2Terms(
    name="Test V2",
    symbol="tV2",
    performance_fee=Wad(WAD // 10),
    management_fee=Wad(WAD // 500 // SECONDS_PER_YEAR),
    max_rate=Wad(2 * WAD // SECONDS_PER_YEAR),
    absolute_cap=60 * MILLION,
    relative_cap=Wad(WAD),
    penalty=Wad(WAD // 100),
    liquidity=(0, 1),
)


class V2Lab(Lab):
    """The world with two vaults: one lends in two markets, one holds shares of a MetaMorpho vault."""

    def __init__(self, seed: int = 42, capital: Units = CAPITAL, **changes: object) -> None:
        super().__init__(world=SimWorld(seed, capital))
        deployed = self.chain.deployed
        lender = MarketAdapter(LENDER, deployed.morpho, deployed.markets[:2])
        holder = InnerVaultAdapter(HOLDER, deployed.vaults["steakhouse-usdc"][0])
        inner = dataclasses.replace(TERMS, liquidity=(0, 0))
        self.vaults = {
            "v2-market": VaultV2(SLUGS["v2-market"], TERMS, deployed.usdc, (lender,), at.FEE_RECIPIENT),
            "v2-inner": VaultV2(SLUGS["v2-inner"], inner, deployed.usdc, (holder,), at.FEE_RECIPIENT),
        }
        contracts: dict[Address, Contract] = dict(self.chain.contracts)
        added = (lender, holder, VaultFactory(FACTORY, list(SLUGS.values())), *self.vaults.values())
        contracts.update({contract.address: contract for contract in added})
        contracts[at.MULTICALL3] = Multicall3(at.MULTICALL3, contracts)
        self.chain.contracts = contracts
        self.file = dataclasses.replace(self.file, markets=(*self.file.markets, *map(listed, SLUGS)))
        self.chain.intervene(self.chain.head + 1, self._found)
        self.clock.sleep(2)
        for vault in self.vaults.values():  # an empty vault with a relative cap lets nobody in
            vault.terms = dataclasses.replace(vault.terms, **changes)  # type: ignore[arg-type]

    def _found(self, frame: Frame) -> None:
        """Let the crowd put 30M into each vault."""
        usdc = self.chain.deployed.usdc
        for vault in self.vaults.values():
            frame.storage.put(usdc.key("allowance", at.CROWD, vault.address), UNLIMITED)
            vault.enter(frame, at.CROWD, at.CROWD, 30 * MILLION)


def listed(slug: str) -> Market:
    roles = (("factory", FACTORY), ("irm", at.IRM), ("morpho", at.MORPHO), ("multicall3", at.MULTICALL3))
    where = SLUGS[slug]
    return Market(MarketId(at.CHAIN_ID, where, at.USDC), slug, "vault_v2", USDC, where, roles)


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_vaults_rate_after_a_deposit_is_what_the_curve_said(slug: str, seed: int) -> None:
    """Open, with room to its caps; what the curve promised for a deposit is what the vault then pays."""
    lab = V2Lab(seed, Units(20 * MILLION))
    lab.clock.sleep(1000)
    before = lab.state(slug)
    assert (before.closed, before.locked) == ((), ())
    assert before.room is not None
    assert 20 * MILLION < before.room < 31 * MILLION
    assert isinstance(before.curve, VaultV2Curve)
    when = lab.clock.now() - lab.clock.now() % 2 + 2
    assert (lab.chain.head + 1 - FIRST_BLOCK) % EPOCH_BLOCKS, "the crowd would move in between"
    predicted = before.curve.rate_after(5 * MILLION, when)
    assert succeeded(lab.supply(slug, 5 * MILLION))
    after = lab.state(slug)
    assert isinstance(after.curve, VaultV2Curve)
    assert after.curve.rate_after(0, when) == predicted


@pytest.mark.parametrize("slug", SLUGS)
def test_the_steady_reading_is_one_request(slug: str) -> None:
    """The hint holds the whole layout, and stays the same while the layout does."""
    lab = V2Lab()
    cold = lab.state(slug)
    market, venue = lab.market(slug), VENUES["vault_v2"]
    steady = lab.read({slug: venue.read_market(market, cold.hint)})
    assert steady.requests == 1
    assert steady.values[slug] == cold


@pytest.mark.parametrize("slug", SLUGS)
def test_money_goes_in_and_all_of_it_comes_back(slug: str) -> None:
    """Held at once to two units, grown later, gone with its last share; no allowance is left."""
    lab = V2Lab()
    assert succeeded(lab.supply(slug, AMOUNT))
    held = lab.position(slug)
    assert AMOUNT - 2 <= held.assets <= AMOUNT
    lab.clock.sleep(2 * 86_400)
    grown = lab.position(slug)
    assert AMOUNT < grown.assets < AMOUNT * 1_001 // 1_000
    assert lab.withdraw(slug, All(grown.shares))["status"] == "0x1"
    assert grown.assets <= lab.usdc() <= grown.assets + 100
    assert (lab.position(slug).shares, lab.position(slug).assets) == (0, 0)
    assert lab.view(Call(at.USDC, calldata("allowance(address,address)", lab.owner, SLUGS[slug]))) == 0


@pytest.mark.parametrize("slug", SLUGS)
def test_the_predicted_rate_is_earned(slug: str) -> None:
    """Over an epoch, in which the crowd rests, the index grows by what the curve said, to 0.2 %."""
    lab = V2Lab()
    while (lab.chain.head - FIRST_BLOCK) % EPOCH_BLOCKS > 2:  # the crowd moves as an epoch begins
        lab.clock.sleep(2)
    first = lab.state(slug)
    assert isinstance(first.curve, VaultV2Curve)
    due = first.curve.rate_after(0, lab.clock.now())
    elapsed = 2 * (EPOCH_BLOCKS - 10)
    lab.clock.sleep(elapsed)
    earned = (lab.state(slug).index - first.index) * WAD // (first.index * elapsed)
    assert abs(earned - due) <= due // 500


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"absolute_cap": 31 * MILLION}, "4616e4af"), ({"relative_cap": Wad(999 * WAD // 1000)}, "44e1772c")],
)
def test_a_deposit_beyond_a_cap_reverts(changes: dict[str, object], code: str) -> None:
    """The reading says how much fits; what does not fit is refused by the cap's own error."""
    lab = V2Lab(7, Units(20 * MILLION), **changes)
    market, room = lab.market("v2-market"), lab.state("v2-market").room
    assert room is not None
    approve, beyond = VENUES["vault_v2"].supply(market, room + MILLION // 100, lab.owner)
    assert succeeded(lab.mined((approve,)))
    with pytest.raises(RpcRefusalError) as caught:
        lab.view(beyond)
    assert caught.value.data == "0x" + code
    if room > MILLION // 100:
        _, within = VENUES["vault_v2"].supply(market, room - MILLION // 100, lab.owner)
        assert lab.view(within) > 0


def test_max_functions_answer_nothing() -> None:
    """As the real one's do, whatever could go in or out."""
    lab = V2Lab()
    for name in ("maxDeposit", "maxMint", "maxWithdraw", "maxRedeem"):
        assert lab.view(Call(SLUGS["v2-market"], calldata(f"{name}(address)", at.CROWD))) == 0


def test_a_place_beyond_the_lists_reverts() -> None:
    """Adapters and markets are counted from 0."""
    lab = V2Lab()
    for call in (
        Call(SLUGS["v2-market"], calldata("adapters(uint256)", 1)),
        Call(LENDER, calldata("marketIds(uint256)", 1)),
    ):
        with pytest.raises(RpcRefusalError):
            lab.view(call)
    assert lab.view(Call(LENDER, calldata("supplyShares(bytes32)", bytes(32)))) == 0
    assert lab.view(Call(FACTORY, calldata("isVaultV2(address)", LENDER))) == 0
