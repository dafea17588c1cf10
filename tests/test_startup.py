"""What a command loads before it does anything: by names, for a time says more of the machine."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import click
import pytest

from edge_agent import cli
from edge_agent.cli.carry_out import carry_out
from edge_agent.contract.language import say
from edge_agent.gate.control.client import ask_status
from edge_agent.gate.daemon.assembly import Assembly
from edge_agent.gate.errors import DaemonUnreachable
from edge_agent.gate.people.answers import Step, StepKind
from edge_agent.gate.people.requests import AddWorker, Enroll
from edge_agent.gate.settings.load import load_settings
from edge_agent.simulator.background import running_simulator
from edge_agent.simulator.serving import SimulatorOptions

from .gate.control.serving import serving
from .patience import PATIENCE_S

ROOT = Path(__file__).parents[1]

DRIVERS = ("pyfingerprint", "serial", "PIL", "gpiozero", "paho", "gpiod", "pyrage")
"""What only the daemon needs, and commands that stand in for it."""

DATABASE = ("sqlite_utils", "pluggy", "dateutil")
"""What writes to the database; reading takes SQLite alone."""

OTHERS = ("asyncio", "importlib.metadata", "email", "urllib.request")

PAPERS = (
    *("html", "json", "zipfile", "statistics", "edge_agent.gate.papers", "edge_agent.cli.privacy"),
    *(
        "edge_agent.contract.spreadsheet",
        "edge_agent.cli.workers_file",
        "edge_agent.cli.show_worker",
    ),
)
"""What other commands of a group print and read."""

WRITING = ("logging", "edge_agent.gate.ledger.store.change", "edge_agent.gate.ledger.recorder")
"""What only a gate that writes needs."""


def loaded(code: str, **environment: str) -> set[str]:
    """Every module that a fresh process has loaded at its end, whatever ``code`` ends with."""
    told = "import atexit, sys; atexit.register(lambda: print('\\n', *sys.modules));"
    done = subprocess.run(
        # Without site: an editable install loads modules of its own.
        [sys.executable, "-S", "-c", told + code],
        cwd=ROOT,
        env={**os.environ, **environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        timeout=120,
        check=False,
    )
    return set(done.stdout.decode().splitlines()[-1].split())


def loaded_by(module: str) -> set[str]:
    """Every module that importing ``module`` brings into a fresh process."""
    return loaded(f"import {module}")


def loaded_after(*arguments: str, config: Path) -> set[str]:
    """Every module that ``edge-agent`` with these arguments has loaded."""
    code = f"sys.argv[1:] = {arguments!r}; from edge_agent.__main__ import main; main()"
    return loaded(code, EDGE_AGENT_CONFIG=str(config))


def among(names: set[str], *unwanted: str) -> set[str]:
    """Those of the modules that are one of ``unwanted``, or within it."""
    return {name for name in names if f"{name}.".startswith(tuple(f"{word}." for word in unwanted))}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The settings of a gate that has been in use."""
    config = tmp_path / "edge-agent.toml"
    config.write_text(
        f'[gate]\nid = "light"\n[store]\npath = "{tmp_path}/gate.db"\n'
        f'[control]\nsocket = "{tmp_path}/control.sock"\n'
    )
    Assembly(load_settings(config)).store().close()
    return config


@pytest.fixture
def daemon(config: Path) -> Iterator[None]:
    """Something answers on the control socket."""
    with serving(config.with_name("control.sock")):
        yield


def test_the_version_takes_no_library(config: Path) -> None:
    assert among(loaded_after("--version", config=config), "click", "msgspec", "re") == set()


def test_the_lamps_go_out_without_the_project(config: Path) -> None:
    """A green lamp that outlives its daemon is a lie: every import makes it longer."""
    names = loaded_after("lamps-off", "--config", str(config), config=config)
    assert "tomllib" in names
    assert among(names, "edge_agent") == {
        *("edge_agent", "edge_agent.__main__", "edge_agent.gate", "edge_agent.gate.header"),
        "edge_agent.gate.header.lamps_off",
    }
    assert among(names, "click", "msgspec", "logging", "asyncio", *DRIVERS[:-2]) == set()


def test_the_help_takes_no_command(config: Path) -> None:
    names = loaded_after("--help", config=config)
    assert among(names, "msgspec", "sqlite3", "edge_agent.gate", *DRIVERS, *DATABASE) == set()
    assert "click" in names


@pytest.mark.usefixtures("daemon")
def test_a_daemon_is_asked_without_what_it_is_made_of(config: Path) -> None:
    names = loaded_after("status", "--json", config=config)
    unwanted = ("sqlite3", "edge_agent.gate.daemon", *DRIVERS, *DATABASE, *OTHERS)
    assert among(names, *unwanted, *PAPERS, *WRITING) == set()
    assert "edge_agent.gate.control.client" in names


@pytest.mark.parametrize(
    "command", [("status",), ("workers", "list"), ("prints", "list"), ("ledger", "verify")]
)
def test_reading_takes_sqlite_alone(config: Path, command: tuple[str, ...]) -> None:
    names = loaded_after(*command, config=config)
    repairs = ("edge_agent.gate.ledger.damage", "edge_agent.gate.sensor", "edge_agent.gate.uplink")
    assert among(names, *repairs, *DRIVERS, *DATABASE, *OTHERS) == set()
    assert names >= {"sqlite3", "edge_agent.gate.ledger.store.sqlite_store"}


@pytest.mark.parametrize("command", [("status",), ("workers", "list"), ("prints", "list")])
def test_what_is_looked_at_each_day_takes_neither_papers_nor_what_writes(
    config: Path, command: tuple[str, ...]
) -> None:
    names = loaded_after(*command, config=config)
    assert among(names, *PAPERS, *WRITING) == set()


@pytest.mark.usefixtures("config")
def test_a_command_ends_without_looking_for_garbage() -> None:
    """A tenth of its time otherwise: Python looks through all that was imported, and again."""
    told = "import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count()));"
    code = f"{told} sys.argv[1:] = ['--help']; from edge_agent.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}"], capture_output=True, timeout=120, check=True
    )
    assert int(done.stdout.splitlines()[-1]) > 0


TELLS = """
import signal, sys

def tell(*_):
    unloaded = {n for n, m in sys.modules.items() if type(m).__name__ == "_Unloaded"}
    names = {n for n in sys.modules if "__builtins__" in vars(sys.modules[n]) or n not in unloaded}
    with open(files.pop(0), "x") as file:
        print(*names, file=file)

config, *files = sys.argv[1:]
sys.argv[1:] = ["run", "--config", config]
signal.signal(signal.SIGUSR2, tell)
from edge_agent.__main__ import main
main()
"""
"""A daemon that tells which modules it has loaded, at each SIGUSR2 into the next file."""

RARE = (
    *("claims", "consent", "credentials", "enroll", "import_workers", "leave", "reseal"),
    *("restore", "retire", "supervise", "workers"),
)
"""What carries out requests of which most come once a month."""


def test_an_idle_daemon_has_loaded_what_a_press_needs_and_nothing_more(
    config: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "idle", tmp_path / "pressed"
    link, control = tmp_path / "sensor", tmp_path / "simulator"
    with config.open("a") as file:
        file.write(
            f'[sensor]\nport = "{link}"\n[panel]\npins = "mock"\n[clock]\ntrust = "always"\n'
            "[mqtt]\nport = 9\n"
        )
    settings = load_settings(config)
    socket = Path(settings.control.socket)
    simulated = SimulatorOptions(link=link, control=control, paced=False)
    with running_simulator(simulated) as sensor:

        def follow(step: Step) -> None:
            sensor.ask("lift" if step.what is StepKind.LIFT else "press worker")

        carry_out(settings, AddWorker(code="NV001", name="Lan"))
        carry_out(settings, Enroll(code="NV001", finger="right-index"), follow)
        sensor.ask("lift")
        with subprocess.Popen(
            [sys.executable, "-c", TELLS, str(config), str(first), str(second)]
        ) as daemon:
            try:
                eventually(lambda: ask_status(socket)["sensor"]["state"] == "ready")
                # A broker that is looked up between the two would be taken for the press's.
                eventually(lambda: ask_status(socket)["uplink"]["problem"])
                written = ask_status(socket)["ledger"]["last_seq"]
                idle = _told(daemon, first)
                sensor.ask("press worker")
                eventually(lambda: ask_status(socket)["ledger"]["last_seq"] > written)
                pressed = _told(daemon, second)
            finally:
                daemon.terminate()
    assert pressed - idle == set()
    rare = {f"edge_agent.gate.people.{name}" for name in RARE}
    rare |= {f"edge_agent.gate.ledger.{name}" for name in ("damage.salvage", "succession.handover")}
    rare |= {f"edge_agent.gate.{name}" for name in ("doctor", "papers", "upgrade")}
    rare |= {f"edge_agent.{name}" for name in ("receiver", "simulator", "demo", "display")}
    libraries = ("pyrage", "nacl", "openpyxl", "jinja2", "babel", "asyncio", "html", "http.client")
    unused = ("PIL._imaging", "dateutil.parser._parser", "urllib.request", "zipfile")
    assert among(idle, *rare, *libraries, *unused) == set()
    assert [name for name in idle if name.startswith("_sysconfigdata")] == []
    assert "edge_agent.gate.touch.take_punch" in idle


def _told(daemon: "subprocess.Popen[bytes]", file: Path) -> set[str]:
    daemon.send_signal(signal.SIGUSR2)
    eventually(lambda: file.exists() and file.read_text().endswith("\n"))
    return set(file.read_text().split())


def eventually(true: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while True:
        with suppress(DaemonUnreachable):
            if true():
                return
        assert time.monotonic() < give_up
        time.sleep(0.02)


@pytest.mark.parametrize("module", ["edge_agent.gate.daemon.run", "edge_agent.cli.run"])
def test_the_daemon_carries_nobody_elses_memory(module: str) -> None:
    names = loaded_by(module)
    assert "edge_agent.gate.touch.take_punch" in names
    others = ("edge_agent.simulator", "edge_agent.demo", "edge_agent.receiver")
    assert among(names, "iotcore", "pyrage", "gpiod", "asyncio", *others) == set()


def test_the_driver_of_the_sensor_does_not_load_images() -> None:
    assert "PIL._imaging" not in loaded_by("edge_agent.gate.sensor.fingerprint_sensor")


def test_the_ledger_does_not_load_a_parser_of_dates() -> None:
    names = loaded_by("edge_agent.gate.ledger.store.lean_sqlite_utils")
    assert "sqlite_utils" in names
    assert "dateutil.parser._parser" not in names


def test_what_is_spared_is_found_where_it_belongs(config: Path) -> None:
    """The control of the tests above."""
    names = loaded_after("workers", "add", "007", "Lan", config=config)
    assert names >= {
        "sqlite_utils",
        "serial",
        "edge_agent.gate.ledger.damage.quick_check",
        *WRITING,
    }
    assert "edge_agent.gate.people.workers" in names  # As one of the rare, once it is asked for.
    everywhere = "edge_agent.cli.privacy_dossier, edge_agent.cli.privacy_certificate"
    papers = loaded_by(f"{everywhere}, edge_agent.cli.workers_file, edge_agent.cli.show_worker")
    methods = loaded_by("edge_agent.cli.privacy_methods")
    assert papers | methods >= {*PAPERS} - {"edge_agent.cli.privacy"}
    assert "edge_agent.simulator" in loaded_by("edge_agent.cli.simulate, edge_agent.simulator")
    assert "PIL._imaging" in loaded_by("pyfingerprint.pyfingerprint")
    assert "dateutil.parser._parser" in loaded_by("sqlite_utils")
    assert "edge_agent.gate.daemon.run" not in loaded_by("edge_agent.cli")


def test_a_group_finds_its_commands_wherever_they_are() -> None:
    looked: list[str] = []
    groups: list[click.Group] = [cli.main]
    while groups:
        group = groups.pop()
        for name in group.list_commands(context := click.Context(group)):
            command = group.get_command(context, name)
            assert command is not None
            assert command.name == name
            looked.append(name)
            if isinstance(command, click.Group):
                groups.append(command)
    assert {*cli.COMMANDS, "import", "merge", "reseal", "dossier", "closings"} <= {*looked}


def test_the_list_of_commands_says_what_they_say_of_themselves() -> None:
    context = click.Context(cli.main)
    for name in cli.COMMANDS:
        command = cli.main.get_command(context, name)
        assert command is not None
        line = say(f"help.{name}")
        assert f"{command.help} ".startswith((f"help.{name} ", line.removesuffix(".")))


def test_no_command_is_lost_by_being_loaded_late() -> None:
    """A group knows its commands whether or not the module that has one of them is loaded."""
    walk = (
        "from tests.commands import leaves; print(*(ctx.command_path for ctx in leaves()), sep='|')"
    )
    load = (
        "import pkgutil, importlib, edge_agent.cli as cli\n"
        "for module in pkgutil.iter_modules(cli.__path__):\n"
        "    importlib.import_module(f'edge_agent.cli.{module.name}')\n"
    )
    asked = [
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout
        for program in (walk, load + walk)
    ]
    assert asked[0].split("|") == asked[1].split("|")
