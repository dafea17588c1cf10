"""Payroll's own corrections survive a restored database."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge_agent.cli import main
from edge_agent.contract.errors import BadRequest
from edge_agent.receiver.databases import open_database
from edge_agent.receiver.office.correct import add, tell_shifts
from edge_agent.receiver.office.journal import MOST_DETAILS, Who, everything, keep_journal
from edge_agent.receiver.store import PayrollStore
from edge_agent.receiver.worktime.decided_shifts import put_decided_in_force
from edge_agent.receiver.worktime.known_shifts import shifts_in_force
from edge_agent.receiver.worktime.shifts import Shift

from .conftest import TODAY
from .running import rows
from .test_effects import AT, CODE, Ledger, judged

WHO = ["--actor", "office-1", "--reason", "quên bấm"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Nine punches of yesterday's backup."""
    file = tmp_path / "payroll.db"
    with closing(PayrollStore(str(file))) as store:
        store.take(nine_punches().arrivals, AT)
    shutil.copy(file, tmp_path / "backup")
    return file


def nine_punches() -> Ledger:
    a = Ledger("a")
    for hour in range(9):
        a.punch(f"23 {hour + 7:02}:00")
    return a


@pytest.fixture
def receive(file: Path) -> Callable[..., Result]:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(
            main, ["--lang", "en", "receive", *arguments, "--database", str(file)]
        )

    return run


def restore(file: Path) -> None:
    for beside in ("-wal", "-shm"):
        file.with_name(file.name + beside).unlink(missing_ok=True)
    shutil.copy(file.with_name("backup"), file)


def corrections(file: Path) -> list[tuple[object, ...]]:
    return rows(file, "SELECT * FROM corrections ORDER BY id")


@pytest.mark.parametrize("how", ["receiver", "office", "emptied"])
def test_corrections_come_back_by_themselves(
    file: Path, receive: Callable[..., Result], how: str, caplog: pytest.LogCaptureFixture
) -> None:
    for seq in range(1, 10):
        assert receive("correct", "void", "a", str(seq), *WHO).exit_code == 0
    assert receive("correct", "add", CODE, "2026-11-23T20:00", *WHO).exit_code == 0
    assert receive("correct", "void", "payroll", "10", *WHO).exit_code == 0
    before, standing = corrections(file), judged(str(file))
    restore(file)
    assert len(corrections(file)) == 0
    if how == "emptied":
        for suffix in ("", "-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
    if how == "office":
        told = receive("export", "--month", "2026-11", "--output", str(file.with_name("x.xlsx")))
        assert "11 corrections came back" in told.output
    else:
        PayrollStore(str(file)).close()
        assert "corrections-taken-in count=11" in caplog.text
    assert corrections(file) == before
    if how != "emptied":
        assert judged(str(file)) == standing
    # Once is enough, and numbers go on.
    PayrollStore(str(file)).close()
    assert receive("correct", "add", CODE, "2026-11-23T21:00", *WHO).exit_code == 0
    assert corrections(file)[:-1] == before
    assert len(journal(file)) == 12


SHIFTS = ('[[shift]]\ncode = "HC"\nbegin = "06:00"\nend = "18:00"\n', '[[shift]]\ncode = "D"\n'
          'begin = "18:00"\nend = "06:00"\n')  # fmt: skip


@pytest.mark.parametrize("how", ["backup", "emptied", "file"])
def test_shifts_come_back_like_corrections(
    file: Path, receive: Callable[..., Result], tmp_path: Path, how: str
) -> None:
    table, month = tmp_path / "ca.toml", tmp_path / "month.xlsx"
    for version, text in enumerate((*SHIFTS, SHIFTS[0]), start=1):
        table.write_text(text, encoding="utf-8")
        done = receive("shifts", "import", str(table), "--actor", "office-1")
        assert f"version {version} is in force" in done.output
    assert receive("shifts", "import", str(table)).output.count("the same as version 3") == 1
    shown, sessions = receive("shifts", "show", "--json").output, kept(file)
    assert sessions
    assert receive("export", "--month", "2026-11", "--output", str(month)).exit_code == 0
    restore(file)
    if how == "backup":
        assert receive("shifts", "show", "--json").stdout == shown
    else:
        for suffix in ("", "-wal", "-shm", *([".corrections"] if how == "file" else [])):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        PayrollStore(str(file)).close()
        if how == "file":
            assert receive("correct", "import", str(month)).exit_code == 0
        assert receive("shifts", "show", "--json").stdout == shown
        with closing(PayrollStore(str(file))) as store:
            store.take(nine_punches().arrivals, AT)
    assert receive("shifts", "show", "--json").stdout == shown
    assert kept(file) == sessions


def test_a_table_of_shifts_is_taken_back_by_its_number(
    file: Path, receive: Callable[..., Result], tmp_path: Path
) -> None:
    table = tmp_path / "ca.toml"
    for text in SHIFTS:
        table.write_text(text, encoding="utf-8")
        receive("shifts", "import", str(table))
    told = receive("correct", "list", "--json").output
    assert [(one["what"], one["reason"]) for one in json.loads(told)] == [("shifts", "ca.toml")] * 2
    for number, left in ((2, ["HC"]), (1, [])):
        assert receive("correct", "undo", str(number), *WHO).exit_code == 0
        shown = json.loads(receive("shifts", "show", "--json").output)
        assert [one["code"] for one in shown["shifts"]] == left


def test_a_table_that_is_too_long_for_a_row(file: Path) -> None:
    later = {"begin": "06:00", "end": "18:00", "valid_from": "2030-01-01"}
    shifts = [Shift(code=f"ca-{n}", **later) for n in range(2000)]
    who = Who(TODAY, "office-1", "x")
    with closing(open_database(str(file), alone=False)) as database:
        assert tell_shifts(database, who, shifts) == 1
        assert shifts_in_force(database) == shifts
        longest = max(len(row.details or "") for row in everything(database))
        assert longest <= MOST_DETAILS
        # Half of a table that a power cut has left is none.
        database.execute(
            "INSERT INTO corrections (made_at, actor, reason, what, details)"
            " SELECT 'x', actor, reason, what, details FROM corrections WHERE id = 1"
        )
        put_decided_in_force(database)
        assert shifts_in_force(database) == shifts


def kept(file: Path) -> list[tuple[object, ...]]:
    return rows(file, "SELECT code, in_at, out_at, shift, status, seconds FROM kept_sessions")


def journal(file: Path) -> list[str]:
    return file.with_name("payroll.db.corrections").read_text("utf-8").splitlines()


def test_what_an_older_version_entered_is_written_down_at_its_start(
    file: Path, receive: Callable[..., Result]
) -> None:
    receive("correct", "void", "a", "1", *WHO)
    file.with_name("payroll.db.corrections").unlink()
    PayrollStore(str(file)).close()
    assert len(journal(file)) == 1
    assert file.with_name("payroll.db.corrections").stat().st_mode & 0o777 == 0o600


def test_a_line_that_a_power_cut_has_torn_costs_nothing(
    file: Path, receive: Callable[..., Result]
) -> None:
    receive("correct", "void", "a", "1", *WHO)
    receive("correct", "void", "a", "2", *WHO)
    path = file.with_name("payroll.db.corrections")
    path.write_bytes(path.read_bytes()[:-20])
    PayrollStore(str(file)).close()
    restore(file)
    PayrollStore(str(file)).close()
    assert [row[5:7] for row in corrections(file)] == [("a", 1), ("a", 2)]


def test_a_number_that_was_given_anew_takes_nothing_of_another(
    file: Path, receive: Callable[..., Result]
) -> None:
    """Somebody has written into the restored database before it was opened here."""
    receive("correct", "add", CODE, "2026-11-23T20:00", *WHO)
    receive("correct", "void", "payroll", "1", *WHO)
    receive("correct", "void", "a", "1", *WHO)
    restore(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as conn:
        conn.execute(
            "INSERT INTO corrections (made_at, actor, reason, what, code, at, at_ms, day, time)"
            " VALUES ('x', 'x', 'x', 'add', '0007', '2026-11-23T07:00:00.000+07:00', 1795392000000,"
            " '2026-11-23', '07:00:00')"
        )
    PayrollStore(str(file)).close()
    PayrollStore(str(file)).close()
    states = rows(file, "SELECT code, state FROM punches WHERE ledger = 'payroll' ORDER BY seq")
    assert states == [("0007", "valid"), (CODE, "voided")]
    assert len(corrections(file)) == len(journal(file)) - 1 == 4
    assert judged(str(file))[0] == ("a", 1, "voided")


def test_a_journal_that_cannot_be_used_stops_no_receiver(
    file: Path, receive: Callable[..., Result], caplog: pytest.LogCaptureFixture
) -> None:
    file.with_name("payroll.db.corrections").mkdir()
    PayrollStore(str(file)).close()
    assert "corrections-journal" in caplog.text
    told = receive("correct", "void", "a", "1", *WHO)
    assert told.exit_code == 74
    assert "is lost with the database" in told.output


class OnServer:
    """A database of PostgreSQL of which yesterday's backup can be restored."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = url.partition("?")[0].rpartition("/")[2]
        a = Ledger("a")
        for hour in range(9):
            a.punch(f"23 {hour + 7:02}:00")
        self._server = url.replace(f"/{self.name}?", "/postgres?")
        with closing(PayrollStore(url)) as store:
            store.take(a.arrivals, AT)
        self._copy(self.name, f"{self.name}_old")

    def restore(self) -> None:
        self._copy(f"{self.name}_old", self.name)

    def _copy(self, source: str, target: str) -> None:
        import psycopg

        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {target} TEMPLATE {source}")

    def receive(self, *arguments: str) -> Result:
        return CliRunner().invoke(
            main, ["--lang", "en", "receive", *arguments, "--database", self.url]
        )

    def corrections(self) -> list[tuple[object, ...]]:
        return rows(self.url, "SELECT * FROM corrections ORDER BY id")


@pytest.fixture
def server(new_postgresql_database: Callable[[], str]) -> OnServer:
    return OnServer(new_postgresql_database())


@pytest.mark.parametrize("how", ["receiver", "office"])
def test_corrections_come_back_to_a_server_too(
    server: OnServer, how: str, state_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for seq in range(1, 10):
        assert server.receive("correct", "void", "a", str(seq), *WHO).exit_code == 0
    assert server.receive("correct", "add", CODE, "2026-11-23T20:00", *WHO).exit_code == 0
    assert server.receive("correct", "void", "payroll", "10", *WHO).exit_code == 0
    before, standing = server.corrections(), judged(server.url)
    assert len(before) == 11
    [written] = state_folder.iterdir()
    assert written.name.endswith(f"_{server.name}.corrections")
    assert (written.stat().st_mode & 0o777, state_folder.stat().st_mode & 0o777) == (0o600, 0o700)
    server.restore()
    assert server.corrections() == []
    if how == "office":
        told = server.receive(
            "export", "--month", "2026-11", "--output", str(state_folder / "x.csv")
        )
        assert "11 corrections came back" in told.output
    else:
        PayrollStore(server.url).close()
        assert "corrections-taken-in count=11" in caplog.text
    assert server.corrections() == before
    assert judged(server.url) == standing
    # Once is enough, and numbers go on.
    PayrollStore(server.url).close()
    assert server.receive("correct", "add", CODE, "2026-11-23T21:00", *WHO).exit_code == 0
    assert server.corrections()[:-1] == before


def test_the_receiver_writes_down_what_a_clerk_enters_at_another_machine(
    server: OnServer, state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(PayrollStore(server.url)) as store:
        store.update_coverage(0)
        with monkeypatch.context() as elsewhere:
            elsewhere.setenv("XDG_STATE_HOME", str(state_folder / "of-the-clerk"))
            assert server.receive("correct", "void", "a", "1", *WHO).exit_code == 0
        store.update_coverage(61)
    server.restore()
    PayrollStore(server.url).close()
    assert [row[5:7] for row in server.corrections()] == [("a", 1)]


def test_a_receiver_under_systemd_writes_to_the_folder_of_its_unit(
    server: OnServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "unit"))
    assert server.receive("correct", "void", "a", "1", *WHO).exit_code == 0
    assert [path.suffix for path in (tmp_path / "unit").iterdir()] == [".corrections"]


def test_nothing_is_entered_twice_by_two_at_once(server: OnServer) -> None:
    """Each takes in the same lost correction, or adds the same punch."""
    assert server.receive("correct", "void", "a", "1", *WHO).exit_code == 0
    server.restore()

    def correct(_: int) -> bool:
        with closing(open_database(server.url, alone=False)) as database:
            keep_journal(database)
            try:
                who = Who(TODAY, "office-1", "x")
                add(database, who, CODE, "2026-11-23T20:00", zone="Asia/Ho_Chi_Minh")
            except BadRequest:
                return False
            return True

    with ThreadPoolExecutor(4) as clerks:
        assert sorted(clerks.map(correct, range(4))) == [False, False, False, True]
    assert sorted(row[4] for row in server.corrections()) == ["add", "void"]
