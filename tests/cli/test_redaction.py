"""Redaction of whole texts: an endpoint keeps its name; its key stands nowhere, with or without the URL."""

from __future__ import annotations

import pytest

from mammon.cli.redaction import clean, tokens
from mammon.config.keys import keys, urls
from mammon.config.settings import RpcSettings, Settings, SignerSettings, SourcesSettings, Url
from mammon.net.redact import redacted

PATH, QUERY = "0123456789abcdefPATH", "0123456789abcdefQUERY"
URL = f"https://node.example/v2/{PATH}?key={QUERY}&x=1"


def test_the_long_pieces_behind_a_host_are_its_secrets() -> None:
    """Each segment, each value, and all of it together; never the host, a version, a network."""
    assert set(tokens(URL)) == {f"v2/{PATH}?key={QUERY}&x=1", PATH, QUERY}
    assert tokens("https://node.example") == tokens("https://node.example/base-mainnet/v2") == []


@pytest.mark.parametrize(
    "text",
    [
        f"URL can't contain control characters. '/v2/{PATH}?key={QUERY}&x=1'",
        f"POST /v2/{PATH} HTTP/1.1",
        f"{{'key': '{QUERY}'}}",
        URL,
        f"{URL}: refused",
    ],
)
def test_a_key_stands_nowhere_also_without_its_url(text: str) -> None:
    """Libraries name a path alone; the endpoint's own name stays what it is everywhere."""
    found = clean(text, (), tokens(URL))
    assert PATH not in found
    assert QUERY not in found
    assert (redacted(URL) in found) == (URL in text)
    assert clean(found, (), tokens(URL)) == found


def test_every_url_of_the_settings_is_known() -> None:
    """Those in lists and those alone; a setting that is added joins by its type."""
    chosen = Settings(
        rpc=RpcSettings(urls=(Url(URL), Url("https://b"))),
        sources=SourcesSettings(kraken_url=Url("https://k")),
        signer=SignerSettings(url=Url("https://s")),
    )
    usual = urls(Settings())
    assert [url for url in urls(chosen) if url not in usual] == [URL, "https://b", "https://k", "https://s"]
    assert [token for url in usual for token in tokens(url)] == []
    assert sum(key.hint in (Url, tuple[Url, ...]) for key in keys().values()) >= 2
