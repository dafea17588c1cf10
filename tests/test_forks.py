"""The fork server: its processes are what a Python of their own would be."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from .forks import Forked, ForkServer
from .patience import PATIENCE_S

REFUSED = ("status", "--config", "nowhere.toml")


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with ForkServer() as server:
        yield server


def begin(server: ForkServer, folder: Path, *arguments: str, **variables: str) -> Forked:
    said = (folder / "said").open("w+b")
    with said:
        return server.start(
            arguments,
            stdout=said.fileno(),
            stderr=said.fileno(),
            cwd=folder,
            environment={"PATH": os.environ["PATH"], **variables},
        )


@pytest.mark.parametrize("arguments", [("--version",), REFUSED, ("nonsense",), ("workers",)])
def test_it_ends_as_a_python_of_its_own_does(
    server: ForkServer, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    with TemporaryFile() as said:
        real = subprocess.run(
            [sys.executable, "-m", "edge_agent", *arguments],
            stdout=said,
            stderr=said,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[1])},
            check=False,
        )
        said.seek(0)
        assert begin(server, tmp_path, *arguments).wait(PATIENCE_S) == real.returncode
        assert (tmp_path / "said").read_bytes() == said.read()


def test_it_has_the_environment_and_the_folder_that_it_was_given(
    server: ForkServer, tmp_path: Path
) -> None:
    begin(server, tmp_path, "status", EDGE_AGENT_CONFIG="here.toml").wait(PATIENCE_S)
    assert "here.toml" in (tmp_path / "said").read_text()

    (tmp_path / "mine.toml").write_text("[gate]\nid = 'Main Gate'")
    begin(server, tmp_path, "status", "--config", "mine.toml").wait(PATIENCE_S)
    assert "'Main Gate' cannot be used" in (tmp_path / "said").read_text()


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 0), (signal.SIGKILL, -9)])
def test_it_heeds_signals_and_its_end_is_told(
    server: ForkServer, tmp_path: Path, how: signal.Signals, code: int
) -> None:
    simulator = begin(
        server, tmp_path, "simulate", "--link", "tty", "--control", "sock", "--no-pace"
    )
    link = tmp_path / "tty"
    while not link.exists():
        assert simulator.poll() is None
        time.sleep(0.01)  # A link that is not there yet has no event to wait for.
    with pytest.raises(subprocess.TimeoutExpired):
        simulator.wait(0)
    simulator.send_signal(how)
    assert simulator.wait(PATIENCE_S) == code
    assert simulator.poll() == code
    with pytest.raises(ProcessLookupError):
        os.kill(simulator.pid, 0)


def test_whoever_runs_yet_dies_with_the_server(tmp_path: Path) -> None:
    with ForkServer() as server:
        left = begin(server, tmp_path, "simulate", "--link", "tty", "--control", "sock")
        end = os.pidfd_open(left.pid)
    try:
        assert select.select([end], [], [], 60)[0]
    finally:
        os.close(end)
    with pytest.raises(AssertionError, match="the fork server died before"):
        left.wait()
