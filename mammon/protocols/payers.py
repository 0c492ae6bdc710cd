"""Who pays rewards: Compound's CometRewards, Moonwell's comptroller, Merkl's distributor.

A payer is written as a `Market` of its own: the contract that is asked to pay, and the token it pays.
Nothing is ever deposited into one. What is owed is what the payer's contract says it would hand over;
`getRewardOwed` accrues, so it stands in no round together with what a market is judged by.
"""

from __future__ import annotations

from typing import Protocol

from mammon.core import abi
from mammon.core.names import Address
from mammon.core.numbers import Units, Wad
from mammon.core.rewards import Emission, Owed, Programme
from mammon.core.types import Call, Market, Read
from mammon.errors import MalformedError
from mammon.protocols import merkl
from mammon.protocols.abi import rewards
from mammon.protocols.base import Roles, required_role
from mammon.protocols.merkl import Grant
from mammon.protocols.pieces import Answers, ask, balance, check_decimals, decimals_question

_WAD = 10**18
_CONFIG_WORDS = 9
_OWED_WORDS = 4


class RewardPayer(Protocol):
    """One kind of payer. Stateless; reads raise as an adapter's do."""

    @property
    def protocol(self) -> str:
        """The key in `PAYERS`, and in the table of call forms."""
        ...

    @property
    def roles(self) -> Roles:
        """The addresses beside its own that it needs."""
        ...

    def read_owed(self, payer: Market, owner: Address, grant: Grant | None) -> Read[Owed]:
        """Read what the owner would be paid now. `grant`: what a source outside the chain grants it."""
        ...

    def read_programme(self, payer: Market, slug: str) -> Read[Programme | None]:
        """Read what is paid on the market named `slug`; None where the chain tells of no programme."""
        ...

    def claim(self, payer: Market, owner: Address) -> Call:
        """Return the call that has the owner paid."""
        ...


class CometRewards:
    """Compound III: one contract pays COMP for every Comet; the Comet keeps count."""

    protocol = "comet_rewards"
    roles = Roles(("venue",))

    def read_owed(self, payer: Market, owner: Address, grant: Grant | None) -> Read[Owed]:  # noqa: ARG002
        """Ask the rewards contract, which accrues first."""
        asked = abi.encode_call(rewards.COMET_OWED, _venue(payer), owner)
        answers = yield from ask({**decimals_question(payer.token), "owed": Call(payer.id.address, asked)})
        check_decimals(payer.token, answers)
        token, amount = answers.words("owed", 2)
        _check_token(payer, abi.address(token))
        return Owed(payer.slug, payer.token, Units(answers.unsigned("owed", amount, 128)))

    def read_programme(self, payer: Market, slug: str) -> Read[Programme | None]:
        """Read the speed at which the Comet counts, and what a count is worth in tokens.

        None where the contract has nothing left to pay with. It has no end: governance sets the speed.
        """
        comet = _venue(payer)
        answers = yield from ask(
            {
                **decimals_question(payer.token),
                "speed": Call(comet, abi.encode_call(rewards.TRACKING_SPEED)),
                "scale": Call(comet, abi.encode_call(rewards.TRACKING_SCALE)),
                "least": Call(comet, abi.encode_call(rewards.MIN_FOR_REWARDS)),
                "config": Call(payer.id.address, abi.encode_call(rewards.COMET_CONFIG, comet)),
                "left": balance(payer.token.address, payer.id.address),
            }
        )
        check_decimals(payer.token, answers)
        _check_token(payer, abi.address(abi.leading_words(answers.raw("config"), 3)[0]))
        scale = answers.number("scale", 64)
        if scale == 0:
            raise MalformedError("scale", f"{payer.slug} counts in nothing")
        speed, left = answers.number("speed", 64), Units(answers.number("left", 128))
        if speed == 0 or left == 0:
            return None
        per_second = speed * 10**payer.token.decimals * _multiplier(answers) // scale
        least = Units(answers.number("least", 104))
        return Programme(slug, payer.slug, payer.token, Emission(Wad(per_second), least, left))

    def claim(self, payer: Market, owner: Address) -> Call:
        """Claim for the owner, who is paid whoever sends it; with what has accrued since the last count."""
        return Call(payer.id.address, abi.encode_call(rewards.COMET_CLAIM, _venue(payer), owner, True))


class MoonwellRewards:
    """Moonwell: the comptroller has its distributor pay; one market may emit several tokens.

    A claim pays every token of the market that has something owed, not only the payer's own.
    """

    protocol = "moonwell_rewards"
    roles = Roles(("distributor", "venue"))

    def read_owed(self, payer: Market, owner: Address, grant: Grant | None) -> Read[Owed]:  # noqa: ARG002
        """Ask the distributor, a plain view."""
        asked = abi.encode_call(rewards.MOONWELL_OWED, _venue(payer), owner)
        answers = yield from ask(
            {
                **decimals_question(payer.token),
                "owed": Call(required_role(payer, "distributor"), asked),
            }
        )
        check_decimals(payer.token, answers)
        found = [
            answers.unsigned("owed", row[1], 128)
            for row in abi.rows_at(answers.raw("owed"), 0, _OWED_WORDS)
            if abi.address(row[0]) == payer.token.address
        ]
        return Owed(payer.slug, payer.token, Units(sum(found)))

    def read_programme(self, payer: Market, slug: str) -> Read[Programme | None]:
        """Read what suppliers of the market get of the payer's token, until when, and what is left of it."""
        distributor = required_role(payer, "distributor")
        asked = abi.encode_call(rewards.MOONWELL_CONFIGS, _venue(payer))
        answers = yield from ask(
            {
                **decimals_question(payer.token),
                "configs": Call(distributor, asked),
                "left": balance(payer.token.address, distributor),
            }
        )
        check_decimals(payer.token, answers)
        left = Units(answers.number("left", 128))
        for row in abi.rows_at(answers.raw("configs"), 0, _CONFIG_WORDS):
            speed = answers.unsigned("configs", row[7], 128)
            if abi.address(row[1]) == payer.token.address and speed:
                ends = answers.unsigned("configs", row[2], 64)
                paid = Emission(Wad(speed * _WAD), funds=left)
                return Programme(slug, payer.slug, payer.token, paid, ends=ends)
        return None

    def claim(self, payer: Market, owner: Address) -> Call:
        """Claim for the owner on this one market, as supplier and as borrower."""
        markets = abi.array((_venue(payer),))
        return Call(payer.id.address, abi.encode_call(rewards.MOONWELL_CLAIM, owner, markets))


class Merkl:
    """Merkl: a distributor pays what a Merkle tree grants; the tree is published outside the chain."""

    protocol = "merkl"
    roles = Roles()

    def read_owed(self, payer: Market, owner: Address, grant: Grant | None) -> Read[Owed]:
        """Check a grant against the root on the chain, and take off what was claimed of it before.

        Raises `MalformedError` (`proof`) when the grant is none of the tree that the contract pays by.
        """
        answers = yield from ask(
            {
                **decimals_question(payer.token),
                "root": Call(payer.id.address, abi.encode_call(rewards.MERKL_ROOT)),
                "claimed": Call(
                    payer.id.address,
                    abi.encode_call(rewards.MERKL_CLAIMED, owner, payer.token.address),
                ),
            }
        )
        check_decimals(payer.token, answers)
        if grant is None:
            return Owed(payer.slug, payer.token, Units(0))
        paid = answers.unsigned("claimed", answers.words("claimed", 3)[0], 208)
        if paid >= grant.total:
            return Owed(payer.slug, payer.token, Units(0))
        if merkl.root(owner, payer.token.address, grant) != answers.number("root").to_bytes(32, "big"):
            raise MalformedError(
                "proof", f"{payer.slug}: what is granted is not in the tree that is paid by now", "try later"
            )
        return Owed(payer.slug, payer.token, Units(grant.total - paid), merkl.key(grant))

    def read_programme(self, payer: Market, slug: str) -> Read[Programme | None]:  # noqa: ARG002
        """Return None: the chain does not tell what Merkl's campaigns pay on."""
        yield ()
        return None

    def claim(self, payer: Market, owner: Address) -> Call:
        """Claim by the grant that the payer's key names. Raises `MalformedError` where it names none."""
        return Call(payer.id.address, merkl.claim_data(owner, payer.token.address, merkl.grant(payer.id.key)))


PAYERS: dict[str, RewardPayer] = {
    CometRewards.protocol: CometRewards(),
    Merkl.protocol: Merkl(),
    MoonwellRewards.protocol: MoonwellRewards(),
}
"""The payers, by hand: what is not in this table pays nothing."""


def _venue(payer: Market) -> Address:
    return required_role(payer, "venue")


def _check_token(payer: Market, found: Address) -> None:
    if found != payer.token.address:
        raise MalformedError(
            "asset",
            f"{payer.slug} pays {found}, not {payer.token.symbol}",
            "correct the payer's token in the chain file",
        )


def _multiplier(answers: Answers) -> int:
    """Return what the contract multiplies a count by, wad; early versions have no such figure."""
    data = answers.raw("config")
    return abi.leading_words(data, 4)[3] if len(data) >= 4 * abi.WORD else _WAD
