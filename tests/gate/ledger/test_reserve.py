"""The reserve: made where there is room, made once, and never a reason to stop."""

from pathlib import Path

import pytest

from edge_agent.gate.ledger.store import reserve

MEGABYTE = 1 << 20


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
