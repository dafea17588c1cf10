"""The reserve: made where there is room, made once, and never a reason to stop."""

import faulthandler
import os
from contextlib import closing, suppress
from pathlib import Path

import pytest

from edge_agent.gate.errors import DiskFull
from edge_agent.gate.ledger.store import database as opening
from edge_agent.gate.ledger.store import reserve

from .ledgers import append, open_store
from .small_disk import disk_like

MEGABYTE = 1 << 20
KILOBYTE = 1 << 10


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(reserve, "RESERVE_BYTES", MEGABYTE)
    return tmp_path / "gate.db"


def test_it_is_made_and_spent(database: Path) -> None:
    assert reserve.keep(database)
    made = reserve.reserve_of(database).stat()
    assert made.st_size == MEGABYTE
    assert made.st_blocks * 512 >= MEGABYTE, "a hole keeps no room"
    assert made.st_mode & 0o077 == 0
    assert reserve.keep(database)
    assert reserve.reserve_of(database).stat().st_ino == made.st_ino, "it was made anew"
    assert reserve.spend(database)
    assert not reserve.spend(database)
    assert list(database.parent.iterdir()) == []


def test_what_cannot_be_made_leaves_nothing_behind(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int, offset: int, size: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    assert not reserve.keep(database)
    assert list(database.parent.iterdir()) == []


def test_a_folder_that_is_gone(database: Path) -> None:
    gone = database.parent / "gone" / "gate.db"
    assert not reserve.keep(gone)
    assert not reserve.spend(gone)
    assert not reserve.is_full(gone)


def leave(disk: Path, room: int) -> None:
    """Fill the disk but for so many bytes."""
    with (disk / "ballast").open("ab", buffering=0) as ballast:
        taken = free(disk) - room - 64 * KILOBYTE
        if taken > 0:
            os.posix_fallocate(ballast.fileno(), os.fstat(ballast.fileno()).st_size, taken)
        ballast.seek(0, os.SEEK_END)
        while free(disk) > room:
            ballast.write(b"x" * KILOBYTE)
            os.fsync(ballast.fileno())


def free(disk: Path) -> int:
    state = os.statvfs(disk)
    return state.f_bavail * state.f_frsize


def presses_with(disk: Path, room: int) -> str:
    """What becomes of a start and a press in a process of its own: ok, full, or a signal."""
    leave(disk, room)
    child = os.fork()
    if child == 0:
        faulthandler.disable()  # That it dies is what is asked, and no news.
        with suppress(BaseException):
            try:
                append(open_store(disk))
            except DiskFull:
                os._exit(1)
            os._exit(0)
        os._exit(2)
    status = os.waitpid(child, 0)[1]
    for log in ("gate.db-wal", "gate.db-shm"):
        (disk / log).unlink(missing_ok=True)
    if os.WIFSIGNALED(status):
        return f"signal {os.WTERMSIG(status)}"
    return ["ok", "full", "another fault"][os.WEXITSTATUS(status)]


@pytest.mark.parametrize("looked_at", [True, False])
def test_a_disk_of_small_blocks_that_is_almost_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looked_at: bool
) -> None:
    """Room for the index's bytes and not for its pages; and the control: SIGBUS, at each start."""
    if not looked_at:
        monkeypatch.setattr(opening, "index_may_fault", lambda path: False)
    with disk_like("ext4", tmp_path, "24m") as disk:
        if os.statvfs(disk).f_frsize == 4096:
            pytest.skip("this mkfs makes no small blocks on a small disk")
        with closing(open_store(disk)) as store:
            append(store)
        found = {presses_with(disk, room * KILOBYTE) for room in (40, 32, 24, 20)}
        if not looked_at:
            assert "signal 7" in found
        else:
            assert found == {"full"}
            assert reserve.index_may_fault(disk / "gate.db")
            (disk / "ballast").unlink()
            assert reserve.keep(disk / "gate.db")
            assert presses_with(disk, 24 * KILOBYTE) == "ok", "the reserve was not spent"


def test_a_disk_of_whole_pages_is_no_worry(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite sees to those itself; nor is a folder that is gone the disk's fault."""
    monkeypatch.setattr(reserve, "is_full", lambda path: True)
    assert os.statvfs(database.parent).f_frsize >= 4096
    assert not reserve.index_may_fault(database)
    assert not reserve.index_may_fault(database.parent / "gone" / "gate.db")
