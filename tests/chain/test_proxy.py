"""The providers in front of the node: true where they are not told otherwise, and wrong just as told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from mammon.core.numbers import Wei
from mammon.core.transaction import Unsigned, transaction_hash
from mammon.sim.wallet import SimSigner
from tests.chain import proxy_faults, proxy_sends
from tests.chain.node import CHAIN_ID, LOCAL_CHAIN_ID, loaded
from tests.chain.proxy import Provider, View, providers, raw_sent
from tests.chain.rpc import Rpc, RpcError
from tests.chain.scenario import ETHER, Scenario

pytestmark = pytest.mark.chain

SIGNER = SimSigner(5)
FEE = 10**10
SEND = "eth_sendRawTransaction"


@pytest.fixture
def two(chain: Scenario) -> Iterator[list[Provider]]:
    chain.fund(SIGNER.address, wei=ETHER)
    with providers(int(chain.rpc.url.rpartition(":")[2])) as made:
        yield made


@pytest.fixture
def ask(two: list[Provider]) -> Iterator[Rpc]:
    """A client of the first provider."""
    client = Rpc(two[0].server.port)
    yield client
    client.close()


def raw(fee: int = FEE, nonce: int = 0) -> str:
    unsigned = Unsigned(CHAIN_ID, nonce, Wei(fee), Wei(fee), 21_000, SIGNER.address, Wei(0), b"")
    return "0x" + SIGNER.sign(unsigned).hex()


def hash_of(sent: str) -> str:
    return transaction_hash(bytes.fromhex(sent[2:]))


def waiting(chain: Scenario) -> int:
    return int(chain.rpc("txpool_status")["pending"], 16)


def test_a_sound_provider_says_what_the_node_says(chain: Scenario, ask: Rpc) -> None:
    """Alone and in batches; errors are handed on, and `seen` has what was asked."""
    questions: list[tuple[str, list[Any]]] = [
        ("eth_chainId", []),
        ("eth_getBlockByNumber", ["latest", False]),
        ("eth_getTransactionCount", [chain.account("alice"), "latest"]),
        ("eth_feeHistory", ["0x2", "latest", [50]]),
    ]
    for method, params in questions:
        assert ask(method, *params) == chain.rpc(method, *params)
    assert ask.batch(questions) == chain.rpc.batch(questions)
    with pytest.raises(RpcError):
        ask("eth_nothing")


def test_the_safe_head_follows_and_can_be_held(chain: Scenario, two: list[Provider], ask: Rpc) -> None:
    """Two and four blocks behind the newest; held, they stay while the chain goes on."""

    def heads() -> list[int]:
        tags = ("latest", "safe", "finalized")
        return [int(ask("eth_getBlockByNumber", tag, False)["number"], 16) for tag in tags]

    top = chain.block
    assert heads() == [top, top - 2, top - 4]
    two[0].view = View(held=top - 2)
    chain.rpc("evm_mine")
    chain.rpc("evm_mine")
    assert heads() == [top + 2, top - 2, top - 2]


def test_a_provider_behind_knows_nothing_newer(chain: Scenario, two: list[Provider], ask: Rpc) -> None:
    """Head, counts, receipts and logs are those of its own head; later blocks are not there."""
    sent = raw()
    chain.rpc(SEND, sent)
    while chain.rpc("eth_getTransactionReceipt", hash_of(sent)) is None:
        time.sleep(0.001)
    two[0].view = View(behind=1)
    assert int(ask("eth_blockNumber"), 16) == chain.block - 1
    assert int(ask("eth_getTransactionCount", SIGNER.address, "latest"), 16) == 0
    assert ask("eth_getTransactionReceipt", hash_of(sent)) is None
    assert ask("eth_getBlockByNumber", hex(chain.block), False) is None
    with pytest.raises(RpcError):
        ask("eth_getTransactionCount", SIGNER.address, hex(chain.block))
    two[0].heal()
    assert ask("eth_getTransactionReceipt", hash_of(sent))["status"] == "0x1"


def test_one_slow_replica_answers_its_method_alone(chain: Scenario, two: list[Provider], ask: Rpc) -> None:
    """In one batch the header is of the newest block, the count of an older one."""
    chain.rpc("eth_sendTransactionSync", {"from": chain.account("bob"), "to": chain.account("bob")})
    questions = [
        ("eth_getBlockByNumber", ["latest", False]),
        ("eth_getTransactionCount", [chain.account("bob"), "latest"]),
    ]
    _, true_count = chain.rpc.batch(questions)
    two[0].fault(proxy_faults.lagging(1), "eth_getTransactionCount")
    block, count = ask.batch(questions)
    assert int(block["number"], 16) == chain.block
    assert int(count, 16) == int(true_count, 16) - 1


def test_a_fault_befalls_the_nth_exchange_of_its_method(two: list[Provider], ask: Rpc) -> None:
    """Exchanges before and after it are sound, others are not counted."""
    two[0].fault(proxy_sends.refused(-32000, "no"), "eth_chainId", first=2, times=1)
    assert ask("eth_chainId") == hex(CHAIN_ID)
    ask("eth_blockNumber")
    with pytest.raises(RpcError):
        ask("eth_chainId")
    assert ask("eth_chainId") == hex(CHAIN_ID)


def test_a_replacement_must_offer_a_tenth_more(chain: Scenario, two: list[Provider], ask: Rpc) -> None:
    """One wei more, which the node itself takes, is refused by every provider; a tenth more is taken."""
    chain.rpc("evm_setAutomine", False)
    try:
        ask(SEND, raw())
        other = Rpc(two[1].server.port)
        for client in (ask, other):
            with pytest.raises(RpcError, match="underpriced"):
                client(SEND, raw(FEE + 1))
        other.close()
        higher = raw(FEE * 11 // 10)
        assert ask(SEND, higher) == hash_of(higher)
        assert waiting(chain) == 1
        chain.rpc("evm_mine")
        assert chain.rpc("eth_getTransactionReceipt", hash_of(higher))["status"] == "0x1"
    finally:
        chain.rpc("evm_setAutomine", True)


def test_sends_are_swallowed_delayed_or_refused_against_the_truth(
    chain: Scenario, two: list[Provider], ask: Rpc
) -> None:
    """What a provider answers to a broadcast says nothing of what it did."""
    rule = two[0].fault(proxy_sends.swallowed, SEND)
    assert ask(SEND, raw()) == hash_of(raw())
    assert chain.rpc("eth_getTransactionByHash", hash_of(raw())) is None
    rule.fault = delayed = proxy_sends.Delayed()
    assert ask(SEND, raw()) == hash_of(raw())
    assert chain.rpc("eth_getTransactionByHash", hash_of(raw())) is None
    assert [answer["result"] for answer in delayed.release()] == [hash_of(raw())]
    rule.fault = proxy_sends.refused_but_forwarded(-32000, "txpool is full")
    with pytest.raises(RpcError, match="full"):
        ask(SEND, raw(nonce=1))
    assert chain.rpc("eth_getTransactionByHash", hash_of(raw(nonce=1))) is not None
    rule.fault = proxy_faults.dropped
    with pytest.raises(ConnectionError):
        ask(SEND, raw(nonce=2))
    assert chain.rpc("eth_getTransactionByHash", hash_of(raw(nonce=2))) is not None
    assert raw_sent(two) == [raw(), raw(), raw(nonce=1), raw(nonce=2)]


def test_the_sender_of_a_transaction_is_recovered() -> None:
    """The pool's places are by account and nonce."""
    assert proxy_sends.sender(bytes.fromhex(raw()[2:])) == SIGNER.address.lower()


def test_the_state_loads_under_the_local_chain_id(chain: Scenario) -> None:
    """The lab's contracts are there under an id that is no real chain's."""
    node = loaded(chain.lab.state, chain.lab.timestamp, chain_id=LOCAL_CHAIN_ID)
    try:
        assert int(node.rpc("eth_chainId"), 16) == LOCAL_CHAIN_ID
        assert Scenario(chain.lab, node.rpc).balance(chain.account("whale")) > 0
    finally:
        node.stop()
