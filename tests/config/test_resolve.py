"""The resolver: for every setting flag > environment > file > default, and the source is kept (F20)."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import os
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mammon
from mammon.config import resolve
from mammon.config.keys import Key, keys
from mammon.config.settings import Count, Settings, Table, Timeout, Url
from mammon.config.template import assignment
from mammon.config.values import duration_text
from mammon.core.numbers import Fraction, Seconds, Usd
from mammon.core.policy import Need
from mammon.core.types import Address
from mammon.errors import UsageError

DIRECTORY = Path("/nowhere")
HOME = {"HOME": "/nowhere/home"}

MONEY = st.decimals(0, 10**9, places=2)
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    str: st.from_regex(r"[a-z][a-z0-9-]{0,12}", fullmatch=True),
    bool: st.booleans(),
    int: st.integers(0, 10**9),
    Count: st.integers(1, 10**6),
    Decimal: MONEY,
    Usd: MONEY,
    Fraction: st.decimals(0, 1, places=4),
    Seconds: st.integers(0, 10**6),
    Timeout: st.integers(1, 10**6),
    Address: st.sampled_from(["0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", "0x" + "00" * 19 + "01"]),
    Path: st.from_regex(r"/[a-z]{1,8}/[a-z]{1,8}", fullmatch=True).map(Path),
    Url: st.from_regex(r"https://[a-z]{1,8}\.invalid/[a-z0-9]{0,8}", fullmatch=True),
}


def some_value(key: Key) -> st.SearchStrategy[Any]:
    if hasattr(key.hint, "__args__") and get_origin(key.hint) is not tuple:
        return st.sampled_from(get_args(key.hint))
    if get_origin(key.hint) is tuple:
        (item, _) = get_args(key.hint)
        some = st.sampled_from(get_args(item)) if get_origin(item) is Literal else VALUES[item]
        return st.lists(some, min_size=1, max_size=3).map(tuple)
    return VALUES[key.hint]


def as_text(key: Key, value: Any) -> str:
    if key.hint in (Seconds, Timeout):
        return duration_text(value)
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, tuple) else str(value)


def in_file(key: Key, value: Any) -> str:
    section = key.name.rpartition(".")[0]
    return (f"[{section}]\n" if section else "") + assignment(key, value) + "\n"


LOWERED_BY = "to what the"


def found(resolved: Any, key: Key) -> Any:
    value = resolved.settings
    for field in key.path:
        value = getattr(value, field)
    return value


SETTABLE = [key for key in keys().values() if key.hint not in (tuple[Table, ...], tuple[Need, ...])]


@pytest.mark.parametrize("key", SETTABLE, ids=lambda key: key.name)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_highest_layer_wins_and_is_named(key: Key, data: st.DataObject, tmp_path: Path) -> None:
    """For every setting and every subset of layers: the highest one's value, and its origin beside it."""
    layers = data.draw(st.dictionaries(st.sampled_from(["flag", "env", "file"]), some_value(key)))
    environment = dict(HOME)
    file = tmp_path / "mammon.toml"
    file.write_text(in_file(key, layers["file"]) if "file" in layers else "")
    if "env" in layers:
        environment[key.variable] = as_text(key, layers["env"])
    flags = {key.name: as_text(key, layers["flag"])} if "flag" in layers else {}
    resolved = resolve(flags, environment, tmp_path)
    line = 2 if "." in key.name else 1
    origins = {"flag": "flag", "env": f"env {key.variable}", "file": f"file {file}:{line}"}
    for layer, origin in origins.items():
        if layer in layers:
            assert found(resolved, key) == layers[layer]
            assert resolved.origins[key.name] == origin
            break
    else:
        assert resolved.origins[key.name] == "default"
        if key.name != "home":
            assert found(resolved, key) == key.default
    others = [other for other in keys() if other != key.name]
    lowered = {LOWERED_BY} if key.name in ("mode", "phase") else set()
    words = {resolved.origins[other].partition(", lowered ")[::2] for other in others}
    assert {word for word, _ in words} == {"default"}
    assert {why.rpartition(" phase ")[0] for _, why in words if why} <= lowered


def test_every_setting_has_an_origin() -> None:
    """`config show --origin` can name the source of each."""
    assert list(resolve({}, HOME, DIRECTORY).origins) == list(keys())


@pytest.mark.parametrize("key", SETTABLE, ids=lambda key: key.name)
def test_a_mistake_never_hides_behind_a_higher_layer(key: Key, tmp_path: Path) -> None:
    """A wrong value in the file is told also when the environment wins today."""
    section, _, last = key.name.rpartition(".")
    (tmp_path / "mammon.toml").write_text((f"[{section}]\n" if section else "") + f"{last} = {{}}\n")
    right = {} if key.default in (None, ()) else {key.variable: as_text(key, key.default)}
    with pytest.raises(UsageError, match=key.name.replace(".", r"\.")) as caught:
        resolve({}, {**HOME, **right}, tmp_path)
    assert f"{tmp_path}/mammon.toml:" in caught.value.message


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("modee = 'mock'", "unknown key 'modee'", "'mode'"),
        ("[rpc]\nrequest_timeouts = '5s'", "unknown key 'rpc.request_timeouts'", "'rpc.request_timeout'"),
        ("[policy]\ncooldown_s = '5m'", "unknown key 'policy.cooldown_s'", "'policy.cooldown'"),
        ("cooldown = '5m'", "unknown key 'cooldown'", "'policy.cooldown'"),
        ("capital = 5", "unknown key 'capital'", "'capital_usdc'"),
        ("private_key = 'x'", "unknown key 'private_key'", "secret"),
        ("[wallet]\nmnemonic = 'x'", "unknown key 'wallet'", ""),
        ("rpc = 5", "unknown key 'rpc'", "'rpc"),
        ("[policy]\nmax_apy = 5", "policy.max_apy", "0.05"),
        ("[policy]\nmax_apy = nan", "policy.max_apy", ""),
        ("[policy]\nmax_apy = inf", "policy.max_apy", ""),
        ("[policy]\ncooldown = 30", "policy.cooldown", '"30s"'),
        ("[run]\ncycles = true", "run.cycles", ""),
        ("mode = 'test'", "mode", ""),
        ("mode = ", "not TOML", ""),
        ("mode = 'mock'\nmode = 'live'", "not TOML", ""),
    ],
)
def test_a_wrong_file_is_named_with_the_fix(text: str, message: str, hint: str, tmp_path: Path) -> None:
    """Unknown keys, wrong types, wrong units: key, file and nearest match (A3 47)."""
    (tmp_path / "mammon.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        resolve({}, HOME, tmp_path)
    assert message in caught.value.message
    assert str(tmp_path / "mammon.toml") in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("variable", "value", "part"),
    [
        ("MAMMON_MODDE", "mock", "MAMMON_MODE"),
        ("MAMMON_RPC_ATTEMPTS", "3", "MAMMON_RPC__ATTEMPTS"),
        ("MAMMON_RPC__ATTEMPTS", "0", "at least 1"),
        ("MAMMON_ACCOUNT", "", "a line of text"),
        ("MAMMON_POLICY__MAX_APY", "5%", "0.05"),
    ],
)
def test_a_wrong_variable_is_named_with_the_fix(variable: str, value: str, part: str) -> None:
    """A mistyped variable is never simply without effect."""
    with pytest.raises(UsageError) as caught:
        resolve({}, {**HOME, variable: value}, DIRECTORY)
    assert variable in caught.value.message
    assert part in caught.value.message + caught.value.hint


@given(data=st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_break_the_reader(data: bytes, tmp_path: Path) -> None:
    """Any file is either settings or a `UsageError`."""
    (tmp_path / "mammon.toml").write_bytes(data)
    with contextlib.suppress(UsageError):
        resolve({}, HOME, tmp_path)


def test_decimals_are_read_as_written(tmp_path: Path) -> None:
    """0.1 in the file is one tenth, not the binary number nearest to it."""
    (tmp_path / "mammon.toml").write_text("[policy]\nmin_apy_gain = 0.1\nmax_gas_usd = '0.30'\n")
    policy = resolve({}, HOME, tmp_path).settings.policy
    assert policy.min_apy_gain == Decimal("0.1")
    assert policy.max_gas_usd == Decimal("0.30")


def test_the_file_is_the_named_one_or_the_nearest(tmp_path: Path) -> None:
    """--config, else MAMMON_CONFIG, else ./mammon.toml, else the user's own, else none."""
    here, user = tmp_path / "here", tmp_path / "home" / ".config" / "mammon"
    here.mkdir()
    user.mkdir(parents=True)
    environment = {"HOME": str(tmp_path / "home")}
    assert resolve({}, environment, here).file is None
    (user / "mammon.toml").write_text("seed = 1")
    assert resolve({}, environment, here).settings.seed == 1
    (here / "mammon.toml").write_text("seed = 2")
    assert resolve({}, environment, here).settings.seed == 2
    (tmp_path / "a.toml").write_text("seed = 3")
    assert resolve({}, {**environment, "MAMMON_CONFIG": "../a.toml"}, here).settings.seed == 3
    (tmp_path / "b.toml").write_text("seed = 4")
    named = resolve({}, {**environment, "MAMMON_CONFIG": "../a.toml"}, here, "../b.toml")
    assert named.settings.seed == 4
    with pytest.raises(UsageError, match="no such file"):
        resolve({}, environment, here, "absent.toml")
    assert resolve({}, environment, here, search=False).file is None


@pytest.mark.parametrize("kind", ["folder", "fifo", "dangling", "unreadable", "huge"])
def test_a_file_that_cannot_be_one_is_refused_at_once(kind: str, tmp_path: Path) -> None:
    """A pipe in place of the file does not hang the command, a broken link is not taken for no file."""
    path = tmp_path / "mammon.toml"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "dangling":
        path.symlink_to(tmp_path / "gone")
    elif kind == "unreadable":
        path.write_bytes(b"\xff\xff")
    else:
        path.write_text("#" * (2 << 20))
    with pytest.raises(UsageError, match=r"mammon\.toml"):
        resolve({}, HOME, tmp_path)


def test_a_path_in_the_file_is_meant_from_the_file(tmp_path: Path) -> None:
    """The same file means the same state wherever a command is run; ~ is the user's home."""
    (tmp_path / "mammon.toml").write_text("home = 'state'\n[log]\nfile = '~/log'\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    resolved = resolve({}, HOME, elsewhere, "../mammon.toml")
    assert resolved.settings.home.resolve() == tmp_path / "state"
    assert resolved.settings.log.file == Path("/nowhere/home/log")
    assert resolve({"home": "state"}, HOME, elsewhere).settings.home == elsewhere / "state"


def test_the_state_directory_follows_the_users() -> None:
    """XDG_STATE_HOME moves the default, and is named as the source; MAMMON_HOME wins."""
    plain = resolve({}, HOME, DIRECTORY)
    assert plain.settings.home == Path("/nowhere/home/.local/state/mammon")
    moved = resolve({}, {**HOME, "XDG_STATE_HOME": "/srv"}, DIRECTORY)
    assert moved.settings.home == Path("/srv/mammon")
    assert moved.origins["home"] == "env XDG_STATE_HOME"
    own = resolve({}, {**HOME, "XDG_STATE_HOME": "/srv", "MAMMON_HOME": "/own"}, DIRECTORY)
    assert own.settings.home == Path("/own")


def test_extra_markets_are_handed_on_as_they_stand(tmp_path: Path) -> None:
    """Their keys are the chain file's, checked by who reads chain files."""
    (tmp_path / "mammon.toml").write_text("[[markets.extra]]\nslug = 'x'\nprotocol = 'erc4626'\n")
    assert resolve({}, HOME, tmp_path).settings.markets.extra == ({"slug": "x", "protocol": "erc4626"},)
    with pytest.raises(UsageError, match=r"markets\.extra"):
        resolve({}, {**HOME, "MAMMON_MARKETS__EXTRA": "x"}, DIRECTORY)


def test_nothing_set_is_the_dataclasses_own_defaults() -> None:
    """There is no second default anywhere: the resolver adds none."""
    resolved = resolve({}, HOME, DIRECTORY)
    assert dataclasses.replace(resolved.settings, home=Settings().home) == Settings()


def test_only_one_place_reads_the_environment() -> None:
    """A setting read around the resolver would have a default of its own."""
    root = Path(mammon.__file__).parent
    readers = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb"):
                readers.add(path.relative_to(root).as_posix())
    assert readers <= {"cli/process.py"}
