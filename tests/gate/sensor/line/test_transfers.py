"""Templates, notepad, images and the password, at simulated sensors and at a scripted one."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import DEFAULT, patch

import pytest
from msgspec.structs import replace

from edge_agent.contract.errors import BadRequest
from edge_agent.gate.errors import SensorFault, SensorGarbled, SensorRefused, SensorSilent
from edge_agent.gate.ports import Buffer, FingerImage, Sensor
from edge_agent.gate.sensor import link, port
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor
from edge_agent.gate.sensor.instructions import GEN_IMG, INSTRUCTIONS, TEMPLATE_COUNT
from edge_agent.gate.sensor.instructions import UP_IMAGE as READ_IMAGE
from edge_agent.gate.sensor.library import TemplateLibrary
from edge_agent.gate.settings.schema import SensorSettings
from edge_agent.simulator.background import Remote, running_simulator
from edge_agent.simulator.flash import Flash
from edge_agent.simulator.module import MODELS
from edge_agent.simulator.serving import SimulatorOptions
from edge_agent.simulator.wire import Packet, Pid

from .line import Line, Mishap, template
from .peer import (
    ADDRESS,
    DOWN_CHAR,
    INDEX,
    LOAD,
    NOTE,
    PARAMETERS,
    READ_SYS_PARA,
    STORE,
    UP_CHAR,
    UP_IMAGE,
    WRITE_NOTE,
    Peer,
    ack,
    scripted,
)

HASTY = {code: replace(row, deadline=0.2) for code, row in INSTRUCTIONS.items()}


@pytest.fixture(autouse=True)
def _soon_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listen for less long: these sensors send at once or never."""
    monkeypatch.setattr(link, "_BETWEEN_PACKETS", 0.5)
    monkeypatch.setattr(port, "QUIET", 0.01)
    monkeypatch.setattr(port, "PATIENCE", 0.01)


@contextmanager
def _bench(folder: Path, model: str = "r307") -> Iterator[tuple[Remote, FingerprintSensor]]:
    options = SimulatorOptions(folder / "tty", folder / "control", model=model, paced=False)
    with running_simulator(options) as remote:
        sensor = FingerprintSensor(SensorSettings(port=str(folder / "tty")))
        sensor.connect()
        yield remote, sensor
        sensor.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[tuple[Remote, FingerprintSensor]]:
    with _bench(tmp_path) as bench:
        yield bench


def _template(size: int, seed: int = 0) -> bytes:
    return b"\x03\x01" + random.Random(seed).randbytes(size - 2)


def _scan(remote: Remote, sensor: FingerprintSensor, finger: str, buffer: Buffer) -> None:
    remote.ask("lift")
    assert not sensor.capture()
    remote.ask(f"press {finger}")
    assert sensor.capture()
    assert sensor.extract(buffer) is None


def _enrol(remote: Remote, sensor: FingerprintSensor, finger: str, slot: int) -> None:
    for buffer in Buffer:
        _scan(remote, sensor, finger, buffer)
    assert sensor.merge()
    sensor.store(slot)


@pytest.mark.parametrize("model", MODELS)
def test_a_template_moves_to_another_sensor(model: str, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    with _bench(old, model) as (remote, sensor):
        port: Sensor = sensor
        _enrol(remote, sensor, "anna", 7)
        template = port.read_template(7)
        assert len(template) == MODELS[model].template_size
    with _bench(new, model) as (remote, sensor):
        port = sensor
        last = MODELS[model].capacity - 1
        port.write_template(last, template)
        assert port.slots() == {last}
        assert port.read_template(last) == template
        _scan(remote, sensor, "anna", Buffer.ONE)
        match = sensor.search()
        assert match
        assert match.slot == last


def test_a_slot_without_a_template(bench: tuple[Remote, FingerprintSensor]) -> None:
    _, sensor = bench
    with pytest.raises(SensorRefused, match="it holds no valid template there"):
        sensor.read_template(3)
    for slot in (-1, 1000):
        with pytest.raises(BadRequest, match=f"There is no slot {slot}"):
            sensor.read_template(slot)
        with pytest.raises(BadRequest, match=f"There is no slot {slot}"):
            sensor.write_template(slot, _template(512))


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(("model", "size"), [("r307", 1536), ("r503", 512), ("r307", 500)])
def test_a_template_of_another_model(tmp_path: Path, model: str, size: int, known: bool) -> None:
    own = _template(MODELS[model].template_size)
    with _bench(tmp_path, model) as (_, sensor):
        if known:
            sensor.write_template(3, own)
        with pytest.raises(BadRequest, match=f"of {size} bytes: it comes from another model"):
            sensor.write_template(3, _template(size))
        assert sensor.slots() == ({3} if known else set())
        sensor.write_template(3, own)
        assert sensor.read_template(3) == own


def test_a_blank_template(tmp_path: Path) -> None:
    with _bench(tmp_path, "r503") as (_, sensor):
        with pytest.raises(BadRequest, match="comes from another model"):
            sensor.write_template(0, b"\xff" * 1536)
        sensor.write_template(0, _template(1536))
        with pytest.raises(SensorRefused, match="could not write its flash"):
            sensor.write_template(0, b"\xff" * 1536)
        assert sensor.read_template(0) == _template(1536)


@contextmanager
def _line(model: str = "r307") -> Iterator[tuple[Line, TemplateLibrary]]:
    """A line with a clock of its own; the sensor holds templates from the start."""
    line = Line(model=model)
    with patch.object(link, "time", line), patch.object(link, "INSTRUCTIONS", HASTY):
        library = TemplateLibrary(link.Link(line))  # type: ignore[arg-type]
        library.link.capacity = 100
        library.link.recover()
        yield line, library


def _believes(change: Callable[[], None]) -> bool:
    try:
        change()
    except SensorFault:
        return False
    return True


@pytest.mark.parametrize("model", ["r307", "r503"])
@pytest.mark.parametrize("mishap", Mishap)
def test_a_template_that_went_wrong_is_not_believed(mishap: Mishap, model: str) -> None:
    first, second = template(3, model), template(4, model, 1)
    packets = 5 + len(first) // 128  # DownChar, its data, Store, ReadIndexTable, Load, UpChar
    for at in range(packets):
        with _line(model) as (line, library):
            assert library.read_template(3) == first
            line.mishaps = iter([Mishap.NONE] * at + [mishap])

            written = _believes(lambda: library.write_template(3, second))
            line.settle()
            library.link.recover()
            held = library.read_template(3)

        assert held == line.flash.templates[3]
        assert held in ({second} if written else {first, second, _half(second)})


def _half(template: bytes) -> bytes:
    """What a cut of the power leaves."""
    return template[: len(template) // 2] + b"\xff" * (len(template) // 2)


def test_the_slowest_line_has_all_the_time_that_it_needs() -> None:
    new = template(4, "r503", 1)
    with _line("r503") as (line, library):
        line.flash.set(baud_multiplier=1)
        line.baud = 9600
        # Its data are on the wire for 1.7 seconds; the store after them is to be done in 0.2.
        library.write_template(3, new)
        assert library.read_template(3) == new


def test_an_image_in_doubt_is_drained_to_its_end() -> None:
    with _line() as (line, library):
        line.press(1)
        assert library.link.ask(GEN_IMG)
        line.mishaps = iter([Mishap.NOISE])
        with pytest.raises(SensorGarbled):
            library.link.receive(READ_IMAGE)
        began = line.monotonic()
        library.link.recover()
        assert 6 < line.monotonic() - began < 8
        assert len(library.link.receive(READ_IMAGE)) == 36_864


def test_the_notepad(bench: tuple[Remote, FingerprintSensor]) -> None:
    _, sensor = bench
    port: Sensor = sensor
    pages = [_template(32, page) for page in range(16)]
    for page, data in enumerate(pages):
        port.write_notepad(page, data)
    assert [port.read_notepad(page) for page in range(16)] == pages
    for page in (-1, 16):
        with pytest.raises(BadRequest, match=f"no page {page}, only 0 to 15"):
            port.read_notepad(page)
        with pytest.raises(BadRequest, match=f"no page {page}, only 0 to 15"):
            port.write_notepad(page, pages[0])
    with pytest.raises(BadRequest, match="is 32 bytes, not 31"):
        port.write_notepad(0, pages[0][:31])


@pytest.mark.parametrize("mishap", Mishap)
@pytest.mark.parametrize("at", range(2))
def test_a_page_that_went_wrong_is_not_believed(mishap: Mishap, at: int) -> None:
    first, second = random.Random(1).randbytes(32), random.Random(2).randbytes(32)
    with _line() as (line, library):
        library.write_notepad(5, first)
        line.mishaps = iter([Mishap.NONE] * at + [mishap])

        written = _believes(lambda: library.write_notepad(5, second))
        line.settle()
        library.link.recover()
        held = library.read_notepad(5)

    assert held in ({second} if written else {first, second, _half(second)})


@pytest.fixture
def scripted_bench() -> Iterator[tuple[Peer, FingerprintSensor]]:
    with scripted() as peer:
        sensor = FingerprintSensor(SensorSettings(port=peer.name))
        sensor.connect()
        yield peer, sensor
        sensor.close()


def _data(content: bytes, *, last: bool = False, address: int = ADDRESS) -> bytes:
    return Packet(address, Pid.END_DATA if last else Pid.DATA, content).encode()


TEMPLATE = _template(512)
PARTS = [TEMPLATE[at : at + 128] for at in range(0, 512, 128)]
A, B, C, D = (_data(part, last=part is PARTS[-1]) for part in PARTS)
OK = ack()


def _flipped(packet: bytes) -> bytes:
    return packet[:40] + bytes([packet[40] ^ 4]) + packet[41:]


@pytest.mark.parametrize("portion", [None, 1, 7])
def test_a_template_as_it_should_come(
    scripted_bench: tuple[Peer, FingerprintSensor], portion: int | None
) -> None:
    peer, sensor = scripted_bench
    peer.portion = portion
    peer.replies[UP_CHAR] = [OK + A + B + C + D]
    assert sensor.read_template(3) == TEMPLATE


WRONG = {
    "a packet is lost": OK + A + B + D,
    "the first packet is lost": OK + B + C + D,
    "the last packet is lost": OK + A + B + C,
    "the last packet comes early": OK + A + D + B + C,
    "a packet comes twice": OK + A + B + B + C + D,
    "two packets are one short": OK + A + B + _data(PARTS[2][:127]) + D,
    "half packets": OK + b"".join(_data(TEMPLATE[at : at + 50]) for at in range(0, 500, 50)) + D,
    "the last packet is the largest": OK
    + b"".join(_data(TEMPLATE[at : at + 64]) for at in range(0, 256, 64))
    + _data(TEMPLATE[256:], last=True),
    "another kind of packet": OK + A + B + ack(0, PARTS[2]) + D,
    "another ack": OK + OK + A + B + C + D,
    "another address": OK + A + B + _data(PARTS[2], address=1) + D,
    "a checksum": OK + A + B + _flipped(C) + D,
    "a byte between": OK + A + b"\x00" + B + C + D,
    "a byte behind": OK + A + B + C + D + b"\x00",
    "a start code between": OK + A + B[:2] + B + C + D,
    "a byte before": b"\x55" + OK + A + B + C + D,
    "the middle is lost": OK + A + B[:50] + B[60:] + C + D,
    "it never ends": OK + A * 20,
    "nothing behind the ack": OK,
}


@pytest.mark.parametrize("reply", WRONG.values(), ids=WRONG)
def test_a_template_in_doubt(scripted_bench: tuple[Peer, FingerprintSensor], reply: bytes) -> None:
    peer, sensor = scripted_bench
    # Twice: where only the size is odd, the sensor is asked whether that is its own.
    peer.replies[UP_CHAR] = [reply, OK + A + B + C + D, OK + A + B + C + D]

    with pytest.raises((SensorGarbled, SensorSilent)) as caught:
        sensor.read_template(3)
    with pytest.raises(SensorGarbled, match="in doubt: recover it first"):
        sensor.read_template(3)
    sensor.recover()

    assert sensor.read_template(3) == TEMPLATE
    for part in PARTS:
        for shown in (part.hex(), str(part), repr(part)[2:30]):
            assert shown not in repr(caught.value) + str(caught.value)


def test_a_size_that_changes(scripted_bench: tuple[Peer, FingerprintSensor]) -> None:
    peer, sensor = scripted_bench
    longer = OK + A + B + C + _data(PARTS[3]) + A + D
    peer.replies[UP_CHAR] = [OK + A + B + C + D, longer, longer]

    assert len(sensor.read_template(3)) == 512
    with pytest.raises(SensorGarbled, match="of another size than the one before"):
        sensor.read_template(3)
    sensor.recover()
    assert len(sensor.read_template(3)) == 768


@pytest.mark.parametrize(
    ("size", "told"), [(1024, "1024"), (498, "498"), (384, "384"), (2048, "more than 1536")]
)
def test_a_template_of_a_size_that_nobody_has_told_us_of(
    scripted_bench: tuple[Peer, FingerprintSensor], size: int, told: str
) -> None:
    peer, sensor = scripted_bench
    content = _template(size)
    packets = [content[at : at + 128] for at in range(0, size, 128)]
    stream = b"".join(_data(part, last=part is packets[-1]) for part in packets)
    peer.replies[UP_CHAR] = [OK + stream] * 2

    sentence = rf"sends templates of {told} bytes, a size that .* \(512, 768, 1536\): the wires"
    with pytest.raises(SensorFault, match=sentence) as caught:
        sensor.read_template(3)
    assert not isinstance(caught.value, (SensorGarbled, SensorRefused))
    assert sensor.capture()  # and the link is not in doubt


def test_two_packets_that_were_lost_are_no_size(
    scripted_bench: tuple[Peer, FingerprintSensor],
) -> None:
    peer, sensor = scripted_bench
    peer.replies[UP_CHAR] = [OK + A + B + D, OK + A + D]
    with pytest.raises(SensorGarbled, match="its data do not fit together"):
        sensor.read_template(3)


def test_what_is_read_back_has_the_last_word(
    scripted_bench: tuple[Peer, FingerprintSensor],
) -> None:
    peer, sensor = scripted_bench
    full, good, other = ack(0, b"\xff" * 32), OK + A + B + C + D, OK + B + A + C + D
    peer.replies = {UP_CHAR: [good, other, good, good], INDEX: [full, ack(0, bytes(32)), full]}

    with pytest.raises(SensorRefused, match="in slot 3, but something else is read back"):
        sensor.write_template(3, TEMPLATE)
    with pytest.raises(SensorRefused, match="in slot 3, but something else is read back"):
        sensor.write_template(3, TEMPLATE)
    peer.asked.clear()
    peer.buffers.clear()
    sensor.write_template(3, TEMPLATE)
    assert peer.asked == [DOWN_CHAR, STORE, INDEX, LOAD, UP_CHAR]
    # What is read back went through the flash: its buffer is another than the one written to.
    assert peer.buffers == [1, 1, 0, 2, 2]
    assert peer.data == PARTS * 4


@pytest.mark.parametrize("code", range(4))
def test_packets_of_the_size_that_the_sensor_is_set_to(code: int) -> None:
    size = 32 << code
    with scripted() as peer:
        peer.replies[READ_SYS_PARA] = [ack(0, PARAMETERS[:-3] + bytes([code]) + PARAMETERS[-2:])]
        sensor = FingerprintSensor(SensorSettings(port=peer.name))
        sensor.connect()
        peer.replies[UP_CHAR] = [OK + A + B + C + D] * 2
        peer.replies[INDEX] = [ack(0, b"\xff" * 32)]
        sensor.write_template(3, TEMPLATE)
        sensor.close()
    assert peer.data[: 512 // size] == [TEMPLATE[at : at + size] for at in range(0, 512, size)]


def test_data_that_were_not_sent_to_the_end() -> None:
    with _line() as (line, library), patch.object(line, "write", wraps=line.write) as write:
        packets = [DEFAULT, SensorSilent("the line takes no bytes")]
        write.side_effect = packets
        with pytest.raises(SensorSilent):
            library.write_buffer(1, template(1))
        write.side_effect = None
        # The sensor would take any command for the rest of the template.
        with pytest.raises(SensorGarbled, match="in doubt: recover it first"):
            library.link.ask(TEMPLATE_COUNT)
        library.link.recover()


def test_a_page_that_stays_as_it_was(scripted_bench: tuple[Peer, FingerprintSensor]) -> None:
    peer, sensor = scripted_bench
    peer.replies = {WRITE_NOTE: [OK], NOTE: [ack(0, bytes(32))]}
    with pytest.raises(
        SensorRefused, match="page 2 of its notepad, but something else is read back"
    ):
        sensor.write_notepad(2, b"\x01" * 32)


@pytest.mark.parametrize("model", MODELS)
def test_an_image(model: str, tmp_path: Path) -> None:
    width, height = MODELS[model].image_size
    with _bench(tmp_path, model) as (remote, sensor):
        port: Sensor = sensor
        with pytest.raises(SensorRefused, match="it has no image to send"):
            port.read_image()
        remote.ask("press anna")
        assert sensor.capture()
        image = port.read_image()
        assert sensor.extract() is None  # and the link is not in doubt

    assert (image.width, image.height, len(image.pixels)) == (width, height, width * height)
    assert set(image.pixels) == {17 * shade for shade in range(16)}
    assert repr(image) == f"FingerImage(width={width}, height={height})"


def test_the_left_pixel_is_in_the_high_half(
    scripted_bench: tuple[Peer, FingerprintSensor],
) -> None:
    peer, sensor = scripted_bench
    content = b"\x0f\xa1" * 9216
    packets = [content[at : at + 128] for at in range(0, len(content), 128)]
    stream = b"".join(_data(part, last=at == 143) for at, part in enumerate(packets))
    peer.replies[UP_IMAGE] = [OK + stream]
    assert sensor.read_image() == FingerImage(192, 192, bytes([0, 255, 170, 17]) * 9216)


def test_a_password(tmp_path: Path) -> None:
    memory = tmp_path / "flash"
    Flash.open("r307", memory).set(password=0xC0FFEE)
    options = SimulatorOptions(tmp_path / "tty", tmp_path / "control", flash=memory, paced=False)
    stranger, friend = (
        FingerprintSensor(SensorSettings(port=str(tmp_path / "tty"))) for _ in range(2)
    )
    friend.try_passwords(5, 0xC0FFEE)
    with running_simulator(options):
        with pytest.raises(SensorRefused, match=r"is not .* this gate knows .*: give its password"):
            stranger.connect()
        assert friend.connect().capacity == 1000
        assert not friend.capture()
        assert "c0ffee" not in repr(friend).lower()
        friend.recover()
        assert friend.connect().capacity == 1000
        friend.close()
    # What replaces a sensor with a password has none.
    Flash.open("r307", memory).set(password=0)
    with running_simulator(options):
        friend.connect()
        assert not friend.capture()
        friend.close()
        stranger.connect()
        stranger.close()


@pytest.mark.parametrize("model", MODELS)
def test_a_finger_that_is_there_twice_is_noticed(model: str, tmp_path: Path) -> None:
    with _bench(tmp_path, model) as (_, sensor):
        for slot in range(1, 5):
            sensor.write_template(slot, template(slot, model))
        sensor.write_template(9, template(3, model, copy=1))
        assert sensor.twin_of(9, [1, 2, 7, 3, 4]) == 3  # 7 is empty.
        assert sensor.twin_of(9, [1, 2, 4]) is None
        assert sensor.twin_of(9, []) is None
