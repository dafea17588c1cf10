"""Power cuts at every moment of a gate's life: whatever had been promised is there afterwards.

The real daemon runs under strace; prefixes of what it wrote are made into the disks that a power
cut may leave (power_cut.py), and each is opened by stock SQLite and by the daemon's own start.
A check that a weaker setting passes as well would prove nothing: NORMAL must fail in the same run.
"""

import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.everyday import one_in
from tests.system.gate import Gate

from . import succession
from .disk import Disk
from .examine import Examiner, Promises
from .record import Life, Recording, record
from .replay import Tally, replay
from .trace import STRACE, events

SEED = 20261123


def _can_trace() -> bool:
    """Containers and hardened hosts may forbid ptrace."""
    if shutil.which("strace") is None:
        return False
    tried = subprocess.run([*STRACE, "-o", "/dev/null", "true"], capture_output=True, check=False)
    return tried.returncode == 0


pytestmark = pytest.mark.skipif(
    not _can_trace(), reason="strace is not installed (apt-get install strace) or may not trace"
)


@pytest.fixture(scope="module")
def short_life(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record(tmp_path_factory.mktemp("short-life"), 6)


def replayed(
    folder: Path, punches: int, states: int, weaker: str | None = None, every: int = 1
) -> Tally:
    folder.mkdir()
    return told(replay(record(folder, punches, weaker), states, SEED, every), weaker)


def told(tally: Tally, weaker: str | None = None) -> Tally:
    print(f"{weaker or 'EXTRA, psow=0'}: {tally}")
    return tally


def test_a_power_cut_breaks_no_promise(short_life: Recording, tmp_path: Path) -> None:
    sound = told(replay(short_life, 150, seed=SEED))
    assert sound.states >= 150
    assert not sound.broken, sound.examples
    normal = replayed(tmp_path / "normal", punches=2, states=100, weaker="NORMAL", every=4)
    assert normal.broken.total() > 25, "the check is void: NORMAL has passed it"


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_hundred_thousand_power_cuts(tmp_path: Path) -> None:
    """Some 160 punches: the log is copied home and begun anew several times."""
    sound = replayed(tmp_path / "sound", punches=160, states=100_000)
    assert sound.states >= 100_000
    assert not sound.broken, sound.examples
    normal = replayed(tmp_path / "normal", punches=20, states=3_000, weaker="NORMAL")
    assert normal.broken.total() > 500, "the check is void: NORMAL has passed it"
    psow = replayed(tmp_path / "psow", punches=20, states=6_000, weaker="psow")
    assert psow.broken["garbled"] > 100, "the check is void: no garbled neighbour was missed"


def left_for_a_new_one(
    tmp_path: Path, why: str, each: int, weaker: str = "sound", every: int = 1
) -> Counter[str]:
    folder = tmp_path / f"{why}-{weaker}"
    kept = succession.record(folder, why, weaker)
    found = succession.replay(kept, scratch_in_memory(folder), each, SEED, every)
    print(f"{why}, {weaker}: {dict(found)}")
    return found


def scratch_in_memory(folder: Path) -> Path:
    memory = Path("/dev/shm")
    return memory / f"succession-{os.getpid()}" if memory.is_dir() else folder / "scratch"


@pytest.mark.parametrize("why", one_in(3, succession.WHYS))
def test_a_power_cut_while_the_ledger_is_left_for_a_new_one(tmp_path: Path, why: str) -> None:
    found = left_for_a_new_one(tmp_path, why, each=1, every=12)
    assert found["states"] > 20
    assert not found["broken"], found


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("why", succession.WHYS)
def test_thousands_of_power_cuts_while_the_ledger_is_left(tmp_path: Path, why: str) -> None:
    folder = tmp_path / why
    kept, found = succession.record(folder, why), Counter[str]()
    while found["states"] < 20_000:  # Some moments have fewer outcomes than are asked for.
        seed = SEED + found["states"]
        found += succession.replay(kept, scratch_in_memory(folder), each=40, seed=seed)
    print(f"{why}: {dict(found)}")
    assert not found["broken"], found
    for weaker in ("NORMAL", "no-folders"):
        missed = left_for_a_new_one(tmp_path, why, each=10, weaker=weaker)
        assert missed["broken"], f"the check is void: {weaker} has passed it"


def test_the_examiner_sees_what_is_wrong(short_life: Recording, tmp_path: Path) -> None:
    """A planted loss, a planted change and a planted gap are each told."""
    life = short_life
    disk = Disk()
    for event in events(life.traces, life.folder, life.promises):
        disk.follow(event)
    said = Promises(disk.promised, disk.greens, disk.repeats)
    assert said == Promises(len(life.whole), 6, 0)
    state = {name: file.durable for name, file in disk.durable.items()}
    looking = tmp_path / "looking"
    looking.mkdir()
    examiner = Examiner(looking, life.settings, life.whole)
    assert examiner.broken_promises(state, said) == []
    without_log = {name: content for name, content in state.items() if "wal" not in name}
    assert len(examiner.broken_promises(without_log, said)) == 2
    assert len(examiner.broken_promises(state, Promises(said.entries, said.greens + 1, 0))) == 2
    last = life.whole[-1]
    altered = [*life.whole[:-1], (*last[:2], bytes(32), last[3])]
    assert len(Examiner(looking, life.settings, altered).broken_promises(state, said)) == 2


@pytest.mark.long
def test_a_daemon_with_nothing_to_do_writes_nothing(tmp_path: Path) -> None:
    """Between two hourly entries; what those cost is in tests/gate/ledger/test_wear.py."""
    with Gate() as gate:
        gate.simulate("--no-pace")
        life = Life(gate, tmp_path, weaker=None)
        with life.daemon(signal.SIGTERM):
            time.sleep(2)  # What a start writes.
            began = len(life.traces[0].read_text().splitlines())
            time.sleep(15)
            idle = life.traces[0].read_text().splitlines()[began:]
    assert not [line for line in idle if "pwrite64" in line or "fsync" in line]
