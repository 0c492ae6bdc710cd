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
BTC_USD = Address("0x7B5080cB1bDc86a2bE72C347dBd646DA823e6151")  # btc-usd
CBBTC_USD = Address("0x3195DC769841ABa254472fd22d2B1C392012D778")  # cbbtc-usd
CBETH_ETH = Address("0x956387851361cF62b4CAcAfF93A9217d257b7Bd5")  # cbeth-eth
CBETH_REDEEMS = Address("0x1dbE377fbC56BcD6D1D588CfBd79c3cAc569CCbE")  # cbeth-redeems
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
V2_VAULT = Address("0x322F738f8F34Cd5a2a6FdFDFfB51e195D2C823C0")  # vault-v2
V2_ADAPTER = Address("0x78a41EeeCE3918cE4dB6de5c2b0224a9F672ADF3")  # vault-v2/adapter
V2_FACTORY = Address("0x2d916c20C452f03a3df9d38Fab41aE4baC88fEE6")  # vault-v2/factory
FLUID = Address("0x585775C13Ca9873860c5017a17607d0f44b28b7f")  # fluid-usdc
FLUID_LIQUIDITY = Address("0x7fd3f3aFe9799b5A46A8c21da22724a7B3942d38")  # fluid/liquidity
EULER = Address("0x0288AD1798f26f90C8130d7Ca5fBd98b0C13b3Db")  # euler-usdc
EULER_IRM = Address("0x4CAaF42b8384061ae90197eb2945B9CbDe59157B")  # euler/irm
EULER_FACTORY = Address("0x89E0826ba18Ffc0D0183daa9e5216f2A8b5952d7")  # euler/factory
SKY_SAVINGS = Address("0x796b1Fa830E6B1AE66a7690998d598669c9ea010")  # sky-savings
SKY_POOL = Address("0xDFa5941fE08c24A63b767a5eB707F97929eEAB27")  # sky/pool
SKY_POCKET = Address("0xf77842885F2EAe6d3a790097710c259AE3510bE3")  # sky/pocket
SKY_ORACLE = Address("0x450031315e956f64AD8c1b854Aa153ed7dE5f18c")  # sky/oracle
SKY_SHARES = Address("0xE98C14E961b21AD17fC4b0a48bCbcd5b05F67e5E")  # sky/savings

COMP = Address("0xc4fA06465af95CF55EC7C4efFeD321A35283b4F4")  # rewards/comp
WELL = Address("0x786352353f50706B93a806Ca42Dc9C28475917e2")  # rewards/well
MORPHO_TOKEN = Address("0xa91562dADAfc2a58D4e9Af9801C4090cD831fDD3")  # rewards/morpho
WELL_USD = Address("0x551f5Fd80bc030365Fa32982a78BCaEeAb55B8Bd")  # rewards/well-usd
MORPHO_USD = Address("0x29fb5C58911F3f3507de30A7d216240C77285096")  # rewards/morpho-usd
COMET_REWARDS = Address("0xaf6842aFDd92943C7a63830362B69D5cFb48ecB9")  # compound-v3/rewards
MOONWELL_DISTRIBUTOR = Address("0xA15202425eD7b2dBd94E17a7Af875C8838126BE8")  # moonwell/distributor
MERKL = Address("0x3F03566AC3865Df0c0D809FF684F0Fff36bEF365")  # merkl/distributor

UNISWAP_FACTORY = Address("0x6273FdDF23d2330691f79d5F0bAa5c6DD3BD98B1")  # uniswap/factory
UNISWAP_MANAGER = Address("0xD9b38E57dFcaCc20bfb07f8470e1db35695f02cd")  # uniswap/manager
UNISWAP_POOL = Address("0x1ff5CB0031852936d7CFb2354f2Fb3d43e01E019")  # uniswap/pool
AERODROME_FACTORY = Address("0xaEDd15905185B3eB89607f421e47b28518021360")  # aerodrome/factory
AERODROME_MANAGER = Address("0x6E7e393B9E945AF550418f681f7cB1aEec66ED03")  # aerodrome/manager
AERODROME_POOL = Address("0xb8a3aE0f07f01367556af92CB0010b08d3D0c64C")  # aerodrome/pool
AERODROME_VOTER = Address("0x14a80FE2581E5b1A7eBE03e6c3B6caf925a0ff94")  # aerodrome/voter
AERODROME_GAUGE = Address("0x5a4d5C6D31f0704fE21E925787a6d56BF693c055")  # aerodrome/gauge
AERO = Address("0xe933f1a0612130FF69eC3C2549aE5a238F914b39")  # rewards/aero
AERO_USD = Address("0x9c0012FEBA9d1aeeDaD94e746e304b662A1C09da")  # rewards/aero-usd

CROWD = Address("0xbc7f5893429B070BD1AdcA9F71adA55BD0501A4f")  # crowd
"""Everybody else: every supplier and borrower the world moves."""
BORROWERS = Address("0xfD4B37eC1DFD61aa82Fd3795BfF0f986320d6fEA")  # borrowers
"""Those of the crowd who owe where an account cannot both supply and owe."""
KEEPER = Address("0xF6022F10c52Ed4959e1b537e68754C1D1B1B7BDE")  # keeper
"""Owner, curator and guardian of the vaults."""
FEE_RECIPIENT = Address("0x39D6cFB7013AAd96f4a9b1366d72F46DDA70c39b")  # fee-recipient
FEE_VAULT = Address("0x21Afdd30e9377618e99db2839F0891773e91e1a8")  # fee-vault
"""Where the fees of transactions go."""
