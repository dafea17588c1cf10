"""Settings that were broken under a daemon that runs: it goes on with those from before."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Edge, gate_without_a_daemon
from tests.gate.control.serving import serving

SINCE = "2026-11-30T07:09:00.000+07:00"


def told_by(file: Path, since: str | None = SINCE) -> dict[str, Any]:
    """By a daemon that runs with what stood in this file, and records."""
    return {
        "gate": "main-gate",
        "started_at": since,
        "settings": {"file": str(file)},
        "sensor": {"state": "ready"},
        "store": {"state": "ready"},
    }


@pytest.fixture
def edge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edge:
    config, edge = gate_without_a_daemon(tmp_path)
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(config))
    return edge


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('trust = "always"', 'trust = "Always"', "dòng 6: [clock] trust"),
        ("[clock]", "[clock", "dòng 5"),
    ],
)
@pytest.mark.parametrize("line", ["status", "workers list", "config check", "doctor"])
@pytest.mark.parametrize("since", [SINCE, None])
def test_it_is_said_first(
    edge: Edge, tmp_path: Path, *, before: str, after: str, said: str, line: str, since: str | None
) -> None:
    """A restart is what ends it; whoever saw the fault alone took the gate for dead."""
    config = Path(os.environ["EDGE_AGENT_CONFIG"])
    config.write_text(config.read_text().replace(before, after))
    status = told_by(config, since)
    with serving(tmp_path / "control.sock", status=lambda: status):
        told = edge(*line.split())
    alone = edge(*line.split())

    words = " ".join(told.output.split())
    assert 0 <= words.find("Cổng main-gate vẫn chấm công, với cài đặt") < words.find(said), words
    assert ("(30/11/2026 07:09:00)" in words) is (since is not None)
    assert "Đừng khởi động lại trước khi 'edge-agent config check'" in words
    assert "?;" not in words
    assert told.exit_code == alone.exit_code
    assert "đã đọc lúc khởi động" not in alone.output


def test_a_daemon_of_another_file_is_none_of_it(edge: Edge, tmp_path: Path) -> None:
    config = Path(os.environ["EDGE_AGENT_CONFIG"])
    config.write_text(config.read_text().replace("[clock]", "[clock"))
    status = told_by(tmp_path / "other.toml")
    with serving(tmp_path / "control.sock", status=lambda: status):
        assert "đã đọc lúc khởi động" not in edge("status").output


@pytest.mark.parametrize(
    "fault",
    [{"sensor": {"state": "silent"}}, {"store": {"state": "failing"}}, {"hangs": ["gate"]}],
)
def test_a_gate_that_records_nothing_just_now_is_only_said_to_run(
    edge: Edge, tmp_path: Path, fault: dict[str, Any]
) -> None:
    config = Path(os.environ["EDGE_AGENT_CONFIG"])
    config.write_text(config.read_text().replace("[clock]", "[clock"))
    with serving(tmp_path / "control.sock", status=lambda: told_by(config) | fault):
        said = " ".join(edge("status").output.split())
    assert "Cổng main-gate vẫn chạy, với cài đặt" in said
