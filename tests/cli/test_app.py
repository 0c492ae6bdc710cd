"""The command tree: every listed command is there, nothing is imported that is not called."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mammon.cli import main as run
from mammon.cli import registry
from mammon.cli.app import built
from mammon.cli.model import commands
from mammon.cli.options import BASE, LOOP, OPTIONS, OUTPUT, command
from mammon.config.keys import keys

HEAVY = {
    "web3",
    "eth_account",
    "eth_abi",
    "httpx",
    "rich",
    "pydantic",
    "sqlite_utils",
    "coincurve",
    "tenacity",
    "asyncio",
    "tomli_w",
}


def loaded(*words: str, folder: Path) -> set[str]:
    """Return the top-level modules a real process has imported when the command line has ended."""
    code = (
        "import sys, json; from mammon.cli import main; main(sys.argv[1:]); "
        "sys.stderr.write('\\n' + json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    environment = {"HOME": str(folder), "PYTHONPATH": str(Path(registry.__file__).parents[2])}
    ended = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, env=environment, cwd=folder, timeout=60
    )
    found: list[str] = json.loads(ended.stderr.decode().rsplit("\n", 1)[1])
    return set(found)


@pytest.mark.parametrize("name", registry.COMMANDS)
def test_every_listed_command_exists_and_is_documented(name: str) -> None:
    """A line in the table is a command that can be built, with a help of its own."""
    assert built(name).help
    entry = registry.COMMANDS[name]
    assert entry.group in registry.GROUPS
    assert entry.help
    assert not entry.help.endswith(".")


@pytest.mark.parametrize("name", registry.DOCUMENTS)
def test_every_listed_document_exists(name: str) -> None:
    """A line in the table is a dataclass with a canonical form."""
    from mammon.cli.document_schema import schema_of

    assert schema_of(name)["title"] == f"mammon/{name}@{registry.DOCUMENTS[name][0]}"


def test_every_option_of_every_command_is_documented() -> None:
    """--help leaves no option unexplained."""
    for model in commands():
        for option in model.options:
            assert option.help, f"{model.name} {option.names}"


def test_shared_options_set_settings_that_exist() -> None:
    """An option that sets a setting sets one of the resolver's; the sets hold options that exist."""
    for option in OPTIONS.values():
        assert not option.setting or option.setting in keys()
        assert option.absent in (None, False, 0)
    assert {*BASE, *OUTPUT, *LOOP} <= set(OPTIONS)


def test_no_option_takes_a_secret() -> None:
    """Values of flags stand in the process list; the number of a descriptor (`-fd`) may."""
    for model in commands():
        for option in model.options:
            named = [name for name in option.names if not name.endswith("-fd")]
            assert not any(word in name for name in named for word in ("key", "password", "secret", "token"))


def test_the_first_parameter_is_the_invocation() -> None:
    """A command that forgets it fails when its module is imported, not when it is called."""
    with pytest.raises(TypeError, match="call: Invocation"):

        @command(BASE)
        def wrong(name: str) -> None:
            """Do nothing."""


def test_root_help_lists_all_by_group(capsys: pytest.CaptureFixture[str]) -> None:
    """Commands stand under their group, in the order of the contract."""
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {name}  " in out.replace("   ", "  ") or f"  {name} " in out for name in registry.COMMANDS)
    positions = [out.index(f"\n{group}:\n") for group in registry.GROUPS if f"\n{group}:\n" in out]
    assert positions == sorted(positions)
    assert len(positions) >= 1


def test_help_of_a_first_word_lists_what_follows(capsys: pytest.CaptureFixture[str]) -> None:
    """`mammon config --help` shows the commands that begin with `config`."""
    assert run(["config", "--help"]) == 0
    out = capsys.readouterr().out
    assert "config show" in out
    assert "doctor" not in out


def test_typers_own_help_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """The root has one help, whichever way it is asked for."""
    assert run(["--help"]) == 0
    first = capsys.readouterr().out
    assert run(["--help", "--"]) == 0
    assert capsys.readouterr().out.strip() == first.strip()


@pytest.mark.parametrize("words", [(), ("config",), *(tuple(name.split()) for name in registry.COMMANDS)])
def test_h_is_short_for_help(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """`-h` prints what `--help` prints, kept or asked of the command itself."""
    kept = words in ((), ("config",))  # these two have no options beside it
    told = []
    for last in (("--help",), ("-h",), ("-h",) if kept else ("--json", "-h")):
        assert run([*words, *last]) == 0
        told.append(capsys.readouterr().out.split())
    assert told[0]
    assert told == [told[0]] * 3


def test_help_imports_neither_typer_nor_any_command(tmp_path: Path) -> None:
    """P2: help is read, not computed."""
    for words in (("--help",), ("-h",), ("doctor", "--help"), ("config", "show", "-h")):
        found = loaded(*words, folder=tmp_path)
        assert not found & {"typer", "dataclasses", "logging", *HEAVY}


@pytest.mark.parametrize("words", [("config", "show", "--mode", "mock"), ("schema", "config"), ("schema",)])
def test_local_commands_import_nothing_heavy(words: tuple[str, ...], tmp_path: Path) -> None:
    """P3, exactly: none of these is loaded, with a configuration file to check or without."""
    assert not loaded(*words, folder=tmp_path) & HEAVY
    (tmp_path / "mammon.toml").write_text("seed = 7\n[rpc]\nattempts = 2\n")
    assert not loaded(*words, "--log-format", "json", "-v", folder=tmp_path) & HEAVY


def test_a_command_loads_no_other_command(tmp_path: Path) -> None:
    """A broken or slow command is no matter to its neighbours."""
    code = (
        "import sys, json; from mammon.cli import main; main(['schema']); "
        "names = [name for name in sys.modules if name.startswith('mammon.cli.')]; "
        "sys.stderr.write('\\n' + json.dumps(names))"
    )
    environment = {"HOME": str(tmp_path), "PYTHONPATH": str(Path(registry.__file__).parents[2])}
    asked = [sys.executable, "-c", code]
    ended = subprocess.run(asked, capture_output=True, env=environment, cwd=tmp_path, timeout=60)
    names = set(json.loads(ended.stderr.decode().rsplit("\n", 1)[1]))
    others = {entry.target.partition(":")[0] for name, entry in registry.COMMANDS.items() if name != "schema"}
    assert not names & others
