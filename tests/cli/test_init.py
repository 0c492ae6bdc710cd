"""`mammon init`: four questions or flags, at most 25 commented lines, a file that loads."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from mammon.config import resolve
from mammon.config.template import STYLES
from tests.cli.shell import Terminal, run

ACCOUNT = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"


def settings(folder: Path):  # type: ignore[no-untyped-def]
    return resolve({}, {"HOME": str(folder)}, folder).settings


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("place", ["machine", "server"])
def test_the_brief_file_is_short_commented_and_loads(style: str, place: str, tmp_path: Path) -> None:
    """At most 25 lines, each setting with its comment, private, and read back as answered."""
    words = ("--account", ACCOUNT.lower(), "--keep-liquid", "250.5", "--style", style, "--place", place)
    ended = run("init", "--yes", *words, directory=tmp_path)
    assert ended.code == 0
    path = tmp_path / "mammon.toml"
    lines = path.read_text().splitlines()
    assert len(lines) <= 25
    assert all("  # " in line for line in lines if " = " in line)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = settings(tmp_path)
    assert found.account == ACCOUNT
    assert str(found.policy.keep_liquid_usdc) == "250.5"
    assert (str(found.home) == "/var/lib/mammon") == (place == "server")


def test_answers_at_a_terminal_become_the_file(tmp_path: Path) -> None:
    """Four questions; a wrong answer is asked again; an empty one takes the default."""
    answers = f"nonsense\n{ACCOUNT}\n100\nbold\nserver\n"
    ended = run("init", directory=tmp_path, stdin=Terminal(answers))
    assert ended.code == 0, ended.err
    assert ended.err.count("?") == 5
    found = settings(tmp_path)
    assert found.account == ACCOUNT
    assert found.log.format == "json"
    assert found.policy.max_pool_share > settings(tmp_path / "none").policy.max_pool_share


def test_empty_answers_are_the_defaults(tmp_path: Path) -> None:
    """Four times Enter is a valid file."""
    assert run("init", directory=tmp_path, stdin=Terminal("\n" * 4)).code == 0
    assert settings(tmp_path).account is None


def test_full_writes_every_setting(tmp_path: Path) -> None:
    """--full is the whole model, and loads."""
    assert run("init", "--full", "--yes", "--style", "careful", directory=tmp_path).code == 0
    text = (tmp_path / "mammon.toml").read_text()
    assert "request_timeout" in text
    assert "max_pool_share = 0.10" in text
    assert settings(tmp_path).policy.max_moves_per_day == 2


def test_a_file_that_is_there_is_kept_unless_forced(tmp_path: Path) -> None:
    """Nothing is overwritten by accident, also no dangling link; --force replaces the name alone."""
    (tmp_path / "mammon.toml").write_text("this is not even TOML =")
    assert run("init", "--yes", directory=tmp_path).code == 2
    assert run("init", "--yes", "--force", directory=tmp_path).code == 0
    assert settings(tmp_path).mode == "paper"
    (tmp_path / "link.toml").symlink_to(tmp_path / "elsewhere")
    assert run("init", "link.toml", "--yes", directory=tmp_path).code == 2
    assert run("init", "link.toml", "--yes", "--force", directory=tmp_path).code == 0
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (("--keep-liquid", "5%"), 2, "0.05"),
        (("--keep-liquid", "-1"), 2, "below zero"),
        (("--account", "0x123"), 2, "address"),
        (("--style", "wild"), 2, "careful"),
        (("absent/mammon.toml",), 2, "cannot be written"),
    ],
)
def test_a_wrong_flag_writes_nothing(words: tuple[str, ...], code: int, part: str, tmp_path: Path) -> None:
    """What is wrong is told before anything is written."""
    ended = run("init", "--yes", *words, directory=tmp_path)
    assert ended.code == code
    assert part in ended.err
    assert list(tmp_path.iterdir()) == []


def test_without_a_terminal_the_flag_is_named(tmp_path: Path) -> None:
    """In a script nothing is asked: exit 5, and how to answer beforehand."""
    ended = run("init", directory=tmp_path)
    assert ended.code == 5
    assert "--yes" in ended.err
