"""One question of each kind, as the program asks them."""

from __future__ import annotations

from mammon.feeds import defillama, kraken, morpho
from mammon.feeds.question import Question

POOL = "7e0661bf-8cf3-45e6-9424-31916d4c7b84"
VAULT = "0x" + "1" * 40
BASE = "http://127.0.0.1:1/"
COINS = {"asset_usd": "coingecko:usd-coin", "eth_usd": "coingecko:ethereum"}
PAIRS = {"asset_usd": "USDCUSD", "eth_usd": "XETHZUSD"}

QUESTIONS: tuple[Question, ...] = (
    defillama.rate_question(BASE, "aave-v3", "aave_v3", POOL),
    defillama.rate_question(BASE, "moonwell-usdc", "moonwell", POOL),
    defillama.price_question(BASE, COINS),
    kraken.price_question(BASE, PAIRS),
    morpho.rate_question(BASE, 8453, {"steakhouse-usdc": VAULT}),
)
