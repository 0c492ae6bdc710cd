"""Call forms: every call that may ever be signed, and what each of its arguments has to be.

What is not in this table cannot be signed, whatever asked for it. A form says whom the call goes to, its
selector, and the role of each argument, in order; `chain.permit` decodes by it and compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mammon.protocols.abi import aave_v3, compound_v3, erc20, erc4626, moonwell, morpho, rewards

Target = Literal["token", "market"]
"""The market's asset, or the market's own contract."""

Role = Literal[
    "asset", "amount", "shares", "zero", "spender", "owner", "receiver",
    "collateral", "oracle", "irm", "lltv", "empty", "venue", "yes",
    "owners", "assets", "venues", "totals", "paths",
]  # fmt: skip
"""`asset`: the market's token. `amount`: base units of it. `shares`: the venue's own. `zero`: nothing else
than 0 (a referral code, the allowance of a revocation). `spender`: who pulls the token on a deposit.
`owner`, `receiver`: the account itself. `collateral`, `oracle`, `irm`, `lltv`: with the asset before them,
the parameters that hash to the market's id. `empty`: bytes of no length, where data for a callback may be.
`venue`: the market that a reward is owed for. `yes`: 1 and nothing else. `owners`, `assets`, `venues`: lists
of exactly the one `owner`, `asset` or `venue`. `totals`, `paths`: lists of the one sum that is granted and of
the one path that proves it."""

ADDRESSES: frozenset[Role] = frozenset(
    {"asset", "spender", "owner", "receiver", "collateral", "oracle", "irm", "venue"}
)
"""Roles whose argument is an address."""

LISTS: frozenset[Role] = frozenset({"owners", "assets", "venues", "totals", "paths"})
"""Roles whose argument is a list behind an offset."""

TERMS: tuple[Role, ...] = ("asset", "collateral", "oracle", "irm", "lltv")
"""A struct of the parameters of one of a contract's markets; static, so it stands in place."""

Movement = Literal["approve", "deposit", "withdraw", "revoke", "claim"]


@dataclass(frozen=True, slots=True)
class Form:
    """One call that may be signed."""

    target: Target
    selector: bytes
    arguments: tuple[Role, ...]
    sentinel: bool = False
    """An amount of 2**256 - 1 means everything; nowhere else does the number mean anything."""
    to_sender: bool = False
    """No argument names who is credited or paid: the contract takes the sender, which is the account."""


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
    "compound_v3": {
        "approve": (_APPROVE,),
        # 2**256 - 1 would repay a debt here instead of supplying: no sentinel.
        "deposit": (Form("market", compound_v3.SUPPLY, ("asset", "amount"), to_sender=True),),
        "withdraw": (
            Form("market", compound_v3.WITHDRAW, ("asset", "amount"), sentinel=True, to_sender=True),
        ),
        "revoke": (_REVOKE,),
    },
    "comet_rewards": {"claim": (Form("market", rewards.COMET_CLAIM, ("venue", "owner", "yes")),)},
    "erc4626": _VAULT,
    "euler_v2": _VAULT,
    "fluid": _VAULT,
    "merkl": {"claim": (Form("market", rewards.MERKL_CLAIM, ("owners", "assets", "totals", "paths")),)},
    "metamorpho": _VAULT,
    "morpho_blue": {
        "approve": (_APPROVE,),
        "deposit": (Form("market", morpho.SUPPLY, (*TERMS, "amount", "zero", "receiver", "empty")),),
        "withdraw": (
            Form("market", morpho.WITHDRAW, (*TERMS, "amount", "zero", "owner", "receiver")),
            Form("market", morpho.WITHDRAW, (*TERMS, "zero", "shares", "owner", "receiver")),
        ),
        "revoke": (_REVOKE,),
    },
    "moonwell": {
        "approve": (_APPROVE,),
        "deposit": (Form("market", moonwell.MINT, ("amount",), to_sender=True),),
        "withdraw": (
            Form("market", moonwell.REDEEM_UNDERLYING, ("amount",), to_sender=True),
            Form("market", moonwell.REDEEM, ("shares",), to_sender=True),
        ),
        "revoke": (_REVOKE,),
    },
    "moonwell_rewards": {"claim": (Form("market", rewards.MOONWELL_CLAIM, ("owner", "venues")),)},
    "sky_savings": _VAULT,
    "vault_v2": _VAULT,
}
"""Protocol, or who pays a reward -> movement -> the forms it may take. What has no row is read and never
signed for.

Forms of one movement that share a selector are told apart by which of their arguments are zero."""

ERROR_CODES = frozenset({"moonwell"})
"""Protocols that return an error code from deposits and withdrawals where others revert; 0 is success."""
