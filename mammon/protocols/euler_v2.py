"""A vault of the Euler Vault Kit. Plain ERC-4626 calls do; the vault connector is for borrowers.

One round when the rate model is known, from the market's table or from the last read; the vault's answer
in that same round says whether it still is. Rate models are contracts of their own and of many kinds:
the linear kinked one is told by its four constants, and by computing what it computes at four
utilisations. `maxDeposit` rounds through shares and knows nothing of a hook's own rules; a cap is a
decimal float in 16 bits, where 0 is no cap at all. The vault takes an amount of all ones for "all there
is": none is ever given here.
"""

from __future__ import annotations

from mammon.core import abi
from mammon.core.address import parse_address
from mammon.core.curves import EulerCurve
from mammon.core.curves.euler import LinearKink, assets_up, resolved_cap
from mammon.core.numbers import Ray, Units
from mammon.core.types import Address, Call, Hint, Market, MarketState, Read
from mammon.errors import MalformedError, UsageError
from mammon.protocols.aave_v3_reserve import NO_ADDRESS
from mammon.protocols.abi import erc4626, euler
from mammon.protocols.base import Capabilities, Roles, required_role, role
from mammon.protocols.pieces import Answers, Questions, ask, balance, block_time, time_question
from mammon.protocols.vault_calls import (
    ANYONE,
    VaultCalls,
    check_identity,
    identity_questions,
    worth_of,
)

_MANY_SHARES = 10**27
"""Their worth is the index: shares have the asset's decimals."""
_PROBES = ((10**12, 0), (5 * 10**11, 5 * 10**11), (10**11, 9 * 10**11), (0, 10**12))
"""(cash, borrows) at which the rate model is asked what it computes."""
_DEPOSIT, _WITHDRAW, _REDEEM, _STATUS_CHECK = 1 << 0, 1 << 2, 1 << 3, 1 << 14
_ENTRY = _DEPOSIT | _STATUS_CHECK
_OURS = _ENTRY | _WITHDRAW | _REDEEM


class EulerV2(VaultCalls):
    """Deposit into an Euler vault. The market's address is the vault.

    Role `factory` vouches for the vault's code; `perspective`, where given, for its configuration.
    """

    protocol = "euler_v2"
    can = Capabilities(read=True, deposit=True, withdraw=True, rewards=False)
    roles = Roles(("factory", "multicall3"), ("irm", "perspective"))

    def read_market(self, market: Market, hint: Hint | None) -> Read[MarketState]:
        """Read the vault and its rate model; the hint is `(euler_v2, rate model)`."""
        known = _from_hint(hint) or role(market, "irm")
        answers = yield from ask({**_questions(market), **_model_questions(market, known)})
        check_identity(market, answers)
        if answers.number("is_proxy", 1) == 0:
            raise MalformedError("vault", f"{market.slug} was not made by the factory", "correct its address")
        found = answers.address("irm")
        if found not in (known, NO_ADDRESS):
            answers |= yield from ask(_model_questions(market, found))
        return _state(market, answers, Hint((self.protocol, found)))


def _questions(market: Market) -> Questions:
    vault = market.id.address

    def view(selector: bytes, *values: Address) -> Call:
        return Call(vault, abi.encode_call(selector, *values))

    perspective = role(market, "perspective")
    verified = (
        None
        if perspective is None
        else Call(perspective, abi.encode_call(euler.IS_VERIFIED, vault), optional=True)
    )
    return {
        **identity_questions(market),
        **time_question(market),
        "is_proxy": Call(required_role(market, "factory"), abi.encode_call(euler.IS_PROXY, vault)),
        **({} if verified is None else {"is_verified": verified}),
        "irm": view(euler.INTEREST_RATE_MODEL),
        "cash": view(euler.CASH),
        "owed": view(euler.TOTAL_BORROWS_EXACT),
        "borrow_rate": view(euler.INTEREST_RATE),
        "accumulator": view(euler.INTEREST_ACCUMULATOR),
        "fee": view(euler.INTEREST_FEE),
        "caps": view(euler.CAPS),
        "hooks": view(euler.HOOK_CONFIG),
        "total_assets": view(erc4626.TOTAL_ASSETS),
        "max_deposit": view(erc4626.MAX_DEPOSIT, ANYONE),
        "index": worth_of(vault, _MANY_SHARES),
        "liquid": balance(market.token.address, vault),
    }


def _model_questions(market: Market, model: Address | None) -> Questions:
    """Ask a rate model what it is made of and what it computes; optional, for there are other kinds."""
    if model is None or model == NO_ADDRESS:
        return {}
    probes = {
        f"irm.{cash}": abi.encode_call(euler.COMPUTE_RATE_VIEW, market.id.address, cash, borrows)
        for cash, borrows in _PROBES
    }
    made_of = {
        "irm.base_rate": abi.encode_call(euler.BASE_RATE),
        "irm.slope1": abi.encode_call(euler.SLOPE1),
        "irm.slope2": abi.encode_call(euler.SLOPE2),
        "irm.kink": abi.encode_call(euler.KINK),
    }
    return {name: Call(model, data, optional=True) for name, data in {**made_of, **probes}.items()}


def _state(market: Market, answers: Answers, hint: Hint) -> MarketState:
    now, supplied = block_time(answers), answers.number("total_assets", 112)
    known, model = _model(answers)
    curve = EulerCurve(
        cash=Units(answers.number("cash", 112)),
        owed=Units(answers.number("owed", 144)),
        borrow_rate=Ray(answers.number("borrow_rate", 72)),
        accumulator=Ray(answers.number("accumulator", 160)),
        updated_at=now,
        fee_bps=answers.number("fee", 16),
        model=model,
    )
    whole = curve.total_assets_at(now) == supplied
    room = _room(answers, curve, now)
    closed, locked = _doors(answers, known, whole, room)
    liquid = min(curve.cash, answers.number("liquid", 128), supplied)
    return MarketState(
        market=market,
        curve=curve if known and whole else None,
        supplied=Units(supplied),
        borrowed=Units(assets_up(curve.owed)),
        withdrawable=Units(0 if locked else liquid),
        room=Units(0) if closed else room,
        index=_index(answers),
        closed=closed,
        locked=locked,
        hint=hint,
    )


def _model(answers: Answers) -> tuple[bool, LinearKink | None]:
    """Return whether the rate model is known, and its figures; a vault may have none at all."""
    if answers.address("irm") == NO_ADDRESS:
        return True, None
    parts = [answers.offered(f"irm.{name}", 128) for name in ("base_rate", "slope1", "slope2")]
    kink = answers.offered("irm.kink", 32)
    base_rate, slope1, slope2 = parts
    if base_rate is None or slope1 is None or slope2 is None or kink is None:
        return False, None
    model = LinearKink(Ray(base_rate), Ray(slope1), Ray(slope2), kink)
    same = all(answers.offered(f"irm.{cash}") == model.rate(cash, borrows) for cash, borrows in _PROBES)
    return (True, model) if same else (False, None)


def _room(answers: Answers, curve: EulerCurve, now: int) -> Units | None:
    """Return what the cap leaves, or what the vault says where that is less; None without a cap."""
    supply_cap, _ = (answers.unsigned("caps", word, 16) for word in answers.words("caps", 2))
    told = answers.number("max_deposit")
    left = curve.room_at(resolved_cap(supply_cap), now)
    return Units(min(left, told)) if left is not None else None if told else Units(0)


def _doors(
    answers: Answers, known: bool, whole: bool, room: int | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return why nothing can be deposited and why nothing can be withdrawn.

    An operation that is hooked and has no hook is switched off; one with a hook obeys rules nobody can read.
    """
    target, word = answers.words("hooks", 2)
    hooked = answers.unsigned("hooks", word, 32)
    off = hooked if abi.address(target) == NO_ADDRESS else 0
    shut = off & _STATUS_CHECK or off & (_WITHDRAW | _REDEEM) == _WITHDRAW | _REDEEM
    reasons = {
        "paused": bool(off & _OURS),
        "hooked": bool(hooked & _OURS) and not off,
        "unverified": answers.asked("is_verified") and answers.offered("is_verified", 1) != 1,
        "unknown_irm": not known,
        "model_mismatch": not whole,
    }
    closed = tuple(reason for reason, applies in reasons.items() if applies)
    return closed or (("cap_full",) if room == 0 else ()), ("paused",) if shut else ()


def _index(answers: Answers) -> Ray:
    index = answers.number("index", 128)
    if index == 0:
        raise MalformedError("index", "the vault's shares are worth nothing")
    return Ray(index)


def _from_hint(hint: Hint | None) -> Address | None:
    """Return the rate model the hint remembers; None unless it is one."""
    if hint is None or len(hint.items) != 2 or hint.items[0] != EulerV2.protocol:
        return None
    try:
        return parse_address(hint.items[1])
    except UsageError:
        return None
