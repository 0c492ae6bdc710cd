"""Sky savings on an L2: the vault, the swap pool behind it, and the oracle of the savings rate."""

from __future__ import annotations

PSM = bytes.fromhex("04bda262")  # psm()
POCKET = bytes.fromhex("cccef9e2")  # pocket()
SSR = bytes.fromhex("5e37e811")  # getSSR()
CHI = bytes.fromhex("0416c1a5")  # getChi()
RHO = bytes.fromhex("b4c7ec78")  # getRho()
