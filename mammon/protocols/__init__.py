"""Adapters: one small file per protocol. Pure: they yield calls and are sent return data."""
