"""The roles of docs/receiver.md, made as it says, in a real PostgreSQL."""

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge_agent.cli import main
from edge_agent.receiver.databases import schema, views
from edge_agent.receiver.store import PayrollStore

from .test_effects import AT, CODE, Ledger

PAGE = Path(__file__).parents[2] / "docs" / "receiver.md"
AS_ADMINISTRATOR, AS_RECEIVER = re.findall(r"```sql\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
WHO = ["--actor", "office-1", "--reason", "x"]


BEFORE_SESSIONS_WERE_KEPT = """
SET search_path = attendance;
DROP TABLE kept_sessions, kept_doubts, kept_presses, change_log, pairing_due CASCADE;
DROP TABLE shift_versions, shifts CASCADE;
DROP VIEW owned CASCADE;
DROP INDEX marks_of_worker, marks_without_time, rulings_of_punch, rulings_in_time;
ALTER TABLE marks DROP COLUMN direction_source;
ALTER TABLE rulings DROP COLUMN direction, DROP COLUMN direction_source;
ALTER TABLE known_workers DROP COLUMN team;
DELETE FROM receiver_steps WHERE name IN ('worktime', 'changes');
DELETE FROM derived WHERE what IN ('views', 'pairing');
CREATE ROLE corrector LOGIN;
GRANT USAGE ON SCHEMA attendance TO corrector;
GRANT SELECT ON ALL TABLES IN SCHEMA attendance TO corrector;
GRANT INSERT ON corrections TO corrector;
ALTER DEFAULT PRIVILEGES IN SCHEMA attendance GRANT SELECT ON TABLES TO corrector;
"""


def test_whoever_might_correct_before_may_still(
    new_postgresql_database: Callable[[], str],
) -> None:
    """Correcting renews sessions now, in tables that did not exist when rights were given."""
    import psycopg

    administrator = new_postgresql_database()
    ledger = Ledger("a")
    ledger.punch("23 06:00", "in")
    with closing(PayrollStore(administrator)) as store:
        store.take(ledger.arrivals, AT)
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute(BEFORE_SESSIONS_WERE_KEPT)
    PayrollStore(administrator).close()
    office = administrator.replace("postgres@", "corrector@")
    add = ["correct", "add", CODE, "2026-11-23T16:00", "--direction", "out", *WHO]
    done = CliRunner().invoke(main, ["--lang", "en", "receive", *add, "--database", office])
    assert done.exit_code == 0, done.output
    with psycopg.connect(office) as connection:
        found = connection.execute("SELECT status FROM attendance.kept_sessions").fetchall()
    assert found == [("complete",)]


def test_roles_may_do_what_the_page_says_and_nothing_else(
    new_postgresql_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import psycopg

    administrator = new_postgresql_database()
    with psycopg.connect(administrator, autocommit=True) as connection:
        for statement in filter(str.strip, AS_ADMINISTRATOR.split(";")):
            connection.execute(statement)
    database = re.sub(r"/payroll\d+\?", "/payroll?", administrator)
    url = {
        role: database.replace("postgres@", f"{role}@") for role in ("payroll", "office", "clerk")
    }

    def tries(role: str, sql: str) -> int:
        with psycopg.connect(url[role]) as connection:
            return connection.execute(sql).rowcount

    ledger = Ledger("a")
    ledger.punch("23 06:00", "in")
    with closing(PayrollStore(url["payroll"])) as store:
        store.take(ledger.arrivals, AT)
    with psycopg.connect(url["payroll"]) as connection:
        connection.execute(AS_RECEIVER)

    # A later version of the receiver has other views.
    monkeypatch.setattr(
        schema, "VIEWS", views.VIEWS | {"punches": views.VIEWS["punches"] + " WHERE TRUE"}
    )
    PayrollStore(url["payroll"]).close()

    for view in ("punches", "sessions"):
        assert tries("clerk", f"SELECT * FROM attendance.{view}") == 1
    for sql in (
        "SELECT * FROM attendance.known_workers",
        "SELECT * FROM attendance.entries",
        "SELECT * FROM attendance.judged",
        "DELETE FROM attendance.corrections",
        "INSERT INTO attendance.corrections (made_at, actor, reason, what)"
        " VALUES (1, 2, 3, 'void')",
        "CREATE TABLE attendance.mine (x INTEGER)",
        "CREATE TEMPORARY TABLE mine (x INTEGER)",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            tries("clerk", sql)
    for sql in (
        "DELETE FROM attendance.corrections",
        "UPDATE attendance.entries SET worker = NULL",
        "INSERT INTO attendance.known_workers VALUES ('1', 'x')",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            tries("office", sql)
    for arguments in (
        ["correct", "add", CODE, "2026-11-23T16:00", *WHO],
        ["correct", "move", "a", "1", "2026-11-23T06:30", *WHO],
        ["correct", "undo", "2", *WHO],
        ["correct", "void", "a", "1", *WHO],
        ["correct", "void", "payroll", "1", *WHO],
        ["correct", "list"],
        ["settle", "--month", "2026-11", "--actor", "office-1"],
        ["close", "--month", "2026-10", "--force", *WHO],
        ["closings"],
        ["diff", "--month", "2026-10"],
        ["diff", "--month", "2026-10", "--since", "2026-11-01"],
        ["coverage", "--gate", "main-gate", "--from", "2026-11-23", "--to", "2026-11-24"],
        ["export", "--month", "2026-11", "--output", str(tmp_path / "month.xlsx")],
    ):
        done = CliRunner().invoke(
            main, ["--lang", "en", "receive", *arguments, "--database", url["office"]]
        )
        assert done.exit_code == 0, done.output
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        tries("payroll", "DELETE FROM attendance.corrections")
