"""A real PostgreSQL for tests: a cluster of the session's own, and a database for each test."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import psycopg

from tests.brokers import free_port

_DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


def _find() -> Path | None:
    if found := shutil.which("pg_ctl"):
        return Path(found).parent
    return _DEBIAN[-1] if _DEBIAN else None


BINARIES = _find()
"""Where initdb and pg_ctl are, or None where there is no PostgreSQL."""

RELAXED = ("fsync = off", "full_page_writes = off")
"""Settings of a cluster that need not survive a power cut."""


class Postgresql:
    """A cluster that speaks on a socket in a folder of its own. A context manager.

    initdb and the server refuse root: where the tests run as root, they run as ``postgres``.
    """

    def __init__(self, settings: Iterable[str] = RELAXED) -> None:
        assert BINARIES is not None, "PostgreSQL is not installed"
        self._bin = BINARIES
        self._settings = settings
        self._port = free_port()
        self._databases = 0
        # Not in pytest's own folder: that is closed to other users.
        self._folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._as: list[str] = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._as = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]

    def new_database(self) -> str:
        """The URL of an empty database."""
        self._databases += 1
        name = f"payroll{self._databases}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, database: str) -> str:
        """The URL of a database, as the superuser."""
        return f"postgresql://postgres@/{database}?host={self._folder}&port={self._port}"

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        self._pg_ctl("start", "-l", str(self._folder / "log"))

    def stop(self) -> None:
        """Stop it; whoever is connected is thrown out."""
        self._pg_ctl("stop", "-m", "fast")

    def crash(self) -> None:
        """End it as a power cut would, as far as that can be had without one."""
        self._pg_ctl("stop", "-m", "immediate")

    def _pg_ctl(self, *arguments: str) -> None:
        self._run("pg_ctl", "-s", "-w", "-D", str(self._folder / "data"), *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        # The server inherits what is open: with pipes, run() would wait for its end.
        with (self._folder / "said").open("ab+") as said:
            done = subprocess.run(
                [*self._as, str(self._bin / program), *arguments],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                timeout=120,
                check=False,
            )
            said.seek(0)
            assert done.returncode == 0, said.read().decode()

    def __enter__(self) -> "Postgresql":
        data = str(self._folder / "data")
        self._run(
            "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"
        )
        with (self._folder / "data" / "postgresql.conf").open("a") as config:
            own = (
                f"port = {self._port}",
                "listen_addresses = ''",
                f"unix_socket_directories = '{self._folder}'",
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
        shutil.rmtree(self._folder)
