"""Merkl: what campaigns pay on our markets, and what its tree grants one account. No key is needed.

`amount` is everything ever granted, `claimed` what was paid of it; `pending` is in no tree yet and is not
read. An `apr` is in percent. For the kinds in `NET` it is a target that has the market's own rate in it,
which has to come off again. Of several campaigns on one market the rate holds until the first ends.
Sources: docs of the v4 API; npm @merkl/api@1.19.27, its types; github DefiLlama/yield-server, its adapter.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mammon.core.address import parse_address
from mammon.core.names import Address
from mammon.core.numbers import Rate, Units, Usd
from mammon.core.rewards import Programme, Quote
from mammon.core.types import Token
from mammon.errors import MalformedError, UsageError
from mammon.feeds import answers
from mammon.feeds.question import joined
from mammon.net.safe_text import safe_text

NAME = "merkl"
BYTE_CAP = 4_000_000
PAGE = 100
PAGES = 5
"""Of opportunities; there are no more that lend on one chain."""
NET = frozenset({"AAVE_NET_APR", "AAVE_V4_NET_APR"})
MAX_APR = Decimal(20)
"""A campaign of 2,000 % a year is a broken figure."""
MOST_USD = Decimal(10) ** 12

_AMOUNT = re.compile(r"[0-9]{1,63}\Z")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}\Z")
_MAX_HASHES = 64
_PERCENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Granted:
    """What the tree grants an account of one token."""

    total: Units
    """Ever granted, what was claimed before included."""
    path: tuple[bytes, ...]
    """The proof of it."""


@dataclass(frozen=True, slots=True)
class Grants:
    """What is granted an account on one chain."""

    known: Mapping[Address, Granted | MalformedError]
    """Of the tokens asked about, those of which anything is granted."""
    others: tuple[str, ...]
    """Symbols of other tokens of which something is granted, printable, sorted."""


def rewards_url(base: str, chain_id: int, owner: Address) -> str:
    """Return where an account's grants are told; whoever is asked learns the address."""
    return joined(base, f"v4/users/{owner}/rewards?chainId={chain_id}")


def opportunities_url(base: str, chain_id: int, page: int) -> str:
    """Return where one page of the campaigns for lenders is told, counted from 0."""
    asked = f"chainId={chain_id}&status=LIVE&action=LEND&items={PAGE}&page={page}"
    return joined(base, f"v4/opportunities?{asked}")


def grants(body: bytes, chain_id: int, tokens: Collection[Address]) -> Grants:
    """Read what is granted of each token. Raises `MalformedError` where nothing of it can be read."""
    known: dict[Address, Granted | MalformedError] = {}
    others: set[str] = set()
    for entry in _list(answers.parsed(body), "the answer"):
        chain = answers.table(answers.table(entry, "an entry").get("chain"), "a chain")
        if answers.number(chain.get("id"), "a chain's id") != chain_id:
            continue
        for row in _list(entry.get("rewards"), "the rewards"):
            token = answers.table(answers.table(row, "a reward").get("token"), "a token")
            address = _address(token.get("address"))
            if address not in tokens:
                others.add(safe_text(str(token.get("symbol")), 16))
            elif address in known:
                known[address] = answers.malformed("a token that stands twice")
            else:
                known[address] = _granted(row)
    return Grants(known, tuple(sorted(others)))


def programmes(
    body: bytes, slugs: Mapping[Address, str], chain_id: int, now: int
) -> tuple[int, tuple[Programme, ...]]:
    """Read one page of campaigns: how many it has, and those on our markets (`slugs` by their address).

    Raises `MalformedError`. A campaign that makes no sense is left out, for nothing is counted of it.
    """
    page = _list(answers.parsed(body), "the answer")
    found: list[Programme] = []
    for row in page:
        try:
            slug = slugs.get(_address(answers.table(row, "a campaign").get("identifier")))
            if slug is not None:
                found.append(_programme(row, slug, chain_id, now))
        except MalformedError:
            continue
    return len(page), tuple(found)


def _granted(row: Mapping[str, Any]) -> Granted | MalformedError:
    amount, proofs = row.get("amount"), row.get("proofs")
    if type(amount) is not str or not _AMOUNT.match(amount):
        return answers.malformed("an amount that is no whole number")
    if type(proofs) is not list or len(proofs) > _MAX_HASHES:
        return answers.malformed("a proof that is no list of hashes")
    if not all(type(each) is str and _HASH.match(each) for each in proofs):
        return answers.malformed("a proof of something else than hashes")
    return Granted(Units(int(amount)), tuple(bytes.fromhex(each[2:]) for each in proofs))


def _programme(row: Mapping[str, Any], slug: str, chain_id: int, now: int) -> Programme:
    record = answers.table(row.get("rewardsRecord"), "the rewards")
    first = answers.table(answers.rows(record.get("breakdowns"), "the rewards")[0], "a reward")
    token = answers.table(first.get("token"), "a token")
    native = row.get("nativeApr")
    parts = answers.rows(answers.table(row.get("aprRecord"), "the rate").get("breakdowns"), "the rate")
    kinds = {answers.table(part, "a part of the rate").get("distributionType") in NET for part in parts}
    return Programme(
        slug,
        NAME,
        Token(chain_id, _address(token.get("address")), safe_text(str(token.get("symbol")), 16), 18),
        Quote(
            _rate(row.get("apr"), "the rate"),
            now,
            # Where only one part of several is a net target, the market's own rate still comes off the whole.
            net=True in kinds,
            native_apr=None if native is None else _rate(native, "the market's own rate"),
            shared_usd=_shared(row.get("tvl")),
        ),
        ends=_ends(row, now),
    )


def _ends(row: Mapping[str, Any], now: int) -> int | None:
    """Return when the first of the campaigns that make up a rate ends; None where that is not told.

    What is told to be live and to have ended is neither: nobody knows then when it ends.
    """
    first = row.get("earliestCampaignEnd")
    if first is None and row.get("liveCampaigns") == 1:
        first = row.get("latestCampaignEnd")
    if first is None:
        return None
    ends = answers.whole_seconds(answers.number(first, "an end"), "an end")
    return ends if ends >= now else None


def _shared(tvl: Any) -> Usd | None:
    if tvl is None:
        return None
    return Usd(answers.within(answers.number(tvl, "what shares it"), Decimal(0), MOST_USD, "what shares it"))


def _rate(value: Any, what: str) -> Rate:
    return Rate(answers.within(answers.number(value, what) * _PERCENT, Decimal(0), MAX_APR, what))


def _list(value: Any, what: str) -> Sequence[Any]:
    if type(value) is not list:
        raise answers.malformed(f"{what} is no array")
    return value


def _address(value: Any) -> Address:
    if type(value) is not str:
        raise answers.malformed("an address is no text")
    try:
        return parse_address(value)
    except UsageError as error:
        raise answers.malformed("an address that is none") from error
