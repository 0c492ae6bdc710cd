"""SVG: rate curves as a picture, one panel for each venue, on one scale.

Written by hand, in the order of its arguments and with fixed places, so that the same figures give the
same bytes. Names are escaped; nothing in the picture is fetched or run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from xml.sax.saxutils import escape

from mammon.core.numbers import Units
from mammon.reporting.numbers import percent, rounded, short
from mammon.reporting.plot import column_of, decade_labels, scale_top
from mammon.reporting.rate_curve import RateCurve

_ACROSS = 2
_PANEL_WIDTH, _PANEL_HEIGHT = 440, 230
_LEFT, _TOP, _WIDTH, _HEIGHT = 58, 40, 360, 140
"""Of the field within its panel."""
_HEAD = 44
_GRID = 4
_STYLE = (
    "text{font-family:system-ui,sans-serif;font-size:11px;fill:#333}.name{font-weight:600;font-size:13px}"
    ".small{fill:#666;font-size:10px}.grid{stroke:#e3e3e3}.line{fill:none;stroke:#1a5fb4;stroke-width:2}"
    ".asked{stroke:#666;stroke-dasharray:2 3}.full{fill:#f3d9d9}.edge{stroke:#b42318}.kink{fill:#e66100}"
)


def svg(curves: Sequence[RateCurve], amount: Units, decimals: int, title: str) -> str:
    """Return the picture; `amount` is the deposit to mark."""
    top, rows = scale_top(curves), -(-len(curves) // _ACROSS)
    width, height = _ACROSS * _PANEL_WIDTH, _HEAD + max(1, rows) * _PANEL_HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text class="name" x="16" y="20">{escape(title)}</text>',
        f'<text class="small" x="16" y="36">{escape(_legend(amount, decimals))}</text>',
    ]
    for place, curve in enumerate(curves):
        row, column = divmod(place, _ACROSS)
        parts.append(f'<g transform="translate({column * _PANEL_WIDTH} {_HEAD + row * _PANEL_HEIGHT})">')
        parts += _panel(curve, top, amount, decimals)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>"]) + "\n"


def _legend(amount: Units, decimals: int) -> str:
    asked = short(amount, decimals)
    return f"dotted: a deposit of {asked}; dot: a bend of the rate model; red: more than the venue takes"


def _panel(curve: RateCurve, top: Decimal, amount: Units, decimals: int) -> Iterator[str]:
    takes = "takes any amount" if curve.room is None else f"takes {short(curve.room, decimals)}"
    about = f"{takes}, {short(curve.withdrawable, decimals)} could leave"
    yield f'<text class="name" x="{_LEFT}" y="16">{escape(curve.slug)}</text>'
    yield f'<text class="small" x="{_LEFT}" y="31">{escape(about)}</text>'
    yield from _axes(top)
    last = len(curve.points) - 1
    full = [place for place, point in enumerate(curve.points) if _beyond(curve, point.deposit)]
    if full:
        edge = _x(max(0, full[0] - 1), last)
        yield f'<rect class="full" x="{edge}" y="{_TOP}" width="{_right() - edge}" height="{_HEIGHT}"/>'
        yield f'<path class="edge" d="M{edge} {_TOP}v{_HEIGHT}"/>'
    column = column_of(amount, decimals)
    if column is not None:
        yield f'<path class="asked" d="M{_x(column, last)} {_TOP}v{_HEIGHT}"/>'
    yield from _line(curve, top, decimals)


def _axes(top: Decimal) -> Iterator[str]:
    """Yield grid and labels: rates upwards, deposits to the right, each ten times the one before."""
    for step in range(_GRID + 1):
        y = _TOP + _HEIGHT - step * _HEIGHT // _GRID
        yield f'<path class="grid" d="M{_LEFT} {y}h{_WIDTH}"/>'
        label = percent(top * step / _GRID, 1)
        yield f'<text class="small" x="{_LEFT - 6}" y="{y + 3}" text-anchor="end">{label}</text>'
    labels = decade_labels()
    for column, name in labels:
        x = _x(column, labels[-1][0])
        yield f'<path class="grid" d="M{x} {_TOP}v{_HEIGHT}"/>'
        yield f'<text class="small" x="{x}" y="{_TOP + _HEIGHT + 14}" text-anchor="middle">{name}</text>'
    middle = _LEFT + _WIDTH // 2
    yield f'<text class="small" x="{middle}" y="{_TOP + _HEIGHT + 29}" text-anchor="middle">deposit</text>'
    y = _TOP + _HEIGHT // 2
    yield (
        f'<text class="small" x="14" y="{y}" text-anchor="middle" transform="rotate(-90 14 {y})">'
        "yearly yield after it</text>"
    )


def _line(curve: RateCurve, top: Decimal, decimals: int) -> Iterator[str]:
    last = len(curve.points) - 1
    drawn = [(place, point.apy) for place, point in enumerate(curve.points) if point.apy is not None]
    if not drawn:
        yield f'<text x="{_LEFT + 12}" y="{_TOP + _HEIGHT // 2 - 6}">no rate to draw</text>'
        return
    steps = " ".join(f"{_x(place, last)},{_y(apy, top)}" for place, apy in drawn)
    yield f'<polyline class="line" points="{steps}"/>'
    heights = dict(drawn)
    for kink in curve.kinks:
        column = column_of(kink, decimals)
        if column in heights:
            yield f'<circle class="kink" cx="{_x(column, last)}" cy="{_y(heights[column], top)}" r="4"/>'


def _beyond(curve: RateCurve, deposit: int) -> bool:
    return curve.room is not None and deposit > curve.room


def _x(column: int, last: int) -> Decimal:
    return _LEFT + rounded(Decimal(column * _WIDTH) / last, 1)


def _right() -> int:
    return _LEFT + _WIDTH


def _y(apy: Decimal, top: Decimal) -> Decimal:
    """Return the height of a rate in the field; what is below zero lies on its floor."""
    share = min(max(apy / top, Decimal(0)), Decimal(1)) if top > 0 else Decimal(0)
    return _TOP + _HEIGHT - rounded(share * _HEIGHT, 1)
