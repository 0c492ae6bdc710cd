"""Dossiers: what is documented about a venue's code, as a chain's description gives it.

None is what nobody documented. It is worth nothing in a score, so that an unknown venue never stands
better than a known one. Sources and dates stand with the data (`protocols.risk`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Incident:
    """A day on which lenders' money was lost, or stood in bad debt."""

    at: int
    """Unix seconds of its day."""
    made_whole: bool
    """It is documented that no lender lost anything in the end."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """The documented facts behind one venue."""

    family: str
    """Venues of one family share code, governance, or the contract that holds the money."""
    live_since: int | None = None
    """Unix seconds of a day by which this code held other people's money."""
    audit_firms: int | None = None
    """Firms that reviewed it, each counted once."""
    bounty: bool | None = None
    """Whether somebody pays for reports of its bugs."""
    incidents: tuple[Incident, ...] | None = None
    """Empty: looked for, and none found."""
    parts: tuple[str, ...] | None = None
    """What it is made of beyond one fixed contract with one collateral: `upgradeable`, `vault`, …"""
    curator: str = ""
    """Who chooses what a vault lends against; empty where nobody does, or nobody knows."""
