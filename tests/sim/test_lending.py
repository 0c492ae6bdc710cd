"""Comet and Moonwell on the simulated chain: money in and out by their own adapters, and what they refuse."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.chain import simulate
from mammon.chain.effects import ROUNDING_UNITS, Effects
from mammon.chain.receipts import receipt
from mammon.chain.rehearse import _expected
from mammon.chain.rpc import Rpc
from mammon.chain.simulate import rehearsal
from mammon.core import abi
from mammon.core.fixed import UINT256_MAX
from mammon.core.keccak import keccak256
from mammon.core.numbers import Units
from mammon.core.plan import Step
from mammon.core.types import All, Call, Unread
from mammon.errors import OutsideError
from mammon.net.deadline import Deadline
from mammon.protocols.abi import compound_v3, moonwell
from mammon.protocols.registry import VENUES
from mammon.sim import addresses as at
from mammon.sim.contracts import comet as comets
from mammon.sim.contracts import moonwell as mtokens
from tests.sim.lab import RpcRefusalError, succeeded
from tests.sim.lending import MILLION, SLUGS, LendingLab

CAPITAL = Units(20 * MILLION)
AMOUNT = 10_000_000_000
BOTH = pytest.mark.parametrize("slug", SLUGS)


# --- money ---------------------------------------------------------------------------------------


@BOTH
def test_money_goes_in_and_comes_back(slug: str) -> None:
    """The wallet pays exactly the amount, holds it to two units, and gets more back; nothing is left."""
    lab = LendingLab()
    assert succeeded(lab.supply(slug, AMOUNT))
    assert lab.usdc() == 0
    held = lab.position(slug)
    assert AMOUNT - ROUNDING_UNITS <= held.assets <= AMOUNT
    lab.clock.sleep(2 * 86_400)
    grown = lab.position(slug)
    assert grown.shares == held.shares
    assert AMOUNT < grown.assets < AMOUNT * 1_001 // 1_000
    assert lab.withdraw(slug, All(grown.shares))["status"] == "0x1"
    assert grown.assets <= lab.usdc() <= grown.assets + 100
    assert (lab.position(slug).shares, lab.position(slug).assets) == (0, 0)


@BOTH
def test_a_part_can_be_withdrawn(slug: str) -> None:
    """Withdrawing an amount pays exactly that amount; no approval is left."""
    lab = LendingLab()
    assert succeeded(lab.supply(slug, 8_000_000_000))
    before = lab.usdc()
    assert lab.withdraw(slug, 3_000_000_000)["status"] == "0x1"
    assert lab.usdc() - before == 3_000_000_000
    assert 4_999_999_990 <= lab.position(slug).assets <= 5_000_000_100
    allowance = abi.encode_call(
        abi.selector("allowance(address,address)"), lab.owner, lab.market(slug).spender
    )
    assert lab.view(Call(at.USDC, allowance)) == 0


@BOTH
@settings(max_examples=15, deadline=None)
@given(
    amount=st.integers(1_000, 4 * MILLION),
    delay=st.integers(0, 86_400),
    level=st.sampled_from([0, 500_000, 840_000, 860_000, 900_000, 999_000, 1_000_000]),
)
def test_the_rate_after_a_deposit_is_what_the_curve_said(
    slug: str, amount: int, delay: int, level: int
) -> None:
    """`rate_after(amount, at)` is what the contract pays after a deposit mined at `at`."""
    lab = LendingLab(capital=CAPITAL)
    lab.crowd(50 * MILLION, level)
    lab.clock.sleep(delay)
    before = lab.state(slug)
    assert before.curve is not None
    at_s = lab.clock.now() - lab.clock.now() % 2 + 2
    predicted = before.curve.rate_after(amount, at_s)
    assert succeeded(lab.supply(slug, amount))
    after = lab.state(slug)
    assert after.curve is not None
    assert after.curve.rate_now() == predicted


@BOTH
def test_what_is_withdrawable_is_the_cash(slug: str) -> None:
    """When borrowers have nearly all of it, that much can leave and one unit more cannot."""
    lab = LendingLab(capital=CAPITAL)
    assert succeeded(lab.supply(slug, 5 * MILLION))
    lab.crowd(50 * MILLION, 1_000_000)
    liquid = lab.state(slug).withdrawable
    assert liquid < 1_000_000_000
    before = lab.usdc()
    refused = lab.withdraw(slug, liquid + 1_000_000)
    assert lab.usdc() == before
    assert refused["status"] == ("0x0" if slug == "compound-v3" else "0x1")
    if liquid:
        assert lab.withdraw(slug, liquid)["status"] == "0x1"
        assert lab.usdc() - before == liquid


def test_the_crowd_comes_and_goes() -> None:
    """Supply and use follow what they are told; nobody's money is made or lost on the way."""
    lab = LendingLab()
    total = lab.usdc(at.CROWD) + lab.usdc(at.COMET) + lab.usdc(at.MTOKEN) + lab.usdc(at.BORROWERS)
    for target, level in ((20 * MILLION, 300_000), (60 * MILLION, 950_000), (10 * MILLION, 990_000)):
        lab.crowd(target, level)
        for slug in SLUGS:
            state = lab.state(slug)
            assert abs(state.supplied - target) <= target // 1_000 or state.withdrawable == 0
            assert state.borrowed is not None
            assert abs(state.borrowed - target * level // 10**6) <= target // 1_000
    assert total == lab.usdc(at.CROWD) + lab.usdc(at.COMET) + lab.usdc(at.MTOKEN) + lab.usdc(at.BORROWERS)


# --- what is refused -----------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("switch", ["supply", "withdraw"])
def test_a_pause_is_read_and_kept(slug: str, switch: str) -> None:
    """What is paused reverts, and was said before; Moonwell has no switch for redeeming."""
    lab = LendingLab()
    assert succeeded(lab.supply(slug, AMOUNT // 2))
    contract, name = {
        ("compound-v3", "supply"): (lab.comet, "supply_paused"),
        ("compound-v3", "withdraw"): (lab.comet, "withdraw_paused"),
        ("moonwell", "supply"): (lab.token, "mint_paused"),
        ("moonwell", "withdraw"): (lab.token, "nothing"),
    }[slug, switch]
    lab.put(contract, name, value=True)
    state = lab.state(slug)
    told = ("paused",) if name != "nothing" else ()
    assert state.closed == told
    assert state.locked == (("paused",) if name == "withdraw_paused" else ())
    assert succeeded(lab.supply(slug, AMOUNT // 2)[1:]) == (switch == "withdraw")
    paid = lab.withdraw(slug, All(lab.position(slug).shares))["status"] == "0x1"
    assert paid == (name != "withdraw_paused")


def test_a_code_moves_nothing_and_is_no_effect() -> None:
    """A delisted market answers a code: it "succeeds", and neither rehearsal nor proof calls it a deposit."""
    lab = LendingLab()
    market = lab.market("moonwell")
    approve, mint = VENUES["moonwell"].supply(market, AMOUNT, lab.owner)
    assert succeeded(lab.mined([approve]))
    lab.put(lab.token, "delisted", value=True)
    step = Step("deposit", market.slug, market.id, "moonwell", Units(AMOUNT))
    method, parameters = simulate.request([mint], lab.owner)
    found = simulate.read(lab.ask(method, *parameters), 1, market.token.address, lab.owner)
    assert found is not None
    assert found.calls[0].succeeded
    judged = rehearsal(found, [_expected(step, Units(AMOUNT))], ROUNDING_UNITS)
    assert "would move 0 units" in judged.reason
    (mined,) = lab.mined([mint])
    assert mined["status"] == "0x1"
    assert lab.usdc() == AMOUNT
    told = receipt(mined, mined["transactionHash"])
    assert told is not None
    assert effects(lab).proven(step, Units(AMOUNT), told.mined, Deadline(60)) is None
    assert lab.state("moonwell").locked == ("not_listed",)


def effects(lab: LendingLab) -> Effects:
    """The proof of effects over the node of this world."""
    rpc = Rpc([lab.node], chain_id=lab.file.chain_id, clock=lab.clock)
    markets = {market.slug: market for market in lab.file.markets}
    return Effects(rpc, lab.reader, VENUES, markets, lab.market("moonwell").token, lab.owner)


@BOTH
def test_a_deposit_and_a_withdrawal_are_proven(slug: str) -> None:
    """Events, wallet and position agree about a sound move, there and back."""
    lab = LendingLab()
    market = lab.market(slug)
    (_, mined) = lab.supply(slug, AMOUNT)
    told = receipt(mined, mined["transactionHash"])
    assert told is not None
    entered = Step("deposit", slug, market.id, market.protocol, Units(AMOUNT))
    effect = effects(lab).proven(entered, Units(AMOUNT), told.mined, Deadline(60))
    assert effect is not None
    assert effect.amount == AMOUNT
    mined = lab.withdraw(slug, All(lab.position(slug).shares))
    told = receipt(mined, mined["transactionHash"])
    assert told is not None
    left = Step("withdraw", slug, market.id, market.protocol, Units(AMOUNT), everything=True)
    effect = effects(lab).proven(left, Units(AMOUNT), told.mined, Deadline(60))
    assert effect is not None
    assert (effect.amount, effect.held) == (lab.usdc(), 0)


@pytest.mark.parametrize(
    ("signature", "arguments", "code"),
    [
        ("redeem(uint256)", (10**15,), 9),
        ("redeemUnderlying(uint256)", (10**12,), 9),
        ("redeem(uint256)", (0,), 0),
        ("redeemUnderlying(uint256)", (UINT256_MAX,), 0),
    ],
)
def test_moonwell_answers_with_codes(signature: str, arguments: tuple[int, ...], code: int) -> None:
    """More than is owned is a code; all of it, by the sentinel, is none."""
    lab = LendingLab()
    assert succeeded(lab.supply("moonwell", AMOUNT))
    data = abi.encode_call(abi.selector(signature), *arguments)
    assert lab.view(Call(at.MTOKEN, data)) == code


def test_moonwell_reverts_where_the_real_one_does() -> None:
    """A cap, a pause, an amount below one mToken unit, a rate that is absurd."""
    lab = LendingLab(capital=CAPITAL)
    mint = abi.encode_call(moonwell.MINT, 80 * MILLION)
    with pytest.raises(RpcRefusalError, match="cap reached"):
        lab.view(Call(at.MTOKEN, mint))
    lab.put(lab.token, "mint_paused", value=True)
    with pytest.raises(RpcRefusalError, match="mint is paused"):
        lab.view(Call(at.MTOKEN, mint))


# --- the trap of the signed principal ------------------------------------------------------------


def test_more_than_is_held_would_borrow_and_nothing_of_ours_asks_for_it() -> None:
    """With collateral that anybody may have given, one unit too many is a loan; everything never is."""
    lab = LendingLab()
    market = lab.market("compound-v3")
    assert succeeded(lab.supply("compound-v3", AMOUNT))
    held = lab.position("compound-v3").assets
    too_much = abi.encode_call(compound_v3.WITHDRAW, at.USDC, held + 1_000_000)
    with pytest.raises(RpcRefusalError) as caught:  # without collateral the contract refuses
        lab.view(Call(at.COMET, too_much))
    assert caught.value.data == "0x14c5f7b6"
    lab.put(lab.comet, "collateral", lab.owner, value=10**12)
    (everything,) = VENUES["compound_v3"].withdraw(market, All(1), lab.owner)
    assert succeeded(lab.mined([everything]))
    assert (lab.position("compound-v3").shares, lab.position("compound-v3").assets) == (0, 0)
    (nothing,) = lab.mined([everything])  # a second time takes nothing, where an amount would borrow
    assert (nothing["status"], lab.position("compound-v3").assets) == ("0x1", 0)


def test_debt_is_not_read_as_nothing() -> None:
    """An account that owes is `borrowed`, unread, and stays so until a person has settled it."""
    lab = LendingLab()
    lab.put(lab.comet, "collateral", lab.owner, value=10**12)
    assert succeeded(lab.mined([Call(at.COMET, abi.encode_call(compound_v3.WITHDRAW, at.USDC, 5_000_000))]))
    market = lab.market("compound-v3")
    read = {"compound-v3": VENUES["compound_v3"].read_position(market, lab.owner)}
    found = lab.read(read).values["compound-v3"]
    assert isinstance(found, Unread)
    assert found.code == "borrowed"
    owed = Call(at.COMET, abi.encode_call(abi.selector("borrowBalanceOf(address)"), lab.owner))
    assert lab.view(owed) in (5_000_000, 5_000_001)
    step = Step("withdraw", market.slug, market.id, "compound_v3", Units(5_000_000))
    (mined,) = lab.mined([Call(at.COMET, abi.encode_call(compound_v3.WITHDRAW, at.USDC, 1_000_000))])
    told = receipt(mined, mined["transactionHash"])
    assert told is not None
    with pytest.raises(OutsideError) as caught:  # no withdrawal is proven by a loan
        effects(lab).proven(step, Units(1_000_000), told.mined, Deadline(60))
    assert caught.value.code == "borrowed"


def test_a_comet_hands_no_account_over() -> None:
    """Its own allowance is everything or nothing, so it is never given; other assets are not listed."""
    lab = LendingLab()
    approve = abi.selector("approve(address,uint256)")
    with pytest.raises(RpcRefusalError) as caught:
        lab.view(Call(at.COMET, abi.encode_call(approve, at.CROWD, 5)))
    assert caught.value.data == "0x749b5939"
    with pytest.raises(RpcRefusalError):
        lab.view(Call(at.COMET, abi.encode_call(approve, at.CROWD, UINT256_MAX)))
    with pytest.raises(RpcRefusalError) as caught:
        lab.view(Call(at.COMET, abi.encode_call(compound_v3.SUPPLY, at.WETH, 1)))
    assert caught.value.data == "0x36405305"


def test_the_sentinel_of_a_supply_repays_and_supplies_nothing() -> None:
    """What no form of ours can say: for an account without debt it moves nothing at all."""
    lab = LendingLab()
    assert succeeded(lab.mined([Call(at.COMET, abi.encode_call(compound_v3.SUPPLY, at.USDC, UINT256_MAX))]))
    assert lab.position("compound-v3").assets == 0
    assert lab.usdc() == AMOUNT


# --- reading and flows ---------------------------------------------------------------------------


@BOTH
def test_events_tell_what_happened_to_the_shares(slug: str) -> None:
    """Share events of a deposit and a withdrawal add up to what is held, within their slack."""
    lab = LendingLab()
    token = VENUES[lab.market(slug).protocol].share_token(lab.market(slug), lab.state(slug).hint)
    assert token is not None
    receipts = [*lab.supply(slug, AMOUNT), lab.withdraw(slug, 4_000_000_000)]
    shares = slack = 0
    for log in (log for mined in receipts for log in mined["logs"]):
        topics = [bytes.fromhex(topic[2:]) for topic in log["topics"]]
        if log["address"].lower() == token.address.lower() and topics[0] in token.topics:
            move = token.moved(topics, bytes.fromhex(log["data"][2:]), lab.owner)
            assert move is not None
            shares, slack = shares + move.shares, slack + move.slack
    assert abs(lab.position(slug).shares - shares) <= slack
    assert slack <= (0 if slug == "moonwell" else shares // 20)


@BOTH
def test_a_steady_reading_is_one_round(slug: str) -> None:
    """With the hint of the last one; Comet needs none."""
    lab = LendingLab()
    market = lab.market(slug)
    hint = lab.state(slug).hint
    read = VENUES[market.protocol].read_market(market, hint)
    calls = next(read)
    answers = [
        bytes.fromhex(lab.ask("eth_call", {"to": call.target, "data": "0x" + call.data.hex()}, "latest")[2:])
        for call in calls
    ]
    with pytest.raises(StopIteration):
        read.send(answers)


def test_bad_debt_shows_as_a_deficit() -> None:
    """Money that is gone from a Comet is evidence, whatever its views still promise."""
    lab = LendingLab()
    usdc = lab.chain.deployed.usdc
    held = lab.usdc(at.COMET)
    lab.put(usdc, "balance", at.COMET, value=held - MILLION)
    ((name, amount),) = lab.state("compound-v3").evidence
    assert name == "deficit"
    assert abs(amount - MILLION) < MILLION // 100
    reserves = lab.ask("eth_call", {"to": at.COMET, "data": "0x0902f1ac"}, "latest")
    assert int.from_bytes(bytes.fromhex(reserves[2:]), "big", signed=True) == -amount


# --- literals ------------------------------------------------------------------------------------


def test_every_literal_is_its_signatures() -> None:
    """Selectors, topics and errors of both contracts, derived again."""
    lab = LendingLab()
    answered: set[bytes] = set()
    for contract in (lab.comet, *lab.token.contracts()):
        for selector, method in contract.methods.items():
            assert selector == method.selector == abi.selector(method.signature), method.signature
        for selector, (signature, _) in contract.constants.items():
            assert selector == abi.selector(signature), signature
        answered |= {*contract.methods, *contract.constants}
    topics = {
        comets.SUPPLY: "Supply(address,address,uint256)",
        comets.WITHDRAW: "Withdraw(address,address,uint256)",
        mtokens.FAILURE: "Failure(uint256,uint256,uint256)",
        mtokens.MINT: "Mint(address,uint256,uint256)",
        mtokens.REDEEM: "Redeem(address,uint256,uint256)",
    }
    assert all(topic == keccak256(signature.encode()).hex() for topic, signature in topics.items())
    errors = {"9e87fac8": "Paused()", "14c5f7b6": "NotCollateralized()", "e273b446": "BorrowTooSmall()",
              "749b5939": "BadAmount()", "36405305": "BadAsset()"}  # fmt: skip
    assert all(abi.selector(signature).hex() == code for code, signature in errors.items())
    known = {value for module in (compound_v3, moonwell) for value in vars(module).values()
             if isinstance(value, bytes)}  # fmt: skip
    assert known <= answered
