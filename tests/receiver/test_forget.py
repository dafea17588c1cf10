"""The name of a worker who has left goes from payroll's database: from its tables and files."""

import json
import os
import re
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from shlex import quote
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from edge_agent.cli import main
from edge_agent.receiver.databases import open_database
from edge_agent.receiver.databases.database import Row
from edge_agent.receiver.databases.sqlite_database import SqliteDatabase
from edge_agent.receiver.roster.known_workers import forget_name, holders
from edge_agent.receiver.store import PayrollStore
from tests.postgresql import BINARIES, Postgresql

NAME, ANOTHER = "Nguyễn Thị Lan Hương", "Trần Văn Minh Đức"
CORRECTED = "Nguyễn Thị Lan Hường"
AT = "2026-11-29T06:00:00.000Z"
PAGE = Path(__file__).parents[2] / "docs" / "receiver.md"


class Files:
    """A database at ``where``, and the names that any of its files holds.

    Of a server all files, but for its other databases and its write-ahead log.
    """

    def __init__(self, where: str, folder: Path) -> None:
        self.where = where
        self._folder = folder

    def hold(self) -> set[str]:
        """As on the disk when what is in memory was written out."""
        others = ["pg_wal"]
        if self.where.startswith("postgresql://"):
            above = re.sub("//[a-z]+@", "//postgres@", self.where)
            there = "SELECT oid FROM pg_database WHERE datname <> current_database()"
            others += [str(oid) for (oid,) in administrate(above, "CHECKPOINT", there)]
        held = b"".join(
            path.read_bytes()
            for path in self._folder.rglob("*")
            if path.is_file() and path.parent.name not in others
        )
        return {name for name in (NAME, ANOTHER) if name.encode() in held}


def administrate(where: str, *statements: str) -> list[Any]:
    import psycopg

    with psycopg.connect(where, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def cluster() -> Iterator[Postgresql]:
    """One whose files nobody else writes."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    if BINARIES is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    with Postgresql() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    if request.param == "sqlite":
        return Files(str(tmp_path / "payroll.db"), tmp_path)
    cluster = request.getfixturevalue("cluster")
    return Files(cluster.new_database(), cluster.folder / "data")


def apply(store: PayrollStore, version: int, *listed: dict[str, Any]) -> None:
    payload = json.dumps({"version": version, "workers": listed}).encode()
    assert store.apply_roster(payload, AT).applied


@contextmanager
def at_work(files: Files) -> Iterator[PayrollStore]:
    """A receiver that has heard of 80 people, and that code NV1 was another's before."""
    with closing(PayrollStore(files.where)) as store:
        others = [{"code": f"NV{one}", "name": f"Đặng Văn {one}"} for one in range(2, 81)]
        apply(store, 1, {"code": "NV1", "name": ANOTHER}, *others)
        apply(store, 2, {"code": "NV1", "name": NAME}, *others)
        if files.where.startswith("postgresql://"):
            administrate(files.where, "ANALYZE")  # As the server does by itself after a while.
        yield store


def names(where: str) -> list[Any]:
    with closing(open_database(where, alone=False)) as database:
        known = database.query("SELECT code, name FROM known_workers WHERE code IN ('NV1', 'NV2')")
        return [*sorted(known), *database.query("SELECT name FROM former_names")]


FORGOTTEN = [("NV1", "NV1"), ("NV2", "Đặng Văn 2")]


def forget(files: Files, *yes: str, language: str = "en") -> Result:
    before = ("--lang", language, "receive", "--database", files.where)
    return CliRunner().invoke(main, [*before, "roster", "forget", "NV1", *yes])


@pytest.mark.parametrize("language", ["vi", "en"])
def test_nobodys_name_goes_where_nobody_is_asked(files: Files, language: str) -> None:
    with at_work(files):
        done = forget(files, language=language)
        assert done.exit_code == 65, done.output
        told = " ".join(done.stderr.split())
        assert f"{NAME}, NV1" in told
        line = f"edge-agent receive --database {quote(files.where)} roster forget NV1 --yes"
        assert told.endswith(line), told
        assert files.hold() == {NAME, ANOTHER}


@pytest.mark.parametrize("control", [False, True])
def test_it_goes_from_the_files_while_a_receiver_is_at_work(
    files: Files, monkeypatch: pytest.MonkeyPatch, control: bool
) -> None:
    """The control: deleted, and no more."""
    with at_work(files), closing(open_database(files.where, alone=False)) as database:
        assert files.hold() == {NAME, ANOTHER}
        if control:
            monkeypatch.setattr(type(database), "scrub", lambda *_: None)
        assert forget(files, "--yes").exit_code == 0
        assert names(files.where) == FORGOTTEN
        assert files.hold() == ({NAME, ANOTHER} if control else set())
    with closing(open_database(files.where, alone=True)) as database:
        assert holders(database).at("NV1", 0) == "NV1"


def test_who_is_not_known_has_no_name(files: Files) -> None:
    with at_work(files):
        done = forget(files, "--yes")
        assert (done.exit_code, forget(files, "--yes").exit_code) == (0, 0)
        with closing(open_database(files.where, alone=False)) as database:
            assert not forget_name(database, "NV900")


def test_a_row_with_the_code_in_the_place_of_the_name_forgets_it(files: Files) -> None:
    with at_work(files) as store:
        apply(store, 3, {"code": "NV1", "name": "NV1", "active": False})
        assert names(files.where) == FORGOTTEN
        assert files.hold() == set()


@contextmanager
def reading(files: Files) -> Iterator[None]:
    """Somebody whose transaction began before, as a backup's does."""
    if not files.where.startswith("postgresql://"):
        with closing(sqlite3.connect(files.where, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM ledgers").fetchall()
            yield
        return
    import psycopg

    with psycopg.connect(files.where) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute("SELECT * FROM attendance.ledgers")
        yield


def test_whoever_still_reads_is_waited_for_and_told(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.receiver.databases.sqlite_database.READERS_END_S", 0)
    monkeypatch.setattr("edge_agent.receiver.databases.postgresql_database.READERS_END_S", 1)
    with at_work(files) as store:
        with reading(files):
            done = forget(files, "--yes")
            assert (done.exit_code, "edge-agent receive roster forget" in done.output) == (74, True)
            assert names(files.where) == FORGOTTEN
            assert files.hold() != set()
            row = {"code": "NV2", "name": "NV2"}
            payload = json.dumps({"version": 3, "workers": [row]}).encode()
            told = str(store.apply_roster(payload, AT).still_there)
            assert "edge-agent receive roster forget CODE" in told  # Nobody typed the roster.
        assert forget(files, "--yes").exit_code == 0
        assert files.hold() == set()


def test_what_holds_rows_unseen_is_found_by_what_was_kept(
    cluster: Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A prepared transaction, say: no session has it."""
    monkeypatch.setattr("edge_agent.receiver.databases.postgresql_database.READERS_END_S", 1)
    module = "edge_agent.receiver.databases.postgresql_database"
    monkeypatch.setattr(f"{module}._HOLDS_ROWS", "SELECT 0 WHERE ?::text IS NOT NULL")
    files = Files(cluster.new_database(), cluster.folder / "data")
    with at_work(files):
        with reading(files):
            assert forget(files, "--yes").exit_code == 74
        assert forget(files, "--yes").exit_code == 0
        assert files.hold() == set()


def test_whoever_ends_meanwhile_is_waited_for(
    cluster: Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that only begins, in whatever database, holds all rows for a moment; until it has
    gone no table is written, for all of it would have to be written again."""
    files, waits = Files(cluster.new_database(), cluster.folder / "data"), ExitStack()
    gone = list[bool]()

    def sleep(_: float) -> None:
        waits.close()
        gone.append(True)

    def rewrite(database: Any, table: str) -> list[int]:
        assert gone, "written while somebody held its rows"
        return really(database, table)

    from edge_agent.receiver.databases.postgresql_database import PostgresqlDatabase

    really = PostgresqlDatabase._rewrite
    monkeypatch.setattr(PostgresqlDatabase, "_rewrite", rewrite)
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=sleep)
    monkeypatch.setattr("edge_agent.receiver.databases.postgresql_database.time", clock)
    with at_work(files), waits:
        waits.enter_context(reading(files))
        done = forget(files, "--yes")
        assert done.exit_code == 0, done.output
        assert files.hold() == set()


def leave_in_free_pages(files: Files, *texts: str) -> None:
    """As an older version did, which did not overwrite what it deleted."""
    with closing(sqlite3.connect(files.where, isolation_level=None)) as older:
        older.execute("PRAGMA secure_delete = OFF")
        older.execute("CREATE TABLE moved (name TEXT)")
        older.executemany("INSERT INTO moved VALUES (?)", [(text,) for text in texts])
        older.execute("DROP TABLE moved")


def test_what_an_older_version_left_in_free_pages_goes(tmp_path: Path) -> None:
    files = Files(str(tmp_path / "payroll.db"), tmp_path)
    with at_work(files):
        pass
    leave_in_free_pages(files, NAME)
    assert forget(files, "--yes").exit_code == 0
    assert files.hold() == set()


def test_the_second_time_all_that_the_first_had_left_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tables know the name no more by then: free pages may have it."""
    monkeypatch.setattr("edge_agent.receiver.databases.sqlite_database.READERS_END_S", 0)
    files = Files(str(tmp_path / "payroll.db"), tmp_path)
    with at_work(files):
        pass
    leave_in_free_pages(files, NAME, ANOTHER)
    with reading(files):
        assert forget(files, "--yes").exit_code == 74
    assert files.hold() == {NAME, ANOTHER}
    assert forget(files, "--yes").exit_code == 0
    assert files.hold() == set()


def test_what_was_only_deleted_goes_when_it_is_asked_again(files: Files) -> None:
    """By an older version, or by one that was killed between the tables and the files."""
    with at_work(files), pytest.MonkeyPatch.context() as before:
        with closing(open_database(files.where, alone=False)) as database:
            before.setattr(type(database), "scrub", lambda *_: None)
        assert forget(files, "--yes").exit_code == 0
    if not files.where.startswith("postgresql://"):
        leave_in_free_pages(files, NAME)
    assert files.hold() != set()
    assert forget(files, "--yes").exit_code == 0
    assert files.hold() == set()


@pytest.mark.parametrize("by_roster", [False, True])
def test_a_name_that_was_corrected_since_goes_at_once(files: Files, by_roster: bool) -> None:
    """No table knows it any more: it could not be sought. An older version left it in the file."""
    with at_work(files) as store:
        apply(store, 3, {"code": "NV1", "name": CORRECTED})
        if not files.where.startswith("postgresql://"):
            leave_in_free_pages(files, NAME)
            assert files.hold() == {NAME, ANOTHER}
        if by_roster:
            apply(store, 4, {"code": "NV1", "name": "NV1"})
        else:
            assert forget(files, "--yes").exit_code == 0
        assert files.hold() == set()


def test_a_file_is_written_anew_only_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From then on what is deleted is overwritten: a receiver that is at work is not held up."""
    files, done = Files(str(tmp_path / "payroll.db"), tmp_path), []
    execute = SqliteDatabase.execute

    def listen(database: SqliteDatabase, sql: str, parameters: Row = ()) -> int:
        done.append(sql)
        return execute(database, sql, parameters)

    monkeypatch.setattr(SqliteDatabase, "execute", listen)
    with at_work(files) as store:
        apply(store, 3, {"code": "NV2", "name": "NV2"})
        assert done.count("VACUUM") == 1
        assert files.hold() == {NAME, ANOTHER}
        apply(store, 4, {"code": "NV1", "name": CORRECTED})
        assert forget(files, "--yes").exit_code == 0
        assert done.count("VACUUM") == 1
        assert files.hold() == set()


def test_a_table_of_another_role_is_told(cluster: Postgresql) -> None:
    """Where an administrator made the schema for it, the receiver does not own the database."""
    where = cluster.new_database()
    administrate(where, "CREATE ROLE tenant LOGIN", "CREATE SCHEMA attendance AUTHORIZATION tenant")
    files = Files(where.replace("postgres@", "tenant@"), cluster.folder / "data")
    with at_work(files):
        done = forget(files, "--yes")
    assert done.exit_code == 74
    assert done.output.rstrip().endswith(": pg_catalog.pg_statistic")
    administrate(where, "VACUUM FULL pg_catalog.pg_statistic")
    assert files.hold() == set()


def test_a_server_s_log_is_overwritten_as_the_page_says(cluster: Postgresql) -> None:
    import psycopg

    [line] = re.findall(r"\$ (echo .*pg_switch_wal.*psql.*)", PAGE.read_text("utf-8"))
    where = cluster.new_database()
    with psycopg.connect(where, autocommit=True) as connection:
        connection.execute("CREATE TABLE short AS SELECT %s::text", [NAME])
    given = psycopg.conninfo.conninfo_to_dict(where)
    env = {**os.environ, "PGHOST": str(given["host"]), "PGPORT": str(given["port"])}
    env |= {"PGUSER": "postgres", "PATH": f"{BINARIES}:{os.defpath}"}

    def logged() -> bool:
        log = (cluster.folder / "data" / "pg_wal").iterdir()
        return any(NAME.encode() in path.read_bytes() for path in log if path.is_file())

    assert logged()
    for _ in range(2):
        subprocess.run(["bash", "-c", line], env=env, check=True, capture_output=True)
    assert not logged()
