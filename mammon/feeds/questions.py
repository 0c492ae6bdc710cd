"""Which questions there are: for each source that is asked, what it knows of our markets, prices
and collateral."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mammon.core.pegs import Peg
from mammon.core.types import Market, Token
from mammon.feeds import defillama, kraken, morpho
from mammon.feeds.ids import asset_ids, market_ids, peg_ids
from mammon.feeds.question import Question


@dataclass(frozen=True, slots=True)
class Bases:
    """Where the sources are; each may hold a key."""

    defillama_rates: str
    defillama_prices: str
    kraken: str
    morpho: str


def price_questions(asset: Token, names: Iterable[str], bases: Bases) -> Iterator[Question]:
    """Yield a question to each source that knows the asset's prices."""
    known = asset_ids(asset)
    if known is None:
        return
    if defillama.NAME in names and known.defillama:
        yield defillama.price_question(bases.defillama_prices, known.defillama)
    if kraken.NAME in names and known.kraken:
        yield kraken.price_question(bases.kraken, known.kraken)


def peg_questions(
    chain_id: int, pegs: Iterable[Peg], names: Iterable[str], bases: Bases
) -> Iterator[Question]:
    """Yield the question what collateral costs over what it stands for: one about all of it."""
    known = {peg.subject: ids for peg in pegs if (ids := peg_ids(chain_id, peg.token)) is not None}
    if known and defillama.NAME in names:
        ratios = {subject: (ids.token, ids.coin) for subject, ids in known.items()}
        yield defillama.ratio_question(bases.defillama_prices, ratios)


def rate_questions(markets: Iterable[Market], names: Iterable[str], bases: Bases) -> Iterator[Question]:
    """Yield the questions about the markets' rates: Morpho is asked about all its vaults at once."""
    vaults: dict[str, str] = {}
    chain_id = 0
    for market in markets:
        known = market_ids(market)
        if known is None:
            continue
        if known.defillama and defillama.NAME in names:
            yield defillama.rate_question(
                bases.defillama_rates, market.slug, market.protocol, known.defillama
            )
        if known.morpho and morpho.NAME in names:
            vaults[market.slug], chain_id = market.id.address, market.id.chain_id
    if vaults:
        yield morpho.rate_question(bases.morpho, chain_id, vaults)
