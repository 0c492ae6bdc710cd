"""Laws of the facts about venues: each with its source and its day, each about something that is shipped."""

from __future__ import annotations

import datetime

import pytest

from mammon.core.risk.dossier import Dossier, Incident
from mammon.errors import UsageError
from mammon.protocols.chains import SHIPPED, chain
from mammon.protocols.chains.risk import PARTS, dossier_of, parse_facts, shipped
from mammon.protocols.registry import VENUES
from mammon.sim.chainfile import chain_file

WHOLE = """
[protocols.some]
family = "fam"
[protocols.some.age]
since = 1970-01-02
source = "a"
checked = 2026-01-01
[protocols.some.audits]
firms = 2
bounty = true
source = "b"
checked = 2026-01-02
[protocols.some.exploits]
source = "c"
checked = 2026-01-03
[[protocols.some.exploits.incidents]]
on = 1970-01-03
made_whole = true
what = "something"
[protocols.some.complexity]
parts = ["vault"]
source = "d"
checked = 2026-01-04
[protocols.bare]
family = "bare"
[[curators]]
chain_id = 8453
address = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"
curator = "who"
source = "e"
checked = 2026-01-05
"""


def test_every_fact_is_read_with_its_source() -> None:
    """Nothing of the file is lost, and what it leaves out is unknown."""
    found = parse_facts(WHOLE, "facts")
    assert found.dossiers["some"] == Dossier(
        "fam", 86_400, 2, True, (Incident(2 * 86_400, True),), ("vault",)
    )
    assert found.dossiers["bare"] == Dossier("bare")
    assert list(found.curators.values()) == ["who"]
    subjects = [(source.subject, source.source, source.checked.day) for source in found.sources]
    assert subjects == [
        ("some.age", "a", 1),
        ("some.audits", "b", 2),
        ("some.exploits", "c", 3),
        ("some.complexity", "d", 4),
        ("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", "e", 5),
    ]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('source = "b"', "", "some.audits.source"),
        ("checked = 2026-01-03", "", "some.exploits.checked"),
        ("checked = 2026-01-04", 'checked = "lately"', "some.complexity.checked"),
        ("since = 1970-01-02", "since = 1970-01-02T00:00:00Z", "some.age.since"),
        ('parts = ["vault"]', 'parts = ["valt"]', "some.complexity.parts"),
        ('parts = ["vault"]', 'parts = "vault"', "some.complexity.parts"),
        ("firms = 2", "firms = -1", "some.audits.firms"),
        ('what = "something"', "", "incidents[0].what"),
        ('what = "something"', 'what = "something"\nmade_hole = true', "incidents[0].made_hole"),
        ('family = "bare"', 'family = "bare"\nrisk = "low"', "bare.risk"),
        ('curator = "who"', 'curator = "who"\nlink = "x"', "curators[0].link"),
        ("[[curators]]", "[[curator]]", "facts.curator"),
    ],
)
def test_a_fact_without_source_or_sense_is_refused(old: str, new: str, key: str) -> None:
    """The error names the key; no fact is half read."""
    assert WHOLE.count(old) == 1
    with pytest.raises(UsageError) as refused:
        parse_facts(WHOLE.replace(old, new), "facts")
    assert key in refused.value.message


def test_what_is_not_said_is_not_good() -> None:
    """No bounty is written: there is none; no remedy is written: lenders lost."""
    less = WHOLE.replace("bounty = true\n", "").replace("made_whole = true\n", "")
    found = parse_facts(less, "facts").dossiers["some"]
    assert (found.bounty, found.incidents) == (False, (Incident(2 * 86_400, False),))


def test_the_shipped_facts_are_about_shipped_adapters_and_markets() -> None:
    """A protocol or a vault that is not here would be a slip of the pen."""
    facts = shipped()
    assert set(facts.dossiers) < set(VENUES)
    listed = {(market.id.chain_id, market.id.address) for name in SHIPPED for market in chain(name).markets}
    assert set(facts.curators) <= listed
    assert all(set(found.parts or ()) <= set(PARTS) for found in facts.dossiers.values())


def test_no_shipped_fact_is_younger_than_its_look_up() -> None:
    """Every date lies before the day the source was read."""
    facts = shipped()
    assert all(source.checked >= datetime.date(2026, 1, 1) for source in facts.sources)
    latest = max(source.checked for source in facts.sources)
    until = (latest - datetime.date(1970, 1, 1)).days * 86_400
    for found in facts.dossiers.values():
        days = [incident.at for incident in found.incidents or ()]
        assert all(0 < day <= until for day in (*days, found.live_since or 1))


def test_a_market_carries_the_facts_of_its_protocol_and_its_curator() -> None:
    """From the chain file on; a plain vault's code is anybody's, and nothing is known of it."""
    base = chain("base")
    steak = base.market("steakhouse-usdc")
    assert steak.risk is not None
    assert (steak.risk.family, steak.risk.curator) == ("morpho", "steakhouse")
    assert base.market("aave-v3").risk == shipped().dossiers["aave_v3"]
    assert base.market("stata-usdc").risk is None
    assert dossier_of("erc4626", *next(iter(shipped().curators))) is None


def test_the_simulated_chain_is_rated_as_a_real_one() -> None:
    """Its markets carry the facts of the protocols they imitate."""
    assert {market.slug: market.risk is None for market in chain_file().markets}["plain-vault"]
    assert chain_file().market("aave-v3").risk == shipped().dossiers["aave_v3"]
