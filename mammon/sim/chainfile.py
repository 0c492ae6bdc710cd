"""The simulated chain as a chain file would describe it: same types, so the same reader and adapters."""

from __future__ import annotations

from functools import cache

from mammon.core.concentrated.managers import PositionManager
from mammon.core.pegs import Peg
from mammon.core.types import Address, GasUnits, Market, MarketId, Token
from mammon.protocols.chains.file import ChainFile, Feed, SequencerFeed
from mammon.protocols.chains.risk import dossier_of
from mammon.protocols.registry import VENUES
from mammon.sim import addresses as at
from mammon.sim import processes
from mammon.sim.addresses import CHAIN_ID
from mammon.sim.deployment import deployment

NAME = "simulated"
USDC = Token(CHAIN_ID, at.USDC, "USDC", 6)
COMP = Token(CHAIN_ID, at.COMP, "COMP", 18)
WELL = Token(CHAIN_ID, at.WELL, "WELL", 18)
MORPHO = Token(CHAIN_ID, at.MORPHO_TOKEN, "MORPHO", 18)
WETH = Token(CHAIN_ID, at.WETH, "WETH", 18)
AERO = Token(CHAIN_ID, at.AERO, "AERO", 18)

_ROLES = {
    "multicall3": at.MULTICALL3,
    "morpho": at.MORPHO,
    "irm": at.IRM,
    "collateral": at.CBBTC,
    "oracle": at.ORACLE_CBBTC,
    "liquidity": at.FLUID_LIQUIDITY,
    "psm": at.SKY_POOL,
    "ssr_oracle": at.SKY_ORACLE,
}
_OWN_ROLES = {"vault_v2": {"factory": at.V2_FACTORY}, "euler_v2": {"factory": at.EULER_FACTORY}}
_MARKETS = (
    ("aave-v3", "aave_v3", at.AAVE_POOL),
    ("aave-fork", "aave_v3", at.FORK_POOL),
    ("steakhouse-usdc", "metamorpho", at.STEAKHOUSE),
    ("gauntlet-usdc", "metamorpho", at.GAUNTLET),
    ("plain-vault", "erc4626", at.PLAIN),
)
_FURTHER = (
    ("compound-v3", "compound_v3", at.COMET),
    ("moonwell", "moonwell", at.MTOKEN),
    ("morpho-cbbtc", "morpho_blue", at.MORPHO),
    ("prime-v2", "vault_v2", at.V2_VAULT),
    ("fluid-usdc", "fluid", at.FLUID),
    ("euler-usdc", "euler_v2", at.EULER),
    ("sky-savings", "sky_savings", at.SKY_SAVINGS),
)
_DEPOSITS_OFF = {
    "fluid-usdc": "second tier: switched off; its layer lets only a part leave at once",
    "euler-usdc": "second tier: switched off",
    "sky-savings": "second tier: switched off; holds savings USDS, not USDC",
}
_PAYERS: tuple[tuple[str, str, Token, Address, dict[str, Address]], ...] = (
    ("merkl-well", "merkl", WELL, at.MERKL, {}),
    ("merkl-morpho", "merkl", MORPHO, at.MERKL, {}),
)
_FURTHER_PAYERS: tuple[tuple[str, str, Token, Address, dict[str, Address]], ...] = (
    ("compound-v3-comp", "comet_rewards", COMP, at.COMET_REWARDS, {"venue": at.COMET}),
    ("moonwell-usdc-well", "moonwell_rewards", WELL, at.MOONWELL_COMPTROLLER,
     {"distributor": at.MOONWELL_DISTRIBUTOR, "venue": at.MTOKEN}),
)  # fmt: skip
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
_FURTHER_GAS_UNITS = (
    ("compound_v3", "deposit", 144_000, 117),
    ("compound_v3", "withdraw", 154_000, 117),
    ("compound_v3", "withdraw_all", 154_000, 117),
    ("euler_v2", "deposit", 323_000, 117),
    ("euler_v2", "withdraw", 343_000, 149),
    ("euler_v2", "withdraw_all", 343_000, 149),
    ("fluid", "deposit", 323_000, 117),
    ("fluid", "withdraw", 343_000, 149),
    ("fluid", "withdraw_all", 343_000, 149),
    ("moonwell", "deposit", 273_000, 85),
    ("moonwell", "withdraw", 273_000, 85),
    ("moonwell", "withdraw_all", 273_000, 85),
    ("morpho_blue", "deposit", 178_000, 376),
    ("morpho_blue", "withdraw", 198_000, 344),
    ("morpho_blue", "withdraw_all", 198_000, 344),
    ("sky_savings", "deposit", 323_000, 117),
    ("sky_savings", "withdraw", 343_000, 149),
    ("sky_savings", "withdraw_all", 343_000, 149),
    ("vault_v2", "deposit", 323_000, 117),
    ("vault_v2", "withdraw", 343_000, 149),
    ("vault_v2", "withdraw_all", 343_000, 149),
)
_POOL_TOKENS = (USDC, WETH, AERO)
_POSITION_MANAGERS = (
    PositionManager(
        CHAIN_ID, "uniswap-v3", "uniswap_v3", at.UNISWAP_MANAGER, at.UNISWAP_FACTORY, at.MULTICALL3,
        tokens=_POOL_TOKENS,
    ),
    PositionManager(
        CHAIN_ID, "aerodrome", "slipstream", at.AERODROME_MANAGER, at.AERODROME_FACTORY, at.MULTICALL3,
        at.AERODROME_VOTER, (at.AERODROME_POOL,), _POOL_TOKENS,
    ),
)  # fmt: skip
_ETH_USD_HEARTBEAT_S = 1_200
_USDC_USD_HEARTBEAT_S = 86_400
_SEQUENCER_GRACE_S = 3_600
_POOL_FEEDS = (
    Feed("weth_usd", at.ETH_USD, _ETH_USD_HEARTBEAT_S),
    Feed("aero_usd", at.AERO_USD, _USDC_USD_HEARTBEAT_S),
)
_REWARD_HEARTBEAT_S = 86_400
_PEG_FEEDS = (
    Feed("btc_usd", at.BTC_USD, _ETH_USD_HEARTBEAT_S),
    Feed("cbbtc_usd", at.CBBTC_USD, _ETH_USD_HEARTBEAT_S),
    Feed("cbeth_eth", at.CBETH_ETH, _USDC_USD_HEARTBEAT_S),
    Feed("cbeth_redeems_eth", at.CBETH_REDEEMS, _USDC_USD_HEARTBEAT_S),
)
_PEGS = (
    Peg(at.CBBTC, "cbBTC", "cbbtc_usd", "btc_usd", wrapped=False, most_off_bps=300),
    Peg(at.CBETH, "cbETH", "cbeth_eth", "cbeth_redeems_eth", wrapped=True, most_off_bps=500),
)


@cache
def chain_file(full: bool = False, pegs: bool = False) -> ChainFile:
    """Return the simulated chain's description, the full one with a venue of every kind.

    `pegs`: it tells which collateral has one; the full description always does.
    """
    markets = (*_MARKETS, *(_FURTHER if full else ()))
    gas_units = (*_GAS_UNITS, *(_FURTHER_GAS_UNITS if full else ()))
    payers = (*_PAYERS, *(_FURTHER_PAYERS if full else ()))
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
            Feed("well_usd", at.WELL_USD, _REWARD_HEARTBEAT_S),
            Feed("morpho_usd", at.MORPHO_USD, _REWARD_HEARTBEAT_S),
            *(_POOL_FEEDS if full else ()),
            *(_PEG_FEEDS if full or pegs else ()),
        ),
        tokens=(USDC, COMP, WELL, MORPHO, *((WETH, AERO) if full else ())),
        rpc=(),
        roles=(),
        markets=tuple(_market(*row) for row in markets),
        gas_units=tuple(GasUnits(*row) for row in gas_units),
        sources=(),
        payers=tuple(_payer(*row) for row in payers),
        position_managers=_POSITION_MANAGERS if full else (),
        pegs=_PEGS if full or pegs else (),
    )


def _payer(slug: str, kind: str, token: Token, address: Address, roles: dict[str, Address]) -> Market:
    hand = roles.get("distributor", address)
    identity = MarketId(CHAIN_ID, address, token.address)
    return Market(identity, slug, kind, token, hand, tuple(sorted(roles.items())), deposits=False)


def _market(slug: str, protocol: str, address: Address) -> Market:
    wanted = VENUES[protocol].roles
    # One contract holds many markets: this one is told by its key, the collateral being what makes it.
    key = "0x" + deployment().markets[0].id.hex() if wanted.key else ""
    known = _ROLES | _OWN_ROLES.get(protocol, {})
    roles = tuple(sorted((name, known[name]) for name in wanted.required))
    note = _DEPOSITS_OFF.get(slug, "")
    risk = dossier_of(protocol, CHAIN_ID, address)
    identity = MarketId(CHAIN_ID, address, at.USDC, key)
    return Market(identity, slug, protocol, USDC, address, roles, not note, note, risk)
