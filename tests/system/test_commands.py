"""What a technician types, with the daemon running and without it."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edge_agent.contract.rights import user

from .gate import OWN, STAFF, Gate, Result, name_of, snapshot

_slow = pytest.mark.long

_READING = (
    ("status", "--json"),
    ("workers", "list"),
    ("workers", "list", "--json"),
    ("prints", "list"),
    ("prints", "list", "--json"),
    ("punches", "list"),
    ("punches", "list", "--json"),
    ("punches", "list", "--since", "2020-01-01", "--json"),
    ("ledger", "verify"),
    ("ledger", "verify", "--json"),
)

_NONSENSE = (
    (),
    ("punch",),
    ("run", "--config", "/nowhere/gate.toml"),
    ("workers", "add", "NV900"),
    ("workers", "add", "../../etc", "Mây"),
    ("workers", "add", "NV900", "\x1b[2J"),
    ("workers", "add", "NV001", "Somebody Else"),
    ("workers", "deactivate", "NV900"),
    ("enroll", "NV001", "--finger", "nose"),
    ("enroll", "NV900", "--finger", "left-thumb"),
    ("enroll", "NV001", "--finger", "right-index"),
    ("prints", "remove", "NV001", "--finger", "left-little", "--yes"),
    ("punches", "list", "--since", "next week"),
    ("punches", "list", "--since", ""),
    ("receive", "--database", "/nowhere/payroll.db"),
    ("receive", "--database", "x.db", "--root", "a/#"),
    ("simulate", "--link", "/dev/null", "--control", "/nowhere/sock"),
)
_MORE_NONSENSE = (
    ("--verbose",),
    ("run", "now"),
    ("run", "--config"),
    ("status", "--jason"),
    ("watch", "extra"),
    ("workers",),
    ("workers", "add"),
    ("workers", "add", "", "Mây"),
    ("workers", "add", "NV 900", "Mây"),
    ("workers", "add", "--", "-rf", "Mây"),
    ("workers", "add", "N" * 33, "Mây"),
    ("workers", "add", "NV900", ""),
    ("workers", "add", "NV900", "x" * 101),
    ("workers", "add", "\udcff", "Mây"),
    ("workers", "add", "NV900", "M\udcffy"),
    ("workers", "deactivate"),
    ("workers", "delete", "NV001"),
    ("enroll",),
    ("enroll", "NV001"),
    ("enroll", "\udcff", "--finger", "left-thumb"),
    ("prints", "remove", "NV001"),
    ("prints", "remove", "NV900", "--finger", "right-index", "--yes"),
    ("identify", "NV001"),
    ("punches", "list", "--since", "2026-02-30"),
    ("punches", "list", "--since", "0001-01-01"),
    ("punches", "list", "--since", "9999-12-31T23:59:59"),
    ("punches", "list", "--since", "1970-01-02"),
    ("punches", "list", "--since", "9998-12-31T23:59:59"),
    ("punches", "list", "--since", "\udcff"),
    ("ledger",),
    ("ledger", "verify", "7"),
    ("receive", "--database", "/tmp"),
    ("receive", "--database", ""),
    ("receive", "--database", "x.db", "--port", "0"),
    ("simulate",),
    ("simulate", "--link", "/nowhere/tty", "--control", "/nowhere/sock"),
    ("demo", "--punches", "0"),
    ("demo", "--punches", "many"),
)
_FINE = (
    ("punches", "list", "--since", "1970-01-02"),
    ("punches", "list", "--since", "9998-12-31T23:59:59"),
)
"""Odd, but it can be done."""


def _all(gate: Gate, commands: tuple[tuple[str, ...], ...]) -> list[Result]:
    # The settings come from the environment: not every command takes --config.
    where = {"EDGE_AGENT_CONFIG": str(gate.config)}

    def run(command: tuple[str, ...]) -> Result:
        return gate.cli(*command, environment=where)

    with ThreadPoolExecutor() as at_once:
        return list(at_once.map(run, commands))


_HELP = ((), ("workers",), ("ledger",))
"""Not yet a command: what there is, is told."""


def _is_told_so(gate: Gate, commands: tuple[tuple[str, ...], ...]) -> None:
    """In a sentence, with an exit code, at once, without a trace, and with nothing changed."""
    people = _people(gate)
    for command, result in zip(commands, _all(gate, commands), strict=True):
        if command in _FINE:
            assert result.code == 0, (command, result)
        else:
            assert result.code not in (0, 3), (command, result)
            assert result.err.strip(), command
        if command not in _HELP:
            assert len(result.err.splitlines()) <= 6, (command, result)
    assert _people(gate) == people
    assert gate.punches() == []


def test_nonsense_is_told_so(gate: Gate) -> None:
    _is_told_so(gate, _NONSENSE)


@pytest.mark.long
@pytest.mark.parametrize("daemon_runs", [False, True])
def test_more_nonsense_is_told_so(gate: Gate, daemon_runs: bool) -> None:
    if daemon_runs:
        gate.start()
    _is_told_so(gate, _NONSENSE + _MORE_NONSENSE)


def _people(gate: Gate) -> tuple[object, object]:
    return gate.cli("workers", "list", "--json").json, gate.cli("prints", "list", "--json").json


def test_reading_writes_nothing(gate: Gate) -> None:
    gate.start()
    watch = gate.watch()
    gate.press("NV001")
    assert watch.panel()["outcome"] == "recorded"

    assert [result.code for result in _all(gate, _READING)] == [0] * len(_READING)
    gate.stop()
    before = snapshot(gate.folder)
    results = _all(gate, _READING)
    assert [result.code for result in results] == [3] + [0] * (len(_READING) - 1)
    assert snapshot(gate.folder) == before


def test_reading_where_nothing_was_ever_written(new_gate: Gate) -> None:
    before = snapshot(new_gate.folder)
    for command, result in zip(_READING, _all(new_gate, _READING), strict=True):
        assert result.code == (3 if command[0] == "status" else 66), (command, result)
    assert snapshot(new_gate.folder) == before


def test_reading_needs_no_lock(gate: Gate) -> None:
    """While somebody enrols without a daemon, others can look."""
    enrolment = subprocess.Popen(
        [*OWN, "identify", "--config", str(gate.config)], stderr=subprocess.PIPE, text=True
    )
    assert enrolment.stderr
    assert enrolment.stderr.readline().startswith("Press")
    assert gate.cli("workers", "list").code == 0
    refused = gate.cli("workers", "add", "NV900", "Mây")
    assert refused.code == 75
    assert "in use" in refused.sentence
    enrolment.send_signal(signal.SIGINT)
    assert enrolment.wait() != 0
    assert "Traceback" not in enrolment.stderr.read()
    enrolment.stderr.close()
    assert gate.cli("workers", "add", "NV900", "Mây").code == 0


def test_status(gate: Gate) -> None:
    stopped = gate.cli("status", "--json")
    assert stopped.code == 3
    assert stopped.json["daemon"] == "stopped"
    assert gate.cli("status").code == 3
    gate.start()
    written = len(gate.entries())
    running = gate.cli("status", "--json")
    assert running.code == 0
    assert running.json["daemon"] == "running"
    assert running.json["sensor"]["state"] == "ready"
    assert running.json["sensor"]["prints"] == len(STAFF)
    for status in (stopped.json, running.json):
        ledger = status["ledger"]
        assert ledger.keys() >= {"id", "last_seq", "confirmed_seq", "complete_until", "rejected"}
        assert (ledger["confirmed_seq"], ledger["rejected"]) == (0, 0)
        assert ledger["complete_until"] is None
    # The start may still be writing what it has to tell.
    assert written <= running.json["ledger"]["last_seq"] <= len(gate.entries())
    text = gate.cli("status")
    assert text.code == 0
    assert "running" in text.out
    assert "changed since" not in text.out


def test_status_tells_of_settings_that_were_changed_after_the_start(gate: Gate) -> None:
    gate.start()
    assert gate.cli("status", "--json").json["settings"]["changed"] == []
    content = gate.config.read_text()
    try:
        gate.config.write_text(content + '\n[log]\nformat = "json"\n')
        text = " ".join(gate.cli("status").out.split())
        assert "Changed since the start: [log] format; a restart makes it count: " in text
        gate.config.write_text(content + "\n[log]\nformat = “json”\n")
        # Whoever asks reads the same file: the daemon itself tells it to those with another.
        assert gate.cli("status").code == 78
    finally:
        gate.config.write_text(content)


@pytest.mark.parametrize("daemon_runs", [pytest.param(False, marks=_slow), True])
def test_the_life_of_a_worker(new_gate: Gate, daemon_runs: bool) -> None:
    gate = new_gate
    if daemon_runs:
        gate.start()
    assert gate.cli("workers", "add", "00042", "Lò", "Thị", "Mây").code == 0
    assert gate.cli("workers", "add", "00043", "Ma Văn Páo").code == 0
    assert [worker["code"] for worker in gate.cli("workers", "list", "--json").json] == [
        "00042",
        "00043",
    ]
    enrolled = gate.enrol_by_command("00042", "--json", presses="may")
    assert enrolled.code == 0, enrolled
    assert enrolled.json["worker"] == "00042"
    # Somebody else's finger stays with the one who has it.
    twice = gate.enrol_by_command("00043", presses="may")
    assert twice.code == 65, twice
    assert "00042" in twice.sentence
    assert "right-index" in twice.sentence
    assert gate.finger("slots").startswith("count=1 ")
    # Two fingers that are not one.
    [print_] = gate.cli("prints", "list", "--json").json
    assert (print_["worker"], print_["finger"]) == ("00042", "right-index")
    assert "Lò Thị Mây" in gate.cli("prints", "list").out

    assert _identify(gate, "may")["worker"] == "00042"
    assert _identify(gate, "somebody")["known"] is False
    assert gate.cli("prints", "remove", "00042", "--finger", "right-index", "--yes").code == 0
    assert gate.finger("slots").startswith("count=0 ")
    assert _identify(gate, "may")["known"] is False
    assert gate.cli("prints", "list", "--json").json == []

    # The same slot again, for somebody else: another generation of it.
    assert gate.enrol_by_command("00043", presses="may").code == 0
    [again] = gate.cli("prints", "list", "--json").json
    assert (again["worker"], again["slot"], again["generation"]) == ("00043", print_["slot"], 2)
    assert gate.cli("workers", "deactivate", "00043").code == 0
    assert _identify(gate, "may")["active"] is False
    assert gate.cli("workers", "deactivate", "00043").code == 65
    assert gate.cli("workers", "add", "00043", "Ma Văn Páo").code == 0

    kinds = [entry["kind"] for entry in gate.entries()]
    audit = [kind for kind in kinds if kind.startswith(("worker", "print"))]
    assert audit == [
        "worker.added",
        "worker.added",
        "print.enrolled",
        "print.removed",
        "print.enrolled",
        "worker.changed",
        "worker.changed",
    ]
    # Who is known and presses while somebody else is to be enrolled may just have come by.
    assert [worker for _, worker in gate.punches()] == ["00042"]
    assert gate.cli("ledger", "verify").code == 0


def _identify(gate: Gate, finger: str) -> dict[str, object]:
    command = [*OWN, "identify", "--json", "--config", str(gate.config)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        assert process.stderr.readline().startswith("Press")
        gate.finger(f"press {finger}")
        out, err = process.communicate()
    gate.finger("lift")
    result = Result(process.returncode, out, err)
    assert result.code == 0, result
    return dict(result.json)


def test_enrolling_while_the_gate_is_at_work(gate: Gate) -> None:
    """The presses of an enrolment are no punches; the next one is."""
    gate.start()
    watch = gate.watch()
    gate.press("NV001")
    assert watch.panel()["worker"] == "NV001"
    gate.finger("lift")
    # A command takes many looks at the glass: the gate has seen that it is empty.
    assert gate.cli("workers", "add", "NV900", "Lò Thị Mây").code == 0
    assert gate.enrol_by_command("NV900").code == 0
    assert gate.status()["sensor"]["prints"] == len(STAFF) + 1
    assert [worker for _, worker in gate.punches()] == ["NV001"]
    gate.press("NV900")
    shown = watch.panel()
    assert (shown["outcome"], shown["worker"]) == ("recorded", "NV900")
    assert [worker for _, worker in gate.punches()] == ["NV001", "NV900"]
    assert len(watch.panels()) == 2


def test_a_deactivated_worker_is_refused_at_once(gate: Gate) -> None:
    gate.start()
    watch = gate.watch()
    gate.press("NV001")
    assert watch.panel()["outcome"] == "recorded"
    assert gate.cli("workers", "deactivate", "NV001").code == 0
    gate.press("NV001")
    shown = watch.panel()
    assert (shown["outcome"], shown["worker"]) == ("refused", "NV001")
    refused = gate.entries()[shown["seq"] - 1]
    assert (refused["kind"], refused["reason"]) == ("attempt.refused", "deactivated")
    assert gate.cli("workers", "add", "NV001", name_of("NV001")).code == 0
    gate.press("NV001")
    assert watch.panel()["outcome"] == "repeated"


@pytest.mark.parametrize(
    ("how", "step", "daemon_runs"),
    [
        (signal.SIGINT, 2, True),
        (signal.SIGHUP, 4, False),
        *(
            pytest.param(how, *case, marks=_slow)
            for how in (signal.SIGINT, signal.SIGHUP)
            for case in ((1, True), (2, True), (4, True), (1, False), (2, False), (4, False))
        ),
    ],
)
def test_ctrl_c_or_a_lost_terminal_while_enrolling(
    gate: Gate, how: signal.Signals, step: int, daemon_runs: bool
) -> None:
    """At whatever step: nothing is left behind, and the gate goes on."""
    assert gate.cli("workers", "add", "NV900", "Lò Thị Mây").code == 0
    if daemon_runs:
        gate.start()
    before = gate.finger("slots"), _people(gate), len(gate.entries())
    command = [*OWN, "enroll", "NV900", "--finger", "right-index", "--config", str(gate.config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        for number in range(1, step + 1):
            told = process.stderr.readline()
            assert told
            if number < step:
                gate.finger("lift" if told.startswith("Lift") else "press NV900")
        process.send_signal(how)
        said = process.stderr.read()
    assert process.returncode not in (0, None)
    assert "Traceback" not in said
    if how is signal.SIGINT:
        assert process.returncode == 130
        assert "Broken off: nothing was enrolled, unless" in said
    gate.finger("lift")
    assert gate.cli("workers", "add", "NV901", "Waits Until It Is Over").code == 0
    assert gate.cli("workers", "deactivate", "NV901").code == 0
    assert gate.finger("slots") == before[0]
    assert gate.cli("prints", "list", "--json").json == before[1][1]
    assert len(gate.entries()) == before[2] + 2
    assert gate.enrol_by_command("NV900").code == 0


def test_ctrl_c_while_a_print_is_replaced(gate: Gate) -> None:
    """Whoever breaks it off is told that the print before still counts, and it does."""
    gate.start()
    before = gate.finger("slots"), _people(gate)
    asked = ["enroll", "NV001", "--finger", "right-index", "--replace", "--config"]
    for language, words in (
        ("en", "the print from before still counts"),
        ("vi", "vân tay cũ vẫn dùng được"),
    ):
        command = [*OWN, "--lang", language, *asked, str(gate.config)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr
            assert process.stderr.readline()
            process.send_signal(signal.SIGINT)
            said = process.stderr.read()
        assert (process.returncode, words in said) == (130, True), said
        assert said.endswith(f"edge-agent workers show --config {gate.config} NV001\n")
    watch = gate.watch()
    gate.press("NV001")
    assert watch.panel()["worker"] == "NV001"
    assert (gate.finger("slots"), _people(gate)) == before


@pytest.mark.parametrize("replace", [False, True], ids=["new", "replaced"])
def test_a_daemon_that_is_killed_while_a_finger_is_proved(gate: Gate, replace: bool) -> None:
    """The template is in the sensor by then, and is gone after the next start; whoever had a
    print has it still.
    """
    code = "NV001" if replace else "NV900"
    assert gate.cli("workers", "add", "NV900", "Lò Thị Mây").code == 0
    before = gate.finger("slots"), _people(gate)
    daemon = gate.start()
    asked = [*OWN, "enroll", code, "--finger", "right-index", "--config", str(gate.config)]
    command = [*asked, "--replace"] if replace else asked
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        for told in process.stderr:
            if "step 3 of 3" in told:
                assert gate.finger("slots") != before[0], "it is not what it wants to be"
                daemon.kill()
            elif told.startswith(("Lift", "Press")):
                gate.finger("lift" if told.startswith("Lift") else f"press {code}")
            else:
                assert told.startswith(("The two presses", "edge-agent: The daemon stopped"))
    assert process.returncode == 69
    gate.finger("lift")
    gate.start()
    watch = gate.watch()
    assert (gate.finger("slots"), _people(gate)) == before
    gate.press("NV001")
    assert watch.panel()["worker"] == "NV001"


def test_a_print_is_replaced(gate: Gate) -> None:
    """By one command, and both are told by the ledger in one go."""
    gate.start()
    watch = gate.watch()
    refused = gate.cli("enroll", "NV001", "--finger", "right-index")
    assert (refused.code, refused.sentence[-10:]) == (65, "--replace.")
    told = gate.enrol_by_command("NV001", "--replace", "--json")
    assert told.code == 0, told
    assert (told.json["replaced"], told.json["next"]) == (True, "left-index")
    assert [entry["kind"] for entry in gate.entries()[-2:]] == ["print.removed", "print.enrolled"]
    [print_] = [p for p in gate.cli("prints", "list", "--json").json if p["worker"] == "NV001"]
    assert print_ == {key: told.json[key] for key in print_}
    assert gate.finger("slots").startswith(f"count={len(STAFF)} ")
    gate.press("NV001")
    assert watch.panel()["worker"] == "NV001"


def test_watch_says_once_that_the_daemon_went_and_once_that_it_is_back(gate: Gate) -> None:
    """One about to go still takes calls for a while, without a word: not yet the next one."""
    with socket.socket(socket.AF_UNIX) as daemon:
        daemon.bind(str(gate.socket))
        daemon.listen()
        plain = subprocess.Popen(
            [*OWN, "watch", "--config", str(gate.config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        told = [watching := b'{"event":"watching"}\n', b"", watching]
        while told:
            call, _ = daemon.accept()
            with closing(call):
                if b"watch" in call.recv(1024) and (said := told.pop(0)):
                    call.sendall(said)
    assert plain.stdout
    assert [plain.stdout.readline() for _ in range(2)] == ["Watching the gate.\n"] * 2
    plain.send_signal(signal.SIGINT)
    _, err = plain.communicate()
    verbs = [line.split(maxsplit=3)[2] for line in err.splitlines()]
    assert verbs[:2] == ["has", "answers"], err
    assert verbs[2:] in ([], ["has"]), err  # It ends for good then, and may say so before Ctrl-C.


def test_what_watch_prints(gate: Gate) -> None:
    daemon = gate.start()
    plain, machine = (
        subprocess.Popen(
            [*OWN, "watch", *flags, "--config", str(gate.config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for flags in ((), ("--json",))
    )
    assert plain.stdout
    assert machine.stdout
    assert plain.stdout.readline() == "Watching the gate.\n"
    assert machine.stdout.readline() == '{"event":"watching"}\n'
    watch = gate.watch()
    for finger in ("NV001", "a-stranger", "NV001", "NV002 dry:3"):
        gate.press(finger)
        watch.panel()
    assert daemon.stop() == 0
    watch.rest()
    out, err = machine.communicate()
    assert (machine.returncode, err) == (0, "")
    lines = Result(0, "[" + ",".join(out.splitlines()) + "]", "").json
    assert lines[-len(watch.seen) + 1 :] == watch.seen[1:]
    shown = [event for event in lines if event["event"] == "panel"]
    assert [event["outcome"] for event in shown] == ["recorded", "unknown", "repeated", "try-again"]
    assert [event["worker"] for event in shown] == ["NV001", None, "NV001", None]
    assert shown[-1]["hint"] == "press-flat"
    assert plain.stderr
    assert "has stopped" in plain.stderr.readline()
    daemon = gate.start()
    assert "answers again" in plain.stderr.readline()
    lines = list(takewhile(lambda line: line != "Watching the gate.\n", plain.stdout))
    gate.open(gate.watch())
    gate.press("NV003")
    assert any(f"{name_of('NV003')}, NV003: recorded" in line for line in plain.stdout)
    assert gate.cli("workers", "add", "NV090", "Lò Thị Mây").code == 0
    assert any("worker entered: Lò Thị Mây, NV090\n" in line for line in plain.stdout)
    assert gate.cli("workers", "rename", "NV090", "Lò Thị Mai").code == 0
    renamed = "corrected the name, which is now Lò Thị Mai, NV090\n"
    assert any(renamed in line for line in plain.stdout)
    plain.send_signal(signal.SIGINT)
    _, err = plain.communicate()
    assert (plain.returncode, err) == (130, "")
    assert all(re.match(r"\d\d:\d\d:\d\d  ", line) for line in lines)
    assert f"{name_of('NV001')}, NV001: recorded, green lamp" in "".join(lines)
    assert "Press flat, with the middle of the fingertip" in "".join(lines)


def test_watch_tells_afterwards_who_was_refused_and_what_was_added(gate: Gate) -> None:
    gate.start()
    watch = gate.watch()
    assert gate.cli("workers", "deactivate", "NV002").code == 0
    at = f"{datetime.now(ZoneInfo('Asia/Ho_Chi_Minh')):%Y-%m-%dT%H:%M}"
    assert gate.cli("punches", "add", "NV004", "--at", at, "--reason", "no-power").code == 0
    for finger in ("NV001", "a-stranger", "NV002", "NV003 dry:3"):
        gate.press(finger)
        watch.panel()
    plain = subprocess.Popen(
        [*OWN, "watch", "--since", "00:00", "--config", str(gate.config)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert plain.stdout
    told = list[str]()
    while "Press flat" not in "".join(told[-1:]):
        told.append(plain.stdout.readline()[10:].rstrip())
        assert told[-1]
    plain.send_signal(signal.SIGINT)
    plain.communicate()
    told = [line.partition(", written at")[0] for line in told]
    assert [line for line in told if "NV" in line or line.startswith("panel")] == [
        f"ledger   {name_of('NV004')}, NV004: added by {user(os.getuid())}",
        f"panel    {name_of('NV001')}, NV001: recorded, green lamp, perhaps with yellow flickering",
        "panel    somebody: not recognised, red lamp, once and long",
        f"panel    {name_of('NV002')}, NV002: refused (deactivated), red lamp, twice and slow",
        "panel    somebody: try again (Press flat, with the middle of the fingertip), yellow lamp",
    ]


def test_the_page_shows_all_that_status_tells(gate: Gate) -> None:
    """A key that stands there is promised, and one that does not is not looked for."""
    gate.start()
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    _, _, below = page.partition("`edge-agent status --json`:\n\n```json\n")
    shown, told = json.loads(below.partition("```")[0]), gate.status()
    assert shown.keys() == told.keys()
    for key, part in shown.items():
        if isinstance(part, dict) and isinstance(told[key], dict):
            assert part.keys() == told[key].keys(), key


def test_status_tells_since_when_the_daemon_is_stopped_where_it_has_said_so(gate: Gate) -> None:
    daemon = gate.start()
    gate.open(gate.watch())
    assert daemon.stop() == 0
    [stopped] = [one for one in gate.entries() if one["kind"] == "recording.stopped"][-1:]
    status = gate.cli("status", "--json").json
    assert (status["daemon"], status["stopped_at"]) == ("stopped", stopped["at"])
    assert "stopped since" in gate.cli("status").out
    daemon = gate.start()
    daemon.kill()
    assert gate.cli("status", "--json").json["stopped_at"] is None, "it was cut off at some moment"


def test_ctrl_c_ends_watch_quietly(gate: Gate) -> None:
    gate.start()
    process = subprocess.Popen(
        [*OWN, "watch", "--config", str(gate.config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "Watching the gate.\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert "Traceback" not in err


def test_a_pipe_that_is_closed(gate: Gate) -> None:
    """`edge-agent workers list | head -1`"""
    for command in ("workers", "prints"):
        done = subprocess.run(
            ["bash", "-c", '"$@" | head -1', "-", *OWN, command, "list", "--config", gate.config],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr
        assert "BrokenPipe" not in done.stderr


def test_without_a_daemon_there_is_nothing_to_watch(gate: Gate) -> None:
    result = gate.cli("watch", "--json")
    assert result.code == 69
    assert str(gate.socket) in result.sentence


def test_punches_of_a_time(gate: Gate) -> None:
    gate.set(punch={"repeat_window_s": 3600, "direction": "in"})
    gate.start()
    watch = gate.watch()
    for code in ("NV001", "NV002", "NV001"):
        gate.press(code)
        watch.panel()
    everything = gate.cli("punches", "list", "--json").json
    assert [punch["worker"] for punch in everything] == ["NV001", "NV002", "NV001"]
    assert [punch["kind"] for punch in everything] == [
        "punch.recorded",
        "punch.recorded",
        "punch.repeated",
    ]
    assert everything[2]["of"] == everything[0]["seq"]
    assert everything[0]["direction"] == "in"
    second = everything[1]["at"]
    assert second.endswith("+07:00")
    since = gate.cli("punches", "list", "--since", second, "--json").json
    assert since == everything[1:]
    local = second.removesuffix("+07:00")
    assert gate.cli("punches", "list", "--since", local, "--json").json == everything[1:]
    assert gate.cli("punches", "list", "--since", "2999-01-01", "--json").json == []
    for text in (gate.cli("punches", "list").out,):
        assert "Nguyễn Thị" in text
        assert "repeat of" in text


def test_a_supervisor_voids_and_adds(gate: Gate) -> None:
    gate.start()
    watch = gate.watch()
    gate.press("NV001")
    seq = watch.panel()["seq"]
    gate.cli("punches", "void", str(seq), "--reason", "wrong-worker")
    again = gate.cli("punches", "void", str(seq), "--reason", "wrong-worker")
    assert again.code == 65
    assert "voided already" in again.sentence
    day = datetime.fromtimestamp(time.time() - 3 * 86_400, ZoneInfo("Asia/Ho_Chi_Minh")).date()
    add = ("punches", "add", "NV002", "--at", f"{day}T22:00", "--reason", "no-power")
    added = gate.cli(*add, "--json").json
    assert added["at"] == f"{day}T22:00:00.000+07:00"
    named = gate.cli(*add[:-1], "Nguyễn Văn An")
    assert named.code == 65
    twice = gate.cli(*add)
    assert (twice.code, f"already, entry {added['seq']}" in twice.sentence) == (65, True)
    gate.stop()
    # Without a daemon too.
    assert gate.cli(*add, "--direction", "in", "--force").code == 65
    add = (*add[:4], f"{day}T23:00", *add[5:])
    assert gate.cli(*add, "--direction", "in").code == 0
    shown = gate.cli("punches", "list", "--json").json
    assert [(one["kind"], one["voided"]) for one in shown if one["worker"] == "NV001"] == [
        ("punch.recorded", "wrong-worker")
    ]
    assert [one["working_day"] for one in shown if one["worker"] == "NV002"] == [str(day)] * 2
    assert "voided: wrong-worker" in gate.cli("punches", "list").out


def test_a_code_that_was_freed_shows_its_old_punches_under_their_own_holder(gate: Gate) -> None:
    day = datetime.fromtimestamp(time.time() - 3 * 86_400, ZoneInfo("Asia/Ho_Chi_Minh")).date()

    def add(hour: str) -> None:
        add = ("punches", "add", "NV900", "--at", f"{day}T{hour}:00", "--reason", "no-power")
        assert gate.cli(*add).code == 0

    gate.cli("workers", "add", "NV900", "Lê", "Thị", "Hoa")
    add("06")
    assert gate.cli("workers", "rename", "NV900", "Trần", "Văn", "Ba").code == 0
    add("07")
    renamed = gate.cli("workers", "rename", "NV900", "Trần", "Văn", "Bá")  # the same person
    assert "edge-agent workers rename NV900 'Trần Văn Ba'\n" in renamed.out
    shown = gate.cli("punches", "list", "--json").json
    assert [one["name"] for one in shown if one["worker"] == "NV900"] == [
        "Lê Thị Hoa",
        "Trần Văn Bá",
    ]


def test_the_settings_are_found(gate: Gate) -> None:
    elsewhere = {"EDGE_AGENT_CONFIG": str(gate.config)}
    assert gate.cli("status", "--json", environment=elsewhere).code == 3
    nowhere = {"EDGE_AGENT_CONFIG": "/nowhere/gate.toml"}
    lost = gate.cli("status", environment=nowhere)
    assert lost.code == 78
    assert "/nowhere/gate.toml" in lost.sentence
    # What is said on the command line comes first.
    flags = ("--config", str(gate.config))
    assert gate.cli("status", "--json", *flags, environment=nowhere).code == 3


def test_an_altered_ledger_is_found_out(gate: Gate) -> None:
    assert gate.cli("ledger", "verify").code == 0
    with closing(sqlite3.connect(gate.database)) as forger:
        forger.execute(
            "UPDATE ledger SET wire = CAST(replace(CAST(wire AS TEXT), 'NV001', 'NV002') AS BLOB)"
            " WHERE seq = 3"
        )
        forger.commit()
    found = gate.cli("ledger", "verify")
    assert found.code == 65
    assert "entry 3 " in found.sentence


def test_workers_by_a_file(gate: Gate) -> None:
    """What is exported changes nothing when it comes back; what is changed in it is asked about."""
    gate.start()
    for name in ("workers.csv", "workers.xlsx"):
        assert gate.cli("workers", "export", name).code == 0
        told = gate.cli("workers", "import", name, "--json").json
        assert (told["changes"], told["unchanged"]) == ([], len(STAFF))
    content = (gate.folder / "workers.csv").read_text()
    changed = content.replace("NV003", "NV0900", 1).replace(f"{name_of('NV002')},yes", "Lò,no")
    assert changed != content
    (gate.folder / "changed.csv").write_text(changed)
    before = gate.entries()
    planned = gate.cli("workers", "import", "changed.csv", "--dry-run")
    assert planned.code == 65
    assert "NV002 is" in planned.err, "a name of somebody else's, whose prints would be credited"
    changed = changed.replace("Lò,no", f"{name_of('NV002')},no")
    (gate.folder / "changed.csv").write_text(changed)
    planned = gate.cli("workers", "import", "changed.csv", "--dry-run")
    assert f"+ NV0900 {name_of('NV003')}\n" in planned.out
    assert f"- NV002 {name_of('NV002')}: deactivated." in planned.out
    asked = gate.cli("workers", "import", "changed.csv")
    assert (asked.code, gate.entries()) == (65, before), "nobody has said yes"
    assert "If so: edge-agent workers import changed.csv --" in asked.sentence
    assert gate.cli("workers", "import", "changed.csv", "--yes").code == 0
    assert [entry["kind"] for entry in gate.entries()[-2:]] == ["worker.changed", "worker.added"]
    shown = gate.cli("workers", "show", "NV002")
    assert "state       deactivated" in shown.out
    near = gate.cli("workers", "show", "nv900")
    assert (near.code, near.sentence) == (65, "There is no worker nv900: is NV0900 meant?")


def test_the_last_punches_of_a_worker_say_which_of_them_count(gate: Gate) -> None:
    when = ("--at", "2026-11-23T06:00", "--reason", "no-power")
    added = gate.cli("punches", "add", "NV001", *when, "--json")
    gate.start()
    watch = gate.watch()
    gate.open(watch)
    for outcome in ("recorded", "repeated"):
        gate.press("NV001")
        assert watch.panel()["outcome"] == outcome
    first = gate.punches()[0][0]
    shown = gate.cli("workers", "show", "NV001").out.splitlines()[-3:]
    assert shown[0].endswith(f"  repeat of {first}")
    assert shown[1].count("  ") == 1, "nothing is said of one like most"
    assert shown[2] == f"  2026-11-23 06:00:00  added by {user(os.getuid())}: no-power"
    assert gate.cli("punches", "void", str(added.json["seq"]), "--reason", "late").code == 0
    assert gate.cli("workers", "show", "NV001").out.endswith("06:00:00  voided: late\n")


def test_what_goes_for_good_is_named_and_asked_about_at_a_terminal(gate: Gate) -> None:
    """Whoever says no keeps it, and so does a script without a terminal that has not said yes."""
    command = ["prints", "remove", "NV001", "--finger", "right-index"]
    before = gate.cli("prints", "list", "--json").json
    master, slave = os.openpty()
    with subprocess.Popen(
        [*OWN, *command, "--config", str(gate.config)],
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        os.close(slave)
        os.write(master, b"n\n")
        said = process.communicate()[0]
    os.close(master)
    assert process.returncode == 1
    assert f"right-index of {name_of('NV001')}, NV001" in said
    refused = gate.cli(*command)
    assert refused.code == 65
    assert "prints remove NV001 --finger right-index" in refused.sentence
    assert gate.cli("prints", "list", "--json").json == before
    assert gate.cli(*command, "--yes").code == 0
    told = gate.cli("workers", "deactivate", "NV002")
    assert told.out.endswith("To undo: edge-agent workers activate NV002\n")
