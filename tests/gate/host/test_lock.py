"""One owner of a gate at a time."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.contract.errors import StoreFault
from edge_agent.gate.errors import GateBusy
from edge_agent.gate.host import lock as lock_module
from edge_agent.gate.host.lock import GateLock
from tests.patience import PATIENCE_S

HOLDER = """
import sys
from pathlib import Path
from edge_agent.gate.host.lock import GateLock
GateLock(Path(sys.argv[1])).acquire(sys.argv[2])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "gate.db"


@pytest.fixture
def mine(database: Path) -> Iterator[GateLock]:
    lock = GateLock(database)
    yield lock
    lock.release()


def hold(database: Path, name: str) -> subprocess.Popen[str]:
    """A process that holds the lock until it is killed."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, database, name],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def end(holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.communicate(timeout=PATIENCE_S)


def test_kill_9_of_the_owner_frees_the_gate(database: Path, mine: GateLock) -> None:
    holder = hold(database, "daemon")
    try:
        with pytest.raises(GateBusy, match=rf"in use by daemon \(process {holder.pid}\)") as caught:
            mine.acquire("daemon", patience_s=1000)  # a daemon is never waited for
        assert caught.value.exit_code == 75
        assert (
            "stop it (Ctrl+C where it runs), and start it again afterwards (edge-agent run)"
            in str(caught.value)
        )
        assert str(database) in str(caught.value)
    finally:
        end(holder)
    mine.acquire("daemon")


def test_a_command_is_waited_for(
    database: Path, mine: GateLock, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = GateLock(database)
    command.acquire("workers add")
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            command.release()

    monkeypatch.setattr(lock_module.time, "sleep", wait)
    mine.acquire("daemon", patience_s=1000)
    assert len(waits) == 3
    with pytest.raises(GateBusy, match="in use by daemon"):
        command.acquire("prints remove")


def test_patience_ends(database: Path, mine: GateLock, monkeypatch: pytest.MonkeyPatch) -> None:
    command = GateLock(database)
    command.acquire("a command with a long name")
    now = iter(range(100))
    monkeypatch.setattr(lock_module.time, "monotonic", lambda: float(next(now)))
    monkeypatch.setattr(lock_module.time, "sleep", lambda seconds: None)
    with pytest.raises(GateBusy, match="in use by a command with a long name"):
        mine.acquire("daemon", patience_s=10)
    assert next(now) >= 10
    command.release()
    mine.acquire("b")
    with pytest.raises(GateBusy, match=r"in use by b \(process \d+\) \(lock"):
        command.acquire("c")


def test_given_back_it_can_be_taken_again(database: Path, mine: GateLock) -> None:
    for _ in range(3):
        mine.acquire("daemon")
        mine.release()
    mine.release()
    assert [path.name for path in database.parent.iterdir()] == ["gate.db.lock"]


def test_two_gates_do_not_meet(tmp_path: Path, mine: GateLock) -> None:
    mine.acquire("daemon")
    other = GateLock(tmp_path / "east.db")
    other.acquire("daemon")
    other.release()


def test_a_name_that_cannot_be_read(database: Path, mine: GateLock) -> None:
    holder = GateLock(database)
    holder.acquire("x")
    lock_file = database.with_name("gate.db.lock")
    for content, said in [(b"", "another process"), (b"\xff\xfe", "in use by")]:
        lock_file.write_bytes(content)
        with pytest.raises(GateBusy, match=said):
            mine.acquire("daemon")
    holder.release()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    lock = GateLock(tmp_path / "none" / "gate.db")
    with pytest.raises(StoreFault, match=r"there is no folder .*/none: sudo install -d"):
        lock.acquire("daemon")


@pytest.mark.parametrize("way", ["file", "folder", "both", "dots", "chain"])
def test_another_way_to_the_same_database_is_the_same_lock(tmp_path: Path, way: str) -> None:
    folder = tmp_path / "gate"
    folder.mkdir()
    database = folder / "gate.db"
    database.touch()
    (tmp_path / "link.db").symlink_to(database)
    (tmp_path / "chain.db").symlink_to(tmp_path / "link.db")
    (tmp_path / "there").symlink_to(folder)
    (tmp_path / "there.db").symlink_to(tmp_path / "there" / "gate.db")
    other = {
        "file": tmp_path / "link.db",
        "folder": tmp_path / "there" / "gate.db",
        "both": tmp_path / "there.db",
        "dots": folder / ".." / "gate" / "gate.db",
        "chain": tmp_path / "chain.db",
    }[way]
    first = GateLock(database)
    first.acquire("daemon")
    with pytest.raises(GateBusy, match="daemon"):
        GateLock(other).acquire("daemon")
    first.release()
    # And the other way round; a link whose target is still to be made counts as well.
    database.unlink()
    second = GateLock(other)
    second.acquire("daemon")
    with pytest.raises(GateBusy, match="daemon"):
        GateLock(database).acquire("daemon")
    second.release()


def test_a_database_with_two_names_is_refused(tmp_path: Path) -> None:
    database = tmp_path / "gate.db"
    database.touch()
    (tmp_path / "second.db").hardlink_to(database)
    for name in ("gate.db", "second.db"):
        with pytest.raises(StoreFault, match="2 names"):
            GateLock(tmp_path / name).acquire("daemon")
    (tmp_path / "second.db").unlink()
    lock = GateLock(database)
    lock.acquire("daemon")
    lock.release()
