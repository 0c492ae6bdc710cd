"""Dangers in words: what endangers the money of a decision, who says so, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from mammon.core.danger import ASSET, UNSIZED, Danger
from mammon.core.decide import Decision
from mammon.reporting.numbers import DASH, percent, rounded, token, usd, utc

TOLD: dict[str, str] = {
    "share_price_fell": "a share is worth {measured} less than at {since}, {limit} may be a fee or rounding",
    "bad_debt": "it carries {measured} of bad debt or loss ({detail}), {limit} would be dust",
    "draining": "what could leave falls so fast since {since} that two looks on {measured} times what is "
    "held would be left; a danger below {limit}",
    "liquidity_falling": "what could leave is {measured} times what is held, less than at {since}; "
    "a danger below {limit}",
    "code_changed": "its code is not the one it was entered with",
    "locked": "it gives nothing back ({detail})",
    "collateral_off_peg": "its collateral {detail} costs {measured} of its par; its peg ends at {limit}",
    "off_peg": "one is worth {measured} at most, less than {limit}",
    "unread": "it could not be read ({detail})",
    "no_track": "nothing was read earlier to hold it against",
    "collateral_unpriced": "no source says what {detail} is worth, which it may lend against",
    "price_unknown": "no source says what one is worth",
}
"""What each code means. A test holds them against those of `core.danger`."""
STANDINGS: dict[str, str] = {
    "fact": "a fact of the chain",
    "agreed": "agreed by {sources}",
    "claim": "one word alone: {sources}",
    "unknown": "neither danger nor safety",
}
_UNSIZED = "said by {sources}; how much is lent against it is not known"


def danger_sentence(danger: Danger, decision: Decision) -> str:
    """Say one danger: where, what was measured, the limit, and who says it."""
    told = TOLD.get(danger.code, "a danger that this version does not know")
    asset = decision.portfolio.asset
    measured, limit = (
        _quantity(value, danger.unit, asset.decimals) for value in (danger.measured, danger.limit)
    )
    since = "" if danger.since is None else utc(danger.since)
    detail = danger.detail.removesuffix(f":{UNSIZED}")
    what = told.format(measured=measured, limit=limit, since=since, detail=detail or "not known why")
    where = asset.symbol if danger.subject == ASSET else danger.subject
    standing = STANDINGS[danger.standing] if detail == danger.detail else _UNSIZED
    return f"{where}: {danger.code}: {what} ({standing.format(sources=', '.join(danger.sources))})"


def danger_notes(decision: Decision, *, unknown: bool = False) -> Iterator[str]:
    """Say every danger, and where nothing is done about one, why; `unknown`: what could not be known, too."""
    for danger in decision.dangers:
        if danger.standing == "unknown":
            if unknown:
                yield f"not known: {danger_sentence(danger, decision)}"
        else:
            yield f"danger: {danger_sentence(danger, decision)}{_left(danger, decision)}"


def out_of(decision: Decision) -> str:
    """Say what an exit brings money out of, as the end of a sentence; nothing where it is for no danger."""
    codes = dict.fromkeys(danger.code for danger in decision.escaped)
    return f", out of danger ({', '.join(codes)})" if codes else ""


def _left(danger: Danger, decision: Decision) -> str:
    if not danger.acts:
        return "; nothing leaves for that alone"
    if decision.policy.on_danger != "exit":
        return "; `policy.on_danger` only tells of it"
    if danger in decision.escaped or decision.ask is not None:
        return ""
    return "; nothing can leave there now" if decision.action != "exit" else "; it is next"


def _quantity(value: Decimal | None, unit: str, decimals: int) -> str:
    if value is None:
        return DASH
    if unit == "units":
        return token(int(value), decimals)
    if unit == "fraction":
        return percent(value, 3)
    if unit == "usd":
        return usd(value)
    return str(rounded(max(Decimal(0), value), 2))  # less than nothing is left of no liquidity
