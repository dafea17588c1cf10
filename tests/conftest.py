"""Fixtures that all tests share."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from edge_agent.contract import language
from edge_agent.gate.ledger.store import database

from . import new_database, patience
from .brokers import MOSQUITTO, Mosquitto
from .commands import Edge, gate_without_a_daemon

# A slow machine is no bug: no example of a property has a deadline.
hypothesis.settings.register_profile("thorough", deadline=None)
hypothesis.settings.register_profile("brief", deadline=None, max_examples=30)

# A shell that runs the suite in the background has SIGINT ignored, and whatever the tests start
# would ignore their Ctrl-C as well.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Also on a machine of somebody who reads Vietnamese; the tests of Vietnamese ask for it.
os.environ["LANGUAGE"] = "en"

SCRATCH = Path("/dev/shm")

SYSTEM = (
    "system/",
    "powerloss/",
    "receiver/",
    "scale/",
    "display/test_page.py",
    "gate/uplink/",
    "gate/sensor/line/",
    "simulator/",
    "test_demo.py",
    "test_forks.py",
    "test_hw_tests.py",
    "test_site.py",
)
"""What needs processes, brokers or lines: more than the minute that plain ``pytest`` may take."""

SLOW = (
    "contract/test_true_times.py::test_what_is_said_last_is_true_whatever_was_said_before",
    "contract/test_wording.py",
    "contract/test_workbook_limits.py",
    "gate/doctor/test_command.py",
    "gate/host/test_rights.py",
    "gate/ledger/test_damage.py",
    "gate/ledger/test_every_byte.py",
    "gate/ledger/test_files_beside.py",
    "gate/ledger/test_hardware_clock.py::test_whatever_the_clock_does",
    "gate/ledger/test_people_snapshot.py",
    "gate/ledger/test_roster.py::test_a_roster_that_was_cut_off",
    "gate/ledger/test_store_health.py::test_a_power_cut_while_the_disk_is_full",
    "gate/ledger/test_succession.py::test_a_power_cut_at_any_step_is_made_good",
    "gate/ledger/test_succession.py::test_a_start_that_is_stopped",
    "gate/panel/test_lamps.py",
    "gate/people/test_erase_model.py",
    "gate/sensor/test_pairing.py::test_a_change_that_is_cut_off_anywhere_is_settled",
    "gate/setup/test_apply.py::test_wherever_the_power_fails",
    "gate/touch/test_take_typed.py::test_whatever_is_typed_nobody_else_is_credited",
    "gate/upgrade/test_conduct.py::test_a_power_cut_at_each_step",
    "test_as_typed.py",
    "test_catalogues.py::test_each_message_in_the_code",
    "test_catalogues.py::test_no_words_are_left_over",
    "test_catalogues.py::test_sentences_stand_in_the_catalogues",
    "test_every_state.py",
    "test_ledger_files.py",
    "test_made.py",
    "test_new_files.py",
    "test_spoken.py",
    "test_startup.py",
    "test_typed_badly.py",
)
"""What needs none, and is dear all the same: databases by the hundred, Pythons of their own, lamps
that are watched as long as they are lit."""

LEFT_OUT = {
    mark: tuple(f"{Path(__file__).parent}/{place}" for place in places)
    for mark, places in (("system", SYSTEM), ("slow", SLOW))
}
"""What a plain ``pytest`` does not run, by the mark that it is given."""


@pytest.hookimpl(tryfirst=True)  # Before xdist reads what is set here.
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Have a plain ``pytest`` use each core, and memory for databases, as ``make test`` does.

    Whoever names tests, or asks for their output or a debugger, gets one process.
    """
    option = config.option
    whole = (
        config.args_source is config.ArgsSource.TESTPATHS
        and "PYTEST_XDIST_WORKER" not in os.environ
    )
    watched = option.usepdb or option.collectonly or option.capture == "no"
    if whole and not watched and "not slow" in option.markexpr and option.numprocesses is None:
        # One more than there are cores: many tests wait for a file or a lamp.
        option.numprocesses, option.dist = (os.cpu_count() or 1) + 1, "worksteal"
        if SCRATCH.is_dir():
            os.environ.setdefault("TMPDIR", str(SCRATCH))


def pytest_configure(config: pytest.Config) -> None:
    """Hold times in seconds only where nothing runs beside the tests.

    A property is tried with fewer examples each day than by ``make test-long``.
    """
    patience.alone = config.option.markexpr == "alone"
    brief = "not long" in config.option.markexpr and "or not long" not in config.option.markexpr
    hypothesis.settings.load_profile("brief" if brief else "thorough")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import a file of which a plain ``pytest`` runs nothing: that is half of them."""
    expression = config.option.markexpr
    unwanted = [
        mark for mark in LEFT_OUT if f"not {mark}" in expression and " or " not in expression
    ]
    here = f"{collection_path}/" if collection_path.is_dir() else f"{collection_path}"
    if any(here.startswith(place) for mark in unwanted for place in LEFT_OUT[mark]):
        return True
    return None  # As pytest finds.


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what only ``make test`` runs."""
    for item in items:
        _, _, name = item.nodeid.partition("::")
        for mark, places in LEFT_OUT.items():
            if f"{item.path}::{name}".startswith(places):
                item.add_marker(mark)


def pytest_report_header(config: pytest.Config) -> list[str] | None:
    """Say plainly what a plain ``pytest`` leaves out."""
    if "not slow" not in config.option.markexpr:
        return None
    slow = [place.rpartition("/")[2] for place in SLOW]
    return [
        f"left out, run by make test: {', '.join(SYSTEM)} (real processes, brokers, lines)",
        f"and, for they are slow: {', '.join(slow)}",
    ]


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this test run's, the same for all its processes."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running mosquitto of this test's own, with its default limits."""
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed (apt-get install mosquitto)")
    with Mosquitto(tmp_path) as broker:
        yield broker


@pytest.fixture(scope="session", autouse=True)
def databases_copied() -> Iterator[None]:
    """What is asked of migrations themselves takes ``own_migrations``."""
    with new_database.copied():
        yield


@pytest.fixture
def own_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each database that a test opens is made as a gate makes it."""
    monkeypatch.setattr(database, "_migrate", new_database.migrate)


@pytest.fixture(autouse=True, scope="session")
def as_urgent_as_before() -> Iterator[None]:
    """A command that is called here and stands back for a gate would hold up all later tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "nice", lambda _: 0)
        yield


@pytest.fixture
def edge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edge:
    """Types a command at a gate that knows Lò Thị Mây, NV0042, and has no daemon and no sensor."""
    config, typed = gate_without_a_daemon(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(config))
    assert typed("workers", "add", "NV0042", "Lò Thị Mây").exit_code == 0
    return typed


@pytest.fixture(autouse=True)
def in_english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test leaves a language behind for the next one."""
    monkeypatch.setenv("LANGUAGE", "en")
    language.use(None)
    yield
    language.use(None)


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    """No test leaves signals blocked: what later ones start would inherit that, and never end."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield
    assert signal.pthread_sigmask(signal.SIG_SETMASK, before) == before
