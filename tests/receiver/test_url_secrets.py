"""A password that was typed into a database's URL is shown by nothing: no sentence, no log."""

import logging
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge_agent.cli import main

SECRET = "Hoa7Sen"
URLS = (
    f"postgresql://payroll:{SECRET}@127.0.0.1:1/payroll",
    f"postgres://payroll:{SECRET}@127.0.0.1:1/payroll",
    f"postgresql://payroll:{SECRET}/x@127.0.0.1:1/payroll",
    f"postgresql://payroll:{SECRET}%w@127.0.0.1:1/payroll",
    f"postgresql://payroll:{SECRET} x@127.0.0.1:1/payroll",
    f"postgresql://payroll:{SECRET}?x@127.0.0.1:1/payroll",
    f"postgresql://payroll:{SECRET}/payroll",
    f"postgresql://payroll@127.0.0.1:1/payroll?password={SECRET}",
    f"postgresql://payroll@127.0.0.1:1/payroll?sslpassword={SECRET}",
    f"postgresql://payroll@127.0.0.1:1/payroll?{SECRET}",
    f"PostgreSQL://payroll:{SECRET}@127.0.0.1:1/payroll",
    f"postgressql://payroll:{SECRET}@127.0.0.1:1/payroll",
    f"host=127.0.0.1 port=1 user=payroll password={SECRET}",
)

COMMANDS = (
    ("carry", "in", "gate.entries", "--receipts", "gate.receipts"),
    ("closings",),
    ("export", "--month", "2026-11"),
    ("roster", "import", "people.csv", "--version", "1", "--dry-run"),
    ("settle", "--month", "2026-11"),
    ("stolen", "main-gate"),
)


@pytest.mark.parametrize("url", URLS)
def test_no_command_shows_a_password_that_stands_in_a_url(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    (tmp_path / "gate.entries").write_bytes(
        b'{"format":"edge-agent-entries","version":1,"gate":"g","ledger":"l","first":1,"lines":0}\n'
    )
    (tmp_path / "people.csv").write_text("code,name\nNV1,Hoa\n")
    for words in COMMANDS:
        told = CliRunner().invoke(main, ["--lang", "vi", "receive", "--database", url, *words])
        assert told.exit_code != 0 or words[:1] == ("roster",), (words, told.output)
        assert SECRET not in told.output + caplog.text, (words, told.output)
        assert told.exception is None or isinstance(told.exception, SystemExit), (words, told)
