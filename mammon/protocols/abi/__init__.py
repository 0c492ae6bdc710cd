"""Selectors and event topics as literals, the signature beside each; a test derives every one again."""
