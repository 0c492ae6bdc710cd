"""Generated files: committed as generated, and the completion works."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mammon.cli import helptext, registry
from mammon.cli.completions import scripts
from mammon.cli.generated import files
from mammon.cli.model import commands

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "path", ["completions/mammon.bash", "completions/mammon.zsh", "completions/mammon.fish"]
)
def test_committed_completions_are_the_generated_ones(path: str) -> None:
    """A changed option changes the scripts: run `python -m mammon.cli.generated`."""
    assert (ROOT / path).read_text() == files(ROOT)[ROOT / path]


def test_the_kept_help_is_what_the_commands_say() -> None:
    """A changed option changes the help: run `python -m mammon.cli.generated`."""
    assert helptext.FILE.read_text() == files(ROOT)[helptext.FILE]
    for command in commands():
        assert helptext.ready(command.name) == command.help


def test_a_command_that_is_not_kept_answers_for_itself() -> None:
    """Nothing is made up for an unknown name."""
    assert helptext.ready("nothing") is None


def completed(*words: str) -> set[str]:
    """Return what bash offers when the last word is completed."""
    script = (
        f"source {ROOT}/completions/mammon.bash\n"
        f"COMP_WORDS=({' '.join(repr(word) for word in words)}); COMP_CWORD={len(words) - 1}\n"
        "_mammon; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    ended = subprocess.run(
        ["bash", "--norc", "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(ended.stdout.split())


needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")


@needs_bash
def test_bash_offers_every_first_word() -> None:
    """After `mammon` every command can be reached."""
    assert completed("mammon", "") == {name.split()[0] for name in registry.COMMANDS} | {
        "-h",
        "--help",
        "--version",
    }


@needs_bash
def test_bash_offers_second_words_options_choices_and_files() -> None:
    """Second words, options by their beginning, the choices of an option, files where one is meant."""
    assert completed("mammon", "config", "") == {"show"}
    assert completed("mammon", "config", "show", "--or") == {"--origin"}
    assert completed("mammon", "doctor", "--mode", "") == {"mock", "paper", "live"}
    assert "pyproject.toml" in completed("mammon", "doctor", "--config", "pyp")
    assert completed("mammon", "doctor", "--seed", "") == set()
    assert completed("mammon", "doctor", "--json", "--mo") == {"--mode"}


@needs_bash
@pytest.mark.parametrize("name", registry.COMMANDS)
def test_bash_offers_every_option_of_every_command(name: str) -> None:
    """No option is missing from the script."""
    (model,) = [command for command in commands() if command.name == name]
    assert completed("mammon", *name.split(), "-") == {
        each for option in model.options for each in option.names
    }


def test_zsh_and_fish_name_every_option() -> None:
    """Their scripts are made from the same model."""
    made = scripts(commands())
    for command in commands():
        for option in command.options:
            for name in option.names:
                assert f"{name}[" in made["mammon.zsh"]
                assert (f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}") in made[
                    "mammon.fish"
                ]


@pytest.mark.parametrize(
    ("shell", "file"), [("bash", "mammon.bash"), ("zsh", "mammon.zsh"), ("fish", "mammon.fish")]
)
def test_the_scripts_parse(shell: str, file: str) -> None:
    """Each shell that is installed accepts its script."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    subprocess.run([shell, "-n", str(ROOT / "completions" / file)], check=True)
