"""A backup: consistent, private, complete or not there, and known for what it is."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.contract import atomic_file
from edge_agent.contract.atomic_file import create_private
from edge_agent.contract.errors import BadRequest, StoreFault
from edge_agent.gate.errors import NoLedgerYet
from edge_agent.gate.ledger.store.backup import backup
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ledger.store.verify import verify_ledger

from .ledgers import ZONE, append, open_store, punch


def test_a_backup_is_a_sound_ledger_that_says_what_it_is(
    tmp_path: Path, store: SqliteStore
) -> None:
    append(store, punch())
    before = sorted(tmp_path.iterdir())
    target = tmp_path / "rescue.db"
    assert backup(tmp_path / "gate.db", target) == target.stat().st_size
    assert sorted({*before, target}) == sorted(tmp_path.iterdir())
    assert target.stat().st_mode & 0o777 == 0o600
    copy = SqliteStore.read_only(target, ZONE)
    assert verify_ledger(copy) == store.tail()
    assert copy.remembered("copy") == "backup"
    assert store.remembered("copy") is None
    copy.close()


def test_a_backup_while_the_gate_writes(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    enough = threading.Event()
    done: list[int] = []

    def copy() -> None:
        for number in range(20):
            backup(tmp_path / "gate.db", tmp_path / f"copy-{number}.db")
            done.append(number)
        enough.set()

    copier = threading.Thread(target=copy)
    copier.start()
    acknowledged = []
    while not enough.is_set() and copier.is_alive():
        acknowledged.append((append(store, punch()).seq, len(done)))
    copier.join()
    store.close()
    assert done == list(range(20))
    for number in done:
        reader = SqliteStore.read_only(tmp_path / f"copy-{number}.db", ZONE)
        tail = verify_ledger(reader)
        reader.close()
        # Whatever was acknowledged before the copy was begun is in it.
        assert tail.seq >= max((seq for seq, begun in acknowledged if begun < number), default=1)


def test_a_file_that_is_there_is_never_replaced(tmp_path: Path, store: SqliteStore) -> None:
    target = tmp_path / "precious"
    target.write_text("payslips")
    with pytest.raises(BadRequest, match="exists already"):
        backup(tmp_path / "gate.db", target)
    assert target.read_text() == "payslips"


def test_a_folder_that_is_not_there(tmp_path: Path, store: SqliteStore) -> None:
    before = sorted(tmp_path.iterdir())
    with pytest.raises(StoreFault, match="cannot be written"):
        backup(tmp_path / "gate.db", tmp_path / "none" / "copy.db")
    with pytest.raises(NoLedgerYet):
        backup(tmp_path / "none.db", tmp_path / "copy.db")
    assert sorted(tmp_path.iterdir()) == before


def test_nothing_is_written_through_a_link_that_takes_the_half_made_copys_place(
    tmp_path: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root makes a copy in another's folder, who lays a link to a database of root's there."""
    anothers = tmp_path / "payroll.db"
    with closing(sqlite3.connect(anothers)) as payroll:
        payroll.execute("CREATE TABLE wages (code)")
    before = anothers.read_bytes()

    def exchanged(path: Path, mode: int = 0o600) -> int:
        fd = create_private(path, mode)
        path.rename(tmp_path / "taken away")
        path.symlink_to(anothers)
        return fd

    monkeypatch.setattr(atomic_file, "create_private", exchanged)
    with pytest.raises(StoreFault, match="cannot be written"):
        backup(tmp_path / "gate.db", tmp_path / "copy.db")
    assert anothers.read_bytes() == before
    assert not (tmp_path / "copy.db").exists()


def test_no_copy_is_made_of_a_damaged_database(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for _ in range(50):
        append(store, punch())
    store.close()
    with closing(sqlite3.connect(tmp_path / "gate.db")) as plain:
        [(page,)] = plain.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ledger'")
    with (tmp_path / "gate.db").open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    with pytest.raises(StoreFault):
        backup(tmp_path / "gate.db", tmp_path / "copy.db")
    assert [path.name for path in tmp_path.iterdir()] == ["gate.db"]
