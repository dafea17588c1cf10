"""The walls between the wings, the floors within them, and the one room that knows a library."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "edge_agent"

MAY_IMPORT = {
    "contract": set[str](),
    "gate": {"contract"},
    "receiver": {"contract"},
    "simulator": set[str](),
    "display": {
        "contract",
        *("gate.control.client", "gate.directions", "gate.people.requests"),
        "gate.settings.schema",
    },
    "cli": {"contract", "gate", "receiver", "simulator", "display"},
    "demo": {"contract", "gate", "receiver", "simulator", "cli"},
    "__main__": {"cli", "contract", "gate.header.lamps_off", "demo.wishes"},
}
"""Wing → the wings that it may import beside itself, or the rooms of one."""

FLOORS = {
    "contract": (
        ("language",),
        ("bounds", "errors", "formulas", "rights", "stamps", "told", "typed_times"),
        ("atomic_file", "planted_links", "reasons", "secret_file", "workbook_limits"),
        ("facts", "people", "true_times"),
        ("people_facts", "workbook"),
        ("kinds",),
        ("spreadsheet", "attendance", "chain", "corrections", "messages"),
        ("roster", "home_assistant", "signatures", "carried"),
        ("broker",),
        ("schemas",),
    ),
    "gate": (
        (
            *("claims", "consents", "directions", "erasure", "evidence"),
            *("last_punch", "lazy_import", "replaced_sensors", "roles", "sealed_backups"),
        ),
        ("credentials", "errors", "events", "header", "pairing_mark", "print_health", "rules"),
        ("settings", "host", "pins"),
        ("ports", "ledger.store"),
        ("ledger", "panel", "reader", "uplink"),
        ("sensor",),
        ("touch", "people"),
        ("papers",),
        ("control",),
        ("daemon",),
        ("doctor", "setup", "upgrade"),
    ),
    "gate.ledger": (
        ("store",),
        ("known", "lost_people", "succession", "store_health"),
        ("damage", "recorder"),
        ("left_ledgers", "old_entries"),
        ("open_or_succeed", "expire", "resolve_times"),
        ("watch_case", "watch_clock", "watch_recording"),
        ("glance", "last_backup", "print_watch", "worker_day"),
    ),
    "gate.people": (
        ("answers", "consent_text", "refusals", "requests", "roster"),
        ("prompt",),
        ("templates",),
        ("context",),
        ("presses",),
        ("consent", "dates_over"),
        ("erase",),
        ("claims",),
        ("back_up", "carry_in", "credentials", "enroll", "sensor", "supervise", "workers"),
        ("leave", "reseal", "restore", "retire", "import_workers"),
        ("handlers",),
    ),
    "display": (
        ("words",),
        ("cards",),
        ("standing",),
        ("feed", "screens", "guard", "voice"),
        ("app",),
        ("serve",),
    ),
    "receiver": (
        ("moments", "signing_key", "toml_place"),
        ("accept",),
        ("connection", "messages", "signs_of_life"),
        ("effects",),
        ("databases",),
        ("worktime", "writers"),
        ("coverage", "roster"),
        ("erasures", "project"),
        ("chains", "office"),
        ("store",),
        ("gaps", "telling"),
        ("take_in",),
        ("carried", "subscriber"),
    ),
}
"""Wing or folder → its rooms, from the ground up. A room imports what stands on lower floors,
and, within its own floor, only itself. "ledger.store" is a room of its own below the ledger's: who
reads the ledger need not know what the gate makes of it."""

KNOWN_TO = {
    "pyfingerprint": {"gate.sensor"},
    "serial": {"gate.sensor"},
    "gpiozero": {"gate.header", "gate.panel", "gate.pins"},
    "gpiod": {"gate.header"},
    "sqlite3": {"gate.ledger", "receiver", "demo"},
    "sqlite_utils": {"gate.ledger"},
    "psycopg": {"receiver"},
    "openpyxl": {"contract.workbook", "cli.workers_file", "receiver"},
    "paho": {"contract.broker", "gate.uplink", "receiver"},
    "rfc8785": {"contract.chain", "contract.signatures"},
    "nacl": {"contract.signatures"},
    "pyrage": {"gate.people"},
    "segno": {"cli"},
    "PIL": {"cli", "gate.sensor.driver"},
    "tomllib": {"gate.header.lamps_off", "gate.settings", "receiver.office", "receiver.worktime"},
    "starlette": {"display"},
    "uvicorn": {"display.serve"},
    "click": {"cli", "demo"},
    "iotcore": {"demo"},
    "importlib": {"cli", "demo", "gate.lazy_import", "gate.people.handlers"},
}
"""Library → the rooms that may import it. msgspec is everybody's but the simulator's."""

PURE = {
    *("base64", "binascii", "collections", "dataclasses", "datetime", "enum", "functools"),
    *("hashlib", "ipaddress", "itertools", "math", "re", "typing", "unicodedata", "zlib"),
    *("zoneinfo",),
}
"""All that pure rooms may have of the standard library: no clock, no thread, no file, no log."""

WORLDLY = (
    *("contract.atomic_file", "contract.broker", "contract.rights", "contract.schemas"),
    *("contract.language", "contract.planted_links", "contract.spreadsheet"),
    "contract.workbook",
    "contract.workbook_limits",
)
"""The rooms of the contract that are not pure."""

PURE_AT_THE_GATE = (
    *("gate.evidence", "gate.print_health", "gate.reader.keyboard", "gate.roles"),
    *("gate.last_punch", "gate.rules"),
    *("gate.touch.decide", "gate.touch.state", "gate.touch.token_bucket"),
    "gate.touch.lockout",
)
"""All that is pure beyond the contract."""


def sources() -> dict[Path, str]:
    return {
        path.relative_to(ROOT): path.read_text(encoding="utf-8")
        for path in (ROOT / PACKAGE).rglob("*.py")
    }


@cache
def imported(path: Path, source: str) -> frozenset[str]:
    """The absolute names of everything that a module imports, wherever in it."""
    return frozenset(_imported(path, ast.parse(source)))


def _imported(path: Path, module: ast.Module) -> Iterator[str]:
    for node in statements(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = path.parts[: len(path.parts) - node.level] if node.level else ()
            package = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                # "from . import x": the module x, or a name of the package
                within = f"{package}.{alias.name}"
                yield within if within in MODULES else package


def statements(module: ast.Module) -> Iterator[ast.AST]:
    """All of them, at whatever depth, and what holds some: no expression does."""
    left: list[ast.AST] = [module]
    while left:
        node = left.pop()
        yield node
        left += (one for one in ast.iter_child_nodes(node) if not isinstance(one, ast.expr))


def module_of(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path) for path in sources()}


def breaches(tree: dict[Path, str]) -> list[str]:
    """Every import that the walls and floors forbid."""
    return [
        f"{path} imports {name}"
        for path, source in sorted(tree.items())
        for name in sorted(imported(path, source))
        if not allowed(module_of(path).removeprefix(PACKAGE).lstrip("."), name)
    ]


def allowed(here: str, name: str) -> bool:
    top, _, there = name.partition(".")
    if top == PACKAGE:
        return allowed_inside(here, there)
    if top in KNOWN_TO:
        return any(f"{here}.".startswith(f"{room}.") for room in KNOWN_TO[top])
    if top == "msgspec":
        return not here.startswith("simulator")
    return top in (PURE if is_pure(here) else sys.stdlib_module_names)


def allowed_inside(here: str, there: str) -> bool:
    if not there or not here:  # the version
        return True
    wing, other = here.split(".", maxsplit=1)[0], there.split(".", maxsplit=1)[0]
    if wing != other:
        return any(f"{there}.".startswith(f"{one}.") for one in MAY_IMPORT[wing])
    return all(
        is_below(folder, there, here)
        for folder in FLOORS
        if here.startswith(f"{folder}.") and there.startswith(f"{folder}.")
    )


def is_below(folder: str, lower: str, upper: str) -> bool:
    rooms = [room_of(folder, name) for name in (lower, upper)]
    if rooms[0] == rooms[1]:
        return True
    floors = [n for room in rooms for n, floor in enumerate(FLOORS[folder]) if room in floor]
    return len(floors) == 2 and floors[0] < floors[1]


def room_of(folder: str, name: str) -> str:
    """The room of ``folder`` that a module or a name in it stands in, the innermost one."""
    inside = name.removeprefix(f"{folder}.")
    rooms = [
        room for floor in FLOORS[folder] for room in floor if f"{inside}.".startswith(f"{room}.")
    ]
    return max(rooms, key=len, default=inside.split(".")[0])


def is_pure(here: str) -> bool:
    worldly = any(f"{here}.".startswith(f"{room}.") for room in WORLDLY)
    return here in PURE_AT_THE_GATE or (here.startswith("contract.") and not worldly)


def test_imports_point_down_only() -> None:
    tree = sources()
    assert len(tree) > 50
    assert breaches(tree) == []


def test_every_room_has_its_floor() -> None:
    for folder, floors in FLOORS.items():
        inside = (module.removeprefix(f"{PACKAGE}.{folder}.") for module in MODULES)
        rooms = {room_of(folder, name) for name in inside if not name.startswith(f"{PACKAGE}.")}
        assert rooms - {PACKAGE} == {room for floor in floors for room in floor}
    assert {module.split(".")[1] for module in MODULES if "." in module} == set(MAY_IMPORT)


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert circles(sources()) == []


def test_a_circle_is_found() -> None:
    tree = sources()
    tree[Path(PACKAGE, "contract/stamps.py")] += "\nfrom .facts import Fact\n"
    assert circles(tree) != []


def circles(tree: dict[Path, str]) -> list[str]:
    """Modules that cannot be put in any order; what is imported within a function counts too."""
    needs = {module_of(path): imported(path, source) & MODULES for path, source in tree.items()}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize(
    ("path", "planted"),
    [
        ("gate/rules.py", "import time"),
        ("gate/rules.py", "from .ports import Clock"),
        ("gate/rules.py", "import os"),
        ("gate/touch/decide.py", "import time"),
        ("gate/touch/state.py", "from threading import Lock"),
        ("contract/chain.py", "def f():\n    import threading"),
        ("contract/chain.py", "from ..gate.errors import SensorFault"),
        ("contract/stamps.py", "from .facts import Fact"),
        ("contract/facts.py", "from ..receiver.accept import read"),
        ("gate/ports.py", "from .ledger.store.sqlite_store import SqliteStore"),
        ("gate/ports.py", "from .daemon.assembly import Assembly"),
        ("gate/settings/load.py", "from ..ports import Clock"),
        ("gate/ledger/recorder.py", "from .damage.salvage import salvage"),
        ("gate/ledger/recorder.py", "from ..daemon.assembly import Assembly"),
        ("gate/ledger/recorder.py", "from edge_agent.gate.touch.credit import Credit"),
        ("gate/ledger/store/ledger_rows.py", "from ..succession.handover import Handover"),
        ("gate/ledger/succession/handover.py", "from ..damage.carve import prove"),
        ("gate/ledger/damage/salvage.py", "from ..open_or_succeed import open_or_succeed"),
        ("gate/host/clock.py", "import serial"),
        ("gate/sensor/link.py", "from ..touch.glass import Glass"),
        ("gate/touch/credit.py", "from ..people.enroll import enroll"),
        ("gate/touch/credit.py", "import sqlite3"),
        ("gate/people/templates/records.py", "from ..context import RequestContext"),
        ("gate/people/enroll.py", "from .handlers import HANDLERS"),
        ("gate/uplink/session.py", "from ..ledger.recorder import Recorder"),
        ("gate/ledger/store/ledger_rows.py", "from ...ports import Clock"),
        ("gate/ledger/store/ledger_rows.py", "from ..store_health import StoreHealth"),
        ("gate/uplink/outbox.py", "import sqlite_utils.db"),
        ("gate/reader/keyboard.py", "import time"),
        ("gate/reader/readers.py", "from ..ledger.recorder import Recorder"),
        ("gate/panel/lamps.py", "from ..touch.take_punch import TakePunch"),
        ("gate/daemon/run.py", "from ...cli import main"),
        ("gate/daemon/run.py", "from ..doctor.checks import examine"),
        ("gate/daemon/run.py", "import click"),
        ("gate/daemon/run.py", "from edge_agent import simulator"),
        ("gate/daemon/run.py", "import importlib"),
        ("gate/daemon/assembly.py", "from ...simulator.serving import serve"),
        ("gate/daemon/assembly.py", "from ...receiver.subscriber import Receiver"),
        ("gate/daemon/assembly.py", "import requests"),
        ("simulator/wire.py", "from ..contract.errors import EdgeAgentError"),
        ("simulator/wire.py", "import msgspec"),
        ("receiver/store.py", "from ..gate.ledger.store.sqlite_store import SqliteStore"),
        ("receiver/store.py", "from ..gate.ports import Store"),
        ("receiver/accept.py", "from .store import Store"),
        ("display/feed.py", "from ..gate.ledger.store.sqlite_store import SqliteStore"),
        ("display/feed.py", "from ..gate.people.handlers import HANDLERS"),
        ("display/cards.py", "from .feed import Feed"),
        ("gate/control/server.py", "from ...display.feed import Feed"),
        ("cli/run.py", "from ..demo.play import play"),
    ],
)
def test_a_forbidden_import_is_found(path: str, planted: str) -> None:
    where = Path(PACKAGE, path)
    source = (ROOT / where).read_text(encoding="utf-8")
    assert breaches({where: source}) == []
    assert len(breaches({where: f"{source}\n{planted}\n"})) == 1


MOST_LINES = 400
"""Of a module. One that is longer has a second subject, which has a room of its own."""


def too_long(tree: dict[Path, str]) -> list[str]:
    return [
        f"{path}: {count} lines"
        for path, source in sorted(tree.items())
        if (count := len(source.splitlines())) > MOST_LINES
    ]


def test_no_module_is_too_long() -> None:
    assert too_long(sources()) == []


def test_a_module_that_is_too_long_is_found() -> None:
    where = Path(PACKAGE, "gate/rules.py")
    assert too_long({where: "pass\n" * MOST_LINES}) == []
    assert too_long({where: "pass\n" * (MOST_LINES + 1)}) == [f"{where}: 401 lines"]
