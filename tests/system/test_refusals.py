"""A daemon that cannot start says why in one sentence, at once, and damages nothing."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

from .gate import Gate, Result, rows

_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def _refused(gate: Gate, *words: str, code: int, prefix: tuple[str, ...] = ()) -> str:
    """Start a daemon that must not start; what it says, which contains ``words``."""
    before = _contents(gate.database)
    started = time.monotonic()
    result = gate.cli("run", prefix=prefix)
    assert time.monotonic() - started < PATIENCE_S  # It does not try for ever.
    assert result.code == code, result
    assert result.out == ""
    for word in words:
        assert word in result.sentence, result.err
    assert _contents(gate.database) == before
    assert not gate.socket.is_socket()
    return result.sentence


def _contents(path: Path) -> object:
    """All that the gate has recorded and entered; the bytes of what is no gate's database."""
    if not path.is_file():
        return None
    try:
        return [rows(path, f"SELECT * FROM {table}") for table in ("ledger", "workers", "prints")]
    except sqlite3.Error:
        return path.read_bytes()


def test_no_such_port(gate: Gate) -> None:
    gate.set(sensor={"port": "/dev/ttyUSB77"})
    said = _refused(gate, "/dev/ttyUSB77", "[sensor] port", code=74)
    assert "\n" not in said


def test_a_port_that_is_none(gate: Gate) -> None:
    gate.set(sensor={"port": str(gate.config)})
    _refused(gate, str(gate.config), "not a serial port", code=74)


def test_another_baud(gate: Gate) -> None:
    """The sentence names the right one."""
    gate.set(sensor={"baud": 9600})
    _refused(gate, "57600", "[sensor] baud", code=74)
    # And it did not change anything at the sensor either.
    gate.set(sensor={"baud": 57600})
    assert gate.start().stop() == 0


@pytest.mark.long
def test_nobody_answers(gate: Gate) -> None:
    gate.finger("fault silence 10000")
    _refused(gate, str(gate.port), "RX and TX", code=74)


def test_a_port_url_of_no_use(gate: Gate) -> None:
    # What no setting can mean is refused with the settings, before anything is tried.
    for port, code in (("socket://127.0.0.1:1", 74), ("nonsense://here", 78), ("rfc2217://", 78)):
        gate.set(sensor={"port": port})
        _refused(gate, port, code=code)


def test_bad_settings_are_all_told_at_once(gate: Gate) -> None:
    gate.set(
        gate={"id": "Main Gate", "timezon": "Asia/Ho_Chi_Minh"},
        sensor={"baud": 57601},
        punch={"repeat_window_s": -1, "direction": "sideways"},
        mqtt={"port": "1883"},
        lamps={"green": 17},
    )
    said = _refused(gate, code=78)
    for key in ("id", "timezon", "baud", "repeat_window_s", "direction", "port", "lamps"):
        assert key in said, said
    assert "did you mean 'timezone'" in said
    assert len(said.splitlines()) == 8


_NO_SETTINGS = [
    b"[gate\nid = 'x'",
    b"\xff\xfe[\x00g\x00",
    b"",
    b"gate = 7",
    b"[[gate]]\nid = 'a'\n[[gate]]\nid = 'b'",
    b"[gate]\nid = 'a'\nid = 'b'",
    b"[gate]\nid = 'a'\n[store]\npath = \"a\\u0000b\"",
    b"[gate]\nid = 'a'\ntimezone = '../../etc/passwd'",
    b"[gate]\nid = 'a'\ntimezone = '/etc/passwd'",
    b"[gate]\nid = 'a'\ntimezone = ''",
    b"[gate]\nid = 'a'\n[store]\npath = ''",
    b"[gate]\nid = 'a'\n[control]\nsocket = '" + b"x" * 200 + b"'",
    b"[gate]\nid = 'a'\n[mqtt]\nkeepalive_s = 1979-05-27",
    b"[gate]\nid = 'a'\n[sensor]\nport = inf",
    b"a = " + b"[" * 5000,
]


def test_settings_that_are_no_settings(new_gate: Gate) -> None:
    def refused(number: int, text: bytes) -> Result:
        path = new_gate.folder / f"{number}.toml"
        path.write_bytes(text)
        return new_gate.cli("run", "--config", str(path))

    with ThreadPoolExecutor() as at_once:
        results = list(at_once.map(refused, *zip(*enumerate(_NO_SETTINGS), strict=True)))
    for number, result in enumerate(results):
        assert result.code == 78, (_NO_SETTINGS[number], result)
        assert f"{number}.toml" in result.sentence
        assert len(result.sentence) < 1000


def test_settings_that_are_a_folder(new_gate: Gate) -> None:
    result = new_gate.cli("run", "--config", str(new_gate.folder))
    assert result.code in (2, 78)
    assert "directory" in result.err


def test_another_programs_database(gate: Gate) -> None:
    gate.database.unlink()
    with closing(sqlite3.connect(gate.database)) as other:
        other.execute("CREATE TABLE wages (code TEXT, amount INTEGER)")
        other.commit()
    _refused(gate, str(gate.database), code=74)


def test_payrolls_database(gate: Gate) -> None:
    """Both ends on one machine, and a slip of the hand in the settings."""
    receiver = gate.receive()
    _await_file(gate.payroll)
    receiver.stop()
    gate.set(store={"path": "payroll.db"})
    before = gate.payroll.read_bytes()
    result = gate.cli("run")
    assert result.code == 74, result
    assert gate.payroll.read_bytes() == before


def test_a_folder_for_a_database(gate: Gate) -> None:
    (gate.folder / "folder").mkdir()
    gate.set(store={"path": "folder"})
    _refused(gate, str(gate.folder / "folder"), code=74)


def test_a_database_in_no_folder(gate: Gate) -> None:
    gate.set(store={"path": "not-there/gate.db"})
    _refused(gate, "not-there", code=74)


def test_a_second_daemon_on_the_same_database(gate: Gate) -> None:
    daemon = gate.start()
    gate.set(control={"socket": "other.sock"})
    result = gate.cli("run")
    assert result.code == 75, result
    assert f"process {daemon.process.pid}" in result.sentence
    assert not (gate.folder / "other.sock").exists()
    gate.set(control={"socket": "gate.sock"})
    assert gate.status()["daemon"] == "running"


def test_a_second_daemon_on_the_same_port(gate: Gate, staff: Path) -> None:
    gate.start()
    watch = gate.watch()
    shutil.copy(staff / "gate.db", gate.folder / "second.db")
    gate.set(store={"path": "second.db"}, control={"socket": "second.sock"})
    before = _contents(gate.folder / "second.db")
    result = gate.cli("run")
    assert result.code == 75, result
    assert str(gate.port) in result.sentence
    assert _contents(gate.folder / "second.db") == before
    gate.press("NV001")
    assert watch.panel()["worker"] == "NV001"


def test_a_second_daemon_on_the_same_socket(gate: Gate, staff: Path) -> None:
    daemon = gate.start()
    with Gate() as second:
        second.move_in(staff)
        second.simulate("--no-pace")
        second.start().stop()
        second.set(control={"socket": str(gate.socket)})
        before = _contents(second.database)
        result = second.cli("run")
        assert result.code == 75, result
        assert str(gate.socket) in result.sentence
        assert _contents(second.database) == before
    assert gate.status()["daemon"] == "running"
    assert daemon.runs


def test_something_else_in_the_sockets_place(gate: Gate) -> None:
    gate.start().stop()
    gate.socket.write_text("precious")
    _refused(gate, str(gate.socket), code=73)
    assert gate.socket.read_text() == "precious"


def test_a_socket_in_no_folder(gate: Gate) -> None:
    gate.start().stop()
    gate.set(control={"socket": "not-there/gate.sock"})
    _refused(gate, "not-there", code=73)


def test_a_socket_left_by_a_crash(gate: Gate) -> None:
    """It is no reason to stay down."""
    with closing(socket.socket(socket.AF_UNIX)) as left:
        left.bind(str(gate.socket))
    gate.start()
    assert gate.status()["daemon"] == "running"


class TestAsAnotherUser:
    """As a technician who is neither root nor in the right groups."""

    @pytest.fixture(autouse=True)
    def _open_folder(self, gate: Gate) -> None:
        if os.geteuid() != 0 or shutil.which("setpriv") is None:
            pytest.skip("only root can become another user")
        command = [*_NOBODY, sys.executable, "-c", "import edge_agent"]
        path = Path(__file__).parents[2]
        if subprocess.run(command, cwd=path, capture_output=True, check=False).returncode:
            pytest.skip("this checkout or its Python is not for other users to read")
        gate.folder.chmod(0o755)

    def test_no_right_to_the_port(self, gate: Gate) -> None:
        mine = gate.folder / "mine"
        mine.mkdir()
        shutil.copy(gate.database, mine)
        for path in (mine, mine / "gate.db"):
            os.chown(path, 65534, 65534)
        gate.port.resolve().chmod(0o600)
        gate.set(store={"path": "mine/gate.db"}, control={"socket": "mine/gate.sock"})
        _refused(gate, str(gate.port), "dialout", code=77, prefix=_NOBODY)

    def test_no_right_to_the_database(self, gate: Gate) -> None:
        gate.database.chmod(0o600)
        _refused(gate, str(gate.folder), "user", code=74, prefix=_NOBODY)

    def test_no_right_to_the_settings(self, gate: Gate) -> None:
        gate.config.chmod(0o600)
        _refused(gate, str(gate.config), "cannot be read", code=78, prefix=_NOBODY)

    def test_no_right_to_the_daemon(self, gate: Gate) -> None:
        gate.start()
        for command in (("status",), ("watch",), ("workers", "add", "NV900", "Mây")):
            result = gate.cli(*command, prefix=_NOBODY)
            assert result.code == 69, result
            assert "sudo" in result.sentence

    def test_reading_without_a_daemon(self, gate: Gate) -> None:
        """Whoever may not read the database is told so."""
        gate.database.chmod(0o600)
        result: Result = gate.cli("punches", "list", prefix=_NOBODY)
        assert result.code == 74
        assert str(gate.database) in result.sentence


def _await_file(path: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not path.exists() or not path.stat().st_size:
        assert time.monotonic() < deadline
        time.sleep(0.01)  # A file that is not there yet has no event to wait for.
