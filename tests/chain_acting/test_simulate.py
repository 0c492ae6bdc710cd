"""Laws of the rehearsal: what is simulated is what happens, and whatever is odd does not pass."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammon.chain import events, simulate
from mammon.chain.jsonrpc import RpcFailure
from mammon.chain.simulate import APPROVAL, Expected, Simulated, SimulatedCall
from mammon.core.numbers import Units
from mammon.core.types import Address, All, Call
from mammon.errors import MalformedError, OutsideError
from mammon.protocols.registry import VENUES
from tests.sim.lab import SLUGS, Lab, RpcRefusalError

USD = 10**6
ROUNDING = 2
FRIEND = Address("0x000000000000000000000000000000000000dEaD")
NO_METHOD = RpcFailure(-32601, "the method eth_simulateV1 does not exist/is not available")


def raw(lab: Lab, calls: list[Call]) -> Any:
    """Return the node's answer to the request, or its error as the RPC layer shows it."""
    method, params = simulate.request(calls, lab.owner)
    try:
        return lab.ask(method, *params)
    except RpcRefusalError as error:
        return RpcFailure(error.code, str(error), error.data or "")


def simulated(lab: Lab, calls: list[Call]) -> Simulated:
    """Simulate calls of the wallet."""
    found = simulate.read(raw(lab, calls), len(calls), lab.file.token("USDC").address, lab.owner)
    assert found is not None
    return found


def single(lab: Lab, call: Call) -> Simulated:
    """Rehearse one call the way of nodes that cannot simulate."""
    results = []
    for method, params in simulate.single_requests(call, lab.owner):
        try:
            results.append(lab.ask(method, *params))
        except RpcRefusalError as error:
            results.append(RpcFailure(error.code, str(error), error.data or ""))
    return simulate.read_single(results)


def supply(lab: Lab, slug: str, amount: int) -> list[Call]:
    """Return an approval and a deposit."""
    market = lab.market(slug)
    return list(VENUES[market.protocol].supply(market, amount, lab.owner))


def withdraw(lab: Lab, slug: str, amount: int | All) -> list[Call]:
    """Return a withdrawal."""
    market = lab.market(slug)
    return list(VENUES[market.protocol].withdraw(market, amount, lab.owner))


def a_move(lab: Lab, source: str, target: str) -> tuple[list[Call], list[Expected]]:
    """Return the calls that bring all of a source to a target, and what is expected of them."""
    held = lab.position(source)
    calls = [*withdraw(lab, source, All(held.shares)), *supply(lab, target, held.assets)]
    return calls, [Expected(held.assets, at_least=True), APPROVAL, Expected(-held.assets)]


# --- what passes ----------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(SLUGS), st.sampled_from(SLUGS), st.integers(1 * USD, 9_000 * USD), st.integers(0, 90_000)
)
def test_a_whole_move_is_rehearsed_in_one_request(source: str, target: str, amount: int, wait: int) -> None:
    """Withdraw all, approve, deposit pass together, with the deltas that the sent transactions then have."""
    lab = Lab(5)
    lab.supply(source, amount)
    lab.clock.sleep(wait)
    calls, expected = a_move(lab, source, target)
    found = simulated(lab, calls)
    verdict = simulate.rehearsal(found, expected, ROUNDING)
    assert (verdict.passed, verdict.reason, verdict.block) == (True, "", lab.chain.head)
    for call, told in zip(calls, found.calls, strict=True):
        before = lab.usdc()
        (receipt,) = lab.mined([call])
        assert receipt["status"] == "0x1"
        interest = call.target == lab.market(source).id.address
        assert told.delta is not None
        assert abs(lab.usdc() - before - told.delta) <= (amount // 10**6 + ROUNDING if interest else 0)


def test_it_is_built_on_the_head() -> None:
    """The block of a rehearsal is the one it rests on, so that its age can be told."""
    lab = Lab()
    first = simulated(lab, supply(lab, "aave-v3", USD)).block
    lab.clock.sleep(10)
    assert (first, simulated(lab, supply(lab, "aave-v3", USD)).block) == (lab.chain.head - 5, lab.chain.head)


# --- what does not --------------------------------------------------------------------------------


def test_a_call_that_fails_does_not_pass() -> None:
    """A deposit above the balance is refused with the reason the token gives, at its place."""
    lab = Lab()
    found = simulated(lab, supply(lab, "aave-v3", lab.usdc() + 1))
    verdict = simulate.rehearsal(found, [APPROVAL, Expected(-lab.usdc() - 1)], ROUNDING)
    assert (verdict.passed, verdict.reason) == (
        False,
        "call 2 would fail: ERC20: transfer amount exceeds balance",
    )


@pytest.mark.parametrize("off", [-3, 3, -(10**6), 10**6])
def test_another_amount_than_planned_does_not_pass(off: int) -> None:
    """A delta that differs by more than rounding is refused in either direction; within it, taken."""
    lab = Lab()
    found = simulated(lab, supply(lab, "aave-v3", 5 * USD))
    wrong = simulate.rehearsal(found, [APPROVAL, Expected(-5 * USD + off)], ROUNDING)
    assert not wrong.passed
    assert "would move -5000000 units" in wrong.reason
    near = 2 if off > 0 else -2
    assert simulate.rehearsal(found, [APPROVAL, Expected(-5 * USD + near)], ROUNDING).passed


def test_more_than_expected_passes_where_that_was_said() -> None:
    """The "all" form may bring interest; it may not bring less."""
    call = SimulatedCall(True, 1, b"", 1_000, "")
    for due, passed in (
        (Expected(900, at_least=True), True),
        (Expected(1_003, at_least=True), False),
        (Expected(900), False),
    ):
        assert simulate.rehearsal(Simulated(1, (call,)), [due], ROUNDING).passed is passed


@pytest.mark.parametrize(
    ("due", "answer", "passed"),
    [
        (APPROVAL, (1).to_bytes(32, "big"), True),
        (APPROVAL, (0).to_bytes(32, "big"), False),
        (APPROVAL, (2).to_bytes(32, "big"), False),
        (APPROVAL, b"", False),
        (APPROVAL, b"\1", False),
        (Expected(0, answer="zero"), (0).to_bytes(32, "big"), True),
        (Expected(0, answer="zero"), (14).to_bytes(32, "big"), False),
        (Expected(0, answer="zero"), b"", False),
        (Expected(0, least_answer=7), (7).to_bytes(32, "big"), True),
        (Expected(0, least_answer=7), (6).to_bytes(32, "big"), False),
        (Expected(0, least_answer=7), b"", False),
        (Expected(0), b"", True),
    ],
)
def test_d16_what_a_call_returns_counts(due: Expected, answer: bytes, passed: bool) -> None:
    """D16: an approval says true; an error code, or nothing where a value is due, is a failure."""
    call = SimulatedCall(True, 1, answer, 0, "")
    assert simulate.rehearsal(Simulated(1, (call,)), [due], ROUNDING).passed is passed


def test_as_many_expectations_as_calls() -> None:
    """A call nobody expected anything of cannot slip through."""
    with pytest.raises(ValueError, match="1 expectations of 2 calls"):
        simulate.rehearsal(Simulated(1, (SimulatedCall(True, 1, b"", 0, ""),) * 2), [Expected(0)], 0)


# --- whom the money moves to ----------------------------------------------------------------------


def test_only_the_assets_own_events_count() -> None:
    """Money sent away shows as such; a transfer to oneself is nothing; another token's events are nothing."""
    lab = Lab()
    usdc = lab.file.token("USDC").address
    told = simulated(lab, [transfer(usdc, FRIEND, 7), transfer(usdc, lab.owner, 9)])
    assert [call.delta for call in told.calls] == [-7, 0]
    other = simulate.read(raw(lab, [transfer(usdc, FRIEND, 7)]), 1, FRIEND, lab.owner)
    assert other is not None
    assert other.calls[0].delta == 0


def transfer(token: Address, to: Address, amount: int) -> Call:
    """Return a transfer of an ERC-20."""
    words = bytes(12) + bytes.fromhex(to[2:]) + amount.to_bytes(32, "big")
    return Call(token, bytes.fromhex("a9059cbb") + words)


# --- nodes that cannot ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure",
    [
        NO_METHOD,
        RpcFailure(-32004, "nope"),
        RpcFailure(-32000, "eth_simulateV1 is not supported"),
        RpcFailure(-32000, "unsupported method: eth_simulateV1"),
    ],
)
def test_a_node_without_the_method_is_told_apart(failure: RpcFailure) -> None:
    """Not knowing the method is None, so that the single form can be asked."""
    assert simulate.read(failure, 1, FRIEND, FRIEND) is None


@pytest.mark.parametrize("failure", [RpcFailure(-32000, "timeout"), RpcFailure(-38014, "insufficient funds")])
def test_a_node_that_fails_is_no_node_without_the_method(failure: RpcFailure) -> None:
    """A failure is raised, so that another endpoint is asked and nothing falls back in silence."""
    with pytest.raises(OutsideError, match="could not simulate"):
        simulate.read(failure, 1, FRIEND, FRIEND)


def test_one_leg_alone() -> None:
    """The single form passes what would not revert and says that it saw no effect; it names a revert."""
    lab = Lab()
    approve, deposit = supply(lab, "aave-v3", 5 * USD)
    verdict = simulate.rehearsal(single(lab, approve), [APPROVAL], ROUNDING)
    assert (verdict.passed, verdict.reason, verdict.block) == (True, "effect_unseen", lab.chain.head)
    refused = simulate.rehearsal(single(lab, deposit), [Expected(-5 * USD)], ROUNDING)
    assert refused.reason == "call 1 would fail: ERC20: transfer amount exceeds allowance"
    assert not refused.passed


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_busy_node_is_no_refusal(place: int) -> None:
    """The single form's failures that are the node's own are raised, not taken for the venue's."""
    results: list[Any] = ["0x1", "0x", "0x5208"]
    results[place] = RpcFailure(-32000, "request timed out")
    with pytest.raises(OutsideError):
        simulate.read_single(results)


def test_a_revert_without_words_is_a_refusal() -> None:
    """A bare revert has a reason to print too."""
    found = simulate.read_single(["0x1", RpcFailure(3, "execution reverted"), "0x5208"])
    assert (found.calls[0].succeeded, found.calls[0].reason) == (False, "execution reverted")


def test_the_single_form_is_three_answers() -> None:
    """Fewer answers than questions are malformed."""
    with pytest.raises(MalformedError):
        simulate.read_single(["0x1", "0x"])


# --- hostile answers ------------------------------------------------------------------------------


def _set(path: str, value: Any) -> Any:
    def change(answer: Any) -> Any:
        keys = path.split(".")
        found = answer
        for key in keys[:-1]:
            found = found[int(key) if key.isdigit() else key]
        last = keys[-1]
        found[int(last) if last.isdigit() else last] = value
        return answer

    return change


LOG = "0.calls.1.logs.0"
HOSTILE = {
    "null": lambda _: None,
    "no list": lambda answer: answer[0],
    "two blocks": lambda answer: answer * 2,
    "no block": lambda _: [],
    "text for a block": lambda _: ["0x1"],
    "genesis": _set("0.number", "0x0"),
    "huge number": _set("0.number", hex(2**63)),
    "a call less": _set("0.calls", []),
    "calls as text": _set("0.calls", "0x"),
    "a call as text": _set("0.calls.1", "0x1"),
    "status 2": _set("0.calls.1.status", "0x2"),
    "no status": _set("0.calls.1.status", None),
    "status as a bool": _set("0.calls.1.status", True),
    "no gas": _set("0.calls.1.gasUsed", None),
    "odd data": _set("0.calls.1.returnData", "0x1"),
    "no events": _set("0.calls.1.logs", None),
    "a failure with events": _set("0.calls.1.status", "0x0"),
    "a success with an error": _set("0.calls.1.error", {"code": 3}),
    "removed": _set(f"{LOG}.removed", True),
    "removed as text": _set(f"{LOG}.removed", "false"),
    "an event as text": _set(LOG, "0x"),
    "no emitter": _set(f"{LOG}.address", None),
    "short emitter": _set(f"{LOG}.address", "0x12"),
    "no topics": _set(f"{LOG}.topics", None),
    "five topics": _set(f"{LOG}.topics", ["0x" + "00" * 32] * 5),
    "short topic": _set(f"{LOG}.topics.0", "0x00"),
    "half a transfer": lambda answer: (_log(answer)["topics"].pop(), answer)[1],
    "dirty party": lambda answer: _set("topics.1", "0x" + "ff" * 32)(_log(answer)) and answer,
    "long amount": lambda answer: _set("data", "0x" + "00" * 64)(_log(answer)) and answer,
}


def _log(answer: Any) -> Any:
    """Return the asset's own transfer among the events of the deposit."""
    topic = "0x" + events.erc20.TRANSFER_TOPIC.hex()
    asset = Lab().file.token("USDC").address.lower()
    return next(
        log for log in answer[0]["calls"][1]["logs"] if (log["address"], log["topics"][0]) == (asset, topic)
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_is_malformed(name: str) -> None:
    """Whatever is not what was asked for is refused as malformed, never read as something else."""
    lab = Lab()
    answer = copy.deepcopy(raw(lab, supply(lab, "aave-v3", USD)))
    with pytest.raises(MalformedError):
        simulate.read(HOSTILE[name](answer), 2, lab.file.token("USDC").address, lab.owner)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["0x", "0x1", "0x0"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["number", "calls", "status", "gasUsed", "returnData", "logs", "error"]), inner
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_any_json_is_read_or_malformed(answer: Any) -> None:
    """No answer makes the reading fail in another way, and none of these is a passed rehearsal."""
    try:
        found = simulate.read(answer, 1, FRIEND, FRIEND)
    except MalformedError:
        return
    assert found is not None
    assert not simulate.rehearsal(found, [Expected(1)], 0).passed


def test_reasons_are_printable() -> None:
    """A revert's words come out escaped and short; data that says nothing is named by its selector."""
    lab = Lab()
    answer = raw(lab, supply(lab, "aave-v3", lab.usdc() + 1))
    told = answer[0]["calls"][1]
    cases = [
        ("0x", {"message": "\x1b[31mboom"}, "\\x1b[31mboom"),
        ("0x", {"data": "0x12345678"}, "error 0x12345678"),
        ("0x", {}, "without a reason"),
        ("0x", None, "without a reason"),
        ("0x08c379a0" + "ff" * 32, None, "with a reason that cannot be read"),
        ("0x4e487b71" + "11".zfill(64), None, "panic 0x11"),
    ]
    for returned, error, reason in cases:
        told["returnData"], told["error"] = returned, error
        found = simulate.read(answer, 2, FRIEND, lab.owner)
        assert found is not None
        assert found.calls[1].reason == reason


def test_the_wallet_needs_no_native_coin() -> None:
    """A rehearsal pays no gas: whether the fee can be paid is the permit's question."""
    lab = Lab()
    lab.chain.slots["native", lab.owner] = 0
    assert all(call.succeeded for call in simulated(lab, supply(lab, "aave-v3", USD)).calls)


def test_types_are_plain() -> None:
    """What is read is data: equal when equal, and not to be changed."""
    found = SimulatedCall(True, 1, b"", Units(0), "")
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.succeeded = False  # type: ignore[misc]
