"""Another sensor, another database, and changes that the power cuts off."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

from .gate import OWN, STAFF, Gate
from .watch import Watch


def _paired(gate: Gate) -> bool:
    return bool(gate.cli("sensor", "info", "--json").json["paired"])


def _reasons(gate: Gate) -> list[str]:
    """Why the recording began and stopped."""
    return [e["reason"] for e in gate.entries() if e["kind"].startswith("recording.")]


def _prints(gate: Gate) -> set[tuple[str, int]]:
    return {(p["worker"], p["slot"]) for p in gate.cli("prints", "list", "--json").json}


def _slots(gate: Gate) -> set[int]:
    listed = gate.finger("slots").split("=")[-1]
    return {int(slot) for slot in listed.split(",") if slot}


def _in_step(gate: Gate) -> None:
    """Each print has its template, and no other is there."""
    assert _slots(gate) == {slot for _, slot in _prints(gate)}


def _recorded(gate: Gate, watch: Watch, code: str) -> None:
    gate.press(code)
    shown = watch.panel()
    assert (shown["outcome"], shown["worker"]) == ("recorded", code)
    gate.finger("lift")


def test_another_sensor(gate: Gate) -> None:
    """Nobody is credited, the technician is told what to do, and does it."""
    gate.start()
    watch = gate.watch()
    _recorded(gate, watch, "NV001")
    # In the middle of a touch; the port stays.
    gate.finger("press NV002\nfault split-reply\nfault swap-sensor")
    watch.state("sensor", "foreign")
    gate.press("NV003")
    told = gate.status()["sensor"]
    assert told["state"] == "foreign"
    assert "edge-agent sensor adopt" in told["problem"]
    assert "not the sensor in which the prints were enrolled" in told["problem"]
    info = gate.cli("sensor", "info", "--json")
    assert info.code == 0
    assert info.json.items() >= {"paired": False, "doubt": "foreign", "used": 0}.items()
    shown = gate.cli("sensor", "info")
    assert "paired          NO" in shown.out
    assert "edge-agent sensor adopt" in shown.out
    refused = gate.enrol_by_command("NV001", finger="left-thumb")
    assert refused.code == 74
    assert len(gate.punches()) == 1
    assert _reasons(gate)[-1] == "foreign"
    assert _reasons(gate).count("foreign") == 1

    assert gate.cli("sensor", "adopt").code != 0  # Nobody has said yes.
    assert len(_prints(gate)) == 60
    adopted = gate.cli("sensor", "adopt", "--yes", "--json")
    assert adopted.code == 0, adopted
    assert len(adopted.json["forgotten"]) == 60
    assert gate.status()["sensor"]["state"] == "ready"  # So that a restore may follow at once.
    assert _prints(gate) == set()
    gate.finger("lift")
    assert gate.enrol_by_command("NV002").code == 0
    _recorded(gate, watch, "NV002")
    assert _paired(gate)
    _in_step(gate)
    gate.stop()
    adoptions = [e["why"] for e in gate.entries() if e["kind"] == "sensor.adopted"]
    assert adoptions == ["new", "technician"]
    assert gate.cli("ledger", "verify").code == 0


def test_the_old_sensor_comes_back(gate: Gate) -> None:
    gate.start()
    watch = gate.watch()
    gate.finger("fault swap-sensor")
    watch.state("sensor", "foreign")
    # What is kept in the file is the old one's memory.
    gate.simulate("--no-pace")
    watch.state("sensor", "ready")
    _recorded(gate, watch, "NV001")
    assert gate.status()["sensor"]["problem"] is None
    assert [e["why"] for e in gate.entries() if e["kind"] == "sensor.adopted"] == ["new"]


def test_a_module_that_copied_the_mark(gate: Gate) -> None:
    """In each of its slots is a stranger's finger, who would be paid as the slot's owner."""
    gate.start()
    watch = gate.watch()
    _recorded(gate, watch, "NV001")
    gate.finger("impostor\nunplug\nplug")
    watch.state("sensor", "templates-differ")
    gate.press("impostor-2")
    told = gate.status()["sensor"]
    assert told["state"] == "templates-differ"
    assert "edge-agent sensor adopt" in told["problem"]
    assert "paired          NO" in gate.cli("sensor", "info").out
    assert [worker for _, worker in gate.punches()] == ["NV001"]
    assert _reasons(gate)[-1] == "templates-differ"
    gate.simulate("--no-pace")  # The old one.
    watch.state("sensor", "ready")
    _recorded(gate, watch, "NV003")


def test_two_templates_that_changed_places(new_gate: Gate) -> None:
    """Every print is drawn sooner or later; of three, it is soon."""
    gate = new_gate
    gate.enrol(*STAFF[:3])
    gate.finger("exchange 0 1")
    gate.start()
    watch = gate.watch()
    for _ in range(20):
        if "Held back" in str(gate.status()["sensor"]["problem"]):
            break
        gate.finger("unplug\nplug")
        watch.state("sensor", "ready")
    told = gate.status()["sensor"]
    assert told["problem"].startswith("Held back: right-index of NV001, right-index of NV002.")
    for code in ("NV001", "NV002"):
        gate.press(code)
        shown = watch.panel()
        assert (shown["outcome"], shown["worker"]) == ("unknown", None)
        gate.finger("lift")
    _recorded(gate, watch, "NV003")
    held = [e["worker"] for e in gate.entries() if e["kind"] == "print.held"]
    assert held == ["NV001", "NV002"]
    forgotten = gate.cli("sensor", "adopt", "--yes", "--json").json["forgotten"]
    assert [print_["worker"] for print_ in forgotten] == ["NV001", "NV002"]


def test_a_database_from_before_the_last_change(gate: Gate, tmp_path: Path) -> None:
    """Slot 0 has another owner by now than that database believes."""
    shutil.copy(gate.database, tmp_path)
    assert gate.cli("workers", "add", "NV900", "Lò Thị Mây").code == 0
    assert gate.cli("prints", "remove", "NV001", "--finger", "right-index", "--yes").code == 0
    assert gate.enrol_by_command("NV900").code == 0
    _in_step(gate)
    shutil.copy(tmp_path / gate.database.name, gate.database)

    gate.start()
    watch = gate.watch()
    told = gate.status()["sensor"]
    assert told["state"] == "database-older"
    assert "was a backup restored?" in told["problem"]
    gate.press("NV900")
    adopted = gate.cli("sensor", "adopt", "--yes")
    assert adopted.code == 0, adopted
    assert "1 print of 1 person is not in it" in adopted.out
    assert "NV001: right-index\n" in adopted.out
    *_, gone, adoption = gate.cli("audit", "list").out.splitlines()
    assert "without the right-index of Nguyễn Thị 100VN, NV001: that print is gone" in gone
    assert adoption.endswith(gone.partition("  ")[2].partition(":")[0] + ": adopted the sensor")
    watch.state("sensor", "ready")
    assert gate.punches() == []
    # The finger that would have been NV001's is now known to be nobody's, and all others are.
    gate.press("NV900")
    assert watch.panel()["outcome"] == "unknown"
    _recorded(gate, watch, "NV002")
    # Enrolling it finds the template that nobody has, and makes room.
    assert gate.enrol_by_command("NV001").code == 0
    _recorded(gate, watch, "NV001")


def _enrolling(gate: Gate, code: str) -> subprocess.Popen[str]:
    """An enrolment whose template is stored, and that waits for its proof."""
    command = [*OWN, "enroll", code, "--finger", "right-index", "--config", str(gate.config)]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    for expected in ("Press the", f"press {code}", "Lift", "lift", "Press the same"):
        if expected[0].islower():
            gate.finger(expected)
        else:
            assert process.stderr.readline().startswith(expected)
    gate.finger(f"press {code}")
    # It is stored before it is asked to be lifted.
    assert process.stderr.readline().startswith("Lift")
    return process


@pytest.mark.parametrize("daemon_runs", [True, False])
def test_killed_in_the_middle_of_an_enrolment(gate: Gate, daemon_runs: bool) -> None:
    """Between the template and its proof. The next start erases it, and says so."""
    assert gate.cli("workers", "add", "NV900", "Lò Thị Mây").code == 0
    before = _slots(gate)
    daemon = gate.start() if daemon_runs else None
    with _enrolling(gate, "NV900") as process:
        assert len(_slots(gate)) == len(before) + 1
        if daemon:
            daemon.kill()
        else:
            process.kill()
        assert process.stderr
        assert "Traceback" not in process.stderr.read()
    gate.finger("lift")

    again = gate.start()
    assert _slots(gate) == before
    assert "were cut off, and are undone now" in again.said
    _in_step(gate)
    watch = gate.watch()
    gate.press("NV900")
    assert watch.panel()["outcome"] == "unknown"
    gate.finger("lift")
    assert gate.enrol_by_command("NV900").code == 0
    _recorded(gate, watch, "NV900")
    _in_step(gate)


_DARK_AT_THE_ERASURE = """
import os, signal
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor
FingerprintSensor.erase = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from edge_agent.cli import main
main()
"""
"""The program, whose power fails between the ledger and the sensor."""


@pytest.mark.parametrize("daemon_runs", [True, False])
def test_killed_in_the_middle_of_a_removal(gate: Gate, daemon_runs: bool) -> None:
    dark = (OWN[0], "-c", _DARK_AT_THE_ERASURE)
    before = _slots(gate)
    if daemon_runs:
        daemon = gate.start(*dark, "run", "--config", str(gate.config))
        removal = gate.cli("prints", "remove", "NV001", "--finger", "right-index", "--yes")
        assert daemon.wait() < 0
        assert removal.code != 0
    else:
        words = ("prints", "remove", "NV001", "--finger", "right-index", "--yes")
        done = subprocess.run(
            [*dark, *words, "--config", str(gate.config)], check=False, timeout=PATIENCE_S
        )
        assert done.returncode < 0
    assert _slots(gate) == before
    assert ("NV001", 0) not in _prints(gate)

    again = gate.start()
    assert _slots(gate) == before - {0}
    assert "changes of slots [0] were cut off, and are undone now" in again.said
    _in_step(gate)
    watch = gate.watch()
    gate.press("NV001")
    assert watch.panel()["outcome"] == "unknown"


@pytest.mark.parametrize(
    "cuts", [1, *(pytest.param(cuts, marks=pytest.mark.long) for cuts in (2, 3))]
)
def test_the_power_of_the_sensor_fails_while_it_stores(gate: Gate, cuts: int) -> None:
    """Once at the template, and then at whatever is written to make up for it."""
    gate.start()
    watch = gate.watch()
    assert gate.cli("workers", "add", "NV900", "Lò Thị Mây").code == 0
    gate.finger(f"fault power-cut {cuts}")
    failed = gate.enrol_by_command("NV900")
    assert failed.code in (65, 74), failed
    _works_again(gate, watch)
    _in_step(gate)
    assert gate.enrol_by_command("NV900").code == 0
    _recorded(gate, watch, "NV900")
    _in_step(gate)


@pytest.mark.parametrize("cuts", [1, pytest.param(2, marks=pytest.mark.long)])
def test_the_power_of_the_sensor_fails_while_it_erases(gate: Gate, cuts: int) -> None:
    gate.start()
    watch = gate.watch()
    gate.finger(f"fault power-cut {cuts}")
    removal = gate.cli("prints", "remove", "NV001", "--finger", "right-index", "--yes")
    assert removal.code in (0, 74), removal
    _works_again(gate, watch)
    gate.press("NV001")
    assert watch.panel()["outcome"] == "unknown"
    gate.finger("lift")
    gate.stop()
    gate.start()
    _works_again(gate, gate.watch())
    _in_step(gate)
    assert "NV001" not in {worker for worker, _ in _prints(gate)}
    assert _paired(gate)


def _works_again(gate: Gate, watch: Watch) -> None:
    """Whatever it took, it credits."""
    while gate.status()["sensor"]["state"] != "ready":
        watch.until(lambda event: event["event"] == "sensor")
    gate.finger("lift")
    gate.press("NV002")
    shown = watch.panel()
    assert shown["outcome"] in ("recorded", "repeated")
    assert shown["worker"] == "NV002"
    gate.finger("lift")
