"""One question of each kind, as the program asks them."""

from __future__ import annotations

from mammon.feeds import defillama, kraken, morpho
from mammon.feeds.question import Question

POOL = "7e0661bf-8cf3-45e6-9424-31916d4c7b84"
VAULT = "0x" + "1" * 40
BASE = "http://127.0.0.1:1/"
COINS = {"asset_usd": "coingecko:usd-coin", "eth_usd": "coingecko:ethereum"}
RATIOS = {
    "peg:cbBTC": ("base:0xcbB7C0000aB88B473b1f5aFd9ef808440eed33Bf", "coingecko:bitcoin"),
    "peg:cbETH": ("base:0x2Ae3F1Ec7F1F5012CFEab0185bfc7aa3cf0DEc22", "coingecko:ethereum"),
    "peg:wstETH": ("base:0xc1CBa3fCea344f92D9239c08C0568f6F2F0ee452", "coingecko:ethereum"),
}
PAIRS = {"asset_usd": "USDCUSD", "eth_usd": "XETHZUSD"}

QUESTIONS: tuple[Question, ...] = (
    defillama.rate_question(BASE, "aave-v3", "aave_v3", POOL),
    defillama.rate_question(BASE, "moonwell-usdc", "moonwell", POOL),
    defillama.price_question(BASE, COINS),
    defillama.ratio_question(BASE, RATIOS),
    kraken.price_question(BASE, PAIRS),
    morpho.rate_question(BASE, 8453, {"steakhouse-usdc": VAULT}),
)
