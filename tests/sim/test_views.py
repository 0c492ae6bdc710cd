"""Views that no adapter asks today: they still answer what the real contracts would."""

from __future__ import annotations

import pytest

from mammon.core import abi
from mammon.core.types import Address, Call
from mammon.sim import addresses as at
from mammon.sim.contracts.machine import Frame
from tests.sim.lab import Lab, RpcRefusalError, succeeded

FRIEND = Address("0x000000000000000000000000000000000000dEaD")


def answer(
    lab: Lab, target: Address, signature: str, *values: int | str | bytes, sender: str = FRIEND
) -> bytes:
    """Call a view by its signature."""
    data = abi.encode_call(abi.selector(signature), *values)
    told = lab.ask("eth_call", {"from": sender, "to": target, "data": "0x" + data.hex()}, "latest")
    return bytes.fromhex(told[2:])


def number(lab: Lab, target: Address, signature: str, *values: int | str | bytes) -> int:
    """Call a view that returns one word."""
    return abi.words(answer(lab, target, signature, *values), 1)[0]


def test_tokens_tell_their_names() -> None:
    """Names, symbols and decimals of the asset, a vault's shares and an aToken."""
    lab = Lab()
    assert abi.text_at(answer(lab, at.USDC, "name()")) == "USD Coin"
    assert abi.text_at(answer(lab, at.STEAKHOUSE, "symbol()")) == "steakUSDC"
    assert abi.text_at(answer(lab, at.AAVE_A_TOKEN, "symbol()")) == "aUSDC"
    decimals = [number(lab, one, "decimals()") for one in (at.USDC, at.GAUNTLET, at.PLAIN, at.AAVE_A_TOKEN)]
    assert decimals == [6, 18, 6, 6]
    assert abi.text_at(answer(lab, at.ETH_USD, "description()")) == "ETH / USD"


@pytest.mark.parametrize("vault", [at.STEAKHOUSE, at.GAUNTLET, at.PLAIN])
def test_previews_bracket_the_truth(vault: Address) -> None:
    """Shares for assets round down going in and up going out; limits are within the balance."""
    lab = Lab()
    slug = next(market.slug for market in lab.file.markets if market.id.address == vault)
    assert succeeded(lab.supply(slug, 1_000_000_000))
    shares = lab.position(slug).shares
    into = number(lab, vault, "previewDeposit(uint256)", 1_000_000)
    out = number(lab, vault, "previewWithdraw(uint256)", 1_000_000)
    assert into == number(lab, vault, "convertToShares(uint256)", 1_000_000)
    assert 0 <= out - into <= 1
    assert number(lab, vault, "previewRedeem(uint256)", shares) in (999_999_999, 1_000_000_000)
    assert number(lab, vault, "maxRedeem(address)", lab.owner) == shares
    assert number(lab, vault, "maxWithdraw(address)", lab.owner) in (999_999_999, 1_000_000_000)
    assert number(lab, vault, "maxWithdraw(address)", FRIEND) == 0


def test_shares_of_others_need_their_allowance() -> None:
    """Who does not own the shares cannot redeem them."""
    lab = Lab()
    assert succeeded(lab.supply("plain-vault", 1_000_000))
    with pytest.raises(RpcRefusalError) as caught:
        answer(lab, at.PLAIN, "redeem(uint256,address,address)", 10, FRIEND, lab.owner)
    assert str(caught.value.data).startswith("0xfb8f41b2")


def test_a_pools_totals_agree_with_each_other() -> None:
    """Claims, debt and cash, by whichever view they are asked; another asset has none."""
    lab = Lab()
    supplied = number(lab, at.AAVE_A_TOKEN, "totalSupply()")
    owed = number(lab, at.AAVE_DEBT_TOKEN, "totalSupply()")
    cash = number(lab, at.AAVE_POOL, "getVirtualUnderlyingBalance(address)", at.USDC)
    assert abs(cash + owed - supplied) < supplied // 10_000
    index = number(lab, at.AAVE_POOL, "getReserveNormalizedVariableDebt(address)", at.USDC)
    scaled = number(lab, at.AAVE_DEBT_TOKEN, "scaledTotalSupply()")
    assert owed == -(-scaled * index // 10**27)
    configuration = number(lab, at.AAVE_POOL, "getConfiguration(address)", at.USDC)
    assert (
        configuration
        == abi.leading_words(answer(lab, at.AAVE_POOL, "getReserveData(address)", at.USDC), 15)[0]
    )
    assert number(lab, at.AAVE_POOL, "getConfiguration(address)", at.WETH) == 0
    assert set(answer(lab, at.AAVE_POOL, "getReserveData(address)", at.WETH)) == {0}
    assert set(answer(lab, at.AAVE_STRATEGY, "getInterestRateDataBps(address)", at.WETH)) == {0}
    with pytest.raises(RpcRefusalError):
        number(lab, at.FORK_POOL, "getVirtualUnderlyingBalance(address)", at.USDC)
    with pytest.raises(RpcRefusalError):
        answer(lab, at.AAVE_POOL, "supply(address,uint256,address,uint16)", at.WETH, 1, FRIEND, 0)


def test_nothing_is_refused_as_an_amount_by_pools() -> None:
    """Supplying or withdrawing nothing reverts, in the way of each release."""
    lab = Lab()
    for pool, data in ((at.AAVE_POOL, "0x2c5211c6"), (at.FORK_POOL, "0x08c379a0")):
        for call in ("supply(address,uint256,address,uint16)", "withdraw(address,uint256,address)"):
            extra = (FRIEND, 0) if call.startswith("supply") else (FRIEND,)
            with pytest.raises(RpcRefusalError) as caught:
                answer(lab, pool, call, at.USDC, 0, *extra)
            assert str(caught.value.data).startswith(data)


def test_morpho_answers_for_markets_it_has_and_no_others() -> None:
    """An unknown id is all zeros; the rate model's view is the market's own rate."""
    lab = Lab()
    deployed = lab.chain.deployed
    terms = deployed.markets[0]
    unknown = b"\x11" * 32
    for signature, values in (
        ("market(bytes32)", (unknown,)),
        ("position(bytes32,address)", (unknown, at.STEAKHOUSE)),
        ("idToMarketParams(bytes32)", (unknown,)),
    ):
        assert set(answer(lab, at.MORPHO, signature, *values)) == {0}
    assert number(lab, at.IRM, "rateAtTarget(bytes32)", unknown) == 0
    assert set(answer(lab, at.STEAKHOUSE, "config(bytes32)", unknown)) == {0}
    params = answer(lab, at.MORPHO, "idToMarketParams(bytes32)", terms.id)
    fields = answer(lab, at.MORPHO, "market(bytes32)", terms.id)
    kinds = "(address,address,address,address,uint256),(uint128,uint128,uint128,uint128,uint128,uint128)"
    data = abi.selector(f"borrowRateView({kinds})") + params + fields
    rate = lab.view(Call(at.IRM, data))
    assert rate == lab.chain.slots[deployed.morpho.key("market", terms.slot)].borrow_rate_view(
        lab.clock.now()
    )
    with pytest.raises(RpcRefusalError):
        lab.view(Call(at.IRM, data[:4] + b"\x22" * 160 + fields))
    with pytest.raises(RpcRefusalError) as caught:
        number(lab, at.STEAKHOUSE, "supplyQueue(uint256)", 3)
    assert str(caught.value.data).startswith("0x4e487b71")


def test_the_gas_oracle_bounds_what_receipts_charge() -> None:
    """The exact fee for the very bytes is at most the bound for their length, and so is the receipt's."""
    lab = Lab()
    call = Call(at.USDC, abi.encode_call(abi.selector("approve(address,uint256)"), FRIEND, 2**200))
    raw = lab.raw(call)
    bound = number(lab, at.GAS_PRICE_ORACLE, "getL1FeeUpperBound(uint256)", len(raw) - 67)
    data = abi.encode(abi.byte_string(raw[:-67]))
    told = lab.ask(
        "eth_call", {"to": at.GAS_PRICE_ORACLE, "data": "0x" + (abi.selector("getL1Fee(bytes)") + data).hex()}
    )
    assert 0 < int(told, 16) <= bound
    (receipt,) = lab.mined([call])
    assert 0 < int(receipt["l1Fee"], 16) <= bound
    assert number(lab, at.GAS_PRICE_ORACLE, "decimals()") == 6
    base_fee = lab.ask("eth_getBlockByNumber", "latest", False)["baseFeePerGas"]
    assert number(lab, at.GAS_PRICE_ORACLE, "baseFee()") == int(base_fee, 16)


def test_the_aggregator_knows_its_block() -> None:
    """Hashes of the last 256 blocks, the base fee and balances."""
    lab = Lab()
    head = lab.chain.head
    assert answer(lab, at.MULTICALL3, "getBlockHash(uint256)", head - 9) == lab.chain.block_hash(head - 9)
    for unknown in (head, head - 257):
        assert number(lab, at.MULTICALL3, "getBlockHash(uint256)", unknown) == 0
    assert number(lab, at.MULTICALL3, "getEthBalance(address)", lab.owner) == 5 * 10**16
    assert number(lab, at.MULTICALL3, "getBasefee()") > 0


@pytest.mark.parametrize("feed", [at.ETH_USD, at.SEQUENCER])
def test_a_feed_can_be_made_to_say_anything(feed: Address) -> None:
    """A fault writes the round that a feed then answers."""
    lab = Lab()
    forced = (5, 1, 77, 77, 5)

    def force(frame: Frame) -> None:
        frame.storage.put((feed, "round"), forced)

    lab.chain.intervene(lab.chain.head + 1, force)
    lab.clock.sleep(2)
    assert abi.words(answer(lab, feed, "latestRoundData()"), 5) == forced
