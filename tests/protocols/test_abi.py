"""Selectors and topics stand as literals; here every one is derived again from its signature."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module, resources

import pytest

from mammon.core.keccak import keccak256
from mammon.protocols import abi

LITERAL = re.compile(
    r'^([A-Z0-9_]+) = bytes\.fromhex\(\s*"([0-9a-f]+)"\s*\)  # (\S+)(?:  # noqa: E501)?$', re.MULTILINE
)
MODULES = sorted(entry.name for entry in pkgutil.iter_modules(abi.__path__))


def literals(name: str) -> list[tuple[str, str, str]]:
    text = resources.files(abi).joinpath(f"{name}.py").read_text()
    return LITERAL.findall(text)


@pytest.mark.parametrize("name", MODULES)
def test_every_literal_is_the_hash_of_the_signature_beside_it(name: str) -> None:
    """A selector is the first four bytes of its signature's hash, a topic all of it."""
    for constant, digits, signature in literals(name):
        due = keccak256(signature.encode()).hex()
        assert digits == (due if constant.endswith("_TOPIC") else due[:8]), f"{constant}: {signature}"


@pytest.mark.parametrize("name", MODULES)
def test_no_constant_escapes_the_derivation(name: str) -> None:
    """Every constant of a module is found by the pattern above."""
    constants = {key for key in vars(import_module(f"{abi.__name__}.{name}")) if key.isupper()}
    assert constants == {constant for constant, _, _ in literals(name)}
    assert constants
