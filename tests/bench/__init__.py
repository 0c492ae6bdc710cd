"""Measurements against the budgets: `python -m tests.bench --list`.

Every figure is a ratio of two sides measured in one run, interleaved, or a count. Nothing here is
part of the suite, which asserts no time; exact counts are in `tests/test_budgets_exact.py`.
"""
