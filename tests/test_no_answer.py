"""What commands say of a daemon that has the gate and does not answer: it starts, or listens
elsewhere."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.gate.daemon.assembly import Assembly
from edge_agent.gate.settings.load import load_settings
from tests.commands import Edge, gate_without_a_daemon
from tests.gate.control.serving import serving

AGE = "edge_agent.gate.control.no_answer._START_S"
PATIENCE = "edge_agent.gate.control.no_answer._PATIENCE_S"


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Edge]:
    """Types at a gate whose database a daemon has, this process, that answers nowhere."""
    config, edge = gate_without_a_daemon(tmp_path)
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(config))
    assembly = Assembly(load_settings(config))
    with closing(assembly.store()):
        pass
    lock = assembly.lock()
    lock.acquire("daemon")
    yield edge
    lock.release()


def test_a_daemon_that_starts_is_waited_for(
    held: Edge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A technician starts it and goes on typing: nothing is to be stopped for that."""
    monkeypatch.setattr(AGE, 1e9)
    answered = threading.Event()

    def later() -> None:
        time.sleep(0.5)
        with serving(tmp_path / "control.sock"):
            answered.wait(30)

    daemon = threading.Thread(target=later)
    daemon.start()
    try:
        result = held("workers", "deactivate", "NV001", "--json")
    finally:
        answered.set()
        daemon.join()
    assert result.exit_code == 0, result.output
    assert '"did": "DeactivateWorker"' in result.stdout
    assert result.stderr == "Chương trình cổng đang khởi động; chờ đến khi nó trả lời …\n"


@pytest.mark.parametrize("young", [True, False])
@pytest.mark.parametrize(
    ("line", "code"),
    [("workers add NV001 Mây", 75), ("watch", 69), ("config check", 0), ("status", 69)],
)
def test_no_command_calls_it_stopped_or_has_it_started(
    held: Edge, monkeypatch: pytest.MonkeyPatch, *, line: str, code: int, young: bool
) -> None:
    """Nor stopped for what the daemon would do itself."""
    monkeypatch.setattr(AGE, 1e9 if young else -1.0)
    monkeypatch.setattr(PATIENCE, 0.3)

    told = held(*line.split())

    assert told.exit_code == code, told.output
    assert ("đang khởi động (tiến trình " in told.output) is young
    assert ("đã đổi [control] socket" in told.output) is not young
    for wrong in ("Khởi động: ", "khởi động bằng", "chỉ làm được khi nó dừng", "đã dừng"):
        assert wrong not in told.output
    assert ("chờ đến khi nó trả lời" in told.output) is (young and line[:1] == "w")


def test_one_that_listens_elsewhere_is_not_waited_for(
    held: Edge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """However young it is: [control] socket may be changed right after a start."""
    monkeypatch.setattr(AGE, 1e9)
    with serving(tmp_path / "before.sock"):
        told = held("workers", "add", "NV001", "Mây")

    assert told.exit_code == 75
    assert "đã đổi [control] socket" in told.stderr
    assert "chờ đến khi nó trả lời" not in told.stderr


def test_a_gate_does_not_go_beside_its_daemon(held: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name was asked for, and only then said that it cannot be."""
    monkeypatch.setattr(AGE, -1.0)

    told = held("retire", "--name", "main-gate")

    assert told.exit_code == 65
    assert "Hãy dừng hẳn trước" in told.output
