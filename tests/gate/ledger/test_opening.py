"""Opening: in force what a power cut asks for, and nothing touched that is not ours."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge_agent.cli import main
from edge_agent.contract.errors import StoreFault
from edge_agent.gate.ledger.store.database import open_database
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ledger.store.verify import verify_ledger
from tests.patience import PATIENCE_S

from .ledgers import GATE, NOON, ZONE, append, open_store, punch

pytestmark = pytest.mark.usefixtures("own_migrations")


def commit_frames(wal: Path) -> list[int]:
    """The page numbers of a write-ahead log's frames (sqlite.org/fileformat2.html, section 4)."""
    raw = wal.read_bytes()
    page_size = int.from_bytes(raw[8:12], "big")
    return [int.from_bytes(raw[at : at + 4], "big") for at in range(32, len(raw), 24 + page_size)]


def folder_of(path: Path) -> dict[str, bytes]:
    """Every file beside the database; of the WAL's index, which is scratch, only that it is."""
    return {
        name.name: b"" if name.name.endswith("-shm") else name.read_bytes()
        for name in path.iterdir()
    }


def leave_wal_behind(folder: Path) -> None:
    """Write a few entries in a process that is killed."""
    code = (
        "import os, signal\nfrom pathlib import Path\nfrom tests.gate.ledger.ledgers import *\n"
        f"store = open_store(Path({str(folder)!r}))\n"
        "for _ in range(5): append(store, punch())\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = Path(__file__).parents[3]
    killed = subprocess.run([sys.executable, "-c", code], cwd=root, timeout=PATIENCE_S, check=False)
    assert killed.returncode == -9
    assert (folder / "gate.db-wal").stat().st_size > 0


def test_every_connection_survives_a_power_cut(tmp_path: Path) -> None:
    for _ in range(2):  # when it is made, and when it is there already
        with closing(open_database(tmp_path / "gate.db")) as database:
            found = {
                name: database.conn.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("synchronous", "journal_mode", "foreign_keys", "wal_autocheckpoint")
            }
            assert 0 < found.pop("wal_autocheckpoint") <= 1000
            assert found == {"synchronous": 3, "journal_mode": "wal", "foreign_keys": 1}


def test_a_commit_ends_on_a_sector_of_its_own(tmp_path: Path) -> None:
    """psow=0: SQLite then writes the last page again, until the sector is full."""
    path = tmp_path / "gate.db"
    with closing(open_database(path)) as database:
        database.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.conn.execute("INSERT INTO remembered VALUES ('a', 'b')")
        frames = commit_frames(tmp_path / "gate.db-wal")
        assert len(frames) > 1
        assert frames[-1] == frames[-2]
    with closing(sqlite3.connect(path, isolation_level=None)) as plain:  # the control
        plain.execute("PRAGMA synchronous=EXTRA")
        plain.execute("INSERT INTO remembered VALUES ('b', 'b')")
        frames = commit_frames(tmp_path / "gate.db-wal")
        assert len(frames) == len(set(frames))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not a database" * 1000, "not a SQLite file"),
        (b"SQLite format 3\0" + b"x" * 9000, "cannot be used"),
    ],
)
def test_what_is_no_database_is_left_as_it_is(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "gate.db"
    path.write_bytes(content)
    with pytest.raises(StoreFault, match=said):
        open_store(tmp_path)
    with pytest.raises(StoreFault, match=said) as fault:
        SqliteStore.read_only(path, ZONE)
    if "SQLite" in said:
        assert "start the daemon (edge-agent run): it sets" in str(fault.value)
    assert folder_of(tmp_path) == {"gate.db": content}


def test_another_programs_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE wages (worker, amount)")
        other.commit()
    before = folder_of(tmp_path)
    with pytest.raises(StoreFault, match="another program's"):
        open_store(tmp_path)
    with pytest.raises(StoreFault):
        SqliteStore.read_only(path, ZONE)
    assert folder_of(tmp_path) == before


def test_a_newer_versions_database_is_left_as_it_is(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "gate.db")) as newer:
        newer.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('edge-agent', 'm999_payslips', '2030-01-01')"
        )
        newer.commit()
    before = (tmp_path / "gate.db").read_bytes()
    for open_it in (
        lambda: open_store(tmp_path),
        lambda: SqliteStore.read_only(tmp_path / "gate.db", ZONE),
    ):
        with pytest.raises(StoreFault, match=r"newer version of edge-agent.*m999_payslips"):
            open_it()
    assert (tmp_path / "gate.db").read_bytes() == before


@pytest.mark.parametrize("place", ["none/gate.db", "file/gate.db", "folder"])
def test_a_place_where_nothing_can_be_made(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(
        StoreFault, match=r"there is no folder|is no folder: correct|is a folder: name a"
    ):
        SqliteStore.open(tmp_path / place, GATE, ZONE, NOON)


def test_a_ledger_is_read_as_its_own_gates_whatever_the_settings_say(tmp_path: Path) -> None:
    """Each of its entries passed for altered where [gate] id had been changed."""
    open_store(tmp_path).close()
    config = tmp_path / "edge-agent.toml"
    config.write_text('[gate]\nid = "renamed"\n[store]\npath = "gate.db"\n')
    for line in (["ledger", "verify"], ["ledger", "backup"], ["carry", "out"]):
        into = [str(tmp_path)] if line[-1] != "verify" else []
        done = CliRunner().invoke(main, ["--lang", "en", *line, *into, "--config", str(config)])
        assert done.exit_code == 0, done.stderr
    written = {path.suffix for path in tmp_path.iterdir() if path.name.startswith(GATE)}
    assert written == {".db", ".entries"}


@pytest.mark.parametrize("name", ["tên có dấu.db", "50%?.db", "a#b.db", "a'b.db"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    SqliteStore.open(tmp_path / name, GATE, ZONE, NOON).close()
    reader = SqliteStore.read_only(tmp_path / name, ZONE)
    assert reader.tail().seq == 1
    reader.close()
    assert os.listdir(tmp_path) == [name]


def read(folder: Path) -> list[int]:
    """All that commands do which only look."""
    store = SqliteStore.read_only(folder / "gate.db", ZONE)
    found = [json.loads(entry.wire)["data"]["seq"] for entry in store.entries(1, 1000)]
    assert verify_ledger(store).seq == len(found)
    store.last_punches(NOON, 1000)
    store.watermarks()
    store.prints()
    with pytest.raises(StoreFault):
        append(store)
    with pytest.raises(StoreFault):
        store.remember("sensor", "none")
    store.close()
    return found


def test_looking_writes_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    append(store)
    store.close()
    before = folder_of(tmp_path)
    assert list(before) == ["gate.db"]
    assert read(tmp_path) == [1, 2]
    assert folder_of(tmp_path) == before


def test_looking_at_what_a_killed_process_left_writes_nothing(tmp_path: Path) -> None:
    leave_wal_behind(tmp_path)
    before = folder_of(tmp_path)
    assert read(tmp_path) == [1, 2, 3, 4, 5, 6]
    assert folder_of(tmp_path) == before
    again = open_store(tmp_path)
    assert append(again).seq == 7
    again.close()


def test_looking_while_a_daemon_writes(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for seq in range(2, 30):
        append(store, punch())
        before = folder_of(tmp_path)
        assert read(tmp_path) == list(range(1, seq + 1))
        assert folder_of(tmp_path) == before
    store.close()


def test_there_is_nothing_to_look_at_before_the_first_start(tmp_path: Path) -> None:
    with pytest.raises(StoreFault, match="daemon makes it at its first start"):
        SqliteStore.read_only(tmp_path / "gate.db", ZONE)
    (tmp_path / "gate.db").touch()
    with pytest.raises(StoreFault, match="is not up to date: 'edge-agent run' sees to that"):
        SqliteStore.read_only(tmp_path / "gate.db", ZONE)
    assert folder_of(tmp_path) == {"gate.db": b""}
