"""The file of the sensor's password: its owner's alone, whole or as it was."""

import stat
from pathlib import Path

import pytest

from edge_agent.contract.errors import StoreFault
from edge_agent.gate.host.passwords import PasswordFile


def test_kept_and_forgotten(tmp_path: Path) -> None:
    passwords = PasswordFile(tmp_path / "gate.db")
    assert passwords.known() == ()
    passwords.keep(7, 0)
    [file] = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert PasswordFile(tmp_path / "gate.db").known() == (7, 0)
    passwords.keep(0xFFFFFFFF)
    assert passwords.known() == (0xFFFFFFFF,)
    passwords.keep()
    passwords.keep()
    assert list(tmp_path.iterdir()) == []


def test_a_half_written_one_changes_nothing(tmp_path: Path) -> None:
    passwords = PasswordFile(tmp_path / "gate.db")
    passwords.keep(7)
    (tmp_path / "gate.db.sensor-password.new").write_text("[8")
    assert passwords.known() == (7,)
    passwords.keep(8)
    assert passwords.known() == (8,)


@pytest.mark.parametrize("text", ["", "7", "[true]", '["7"]', "[-1]", "[4294967296]", "[" * 99999])
def test_a_damaged_one_is_told_and_not_shown(tmp_path: Path, text: str) -> None:
    (tmp_path / "gate.db.sensor-password").write_text(text)
    with pytest.raises(StoreFault, match="sensor password recall"):
        PasswordFile(tmp_path / "gate.db").known()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreFault, match="cannot be written"):
        PasswordFile(tmp_path / "no" / "gate.db").keep(7)
