"""Lists of backups and of requests that a new ledger keeps: "none" is not said of what was lost."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge_agent.cli import main
from tests.gate.ledger.ledgers import open_store
from tests.gate.ledger.old_copies import start

LISTS = [("templates", "list"), ("privacy", "overdue"), ("privacy", "requests")]


def told(folder: Path, *words: str) -> Result:
    config = folder / "edge-agent.toml"
    config.write_text(
        '[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n[control]\nsocket = "control.sock"\n'
    )
    return CliRunner().invoke(main, ["--lang", "vi", *words, "--config", str(config)])


@pytest.mark.parametrize("words", LISTS)
def test_after_a_damaged_database_it_is_said_since_when_they_know(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    open_store(tmp_path).close()
    assert told(tmp_path, *words).stderr == ""
    (tmp_path / "gate.db").write_bytes(b"nothing that was a database" * 1000)
    start(tmp_path)
    after = told(tmp_path, *words)
    assert "có thể thiếu trong danh sách" in " ".join(after.stderr.split())
    assert "18/11/2026" in after.stderr
    assert json.loads(told(tmp_path, *words, "--json").stdout) == []
