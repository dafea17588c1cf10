"""The password of a sensor that has one: from where nobody else reads it, and never shown."""

import os
from pathlib import Path

import pytest

from edge_agent.gate.errors import SensorFault
from edge_agent.gate.host.passwords import sensor_passwords


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where ``[sensor] password_file`` points to."""
    return tmp_path / "sensor-password"


def written(file: Path, text: str, mode: int = 0o600) -> str:
    file.write_text(text)
    file.chmod(mode)
    return str(file)


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


@pytest.mark.parametrize(
    ("text", "password"),
    [
        ("1234567\n", 1234567),
        ("0xDEADBEEF", 0xDEADBEEF),
        (" 4294967295 \r\n", 0xFFFFFFFF),
        ("0", 0),
        ("\ufeff\r\n\r\n7\r\n", 7),
    ],
)
def test_what_stands_in_the_file(file: Path, text: str, password: int) -> None:
    assert sensor_passwords(written(file, text), file.parent / "gate.db") == (password,)


def test_a_file_that_windows_has_saved(file: Path) -> None:
    written(file, "")
    file.write_bytes("0x7\r\n".encode("utf-16"))
    assert sensor_passwords(str(file), file.parent / "gate.db") == (7,)


@pytest.mark.parametrize(
    "text", ["", "\n", "7\n8", "7\0", "s3cr3t", "-1", "4294967296", "1 2", "[7]", "9" * 9999]
)
def test_what_is_no_password_is_told_and_not_shown(file: Path, text: str) -> None:
    with pytest.raises(SensorFault) as told:
        sensor_passwords(written(file, text), file.parent / "gate.db")
    assert str(told.value) == (
        f"The sensor's password file {file} holds no password: write it in one line, as a number "
        "from 0 to 4294967295 or from 0x00000000 to 0xFFFFFFFF."
    )


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_may_read_is_refused(file: Path, mode: int) -> None:
    with pytest.raises(SensorFault, match=rf"others may read .* \(mode {mode:04o}\): chmod 600"):
        sensor_passwords(written(file, "7", mode), file.parent / "gate.db")


def test_a_file_that_is_not_there_is_told(file: Path) -> None:
    with pytest.raises(SensorFault, match=r"sensor-password cannot be read \(No such file"):
        sensor_passwords(str(file), file.parent / "gate.db")


def test_a_credential_of_systemd(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(file.parent))
    assert sensor_passwords("", file.parent / "gate.db") == ()
    written(file, "7", 0o440)
    assert sensor_passwords("", file.parent / "gate.db") == (7,)
    other = written(file.with_name("other"), "8")
    assert sensor_passwords(other, file.parent / "gate.db") == (8,)


def test_what_an_earlier_version_kept_beside_the_database(file: Path) -> None:
    database = file.parent / "gate.db"
    assert sensor_passwords("", database) == ()
    written(file.parent / "gate.db.sensor-password", "[7, 0]")
    assert sensor_passwords("", database) == (7, 0)
    assert sensor_passwords(written(file, "8"), database) == (8,)
    assert sorted(os.listdir(file.parent)) == ["gate.db.sensor-password", "sensor-password"]


@pytest.mark.parametrize("text", ["", "7", "[true]", '["7"]', "[-1]", "[4294967296]", "[" * 99999])
def test_a_damaged_one_is_told_and_not_shown(tmp_path: Path, text: str) -> None:
    (tmp_path / "gate.db.sensor-password").write_text(text)
    with pytest.raises(SensorFault, match="is damaged: remove it, and give the password with"):
        sensor_passwords("", tmp_path / "gate.db")
