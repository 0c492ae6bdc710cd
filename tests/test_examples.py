"""The examples: policies that load and differ, a picture that is current, scripts that run."""

from __future__ import annotations

import configparser
import dataclasses
import html
import json
import re
import threading
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from examples.terminal import COMMAND, PICTURE, printed
from mammon.cli.process import Process
from mammon.config.keys import keys
from mammon.config.resolve import resolve
from mammon.config.template import STYLES, Style
from mammon.config.values import value
from mammon.core.policy import Policy
from mammon.core.ports import Clock
from mammon.net.deadline import Deadline
from mammon.protocols.chains import chain, with_markets
from mammon.sim.addresses import IRM, MORPHO
from mammon.sim.chainfile import chain_file
from mammon.sim.clock import SimClock
from mammon.sim.node import SimNode
from mammon.sim.world import SimWorld
from tests.docs import README, ROOT, blocks, typed
from tests.flows.runner import Shell
from tests.showing.__main__ import PICTURES
from tests.showing.scenes import SCENES

EXAMPLES = ROOT / "examples"
GUIDE = EXAMPLES / "guides" / "add-a-market.md"
GUIDED = ("aave-fork", "plain-vault")
"""Markets of the simulated chain that the guide adds under names of its own."""
HIGHER_IS_STRICTER = {
    "min_apy_gain",
    "min_annual_gain_usd",
    "exit_liquidity_multiple",
    "cooldown_s",
    "min_price_witnesses",
    "danger_liquidity_multiple",
}
LOWER_IS_STRICTER = {"max_pool_share", "max_moves_per_day"}
STRICTEST = {"on_danger": ("exit", "alert")}
"""What has no measure, the strictest first."""


# --- policies ------------------------------------------------------------------------------------


def policy(style: str, folder: Path) -> Policy:
    resolved = resolve({}, {"HOME": str(folder)}, folder, str(EXAMPLES / f"mammon.{style}.toml"))
    assert resolved.settings.mode == "paper"
    assert {name for name, origin in resolved.origins.items() if origin.startswith("file ")} == {
        "mode",
        *STYLES["careful"],
    }
    return resolved.settings.policy


@pytest.mark.parametrize("style", STYLES)
def test_a_policy_is_the_one_that_init_writes(style: Style, tmp_path: Path) -> None:
    """There is one truth about each style: the file and `mammon init --style` agree in every threshold."""
    changes = {keys()[name].path[-1]: value(keys()[name].hint, text, textual=True)
               for name, text in STYLES[style].items()}  # fmt: skip
    assert policy(style, tmp_path) == dataclasses.replace(Policy(), **changes)


def test_careful_is_stricter_than_balanced_and_balanced_than_bold(tmp_path: Path) -> None:
    """In every threshold that they set, and truly in most of them; what guards safety is never loosened."""
    careful, balanced, bold = (policy(style, tmp_path) for style in ("careful", "balanced", "bold"))
    truly = 0
    for field in Policy.__dataclass_fields__:
        strictness = [_strictness(field, each) for each in (careful, balanced, bold)]
        assert strictness == sorted(strictness, reverse=True), field
        if field not in HIGHER_IS_STRICTER | LOWER_IS_STRICTER:
            assert len(set(strictness)) == 1, field
        truly += strictness[0] > strictness[1] > strictness[2]
    assert truly >= 4


def _strictness(field: str, one: Policy) -> Decimal:
    unset = Decimal("Infinity")
    value = getattr(one, field)
    if isinstance(value, tuple):  # dated needs: those of an owner, and of no style
        value = len(value)
    if isinstance(value, str):
        value = len(STRICTEST[field]) - STRICTEST[field].index(value)
    worth = unset if value is None else Decimal(value)
    return -worth if field in LOWER_IS_STRICTER else worth


# --- the picture ---------------------------------------------------------------------------------


def test_the_picture_is_what_the_program_prints() -> None:
    """A changed word or number makes it old: run `python examples/terminal.py`."""
    shown = printed()
    escapes = re.compile(r"\x1b\[[0-9;]*m")
    assert _letters(_drawn(PICTURE.read_text())) == _letters(f"mammon$ {COMMAND}\n{escapes.sub('', shown)}")
    assert COMMAND in README.read_text()


def test_the_picture_tells_a_story() -> None:
    """It shows a move, holds, and a later move, and asks nobody else for anything."""
    svg = PICTURE.read_text()
    shown = _letters(_drawn(svg))
    assert shown.count("Moved") >= 2
    assert shown.count("Hold:") >= 2
    assert "url(" not in svg.replace("url(#", "")


@pytest.mark.parametrize("name", SCENES)
def test_a_picture_of_the_live_world_shows_its_scene(name: str) -> None:
    """`python -m tests.showing` drew it: every command ended as the scene says, in that order."""
    shown = _letters(_drawn((PICTURES / f"{name}.svg").read_text()))
    assert tuple(map(int, re.findall(r"exit(\d+)\]", shown))) == SCENES[name].codes
    assert _letters(SCENES[name].told) in shown


def test_every_picture_has_a_scene() -> None:
    """Nothing is left of a scene that is no longer recorded; the guide shows each of them."""
    assert {path.stem for path in PICTURES.iterdir()} == set(SCENES)
    shown = (EXAMPLES / "guides" / "when-things-go-wrong.md").read_text()
    assert all(f"../live/{name}.svg" in shown for name in SCENES)


def _drawn(svg: str) -> str:
    return html.unescape("".join(re.findall(r"<text [^>]*>([^<]*)</text>", svg)))


def _letters(text: str) -> str:
    """Return what is printed without the spaces: a line too long for the picture goes on below."""
    return "".join(text.split())


# --- scripts -------------------------------------------------------------------------------------


def test_the_pipeline_keeps_documents_and_does_nothing(tmp_path: Path) -> None:
    """Three documents of one world; exit 0; afterwards the money is where it was."""
    done = typed(f"{EXAMPLES / 'pipeline.sh'} out", tmp_path, MAMMON_MODE="mock")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    kept = {path.name: json.loads(path.read_text()) for path in (tmp_path / "out").iterdir()}
    assert {name: document["schema"] for name, document in kept.items()} == {
        "scan.json": "mammon/scan@1",
        "gates.json": "mammon/gates@1",
        "explained.json": "mammon/gates@1",
        "plan.json": "mammon/plan@1",
    }
    assert kept["plan.json"]["data"]["calls"]
    assert kept["plan.json"]["data"]["outcome"] is None


def test_the_pipeline_ends_with_a_refusal(tmp_path: Path) -> None:
    """Under a kill switch the documents are written all the same, and the exit code is 3."""
    (tmp_path / "home").mkdir(mode=0o700)
    (tmp_path / "home" / ".kill_switch").touch()
    done = typed(f"{EXAMPLES / 'pipeline.sh'} out", tmp_path, MAMMON_MODE="mock")
    assert done.returncode == 3
    assert json.loads((tmp_path / "out" / "plan.json").read_text())["data"]["calls"] == []


def test_the_crontab_is_one() -> None:
    """Lines are variables, comments, or five fields and a command of the program that asks nothing."""
    field = r"(?:\*|\d+|\*/\d+)"
    for line in (EXAMPLES / "crontab").read_text().splitlines():
        if not line or line.startswith("#") or re.match(r"[A-Z_]+=\S+$", line):
            continue
        match = re.match(rf"{field} {field} {field} {field} {field} +mammon (.+)$", line)
        assert match, line
        assert "--execute" not in line or {"--yes", "-q"} <= set(match[1].split())


def test_the_unit_is_unprivileged_and_honest() -> None:
    """It runs as a user of its own, closed in, in the paper world, and promises systemd no heartbeat."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(EXAMPLES / "mammon.service")
    service = unit["Service"]
    assert service["Type"] == "exec"
    assert "WatchdogSec" not in service
    assert "NotifyAccess" not in service
    assert service["User"] not in ("", "root")
    assert " run --mode paper " in service["ExecStart"]
    assert set(service["RestartPreventExitStatus"].split()) == {"2", "5"}
    assert service["SuccessExitStatus"] == "143"
    closed = ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome", "ProtectKernelModules")
    assert all(service[name] == "yes" for name in closed)
    assert (service["ProtectSystem"], service["CapabilityBoundingSet"]) == ("strict", "")
    assert service["StateDirectoryMode"] == "0700"


# --- the guide on markets ------------------------------------------------------------------------


def table(deposits: bool) -> str:
    """Return the guide's tables, with deposits as it says at first, or switched on as it says later."""
    text = "\n".join(block.body for block in blocks(GUIDE) if "markets.extra" in block.body)
    return re.sub(r"^(deposits|note) = .*\n", "", text, flags=re.M) if deposits else text


def chain_toml(*left_out: str) -> str:
    """Return the simulated chain as a chain file of one's own, without some of its markets."""
    known, source = chain_file(), {"source": "the simulated chain"}
    assert known.sequencer is not None
    roles = {"morpho": MORPHO, "irm": IRM}
    return tomli_w.dumps(
        {
            **{name: getattr(known, name) for name in ("chain_id", "name", "native", "block_time_s")},
            "multicall3": {"address": known.multicall3, **source},
            "gas_price_oracle": {"address": known.gas_price_oracle, **source},
            "sequencer": {"address": known.sequencer.address, "grace_s": known.sequencer.grace_s, **source},
            "feeds": {
                feed.pair: {"address": feed.address, "heartbeat_s": feed.heartbeat_s, **source}
                for feed in known.feeds
            },
            "tokens": {
                t.symbol: {"address": t.address, "decimals": t.decimals, **source} for t in known.tokens
            },
            "roles": {"metamorpho": {name: {"address": at, **source} for name, at in roles.items()}},
            "markets": [
                {"slug": m.slug, "protocol": m.protocol, "token": "USDC", "address": m.id.address, **source}
                for m in known.markets
                if m.slug not in left_out
            ],
            "gas_units": {
                protocol: {
                    **source,
                    **{
                        row.action: {"units": row.units, "tx_bytes": row.tx_bytes}
                        for row in known.gas_units
                        if row.protocol == protocol
                    },
                }
                for protocol in {row.protocol for row in known.gas_units}
            },
        }
    )


@pytest.fixture
def world() -> SimWorld:
    return SimWorld(7)


@pytest.fixture
def url(world: SimWorld) -> Iterator[str]:
    """Serve the simulated chain over HTTP."""
    node = SimNode(world)

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = node.exchange(self.rfile.read(int(self.headers["Content-Length"])), Deadline(30))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class PaperShell(Shell):
    """A paper world on a chain of one's own, whose file lists all its markets but those of the guide."""

    def __init__(self, folder: Path, url: str, clock: Clock) -> None:
        super().__init__(folder, MAMMON_RPC__URLS=url, MAMMON_CHAIN_FILE=str(folder / "chain.toml"))
        (folder / "chain.toml").write_text(chain_toml(*GUIDED))
        self.clock = clock

    def process(self, stdin: Any, out: Any, err: Any) -> Process:
        return Process(dict(self.environment), self.home, stdin, out, err, self.clock)

    def venues(self) -> dict[str, dict[str, Any]]:
        ended = self("scan", "--json")
        assert ended.code == 0, ended.err
        return {row["slug"]: row for row in ended.data["markets"]}


def test_a_market_is_added_by_configuration_alone(tmp_path: Path, world: SimWorld, url: str) -> None:
    """The guide's tables, as printed, are read on a chain that has them: first kept out, then entered."""
    shell = PaperShell(tmp_path / "home", url, SimClock(world))
    assert len(shell.venues()) == 3
    (shell.home / "mammon.toml").write_text(table(deposits=False))
    first = shell.venues()
    assert len(first) == 5
    fork, vault = first["example-fork"], first["example-vault"]
    assert (fork["state"], fork["reasons"]) == ("withdraw only", [])
    assert fork["apy"] is not None
    assert (vault["state"], vault["reasons"]) == ("withdraw only", ["rate_unknown"])
    world.advance(601)
    assert shell.venues()["example-vault"]["apy"] is not None
    assert shell("gates", "--to", "example-fork").code == 3
    (shell.home / "mammon.toml").write_text(table(deposits=True))
    assert shell.venues()["example-fork"]["state"] == "open"
    assert shell("gates", "--to", "example-fork").code == 0


def test_the_guides_tables_fit_the_shipped_chain(tmp_path: Path) -> None:
    """The same text is accepted beside the markets of Base, and a shipped one can be left out as shown."""
    (tmp_path / "mammon.toml").write_text(table(deposits=False) + "\n" + blocks(GUIDE)[-1].body)
    markets = resolve({}, {"HOME": str(tmp_path)}, tmp_path).settings.markets
    base = chain("base")
    assert len(with_markets(base, markets.extra, "mammon.toml").markets) == len(base.markets) + 2
    assert set(markets.disabled) <= {market.slug for market in base.markets}
