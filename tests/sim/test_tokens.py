"""The asset and the aggregator, called as anybody may call them."""

from __future__ import annotations

import pytest

from mammon.core import abi
from mammon.core.types import Address, Call
from mammon.protocols.abi import erc20, multicall3
from mammon.sim.contracts.erc20 import UNLIMITED
from tests.sim.lab import Lab, RpcRefusalError

FRIEND = Address("0x000000000000000000000000000000000000dEaD")
NOBODY = Address("0x" + "0" * 40)
TRANSFER = bytes.fromhex("a9059cbb")
TRANSFER_FROM = bytes.fromhex("23b872dd")


def token_call(lab: Lab, selector: bytes, *values: int | str) -> Call:
    """Return a call to the asset."""
    return Call(lab.file.token("USDC").address, abi.encode_call(selector, *values))


def aggregate(lab: Lab, calls: list[tuple[Address, bytes, bool]]) -> list[tuple[bool, bytes]]:
    """Call Multicall3 and decode its answer."""
    plain = {"to": lab.file.multicall3, "data": "0x" + abi.encode_aggregate3(calls).hex()}
    return abi.decode_aggregate3(bytes.fromhex(lab.ask("eth_call", plain, "latest")[2:]))


def test_transfers_move_what_is_there() -> None:
    """To others, to oneself, never to nobody and never more than is held."""
    lab = Lab()
    statuses = [
        receipt["status"]
        for receipt in lab.mined(
            [
                token_call(lab, TRANSFER, FRIEND, 4_000_000),
                token_call(lab, TRANSFER, lab.owner, 5_000_000),
                token_call(lab, TRANSFER, NOBODY, 1),
                token_call(lab, TRANSFER, FRIEND, 10_000_000_000),
            ]
        )
    ]
    assert statuses == ["0x1", "0x1", "0x0", "0x0"]
    assert (lab.usdc(), lab.usdc(FRIEND)) == (9_996_000_000, 4_000_000)


@pytest.mark.parametrize(("allowed", "left"), [(7_000_000, 2_000_000), (UNLIMITED, UNLIMITED)])
def test_an_allowance_is_used_up_unless_unlimited(allowed: int, left: int) -> None:
    """Spending on an allowance lowers it; the unlimited one stays; too much is refused."""
    lab = Lab()
    receipts = lab.mined(
        [
            token_call(lab, erc20.APPROVE, lab.owner, allowed),
            token_call(lab, TRANSFER_FROM, lab.owner, FRIEND, 5_000_000),
        ]
    )
    assert [receipt["status"] for receipt in receipts] == ["0x1", "0x1"]
    assert lab.view(token_call(lab, erc20.ALLOWANCE, lab.owner, lab.owner)) == left
    (receipt,) = lab.mined([token_call(lab, TRANSFER_FROM, lab.owner, FRIEND, 5_000_000)])
    assert receipt["status"] == ("0x1" if allowed == UNLIMITED else "0x0")


def test_an_aggregate_answers_each_call_for_itself() -> None:
    """A failure that is allowed stands in its place; an account without code answers nothing."""
    lab = Lab()
    token = lab.file.token("USDC").address
    rows = aggregate(
        lab,
        [
            (token, abi.encode_call(erc20.BALANCE_OF, lab.owner), False),
            (token, bytes.fromhex("deadbeef"), True),
            (FRIEND, b"", False),
            (lab.file.multicall3, multicall3.CHAIN_ID, False),
        ],
    )
    assert [success for success, _ in rows] == [True, False, True, True]
    assert int.from_bytes(rows[0][1], "big") == 10_000_000_000
    assert rows[2][1] == b""
    assert int.from_bytes(rows[3][1], "big") == 8_453
    with pytest.raises(RpcRefusalError, match="Multicall3: call failed"):
        aggregate(lab, [(token, bytes.fromhex("deadbeef"), False)])


def test_a_failed_part_of_an_aggregate_leaves_nothing_behind() -> None:
    """What a call wrote before it failed is undone, what the others wrote stays."""
    lab = Lab()
    token = lab.file.token("USDC").address
    approve = abi.encode_call(erc20.APPROVE, FRIEND, 7)
    broken = abi.encode_call(TRANSFER, FRIEND, 1)
    data = abi.encode_aggregate3([(token, approve, False), (token, broken, True)])
    (receipt,) = lab.mined([Call(lab.file.multicall3, data)])
    assert receipt["status"] == "0x1"
    multicall = lab.file.multicall3
    assert lab.view(token_call(lab, erc20.ALLOWANCE, multicall, FRIEND)) == 7
    assert len(receipt["logs"]) == 1


@pytest.mark.parametrize(
    "tail",
    [b"", b"\0" * 31, b"\xff" * 64, (32).to_bytes(32, "big") + b"\xff" * 32],
    ids=["empty", "short", "far offset", "endless"],
)
def test_a_malformed_aggregate_reverts(tail: bytes) -> None:
    """Offsets and lengths that lead nowhere are refused, not followed."""
    lab = Lab()
    with pytest.raises(RpcRefusalError) as caught:
        lab.ask("eth_call", {"to": lab.file.multicall3, "data": "0x" + (abi.AGGREGATE3 + tail).hex()})
    assert caught.value.code == 3
