"""Concentrated liquidity: what a position between two prices is made of, has earned, and is worth.

Integers as the contracts of Uniswap V3 and of Aerodrome's Slipstream compute them; nothing here moves one.
"""
