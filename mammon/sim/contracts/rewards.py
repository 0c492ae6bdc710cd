"""Who pays rewards: contracts that ask and answer as Compound's, Moonwell's and Merkl's do.

What an account is owed is a slot that the world begins with, and a part that accrues by the second from
then on; both are gone once claimed. Nobody has to hold anything for it: a deposit made long ago earned it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mammon.core import abi
from mammon.core.fixed import WAD
from mammon.core.keccak import keccak256
from mammon.core.types import Address
from mammon.errors import MalformedError
from mammon.sim.contracts.encoding import Reverted, custom, encoded
from mammon.sim.contracts.erc20 import Erc20
from mammon.sim.contracts.machine import Contract, Frame, external
from mammon.sim.contracts.moonwell import Comptroller, MToken
from mammon.sim.processes import OPENING, OPENING_BLOCK, epoch_of

REWARD_CLAIMED = "2422cac5e23c46c890fdcf42d0c64757409df6832174df639337558f09d99c68"
CLAIMED = "f7a40077ff7a04c7e61f6f26fb13774259ddf1b6bce9ecf26a8276cdd3992683"
ROOT_EPOCHS = 96
"""A tree is put in the place of the one before every 8 hours."""
_OPENING_EPOCH = epoch_of(OPENING_BLOCK)


@dataclass(frozen=True, slots=True)
class RewardTerms:
    """What one payer pays, to everybody and to the account it owes something."""

    token: Erc20
    per_second: int
    """To all suppliers together, base units of the token."""
    share_ppm: int
    """Of it, to an account that it owes anything."""
    ends: int
    """The last second it pays, unix seconds."""


class Accruing(Contract):
    """The count of what is owed: what the world begins with, and a share of what is paid by the second."""

    def __init__(self, address: Address, terms: RewardTerms) -> None:
        super().__init__(address)
        self.terms = terms

    def owed(self, frame: Frame, account: Address) -> int:
        """Return what an account is owed at the time of the block."""
        terms = self.terms
        first: int = frame.storage.get(self.key("owed", account))
        if not first:
            return 0
        since: int = frame.storage.get(self.key("since", account), OPENING)
        seconds = max(0, min(frame.timestamp, terms.ends) - since)
        return first + terms.per_second * seconds * terms.share_ppm // 10**6

    def pay(self, frame: Frame, account: Address) -> int:
        """Pay what is owed as far as there is anything to pay with; return how much that was."""
        amount = self.owed(frame, account)
        if amount > self.terms.token.balance(frame, self.address):
            return 0
        # One unit stays behind, so that the account goes on earning.
        frame.storage.put(self.key("owed", account), 1)
        frame.storage.put(self.key("since", account), frame.timestamp)
        if amount > 1:
            self.terms.token.move(frame, self.address, account, amount - 1)
        return max(0, amount - 1)


def tracking(comet: Contract, terms: RewardTerms) -> Contract:
    """Have a Comet answer for what its rewards are counted by."""
    scale = 10**15
    speed = terms.per_second * scale // 10**terms.token.places
    comet.constant("189bb2f1", "baseTrackingSupplySpeed()", speed)
    comet.constant("aba7f15e", "trackingIndexScale()", scale)
    comet.constant("9364e18a", "baseMinForRewards()", 10**9)
    return comet


class CometRewards(Accruing):
    """One contract that pays for every Comet; here for one."""

    def __init__(self, address: Address, comet: Address, terms: RewardTerms) -> None:
        super().__init__(address, terms)
        self.comet = comet

    @external("41e0cad6", "getRewardOwed(address,address)", 60_000)
    def reward_owed(self, frame: Frame, comet: Address, account: Address) -> tuple[object, ...]:
        self._require(comet)
        return (self.terms.token.address, max(0, self.owed(frame, account) - 1))

    @external("2289b6b8", "rewardConfig(address)")
    def config(self, _frame: Frame, comet: Address) -> tuple[object, ...]:
        self._require(comet)
        return (self.terms.token.address, 10**12, True, WAD)

    @external("b7034f7e", "claim(address,address,bool)", 120_000)
    def claim(self, frame: Frame, comet: Address, account: Address, _accrue: bool) -> None:
        self._require(comet)
        paid = self.pay(frame, account)
        if paid:
            token = self.terms.token.address
            frame.emit(self.address, REWARD_CLAIMED, (account, account, token), paid)

    def _require(self, comet: Address) -> None:
        if comet != self.comet:
            raise custom("9c58e3b6", comet)  # NotSupported(address)


class Distributor(Accruing):
    """Moonwell's distributor: it says what is owed, and pays when the comptroller asks it to."""

    def __init__(self, address: Address, market: Address, owner: Address, terms: RewardTerms) -> None:
        super().__init__(address, terms)
        self.market, self.owner = market, owner

    @external("07e8ce85", "getOutstandingRewardsForUser(address,address)", 40_000)
    def outstanding(self, frame: Frame, market: Address, account: Address) -> bytes:
        rows = []
        if market == self.market:
            owed = max(0, self.owed(frame, account) - 1)
            rows = [(self.terms.token.address, owed, owed, 0)]
        return abi.encode(abi.array(rows))

    @external("7e218f90", "getAllMarketConfigs(address)")
    def configs(self, _frame: Frame, market: Address) -> bytes:
        terms, rows = self.terms, []
        if market == self.market:
            token = terms.token.address
            rows = [(self.owner, token, terms.ends, 10**36, OPENING, 10**36, OPENING, terms.per_second, 1)]
        return abi.encode(abi.array(rows))


class PayingComptroller(Comptroller):
    """Moonwell's comptroller, which has its distributor pay."""

    def __init__(self, address: Address, market: MToken, distributor: Distributor) -> None:
        super().__init__(address, market)
        self.distributor = distributor

    @external("3685ffe7", "claimReward(address,address[])", 160_000)
    def claim(self, frame: Frame, data: bytes) -> None:
        try:
            holder = abi.address(abi.leading_words(data, 1)[0])
            markets = [abi.address(word) for word in abi.words_at(data, 1)]
        except MalformedError as error:
            raise Reverted from error
        for market in markets:
            if market == self.distributor.market:
                self.distributor.pay(frame, holder)


class MerklDistributor(Contract):
    """Merkl's distributor: it pays what a tree grants, less what it paid before.

    The tree is a function of the seed and the time, as everything that nobody here decides: one leaf for
    each account and token that is granted something, and enough others that a proof has a length.
    """

    def __init__(
        self, address: Address, tokens: Mapping[str, Erc20], grants: Mapping[str, tuple[int, int]]
    ) -> None:
        """`grants`: by the token's name, what is granted from the first, and what each tree adds to it."""
        super().__init__(address)
        self.tokens, self.grants = tokens, grants

    def leaves(self, number: int, account: Address) -> list[bytes]:
        """Return the leaves of the tree of a block's time, the account's first."""
        own = [leaf(account, token.address, self.total(name, number)) for name, token in self.tokens.items()]
        others = [keccak256(b"leaf" + bytes([place]) + str(_tree(number)).encode()) for place in range(5)]
        return [*own, *others]

    def total(self, name: str, number: int) -> int:
        """Return what the tree of a block's time grants of a token in all."""
        first, more = self.grants[name]
        return first + more * _tree(number)

    def path(self, name: str, number: int, account: Address) -> list[bytes]:
        """Return the proof of an account's grant in the tree of a block's time."""
        return paths(self.leaves(number, account))[list(self.tokens).index(name)]

    @external("49590657", "getMerkleRoot()")
    def root(self, frame: Frame) -> bytes:
        # The tree grants something to one account alone: the wallet that the world began with.
        account: Address = frame.storage.get(self.key("account"))
        return root_of(self.leaves(frame.environment.number, account))

    @external("0c9cbf0e", "claimed(address,address)")
    def claimed(self, frame: Frame, account: Address, token: Address) -> tuple[object, ...]:
        paid, at = frame.storage.get(self.key("claimed", account, token), (0, 0))
        return (paid, at, bytes(32))

    @external("71ee95c0", "claim(address[],address[],uint256[],bytes32[][])", 110_000)
    def claim(self, frame: Frame, data: bytes) -> None:
        try:
            users, tokens, totals = (abi.words_at(data, place) for place in range(3))
            inner = abi.struct_at(data, 3)
            count = abi.leading_words(inner, 1)[0]
            if not 0 < len(users) == len(tokens) == len(totals) == count:
                raise custom("1df89e8b")  # InvalidLengths()
            found = [abi.words_at(inner[32:], place) for place in range(count)]
        except MalformedError as error:
            raise Reverted from error
        for user, token, total, path in zip(users, tokens, totals, found, strict=True):
            self._claim(frame, abi.address(user), abi.address(token), total, path)

    def _claim(self, frame: Frame, user: Address, token: Address, total: int, path: tuple[int, ...]) -> None:
        proven = leaf(user, token, total)
        for word in path:
            proven = _pair(proven, word.to_bytes(32, "big"))
        if proven != self.root(frame):
            raise custom("09bde339")  # InvalidProof()
        paid, _ = frame.storage.get(self.key("claimed", user, token), (0, 0))
        if total < paid:
            raise Reverted
        frame.storage.put(self.key("claimed", user, token), (total, frame.timestamp))
        payer = next(each for each in self.tokens.values() if each.address == token)
        payer.move(frame, self.address, user, total - paid)
        frame.emit(self.address, CLAIMED, (user, token), total - paid)


# --- trees ---------------------------------------------------------------------------------------


def leaf(account: Address, token: Address, total: int) -> bytes:
    """Return the leaf of a grant."""
    return bytes(keccak256(b"".join(map(encoded, (account, token, total)))))


def root_of(leaves: list[bytes]) -> bytes:
    """Return the root of a tree; an odd one out goes up as it is."""
    level = leaves
    while len(level) > 1:
        level = _above(level)
    return level[0]


def paths(leaves: list[bytes]) -> list[list[bytes]]:
    """Return the proof of each leaf, in order."""
    found: list[list[bytes]] = [[] for _ in leaves]
    places, level = list(range(len(leaves))), leaves
    while len(level) > 1:
        for which, place in enumerate(places):
            if place ^ 1 < len(level):
                found[which].append(level[place ^ 1])
        places, level = [place // 2 for place in places], _above(level)
    return found


def _above(level: list[bytes]) -> list[bytes]:
    pairs = [level[place : place + 2] for place in range(0, len(level), 2)]
    return [_pair(*pair) if len(pair) == 2 else pair[0] for pair in pairs]


def _pair(one: bytes, other: bytes) -> bytes:
    return bytes(keccak256(min(one, other) + max(one, other)))


def _tree(number: int) -> int:
    """Return which tree counts at a block: the first one from before the world's clock started."""
    return max(0, (epoch_of(number) - _OPENING_EPOCH) // ROOT_EPOCHS)
