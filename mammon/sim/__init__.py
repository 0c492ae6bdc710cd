"""The simulated chain: deterministic, seeded, and placed where the RPC transport sits.

`SimWorld` is one world: its seeded processes, its contracts, its blocks. `SimNode` answers JSON-RPC
for it as an endpoint would, so that everything above the transport is the code that runs in earnest.
The lending venues call `core.curves`: this package proves flow, never formulas.
"""
