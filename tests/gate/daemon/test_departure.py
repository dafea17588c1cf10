"""A ledger is left only once that is noted where the next start finds it."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from edge_agent.contract.facts import LedgerOpened
from edge_agent.gate.daemon import run
from edge_agent.gate.daemon.assembly import Assembly
from edge_agent.gate.daemon.departure import Departure
from edge_agent.gate.daemon.signals import Signals
from edge_agent.gate.errors import DamagedLedger, SensorFault
from edge_agent.gate.host.service_manager import ServiceManager
from edge_agent.gate.ledger.store.notes import Leaving, leaving, leaving_note
from edge_agent.gate.settings.load import load_settings
from edge_agent.gate.uplink.inbox import ForeignReceipt


class Usage(NamedTuple):
    free: int


FAULT = DamagedLedger("The database cannot be used (malformed): start the daemon.")
AHEAD = ForeignReceipt("payroll-is-ahead", 99, "it covers entry 99")


@pytest.fixture
def assembly(tmp_path: Path) -> Assembly:
    settings = tmp_path / "gate.toml"
    settings.write_text('[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n')
    return Assembly(load_settings(settings))


def ledger_of(assembly: Assembly) -> str:
    with closing(assembly.store()) as store:
        return store.ledger


def test_a_stop_while_the_sensor_is_looked_for(
    assembly: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which takes four seconds where none answers: nothing is begun that has to be stopped then."""
    ledger = ledger_of(assembly)
    assert leaving_note.put(assembly.database, ledger, leaving("payroll-is-ahead", 99))
    stop = Signals.__new__(Signals)
    stop.asked = False

    def stopped_meanwhile(*arguments: object) -> SensorFault:
        stop.asked = True
        return SensorFault("silent")

    monkeypatch.setattr(run, "first_connection", stopped_meanwhile)
    monkeypatch.setattr(run, "_Daemon", None)
    assert run._run(assembly, Path("gate.toml"), ServiceManager(), stop) == 0
    with closing(assembly.store()) as store:
        assert store.ledger != ledger
        kinds = [entry.kind for entry in store.entries(1, 100)]
    assert kinds == ["ledger.opened", "recording.stopped"]


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("raised", [False, True])
def test_a_stop_in_the_very_first_start(
    assembly: Assembly, monkeypatch: pytest.MonkeyPatch, earlier: bool, raised: bool
) -> None:
    """Also where no sensor has ever answered, which is an installer's mistake on other days."""
    if earlier:  # the power failed right after the ledger was opened
        ledger_of(assembly)
    stop = Signals.__new__(Signals)
    stop.asked = False

    def stopped_meanwhile(*arguments: object) -> SensorFault:
        stop.asked = True
        if raised:
            raise SensorFault("silent")
        return SensorFault("silent")

    monkeypatch.setattr(run, "first_connection", stopped_meanwhile)
    monkeypatch.setattr(run, "_Daemon", None)
    for _ in range(2):
        stop.asked = False
        assert run._run(assembly, Path("gate.toml"), ServiceManager(), stop) == 0
        with closing(assembly.store()) as store:
            kinds = [entry.kind for entry in store.entries(1, 100)]
        assert kinds == ["ledger.opened", "recording.stopped"]


def test_no_sensor_in_the_very_first_start_is_an_installer_s_mistake(
    assembly: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above: without a stop it is told."""
    stop = Signals.__new__(Signals)
    stop.asked = False

    def silent(*arguments: object) -> None:
        raise SensorFault("silent")

    monkeypatch.setattr(run, "first_connection", silent)
    with pytest.raises(SensorFault, match="silent"):
        run._run(assembly, Path("gate.toml"), ServiceManager(), stop)


LEFT_BEHIND = """
import os, signal, sys, threading, time
from pathlib import Path
from edge_agent.gate.daemon import run
from edge_agent.gate.settings.load import load_settings

def stopped_meanwhile(path, arguments):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(1)
    os._exit(0)

threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
run._run = lambda *arguments: run.LEAVES
os.execv = stopped_meanwhile
config = Path(sys.argv[1])
run.run_daemon(load_settings(config), config)
"""
"""A daemon on its way to replace itself, with a thread that no part of it has stopped."""


def test_a_stop_is_not_lost_to_a_thread_that_a_library_left_behind(assembly: Assembly) -> None:
    """It ends with the process."""
    config = assembly.database.with_name("gate.toml")
    without_manager = {k: v for k, v in os.environ.items() if k != "NOTIFY_SOCKET"}
    left = subprocess.run(
        [sys.executable, "-c", LEFT_BEHIND, config], env=without_manager, check=False
    )
    assert left.returncode == -signal.SIGTERM


def test_damage_is_noted_first(assembly: Assembly) -> None:
    ledger = ledger_of(assembly)
    departure = Departure(assembly)
    departure.damaged(FAULT)
    departure.damaged(DamagedLedger("and again"))
    assert departure.decided
    noted = leaving_note.read(assembly.database, ledger)
    assert noted == Leaving(why="damaged", detail=str(FAULT))


def test_a_receipt_is_noted_once_a_day(assembly: Assembly) -> None:
    ledger = ledger_of(assembly)
    departure = Departure(assembly)
    assert departure.payroll_disowns(AHEAD)
    assert departure.decided
    assert leaving_note.read(assembly.database, ledger) == Leaving(
        why="payroll-is-ahead", through=99
    )
    with assembly.open_or_succeed() as begun:
        assert begun
        again = Departure(assembly)
        assert not again.payroll_disowns(AHEAD)
        assert not again.decided
        with closing(assembly.store()) as store:
            assert LedgerOpened.__struct_config__.tag == store.entries(1, 1)[0].kind
    assert not leaving_note.stands(assembly.database)


def test_damage_that_a_receipt_brings_to_light_is_noted(assembly: Assembly) -> None:
    ledger = ledger_of(assembly)
    with sqlite3.connect(assembly.database) as plain:
        plain.execute("UPDATE ledger SET wire = x'00' WHERE seq = 1")
    plain.close()
    departure = Departure(assembly)
    with pytest.raises(DamagedLedger, match="Entry 1"):
        departure.payroll_disowns(AHEAD)
    noted = leaving_note.read(assembly.database, ledger)
    assert noted
    assert noted.why == "damaged"


def test_a_card_that_takes_no_note_keeps_its_ledger(assembly: Assembly) -> None:
    """No new one could be made there either: the gate stays, and says that it cannot record."""
    ledger_of(assembly)
    note = leaving_note.of(assembly.database)
    note.mkdir()
    departure = Departure(assembly)
    departure.damaged(FAULT)
    assert not departure.payroll_disowns(AHEAD)
    assert not departure.decided
    note.rmdir()
    departure.damaged(FAULT)
    assert departure.decided


def test_a_card_without_room_for_a_new_ledger_keeps_this_one(
    assembly: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its reserve still takes punches; a start that finds no room would fail again and again."""
    ledger_of(assembly)
    departure = Departure(assembly)
    size = assembly.database.stat().st_size
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(size))
    assert not departure.payroll_disowns(AHEAD)
    assert not departure.decided
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(size + 1))
    assert departure.payroll_disowns(AHEAD)
