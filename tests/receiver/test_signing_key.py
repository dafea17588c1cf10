"""``receive key``: a file that only its owner reads, and the line for the gates' settings."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge_agent.cli import main
from edge_agent.contract.errors import BadRequest
from edge_agent.gate.settings.load import load_settings
from edge_agent.receiver.connection import ReceiverOptions
from edge_agent.receiver.signing_key import read_signing_key
from edge_agent.receiver.subscriber import Receiver


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["receive", "key", *arguments])


def test_a_key_is_made_once_and_its_line_fits_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "payroll.key"
    made = run("new", str(file))
    assert made.exit_code == 0, made.output
    assert file.stat().st_mode & 0o777 == 0o600
    assert run("show", str(file)).output == made.output
    settings = tmp_path / "gate.toml"
    settings.write_text(f'[gate]\nid = "g"\n[payroll]\n{made.output}')
    assert load_settings(settings).payroll.keys == [read_signing_key(file).public]
    before = file.read_bytes()
    again = run("new", str(file))
    assert (again.exit_code, file.read_bytes()) == (65, before)
    assert made.output.split('"')[1] != run("new", str(tmp_path / "other")).output.split('"')[1]


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "payroll.key"
    run("new", str(file))
    file.chmod(0o640)
    shown = run("show", str(file))
    assert shown.exit_code == 65
    assert "chmod 600" in shown.output
    with pytest.raises(BadRequest, match="chmod 600"):
        Receiver(ReceiverOptions(database="unused", signing_key=str(file)))


@pytest.mark.parametrize("content", [b"", b"secret-secret\n", b"\0" * 9000])
def test_what_is_no_key_is_not_shown(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "payroll.key"
    file.write_bytes(content)
    file.chmod(0o600)
    shown = run("show", str(file))
    assert shown.exit_code == 65
    assert "secret" not in shown.output
    assert run("show", str(tmp_path / "none")).exit_code == 65
