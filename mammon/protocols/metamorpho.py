"""MetaMorpho vaults (V1.0 and V1.1): the vault, its two queues and every market in them.

Cold, a read takes three rounds: the vault, its queues, their markets. The hint keeps the lengths of
the queues and the markets' parameters, `(metamorpho, supply length, withdraw length, market, …)` with
a market as `collateral,oracle,irm,lltv`, so that all three go out in one. The queues read in that
round decide: what they name and the hint does not know is asked in a further round.
`maxDeposit` is not asked: it counts a market that is queued twice two times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mammon.core import abi
from mammon.core.types import Call, Hint, Market, MarketState, Read
from mammon.errors import MalformedError, UsageError
from mammon.protocols.abi import erc20, erc4626, morpho
from mammon.protocols.base import Capabilities, Roles, required_role
from mammon.protocols.metamorpho_vault import Queues, share_offset, state_of
from mammon.protocols.morpho_blue_market import (
    Params,
    Singleton,
    market_id,
    market_questions,
    params_of,
    params_question,
    remembered,
    written,
)
from mammon.protocols.pieces import Answers, Questions, ask, balance, time_question
from mammon.protocols.vault_calls import (
    VaultCalls,
    check_identity,
    identity_questions,
    share_decimals,
    worth_of,
)

_MAX_QUEUE_LENGTH = 30
_LENGTH = re.compile(r"[0-9]{1,2}\Z")


class _Layout(NamedTuple):
    """How a vault was laid out at its last read."""

    supply_length: int = 0
    withdraw_length: int = 0
    params: Mapping[bytes, Params] = {}


class MetaMorpho(VaultCalls):
    """Deposit into a MetaMorpho vault. The market's address is the vault."""

    protocol = "metamorpho"
    can = Capabilities(read=True, deposit=True, withdraw=True, rewards=False)
    roles = Roles(("irm", "morpho", "multicall3"))

    def read_market(self, market: Market, hint: Hint | None) -> Read[MarketState]:
        """Read the vault and its markets."""
        singleton = Singleton(required_role(market, "morpho"), required_role(market, "irm"))
        known = _from_hint(market, hint)
        answers = yield from ask(
            {
                **_vault_questions(market, singleton),
                **_queue_questions(market, known.supply_length, known.withdraw_length),
                **_market_questions(market, singleton, known.params),
            }
        )
        check_identity(market, answers)
        _check_vault(market, singleton, answers)
        lengths = _length(answers, "supply"), _length(answers, "withdraw")
        if lengths != known[:2]:
            answers |= yield from ask(_queue_questions(market, *lengths))
        queues = Queues(_queue(answers, "supply", lengths[0]), _queue(answers, "withdraw", lengths[1]))
        missing = [identity for identity in queues.markets if identity not in known.params]
        if missing:
            asked = [params_question(singleton, identity) for identity in missing]
            answers |= yield from ask(_joined(_market_questions(market, singleton, missing), *asked))
        params = {
            identity: known.params.get(identity) or params_of(answers, identity)
            for identity in queues.markets
        }
        return state_of(market, answers, queues, params, _hint(lengths, params))


def _joined(*parts: Questions) -> Questions:
    return {name: call for part in parts for name, call in part.items()}


def _vault_questions(market: Market, singleton: Singleton) -> Questions:
    vault = market.id.address

    def view(selector: bytes, optional: bool = False) -> Call:
        return Call(vault, abi.encode_call(selector), optional)

    return {
        **identity_questions(market),
        **time_question(market),
        "share_decimals": share_decimals(vault),
        "morpho": view(morpho.MORPHO),
        "fee": view(morpho.FEE),
        "total_assets": view(erc4626.TOTAL_ASSETS),
        "last_total_assets": view(morpho.LAST_TOTAL_ASSETS),
        "lost_assets": view(morpho.LOST_ASSETS, optional=True),
        "total_shares": view(erc20.TOTAL_SUPPLY),
        "index": worth_of(vault, 10 ** (27 + share_offset(market.token))),
        "supply.length": view(morpho.SUPPLY_QUEUE_LENGTH),
        "withdraw.length": view(morpho.WITHDRAW_QUEUE_LENGTH),
        "liquid": balance(market.token.address, singleton.morpho),
    }


def _queue_questions(market: Market, supply_length: int, withdraw_length: int) -> Questions:
    """Ask for the queues' entries; optional, because a remembered queue may have become shorter."""
    queues = (
        ("supply", morpho.SUPPLY_QUEUE, supply_length),
        ("withdraw", morpho.WITHDRAW_QUEUE, withdraw_length),
    )
    return {
        f"{name}.{place}": Call(market.id.address, abi.encode_call(selector, place), optional=True)
        for name, selector, length in queues
        for place in range(length)
    }


def _market_questions(market: Market, singleton: Singleton, identities: Iterable[bytes]) -> Questions:
    vault = market.id.address
    found: dict[str, Call] = {}
    for identity in identities:
        found.update(market_questions(singleton, identity, vault))
        config = abi.encode_call(morpho.CONFIG, identity)
        found[f"{identity.hex()}.config"] = Call(vault, config, optional=True)
        pending = abi.encode_call(morpho.PENDING_CAP, identity)
        found[f"{identity.hex()}.pending"] = Call(vault, pending, optional=True)
    return found


def _check_vault(market: Market, singleton: Singleton, answers: Answers) -> None:
    found = answers.address("morpho")
    if found != singleton.morpho:
        raise MalformedError("morpho", f"the vault of {market.slug} lends on {found}, not {singleton.morpho}")
    decimals = answers.number("share_decimals", 8)
    due = market.token.decimals + share_offset(market.token)
    if decimals != due:
        raise MalformedError("decimals", f"the shares of {market.slug} have {decimals} decimals, not {due}")


def _length(answers: Answers, name: str) -> int:
    length = answers.number(f"{name}.length")
    if length > _MAX_QUEUE_LENGTH:
        raise MalformedError("queue", f"a {name} queue of {length} markets")
    return length


def _queue(answers: Answers, name: str, length: int) -> tuple[bytes, ...]:
    return tuple(answers.number(f"{name}.{place}").to_bytes(32, "big") for place in range(length))


def _hint(lengths: tuple[int, int], params: Mapping[bytes, Params]) -> Hint:
    return Hint((MetaMorpho.protocol, *map(str, lengths), *map(written, params.values())))


def _from_hint(market: Market, hint: Hint | None) -> _Layout:
    """Return what the hint remembers; an empty layout unless all of it can be read."""
    if (
        hint is None
        or hint.items[:1] != (MetaMorpho.protocol,)
        or len(hint.items) > 3 + 2 * _MAX_QUEUE_LENGTH
    ):
        return _Layout()
    lengths = hint.items[1:3]
    if len(lengths) != 2 or not all(
        _LENGTH.match(item) and int(item) <= _MAX_QUEUE_LENGTH for item in lengths
    ):
        return _Layout()
    try:
        params = [remembered(market.token.address, item) for item in hint.items[3:]]
    except UsageError:
        return _Layout()
    return _Layout(int(lengths[0]), int(lengths[1]), {market_id(entry): entry for entry in params})
