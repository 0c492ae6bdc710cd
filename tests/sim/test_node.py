"""The node as a transport: JSON-RPC's forms and errors, no socket, few imports."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from mammon.core.ports import Transport
from mammon.errors import DeadlinePassedError
from mammon.net.deadline import Deadline
from mammon.sim.node import SimNode
from mammon.sim.wire import Json
from tests.sim.lab import Lab, RpcRefusalError


def test_it_is_a_transport() -> None:
    """The node fits the port, has a printable name, and honours a deadline that has passed."""
    lab = Lab()
    transport: Transport = lab.node
    assert transport.name == "simulated"
    with pytest.raises(DeadlinePassedError):
        transport.exchange(b"{}", Deadline(0))


def test_batches_are_answered_in_order_each_for_itself() -> None:
    """One bad call of a batch does not touch the others."""
    answers = Lab().exchange(
        [
            {"jsonrpc": "2.0", "id": 7, "method": "eth_chainId", "params": []},
            {"jsonrpc": "2.0", "id": 8, "method": "eth_nothing", "params": []},
            {"jsonrpc": "2.0", "id": 9, "method": "eth_blockNumber"},
        ]
    )
    assert [answer["id"] for answer in answers] == [7, 8, 9]
    assert answers[0]["result"] == "0x2105"
    assert answers[1]["error"]["code"] == -32601
    assert answers[2]["result"] == hex(40_001_050)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b"7", -32600),
        (b"{}", -32600),
        (json.dumps([1] * 1_001).encode(), -32600),
        (b'{"id":1,"method":"eth_call","params":{}}', -32602),
        (b'{"id":1,"method":"eth_call","params":[]}', -32602),
    ],
)
def test_broken_requests_get_the_standards_errors(body: bytes, code: int) -> None:
    """Whatever is sent, the answer is JSON-RPC."""
    assert Lab().exchange(body)["error"]["code"] == code


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_call", [{"to": "0x12"}, "latest"]),
        ("eth_call", [{"data": "0x"}, "latest"]),
        ("eth_call", ["x", "latest"]),
        ("eth_call", [{"to": "0x" + "11" * 20, "data": "0x123"}, "latest"]),
        ("eth_call", [{"to": "0x" + "11" * 20}, "0x01"]),
        ("eth_call", [{"to": "0x" + "11" * 20}, "latest", {"0x": {}}]),
        ("eth_getBalance", [7]),
        ("eth_getBlockByNumber", ["newest", False]),
        ("eth_getBlockByHash", ["0x11", False]),
        ("eth_getTransactionReceipt", ["0x11"]),
        ("eth_sendRawTransaction", ["0xzz"]),
        ("eth_getLogs", ["x"]),
        ("eth_feeHistory", ["five", "latest", []]),
    ],
)
def test_malformed_parameters_are_named(method: str, params: list[Any]) -> None:
    """A parameter of the wrong form is an error with the standard's code."""
    with pytest.raises(RpcRefusalError, match="invalid argument") as caught:
        Lab().ask(method, *params)
    assert caught.value.code == -32602


def test_simple_methods_answer() -> None:
    """What clients ask beside the essentials."""
    lab = Lab()
    assert lab.ask("net_version") == "8453"
    assert lab.ask("eth_syncing") is False
    assert int(lab.ask("eth_gasPrice"), 16) > int(lab.ask("eth_maxPriorityFeePerGas"), 16) > 0
    assert int(lab.ask("eth_getBalance", lab.owner, "latest"), 16) == 5 * 10**16
    assert lab.ask("eth_getCode", lab.owner, "latest") == "0x"
    codes = {lab.ask("eth_getCode", market.id.address, "latest") for market in lab.file.markets}
    assert len(codes) == 3
    assert lab.ask("eth_getStorageAt", lab.owner, "0x" + "00" * 32, "latest") == "0x" + "00" * 32
    nobody = {"to": lab.owner, "data": "0x12345678"}
    assert lab.ask("eth_call", nobody, "latest") == "0x"


def test_several_nodes_share_a_world_and_one_method_can_be_replaced() -> None:
    """A harness changes what one endpoint answers; the other goes on telling the truth."""
    lab = Lab()
    liar = SimNode(lab.world, "liar")

    def stale(_params: Any) -> Json:
        return "0x1"

    liar.methods["eth_blockNumber"] = stale
    asked = b'{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}'
    assert json.loads(liar.exchange(asked, Deadline(5)))["result"] == "0x1"
    assert lab.ask("eth_blockNumber") == hex(lab.chain.head)


def test_reading_a_world_loads_neither_curves_nor_clients() -> None:
    """Rebuilding and reading needs the standard library and the project alone; signing loads one more."""
    code = (
        "import sys; from mammon.net.deadline import Deadline; from mammon.sim.node import SimNode;"
        "from mammon.sim.world import SimWorld; from mammon.sim.clock import SimClock;"
        "from mammon.sim.chainfile import chain_file;"
        "node = SimNode(SimWorld(1)); chain_file();"
        'node.exchange(b\'{"id":1,"method":"eth_blockNumber"}\', Deadline(5));'
        "heavy = {'coincurve', 'web3', 'eth_account', 'eth_abi', 'httpx', 'pydantic', 'rich', 'sqlite3'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert run.stdout.strip() == "[]"
