"""The documents say what the program does: every command, option, code, gate, key and example in them."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from mammon.cli import doctor, failure, gates, helptext, registry
from mammon.cli.run import FAILED_ALL
from mammon.config.keys import Key, keys
from mammon.config.resolve import VARIABLES, resolve
from mammon.config.written import spelled
from mammon.core.danger import CODES
from mammon.core.gates import GATES, Gate
from mammon.core.policy import Policy
from mammon.errors import (
    DeadlinePassedError,
    MammonError,
    OutsideError,
    PersonNeededError,
    RefusedError,
    UsageError,
)
from mammon.protocols.chains import chain
from mammon.reporting.sentences import QUESTIONS
from tests.docs import (
    DOCUMENTS,
    README,
    ROOT,
    SCRIPTS,
    Block,
    blocks,
    calls,
    codes,
    every_option,
    links,
    options,
    rows,
    spans,
    typed,
)

EXAMPLES = [
    pytest.param(block, id=f"{path.stem}-{number}")
    for path in DOCUMENTS
    for number, block in enumerate(blocks(path))
    if block.tested
]

EXIT_CODES = {
    0: "done, or hold",
    1: "a defect of mammon",
    2: "usage or configuration",
    3: "a safety gate refused a move that would have paid, or any gate refused the move you named",
    4: "the outside world failed, nothing could be read, or another process holds the money lock",
    5: "a person is needed",
    124: "the command's own `--deadline` passed",
    130: "interrupted",
    143: "terminated",
}
"""What scripts and cron rely on; a change here is a breaking change."""

FILE_ENDINGS = (".toml", ".md", ".py", ".sh", ".svg", ".json")


# --- commands and options ------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*DOCUMENTS, *SCRIPTS], ids=lambda path: path.name)
def test_every_command_shown_exists_with_its_options(path: Path) -> None:
    """Whatever a document tells the reader to type is a command, and takes the options it is given."""
    for call in calls(path):
        assert call.command is not None, f"{path.name}: no such command: {call.text}"
        unknown = set(call.options) - options(call.command)
        assert not unknown, f"{path.name}: {call.text}: {unknown}"


def test_the_reading_above_finds_something() -> None:
    """The README uses most commands, and each script uses the program."""
    shown = {call.command for call in calls(README)}
    assert shown >= {"scan", "gates", "rebalance", "run", "explain", "replay", "init", "config show"}
    assert all(list(calls(path)) for path in SCRIPTS)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_option_named_exists(path: Path) -> None:
    """An option named by itself belongs to some command."""
    named = {span.split()[0] for span in spans(path) if re.match("--?[a-z]", span)}
    assert named <= every_option(), named - every_option()


def test_every_command_is_documented() -> None:
    """The README's table and the change log name every registered command, and the table no other."""
    table = {codes(row[0])[0]: row for row in rows(README, "Commands")}
    assert set(table) == set(registry.COMMANDS)
    assert set(registry.COMMANDS) <= set(spans(ROOT / "CHANGELOG.md"))


def test_init_asks_as_many_questions_as_the_readme_says() -> None:
    """The number is that of its own help."""
    (row,) = [row for row in rows(README, "Commands") if codes(row[0]) == ["init"]]
    (asked,) = re.findall(r"Asks (\w+) questions", helptext.ready("init") or "")
    assert f"{asked} questions" in row[1]


def test_every_document_is_named_with_its_version() -> None:
    """The README names each JSON document with the version in force."""
    named = {span for span in spans(README) if span.startswith("mammon/") and "@" in span}
    assert named == {f"mammon/{name}@{version}" for name, (version, _) in registry.DOCUMENTS.items()}


# --- codes, gates, settings ----------------------------------------------------------------------


def test_the_exit_codes_are_the_contract() -> None:
    """The table lists each code the program can end with, once, and says what the contract says."""
    table = {int(code): meaning for code, meaning in rows(README, "Exit codes")}
    assert table.keys() == EXIT_CODES.keys()
    assert all(table[code].startswith(meaning) for code, meaning in EXIT_CODES.items())


def test_the_contract_is_what_the_program_does() -> None:
    """Every branch of the exception tree, and every code a command leaves with, stands in the contract."""
    kinds = {
        failure.BugError: 1,
        UsageError: 2,
        RefusedError: 3,
        OutsideError: 4,
        PersonNeededError: 5,
        DeadlinePassedError: 124,
    }
    assert all(kind.exit_code == code for kind, code in kinds.items())
    assert (gates.REFUSED, FAILED_ALL, doctor.RETRY, doctor.PERSON) == (3, 4, 4, 5)
    assert (failure.INTERRUPTED, failure.TERMINATED) == (130, 143)
    assert {kind.exit_code for kind in _below(MammonError)} <= EXIT_CODES.keys()


def _below(kind: type[MammonError]) -> set[type[MammonError]]:
    return {kind}.union(*map(_below, kind.__subclasses__()))


def test_the_gates_table_is_the_code() -> None:
    """Codes, kinds and questions are those of the program, in its order."""
    table = [(codes(code)[0], kind, asks) for code, kind, asks, _ in rows(README, "Gates")]
    assert table == [(gate.code, gate.kind, QUESTIONS[gate.code]) for gate in GATES]


def test_the_table_of_dangers_is_the_code() -> None:
    """Every danger, the most urgent first, and whether it takes a fact or two sources."""
    table = {codes(code)[0]: evidence for code, _, evidence in rows(README, "Danger")}
    assert tuple(table) == CODES
    assert {code for code, evidence in table.items() if evidence != "fact"} == {
        "collateral_off_peg",
        "off_peg",
    }


def test_the_change_log_counts_the_gates() -> None:
    """The number of gates is written out there."""
    ones = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    tens = {20: "twenty", 30: "thirty", 40: "forty"}
    words = tens | {
        ten + one: f"{word}-{name}" for ten, word in tens.items() for one, name in enumerate(ones, 1)
    }
    assert f"{words[len(GATES)]} gates" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.code)
def test_a_gates_row_names_the_settings_it_reads(gate: Gate) -> None:
    """The thresholds of a row are those its function asks the policy for, with their defaults."""
    (cell,) = [row[3] for row in rows(README, "Gates") if codes(row[0]) == [gate.code]]
    read = set(re.findall(r"policy\.(\w+)", inspect.getsource(gate.judge)))
    assert {keys()[name].path[-1] for name in codes(cell)} == read
    _defaults(cell)


def test_every_setting_of_the_policy_is_explained() -> None:
    """What no gate reads stands below the table; together they are the whole policy."""
    text = README.read_text()
    below = text.partition("Ten more settings shape a move:")[2].partition("\n\n")[0]
    _defaults(below)
    told = {keys()[name].path[-1] for name in codes(below)}
    table = {keys()[name].path[-1] for row in rows(README, "Gates") for name in codes(row[3])}
    danger = text.partition("## Danger")[2].partition("\n## ")[0]
    _defaults(danger)
    named = {keys()[name].path[-1] for name in codes(danger) if name.startswith("policy.")}
    assert told | table | named == set(Policy.__dataclass_fields__)
    assert len(told) == 10


def _defaults(text: str) -> None:
    for name, value in re.findall(r"`(policy\.\w+)` = (\S+?)[;,.]?(?= |$)", text):
        assert _spelled(keys()[name]) == value, name


def _spelled(key: Key) -> str | None:
    return spelled(key, key.default)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_key_and_variable_named_exists(path: Path) -> None:
    """A dotted name that is no file's is a setting; a variable is one the program reads."""
    known = keys()
    dotted = {span for span in spans(path) if re.fullmatch(r"[a-z_]+\.[a-z_]+", span)}
    dotted -= {span for span in dotted if span.endswith(FILE_ENDINGS)}
    assert dotted <= known.keys(), dotted - known.keys()
    variables = {key.variable for key in known.values()} | set(VARIABLES) | {"MAMMON_SECTION__KEY"}
    named = set(re.findall(r"\bMAMMON_[A-Z_]+\b", path.read_text()))
    assert named <= variables, named - variables


@pytest.mark.parametrize(
    ("path", "text"),
    [(path, block.body) for path in DOCUMENTS for block in blocks(path) if block.kind == "toml"],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
def test_every_configuration_shown_loads(path: Path, text: str, tmp_path: Path) -> None:
    """A piece of mammon.toml in a document is read as it stands, or below the table it continues."""
    if text.startswith("[markets.extra."):
        text = "\n".join(block.body for block in blocks(path) if "markets.extra" in block.body)
    (tmp_path / "mammon.toml").write_text(text)
    resolve({}, {"HOME": str(tmp_path)}, tmp_path)


def test_the_markets_are_counted() -> None:
    """How many markets are listed for Base, and how many of them are not entered."""
    markets = chain("base").markets
    closed = sum(not market.deposits for market in markets)
    text = " ".join(README.read_text().split())
    assert f"Of the {len(markets)} markets listed for Base, {closed} are read and never entered" in text


# --- examples, links -----------------------------------------------------------------------------


@pytest.mark.parametrize("block", EXAMPLES)
def test_the_examples_run(block: Block, tmp_path: Path) -> None:
    """A marked example runs as it stands, in the simulated world, to exit 0 and with a result."""
    assert "mock" in block.body or "mammon init" in block.body
    done = typed(block.body, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert "error:" not in done.stderr


def test_examples_are_marked() -> None:
    """The README and the guides have examples that run; one without a mark is the set-up or a fragment."""
    assert len(EXAMPLES) >= 7
    unmarked = [block.body for path in DOCUMENTS for block in blocks(path) if not block.tested]
    shown = [body for body in unmarked if "mammon scan" in body or "mammon gates" in body]
    assert shown == []


def test_the_two_commands_set_up_as_the_checks_do() -> None:
    """Both are one line, begin alike, and install and test as `.ci/run` does; CONTRIBUTING installs alike."""
    work, test = [
        line for block in blocks(README) for line in block.body.splitlines() if "venv .venv" in line
    ]
    script = (ROOT / ".ci" / "run").read_text()
    pips = re.findall(r"pip\" install --quiet (.+)", script)
    assert len(pips) == 2
    contributing = (ROOT / ".github" / "CONTRIBUTING.md").read_text()
    for line in (work, test, contributing):
        assert all(f"pip install -q {words}" in line for words in pips)
    (suite,) = re.findall(r"^python (-m pytest .+)$", script, re.M)
    assert test.endswith(f".venv/bin/python {suite}")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_paths_resolve(path: Path) -> None:
    """A link leads to a file of this repository, and so does a path in a code span."""
    for link in links(path):
        assert (path.parent / link.partition("#")[0]).exists(), link
    tops = ("mammon/", "tests/", "examples/", ".github/", ".ci/", "completions/")
    for span in spans(path):
        if span.startswith(tops) and "@" not in span and "NAME" not in span:
            assert (ROOT / span.partition(" ")[0]).exists(), span
