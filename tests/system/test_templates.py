"""Templates out of one sensor and into another, by the commands, with nothing of a finger seen."""

import json
import os
import re
import select
import socket
import stat
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pyfingerprint.pyfingerprint import PyFingerprint

from edge_agent.gate.people.templates.sealing import AgeSealing

from .gate import OWN, Gate, Result, name_of, toml

KEYS = AgeSealing().new_keys()
PASSWORD = 0xC0FFEE00


@pytest.fixture
def key(tmp_path: Path) -> Path:
    file = tmp_path / "key.txt"
    file.write_text(f"# public key: {KEYS.recipient}\n{KEYS.identity}\n")
    return file


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return tmp_path / "templates.backup"


class Tee:
    """Passes the control socket on, and keeps all that goes through it."""

    def __init__(self, gate: Gate) -> None:
        self.heard = b""
        self.config = gate.folder / "teed.toml"
        self._target = gate.socket
        self._path = gate.folder / "tee.sock"
        self.config.write_text(toml({**gate.sections, "control": {"socket": str(self._path)}}))
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        # One command after the other: none of them keeps two connections.
        while True:
            near, _ = self._listener.accept()
            with near, socket.socket(socket.AF_UNIX) as far:
                if near.recv(1, socket.MSG_PEEK) == b"!":
                    return
                far.connect(str(self._target))
                self._pass_on(near, far)

    def _pass_on(self, near: socket.socket, far: socket.socket) -> None:
        while True:
            for source in select.select([near, far], [], [])[0]:
                try:
                    data = source.recv(65536)
                except ConnectionError:
                    return
                if not data:
                    return
                self.heard += data
                (far if source is near else near).sendall(data)

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(str(self._path))
            last.sendall(b"!")
        self._thread.join()
        self._listener.close()


@contextmanager
def teed(gate: Gate) -> Iterator[Tee]:
    tee = Tee(gate)
    try:
        yield tee
    finally:
        tee.close()


def templates_in(gate: Gate) -> dict[str, bytes]:
    """The sensor's flash: slot → template."""
    text = (gate.folder / "flash").read_bytes().split(b"\n", 1)[1]
    return {slot: bytes.fromhex(text) for slot, text in json.loads(text)["templates"].items()}


def traces_of(template: bytes, secret: str = "") -> list[bytes]:
    """Any form in which a piece of a template could be found in a stream of bytes."""
    pieces = [template[8:24], template[100:116]]
    forms = []
    for piece in pieces:
        forms += [piece, piece.hex().encode(), str(list(piece))[1:-1].encode()]
        forms += [b64encode(piece[skip:])[2:-4] for skip in range(3)]
    return forms


def command(gate: Gate, *words: str, tee: Tee | None = None) -> Result:
    return gate.cli(*words, *(("--config", str(tee.config)) if tee else ()))


def saved(gate: Gate, file: Path, tee: Tee | None = None) -> Any:
    done = command(
        gate, "templates", "backup", str(file), "--recipient", KEYS.recipient, "--json", tee=tee
    )
    assert done.code == 0, done
    return done.json


def test_from_a_gate_to_its_new_sensor_while_the_daemon_runs(
    gate: Gate, key: Path, backup: Path
) -> None:
    before = set(templates_in(gate).values())
    daemon = gate.start()
    watch = gate.watch()
    assert gate.status()["sensor"]["not_backed_up"] == 60
    assert "prints in no backup: 60" in gate.cli("status").out
    with teed(gate) as tee:
        assert saved(gate, backup, tee)["sealed"] == 60
        assert gate.status()["sensor"]["not_backed_up"] == 0
        assert "prints in no backup" not in gate.cli("status").out
        gate.finger("fault swap-sensor")
        watch.state("sensor", "foreign")
        refused = command(
            gate, "templates", "restore", str(backup), "--identity", str(key), "--yes"
        )
        assert refused.code == 74
        assert gate.cli("sensor", "adopt", "--yes").code == 0
        watch.state("sensor", "ready")
        restored = command(
            gate, "templates", "restore", str(backup), "--identity", str(key), "--yes", tee=tee
        )
        assert restored.code == 0, restored
        assert "60 prints are restored, 0 were there already" in restored.out
        again = command(gate, "templates", "restore", str(backup), "--identity", str(key), "--yes")
        assert "0 prints are restored, 60 were there already" in again.out
    gate.press("NV042")
    shown = watch.panel()
    assert (shown["outcome"], shown["worker"]) == ("recorded", "NV042")
    gate.finger("lift")
    generations = {entry["generation"] for entry in gate.cli("prints", "list", "--json").json}
    assert generations == {2}
    assert gate.status()["sensor"]["not_backed_up"] == 0
    gate.stop()
    assert gate.cli("ledger", "verify").code == 0
    kinds = [entry["kind"] for entry in gate.entries()]
    assert kinds.count("templates.sealed") == 1
    assert kinds.count("print.restored") == 60
    gate.stop_simulating()
    assert set(templates_in(gate).values()) == before
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    # Nothing of a finger was ever to be seen, nor the key that opens it.
    seen = {
        "socket": tee.heard,
        "file": backup.read_bytes(),
        "log": daemon.said.encode(),
        "output": (restored.out + restored.err + again.out + refused.err).encode(),
        "ledger": json.dumps(gate.entries()).encode(),
    }
    assert len(tee.heard) > 60 * 1000
    for place, text in seen.items():
        assert KEYS.identity.encode() not in text, place
        for template in before:
            for trace in traces_of(template):
                assert trace not in text, place
    control = b64encode(b"x" + next(iter(before)))
    assert any(trace in control for trace in traces_of(next(iter(before))))  # It would be found.
    assert [p.name for p in backup.parent.iterdir() if ".part" in p.name] == []


def test_enrolled_at_a_desk_and_carried_to_the_gate(
    gate: Gate, new_gate: Gate, key: Path, backup: Path
) -> None:
    """Two sensors, two databases, one file; the gate's daemon runs, the desk has none."""
    new_gate.set(gate={"id": "desk"})
    new_gate.enrol("NV100", "NV101")
    saved(new_gate, backup)
    gate.start()
    watch = gate.watch()
    done = gate.cli("templates", "restore", str(backup), "--identity", str(key), "--yes", "--json")
    assert done.code == 0, done
    assert [(o["worker"], o["outcome"], o["slot"]) for o in done.json] == [
        ("NV100", "restored", 60),
        ("NV101", "restored", 61),
    ]
    for code in ("NV100", "NV101", "NV001"):
        gate.press(code)
        shown = watch.panel()
        assert (shown["outcome"], shown["worker"]) == ("recorded", code)
        gate.finger("lift")
    restored = [e for e in gate.entries() if e["kind"] == "print.restored"]
    assert {(e["origin"], e["actor"]) for e in restored} == {("desk", f"uid:{os.getuid()}")}
    listed = {w["code"]: w["name"] for w in gate.cli("workers", "list", "--json").json}
    assert listed["NV100"].startswith("Nguyễn Thị")


_WORDS = {
    "en": ("opens whole", "right-index", "removed the", "Restored: ", "LEFT OUT"),
    "vi": ("mở ra trọn vẹn", "ngón trỏ phải", "có người bỏ", "Đã khôi phục: ", "BỎ QUA"),
}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_file_is_tried_and_a_removed_print_asked_about(
    new_gate: Gate, key: Path, backup: Path, language: str
) -> None:
    good, finger, removed, restored, left_out = _WORDS[language]
    new_gate.enrol("NV001", "NV002", "NV003")
    saved(new_gate, backup)
    typed = ("--lang", language, "templates", "restore", str(backup), "--identity", str(key))
    tried = new_gate.cli(*typed, "--dry-run")
    assert (tried.code, good in tried.out) == (0, True)
    [of_the_key] = tried.err.splitlines()  # It lies on the gate's own disk.
    assert str(key) in of_the_key
    assert new_gate.cli("prints", "remove", "NV001", "--finger", "right-index", "--yes").code == 0
    assert new_gate.cli("workers", "deactivate", "NV003").code == 0
    before = new_gate.finger("slots"), new_gate.entries()
    tried = new_gate.cli(*typed, "--dry-run")
    assert (tried.code, finger in tried.out, name_of("NV001") in tried.out) == (0, True, True)
    assert (removed in tried.err, "--yes" in tried.err) == (True, True)  # The real one will ask.
    asked = new_gate.cli(*typed)
    assert (asked.code, removed in asked.err, "--yes" in asked.err) == (65, True, True)
    by_stdin = subprocess.run(
        [*OWN, *typed[:-1], "-", "--config", str(new_gate.config)],
        input=key.read_bytes(),
        stderr=subprocess.PIPE,
        check=False,
    )
    again = " ".join(by_stdin.stderr.decode().split())
    assert by_stdin.returncode == 65
    assert re.search(r"--identity - --config \S+ --yes < (FILE|TỆP)$", again), again
    assert (new_gate.finger("slots"), new_gate.entries()) == before
    done = new_gate.cli(*typed, "--yes")
    assert done.code == 0
    assert f"{restored}{finger}" in done.out
    # Whoever has left is in none of them.
    assert new_gate.cli("prints", "remove", "NV001", "--finger", "right-index", "--yes").code == 0
    assert new_gate.cli("workers", "leave", "NV001", "--yes").code == 0
    for flags in (("--dry-run",), ()):
        done = new_gate.cli(*typed, *flags)
        assert (done.code, left_out in done.err, name_of("NV001") in done.err) == (1, True, True)
    tried = new_gate.cli(*typed, "--dry-run", "--json")
    assert [one["outcome"] for one in tried.json] == ["left-out", "present", "present"]
    assert new_gate.cli("prints", "list", "--json").json == [
        one for one in new_gate.cli("prints", "list", "--json").json if one["worker"] != "NV001"
    ]


@pytest.mark.parametrize("daemon_runs", [pytest.param(True, marks=pytest.mark.long), False])
def test_what_cannot_be_used_changes_nothing(
    gate: Gate, key: Path, backup: Path, tmp_path: Path, daemon_runs: bool
) -> None:
    if daemon_runs:
        gate.start()
    saved(gate, backup)
    before = gate.finger("slots"), len(gate.entries())
    good = backup.read_bytes()
    lines = good.split(b"\n")
    wrong = tmp_path / "wrong.txt"
    wrong.write_text(AgeSealing().new_keys().identity)
    nonsense = tmp_path / "nonsense.txt"
    nonsense.write_text("hello\n")
    flipped = bytearray(good)
    # In what is sealed: in whom it is sealed to, another key would be asked for.
    flipped[good.index(lines[3]) + len(lines[3]) - 40] ^= 1
    moved = b"\n".join([lines[0], lines[2], lines[1], *lines[3:]])
    for content, identity, said in (
        (good, wrong, "Record 1: it was sealed to other keys than this one"),
        (good, nonsense, "is not a secret key of age"),
        (good, tmp_path / "none", "cannot be read (No such file or directory)"),
        (bytes(flipped), key, "it is damaged"),
        (good[:-100], key, "Its end is missing"),
        (moved, key, "Record 1: it was moved here from place 2"),
        (b"\x00" * 1000, key, "It"),
    ):
        backup.write_bytes(content)
        done = gate.cli("templates", "restore", str(backup), "--identity", str(identity), "--yes")
        assert done.code == 65, done
        assert said in done.sentence
    backup.write_bytes(good)
    refused = gate.cli("templates", "backup", str(backup), "--recipient", KEYS.recipient)
    assert (refused.code, "exists already" in refused.sentence) == (65, True)
    for recipient in ("age1x", KEYS.identity):
        other = tmp_path / "other"
        refused = gate.cli("templates", "backup", str(other), "--recipient", recipient)
        assert refused.code == 65
        assert recipient not in refused.err
        assert not other.exists()
    refused = gate.cli("templates", "backup", str(tmp_path / "other"))
    assert f"edge-agent templates backup {tmp_path / 'other'} -r age1" in refused.sentence
    known = gate.cli("templates", "list", "--json").json
    no_stick = str(tmp_path / "no-stick" / "new.templates")
    assert gate.cli("templates", "backup", no_stick, "--recipient", KEYS.recipient).code == 74
    assert gate.cli("templates", "list", "--json").json == known
    assert backup.read_bytes() == good
    assert (gate.finger("slots"), len(gate.entries())) == before


@pytest.mark.long
def test_another_models_sensor(gate: Gate, key: Path, backup: Path) -> None:
    saved(gate, backup)
    with Gate() as other:
        other.simulate("--no-pace", "--model", "r503")
        refused = other.cli("templates", "restore", str(backup), "--identity", str(key), "--yes")
        assert (refused.code, "system id" in refused.sentence) == (65, True)
        refused = other.cli(
            "templates", "restore", str(backup), "--identity", str(key), "--yes", "--any-model"
        )
        assert refused.code == 65, refused
        assert "comes from another model" in refused.sentence
        assert other.finger("slots").split("=")[-1] == ""
        assert other.cli("prints", "list", "--json").json == []
        assert other.cli("workers", "list", "--json").json == []


@pytest.mark.long
def test_killed_in_the_middle_of_a_restore_and_done_again(
    gate: Gate, new_gate: Gate, key: Path, backup: Path
) -> None:
    saved(gate, backup)
    daemon = new_gate.start()
    new_gate.finger("fault power-cut")  # The sensor's, in the middle of a template.
    first = new_gate.cli("templates", "restore", str(backup), "--identity", str(key), "--yes")
    daemon.kill()
    new_gate.start()
    watch = new_gate.watch()
    new_gate.open(watch)
    again = new_gate.cli("templates", "restore", str(backup), "--identity", str(key), "--yes")
    assert again.code == 0, (first, again)
    assert len(new_gate.cli("prints", "list", "--json").json) == 60
    for code in ("NV001", "NV060"):
        new_gate.press(code)
        assert watch.panel()["worker"] == code
        new_gate.finger("lift")


def locked(gate: Gate, password: int) -> None:
    """Somebody gives the module a password, with a tool of their own."""
    driver = PyFingerprint(str(gate.port), 57600)
    assert driver.verifyPassword()
    assert driver.setPassword(password)


def test_a_module_with_a_password(gate: Gate, tmp_path: Path) -> None:
    gate.start()  # The sensor has worked at this port: now its fault is waited out.
    gate.stop()
    locked(gate, PASSWORD)
    refused = gate.cli("sensor", "info")
    assert (refused.code, "[sensor] password_file" in refused.sentence) == (74, True)
    daemon = gate.start()
    gate.until(gate.watch(), "sensor", lambda sensor: sensor["state"] == "fault")
    assert "[sensor] password_file" in gate.status()["sensor"]["problem"]
    gate.stop()
    file = tmp_path / "sensor-password"
    gate.set(sensor={"password_file": str(file)})
    told = gate.cli("sensor", "info")
    assert (told.code, "cannot be read (No such file or directory)" in told.sentence) == (74, True)
    file.write_text("0xC0FFEE00\n")
    told = gate.cli("doctor")
    assert "others may read" in " ".join(told.out.split())
    file.chmod(0o600)
    again = gate.start()
    watch = gate.watch()
    gate.open(watch)
    gate.press("NV001")
    assert watch.panel()["outcome"] == "recorded"
    gate.finger("lift")
    gate.stop()
    assert gate.cli("sensor", "info", "--json").json["paired"]
    for text in (daemon.said, again.said, refused.err, told.out):
        assert "c0ffee00" not in text.lower()
        assert str(PASSWORD) not in text


def test_a_password_that_an_earlier_version_has_set(gate: Gate) -> None:
    """It stands in a file beside the database, which is still read: nothing has to be done."""
    locked(gate, PASSWORD)
    kept = gate.folder / "gate.db.sensor-password"
    kept.write_text(json.dumps([PASSWORD, 0]))
    kept.chmod(0o600)
    gate.start()
    gate.open(gate.watch())
    gate.stop()
    assert gate.cli("sensor", "info", "--json").json["paired"]
    assert json.loads(kept.read_text()) == [PASSWORD, 0]


@pytest.mark.parametrize("daemon_runs", [True, pytest.param(False, marks=pytest.mark.long)])
def test_an_image(gate: Gate, tmp_path: Path, daemon_runs: bool) -> None:
    if daemon_runs:
        gate.start()
    file = tmp_path / "window.png"
    assert "--yes" in gate.cli("sensor", "image", str(file)).sentence  # Nobody has said yes.
    assert "does not end in .png" in gate.cli("sensor", "image", "x.txt", "--yes").sentence
    taken = _taken(gate, file)
    assert taken.code == 0, taken
    with Image.open(file) as image:
        assert (image.size, image.mode) == ((256, 288), "L")
        assert len(set(image.tobytes())) == 16
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    assert "exists already" in gate.cli("sensor", "image", str(file), "--yes").sentence
    assert file.read_bytes() == before
    assert gate.punches() == []


def _taken(gate: Gate, file: Path) -> Result:
    """``sensor image`` with somebody who presses when it says so."""
    command = [*OWN, "sensor", "image", str(file), "--yes", "--config", str(gate.config)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        said = process.stderr.readline()
        assert said.startswith("Press")
        gate.finger("press NV001")
        said += process.stderr.read()
        out = process.stdout.read()
    return Result(process.returncode, out, said)
