"""The test chain as mammon's own chain file, so that readers and the real command line can use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from mammon.core.types import Market
from mammon.protocols.chains import ChainFile, parse_chain
from tests.chain.deploy.common import MISDEEDS
from tests.chain.deploy.morpho import market_id
from tests.chain.lab import Lab
from tests.chain.node import CHAIN_ID

SLUGS: dict[str, tuple[str, str]] = {
    "aave-30": ("aave_v3", "aave30.pool"),
    "aave-36": ("aave_v3", "aave36.pool"),
    "mm-main": ("metamorpho", "vault_main"),
    "mm-small": ("metamorpho", "vault_small"),
    "vault": ("erc4626", "vault"),
}
"""The sound markets: adapter, and the contract entered by its name in the manifest."""

FURTHER: dict[str, tuple[str, str]] = {
    "moonwell": ("moonwell", "moonwell.market"),
    "blue-weth": ("morpho_blue", "morpho"),
    "blue-wbtc": ("morpho_blue", "morpho"),
    "blue-low": ("morpho_blue", "morpho"),
}
"""Sound markets that are read and moved by themselves; the worlds of the other tests do not list them."""

HOSTILE: dict[str, tuple[str, str]] = {
    "turncoat": ("erc4626", "turncoat"),
    **{f"evil-{misdeed}": ("erc4626", f"evil.{misdeed}") for misdeed in MISDEEDS},
    **{f"evil-{misdeed}-pool": ("aave_v3", f"evil_pool.{misdeed}") for misdeed in MISDEEDS},
}
"""Markets that lie, burn or flood; the turncoat is honest until `scenario["turncoat"].send("turn", mode)`."""

ROLES: dict[str, dict[str, str]] = {
    "mm-main": {"morpho": "morpho", "irm": "morpho.irm"},
    "mm-small": {"morpho": "morpho", "irm": "morpho.irm"},
}
"""Further contracts an adapter asks for, by role."""

GAS_UNITS = {
    "erc20": (60_000, 60_000),
    "aave_v3": (220_000, 220_000),
    "metamorpho": (300_000, 350_000),
    "erc4626": (120_000, 120_000),
    "morpho_blue": (200_000, 200_000),
    "moonwell": (250_000, 250_000),
}
"""Planning figures for a deposit and a withdrawal."""

BLUE = {"blue-weth": "weth", "blue-wbtc": "wbtc", "blue-low": "weth_low"}
"""Markets of Morpho Blue by slug, as the manifest names them."""

PINNED = ("collateral", "oracle", "irm")
"""The roles of a market of Morpho Blue, in the order of its parameters behind the loan token."""

_SOURCE = 'source = "deployed by tests/chain"'


def chain_toml(
    lab: Lab, url: str, markets: Mapping[str, tuple[str, str]] = SLUGS, chain_id: int = CHAIN_ID
) -> str:
    """Return the text of the chain file for a node at `url`."""
    at = lab.addresses
    return "\n".join(
        [
            f'chain_id = {chain_id}\nname = "Test chain"\nnative = "ETH"\nblock_time_s = 2\nsettle_depth = 2',
            _table("multicall3", at["multicall3"]),
            _table("gas_price_oracle", at["gas_price_oracle"]),
            _table("sequencer", at["sequencer"], "grace_s = 3600"),
            _table("feeds.eth_usd", at["eth_usd"], "heartbeat_s = 1200"),
            _table("feeds.usdc_usd", at["usdc_usd"], "heartbeat_s = 86400"),
            _table("tokens.USDC", at["usdc"], "decimals = 6"),
            f'[[rpc]]\nurl = "{url}"\nsource = "the local node"\n',
            *(_gas(protocol, *units) for protocol, units in GAS_UNITS.items()),
            *(_market(lab, slug, *market) for slug, market in markets.items()),
        ]
    )


def chain_file(lab: Lab, url: str, markets: Mapping[str, tuple[str, str]] = SLUGS) -> ChainFile:
    """Return the chain file, read by the project's own parser."""
    return parse_chain(chain_toml(lab, url, markets), "test chain")


def write_chain_file(
    path: Path,
    lab: Lab,
    url: str,
    markets: Mapping[str, tuple[str, str]] = SLUGS,
    chain_id: int = CHAIN_ID,
) -> Path:
    """Write the chain file for the command line."""
    path.write_text(chain_toml(lab, url, markets, chain_id))
    return path


def market(lab: Lab, slug: str) -> Market:
    """Return one market, sound or hostile."""
    return _all_markets(chain_toml(lab, "http://127.0.0.1:1", SLUGS | FURTHER | HOSTILE)).market(slug)


@cache
def _all_markets(text: str) -> ChainFile:
    return parse_chain(text, "test chain")


def with_decimals(found: Market, decimals: int) -> Market:
    """Return the market with other decimals configured for its token than the chain has."""
    return replace(found, token=replace(found.token, decimals=decimals))


def _table(name: str, address: str, *lines: str) -> str:
    return "\n".join([f"[{name}]", f'address = "{address}"', _SOURCE, *lines, ""])


def _gas(protocol: str, deposit: int, withdraw: int) -> str:
    rows = [f"[gas_units.{protocol}]", _SOURCE]
    for action, units in (
        ("approve", 60_000), ("deposit", deposit), ("withdraw", withdraw), ("withdraw_all", withdraw),
    ):  # fmt: skip
        rows.append(f"{action} = {{ units = {units}, tx_bytes = 180 }}")
    return "\n".join([*rows, ""])


def _market(lab: Lab, slug: str, protocol: str, contract: str) -> str:
    rows = [
        "[[markets]]", f'slug = "{slug}"', f'protocol = "{protocol}"', 'token = "USDC"',
        f'address = "{lab.addresses[contract]}"', _SOURCE,
    ]  # fmt: skip
    roles = {role: lab.addresses[name] for role, name in ROLES.get(slug, {}).items()}
    if protocol == "morpho_blue":
        params = lab.morpho_markets[BLUE[slug]]
        rows.append(f'key = "0x{market_id(params).hex()}"')
        roles |= zip(PINNED, params[1:4], strict=True)
    rows += [f'roles.{role} = {{ address = "{at}", {_SOURCE} }}' for role, at in roles.items()]
    return "\n".join([*rows, ""])
