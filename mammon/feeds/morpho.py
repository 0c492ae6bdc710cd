"""Morpho's own API: what a vault pays, asked for by the vault's address, without a key.

One request asks about every vault. The figure is the mean of a day, net of fees and without rewards, as a
fraction per year. An error comes with status 200; a vault that is not known may take all others with it.
Sources: github DefiLlama/yield-server (its adapter asks for the same field), docs.morpho.org.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import partial

from mammon.errors import MalformedError
from mammon.feeds import answers
from mammon.feeds.question import Question, Word, joined
from mammon.net.safe_text import safe_text

NAME = "morpho"
CAP = 500_000


_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\Z")
_FIELDS = "{address state{avgNetApyExcludingRewards(lookback:ONE_DAY)}}"
_QUANTUM = Decimal("1e-9")


def rate_question(base: str, chain_id: int, vaults: Mapping[str, str]) -> Question:
    """Return the question for the yields of vaults; `vaults` is the address by slug."""
    for address in vaults.values():
        if not _ADDRESS.match(address):
            raise MalformedError("bad_id", f"{address[:60]!r} is not an address")
    asked = " ".join(
        f'v{number}:vaultByAddress(address:"{address}",chainId:{chain_id}){_FIELDS}'
        for number, address in enumerate(vaults.values())
    )
    body = json.dumps({"query": f"{{{asked}}}"}).encode()
    read = partial(read_vaults, vaults)
    return Question(NAME, tuple(vaults), joined(base, "graphql"), CAP, read, body)


def read_vaults(vaults: Mapping[str, str], body: bytes, now: int) -> Mapping[str, Word | MalformedError]:
    """Return each vault's yield at `now`; one that is missing stands for itself."""
    answer = answers.table(answers.parsed(body), "the answer")
    if type(answer.get("data")) is not dict:
        raise MalformedError("refused", f"it refused: {_first(answer.get('errors'))}")
    return {
        slug: _rate(answer["data"].get(f"v{number}"), address, now)
        for number, (slug, address) in enumerate(vaults.items())
    }


def _rate(value: object, address: str, now: int) -> Word | MalformedError:
    try:
        vault = answers.table(value, "a vault")
        if str(vault.get("address")).lower() != address.lower():
            return answers.malformed("another vault than was asked for")
        figure = answers.table(vault.get("state"), "state").get("avgNetApyExcludingRewards")
        rate = answers.within(answers.number(figure, "the rate"), Decimal(0), answers.MAX_RATE, "the rate")
        return rate.quantize(_QUANTUM), now
    except MalformedError as error:
        return error


def _first(errors: object) -> str:
    if type(errors) is list and errors and type(errors[0]) is dict:
        return safe_text(str(errors[0].get("message")))
    return "no data, and no reason"
