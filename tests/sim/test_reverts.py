"""Refusals of the simulated contracts, with the error data of the real ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mammon.core import abi
from mammon.core.curves import AaveCurve
from mammon.core.numbers import Units
from mammon.core.types import All, Call
from mammon.protocols.abi import erc20
from mammon.protocols.registry import VENUES
from mammon.sim.contracts.machine import Frame, Key
from tests.sim.lab import SLUGS, Lab, RpcRefusalError, succeeded

REASON = "0x08c379a0"
PANIC = "0x4e487b71"
RICH = Units(10**15)


def calls(lab: Lab, slug: str, amount: int) -> tuple[Call, ...]:
    """Return approval and deposit."""
    return VENUES[lab.market(slug).protocol].supply(lab.market(slug), amount, lab.owner)


def refusal(lab: Lab, call: Call) -> RpcRefusalError:
    """Return the error a call gives when it is tried out, by `eth_call` and by `eth_estimateGas`."""
    plain = {"from": lab.owner, "to": call.target, "data": "0x" + call.data.hex()}
    errors = []
    for method in ("eth_call", "eth_estimateGas"):
        with pytest.raises(RpcRefusalError) as caught:
            lab.ask(method, plain)
        errors.append(caught.value)
    assert [(error.code, error.data) for error in errors] == [(3, errors[0].data)] * 2
    return errors[0]


def switch(lab: Lab, key: Key, value: object) -> None:
    """Change the state of a contract from outside, in the next block."""

    def change(frame: Frame) -> None:
        frame.storage.put(key, value)

    lab.chain.intervene(lab.chain.head + 1, change)
    lab.clock.sleep(2)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_deposit_needs_allowance_and_balance(slug: str) -> None:
    """Without approval, and beyond the balance, the token refuses in words, as USDC does."""
    lab = Lab()
    approve, deposit = calls(lab, slug, 20_000_000_000)
    error = refusal(lab, deposit)
    assert "transfer amount exceeds allowance" in str(error)
    assert str(error.data).startswith(REASON)
    assert succeeded(lab.mined([approve]))
    assert "transfer amount exceeds balance" in str(refusal(lab, deposit))


@pytest.mark.parametrize(
    ("slug", "name", "data"),
    [
        ("aave-v3", "frozen", "0x6d305815"),
        ("aave-v3", "paused", "0xd37f5f1c"),
        ("aave-v3", "inactive", "0x90cd6f24"),
        ("aave-fork", "frozen", "28"),
        ("aave-fork", "paused", "29"),
        ("aave-fork", "inactive", "27"),
    ],
)
def test_a_pools_switches_refuse_deposits_and_show_in_the_state(slug: str, name: str, data: str) -> None:
    """Recent releases refuse with a custom error, early ones with a number; adapters see why."""
    lab = Lab()
    pool, _ = lab.chain.deployed.pools[slug]
    approve, deposit = calls(lab, slug, 1_000_000)
    assert succeeded(lab.mined([approve]))
    switch(lab, pool.key(name), True)
    error = refusal(lab, deposit)
    assert error.data == data if data.startswith("0x") else str(error).endswith(f": {data}")
    state = lab.state(slug)
    assert name in state.closed
    assert (name in state.locked) == (name != "frozen")


@pytest.mark.parametrize("slug", ["aave-v3", "aave-fork"])
def test_the_supply_cap_is_where_the_curve_says(slug: str) -> None:
    """The room the curve sees can be supplied to the last unit, and one unit more is refused."""
    lab = Lab(42, RICH)
    pool, _ = lab.chain.deployed.pools[slug]
    curve, at = lab.state(slug).curve, lab.clock.now() + 1
    assert isinstance(curve, AaveCurve)
    room = curve.room_at(pool.terms.supply_cap * 10**6, at)
    assert room is not None
    statuses = []
    for amount in (room, room + 1):
        plain = [
            {"from": lab.owner, "to": call.target, "data": "0x" + call.data.hex()}
            for call in calls(lab, slug, amount)
        ]
        block = {"blockOverrides": {"time": hex(at)}, "calls": plain}
        told = lab.ask("eth_simulateV1", {"blockStateCalls": [block]})[0]["calls"][1]
        statuses.append(told["status"])
    assert statuses == ["0x1", "0x0"]
    assert ("f58f733a" if slug == "aave-v3" else b"51".hex()) in told["returnData"]


def test_a_vaults_caps_refuse_what_exceeds_them() -> None:
    """A deposit beyond every cap of the supply queue is refused as MetaMorpho does."""
    lab = Lab(42, RICH)
    room = lab.state("gauntlet-usdc").room
    assert room is not None
    approve, deposit = calls(lab, "gauntlet-usdc", room + 10**12)
    assert succeeded(lab.mined([approve]))
    assert refusal(lab, deposit).data == "0xded0652d"


def test_the_plain_vault_can_be_paused() -> None:
    """Paused, it takes nothing and pays nothing, and its adapter says so; the crowd goes on elsewhere."""
    lab = Lab()
    assert succeeded(lab.supply("plain-vault", 5_000_000))
    shares = lab.position("plain-vault").shares
    switch(lab, lab.chain.deployed.plain.key("paused"), True)
    out = VENUES["erc4626"].withdraw(lab.market("plain-vault"), All(shares), lab.owner)[0]
    assert refusal(lab, out).data == "0xd93c0665"
    lab.clock.sleep(86_400)
    state = lab.state("plain-vault")
    assert (state.closed, state.locked, state.withdrawable) == (("paused",), ("paused",), 0)


def test_a_paused_asset_stops_us_and_not_the_world() -> None:
    """When the issuer pauses the asset our transfers revert; the world's time still moves."""
    lab = Lab()
    approve, deposit = calls(lab, "steakhouse-usdc", 1_000_000)
    assert succeeded(lab.mined([approve]))
    switch(lab, lab.chain.deployed.usdc.key("paused"), True)
    assert "paused" in str(refusal(lab, deposit))
    lab.clock.sleep(86_400)
    switch(lab, lab.chain.deployed.usdc.key("paused"), False)
    switch(lab, lab.chain.deployed.usdc.key("blocked", lab.owner), True)
    assert "blacklisted" in str(refusal(lab, deposit))


@pytest.mark.parametrize("slug", ["aave-v3", "aave-fork"])
def test_more_than_is_held_or_there_cannot_leave_a_pool(slug: str) -> None:
    """Beyond the balance and beyond the cash, the pool refuses in its release's way."""
    lab = Lab()
    assert succeeded(lab.supply(slug, 1_000_000_000))
    out = VENUES["aave_v3"].withdraw(lab.market(slug), 2_000_000_000, lab.owner)[0]
    error = refusal(lab, out)
    assert error.data == "0x47bc4b2c" if slug == "aave-v3" else str(error).endswith(": 32")
    pool, _ = lab.chain.deployed.pools[slug]
    reserve = lab.chain.slots[pool.key("reserve")]
    switch(lab, pool.key("reserve"), replace(reserve, available=999))
    out = VENUES["aave_v3"].withdraw(lab.market(slug), 500_000_000, lab.owner)[0]
    error = refusal(lab, out)
    assert str(error.data).startswith(PANIC) if slug == "aave-v3" else "exceeds balance" in str(error)


def test_an_illiquid_vault_refuses_everything_and_pays_the_liquid_part() -> None:
    """When the markets are lent out, redeeming all is refused and what is there can be taken."""
    lab = Lab(42, RICH)
    assert succeeded(lab.supply("gauntlet-usdc", 30_000_000_000_000))
    morpho = lab.chain.deployed.morpho
    for terms in lab.chain.deployed.markets[1:3]:
        market = lab.chain.slots[morpho.key("market", terms.slot)]
        switch(
            lab,
            morpho.key("market", terms.slot),
            replace(market, borrow_assets=market.supply_assets - 10_000_000),
        )
    venue, market = VENUES["metamorpho"], lab.market("gauntlet-usdc")
    shares = lab.position("gauntlet-usdc").shares
    assert refusal(lab, venue.withdraw(market, All(shares), lab.owner)[0]).data == "0x4323a555"
    liquid = lab.state("gauntlet-usdc").withdrawable
    assert 19_000_000 < liquid <= 20_100_000
    before = lab.usdc()
    assert lab.withdraw("gauntlet-usdc", 19_000_000)["status"] == "0x1"
    assert lab.usdc() == before + 19_000_000


def test_vaults_refuse_more_shares_than_are_held() -> None:
    """Redeeming or withdrawing beyond the balance carries the standard's errors."""
    lab = Lab()
    assert succeeded(lab.supply("plain-vault", 1_000_000))
    venue, market = VENUES["erc4626"], lab.market("plain-vault")
    everything = All(lab.position("plain-vault").shares + 1)
    assert str(refusal(lab, venue.withdraw(market, everything, lab.owner)[0]).data).startswith("0xb94abeec")
    too_much = venue.withdraw(market, 2_000_000, lab.owner)[0]
    assert str(refusal(lab, too_much).data).startswith("0xfe9cceec")


def test_malformed_calldata_reverts() -> None:
    """Missing arguments, dirty addresses and unknown selectors fail without a reason, as compilers do."""
    lab = Lab()
    token = lab.file.token("USDC").address
    dirty = erc20.BALANCE_OF + b"\xff" * 32
    for data in (b"", b"\0" * 3, erc20.BALANCE_OF, dirty, bytes.fromhex("deadbeef")):
        assert refusal(lab, Call(token, data)).data == "0x"
    too_wide = abi.encode_call(bytes.fromhex("617ba037"), token, 1, lab.owner, 2**16)
    assert refusal(lab, Call(lab.market("aave-v3").id.address, too_wide)).data == "0x"
