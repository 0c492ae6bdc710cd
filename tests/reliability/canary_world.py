"""A home full of secrets, each of them unique, and everything that a command could be given to leak them.

What is planted follows the settings: every setting that is a URL carries a token of its own, so that one that
is added later is swept by itself.
"""

from __future__ import annotations

import base64
import ctypes
import dataclasses
import functools
import importlib
import inspect
import typing
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from unittest import mock

from mammon.chain import keystore
from mammon.cli import registry
from mammon.config.keys import keys
from mammon.config.settings import Url
from mammon.sim.wallet import wallet_address, wallet_key
from tests.flows.endpoint import EndpointShell, SimEndpoint, chain_toml
from tests.flows.words import line
from tests.signing.keyfiles import CHEAP_N, document, placed

SEED = 7
KEY = wallet_key(SEED)
ADDRESS = wallet_address(SEED)
PASSWORD = "canary-Passw0rd/with+signs"
WRONG_PASSWORD = "canary-wr0ng/Passw0rd+signs"
PATH_TOKEN = "canaryPathT0ken5ecret"
QUERY_TOKEN = "canaryQueryT0ken+5ecret"
USER_TOKEN = "canaryUserT0ken5ecret"
CONFIG_TOKEN = "canaryC0nfigT0ken5ecret"
VARIABLES = {
    "DUNE_API_KEY": "canaryDuneK3y5ecret",
    "ALERTS_WEBHOOK": "https://hooks.invalid/canaryWebh00kT0ken",
    "TELEGRAM_BOT_TOKEN": "110201543:canaryTelegramT0ken",
}
"""Secrets of others that stand in the same environment."""
QUICK = {"MAMMON_RPC__ATTEMPTS": "1", "MAMMON_RPC__BUDGET": "1s", "MAMMON_RPC__REQUEST_TIMEOUT": "1s"}
NODUMP, DUMPABLE = 4, 1


def url_settings() -> dict[str, bool]:
    """Return the settings that are URLs, as variables are named, and whether each is a list."""
    lists = {Url: False, tuple[Url, ...]: True}
    return {key.variable: lists[key.hint] for key in keys().values() if key.hint in lists}


def token_of(variable: str) -> str:
    """Return the canary in the path of a setting's URL."""
    return f"canary{variable.title().replace('_', '')}T0ken"


def canaries() -> dict[str, bytes]:
    """Return every secret by its name."""
    texts = {
        "password": PASSWORD,
        "wrong password": WRONG_PASSWORD,
        "token in a path": PATH_TOKEN,
        "token in a query": QUERY_TOKEN,
        "password in a URL": USER_TOKEN,
        "token in a configuration": CONFIG_TOKEN,
        **VARIABLES,
        **{name: token_of(name) for name in url_settings()},
    }
    return {"key": KEY, **{name: text.rpartition("/canary")[2].encode() for name, text in texts.items()}}


def forms(secret: bytes) -> Iterator[bytes]:
    """Yield how a secret might be spelled: itself, in hexadecimal, in base64 anywhere, quoted, reversed."""
    for raw in (secret, secret[::-1]):
        yield from (raw, raw.upper(), raw.lower(), raw.hex().encode(), raw.hex().upper().encode())
        yield raw.hex()[::-1].encode()
        yield repr(raw)[2:-1].encode()
        yield urllib.parse.quote(raw, safe="").encode()
        yield str(int.from_bytes(raw, "big")).encode()
        for offset, begin in ((0, 0), (1, 2), (2, 3)):
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                yield encode(bytes(offset) + raw).rstrip(b"=")[begin:-2]


@functools.cache
def spelled() -> tuple[tuple[str, bytes], ...]:
    """Return every spelling of every secret, each with the secret's name."""
    found = {form: name for name, secret in canaries().items() for form in forms(secret)}
    return tuple((name, form) for form, name in found.items())


def hits(text: bytes) -> list[str]:
    """Return which secrets stand in a text."""
    return sorted({f"{name} as {form[:24]!r}" for name, form in spelled() if form in text})


# --- the world ------------------------------------------------------------------------------------


@dataclasses.dataclass
class Template:
    """A home in which something was done, and the chain as it stood then: every case begins there."""

    folder: Path
    served: SimEndpoint
    consent: str = ""
    files: dict[str, bytes] = dataclasses.field(default_factory=dict)
    """What stands in it, and needs no looking through where it is unchanged."""


def template(folder: Path, served: SimEndpoint, url: str) -> Template:
    """Make a home with a key, a decision, a move carried out in the live world, and a backup."""
    made = Template(folder, served)
    folder.mkdir(mode=0o700)
    with mock.patch.object(keystore, "MIN_SCRYPT_N", CHEAP_N):
        placed(folder / "keys", document(key=KEY, address=ADDRESS, password=PASSWORD.encode()))
        (folder / "credentials").mkdir(mode=0o700)
        (folder / "credentials" / "mammon-password").write_text(PASSWORD)
        chain_toml(folder / "chain.toml")
        shell = EndpointShell(folder, served, **environment(made, folder, {"MAMMON_RPC__URLS": url}))
        made.consent = _done(shell, "phase", "acknowledge", "--json").data["token"]
        shell.environment["I_UNDERSTAND_LIVE_RISK"] = made.consent
        (folder / "decision.json").write_text(_done(shell, "gates", "--json").out)
        for words in (("rebalance", "--execute", "--yes"), ("state", "backup")):
            _done(shell, *words)
    ctypes.CDLL(None).prctl(NODUMP, DUMPABLE, 0, 0, 0)  # this process may be read again
    made.files = {str(path.relative_to(folder)): path.read_bytes() for path in below(folder)}
    return made


def _done(shell: EndpointShell, *words: str) -> typing.Any:
    ended = shell(*words)
    if ended.code:
        raise RuntimeError(f"{words}: {ended}")
    return ended


def below(folder: Path) -> Iterator[Path]:
    """Yield every file below a folder that can be read."""
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def environment(made: Template, home: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Return what a command finds in its environment."""
    found = {
        "HOME": str(home),
        "MAMMON_HOME": str(home),
        "MAMMON_MODE": "live",
        "MAMMON_ACCOUNT": ADDRESS,
        "MAMMON_CHAIN_FILE": str(home / "chain.toml"),
        "MAMMON_SIGNER__KEYSTORE": str(home / "keys" / "key.json"),
        "MAMMON_POLICY__MIN_ANNUAL_GAIN_USD": "0",
        "CREDENTIALS_DIRECTORY": str(home / "credentials"),
        "I_UNDERSTAND_LIVE_RISK": made.consent,
        **VARIABLES,
        **more,
    }
    return {name: value for name, value in found.items() if value}


# --- the commands ---------------------------------------------------------------------------------

MORE: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "keys address": (("--check",),),
    "keys import": (("--from", "keys/key.json", "--out", "copy.json"),),
    "drill": (("--venue", "aave-v3"),),
}
"""Words with which a command gets at more than with those every flow gives it."""


def words_of(name: str) -> tuple[str, ...]:
    """Return the words with which a command does the most it can."""
    entry = registry.COMMANDS[name]
    module, _, function = entry.target.partition(":")
    taken = inspect.signature(getattr(importlib.import_module(module), function)).parameters
    found = [*line(name), *(word for words in MORE.get(name, ()) for word in words)]
    if "mode" in taken and "--mode" in found:
        at = found.index("--mode")
        del found[at : at + 2]
    for option in ("execute", "yes"):
        if option in taken and f"--{option}" not in found:
            found.append(f"--{option}")
    return tuple(found)
