"""Every setting and its default, declared once, here and in `core.policy.Policy`.

A field's type says how its value is written: `Seconds` and `Timeout` carry a unit ("5m") and lose
the `_s` of their name in the key (`rpc.request_timeout`), `Fraction` is 0.05 and never "5%", `Usd`
is a plain decimal, `Address` is EIP-55. The docstring below a field is its comment in the template
that `mammon init` writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NewType

from mammon.core.limits import FIRST, Phase
from mammon.core.names import Address
from mammon.core.numbers import Seconds, Usd
from mammon.core.policy import Policy

Mode = Literal["mock", "paper", "live"]

Timeout = NewType("Timeout", Seconds)
"""A duration of at least one second."""

Count = NewType("Count", int)
"""A whole number of at least one."""

Url = NewType("Url", str)
"""An http(s) address; may hold a key, and is only ever shown redacted."""

WATCH_S = 10
"""Between looks at what is held, where the chain is not simulated."""

Table = NewType("Table", dict[str, Any])
"""A TOML table handed on as it stands."""


@dataclass(frozen=True, slots=True)
class RpcSettings:
    """How the chain is reached."""

    urls: tuple[Url, ...] = ()
    """Endpoints in order of preference; empty: those of the chain file."""
    request_timeout_s: Timeout = Timeout(Seconds(5))
    """Total time of one request: connect, headers and body together."""
    attempts: Count = Count(3)
    """Attempts of one read, with back-off, inside the budget."""
    budget_s: Timeout = Timeout(Seconds(30))
    """Total time of one reading, all attempts and endpoints together."""
    max_head_age_s: Timeout = Timeout(Seconds(30))
    """Age of the newest block beyond which an endpoint counts as stale."""


@dataclass(frozen=True, slots=True)
class SourcesSettings:
    """Second opinions from outside the chain: they can speak against a move, never for one."""

    names: tuple[Literal["defillama", "kraken", "morpho"], ...] = ("defillama", "kraken", "morpho")
    """Who is asked, and told nothing about the account; empty: nobody."""
    timeout_s: Timeout = Timeout(Seconds(3))
    """Total time for all of them together, beside the reading of the chain."""
    price_every_s: Timeout = Timeout(Seconds(600))
    """How old a source's prices grow before they are asked for again."""
    rate_every_s: Timeout = Timeout(Seconds(3600))
    """How old a source's rates grow before they are asked for again; they change once an hour."""
    defillama_rates_url: Url = Url("https://yields.llama.fi")
    """Where DefiLlama's yields are."""
    defillama_prices_url: Url = Url("https://coins.llama.fi")
    """Where DefiLlama's prices are."""
    kraken_url: Url = Url("https://api.kraken.com")
    """Where Kraken's public market data are."""
    morpho_url: Url = Url("https://api.morpho.org")
    """Where Morpho's API is."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The loop of `mammon run`."""

    interval_s: Timeout = Timeout(Seconds(300))
    """From the start of one cycle to the start of the next."""
    watch_s: Seconds | None = None
    """Between looks at what is held, while a cycle is waited for; 0s: none; unset: 10s, in mock none."""
    duration_s: Timeout | None = None
    """Stop after this long; unset: until it is stopped."""
    cycles: Count | None = None
    """Stop after so many cycles; unset: no limit."""
    cycle_timeout_s: Timeout = Timeout(Seconds(300))
    """Longest time without progress inside one cycle."""


@dataclass(frozen=True, slots=True)
class MarketsSettings:
    """Markets beside those of the chain file."""

    disabled: tuple[str, ...] = ()
    """Slugs of markets left alone: never read, never entered."""
    extra: tuple[Table, ...] = ()
    """Further markets, each a [[markets.extra]] table in the form of the chain file."""


@dataclass(frozen=True, slots=True)
class RewardsSettings:
    """Rewards that are granted outside the chain."""

    merkl: bool = True
    """Ask Merkl what it grants, where rewards are asked for; it is told the account's address. And what its
    campaigns pay, by `scan --rewards` and where `policy.reward_share` counts that."""
    merkl_url: Url = Url("https://api.merkl.xyz")
    """Where Merkl's API is."""


@dataclass(frozen=True, slots=True)
class SignerSettings:
    """Who signs in live. A key, a seed phrase or a password never stands here."""

    keystore: Path | None = None
    """An encrypted key file, as `mammon keys new` writes it."""
    url: Url | None = None
    """An external signer over JSON-RPC instead of a key file."""
    kind: Literal["web3signer", "clef"] = "web3signer"
    """What kind of external signer."""
    timeout_s: Timeout = Timeout(Seconds(30))
    """Total time of one external signature."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is written to stderr, or to a file, while a command works."""

    level: Literal["error", "warning", "info", "debug", "trace"] = "info"
    """`debug` is what -v asks for; `trace` (-vv) adds the libraries' own lines."""
    format: Literal["text", "json"] = "text"
    """`json`: one object per line."""
    file: Path | None = None
    """Write logs here instead of to stderr."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one command, merged and checked."""

    mode: Mode = "paper"
    """The world: mock (simulated chain), paper (real chain, paper money) or live."""
    account: Address | None = None
    """The account that is watched and, in live, acted for."""
    chain: str = "base"
    """Name of a chain that mammon knows."""
    chain_file: Path | None = None
    """A chain file of your own instead of the named one."""
    home: Path = Path("~/.local/state/mammon")
    """Where state, runs and logs are kept, one folder per world."""
    phase: Phase | None = None
    """How much may be at stake; unset: canary in live, and what the policy says elsewhere."""
    seed: int = 1
    """Seed of the simulated world."""
    sim_venues: Literal["few", "all"] = "few"
    """Venues of the simulated world: the five it always had, or one of every kind."""
    sim_crisis: Literal["none", "drain", "loss", "bait", "depeg"] = "none"
    """What befalls the simulated world after an hour: dry venues, losses, bait, collateral off its peg."""
    sim_sources: Literal["sound", "lying", "dead"] = "sound"
    """How the simulated world's DefiLlama is: sound, lying (it says three times as much) or dead."""
    capital_usdc: Usd = Usd(Decimal(10000))
    """What the paper book begins with when no account is set."""
    rpc: RpcSettings = RpcSettings()
    sources: SourcesSettings = SourcesSettings()
    policy: Policy = Policy()
    run: RunSettings = RunSettings()
    markets: MarketsSettings = MarketsSettings()
    rewards: RewardsSettings = RewardsSettings()
    signer: SignerSettings = SignerSettings()
    log: LogSettings = LogSettings()

    @property
    def watch_in_force_s(self) -> int:
        """Seconds between looks at what is held, 0 for none: a simulated chain passes them by unless told."""
        watch_s = self.run.watch_s
        if watch_s is not None:
            return int(watch_s)
        return 0 if self.mode == "mock" else WATCH_S

    @property
    def phase_in_force(self) -> Phase | None:
        """The phase that holds the policy down; None where no real money is at stake and none is set."""
        return self.phase or (FIRST if self.mode == "live" else None)
