"""The two databases that a receiver may have."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge_agent.cli import main
from edge_agent.contract.told import Sparing

KINDS = ("sqlite", "postgresql")

_EVERY = 3
"""One in so many of a file's tests is run in PostgreSQL each day."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what of PostgreSQL is long: planning the views takes it ten times SQLite's time."""
    seen: Counter[Path] = Counter()
    for item in items:
        params = item.callspec.params if hasattr(item, "callspec") else {}
        if "postgresql" in (params.get("database"), params.get("empty_database")):
            if seen[item.path] % _EVERY:
                item.add_marker(pytest.mark.long)
            seen[item.path] += 1


@pytest.fixture(scope="session")
def postgresql_database(run_folder: Path) -> Iterator[Callable[[bool], str]]:
    """Makes databases in a cluster that is started by the first test that needs it."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    from tests.postgresql import BINARIES, shared_cluster

    if BINARIES is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    with shared_cluster(run_folder) as new_database:
        yield new_database


@pytest.fixture(scope="session")
def new_postgresql_database(postgresql_database: Callable[[bool], str]) -> Callable[[], str]:
    """Makes empty ones."""
    return lambda: postgresql_database(True)


TODAY = "2026-11-28T01:00:00.000Z"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clerk corrects what is not long ago, whenever the tests run."""
    monkeypatch.setattr("edge_agent.cli.receive_correct.now", lambda: TODAY)
    monkeypatch.setattr("edge_agent.cli.receive_settle.now", lambda: TODAY)
    monkeypatch.setattr("edge_agent.cli.receive_retention.now", lambda: TODAY)


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where corrections to a database on a server are written down a second time."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "edge-agent"


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a receiver has its database: a path, then a URL."""
    return _where(request, tmp_path, empty=False)


@pytest.fixture(params=KINDS)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same, where none has been before."""
    return _where(request, tmp_path, empty=True)


def _where(request: pytest.FixtureRequest, folder: Path, empty: bool) -> str:
    if request.param == "sqlite":
        return str(folder / "payroll.db")
    url: str = request.getfixturevalue("postgresql_database")(empty)
    return url


@pytest.fixture
def receive(database: str) -> Callable[..., Result]:
    """Runs a command of payroll's, in English, on a database that a receiver may be at work on."""

    def run(*arguments: str) -> Result:
        asked = ["--lang", "en", "receive", *arguments, "--database", database]
        return CliRunner().invoke(main, asked)

    return run


@pytest.fixture
def short_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told once a minute is told again after a second."""
    monkeypatch.setattr(Sparing.__init__, "__defaults__", (1, 1.0))
