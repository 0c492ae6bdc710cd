"""Every registered command with garbage on its line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mammon.cli.model import OptionModel, commands
from tests.flows.endpoint import chain_toml
from tests.flows.runner import Shell
from tests.flows.settled import MOCK, prepared, sound
from tests.flows.words import NAMES, WORLDLY, line


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a home in which something was decided, and that decision as a file."""
    return prepared(tmp_path_factory.mktemp("template"))


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    return Path(shutil.copytree(template, tmp_path / "at"))


MODELS = {model.name: model for model in commands()}
GARBAGE = st.one_of(
    st.sampled_from(
        [
            "", "-", "--", "0", "-1", "NaN", "sNaN", "Infinity", "1e999", "1e-999", "9" * 30, "9" * 5000,
            "1_000", "٣", "１", "5%", "30", "-5m", "999999999d", "\x1b[31m", "\u202ex", "\udcff", "a\nb",
            "[red]", "..", "../../x", "/dev/null", "~root", "0x" + "0" * 40,
            "0x" + "ab" * 20, "file:///x", "https://u:pw@h/key", "http://[::1", "http://127.0.0.1:99999",
            "mock,live", "%s%n", "$(x)", "idle",
            "--json", "-q", "0.0000001", "5.", ".5", "+5", " 5", "mammon/scan@9",
        ]
    ),
    st.text(st.characters(exclude_characters="\0"), max_size=12),
    st.integers().map(str),
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("unknown", ["--unknown", "--unknown=1", "-Z", "--mod", "--json=1", "--yes=no"])
def test_an_unknown_flag_is_exit_2(name: str, unknown: str, folder: Path) -> None:
    """Also half of a known flag, and a value for one that takes none."""
    ended = Shell(folder / "home", **MOCK)(*line(name), unknown)
    assert ended.code == 2, ended
    assert "hint: " in ended.err
    assert ended.out == ""


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_word_breaks_the_command_line(name: str, template: Path, data: st.DataObject) -> None:
    """A3 47: any value of any option is taken or refused in a sentence; never a traceback, never exit 1."""
    options = data.draw(st.lists(st.sampled_from(MODELS[name].options), min_size=1, max_size=2))
    words = [word for option in options for word in _typed(option, data)]
    words += data.draw(st.lists(GARBAGE, max_size=1))
    with pytest.MonkeyPatch.context() as patch:
        scratch = template / "scratch"
        scratch.mkdir(exist_ok=True)
        patch.chdir(scratch)
        shell = Shell(template / "home", **MOCK)
        shell.home = scratch
        shell.environment["MAMMON_RPC__URLS"] = "http://127.0.0.1:9"
        shell.environment["MAMMON_RPC__ATTEMPTS"] = "1"
        ended = shell(*name.split(), *words, *(["--cycles", "1"] if name == "run" else []))
    assert sound(ended), (words, ended)
    assert all(text.isprintable() for text in (ended.out + ended.err).splitlines())
    if ended.code == 2:
        assert "error: " in ended.err or _silent(words), (words, ended)


def _typed(option: OptionModel, data: st.DataObject) -> list[str]:
    name = data.draw(st.sampled_from(option.names))
    if name in ("-h", "--help"):
        return []
    return [name] if option.takes is None else [name, data.draw(GARBAGE)]


def _silent(words: list[str]) -> bool:
    return any(word in ("-q", "--quiet") for word in words)


@pytest.mark.parametrize("form", [(), ("--json",)])
@pytest.mark.parametrize("word", ["x" * 5000, "\udcff", "/" + "\udcff" * 200])
def test_names_that_no_file_can_have_are_refused(word: str, form: tuple[str, ...], folder: Path) -> None:
    """Too long for any disk, or bytes that are no text: exit 2 or 5 in a sentence that can be printed."""
    shell = Shell(folder / "home", **MOCK)
    for words in (
        ("scan", "--config", word),
        ("gates", "-i", word),
        ("replay", "-i", word),
        ("scan", "--log-file", word),
        ("scan", "--home", word),
        ("scan", word),
        ("init", word, "--yes"),
    ):
        ended = shell(*words, *form)
        assert ended.code in (2, 5), (words[:2], ended)
        assert all(text.isprintable() for text in ended.err.splitlines())
        assert not form or ended.document["errors"]


def test_no_word_names_a_folder_outside_the_home(tmp_path: Path) -> None:
    """`--chain` is part of a folder's name: what is no chain makes none, in no world."""
    for mode in ("mock", "paper", "live"):
        for chain in ("../out", "..", "a/b", "nope", "BASE", "base "):
            shell = Shell(tmp_path / "home", MAMMON_MODE=mode)
            for name in (*WORLDLY, "status", "explain"):
                ended = shell(*line(name), "--chain", chain)
                assert ended.code == 2, (name, ended)
    assert list((tmp_path / "home").iterdir()) == []
    own = Shell(tmp_path / "home", MAMMON_CHAIN_FILE=str(chain_toml(tmp_path / "home" / "chain.toml")))
    ended = own("scan", "--mode", "paper", "--chain", "../out", "--rpc-url", "http://127.0.0.1:9")
    assert ended.code == 2, ended
    assert "no chain is named" in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize(
    "text", ["NaN", "1e3", "-5", "+5", "0", "0.0", "1_000", "٣", "5.", ".5", " 5", "0.0000001", "x"]
)
def test_an_amount_is_plain_digits(text: str, folder: Path) -> None:
    """`--amount` takes what a person writes and nothing that only a parser understands."""
    shell = Shell(folder / "home", **MOCK)
    for words in (("scan", "--amount", text), ("gates", "--to", "aave-v3", "--amount", text)):
        ended = shell(*words)
        assert ended.code == 2, ended
        assert "--amount" in ended.err
