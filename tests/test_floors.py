"""The floors: imports point down only, and each library has one room that knows it."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "edge_agent"

_ADAPTER = {"domain", "ports", "settings"}
_BELOW = {"domain", "ports", "settings", "flows"}

MAY_IMPORT = {
    "domain": set[str](),
    "ports": {"domain"},
    "settings": {"domain"},
    "sensor": _ADAPTER,
    "pins": {"domain"},
    "panel": _ADAPTER | {"pins"},
    "sealing": _ADAPTER,
    "store": _ADAPTER,
    "uplink": _ADAPTER | {"mqtt_client"},
    "mqtt_client": {"domain"},
    "host": {"domain"},
    "control": {"domain"},
    "flows": {"domain", "ports", "settings.schema"},
    "assembly": _BELOW | {"sensor", "pins", "panel", "store", "uplink", "host", "sealing"},
    "daemon": _BELOW | {"host", "control", "assembly"},
    "doctor": _BELOW | {"host", "control", "assembly", "sensor", "panel", "store", "uplink"},
    "contract": {"domain"},
    "new_file": {"domain"},
    "simulator": set[str](),
    "receiver": {"domain", "mqtt_client", "new_file"},
}
"""Room → what of the project it may import beside itself. cli, demo and __main__ are above all."""

KNOWN_TO = {
    "pyfingerprint": {"sensor"},
    "serial": {"sensor"},
    "gpiozero": {"panel", "pins"},
    "sqlite3": {"store", "receiver", "demo"},
    "sqlite_utils": {"store"},
    "psycopg": {"receiver"},
    "openpyxl": {"receiver"},
    "paho": {"mqtt_client", "uplink", "receiver"},
    "rfc8785": {"domain"},
    "pyrage": {"sealing"},
    "PIL": {"cli"},
    "tomllib": {"settings"},
    "click": {"cli", "demo"},
    "rich": {"cli"},
    "iotcore": {"demo"},
    "importlib": {"cli", "demo"},
}
"""Library → the rooms that may import it. msgspec is everybody's but the simulator's."""

PURE = {
    *("base64", "binascii", "collections", "dataclasses", "datetime", "enum", "functools"),
    *("hashlib", "ipaddress", "itertools", "math", "re", "typing", "unicodedata", "zlib"),
    *("zoneinfo",),
}
"""All that the domain may have of the standard library: no clock, no thread, no file, no log."""


def sources() -> dict[Path, str]:
    return {
        path.relative_to(ROOT): path.read_text(encoding="utf-8")
        for path in (ROOT / PACKAGE).rglob("*.py")
    }


def imported(path: Path, source: str) -> Iterator[str]:
    """The absolute names of everything that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = path.parts[: len(path.parts) - node.level] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            if module == PACKAGE:  # "from . import x": the module x, or a name of the package
                yield from (f"{module}.{alias.name}" for alias in node.names)
            else:
                yield module


def breaches(tree: dict[Path, str]) -> list[str]:
    """Every import that the floors forbid."""
    return [
        f"{path} imports {name}"
        for path, source in sorted(tree.items())
        for name in imported(path, source)
        if not allowed(room_of(path), name)
    ]


def room_of(path: Path) -> str:
    return path.parts[1].removesuffix(".py")


def allowed(room: str, name: str) -> bool:
    top, _, rest = name.partition(".")
    if top == PACKAGE:
        if room not in MAY_IMPORT or rest.split(".")[0] in (room, "", "__version__"):
            return True
        return any(f"{rest}.".startswith(f"{may}.") for may in MAY_IMPORT[room])
    if top in KNOWN_TO:
        return room in KNOWN_TO[top]
    if top == "msgspec":
        return room != "simulator"
    return top in (PURE if room == "domain" else sys.stdlib_module_names)


def test_imports_point_down_only() -> None:
    tree = sources()
    assert len(tree) > 50
    assert breaches(tree) == []


def test_every_room_has_its_floor() -> None:
    rooms = {room_of(path) for path in sources()} - {"__init__"}
    assert rooms == {*MAY_IMPORT, "cli", "demo", "__main__"}


@pytest.mark.parametrize(
    ("path", "planted"),
    [
        ("domain/rules.py", "import time"),
        ("domain/rules.py", "from ..ports import Clock"),
        ("domain/rules.py", "import os"),
        ("domain/chain.py", "def f():\n    import threading"),
        ("ports/store.py", "from ..settings import Settings"),
        ("ports/__init__.py", "from ..store import SqliteStore"),
        ("settings/load.py", "from ..ports import Clock"),
        ("flows/gate.py", "from ..store import SqliteStore"),
        ("flows/gate.py", "from ..settings import load_settings"),
        ("flows/gate.py", "from ..settings.load import load_settings"),
        ("flows/gate.py", "from ..assembly import Assembly"),
        ("flows/gate.py", "from edge_agent.host.clock import HostClock"),
        ("flows/gate.py", "import sqlite3"),
        ("host/clock.py", "import serial"),
        ("store/change.py", "from ..uplink import PahoBroker"),
        ("uplink/broker.py", "import sqlite_utils.db"),
        ("panel/lamps.py", "from ..flows.gate import Gate"),
        ("daemon/run.py", "from ..cli import main"),
        ("daemon/run.py", "import rich.console"),
        ("daemon/run.py", "from edge_agent import simulator"),
        ("daemon/run.py", "import importlib"),
        ("assembly.py", "from .simulator import start"),
        ("assembly.py", "from .receiver import Receiver"),
        ("assembly.py", "import requests"),
        ("simulator/wire.py", "from ..domain.errors import EdgeAgentError"),
        ("simulator/wire.py", "import msgspec"),
        ("receiver/store.py", "from ..store import SqliteStore"),
        ("receiver/store.py", "from ..ports import Store"),
    ],
)
def test_a_forbidden_import_is_found(path: str, planted: str) -> None:
    where = Path(PACKAGE, path)
    source = (ROOT / where).read_text(encoding="utf-8")
    assert breaches({where: source}) == []
    assert len(breaches({where: f"{source}\n{planted}\n"})) == 1


def loaded_by(module: str) -> set[str]:
    """Every module that importing ``module`` brings into a fresh process."""
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=120, check=True
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("module", ["edge_agent.daemon.run", "edge_agent.cli.run"])
def test_the_daemon_carries_nobody_elses_memory(module: str) -> None:
    loaded = loaded_by(module)
    assert "edge_agent.flows.touch.take_punch" in loaded
    unwanted = ("rich", "iotcore", "pyrage", "lgpio", "asyncio")
    others = ("edge_agent.simulator", "edge_agent.demo", "edge_agent.receiver")
    assert {name for name in loaded if name.startswith((*unwanted, *others))} == set()


def test_a_command_carries_only_its_own() -> None:
    """The control of the test above: what is unwanted there is found where it belongs."""
    assert "edge_agent.simulator" in loaded_by("edge_agent.cli.simulate, edge_agent.simulator")
    assert "edge_agent.daemon.run" not in loaded_by("edge_agent.cli")
