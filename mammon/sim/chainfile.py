"""The simulated chain as a chain file would describe it: same types, so the same reader and adapters."""

from __future__ import annotations

from functools import cache

from mammon.core.types import Address, GasUnits, Market, MarketId, Token
from mammon.protocols.chains.file import ChainFile, Feed, SequencerFeed
from mammon.protocols.chains.risk import dossier_of
from mammon.protocols.registry import VENUES
from mammon.sim import addresses as at
from mammon.sim import processes
from mammon.sim.addresses import CHAIN_ID

NAME = "simulated"
USDC = Token(CHAIN_ID, at.USDC, "USDC", 6)

_ROLES = {"multicall3": at.MULTICALL3, "morpho": at.MORPHO, "irm": at.IRM}
_MARKETS = (
    ("aave-v3", "aave_v3", at.AAVE_POOL),
    ("aave-fork", "aave_v3", at.FORK_POOL),
    ("steakhouse-usdc", "metamorpho", at.STEAKHOUSE),
    ("gauntlet-usdc", "metamorpho", at.GAUNTLET),
    ("plain-vault", "erc4626", at.PLAIN),
)
_GAS_UNITS = (
    # protocol, action, gas (base, bytes and method, rounded up), bytes of the unsigned transaction
    ("erc20", "approve", 57_000, 117),
    ("aave_v3", "deposit", 166_000, 181),
    ("aave_v3", "withdraw", 173_000, 149),
    ("aave_v3", "withdraw_all", 173_000, 149),
    ("erc4626", "deposit", 323_000, 117),
    ("erc4626", "withdraw", 343_000, 149),
    ("erc4626", "withdraw_all", 343_000, 149),
    ("metamorpho", "deposit", 323_000, 117),
    ("metamorpho", "withdraw", 343_000, 149),
    ("metamorpho", "withdraw_all", 343_000, 149),
)
_ETH_USD_HEARTBEAT_S = 1_200
_USDC_USD_HEARTBEAT_S = 86_400
_SEQUENCER_GRACE_S = 3_600


@cache
def chain_file() -> ChainFile:
    """Return the simulated chain's description."""
    return ChainFile(
        chain_id=CHAIN_ID,
        name=NAME,
        native="ETH",
        block_time_s=processes.BLOCK_S,
        settle_depth=30,
        multicall3=at.MULTICALL3,
        gas_price_oracle=at.GAS_PRICE_ORACLE,
        sequencer=SequencerFeed(at.SEQUENCER, _SEQUENCER_GRACE_S),
        feeds=(
            Feed("eth_usd", at.ETH_USD, _ETH_USD_HEARTBEAT_S),
            Feed("usdc_usd", at.USDC_USD, _USDC_USD_HEARTBEAT_S),
        ),
        tokens=(USDC,),
        rpc=(),
        roles=(),
        markets=tuple(_market(*row) for row in _MARKETS),
        gas_units=tuple(GasUnits(*row) for row in _GAS_UNITS),
        sources=(),
    )


def _market(slug: str, protocol: str, address: Address) -> Market:
    wanted = VENUES[protocol].roles
    roles = tuple(sorted((name, _ROLES[name]) for name in wanted.required))
    risk = dossier_of(protocol, CHAIN_ID, address)
    return Market(MarketId(CHAIN_ID, address, at.USDC), slug, protocol, USDC, address, roles, risk=risk)
