"""SIGTERM: the punch in hand is finished, and the daemon is gone within five seconds."""

import random
import shutil
import signal
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_agent.contract.facts import RecordingResumed, RecordingStopped
from edge_agent.gate.daemon.assembly import Assembly
from edge_agent.gate.ledger.store.notes import leaving, leaving_note
from edge_agent.gate.settings.load import load_settings
from tests.brokers import MOSQUITTO, Mosquitto
from tests.gate.ledger.ledgers import punch

from .gate import OWN, STAFF, Gate, Part, rows
from .payroll import Listener
from .test_reload import until_said
from .watch import Watch

_LEAVES_WITHIN_S = 5.0


def _leave(daemon: Part, number: signal.Signals = signal.SIGTERM) -> None:
    """Send the signal: exit code 0, in time."""
    started = time.monotonic()
    daemon.signal(number)
    assert daemon.wait() == 0, daemon.said
    assert time.monotonic() - started < _LEAVES_WITHIN_S
    assert "is down" in daemon.said


def _stopped_for(gate: Gate) -> str:
    """Why the recording was stopped, for good as it seems."""
    *_, last = [entry for entry in gate.entries() if entry["kind"].startswith("recording.")]
    assert last["kind"] == "recording.stopped", last
    return str(last["reason"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_at_rest(gate: Gate, mosquitto: Mosquitto, number: signal.Signals) -> None:
    # What goes out before payroll's receiver listens is heard by the listener alone.
    gate.set(mqtt={"port": mosquitto.port, "receipt_timeout_s": 1})
    with Listener(mosquitto.port) as listener:
        daemon = gate.start()
        watch = gate.watch()
        gate.receive()
        gate.in_step(watch)
        assert listener.until("attendance/main-gate/status")["state"] == "online"
        _leave(daemon, number)
        assert not list(gate.folder.glob("gate.db-*"))
        watch.rest()
        assert _stopped_for(gate) == "stopping"
        # It may have said once more that it is online: how far payroll is has changed.
        status = listener.until("attendance/main-gate/status", state="offline")
        # A leave in good order says how far the ledger goes, which the last will cannot.
        assert status["ledger"]["last_seq"] == len(gate.entries())
    assert not gate.socket.exists()
    # The last words reached payroll too.
    assert rows(gate.payroll, "SELECT max(seq) FROM entries") == [(len(gate.entries()),)]


def test_a_terminal_that_goes_ends_what_was_started_in_it_with_a_word(gate: Gate) -> None:
    """A closed SSH session hangs up on the gate that was started by hand there."""
    daemon = gate.part("run", "--config", str(gate.config))
    until_said(daemon, "sensor ready")
    daemon.signal(signal.SIGHUP)
    assert daemon.wait() == 0, daemon.said
    assert "WARNING the terminal has gone (SIGHUP), and the gate with it" in daemon.said
    assert "is down" in daemon.said
    assert _stopped_for(gate) == "stopping"
    receiver = gate.receive("--port", "1")
    until_said(receiver, "disconnected")
    receiver.signal(signal.SIGHUP)
    assert receiver.wait() == 0, receiver.said
    assert "WARNING the terminal has gone (SIGHUP), and the receiver with it" in receiver.said


def test_what_nohup_has_told_to_live_on_lives_on(gate: Gate) -> None:
    config, database = ("--config", str(gate.config)), ("--database", str(gate.payroll))
    for words, word, then in (
        (("run", *config), "sensor ready", "asked to stop (SIGTERM)"),
        (("receive", *config, *database, "--port", "1"), "disconnected", "stopped"),
    ):
        part = gate._spawn(("nohup", *OWN, *words), words[0])
        until_said(part, word)
        part.signal(signal.SIGHUP)
        part.signal(signal.SIGTERM)
        assert part.wait() == 0, part.said
        assert then in part.said
        assert "SIGHUP" not in part.said


def test_in_mid_touch(gate: Gate) -> None:
    daemon = gate.start()
    watch = gate.watch()
    # Each exchange of the touch pauses for 150 ms.
    gate.finger("press NV001\nfault split-reply 4")
    time.sleep(0.2)
    _leave(daemon)
    watch.rest()
    [shown] = watch.panels()
    assert (shown["outcome"], shown["worker"]) == ("recorded", "NV001")
    assert [seq for seq, _ in gate.punches()] == [shown["seq"]]
    assert _stopped_for(gate) == "stopping"


@pytest.mark.parametrize("kind", [pytest.param("silence", marks=pytest.mark.long), "noise"])
def test_in_mid_touch_on_a_broken_line(gate: Gate, kind: str) -> None:
    daemon = gate.start()
    watch = gate.watch()
    gate.finger(f"press NV001\nfault split-reply 2\nfault {kind} 10000")
    time.sleep(0.5)
    _leave(daemon)
    watch.rest()
    [shown] = watch.panels()
    assert (shown["outcome"], shown["worker"]) == ("sensor-fault", None)
    assert _stopped_for(gate) in ("stopping", "sensor-fault")


@pytest.mark.parametrize("finger_is_there", [True, False])
def test_in_mid_enrolment(gate: Gate, finger_is_there: bool) -> None:
    daemon = gate.start()
    assert gate.cli("workers", "add", "NV900", "Lò Thị Mây").code == 0
    before = gate.finger("slots")
    command = [*OWN, "enroll", "NV900", "--finger", "left-thumb", "--config", str(gate.config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as enrolment:
        assert enrolment.stderr
        assert enrolment.stderr.readline().startswith("Press")
        if finger_is_there:
            gate.finger("press NV900")
            assert enrolment.stderr.readline().startswith("Lift")
        _leave(daemon)
        said = enrolment.stderr.read()
        assert enrolment.wait() == 75
    assert "nothing was changed" in said
    assert "Traceback" not in said
    assert gate.finger("slots") == before
    assert _stopped_for(gate) == "stopping"
    kinds = [entry["kind"] for entry in gate.entries()]
    assert kinds.count("print.enrolled") == len(before.split("=")[-1].split(","))


def test_with_the_sensor_unplugged(gate: Gate) -> None:
    daemon = gate.start()
    watch = gate.watch()
    gate.open(watch)
    gate.finger("unplug")
    watch.state("sensor", "unplugged")
    _leave(daemon)
    assert _stopped_for(gate) == "sensor-fault"


def test_with_a_sensor_that_has_fallen_silent(gate: Gate) -> None:
    """The port is there, and each try to find somebody at it takes seconds."""
    daemon = gate.start()
    watch = gate.watch()
    gate.open(watch)
    gate.finger("fault silence 10000")
    watch.state("sensor", "silent")
    time.sleep(1)  # Into one of the tries: nothing tells of it.
    _leave(daemon)
    assert _stopped_for(gate) == "sensor-fault"


@pytest.mark.parametrize("since", ["before", "meanwhile"])
def test_with_a_frozen_broker(gate: Gate, tmp_path: Path, since: str) -> None:
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed (apt-get install mosquitto)")
    with Mosquitto(tmp_path) as broker:
        gate.set(mqtt={"port": broker.port})
        if since == "before":
            broker.freeze()
        daemon = gate.start()
        watch = gate.watch()
        if since == "meanwhile":
            gate.online(watch)
            broker.freeze()
        gate.press("NV001")
        assert watch.panel()["outcome"] == "recorded"
        _leave(daemon)
    assert _stopped_for(gate) == "stopping"


def test_twice_in_a_row(gate: Gate) -> None:
    """An impatient technician."""
    daemon = gate.start()
    for _ in range(20):
        daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    assert _stopped_for(gate) == "stopping"


def test_while_it_starts(gate: Gate) -> None:
    """At whatever moment: no trace, nothing left in the way of the next start."""
    for moment in (0.1, 0.3, 0.6):
        daemon = gate.part("run", "--config", str(gate.config))
        time.sleep(moment)  # There is nothing to wait for: it has said nothing yet.
        assert daemon.stop() in (0, -signal.SIGTERM)
        assert "Traceback" not in daemon.said
    gate.start()
    assert gate.status()["daemon"] == "running"


def prepare_to_leave(gate: Gate, punches: int, keep_in: Path) -> str:
    """A gate that has stopped and is to leave its ledger, of which payroll has nothing; its id."""
    assembly = Assembly(load_settings(gate.config))
    with assembly.open_or_succeed(), closing(assembly.store()) as store:
        works = assembly.gate(lambda event: None)
        for first in range(0, punches, 500):
            works.record_all([punch(STAFF[n % 9]) for n in range(first, min(first + 500, punches))])
        works.record(RecordingResumed(reason="started"))
        works.record(RecordingStopped(reason="stopping"))
        works.store.close()
        ledger = store.ledger
    assert leaving_note.put(gate.database, ledger, leaving("payroll-is-ahead", 10**6))
    for file in gate.folder.glob("gate.db*"):
        shutil.copy(file, keep_in)
    return ledger


@dataclass
class Stops:
    """How often a new ledger had begun or not, and how long the slowest end took."""

    begun: int = 0
    not_begun: int = 0
    longest_s: float = 0.0


def stop_in_a_succession(gate: Gate, kept: Path, ledger: str, moment: float, stops: Stops) -> None:
    """Start, SIGTERM after so many seconds; nothing is lost."""
    for file in gate.folder.glob("gate.db*"):
        file.unlink()
    for file in kept.iterdir():
        shutil.copy(file, gate.folder)
    before = len(gate.punches())
    daemon = gate.managed()
    time.sleep(moment)  # What is under way has no event to wait for.
    asked = time.monotonic()
    daemon.signal(signal.SIGTERM)
    # Killed, where it had not even begun to look at its ledger.
    assert daemon.wait() in (0, -signal.SIGTERM), daemon.said
    stops.longest_s = max(stops.longest_s, time.monotonic() - asked)
    assert not [*gate.folder.glob("gate.db.next-*"), *gate.folder.glob("gate.db.building*")]
    assert _stopped_for(gate) == "stopping"
    entries = gate.entries()
    if entries[0]["ledger"] == ledger:
        assert len(gate.punches()) == before
        stops.not_begun += 1
        return
    recovered = [entry["of"]["seq"] for entry in entries if entry["kind"] == "punch.recovered"]
    assert len(recovered) == len(set(recovered)) == before
    stops.begun += 1


def stop_at_moments(gate: Gate, kept: Path, punches: int, moments: int) -> Stops:
    """As often, at moments spread over a whole start."""
    ledger = prepare_to_leave(gate, punches, kept)
    began = time.monotonic()
    assert gate.start().stop() == 0
    whole_s = time.monotonic() - began
    assert gate.entries()[0]["why"] == "payroll-is-ahead"
    dice = random.Random(moments)
    spread = sorted(whole_s * (n + dice.random()) / moments for n in range(moments))
    stops = Stops()
    for moment in spread:
        stop_in_a_succession(gate, kept, ledger, moment, stops)
    print(stops)
    return stops


def test_while_it_leaves_its_ledger(gate: Gate, tmp_path: Path) -> None:
    assert stop_at_moments(gate, tmp_path, punches=1_500, moments=5).not_begun


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.timeout(3600)
def test_at_two_hundred_moments_of_a_succession(gate: Gate, tmp_path: Path) -> None:
    stops = stop_at_moments(gate, tmp_path, punches=3_000, moments=200)
    assert min(stops.begun, stops.not_begun) > 10
    assert stops.longest_s < _LEAVES_WITHIN_S


def test_stacks_on_demand(gate: Gate) -> None:
    daemon = gate.start()
    watch = gate.watch()
    gate.traces_are_fine = True
    for code in ("NV001", "NV002"):
        gate.press(code)
        assert watch.panel()["worker"] == code
        daemon.signal(signal.SIGUSR1)  # By now every thread has begun its work.
    assert daemon.said.count("most recent call first") >= 3
    for module in ("loop.py", "thread.py", "run.py"):
        assert module in daemon.said
    assert daemon.stop() == 0


@pytest.mark.long
def test_stacks_on_demand_thousands_of_times(gate: Gate) -> None:
    """Read by faulthandler's own handler, while the threads ran on, it was dead after 1,667."""
    daemon = gate.start()
    gate.traces_are_fine = True
    for _ in range(5_000):
        daemon.signal(signal.SIGUSR1)
        time.sleep(0.005)  # Two that wait are one.
    assert daemon.stop() == 0


def test_a_reader_that_does_not_read(gate: Gate) -> None:
    """A watcher that fell asleep holds nobody up, and is not waited for at the end."""
    daemon = gate.start()
    asleep = subprocess.Popen(
        [*OWN, "watch", "--json", "--config", str(gate.config)], stdout=subprocess.PIPE
    )
    assert asleep.stdout
    assert asleep.stdout.readline() == b'{"event":"watching"}\n'
    asleep.send_signal(signal.SIGSTOP)
    watch: Watch = gate.watch()
    for _ in range(30):
        gate.press("a-stranger")
        assert watch.panel()["outcome"] == "unknown"
    _leave(daemon)
    asleep.send_signal(signal.SIGCONT)
    assert asleep.wait() == 0
    asleep.stdout.close()
