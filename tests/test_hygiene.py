"""The tree carries no secret, no machine path and no download address."""

from __future__ import annotations

import pytest

from tests.hygiene import ADDRESS, FORBIDDEN, findings


def test_the_tree_is_clean() -> None:
    """Nothing forbidden stands in any file that git knows or would add."""
    assert list(findings()) == []


@pytest.mark.parametrize(
    ("what", "planted"),
    [
        ("private key or seed", "-----BEGIN EC PRIVATE " + "KEY-----"),
        ("API token", "ghp_" + "a" * 36),
        ("machine path", "open('/ho" + "me/someone/file')"),
        ("a credential in a URL", "https://user:" + "hunter22@node.invalid/"),
    ],
)
def test_each_pattern_finds_what_it_is_for(what: str, planted: str) -> None:
    """A planted secret of each kind is found, so that the clean result means something."""
    assert FORBIDDEN[what].search(planted)


def test_a_lock_with_addresses_is_found() -> None:
    """Locks pin content by hash and leave the place to the machine."""
    assert ADDRESS.search('"resolved": "x"')
    assert ADDRESS.search("--index-url x")
