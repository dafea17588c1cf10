"""A real PostgreSQL for tests: a cluster of the session's own, and a database for each test."""

import fcntl
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO

import psycopg

from edge_agent.receiver.store import PayrollStore

from . import children
from .brokers import free_port
from .patience import PATIENCE_S

_DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


def _find() -> Path | None:
    if found := shutil.which("pg_ctl"):
        return Path(found).parent
    return _DEBIAN[-1] if _DEBIAN else None


BINARIES = _find()
"""Where initdb and pg_ctl are, or None where there is no PostgreSQL."""


RELAXED = ("fsync = off", "full_page_writes = off", "autovacuum = off", "jit = off")
"""Settings of a cluster that need not survive a power cut, nor the week."""


class Postgresql:
    """A cluster that speaks on a socket in a folder of its own. A context manager.

    initdb and the server refuse root: where the tests run as root, they run as ``postgres``.
    """

    def __init__(self, settings: Iterable[str] = RELAXED) -> None:
        assert BINARIES is not None, "PostgreSQL is not installed"
        self._bin = BINARIES
        self._settings = settings
        self._port = free_port()
        # Not in pytest's own folder: that is closed to other users.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._as: list[str] = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as = ["--reuid=postgres", "--regid=postgres", "--clear-groups"]

    def new_database(self) -> str:
        """The URL of an empty database."""
        return _new_database(self.url(""), _EMPTY)

    def url(self, database: str) -> str:
        """The URL of a database, as the superuser."""
        return f"postgresql://postgres@/{database}?host={self.folder}&port={self._port}"

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        command = [self._bin / "postgres", "-D", self.folder / "data"]
        log = self.folder / "log"
        self._server = children.start(command, log, cwd=self.folder, options=self._as)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            assert self._server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                time.sleep(0.02)  # A socket that is not there yet has no event to wait for.
            else:
                return

    def stop(self) -> None:
        """Stop it; whoever is connected is thrown out."""
        children.end(self._server, signal.SIGINT)

    def crash(self) -> None:
        """End it as a power cut would, as far as that can be had without one."""
        children.end(self._server, signal.SIGQUIT)

    def _run(self, program: str, *arguments: str) -> None:
        # The server inherits what is open: with pipes, run() would wait for its end.
        with (self.folder / "said").open("ab+") as said:
            done = subprocess.run(
                [*(["setpriv", *self._as] if self._as else ()), self._bin / program, *arguments],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                timeout=PATIENCE_S,
                check=False,
            )
            said.seek(0)
            assert done.returncode == 0, said.read().decode()

    def __enter__(self) -> "Postgresql":
        data = str(self.folder / "data")
        self._run(
            "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"
        )
        with (self.folder / "data" / "postgresql.conf").open("a") as config:
            own = (
                f"port = {self._port}",
                "listen_addresses = ''",
                f"unix_socket_directories = '{self.folder}'",
            )
            config.write("\n".join([*own, *self._settings, ""]))
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.crash()
        shutil.rmtree(self.folder)


_numbers = itertools.count()

_EMPTY, _USED = "template1", "used"
"""Of what a new database is a copy: of nothing, or of one that a receiver has had."""


def _new_database(cluster: str, template: str) -> str:
    """The URL of a database of the cluster, which the processes of a test run share."""
    name = f"payroll{os.getpid()}{next(_numbers):04}"
    with psycopg.connect(cluster.replace("/?", "/postgres?"), autocommit=True) as connection:
        # As files: half the work of writing each page to a log first.
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    return cluster.replace("/?", f"/{name}?")


def _lay_out(cluster: str) -> None:
    """Make the database of which most tests get a copy: tables and views take their time."""
    with psycopg.connect(cluster.replace("/?", "/postgres?"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_USED}")
    PayrollStore(cluster.replace("/?", f"/{_USED}?")).close()


@contextmanager
def shared_cluster(folder: Path) -> Iterator[Callable[[bool], str]]:
    """Makes databases in one cluster for all processes of a test run.

    What is yielded takes whether the database is to be empty, or as a receiver has left it that
    has heard of nothing yet, and returns its URL.

    ``folder`` is theirs. Whoever wants the cluster first starts it, and ends it once nobody uses
    it any more: each holds a lock for as long.
    """
    url = folder / "cluster.url"
    with (
        (folder / "cluster.starting").open("w") as starting,
        (folder / "cluster.used").open("w") as used,
        ExitStack() as own,
    ):
        fcntl.flock(starting, fcntl.LOCK_EX)
        if not url.exists():
            cluster = own.enter_context(Postgresql())
            _lay_out(cluster.url(""))
            url.write_text(cluster.url(""))
            own.callback(_wait_for_the_others, url, starting, used)
        fcntl.flock(used, fcntl.LOCK_SH)
        fcntl.flock(starting, fcntl.LOCK_UN)
        address = url.read_text()
        yield lambda empty: _new_database(address, _EMPTY if empty else _USED)


def _wait_for_the_others(url: Path, starting: IO[str], used: IO[str]) -> None:
    """Return once nobody uses the cluster any more, and nobody new can come to it."""
    fcntl.flock(starting, fcntl.LOCK_EX)
    url.unlink()
    fcntl.flock(starting, fcntl.LOCK_UN)
    fcntl.flock(used, fcntl.LOCK_EX)
