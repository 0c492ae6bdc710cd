"""Who pays rewards: what their contracts say is what is believed, and a call claims for the account alone."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from mammon.core.numbers import Units
from mammon.core.rewards import Emission, Owed
from mammon.core.types import Market, MarketId, Token
from mammon.errors import CallFailedError, MalformedError
from mammon.protocols import merkl
from mammon.protocols.chains import chain
from mammon.protocols.merkl import Grant
from mammon.protocols.payers import PAYERS
from tests.protocols.fakes import CHAIN_ID, OWNER, Evm, account, calldata

VENUE, WHERE, DISTRIBUTOR = account(0xC03E7), account(0x9A1D), account(0xD157)
REWARD = Token(CHAIN_ID, account(0x4E3A), "WELL", 18)
STRANGER = account(0xBAD)
OWED = "getRewardOwed(address,address)"
OUTSTANDING = "getOutstandingRewardsForUser(address,address)"
CONFIGS = "getAllMarketConfigs(address)"
_CONFIG = "(address,address,uint256,uint224,uint32,uint224,uint32,uint256,uint256)[]"


def payer(kind: str, key: str = "") -> Market:
    """Return one who pays."""
    roles = {"comet_rewards": {"venue": VENUE}, "merkl": {}}.get(kind)
    roles = {"distributor": DISTRIBUTOR, "venue": VENUE} if roles is None else roles
    identity = MarketId(CHAIN_ID, WHERE, REWARD.address, key)
    return Market(identity, "the-payer", kind, REWARD, WHERE, tuple(sorted(roles.items())), deposits=False)


def token_evm() -> Evm:
    evm = Evm()
    evm.put(REWARD.address, "decimals()", gives=(18,))
    return evm


def comet(token: Any = REWARD.address, owed: int = 7, **changes: Any) -> Evm:
    """Return a chain with Compound's rewards on it."""
    evm = token_evm()
    evm.put(WHERE, OWED, VENUE, OWNER, gives=(token, owed))
    evm.put(VENUE, "baseTrackingSupplySpeed()", gives=(changes.get("speed", 231_481_481_481),))
    evm.put(VENUE, "trackingIndexScale()", gives=(changes.get("scale", 10**15),))
    evm.put(VENUE, "baseMinForRewards()", gives=(10**9,))
    evm.put(WHERE, "rewardConfig(address)", VENUE, gives=changes.get("config", (token, 10**12, True)))
    evm.put(REWARD.address, "balanceOf(address)", WHERE, gives=(changes.get("left", 10**24),))
    return evm


def moonwell(rows: list[Any], configs: list[Any] | None = None) -> Evm:
    """Return a chain with Moonwell's rewards on it."""
    evm = token_evm()
    told = encode(["(address,uint256,uint256,uint256)[]"], [rows])
    evm.raw(DISTRIBUTOR, OUTSTANDING, (VENUE, OWNER), told)
    evm.raw(DISTRIBUTOR, CONFIGS, (VENUE,), encode([_CONFIG], [configs or []]))
    evm.put(REWARD.address, "balanceOf(address)", DISTRIBUTOR, gives=(10**21,))
    return evm


def tree(leaves: list[bytes]) -> tuple[bytes, list[list[bytes]]]:
    """Return root and proofs, level by level: written anew, with another library's hash."""
    proofs: list[list[bytes]] = [[] for _ in leaves]
    groups: list[tuple[bytes, list[int]]] = [(leaf, [place]) for place, leaf in enumerate(leaves)]
    while len(groups) > 1:
        above: list[tuple[bytes, list[int]]] = []
        for left, right in zip(groups[::2], groups[1::2], strict=False):
            for one, other in ((left, right), (right, left)):
                for place in one[1]:
                    proofs[place].append(other[0])
            above.append((keccak(b"".join(sorted((left[0], right[0])))), [*left[1], *right[1]]))
        groups = above + ([groups[-1]] if len(groups) % 2 else [])
    return groups[0][0], proofs


def leaf(owner: str, token: str, total: int) -> bytes:
    return keccak(encode(["address", "address", "uint256"], [owner, token, total]))


def merkl_evm(root: bytes, claimed: int = 0) -> Evm:
    evm = token_evm()
    evm.put(WHERE, "getMerkleRoot()", gives=(root,))
    evm.put(
        WHERE, "claimed(address,address)", OWNER, REWARD.address, gives=(claimed, 1_700_000_000, bytes(32))
    )
    return evm


# --- Compound --------------------------------------------------------------------------------------


def test_comets_rewards_are_what_the_contract_would_pay() -> None:
    """Its own word, of the token that the payer is listed with."""
    found = comet().run(PAYERS["comet_rewards"].read_owed(payer("comet_rewards"), OWNER, None))
    assert found == Owed("the-payer", REWARD, Units(7))


def test_another_token_than_the_listed_one_is_refused() -> None:
    """Governance may change what is paid: then nothing is read until the list says so."""
    kind, listed = PAYERS["comet_rewards"], payer("comet_rewards")
    for read in (kind.read_owed(listed, OWNER, None), kind.read_programme(listed, "here")):
        with pytest.raises(MalformedError) as refused:
            comet(token=STRANGER).run(read)
        assert refused.value.code == "asset"


@pytest.mark.parametrize(
    ("changes", "per_second"),
    [
        ({}, 231_481_481_481 * 10**21),
        ({"config": (REWARD.address, 10**12, True, 10**18)}, 231_481_481_481 * 10**21),
        ({"config": (REWARD.address, 10**12, True, 5 * 10**17)}, 231_481_481_481 * 10**21 // 2),
    ],
)
def test_comets_speed_over_its_scale_is_tokens_by_the_second(changes: Any, per_second: int) -> None:
    """C4 of the facts; later contracts multiply it by a figure of their own."""
    kind = PAYERS["comet_rewards"]
    found = comet(**changes).run(kind.read_programme(payer("comet_rewards"), "compound-v3"))
    assert (found.slug, found.source, found.ends) == ("compound-v3", "the-payer", None)
    assert found.pays == Emission(per_second, 10**9, 10**24)


@pytest.mark.parametrize("changes", [{"speed": 0}, {"left": 0}])
def test_a_comet_that_pays_nothing_has_no_programme(changes: Any) -> None:
    """No speed, or a contract that has nothing left to pay with."""
    assert comet(**changes).run(PAYERS["comet_rewards"].read_programme(payer("comet_rewards"), "x")) is None


def test_a_comet_that_counts_in_nothing_is_malformed() -> None:
    """No division by zero."""
    with pytest.raises(MalformedError):
        comet(scale=0).run(PAYERS["comet_rewards"].read_programme(payer("comet_rewards"), "x"))


# --- Moonwell --------------------------------------------------------------------------------------


def test_moonwells_rewards_are_those_of_the_payers_token() -> None:
    """A market may emit several: the others are other payers'."""
    rows = [(STRANGER, 5, 5, 0), (REWARD.address, 640, 600, 40)]
    found = moonwell(rows).run(PAYERS["moonwell_rewards"].read_owed(payer("moonwell_rewards"), OWNER, None))
    assert found.amount == 640
    nobody = moonwell([]).run(PAYERS["moonwell_rewards"].read_owed(payer("moonwell_rewards"), OWNER, None))
    assert nobody.amount == 0


@pytest.mark.parametrize(
    ("speed", "token", "pays"), [(5, REWARD.address, True), (0, REWARD.address, False), (5, STRANGER, False)]
)
def test_moonwells_programme_is_what_suppliers_get_and_until_when(speed: int, token: Any, pays: bool) -> None:
    """Of the payer's token, with what is left to pay it with; borrowers' emissions are none of ours."""
    configs = [(STRANGER, token, 1_900_000_000, 1, 2, 3, 4, speed, 99)]
    read = PAYERS["moonwell_rewards"].read_programme(payer("moonwell_rewards"), "moonwell-usdc")
    found = moonwell([], configs).run(read)
    assert (found is not None) == pays
    assert not pays or (found.pays, found.ends) == (Emission(speed * 10**18, funds=10**21), 1_900_000_000)


# --- Merkl -----------------------------------------------------------------------------------------


@given(st.integers(1, 9), st.data())
def test_what_the_tree_grants_is_owed_less_what_was_claimed(count: int, data: st.DataObject) -> None:
    """Every leaf of every tree, by proofs made with another implementation."""
    total = data.draw(st.integers(1, 2**208 - 1))
    claimed = data.draw(st.integers(0, total))
    place = data.draw(st.integers(0, count - 1))
    leaves = [keccak(bytes([each])) for each in range(count)]
    leaves[place] = leaf(OWNER, REWARD.address, total)
    root, proofs = tree(leaves)
    grant = Grant(Units(total), tuple(proofs[place]))
    assert merkl.root(OWNER, REWARD.address, grant) == root
    found = merkl_evm(root, claimed).run(PAYERS["merkl"].read_owed(payer("merkl"), OWNER, grant))
    assert found.amount == total - claimed
    if claimed == total:
        return
    assert merkl.grant(found.key) == grant
    call = PAYERS["merkl"].claim(payer("merkl", found.key), OWNER)
    lists = [OWNER], [REWARD.address], [total], [list(proofs[place])]
    assert call.data == calldata("claim(address[],address[],uint256[],bytes32[][])", *lists)


@pytest.mark.parametrize("wrong", ["total", "path", "owner", "token"])
def test_a_grant_that_is_not_in_the_tree_is_refused(wrong: str) -> None:
    """Merkl's word alone brings nothing about: the root on the chain has to agree."""
    root, proofs = tree([leaf(OWNER, REWARD.address, 9), keccak(b"another")])
    grant, owner, listed = Grant(Units(9), tuple(proofs[0])), OWNER, payer("merkl")
    if wrong == "total":
        grant = dataclasses.replace(grant, total=Units(10))
    if wrong == "path":
        grant = dataclasses.replace(grant, path=(bytes(32),))
    if wrong == "owner":
        root, _ = tree([leaf(STRANGER, REWARD.address, 9), keccak(b"another")])
    if wrong == "token":
        root, _ = tree([leaf(OWNER, STRANGER, 9), keccak(b"another")])
    with pytest.raises(MalformedError) as refused:
        merkl_evm(root).run(PAYERS["merkl"].read_owed(listed, owner, grant))
    assert refused.value.code == "proof"


def test_without_a_grant_nothing_is_owed_and_nothing_can_be_claimed() -> None:
    """And the chain tells of no programme."""
    kind, listed = PAYERS["merkl"], payer("merkl")
    assert merkl_evm(bytes(32)).run(kind.read_owed(listed, OWNER, None)).amount == 0
    assert Evm().run(kind.read_programme(listed, "here")) is None
    with pytest.raises(MalformedError):
        kind.claim(listed, OWNER)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "0",
        "-1",
        "1.5",
        "07",
        "1/",
        "1/zz",
        "1/" + "a" * 63,
        "1/" + "A" * 64,
        "1" * 64,
        "1/" + "a" * 64 + "/",
    ],
)
def test_a_key_has_one_spelling(key: str) -> None:
    """What stands in the journal names one grant or none."""
    with pytest.raises(MalformedError):
        merkl.grant(key)


@pytest.mark.parametrize(("total", "path"), [(0, ()), (2**208, ()), (1, (b"short",)), (1, (bytes(32),) * 65)])
def test_what_no_contract_could_take_is_no_grant(total: int, path: tuple[bytes, ...]) -> None:
    """Nothing, more than it counts, hashes that are none, a proof without end."""
    with pytest.raises(MalformedError):
        Grant(Units(total), path)


# --- all of them -----------------------------------------------------------------------------------


def test_calls_equal_the_reference_encoding() -> None:
    """Each goes to the contract that is asked, for the account."""
    first = PAYERS["comet_rewards"].claim(payer("comet_rewards"), OWNER)
    assert (first.target, first.data) == (WHERE, calldata("claim(address,address,bool)", VENUE, OWNER, True))
    second = PAYERS["moonwell_rewards"].claim(payer("moonwell_rewards"), OWNER)
    assert (second.target, second.data) == (WHERE, calldata("claimReward(address,address[])", OWNER, [VENUE]))


def test_the_decimals_of_the_chain_count() -> None:
    """Another token at the address stops every read of every payer."""
    for name, kind in PAYERS.items():
        evm = {"comet_rewards": comet(), "moonwell_rewards": moonwell([]), "merkl": merkl_evm(bytes(32))}[
            name
        ]
        evm.put(REWARD.address, "decimals()", gives=(6,))
        reads = [kind.read_owed(payer(name), OWNER, None)]
        reads += [] if name == "merkl" else [kind.read_programme(payer(name), "x")]
        for read in reads:
            with pytest.raises(MalformedError) as refused:
                evm.run(read)
            assert refused.value.code == "decimals"


@given(st.binary(max_size=400), st.sampled_from(sorted(PAYERS)), st.booleans())
def test_whatever_a_contract_answers_ends_in_a_value_or_in_our_error(
    junk: bytes, name: str, owed: bool
) -> None:
    """Return data is a stranger's: nothing else is raised."""
    evm = {"comet_rewards": comet(), "moonwell_rewards": moonwell([]), "merkl": merkl_evm(bytes(32))}[name]
    kind = PAYERS[name]
    for where in list(evm.answers):
        if where[0] != REWARD.address:
            evm.answers[where] = junk
    grant = Grant(Units(5), ())
    read: Any = kind.read_owed(payer(name), OWNER, grant) if owed else kind.read_programme(payer(name), "x")
    try:
        found = evm.run(read)
    except (MalformedError, CallFailedError):
        return
    assert found is None or hasattr(found, "token")


def test_every_shipped_payer_is_of_a_kind_and_takes_no_deposit() -> None:
    """With the addresses its kind needs, and a token of the chain."""
    known = chain("base")
    assert {each.protocol for each in known.payers} == set(PAYERS)
    for each in known.payers:
        assert not each.deposits
        assert set(PAYERS[each.protocol].roles.required) <= {name for name, _ in each.addresses}
        assert each.token in known.tokens
        assert each.slug not in {market.slug for market in known.markets}
