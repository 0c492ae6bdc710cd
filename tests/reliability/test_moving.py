"""A whole move on the real node: the live world, real protocols, nothing in its way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chain.lab import Lab
from tests.reliability.kill_world import kill_world

pytestmark = pytest.mark.chain


def test_a_position_moves_from_a_pool_to_a_vault(lab: Lab, tmp_path: Path) -> None:
    """F29: three legs, each settled; every unit there, nothing left allowed, and each leg's gas known."""
    with kill_world(lab, tmp_path, slugs=("aave-30", "mm-main")) as world:
        held = world.money()["aave-30"]
        planned = world.ran("gates", "--json").data["snapshot"]["gas_units"]
        moved = world.ran("rebalance", "--execute", "--yes", "--json")
        assert moved.code == 0, moved.err
        outcome = moved.data["outcome"]
        assert int(outcome["left"]) >= held
        assert int(outcome["entered"]) >= held
        assert world.money()["aave-30"] == 0
        assert world.count() == len(outcome["transactions"]) == 3
        assert int(world.chain["usdc"].call("allowance", world.owner, world.chain["vault_main"].address)) == 0
        receipts = [world.chain.rpc("eth_getTransactionReceipt", each) for each in outcome["transactions"]]
        paid = sum(int(one["gasUsed"], 16) * int(one["effectiveGasPrice"], 16) for one in receipts)
        assert int(outcome["gas"]) == paid
        used = [int(one["gasUsed"], 16) for one in receipts]
        later = world.ran("gates", "--json").data["snapshot"]["gas_units"]
        table = {(row["protocol"], row["action"]): row for row in later}
        legs = (("aave_v3", "withdraw_all"), ("erc20", "approve"), ("metamorpho", "deposit"))
        assert [table[leg]["units"] for leg in legs] == used
        assert all(row["samples"] == 0 for row in planned)
        assert world.ran("status", "--json").data["unfinished"] == []
