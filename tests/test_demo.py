"""The demo: the first thing that a newcomer runs, and the last that may leave anything behind."""

import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

import edge_agent
from edge_agent.contract.language import ENGLISH, LANGUAGES, VIETNAMESE
from edge_agent.demo.play import settle

from .english import english
from .everyday import one_in
from .made.recording import compared
from .made.recording import recorded as recorded_lines
from .patience import PATIENCE_S

pytestmark = pytest.mark.skipif(
    find_spec("iotcore") is None, reason="iotcore is not installed (pip install -e .[demo])"
)

_SAID = {
    ENGLISH: ("recorded", "not recognised", "payroll has"),
    VIETNAMESE: ("đã chấm", "không nhận ra", "phòng lương có"),
}
_LAST_LINE = re.compile(r"pressed=(\d+) recorded=(\d+) confirmed=(\d+) lost=0 duplicates=0")


@pytest.fixture
def place() -> Iterator[Path]:
    """Where the demo may put its folder: short, for a socket's path has 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="ea-"))
    yield folder
    shutil.rmtree(folder)


_PATIENT = """
from edge_agent.demo import play, stage
from edge_agent.simulator import background
from tests.patience import PATIENCE_S
play._ANSWER_WITHIN_S = play._CONFIRMED_WITHIN_S = play._FAREWELL_S = PATIENCE_S
stage._PATIENCE_S = background._PATIENCE = PATIENCE_S
from edge_agent.__main__ import main
main()
"""
"""The demo, which waits for its parts, and at its end for payroll, as a busy machine needs it."""


def _start(
    place: Path, *arguments: str, program: list[str] | None = None, language: str = ENGLISH
) -> subprocess.Popen[str]:
    home = Path(edge_agent.__file__).parent.parent
    return subprocess.Popen(
        [*(program or [sys.executable, "-c", _PATIENT]), "demo", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "TMPDIR": str(place),
            "PYTHONPATH": str(home),
            "LANGUAGE": language,
        },
    )


def _processes(place: Path) -> dict[int, str]:
    """Number and command line of the processes that have to do with the demo's folder."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # It has ended meanwhile.
            command = path.read_bytes().decode(errors="replace").replace("\0", " ")
            if str(place) in command:
                found[int(path.parent.name)] = command
    return found


def _ended_well(place: Path, demo: subprocess.Popen[str], out: str, err: str) -> tuple[int, ...]:
    """Exit code 0, a summary, nothing left behind; what was pressed, recorded, confirmed."""
    assert demo.returncode == 0, out + err
    assert "Traceback" not in err
    counts = _LAST_LINE.fullmatch(out.splitlines()[-1])
    assert counts, out
    assert not _processes(place)
    assert list(place.iterdir()) == []
    return tuple(map(int, counts.groups()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_eight_punches_are_as_in_the_picture(place: Path, language: str) -> None:
    with _start(place, "--punches", "8", language=language) as demo:
        out, err = demo.communicate(timeout=PATIENCE_S)
    pressed, recorded, confirmed = _ended_well(place, demo, out, err)
    assert pressed > recorded == confirmed == 8  # One of the first is a stranger.
    recorded_as, stranger, held = _SAID[language]
    assert len([line for line in out.splitlines() if line.endswith(f"  {recorded_as}")]) == 8
    assert stranger in out
    assert f"{held} NV" in out
    assert language == ENGLISH or english(out) == []
    shown = [line for _, line in recorded_lines(language)]
    said, confirmed_there = compared(shown[1:])
    assert (said, confirmed_there) == compared(out.splitlines()), "python -m tests.made.recording"


@pytest.mark.parametrize(
    "moment",
    ["Enrolling", pytest.param("The gate is open", marks=pytest.mark.long), "payroll has"],
)
def test_ctrl_c(place: Path, moment: str) -> None:
    with _start(place) as demo:
        assert demo.stdout
        assert any(moment in line for line in demo.stdout)
        if moment == "payroll has":
            assert len(_processes(place)) >= 4  # The control: they can be seen.
        demo.send_signal(signal.SIGINT)
        out, err = demo.communicate(timeout=PATIENCE_S)
    _, recorded, confirmed = _ended_well(place, demo, out, err)
    assert recorded == confirmed
    assert recorded > 0 or moment != "payroll has"


_ON_A_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "edge_agent", "demo"])
"""


def _end_at(place: Path, how: str, moment: Callable[[int], bool], after_s: float = 0.0) -> None:
    """A demo at a terminal of its own, ended at a ``moment`` of the process that it is, or some
    seconds later."""
    home = Path(edge_agent.__file__).parent.parent
    ours, theirs = os.openpty()
    demo = subprocess.Popen(
        [sys.executable, "-c", _ON_A_TERMINAL],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(place), "PYTHONPATH": str(home)},
    )
    os.close(theirs)
    while not moment(demo.pid):
        assert demo.poll() is None
    time.sleep(after_s)
    said = b""
    if how == "closed terminal":
        os.close(ours)
    elif how == "Ctrl-C":
        os.write(ours, b"\x03")
    else:
        demo.send_signal(signal.SIGTERM)
    if how != "closed terminal":
        with suppress(OSError):  # EIO: the other side has gone.
            while more := os.read(ours, 4096):
                said += more
        os.close(ours)
    out = said.decode().replace("\r\n", "\n")
    assert demo.wait(100) == 0, out
    assert "Traceback" not in out
    assert not _processes(place)
    assert list(place.iterdir()) == []
    if how != "closed terminal":
        counts = _LAST_LINE.fullmatch(out.splitlines()[-1])
        assert counts, out
        missing = int(counts[2]) - int(counts[3])
        assert (f"Not confirmed by payroll yet: {missing}." in out) == (missing > 0), out


_WAYS = ["Ctrl-C", "SIGTERM", "closed terminal"]


def _listens(pid: int) -> bool:
    """Whether it catches SIGTERM, as nothing does that is only being loaded."""
    caught = re.search(r"SigCgt:\s*([0-9a-f]+)", Path(f"/proc/{pid}/status").read_text())
    return caught is not None and bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)


def _has_loaded(library: str) -> Callable[[int], bool]:
    return lambda pid: library in Path(f"/proc/{pid}/maps").read_text()


_EARLY: list[tuple[str, Callable[[int], bool]]] = [
    ("it listens", _listens),
    *(
        (name, _has_loaded(name))
        for name in ("msgspec/", "_sqlite3.", "_hashlib.", "_posixsubprocess.")
    ),
]
"""Moments in its first second, in whatever order they come."""


@pytest.mark.parametrize(
    ("how", "moment"),
    [
        pytest.param(
            how, moment, marks=[] if moment is _listens else pytest.mark.long, id=f"{how}-{name}"
        )
        for how in _WAYS
        for name, moment in _EARLY
    ],
)
def test_ended_while_it_is_being_loaded(
    place: Path, how: str, moment: Callable[[int], bool]
) -> None:
    _end_at(place, how, moment)


def test_ended_once_more_when_it_is_over(place: Path) -> None:
    """While Python cleans up: the second Ctrl-C of somebody in a hurry."""
    with _start(place) as demo:
        assert demo.stdout
        assert any("Enrolling" in line for line in demo.stdout)
        demo.send_signal(signal.SIGINT)
        out = ""
        for line in demo.stdout:
            out += line
            if _LAST_LINE.fullmatch(line.strip()):
                while demo.poll() is None:
                    demo.send_signal(signal.SIGINT)
        assert demo.stderr
        err = demo.stderr.read()
    _ended_well(place, demo, out, err)


_CLOSES_ITS_EARS = """
import signal
from edge_agent.demo import wishes
change = signal.signal
def heeds(number, handler):
    if number not in signal.pthread_sigmask(signal.SIG_BLOCK, ()):
        print(number.name)
    change(number, handler)
wishes.listen()
signal.signal = heeds
wishes.close_ears()
"""


def test_nothing_comes_while_its_ears_are_closed() -> None:
    """Of a Ctrl-C that came within those microseconds Python printed a traceback."""
    heeded = subprocess.check_output([sys.executable, "-c", _CLOSES_ITS_EARS], text=True)
    assert heeded == ""


@pytest.mark.parametrize("seed", one_in(2, range(2)))
@pytest.mark.parametrize("how", _WAYS)
def test_ended_at_any_moment(place: Path, how: str, seed: int) -> None:
    _end_at(place, how, _listens, random.Random(f"{how} {seed}").uniform(0, 12))


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(100, 134))
@pytest.mark.parametrize("how", _WAYS)
def test_a_hundred_ended_at_any_moment(place: Path, how: str, seed: int) -> None:
    _end_at(place, how, _listens, random.Random(f"{how} {seed}").uniform(0, 60))


def test_what_payroll_lacks_is_said_and_nobody_waits_twice(place: Path) -> None:
    with _start(place) as demo:
        assert demo.stdout
        assert any("payroll has" in line for line in demo.stdout)
        [payroll] = [
            pid for pid, command in _processes(place).items() if "edge_agent receive" in command
        ]
        os.kill(payroll, signal.SIGSTOP)
        assert any(re.search(" (in|out) +recorded$", line) for line in demo.stdout)
        demo.send_signal(signal.SIGINT)
        assert any("Closing the gate" in line for line in demo.stdout)
        demo.send_signal(signal.SIGINT)
        while any("edge_agent run" in command for command in _processes(place).values()):
            time.sleep(0.05)
        os.kill(payroll, signal.SIGKILL)  # One that is stopped does not hear that it is to end.
        out, err = demo.communicate(timeout=PATIENCE_S)
    _, recorded, confirmed = _ended_well(place, demo, out, err)
    assert recorded > confirmed
    assert f"Not confirmed by payroll yet: {recorded - confirmed}." in out


@pytest.mark.parametrize(
    "script", one_in(2, [True, False]), ids=["edge-agent", "python -m edge_agent"]
)
def test_the_command_that_it_prints_works_in_another_terminal(place: Path, script: bool) -> None:
    own = Path(sys.executable).with_name("edge-agent")
    if script and not own.exists():
        pytest.skip("edge-agent is not installed beside this Python")
    program = [str(own)] if script else [sys.executable, "-m", "edge_agent"]
    with _start(place, program=program) as demo:
        assert demo.stdout
        assert any("Follow it from another terminal" in line for line in demo.stdout)
        command = demo.stdout.readline().strip()
        with subprocess.Popen(
            ["/bin/sh", "-c", f"exec {command}"], cwd="/", env={}, stdout=subprocess.PIPE, text=True
        ) as watching:
            assert watching.stdout
            assert any("NV0" in line for line in watching.stdout)
            demo.send_signal(signal.SIGINT)
            out, err = demo.communicate(timeout=PATIENCE_S)
            watching.send_signal(signal.SIGINT)  # It would wait for the gate to come back.
            watching.communicate(timeout=PATIENCE_S)
        assert watching.returncode == 130
    _ended_well(place, demo, out, err)


def _databases(place: Path, arrived: list[tuple[int, str]]) -> tuple[Path, Path]:
    """A ledger of the punches 1 to 3, and a payroll to which these entries came in this order."""
    ledger, payroll = place / "gate.db", place / "payroll.db"
    with closing(sqlite3.connect(ledger)) as gate, gate:
        gate.execute("CREATE TABLE ledger (seq INTEGER PRIMARY KEY, kind TEXT, hash BLOB)")
        for seq in (1, 2, 3):
            gate.execute("INSERT INTO ledger VALUES (?, 'punch.recorded', ?)", (seq, bytes([seq])))
    with closing(sqlite3.connect(payroll)) as held, held:
        held.execute("CREATE TABLE entries (seq INTEGER, hash TEXT)")
        held.execute("CREATE TABLE punches (seq INTEGER, code TEXT, state TEXT)")
        for seq, digest in arrived:
            held.execute("INSERT INTO entries VALUES (?, ?)", (seq, digest))
            held.execute("INSERT INTO punches VALUES (?, ?, 'valid')", (seq, f"NV{seq}"))
    return ledger, payroll


def test_the_order_is_that_of_seq_and_not_of_arrival(tmp_path: Path) -> None:
    green = {1: "NV1", 2: "NV2", 3: "NV3"}
    account = settle(3, green, *_databases(tmp_path, [(1, "01"), (3, "03"), (2, "02")]))
    assert (account.confirmed, account.out_of_order, account.sound) == (3, 0, True)


def test_an_entry_in_anothers_place_is_out_of_order(tmp_path: Path) -> None:
    green = {1: "NV1", 2: "NV2", 3: "NV3"}
    account = settle(3, green, *_databases(tmp_path, [(1, "01"), (2, "03"), (3, "02")]))
    assert (account.out_of_order, account.sound) == (2, False)


def test_lamps_in_another_order_than_the_ledger_are_out_of_order(tmp_path: Path) -> None:
    green = {1: "NV1", 3: "NV3", 2: "NV2"}
    account = settle(3, green, *_databases(tmp_path, [(1, "01"), (2, "02"), (3, "03")]))
    assert (account.out_of_order, account.sound) == (1, False)


_PARTS = {
    "daemon": "edge_agent run",
    "subscriber": "edge_agent receive",
    "simulator": "edge_agent simulate",
    "broker": "iotcore",
}


@pytest.mark.parametrize("part", one_in(len(_PARTS), _PARTS))
def test_a_part_that_dies(place: Path, part: str) -> None:
    """It is said at once, and it is no success; the logs are kept for whoever looks into it."""
    with _start(place) as demo:
        assert demo.stdout
        assert any("payroll has" in line for line in demo.stdout)
        processes = _processes(place)
        [process] = [pid for pid, called in processes.items() if _PARTS[part] in called]
        os.kill(process, signal.SIGKILL)
        _, err = demo.communicate(timeout=PATIENCE_S)
    assert demo.returncode == 1
    assert "Traceback" not in err
    assert f"The {part} has ended by itself" in err
    assert "Logs and databases are kept in" in err
    assert not _processes(place)
