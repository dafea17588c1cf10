"""Payroll's database in PostgreSQL, in a schema of its own beside whatever else is there."""

import logging
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from ...contract.broker.access import is_loopback
from ...contract.errors import StoreFault
from ...contract.language import Message, together
from .database import READERS_END_S, DatabaseAway, Guard, Row, StillThere, Unfit

try:
    import psycopg
    from psycopg import sql as words
    from psycopg.conninfo import conninfo_to_dict
except ImportError as error:
    raise StoreFault("payroll.no-psycopg") from error

SCHEMA = "attendance"

_LOCK = 0x65646765_61676E74
"""The advisory lock of the one receiver of a database: "edgeagnt"."""

_TURN = _LOCK + 1
"""The advisory lock of whoever is correcting."""

_PATIENCE: dict[str, Any] = {
    "connect_timeout": 10,
    # A server that vanished without a word is noticed within half a minute.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "application_name": "edge-agent receive",
}
_NOTED = "pg_catalog.pg_statistic"

_LOOK_AGAIN_S = 0.2
"""No event tells that a snapshot has gone."""

_HOLDS_ROWS = """SELECT count(*) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND (datid IS NULL OR datname = current_database())
    AND age(backend_xmin) > age(CAST(? AS xid))"""
"""Sessions that may still read what was deleted before a transaction; one that begins has no
database yet. Not all that holds rows is in there: a prepared transaction is not."""

_LASTING = (
    *("not exist", "authentication failed", "pg_hba.conf", "password supplied"),
    *("support SSL", "certificate"),
)
"""Of a login that was refused there are only the server's words, no SQLSTATE: these stay true."""

_MAY_COME_BACK = ("08", "53", "57", "58", "40")
"""SQLSTATE classes: connection lost, no disk or memory, shut down or starting, I/O, conflict."""

_log = logging.getLogger(__name__)


class PostgresqlDatabase:
    """The database that ``url`` names; see ``Database``.

    What the URL leaves out comes from libpq's own places: PGPASSWORD, the password file, a service.
    """

    types: ClassVar = {
        "bytes": "BYTEA",
        "id": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "moment": "TIMESTAMPTZ",
    }

    def __init__(self, url: str, *, alone: bool) -> None:
        self.name = "(PostgreSQL)"
        with self._faults():
            given = _stated(url)
            tls = _tls(given)
            self._conn = psycopg.connect(url, autocommit=True, **_PATIENCE, **tls)
            info = self._conn.info
            self.name = f"{info.dbname} (PostgreSQL, {info.host}:{info.port})"
            try:
                self._settle(alone)
            except BaseException:
                self._conn.close()
                raise

    def _settle(self, alone: bool) -> None:
        # Another program may pass us a setting by the URL, the role or the server: not these.
        self._conn.execute("SET client_encoding = 'UTF8'")
        self._conn.execute(f"SET search_path = {SCHEMA}")
        # A receipt lets the gate forget: what it covers must survive a power cut. A server that
        # waits for its standby to apply does more than that, and may.
        self._conn.execute(
            "SELECT set_config('synchronous_commit', 'on', false)"
            " WHERE current_setting('synchronous_commit') <> 'remote_apply'"
        )
        # To compile a statement takes half a second and more, to run it a few milliseconds.
        self._conn.execute("SET jit = off")
        if not alone:
            return
        # The last receiver's connection may linger until the server has noticed its end.
        self._conn.execute("SET lock_timeout = '2s'")
        try:
            self._conn.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        except psycopg.errors.LockNotAvailable:
            raise DatabaseAway("payroll.database-in-use", name=self.name) from None
        self._conn.execute("RESET lock_timeout")
        if self.query("SHOW fsync") == [("off",)]:
            _log.warning("fsync-off a power cut there loses what was confirmed: %s", self.name)

    def adopt(self) -> None:
        # Not IF NOT EXISTS: that needs the right to make one even where an administrator has.
        if self.query("SELECT to_regnamespace(?) IS NULL", [SCHEMA])[0][0]:
            self.execute(f"CREATE SCHEMA {SCHEMA}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._faults(), self._conn.transaction():
            yield

    def query(self, sql: str, parameters: Row = ()) -> list[tuple[Any, ...]]:
        with self._faults():
            return self._conn.execute(_own(sql), parameters).fetchall()

    def execute(self, sql: str, parameters: Row = ()) -> int:
        with self._faults():
            return self._conn.execute(_own(sql), parameters or None).rowcount

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        into = words.SQL("COPY {} ({}) FROM STDIN").format(
            words.Identifier(table), words.SQL(", ").join(map(words.Identifier, columns))
        )
        with self._faults(), self._conn.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows:
                copy.write_row(row)

    def rows(self, **columns: str) -> str:
        fields = ", ".join(
            f"(value ->> {place})::{kind} AS {name}"
            for place, (name, kind) in enumerate(columns.items())
        )
        return f"(SELECT {fields} FROM json_array_elements(?::json))"

    def tables(self) -> set[str]:
        found = self.query(
            "SELECT tablename FROM pg_tables WHERE schemaname = ?",
            [SCHEMA],
        )
        return {name for (name,) in found}

    def guard(self, guard: Guard) -> None:
        table = guard.table
        for name, when, unless in (
            ("changed", "UPDATE", "FALSE"),
            ("removed", "DELETE", guard.elsewhere),
            ("emptied", "TRUNCATE", "FALSE"),
        ):
            called, each = f"{table}_are_not_{name}", "STATEMENT" if when == "TRUNCATE" else "ROW"
            # With a path of its own: whoever tries could set theirs to tables of the same names.
            self.execute(
                f"CREATE FUNCTION {called}() RETURNS trigger LANGUAGE plpgsql"
                f" SET search_path = {SCHEMA}, pg_temp AS $$ BEGIN"
                f" IF {unless} THEN RETURN OLD; END IF; RAISE EXCEPTION '{guard.why}'; END $$"
            )
            self.execute(
                f"CREATE TRIGGER {called} BEFORE {when} ON {table} FOR EACH {each}"
                f" EXECUTE FUNCTION {called}()"
            )

    def uncheck(self, table: str, column: str) -> None:
        self.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_check")

    def grants(self, views: Iterable[str]) -> list[str]:
        found = self.query(
            "SELECT table_name, privilege_type, grantee FROM information_schema.role_table_grants"
            " WHERE table_schema = ? AND table_name = ANY(?) AND grantee <> current_user",
            [SCHEMA, list(views)],
        )
        return [
            words.SQL("GRANT {} ON {} TO {}")
            .format(
                words.SQL(privilege),
                words.Identifier(view),
                words.SQL("PUBLIC") if grantee == "PUBLIC" else words.Identifier(grantee),
            )
            .as_string(self._conn)
            for view, privilege, grantee in found
        ]

    def scrub(self, columns: Mapping[str, str]) -> None:
        # What ANALYZE has noted of a column has values of it, and is a table as well.
        tables = [*(f"{SCHEMA}.{table}" for table in columns), _NOTED]
        with self._faults():
            self._conn.execute(f"SET lock_timeout = '{READERS_END_S}s'")
            try:
                for table, column in columns.items():
                    # Its type stays; what was noted of it goes.
                    self._conn.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE TEXT")
                left = [table for table in tables if not self._write_anew(table)]
            except (psycopg.errors.LockNotAvailable, _DeadRowsKept):
                raise StillThere("payroll.name-still-read", name=self.name) from None
            finally:
                self._conn.execute("RESET lock_timeout")
        if left:
            raise StillThere("payroll.name-not-owner", name=self.name, tables=", ".join(left))

    def _write_anew(self, table: str) -> bool:
        """Into another file, with no row that was deleted; False: this role may not.

        VACUUM alone takes a row away and may leave its bytes where they are. Whoever only begins a
        session meanwhile, in whatever database, holds rows for a moment, and is waited for: a table
        is not written for nothing while somebody is seen to hold them. Whether nobody did, VACUUM
        alone tells. Raises _DeadRowsKept.
        """
        deadline, pause = time.monotonic() + READERS_END_S, _LOOK_AGAIN_S
        [(since,)] = self.query("SELECT pg_current_xact_id()::xid::text")
        while True:
            while time.monotonic() < deadline and self.query(_HOLDS_ROWS, [since]) != [(0,)]:
                time.sleep(_LOOK_AGAIN_S)
            dead = self._rewrite(table)
            if not any(dead):
                return bool(dead)
            if time.monotonic() > deadline:
                raise _DeadRowsKept
            time.sleep(pause)
            pause *= 2

    def _rewrite(self, table: str) -> list[int]:
        """Dead rows that were kept, of the table and its own; empty: this role may not."""
        dead: list[int] = []
        heard = partial(_hear_dead_rows, dead)
        self._conn.add_notice_handler(heard)
        try:
            self._conn.execute(f"VACUUM (FULL, VERBOSE) {table}")
        finally:
            self._conn.remove_notice_handler(heard)
        return dead

    def wait_for_turn(self) -> None:
        self.query("SELECT pg_advisory_xact_lock(?)", [_TURN])

    def beside(self, suffix: str) -> Path:
        info = self._conn.info
        place = re.sub(r"[^A-Za-z0-9.-]+", "_", f"{info.host}_{info.port}_{info.dbname}")
        return _state_folder() / f"{place.strip('_')}{suffix}"

    def close(self) -> None:
        self._conn.close()

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except UnicodeEncodeError as error:
            raise Unfit("PostgreSQL does not take a value (UnicodeEncodeError)") from error
        except psycopg.Error as error:
            if _of_a_value(error):
                raise Unfit(f"PostgreSQL does not take a value ({type(error).__name__})") from error
            message = _told(error)
            if self._may_come_back(error):
                raise DatabaseAway("payroll.database-away", name=self.name, why=message) from error
            told = Message("payroll.database-unusable", name=self.name, why=message)
            look = Message("payroll.database-look-at-server")
            raise StoreFault(together(told, look, _about_tls(message)) or told) from error

    def _may_come_back(self, error: psycopg.Error) -> bool:
        if error.sqlstate is not None:
            return error.sqlstate.startswith(_MAY_COME_BACK)
        # libpq itself could not reach the server, or lost it, or was not let in.
        lasting = any(words in str(error) for words in _LASTING)
        return isinstance(error, psycopg.OperationalError) and not lasting


_OF_A_VALUE = ("22", "23", "54")
"""SQLSTATE classes: a value out of its range, against a constraint, too long for an index."""


def _of_a_value(error: psycopg.Error) -> bool:
    if error.sqlstate is None:  # psycopg itself could not write it down.
        return isinstance(error, psycopg.DataError)
    return error.sqlstate.startswith(_OF_A_VALUE)


class _DeadRowsKept(Exception):
    """VACUUM took deleted rows along: a transaction that began before may still read them."""


def _hear_dead_rows(dead: list[int], notice: psycopg.errors.Diagnostic) -> None:
    """Note how many deleted rows VACUUM had to keep: the only number there, in any language."""
    if notice.severity_nonlocalized == "INFO" and notice.message_detail:
        first, *_ = notice.message_detail.splitlines()  # The others are of its time.
        dead += [int(number) for number in re.findall(r"\d+", first)]


def _told(error: psycopg.Error) -> str:
    """What the server says first; DETAIL and CONTEXT quote rows, and with them names."""
    if error.sqlstate is None:
        return " ".join(str(error).split())
    return f"{' '.join((error.diag.message_primary or '').split())} ({error.sqlstate})"


def _stated(url: str) -> dict[str, Any]:
    """What a URL states. Raises StoreFault, and quotes nothing of it: a password that is none by
    the rules of URLs, for it has a slash or a percent sign, would be quoted as something else."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:
        raise StoreFault("payroll.url-unreadable") from None
    if any("password" in key for key in given) or "@" in str(given.get("dbname")):
        raise StoreFault("payroll.password-in-url")
    if not str(given.get("port", "0")).replace(",", "0").isdigit():
        raise StoreFault("payroll.url-unreadable")
    return given


def _tls(given: dict[str, Any]) -> dict[str, Any]:
    """What libpq is told of TLS beyond the URL: over a network, as for MQTT, it is spoken, and the
    server's certificate and name are verified, unless somebody has said otherwise.
    """
    hosts = str(given.get("host") or os.environ.get("PGHOST", "")).split(",")
    # A service's file may say all of this, and more.
    if "service" in given or "PGSERVICE" in os.environ or not any(map(_over_network, hosts)):
        return {}
    said = given.get("sslmode") or os.environ.get("PGSSLMODE")
    if said is not None:
        if said != "verify-full":
            _log.warning("tls-weak sslmode=%s: others may read and forge what is paid", said)
        return {}
    own = Path("~/.postgresql/root.crt").expanduser()
    named = "sslrootcert" in given or "PGSSLROOTCERT" in os.environ or own.exists()
    return {"sslmode": "verify-full"} | ({} if named else {"sslrootcert": "system"})


def _over_network(host: str) -> bool:
    return bool(host) and not host.startswith(("/", "@")) and not is_loopback(host)


def _about_tls(message: str) -> Message | None:
    of_tls = "SSL" in message or "certificate" in message
    return Message("payroll.database-tls") if of_tls else None


def _state_folder() -> Path:
    """What systemd has given us (systemd.exec(5)), or this user's own (XDG Base Directory)."""
    if given := os.environ.get("STATE_DIRECTORY"):
        return Path(given.partition(":")[0])
    if state := os.environ.get("XDG_STATE_HOME"):
        return Path(state) / "edge-agent"
    try:
        return Path.home() / ".local/state/edge-agent"
    except RuntimeError as error:
        raise StoreFault("payroll.no-home") from error


def _own(sql: str) -> str:
    """Our placeholders as psycopg writes them. Nothing of ours has another ``?`` or a ``%``."""
    return sql.replace("?", "%s")
