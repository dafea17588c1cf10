"""The adapter against a simulated sensor and, for what that one never does, a scripted one."""

import fcntl
import os
import re
import select
import socket
import termios
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import serial
from msgspec.structs import replace

from edge_agent.contract.errors import BadRequest, EdgeAgentError
from edge_agent.gate.errors import (
    GateBusy,
    SensorFault,
    SensorForbidden,
    SensorGarbled,
    SensorRefused,
    SensorSilent,
    SensorUnplugged,
)
from edge_agent.gate.ports import Buffer, Sensor, SensorInfo
from edge_agent.gate.rules import Hint, Match
from edge_agent.gate.sensor import fingerprint_sensor, link, port
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor
from edge_agent.gate.settings.schema import SensorSettings
from edge_agent.simulator.background import Remote, running_simulator
from edge_agent.simulator.flash import Flash
from edge_agent.simulator.module import MODELS
from edge_agent.simulator.serving import SimulatorOptions
from edge_agent.simulator.wire import Packet, Pid
from tests.patience import PATIENCE_S, patient_line, patient_with_another_baud

from .line import template
from .peer import (
    COUNT,
    DELETE,
    FAST_SEARCH,
    GEN_IMG,
    INDEX,
    PARAMETERS,
    POLITE,
    READ_SYS_PARA,
    SEARCH,
    STORE,
    VFY_PWD,
    Peer,
    ack,
    scripted,
)

# Late replies take seconds: they are tried on a line with a clock of its own.
FAULTS = [
    "stray-byte",
    "drop-bytes",
    "corrupt-checksum",
    "wrong-length",
    "duplicate-ack",
    "split-reply",
    "silence",
    "busy-21",
    "reboot",
    "noise",
]


@pytest.fixture(autouse=True)
def _soon_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listen for less long: these sensors answer at once, late or never."""
    monkeypatch.setattr(port, "QUIET", 0.01)
    monkeypatch.setattr(port, "PATIENCE", 0.01)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Remote]:
    options = SimulatorOptions(tmp_path / "tty", tmp_path / "control", paced=False)
    with running_simulator(options) as bench:
        yield bench


@pytest.fixture
def sensor(bench: Remote, tmp_path: Path) -> Iterator[FingerprintSensor]:
    sensor = _sensor(tmp_path / "tty")
    sensor.connect()
    yield sensor
    sensor.close()


def _sensor(name: object, baud: int = 57600) -> FingerprintSensor:
    return FingerprintSensor(SensorSettings(port=str(name), baud=baud))  # type: ignore[arg-type]


def _scan(
    bench: Remote, sensor: FingerprintSensor, finger: str, buffer: Buffer = Buffer.ONE
) -> None:
    bench.ask("lift")
    assert not sensor.capture()
    bench.ask(f"press {finger}")
    assert sensor.capture()
    assert sensor.extract(buffer) is None


def _enrol(bench: Remote, sensor: FingerprintSensor, finger: str, slot: int) -> None:
    for buffer in Buffer:
        _scan(bench, sensor, finger, buffer)
    assert sensor.merge()
    sensor.store(slot)


def _slot(match: Match | None) -> int | None:
    return match.slot if match else None


def _open_fds() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_punch_costs_the_line_less_than_twenty_system_calls(
    bench: Remote, sensor: FingerprintSensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    _enrol(bench, sensor, "anna", 0)
    calls: list[str] = []

    def count(module: Any, name: str) -> None:
        called = getattr(module, name)

        def counting(*arguments: Any) -> Any:
            if threading.current_thread() is threading.main_thread():  # and not the simulator's
                calls.append(name)
            return called(*arguments)

        monkeypatch.setattr(module, name, counting)

    for module, names in ((os, ("read", "write")), (select, ("select",)), (fcntl, ("ioctl",))):
        for name in names:
            count(module, name)
    count(time, "sleep")
    assert sensor.capture()
    assert sensor.extract() is None
    assert _slot(sensor.search()) == 0
    # Three questions; the reply to the last may be as short as a failure, and is read in two parts.
    # More selects and reads only where the operating system hands over less than a reply.
    counted = {name: calls.count(name) for name in calls}
    assert counted.pop("read") == counted.pop("select") >= 4
    assert counted == {"ioctl": 6, "write": 3, "sleep": 1}


def test_a_line_that_stands_still_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads at the other end, and the operating system has no room left."""
    monkeypatch.setattr(port, "_WRITE_TIMEOUT", 0.05)
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    opened = port.Port(os.ttyname(theirs), 57600)
    with pytest.raises(SensorSilent) as told:
        opened.write(bytes(1_000_000))
    assert told.value.message.name == "sensor.takes-no-bytes"
    opened.close()
    os.close(ours)
    os.close(theirs)


def test_what_a_line_takes_in_parts_arrives_once_and_in_order() -> None:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    opened = port.Port(os.ttyname(theirs), 57600)
    sent = bytes(range(256)) * 200
    writer = threading.Thread(target=opened.write, args=(sent,))
    writer.start()
    arrived = b""
    while len(arrived) < len(sent):
        arrived += os.read(ours, 999)
    writer.join()
    assert arrived == sent
    opened.close()
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize("model", MODELS)
def test_a_finger_is_enrolled_found_and_erased(model: str, tmp_path: Path) -> None:
    options = SimulatorOptions(tmp_path / "tty", tmp_path / "control", model=model, paced=False)
    with running_simulator(options) as bench:
        adapter = _sensor(tmp_path / "tty")
        port: Sensor = adapter
        info = port.connect()
        assert info.capacity == MODELS[model].capacity
        last = info.capacity - 1
        assert port.slots() == frozenset()

        _enrol(bench, adapter, "anna", 0)
        _enrol(bench, adapter, "binh", last)

        assert port.slots() == {0, last}
        for finger, slot in [("binh", last), ("anna", 0), ("chi", None)]:
            _scan(bench, adapter, finger)
            assert _slot(port.search()) == slot
        _scan(bench, adapter, "anna", Buffer.ONE)
        _scan(bench, adapter, "binh", Buffer.TWO)
        assert _slot(port.search(Buffer.TWO)) == last
        assert _slot(port.search()) == 0
        assert port.likeness() == 0
        _scan(bench, adapter, "anna", Buffer.TWO)
        assert port.likeness() > 50
        port.erase(0)
        port.erase(1)  # there is nothing in it
        assert port.slots() == {last}
        port.close()


def test_different_fingers_do_not_merge(bench: Remote, sensor: FingerprintSensor) -> None:
    _scan(bench, sensor, "anna", Buffer.ONE)
    _scan(bench, sensor, "binh", Buffer.TWO)

    assert not sensor.merge()


@pytest.mark.parametrize(
    ("answer", "alike"),
    [
        (ack(0, bytes.fromhex("0050")), 80),
        (ack(0, bytes(2)), 0),  # no score is no match
        (ack(0x08, bytes(2)), 0),
        (ack(0x01), 0),
        (ack(0x1B), 0),
    ],
)
def test_a_module_that_refuses_to_compare(
    peer: Peer, plain: FingerprintSensor, answer: bytes, alike: int
) -> None:
    peer.replies = {0x03: [answer] * 3}
    assert plain.likeness() == alike
    assert plain.capture()  # and the link is not in doubt


@pytest.mark.parametrize(
    ("quality", "hint"),
    [("dry", Hint.MOISTEN), ("wet", Hint.WIPE), ("messy", Hint.WIPE), ("partial", Hint.PRESS_FLAT)],
)
def test_a_poor_scan_is_a_hint(tmp_path: Path, quality: str, hint: Hint) -> None:
    options = SimulatorOptions(tmp_path / "tty", tmp_path / "control", "as608", paced=False)
    with running_simulator(options) as bench:
        sensor = _sensor(tmp_path / "tty")
        sensor.connect()
        bench.ask(f"press anna {quality}")

        assert sensor.capture()
        assert sensor.extract() is hint
        assert sensor.capture()  # and the link is not in doubt
        sensor.close()


@pytest.fixture
def _soon_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every instruction half a second: this simulator answers at once, late or never."""
    hasty = {code: replace(row, deadline=0.5) for code, row in link.INSTRUCTIONS.items()}
    monkeypatch.setattr(link, "INSTRUCTIONS", hasty)


@pytest.mark.usefixtures("_soon_silent")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_during_a_search_credits_nobody_else(
    bench: Remote, sensor: FingerprintSensor, fault: str
) -> None:
    _enrol(bench, sensor, "anna", 1)
    _enrol(bench, sensor, "binh", 2)
    _scan(bench, sensor, "anna")
    assert _slot(sensor.search()) == 1
    _scan(bench, sensor, "binh")
    bench.ask(f"fault {fault}")

    try:
        assert _slot(sensor.search()) == 2
        # Only a second ack may come after the right one has been believed.
        assert fault in ("split-reply", "duplicate-ack")
    except SensorFault:
        pass
    sensor.recover()

    for finger, slot in [("anna", 1), ("chi", None), ("binh", 2)]:
        _scan(bench, sensor, finger)
        assert _slot(sensor.search()) == slot


@pytest.mark.usefixtures("_soon_silent")
@pytest.mark.parametrize("fault", ["silence", "corrupt-checksum", "reboot"])
def test_a_lost_ack_is_settled_by_the_index(
    bench: Remote, sensor: FingerprintSensor, fault: str
) -> None:
    _enrol(bench, sensor, "anna", 1)
    for buffer in Buffer:
        _scan(bench, sensor, "binh", buffer)
    assert sensor.merge()

    # The fault must strike the second exchange: the first reads the index.
    bench.ask("fault split-reply")
    bench.ask(f"fault {fault}")
    if fault == "reboot":
        with pytest.raises(SensorSilent):
            sensor.store(2)
        assert sensor.slots() == {1}
        return
    sensor.store(2)
    assert sensor.slots() == {1, 2}

    bench.ask(f"fault {fault}")
    sensor.erase(1)
    assert sensor.slots() == {2}


@pytest.mark.usefixtures("_soon_silent")
@pytest.mark.parametrize(("fault", "error"), [("busy-21", SensorRefused), ("reboot", SensorSilent)])
def test_an_erasure_that_did_not_happen(
    bench: Remote, sensor: FingerprintSensor, fault: str, error: type[SensorFault]
) -> None:
    _enrol(bench, sensor, "anna", 1)
    bench.ask(f"fault {fault}")

    with pytest.raises(error):
        sensor.erase(1)
    sensor.recover()
    assert sensor.slots() == {1}


def test_an_overwritten_slot_cannot_be_settled(bench: Remote, sensor: FingerprintSensor) -> None:
    _enrol(bench, sensor, "anna", 1)
    for buffer in Buffer:
        _scan(bench, sensor, "binh", buffer)
    bench.ask("fault split-reply")
    bench.ask("fault corrupt-checksum")

    with pytest.raises(SensorGarbled):
        sensor.store(1)


@pytest.mark.parametrize("slot", [-1, 1000])
def test_a_slot_that_is_not_there(sensor: FingerprintSensor, slot: int) -> None:
    for change in (sensor.store, sensor.erase):
        with pytest.raises(BadRequest, match=f"There is no slot {slot}: this sensor has 0 to 999"):
            change(slot)


def test_unplugged_while_in_use_and_plugged_in_again(
    bench: Remote, sensor: FingerprintSensor
) -> None:
    fds = _open_fds()
    for _ in range(3):
        bench.ask("unplug")
        with pytest.raises(SensorUnplugged, match="has vanished"):
            sensor.capture()
        with pytest.raises(SensorUnplugged):
            sensor.recover()
        with pytest.raises(SensorUnplugged, match="There is no sensor port"):
            sensor.connect()
        bench.ask("plug")
        assert sensor.connect().capacity == 1000
    assert _open_fds() == fds

    sensor.close()
    sensor.close()
    with pytest.raises(SensorUnplugged, match="is not open"):
        sensor.capture()


def test_unplugged_while_waiting_for_an_answer() -> None:
    with scripted() as peer:
        sensor = _sensor(peer.name)
        sensor.connect()
        peer.replies[GEN_IMG] = [b""]
        unplug = threading.Timer(0.05, peer.unplug)
        unplug.start()

        with pytest.raises(SensorUnplugged, match="has vanished"):
            sensor.capture()
        unplug.join()
        sensor.close()


@pytest.mark.parametrize(
    ("name", "error", "sentence"),
    [
        ("/dev/ttyNOT", SensorUnplugged, r"There is no sensor port .*/dev/ttyAMA0 for a Pi 5's"),
        (__file__, SensorUnplugged, "is not a serial port"),
        ("/tmp", SensorUnplugged, "is not a serial port"),
        ("/dev/null", SensorUnplugged, "is not a serial port"),
        ("nope://x", SensorUnplugged, "cannot be opened"),
        ("socket://127.0.0.1:1", SensorUnplugged, "cannot be opened"),
    ],
)
def test_a_wrong_port_is_named(name: str, error: type[EdgeAgentError], sentence: str) -> None:
    fds = _open_fds()

    with pytest.raises(error, match=sentence) as caught:
        _sensor(name).connect()

    assert name in str(caught.value)
    assert _open_fds() == fds


def test_a_sensor_behind_a_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, number = server.getsockname()
        sensor = _sensor(f"socket://{host}:{number}")

        def serve() -> None:
            client, _ = server.accept()
            with client:
                while command := client.recv(64):
                    client.sendall(POLITE[command[9]])

        far_end = threading.Thread(target=serve)
        far_end.start()
        assert sensor.connect().capacity == 100
        assert sensor.search() == Match(1, 80)
        sensor.close()
        far_end.join()


def test_a_forbidden_port(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise serial.SerialException(13, "could not open port")

    # Tests may run as root, whom no permission stops.
    monkeypatch.setattr(port.serial, "serial_for_url", refuse)
    with pytest.raises(SensorForbidden, match="add the user to the group dialout"):
        _sensor("/dev/ttyS0").connect()


def test_a_port_in_use(sensor: FingerprintSensor, tmp_path: Path) -> None:
    with pytest.raises(GateBusy, match="Another process is using"):
        _sensor(tmp_path / "tty").connect()
    assert not sensor.capture()


def test_another_baud_is_named_and_not_used(
    bench: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "_RECOVERY", 0.2)
    sensor = _sensor(tmp_path / "tty", baud=9600)
    sentence = r"speaks 57600 baud, but \[sensor\] baud is 9600: set \[sensor\] baud = 57600\."

    with patient_with_another_baud(), pytest.raises(SensorGarbled, match=sentence):
        sensor.connect()


def test_a_module_that_an_older_version_has_left_at_another_baud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Restores used to raise the speed; a power cut in the middle of one left it raised."""
    monkeypatch.setattr(link, "_RECOVERY", 0.2)
    memory, mark = tmp_path / "flash", bytes(range(32))
    flash = Flash.open("r307", memory)
    flash.set(baud_multiplier=12)
    flash.store(1, template(1))
    flash.write_page(15, mark)
    options = SimulatorOptions(tmp_path / "tty", tmp_path / "control", flash=memory, paced=False)
    with running_simulator(options):
        said = r"set \[sensor\] baud = 115200\."
        with patient_with_another_baud(), pytest.raises(SensorGarbled, match=said):
            _sensor(tmp_path / "tty").connect()
        sensor = _sensor(tmp_path / "tty", baud=115200)
        with patient_line():
            assert sensor.connect().baud == 115200
            assert (sensor.slots(), sensor.read_notepad(15)) == ({1}, mark)
        sensor.close()


def test_silence_and_garbage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_RECOVERY", 0.2)
    monkeypatch.setattr(fingerprint_sensor, "_USUAL_BAUDS", ())
    with scripted({VFY_PWD: [b""] * 100}) as peer:
        sensor = _sensor(peer.name)
        with pytest.raises(SensorSilent, match="whether RX and TX are swapped"):
            sensor.connect()
    # On a busy machine garbage that comes late would be silence.
    rows = {code: replace(row, deadline=PATIENCE_S) for code, row in link.INSTRUCTIONS.items()}
    monkeypatch.setattr(link, "INSTRUCTIONS", rows)
    with scripted({VFY_PWD: [b"garbage"] * 100}) as peer:
        sensor = _sensor(peer.name)
        with pytest.raises(SensorGarbled, match="check GND, the length of the wires"):
            sensor.connect()


def test_a_booting_sensor_is_waited_for() -> None:
    booting = [b"", b"\x55", b"\x55\x00" + ack(), b""]
    with scripted({VFY_PWD: booting}) as peer:
        peer.say(b"\x55")
        sensor = _sensor(peer.name)

        assert sensor.connect() == SensorInfo(
            system_id=0x2EC8, capacity=100, security_level=3, baud=57600
        )
        sensor.close()


def test_a_password_that_somebody_set() -> None:
    with scripted({VFY_PWD: [ack(0x13)]}) as peer:
        sensor = _sensor(peer.name)
        with pytest.raises(SensorRefused, match="its password is not the one that this gate knows"):
            sensor.connect()
        assert peer.asked == [VFY_PWD]
        assert "closed" in repr(sensor)


def test_a_module_without_parameters() -> None:
    with (
        scripted({READ_SYS_PARA: [ack(0x01)] * 3}) as peer,
        pytest.raises(SensorSilent, match="such as an R308"),
    ):
        _sensor(peer.name).connect()


def test_more_slots_than_the_index_can_show() -> None:
    many = PARAMETERS[:4] + (3000).to_bytes(2, "big") + PARAMETERS[6:]
    with scripted({READ_SYS_PARA: [ack(0, many)]}) as peer:
        sensor = _sensor(peer.name)
        assert sensor.connect().capacity == 1024
        peer.replies[INDEX] = [ack(0, bytes(31) + b"\x80")] * 4
        assert sensor.slots() == {255, 511, 767, 1023}
        sensor.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    with scripted() as peer:
        yield peer


@pytest.fixture
def plain(peer: Peer) -> Iterator[FingerprintSensor]:
    sensor = _sensor(peer.name)
    sensor.connect()
    yield sensor
    sensor.close()


def test_the_index_has_the_last_word(peer: Peer, plain: FingerprintSensor) -> None:
    full = ack(0, b"\xff" * 32)
    with pytest.raises(
        SensorRefused, match=re.escape("stored a template in slot 3, but its index")
    ):
        plain.store(3)
    peer.replies = {INDEX: [full]}
    with pytest.raises(SensorRefused, match="erased slot 3, but its index still shows it"):
        plain.erase(3)
    peer.replies = {DELETE: [ack(0x10)]}
    plain.erase(3)  # some modules refuse to erase what is not there
    peer.replies = {STORE: [ack(0x18)]}
    with pytest.raises(SensorRefused, match="could not write its flash"):
        plain.store(3)


@pytest.mark.parametrize(
    "gone", [OSError(5, "EIO"), termios.error(5, "EIO"), serial.SerialException("no data")]
)
def test_every_way_of_vanishing(
    plain: FingerprintSensor, monkeypatch: pytest.MonkeyPatch, gone: Exception
) -> None:
    close = serial.Serial.close

    def fail(*_: object) -> None:
        raise gone

    def close_and_fail(port: serial.Serial) -> None:
        close(port)
        raise gone

    monkeypatch.setattr(serial.Serial, "read", fail)
    monkeypatch.setattr(serial.Serial, "close", close_and_fail)

    with pytest.raises(SensorUnplugged, match="has vanished"):
        plain.capture()
    plain.close()


def test_slots_are_those_of_the_capacity(peer: Peer, plain: FingerprintSensor) -> None:
    peer.replies[INDEX] = [ack(0, bytes([0x01, 0x80]) + bytes(10) + b"\xff" * 20)]
    peer.asked.clear()

    assert plain.slots() == {0, 15, 96, 97, 98, 99}
    assert peer.asked == [INDEX]


def test_a_failed_image_tells_nothing_until_it_repeats(
    peer: Peer, plain: FingerprintSensor
) -> None:
    failed = ack(0x03)
    peer.replies[GEN_IMG] = [failed] * 19 + [ack(0x02)] + [failed] * 21

    assert [plain.capture() for _ in range(39)] == [None] * 19 + [False] + [None] * 19
    with pytest.raises(SensorRefused, match="it could not take an image"):
        plain.capture()
    assert plain.capture() is None
    assert plain.capture()


ECHO = Packet(0xFFFFFFFF, Pid.COMMAND, bytes.fromhex("1B0100000064")).encode()
FOUND = Match(1, 80)


@pytest.mark.usefixtures("_soon_silent")
@pytest.mark.parametrize("answer", [ack(0x01), ack(0x1B)])
def test_a_module_that_refuses_to_search_fast(
    peer: Peer, plain: FingerprintSensor, answer: bytes
) -> None:
    peer.replies = {FAST_SEARCH: [answer], SEARCH: [ack(0, bytes.fromhex("00070064")), ack(0x09)]}
    peer.asked.clear()

    assert plain.search() == Match(7, 100)
    assert plain.search() is None
    assert plain.search() == FOUND
    assert [code for code in peer.asked if code not in (VFY_PWD, COUNT)] == [
        FAST_SEARCH,
        SEARCH,
        SEARCH,
        SEARCH,
    ]
    peer.commands.clear()
    assert plain.search(Buffer.TWO) == FOUND
    assert peer.commands[-1][:2] == bytes([SEARCH, 2])
    plain.connect()  # perhaps another sensor
    assert plain.search() == FOUND
    assert peer.asked[-1] == FAST_SEARCH


@pytest.mark.usefixtures("_soon_silent")
@pytest.mark.parametrize("answer", [b"", ECHO, ack(0x21)])
def test_a_first_fast_search_in_doubt_is_no_match(
    peer: Peer, plain: FingerprintSensor, answer: bytes
) -> None:
    peer.replies = {FAST_SEARCH: [answer]}
    with pytest.raises(SensorFault):
        plain.search()
    plain.recover()
    assert plain.search() == FOUND
    assert peer.asked[-1] == SEARCH


@pytest.mark.usefixtures("_soon_silent")
@pytest.mark.parametrize("answer", [b"", ECHO, ack(0x01), ack(0x1B)])
def test_who_has_searched_fast_goes_on_so(
    peer: Peer, plain: FingerprintSensor, answer: bytes
) -> None:
    peer.replies = {FAST_SEARCH: [ack(0x09), answer]}
    assert plain.search() is None
    with pytest.raises(SensorFault):
        plain.search()
    plain.recover()
    assert plain.search() == FOUND
    assert SEARCH not in peer.asked


def test_an_error_names_no_bytes_of_the_reply(peer: Peer, plain: FingerprintSensor) -> None:
    secret = b"\x03\x01secret"
    peer.replies[COUNT] = [ack(0, secret)]
    peer.replies[GEN_IMG] = [ack(0, secret)]

    with pytest.raises(SensorGarbled) as caught:
        plain.capture()

    for shown in (repr(caught.value), repr(plain), str(caught.value)):
        assert "secret" not in shown
        assert secret.hex() not in shown


class Switch:
    """A supply that is switched by hand; the sensor boots when it comes back."""

    def __init__(self, remote: Remote) -> None:
        self.told: list[bool] = []
        self._remote = remote

    def switch(self, on: bool) -> None:
        self.told.append(on)
        self._remote.ask("plug" if on else "unplug")

    def close(self) -> None: ...


def test_power_off_and_on(bench: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.gate.sensor.fingerprint_sensor._WITHOUT_POWER", 0.01)
    switch = Switch(bench)
    sensor = FingerprintSensor(SensorSettings(port=str(tmp_path / "tty")), power=switch)
    sensor.connect()
    assert sensor.restart()
    assert switch.told == [False, True]
    with pytest.raises(SensorUnplugged):
        sensor.capture()
    sensor.connect()
    assert sensor.capture() is False
    sensor.close()


def test_without_a_switch_there_is_no_restart(sensor: FingerprintSensor) -> None:
    assert not sensor.restart()


def _arrives(sensor: FingerprintSensor) -> None:
    """A pty hands a byte over when the kernel gets round to it."""
    give_up = time.monotonic() + PATIENCE_S
    while not sensor._port.unread():  # type: ignore[union-attr]
        assert time.monotonic() < give_up


def test_a_byte_that_it_says_when_it_wakes_is_no_fault() -> None:
    with scripted({0x33: [ack()]}) as peer:
        sensor = _sensor(peer.name)
        sensor.connect()
        sensor.sleep()
        peer.say(b"\x55")
        _arrives(sensor)
        assert sensor.capture()
        assert sensor.capture()
        peer.say(b"\x55")  # It did not sleep: this is noise.
        _arrives(sensor)
        with pytest.raises(SensorGarbled):
            sensor.capture()
        sensor.close()


def test_a_module_that_cannot_sleep_says_so(sensor: FingerprintSensor) -> None:
    with pytest.raises(SensorRefused):
        sensor.sleep()
    sensor.recover()
    assert sensor.capture() is not None
