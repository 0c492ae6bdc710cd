"""Call forms: every call that may ever be signed, and what each of its arguments has to be.

What is not in this table cannot be signed, whatever asked for it. A form says whom the call goes to, its
selector, and the role of each argument, in order; `chain.permit` decodes by it and compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mammon.protocols.abi import aave_v3, erc20, erc4626

Target = Literal["token", "market"]
"""The market's asset, or the market's own contract."""

Role = Literal["asset", "amount", "shares", "zero", "spender", "owner", "receiver"]
"""`asset`: the market's token. `amount`: base units of it. `shares`: the venue's own. `zero`: nothing else
than 0 (a referral code, the allowance of a revocation). `spender`: who pulls the token on a deposit.
`owner`, `receiver`: the account itself."""

ADDRESSES: frozenset[Role] = frozenset({"asset", "spender", "owner", "receiver"})
"""Roles whose argument is an address."""

Movement = Literal["approve", "deposit", "withdraw", "revoke"]


@dataclass(frozen=True, slots=True)
class Form:
    """One call that may be signed."""

    target: Target
    selector: bytes
    arguments: tuple[Role, ...]
    sentinel: bool = False
    """An amount of 2**256 - 1 means everything; nowhere else does the number mean anything."""


Forms = Mapping[Movement, tuple[Form, ...]]

_APPROVE = Form("token", erc20.APPROVE, ("spender", "amount"))
_REVOKE = Form("token", erc20.APPROVE, ("spender", "zero"))

_VAULT: Forms = {
    "approve": (_APPROVE,),
    "deposit": (Form("market", erc4626.DEPOSIT, ("amount", "receiver")),),
    "withdraw": (
        Form("market", erc4626.WITHDRAW, ("amount", "receiver", "owner")),
        Form("market", erc4626.REDEEM, ("shares", "receiver", "owner")),
    ),
    "revoke": (_REVOKE,),
}

FORMS: Mapping[str, Forms] = {
    "aave_v3": {
        "approve": (_APPROVE,),
        "deposit": (Form("market", aave_v3.SUPPLY, ("asset", "amount", "receiver", "zero")),),
        "withdraw": (Form("market", aave_v3.WITHDRAW, ("asset", "amount", "receiver"), sentinel=True),),
        "revoke": (_REVOKE,),
    },
    "erc4626": _VAULT,
    "metamorpho": _VAULT,
}
"""Protocol -> movement -> the forms it may take. A protocol without a row is read and never signed for."""
