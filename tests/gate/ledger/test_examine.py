"""What the look at a database before its use tells from damage, sign by sign."""

import json
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from edge_agent.contract.errors import StoreFault
from edge_agent.gate.errors import DamagedLedger, DiskFull
from edge_agent.gate.ledger.damage.carve import (
    acknowledged_in_log,
    find_entries,
    first_pages_in_log,
    prove,
)
from edge_agent.gate.ledger.damage.quick_check import damage
from edge_agent.gate.ledger.damage.readable import begin_readable, write_readable
from edge_agent.gate.ledger.store import database as opening
from edge_agent.gate.ledger.store.database import StoreConnection, open_database
from edge_agent.gate.ledger.store.metadata import Watermarks
from edge_agent.gate.ledger.store.verify import verify_ledger
from edge_agent.gate.ledger.succession.swap import set_aside

from .ledgers import append, later, punch
from .old_copies import CODES, made, open_at, sound, start
from .test_damage import CONFIRMED, copy_of, cut_off, edit, stopped, the_gate_goes_on, truth

__all__ = ["cut_off", "stopped"]  # fixtures

SIGNS: dict[str, tuple[str, str]] = {
    "the ledger is empty": ("DELETE FROM ledger", "its ledger is empty"),
    "the marks are gone": ("DELETE FROM watermarks", "its watermarks are missing"),
    "the end is gone": ("DELETE FROM ledger WHERE seq > 30", "entries after 30 are missing"),
}


@pytest.mark.parametrize(("statements", "said"), SIGNS.values(), ids=SIGNS.keys())
def test_each_sign_is_told_and_the_gate_goes_on(
    stopped: Path, tmp_path: Path, statements: str, said: str
) -> None:
    folder = copy_of(stopped, tmp_path / "damaged")
    with closing(open_at(folder)) as store:
        store.move_watermarks(Watermarks(published=40, confirmed=CONFIRMED))
    edit(folder, *statements.split("; "))
    assert said in (damage(folder / "gate.db") or "")
    assert the_gate_goes_on(folder, truth(stopped, tmp_path / "truth"))


@pytest.mark.parametrize(("at", "value"), [(18, 3), (19, 9)])
def test_a_header_that_no_gate_wrote(stopped: Path, tmp_path: Path, at: int, value: int) -> None:
    """With a greater version SQLite would only read, or not at all: no punch could be recorded."""
    folder = copy_of(stopped, tmp_path / "damaged")
    with (folder / "gate.db").open("r+b") as file:
        file.seek(at)
        file.write(bytes([value]))
    assert damage(folder / "gate.db") is not None
    assert the_gate_goes_on(folder, truth(stopped, tmp_path / "truth"))


def root_of(folder: Path, table: str) -> int:
    with closing(sqlite3.connect(folder / "gate.db")) as plain:
        [(page,)] = plain.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,))
    return int(page)


@pytest.mark.parametrize("table", ["ledger", "prints", "remembered"])
def test_a_page_of_rubbish(stopped: Path, tmp_path: Path, table: str) -> None:
    wires = truth(stopped, tmp_path / "truth")
    folder = copy_of(stopped, tmp_path / "damaged")
    with (folder / "gate.db").open("r+b") as file:
        file.seek((root_of(folder, table) - 1) * 4096)
        file.write(b"\xa5" * 4096)
    assert damage(folder / "gate.db") is not None
    assert the_gate_goes_on(folder, wires)


def test_an_index_that_has_lost_its_rows(stopped: Path, tmp_path: Path) -> None:
    """A worker who is there and cannot be found would be refused."""
    folder = copy_of(stopped, tmp_path / "damaged")
    page = root_of(folder, "sqlite_autoindex_workers_1")
    with (folder / "gate.db").open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\x0a\0\0\0\0\x10\0\0")  # a sound page of an index, without an entry
    assert "table workers" in (damage(folder / "gate.db") or "")
    assert the_gate_goes_on(folder, truth(stopped, tmp_path / "truth"))
    with closing(open_at(folder)) as store:
        assert [worker.code for worker in store.workers()] == list(CODES)


def test_a_first_start_that_was_cut_off_is_no_damage(tmp_path: Path) -> None:
    """The power failed before the first entry: what is there is begun, not set aside."""
    nothing, tables = tmp_path / "nothing", tmp_path / "tables"
    nothing.mkdir()
    tables.mkdir()
    edit(nothing, "PRAGMA journal_mode=WAL", "PRAGMA user_version=0", "VACUUM")
    assert (nothing / "gate.db").stat().st_size > 0
    open_database(tables / "gate.db").close()
    for folder in (nothing, tables):
        assert damage(folder / "gate.db") is None
        start(folder)
        assert [entry["why"] for entry in sound(folder)] == ["first-start"]
        assert set_aside(folder / "gate.db") == []


class Unwell(sqlite3.Connection):
    """A card that does not read today."""

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        if "FROM ledger" in sql:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
            raise error
        return super().execute(sql, *args)


def test_a_card_that_does_not_read_is_not_the_databases_fault(
    stopped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may read tomorrow: the database stays in its place."""
    folder = copy_of(stopped, tmp_path / "unwell")
    before = (folder / "gate.db").read_bytes()
    connect = sqlite3.connect
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **k, factory=Unwell))
        with pytest.raises(StoreFault, match="cannot be examined"):
            start(folder)
    assert set_aside(folder / "gate.db") == []
    assert (folder / "gate.db").read_bytes() == before
    assert not the_gate_goes_on(folder, truth(stopped, tmp_path / "truth"))


def test_a_full_disk_without_a_reserve_is_told_at_a_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> Any:
        raise DiskFull("The disk is full.")

    monkeypatch.setattr(opening, "_open_database", full)
    with pytest.raises(DiskFull):
        open_database(tmp_path / "gate.db")


def test_a_database_that_does_not_know_its_version(stopped: Path, tmp_path: Path) -> None:
    folder = copy_of(stopped, tmp_path / "damaged")
    edit(folder, "DELETE FROM _sqlite_migrations")
    with pytest.raises(DamagedLedger, match="does not know its version"):
        open_at(folder)
    assert the_gate_goes_on(folder, truth(stopped, tmp_path / "truth"))


def garbled(log: Path, change: Callable[[bytearray, int], None]) -> None:
    raw = bytearray(log.read_bytes())
    change(raw, 24 + int.from_bytes(raw[8:12], "big"))
    log.write_bytes(raw)


def test_a_log_whose_header_lies_of_its_page_size(cut_off: Path, tmp_path: Path) -> None:
    """SQLite then takes the whole log as never written, in silence."""
    folder = copy_of(cut_off, tmp_path / "damaged")
    wires = truth(cut_off, tmp_path / "truth")

    def lie(raw: bytearray, frame: int) -> None:
        raw[8:12] = (4099).to_bytes(4, "big")

    garbled(folder / "gate.db-wal", lie)
    assert damage(folder / "gate.db") is not None
    assert the_gate_goes_on(folder, wires)


def test_frames_of_an_earlier_use_of_the_log_prove_nothing(cut_off: Path, tmp_path: Path) -> None:
    """Behind the last commit lies what the log held before it was begun anew."""
    with closing(open_at(copy_of(cut_off, tmp_path / "read"))) as store:
        ledger, tail = store.ledger, store.tail().seq
        [after] = store.entries(tail - 5, 1)
    log = copy_of(cut_off, tmp_path / "reused") / "gate.db-wal"
    raw = log.read_bytes()
    size = 24 + int.from_bytes(raw[8:12], "big")
    frames = [raw[at : at + size] for at in range(32, len(raw), size)]
    last = next(n for n, frame in enumerate(frames) if after.wire in frame and any(frame[4:8]))
    assert acknowledged_in_log(log, ledger, tail - 6)
    old = [frame[:8] + bytes(8) + frame[16:] for frame in frames[last + 1 :]]
    log.write_bytes(raw[:32] + b"".join(frames[: last + 1] + old))
    # The last one that counts was followed by no other: nobody was told of it.
    assert not acknowledged_in_log(log, ledger, tail - 6)


def test_an_entry_is_found_across_the_pieces_in_which_a_file_is_read(
    stopped: Path, tmp_path: Path
) -> None:
    with closing(open_at(copy_of(stopped, tmp_path / "gate"))) as store:
        wires = [entry.wire for entry in store.entries(1, 30)]
    big = tmp_path / "big"
    with big.open("wb") as file:
        for number, wire in enumerate(wires):
            # Around the border of each megabyte, on both sides of it.
            file.seek((number % 3 + 1 << 20) - len(wire) * (number // 3))
            file.write(wire)
    found = [proved.wire for f in find_entries(big) if (proved := prove(f))]
    whole = [wire for wire in wires if wire in big.read_bytes()]
    assert sorted(found) == sorted(whole)
    assert len(found) >= 27


def test_a_beginning_that_says_another_entry_proves_nothing(stopped: Path, tmp_path: Path) -> None:
    with closing(open_at(copy_of(stopped, tmp_path / "gate"))) as store:
        [entry] = store.entries(20, 1)
        ledger = store.ledger
    lying = tmp_path / "lying"
    lying.write_bytes(entry.wire.replace(f"{ledger}:20".encode(), f"{ledger}:21".encode(), 1))
    [found] = find_entries(lying)
    assert (found.seq, prove(found)) == (21, None)


def test_a_card_that_gives_up_some_of_its_bytes(
    stopped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worn card: one page cannot be read any more. All that lies around it is rescued."""
    folder = copy_of(stopped, tmp_path / "worn")
    wires = truth(stopped, tmp_path / "truth")
    bad = (folder / "gate.db").read_bytes().index(wires[10]) // 4096 * 4096
    here = (folder / "gate.db").stat().st_ino
    pread = os.pread

    def worn(fd: int, count: int, offset: int) -> bytes:
        if os.fstat(fd).st_ino == here and offset < bad + 4096 and bad < offset + count:
            raise OSError(5, "Input/output error")
        return pread(fd, count, offset)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", worn)
        found = {p.wire for f in find_entries(folder / "gate.db") if (p := prove(f))}
    raw = (folder / "gate.db").read_bytes()
    around = raw[:bad] + bytes(4096) + raw[bad + 4096 :]
    assert {wire for wire in wires if wire in around} <= found
    assert wires[10] not in found


def test_a_database_that_is_set_aside_twice_under_one_number(tmp_path: Path) -> None:
    """The power failed after the old one was aside, and a file has come into its place since."""
    made(tmp_path)
    shutil.copy(tmp_path / "gate.db", tmp_path / "gate.db.next-1-damaged")
    (tmp_path / "gate.db.old-1-damaged").write_bytes(b"what was set aside before the power cut")
    start(tmp_path)
    assert [old.name for old in set_aside(tmp_path / "gate.db")] == [
        "gate.db.old-1-damaged",
        "gate.db.old-1-damaged-again",
    ]
    assert (tmp_path / "gate.db.old-1-damaged").read_bytes().startswith(b"what was set aside")


def test_only_damaged_databases_are_made_readable(tmp_path: Path) -> None:
    made(tmp_path)
    edit(tmp_path, "UPDATE remembered SET value = 'east' WHERE key = 'card.cid'")
    start(tmp_path)
    with (tmp_path / "gate.db").open("r+b") as file:
        file.write(b"\0" * 16)
    start(tmp_path)
    write_readable(tmp_path / "gate.db")
    assert [path.name for path in sorted(tmp_path.glob("*.jsonl"))] == [
        "gate.db.old-2-damaged.jsonl"
    ]
    again = (tmp_path / "gate.db.old-2-damaged.jsonl").stat().st_mtime_ns
    write_readable(tmp_path / "gate.db")
    assert (tmp_path / "gate.db.old-2-damaged.jsonl").stat().st_mtime_ns == again


def test_two_processes_never_write_one_readable_file(tmp_path: Path) -> None:
    """And one that is killed in the middle leaves nothing of that name, and nobody locked out."""
    made(tmp_path, punches=300)
    broken = tmp_path / "gate.db.old-1-damaged"
    broken.write_bytes((tmp_path / "gate.db").read_bytes())
    readable, part = tmp_path / f"{broken.name}.jsonl", tmp_path / f"{broken.name}.jsonl.part"

    def writing() -> int:
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                write_readable(tmp_path / "gate.db")
                os._exit(0)
            os._exit(1)
        return child

    killed = writing()
    while not part.exists():
        time.sleep(0.001)
    os.kill(killed, signal.SIGKILL)
    os.waitpid(killed, 0)
    assert not readable.exists()
    part.unlink()  # What the killed one has left is not to be taken for the next one's.
    first = writing()
    while not part.exists():
        time.sleep(0.001)
    inode = part.stat().st_ino
    write_readable(tmp_path / "gate.db")  # at once: another one is at it
    assert part.exists() or readable.stat().st_ino == inode
    assert os.waitpid(first, 0)[1] == 0
    assert readable.stat().st_ino == inode
    assert len(readable.read_bytes().splitlines()) == 307
    assert not part.exists()


def test_a_copy_of_an_entry_stands_once_in_the_readable_file(tmp_path: Path) -> None:
    """A page that was copied home stands in the log as well, and in pages that are free again."""
    made(tmp_path, punches=80)
    with closing(open_at(tmp_path)) as store:
        wires = [entry.wire for entry in store.entries(1, 1000)]
    broken = tmp_path / "gate.db.old-1-damaged"
    broken.write_bytes((tmp_path / "gate.db").read_bytes() * 2)
    write_readable(tmp_path / "gate.db")
    lines = broken.with_name(f"{broken.name}.jsonl").read_bytes().splitlines()
    assert sorted(lines) == sorted(wires)
    assert all(json.loads(line)["data"] for line in lines)


def test_what_is_dropped_twice_is_opened_once(tmp_path: Path) -> None:
    """A fault upon a fault: the connection is closed already, and closed for good after that."""
    made(tmp_path)
    told: list[DamagedLedger] = []
    connection = StoreConnection(
        tmp_path / "gate.db", open_database(tmp_path / "gate.db").conn, told.append
    )
    connection.drop()
    connection.drop()
    assert connection.rows("SELECT count(*) FROM ledger") == [(16,)]
    broken = sqlite3.DatabaseError("database disk image is malformed")
    broken.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    assert isinstance(connection.fault(broken), DamagedLedger)
    assert len(told) == 1
    connection.drop()
    connection.close()
    with closing(open_at(tmp_path)) as store:
        append(store, punch(), later(10**9))
        verify_ledger(store)


def test_a_header_half_copied_home_is_no_damage(cut_off: Path, tmp_path: Path) -> None:
    """The power failed while the log's pages were copied: the log still has them all."""
    folder = copy_of(cut_off, tmp_path / "copying")
    assert first_pages_in_log(folder / "gate.db-wal")
    with (folder / "gate.db").open("r+b") as file:
        file.write(b"\x5a" * 512)
    assert damage(folder / "gate.db") is None
    assert not the_gate_goes_on(folder, truth(cut_off, tmp_path / "truth"))


def test_a_torn_commit_that_fills_its_sector_is_no_damage(cut_off: Path, tmp_path: Path) -> None:
    """Without psow the last page of a commit is written several times: it is one transaction."""
    with closing(open_at(copy_of(cut_off, tmp_path / "read"))) as store:
        [last] = store.entries(store.tail().seq, 1)
    folder = copy_of(cut_off, tmp_path / "torn")
    log = folder / "gate.db-wal"
    raw = bytearray(log.read_bytes())
    size = 24 + int.from_bytes(raw[8:12], "big")
    places = list(range(32, len(raw), size))
    frames = [bytes(raw[at : at + 8]) for at in places]
    [*_, first] = [at for at, frame in enumerate(frames[:-1]) if frame[4:] == bytes(4)]
    commit = frames[first + 1]
    assert commit == frames[-1], "the last transaction ends with the same frame several times"
    raw[places[first] + 24 + 700] ^= 0xFF  # One sector of it was not written whole.
    assert last.wire in raw
    log.write_bytes(raw)
    assert damage(folder / "gate.db") is None


def test_a_gate_without_memory_for_a_readable_copy_records_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gate.db.old-1-damaged").write_bytes(bytes(4096))

    def no_memory(*arguments: object, **others: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr("subprocess.Popen", no_memory)
    assert begin_readable(tmp_path / "gate.db", tmp_path / "gate.toml") is None
