"""The documented facts behind venues: one TOML file, every factor with its source and its date."""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from mammon.core.risk.dossier import Dossier, Incident
from mammon.core.types import Address
from mammon.protocols.chains.table import Table

PARTS = ("upgradeable", "pooled_collateral", "curated", "vault", "bridged", "shared_layer")
"""What a venue may be made of, beyond one fixed contract with one collateral."""

_DAY_S = 86_400
_EPOCH = datetime.date(1970, 1, 1)
_MOST_FIRMS = 100
_FILE = Path(__file__).parent / "risk.toml"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact was taken from, and the day it was looked up."""

    subject: str
    """`aave_v3.audits`, or the address of a vault."""
    source: str
    checked: datetime.date


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is documented."""

    dossiers: dict[str, Dossier]
    """By protocol."""
    curators: dict[tuple[int, Address], str]
    """By chain id and address."""
    sources: tuple[Source, ...]


def dossier_of(protocol: str, chain_id: int, address: Address) -> Dossier | None:
    """Return what is documented about a market; None where nothing is known of its protocol."""
    facts = shipped()
    found, curator = facts.dossiers.get(protocol), facts.curators.get((chain_id, address))
    return replace(found, curator=curator) if found is not None and curator else found


@cache
def shipped() -> Facts:
    """Return the facts that come with the program."""
    return parse_facts(_FILE.read_text("utf-8"), _FILE.stem)


def parse_facts(text: str, where: str) -> Facts:
    """Read a file of facts; `where` names it in errors. Raises `UsageError` naming the key that is wrong."""
    top = Table(tomllib.loads(text), where)
    sources: list[Source] = []
    dossiers = {name: _dossier(name, table, sources) for name, table in top.table("protocols").named()}
    curators = dict(_curator(table, sources) for table in top.tables("curators"))
    top.close()
    return Facts(dossiers, curators, tuple(sources))


def _dossier(name: str, table: Table, sources: list[Source]) -> Dossier:
    found = Dossier(table.text("family"))
    age, audits = table.optional_table("age"), table.optional_table("audits")
    exploits, complexity = table.optional_table("exploits"), table.optional_table("complexity")
    if age is not None:
        found = replace(found, live_since=_day(age, "since"))
    if audits is not None:
        firms = audits.integer("firms", 0, _MOST_FIRMS)
        found = replace(found, audit_firms=firms, bounty=audits.flag("bounty", default=False))
    if exploits is not None:
        found = replace(found, incidents=tuple(_incidents(exploits)))
    if complexity is not None:
        found = replace(found, parts=_parts(complexity))
    for factor in (age, audits, exploits, complexity):
        if factor is not None:
            sources.append(_source(factor, f"{name}.{factor.path.rpartition('.')[2]}"))
    table.close()
    return found


def _incidents(table: Table) -> Iterator[Incident]:
    for entry in table.tables("incidents"):
        entry.text("what")
        yield Incident(_day(entry, "on"), entry.flag("made_whole", default=False))
        entry.close()


def _parts(table: Table) -> tuple[str, ...]:
    given = table.take("parts")
    if not isinstance(given, list) or any(part not in PARTS for part in given):
        raise table.error("parts", f"is not a list of {', '.join(PARTS)}")
    return tuple(given)


def _curator(table: Table, sources: list[Source]) -> tuple[tuple[int, Address], str]:
    chain_id, address = table.integer("chain_id", 1, 2**53 - 1), table.address("address")
    curator = table.text("curator")
    sources.append(_source(table, address))
    return (chain_id, address), curator


def _source(table: Table, subject: str) -> Source:
    """Take where a fact is from; nothing else may be left in its table."""
    source, checked = table.text("source"), _date(table, "checked")
    table.close()
    return Source(subject, source, checked)


def _day(table: Table, key: str) -> int:
    return (_date(table, key) - _EPOCH).days * _DAY_S


def _date(table: Table, key: str) -> datetime.date:
    value = table.take(key)
    if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
        raise table.error(key, "is not a day, such as 2026-11-21")
    return value
