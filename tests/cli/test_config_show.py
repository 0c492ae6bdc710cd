"""`mammon config show`: what is in force, from where, without secrets."""

from __future__ import annotations

from pathlib import Path

from mammon.config.keys import keys
from tests.cli.shell import run

KEYED = "https://node.invalid/v1/c0ffee-c0ffee"


def test_every_setting_is_shown_with_its_source(tmp_path: Path) -> None:
    """Merged: a flag, a variable, the file and the defaults stand side by side, each named."""
    (tmp_path / "mammon.toml").write_text("seed = 7\n[rpc]\nattempts = 2\n")
    ended = run(
        *("config", "show", "--origin", "--mode", "mock"),
        directory=tmp_path,
        environment={"MAMMON_POLICY__COOLDOWN": "45m"},
    )
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in ended.out.splitlines()}
    assert set(rows) == {"key", *keys()}
    assert rows["mode"] == "mock flag"
    assert rows["policy.cooldown"] == "45m env MAMMON_POLICY__COOLDOWN"
    assert rows["rpc.attempts"] == f"2 file {tmp_path}/mammon.toml:3"
    assert rows["rpc.budget"] == "30s default"


def test_urls_are_shown_without_their_keys(tmp_path: Path) -> None:
    """Neither form of the output, nor stderr, repeats a key."""
    for words in ((), ("--json",), ("--origin",)):
        ended = run("config", "show", "--rpc-url", KEYED, *words, directory=tmp_path)
        assert "https://node.invalid#" in ended.out
        assert "c0ffee" not in ended.out + ended.err


def test_values_are_spelled_as_configuration_writes_them(tmp_path: Path) -> None:
    """Durations with units, lists with commas, extra markets by name, unset as null."""
    (tmp_path / "mammon.toml").write_text(
        "[markets]\ndisabled = ['a', 'b']\n[[markets.extra]]\nslug = 'own'\n"
    )
    document = run("config", "show", "--json", directory=tmp_path).document
    found = {entry["key"]: entry["value"] for entry in document["data"]["settings"]}
    assert found["run.interval"] == "5m"
    assert found["markets.disabled"] == "a, b"
    assert found["markets.extra"] == "own"
    assert found["account"] is None
    assert document["data"]["file"] == f"{tmp_path}/mammon.toml"
    assert document["policy_hash"]
