"""The simulated contracts: storage, calls and reverts as on a real chain, with Python for bytecode.

An external method carries its selector and its Solidity signature in place of a docstring.
"""
