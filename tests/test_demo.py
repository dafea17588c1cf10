"""The demo: the first thing that a newcomer runs, and the last that may leave anything behind."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

import edge_agent

pytestmark = pytest.mark.skipif(
    find_spec("iotcore") is None, reason="iotcore is not installed (pip install -e .[demo])"
)

_LAST_LINE = re.compile(r"pressed=(\d+) recorded=(\d+) confirmed=(\d+) lost=0 duplicates=0")


@pytest.fixture
def place() -> Iterator[Path]:
    """Where the demo may put its folder: short, for a socket's path has 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="ea-"))
    yield folder
    shutil.rmtree(folder)


def _start(place: Path, *arguments: str) -> subprocess.Popen[str]:
    home = Path(edge_agent.__file__).parent.parent
    return subprocess.Popen(
        [sys.executable, "-m", "edge_agent", "demo", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(place), "PYTHONPATH": str(home)},
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


def test_five_punches(place: Path) -> None:
    with _start(place, "--punches", "5") as demo:
        out, err = demo.communicate(timeout=100)
    pressed, recorded, confirmed = _ended_well(place, demo, out, err)
    assert pressed > recorded == confirmed == 5  # One of the first is a stranger.
    green = [
        line for line in out.splitlines() if re.search("  recorded$| (in|out) +recorded$", line)
    ]
    assert len(green) == 5
    assert "not recognised" in out
    assert "payroll has NV" in out


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
        out, err = demo.communicate(timeout=60)
    _, recorded, confirmed = _ended_well(place, demo, out, err)
    assert recorded == confirmed
    assert recorded > 0 or moment != "payroll has"


@pytest.mark.long
def test_a_part_that_dies(place: Path) -> None:
    """It is said, and it is no success; the logs are kept for whoever looks into it."""
    with _start(place) as demo:
        assert demo.stdout
        assert any("payroll has" in line for line in demo.stdout)
        processes = _processes(place)
        [daemon] = [pid for pid, command in processes.items() if "edge_agent run" in command]
        os.kill(daemon, signal.SIGKILL)
        _, err = demo.communicate(timeout=90)
    assert demo.returncode == 1
    assert "Traceback" not in err
    assert "Logs and databases are kept in" in err
    assert not _processes(place)
