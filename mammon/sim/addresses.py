"""Where things are on the simulated chain.

What exists at one address on every chain of this kind stands there here too. Every other address is
the end of keccak256("mammon simulated chain: " + label), the label beside it; a test derives them
again. None of them is a contract anywhere else.
"""

from __future__ import annotations

from mammon.core.names import Address

CHAIN_ID = 8453
"""That of Base: transactions made here are tied to it; worlds are kept apart by their mode."""

MULTICALL3 = Address("0xcA11bde05977b3631167028862bE2a173976CA11")
GAS_PRICE_ORACLE = Address("0x420000000000000000000000000000000000000F")

USDC = Address("0xD2f3567153587F77feB978c9C191cbAB375208cB")  # usdc
CBBTC = Address("0xfB527a67AC8DB624a76174e16879233e6A601a80")  # cbbtc
WETH = Address("0x939Ce697E82a89d778F9D7F3915Fbf3693DB29c1")  # weth
CBETH = Address("0x4206aC39890697E87B4D025Dd23a77501dC752c4")  # cbeth

ETH_USD = Address("0xAEEfb5aE49F4B090eAA4AfDb62Fb4d5Ce84d0F92")  # eth-usd
USDC_USD = Address("0x6baaFD19b6515f29c391D99aC6a40AEA5eF5b985")  # usdc-usd
SEQUENCER = Address("0x972aBb1512a46070BA376cC419BbBc2e4c1e027b")  # sequencer

AAVE_POOL = Address("0xF3fB22e7fdd7C17d4977AceB8deE90F7A6a2EbAC")  # aave-v3/pool
AAVE_A_TOKEN = Address("0x5ba6Df258af888d959284665163697D563f3f0cb")  # aave-v3/a-token
AAVE_DEBT_TOKEN = Address("0x88Eb9aE21a7A4be139155B07E0D741Ad5d4652Ac")  # aave-v3/debt-token
AAVE_STRATEGY = Address("0x198499065D283f29aCAe492Dd0709FCb8f0949FD")  # aave-v3/strategy

FORK_POOL = Address("0x4B60425e479170Bf461AFBb90CA79145d72547Ed")  # aave-fork/pool
FORK_A_TOKEN = Address("0xa940fB6B08ecB1022426A7aE019090dB1C9FCB2D")  # aave-fork/a-token
FORK_DEBT_TOKEN = Address("0x121136bf30237105D375903532a1F258556d2489")  # aave-fork/debt-token
FORK_STABLE_DEBT_TOKEN = Address("0x3d61b2399e6a8771778021aE609214DD0Bb38DE2")  # aave-fork/stable-debt-token
FORK_STRATEGY = Address("0x4A5Bdb5557b216D31a7D62C267CF3c0f3437E3e8")  # aave-fork/strategy

MORPHO = Address("0x0FbCd419105afeFc70E64b4cd6865EB6b6C20596")  # morpho
IRM = Address("0xFCd6310f5ea9FCF90EB510154A1326F50D600F80")  # irm
ORACLE_CBBTC = Address("0xa8d4A6402E6cD754Fb16239c4b53739e8a706C55")  # oracle/cbbtc
ORACLE_WETH = Address("0x2F444C1CA70342B348b4B2055B9D629150c5c118")  # oracle/weth
ORACLE_CBETH = Address("0xf55669643e71c9239027F6965EA62bA00ec2DFf4")  # oracle/cbeth

STEAKHOUSE = Address("0xEF86ebFAf1BC47361D9D30543fee5184EfB18176")  # steakhouse-usdc
GAUNTLET = Address("0x7F083d09e8b3e0e92BfeF2e4AaCb506FD4A689F8")  # gauntlet-usdc
PLAIN = Address("0x43b3f35d530DCdeCD683Bfa47369CA536f7Ee977")  # plain-vault

COMET = Address("0x74d7521d97420242AC841a747e9c4ad4d62855FD")  # compound-v3
MTOKEN = Address("0x1A59d830acA19de3857a848f9d1B09E00AD3f93f")  # moonwell/market
MOONWELL_COMPTROLLER = Address("0x757C16bA8F55F454FBA728d5B9a3bd9135B1a270")  # moonwell/comptroller
MOONWELL_MODEL = Address("0x09358679667195aBeC692D5FECD538CA29641a13")  # moonwell/model

CROWD = Address("0xbc7f5893429B070BD1AdcA9F71adA55BD0501A4f")  # crowd
"""Everybody else: every supplier and borrower the world moves."""
BORROWERS = Address("0xfD4B37eC1DFD61aa82Fd3795BfF0f986320d6fEA")  # borrowers
"""Those of the crowd who owe where an account cannot both supply and owe."""
KEEPER = Address("0xF6022F10c52Ed4959e1b537e68754C1D1B1B7BDE")  # keeper
"""Owner, curator and guardian of the vaults."""
FEE_RECIPIENT = Address("0x39D6cFB7013AAd96f4a9b1366d72F46DDA70c39b")  # fee-recipient
FEE_VAULT = Address("0x21Afdd30e9377618e99db2839F0891773e91e1a8")  # fee-vault
"""Where the fees of transactions go."""
