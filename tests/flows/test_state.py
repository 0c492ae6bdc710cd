"""`mammon tx` and `mammon state` over a journal that was written before: what a person is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from mammon.state.opening import NAME, Identity
from mammon.state.store import Store
from tests.flows.runner import Shell
from tests.state import journals


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A mock world in which one leg is done and one is on the wire."""
    made = Shell(tmp_path / "home", MAMMON_MODE="mock", MAMMON_SEED="7")
    head = made("gates", "--json").document
    with Store.open(world(made), Identity("mock", head["chain_id"], head["account"])) as store:
        journals.write(store, owner=head["account"])
    return made


def world(shell: Shell) -> Path:
    """Return the one world's folder."""
    (found,) = (path for path in shell.home.iterdir() if path.is_dir())
    return found


def test_transactions_are_told(shell: Shell) -> None:
    """Newest first, each with where it stands; one by its nonce and by any of its hashes."""
    listed = shell("tx", "list", "--json").data["transactions"]
    assert [(row["nonce"], row["state"]) for row in listed] == [(5, "sent"), (4, "settled")]
    assert "no block has it" in shell("tx", "list").out
    assert len(shell("tx", "list", "--limit", "1", "--json").data["transactions"]) == 1
    newest = shell("tx", "show", "--json").data
    assert [each["role"] for each in newest["attempts"]] == ["act", "cancel"]
    for which in (
        "5",
        newest["attempts"][0]["hash"],
        newest["attempts"][1]["hash"].upper().replace("X", "x"),
    ):
        assert shell("tx", "show", which, "--json").data == newest
    assert "Done in block 104 (final): 5,000.00 came to the wallet" in shell("tx", "show", "4").out
    for which in ("6", "0xabc", "9" * 40):
        assert shell("tx", "show", which).code == 2


def test_a_state_is_backed_up_checked_and_restored(shell: Shell) -> None:
    """The copy brings back what damage took, and asks for reconciliation; without consent nothing happens."""
    file = world(shell) / NAME
    assert shell("state", "backup").code == 0
    assert shell("state", "backup", "--to", "elsewhere", "--json").data["file"].startswith(str(shell.home))
    assert shell("state", "verify-log", "--json").data["bad"] is None
    file.write_bytes(file.read_bytes().replace(b"permit-5-1", b"PERMIT-5-1"))
    checked = shell("state", "check")
    assert checked.code == 5
    assert "seal" in checked.out
    assert shell("state", "restore").code == 5
    restored = shell("state", "restore", "--yes")
    assert restored.code == 0, restored.err
    assert "reconciled" in restored.out
    again = shell("state", "check", "--json")
    assert (again.code, again.data["problems"]) == (0, [])
    assert again.data["restored"]
    assert shell("tx", "show", "5").code == 0
