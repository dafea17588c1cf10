"""Drivers that others wrote, unmodified, with the methods they have, on the pty."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import afrik_fingerprint
import pytest
import r503
import serial
from PIL import Image
from pyfingerprint.pyfingerprint import PyFingerprint

from tests.patience import PATIENCE_S

from .conftest import Running, Simulate
from .hosts import Bench


@contextmanager
def _pyfingerprint(simulator: Running, **settings: Any) -> Iterator[PyFingerprint]:
    """The driver as its users have it; it closes its port only when it is collected."""
    driver = PyFingerprint(simulator.port, **settings)
    try:
        yield driver
    finally:
        driver.__del__()


def _pyfingerprint_methods(driver: PyFingerprint, simulator: Running, folder: Path) -> set[str]:
    """Uses every public method; the names of those used."""
    used = set()

    def call(name: str, *arguments: Any) -> Any:
        used.add(name)
        return getattr(driver, name)(*arguments)

    assert call("verifyPassword") is True
    assert call("getSystemParameters")[2:] == (1000, 3, 0xFFFFFFFF, 2, 6)
    assert call("getStorageCapacity") == 1000
    assert call("getSecurityLevel") == 3
    assert call("getMaxPacketSize") == 128
    assert call("getBaudRate") == 57600

    assert call("readImage") is False
    simulator.ask("press an")
    for buffer in (1, 2):
        assert call("readImage") is True
        assert call("convertImage", buffer) is True
    assert call("compareCharacteristics") > 50
    assert call("createTemplate") is True
    assert call("storeTemplate") == 0
    assert call("storeTemplate", 999, 2) == 999
    assert call("getTemplateIndex", 0)[:2] == [True, False]
    assert call("getTemplateIndex", 3)[999 - 768] is True
    assert call("getTemplateCount") == 2

    assert call("readImage")
    assert call("convertImage")
    slot, score = call("searchTemplate")
    assert slot in (0, 999)
    assert score > 50

    assert call("loadTemplate", 999, 1) is True
    template = call("downloadCharacteristics", 1)
    assert (len(template), template[:2]) == (512, [3, 1])
    assert call("uploadCharacteristics", 2, template) is True

    picture = folder / "finger.png"
    call("downloadImage", str(picture))
    with Image.open(picture) as image:
        assert image.size == (256, 288)
        assert len(image.getcolors() or []) == 16

    simulator.ask("press binh")
    assert call("readImage") is False, "the host sees the gap"
    assert call("readImage") is True
    assert call("convertImage", 1) is True
    assert call("searchTemplate") == (-1, -1)
    assert call("compareCharacteristics") == 0
    assert call("createTemplate") is False

    assert call("deleteTemplate", 999) is True
    assert call("clearDatabase") is True
    assert simulator.ask("slots") == "count=0 capacity=1000 slots="

    assert call("generateRandomNumber") != call("generateRandomNumber")
    call("setSecurityLevel", 5)
    call("setMaxPacketSize", 64)
    assert call("setSystemParameter", 5, 2) is True
    assert call("getSystemParameters")[3:] == (2, 0xFFFFFFFF, 1, 6)
    assert call("setPassword", 0x12345678) is True
    assert call("setAddress", 0x11) is True
    assert call("verifyPassword") is True
    call("setBaudRate", 115200)
    return used


def test_all_of_pyfingerprint(simulate: Simulate, tmp_path: Path) -> None:
    simulator = simulate(flash=tmp_path / "flash")
    with _pyfingerprint(simulator) as driver:
        used = _pyfingerprint_methods(driver, simulator, tmp_path)
    methods = inspect.getmembers(PyFingerprint, inspect.isfunction)
    assert used == {name for name, _ in methods if not name.startswith("_")}
    with _pyfingerprint(simulator, baudRate=115200, address=0x11, password=0x12345678) as follower:
        assert follower.verifyPassword() is True
        assert follower.getBaudRate() == 115200


@pytest.mark.parametrize("model", ["as608", "zfm20", "zfm60"])
def test_pyfingerprint_enrols_on_other_models(simulate: Simulate, model: str) -> None:
    simulator = simulate(model=model)
    with _pyfingerprint(simulator) as driver:
        assert driver.verifyPassword()
        simulator.ask("press an")
        for buffer in (1, 2):
            assert driver.readImage()
            driver.convertImage(buffer)
        assert driver.createTemplate()
        assert driver.storeTemplate() == 0
        assert driver.getTemplateCount() == 1


@pytest.mark.parametrize("model", ["r307", "as608", "zfm60", "r503"])
def test_all_of_adafruit(simulate: Simulate, adafruit: ModuleType, model: str) -> None:
    simulator = simulate(model=model)
    with serial.Serial(simulator.port, 57600, timeout=PATIENCE_S) as port:
        finger, used = _noting(adafruit.Adafruit_Fingerprint(port))
        assert finger.data_packet_size == 2
        assert finger.get_image() == adafruit.NOFINGER
        simulator.ask("press an")
        for buffer in (1, 2):
            assert finger.get_image() == adafruit.OK
            assert finger.image_2_tz(buffer) == adafruit.OK
        assert finger.compare_templates() == adafruit.OK
        assert finger.create_model() == adafruit.OK
        assert finger.store_model(161) == adafruit.OK
        assert finger.load_model(161, 1) == adafruit.OK
        assert (finger.count_templates(), finger.template_count) == (adafruit.OK, 1)
        assert (finger.read_templates(), finger.templates) == (adafruit.OK, [161])

        template = finger.get_fpdata("char", 1)
        assert template[:2] == [3, 1]
        assert finger.send_fpdata(template, "char", 2)
        assert finger.get_fpdata("char", 2) == template

        assert finger.get_image() == adafruit.OK
        image = finger.get_fpdata("image")
        assert finger.send_fpdata(image, "image")
        assert finger.get_fpdata("image") == image
        assert finger.image_2_tz(1) == adafruit.OK
        assert (finger.finger_search(), finger.finger_id) == (adafruit.OK, 161)
        if model != "r503":
            assert (finger.finger_fast_search(), finger.finger_id) == (adafruit.OK, 161)
        assert finger.delete_model(161) == adafruit.OK
        assert finger.finger_search() == adafruit.NOTFOUND
        assert finger.empty_library() == adafruit.OK

        assert finger.set_sysparam(5, 4) == adafruit.OK
        assert (finger.read_sysparam(), finger.security_level) == (adafruit.OK, 4)
        if model == "r503":
            assert finger.set_led(color=2, mode=3) == adafruit.OK
            finger.soft_reset()
        if model == "zfm60":
            assert finger.check_module()
        else:  # GetEcho is the ZFM-60's.
            with pytest.raises(RuntimeError):
                finger.check_module()
        assert finger.verify_password() == adafruit.OK
        finger.close_uart()
    methods = inspect.getmembers(adafruit.Adafruit_Fingerprint, inspect.isfunction)
    public = {name for name, _ in methods if not name.startswith("_")}
    of_an_r503 = {"set_led", "soft_reset"}
    assert used == public - ({"finger_fast_search"} if model == "r503" else of_an_r503)


def _noting(driver: Any) -> tuple[Any, set[str]]:
    """The driver, and the names of its methods that are used from now on."""
    used: set[str] = set()

    class Noting:
        def __getattr__(self, name: str) -> Any:
            value = getattr(driver, name)
            if inspect.ismethod(value):
                used.add(name)
            return value

    return Noting(), used


def test_instructions_of_drivers_for_the_as608() -> None:
    """What LibDriver's as608 and others for it send beyond the family's common instructions."""
    bench = Bench("as608")
    bench.press("an")
    assert bench.ask(0x10) == bytes([0x00, 0, 0])  # PS_Enroll: slot 0
    code, *found = bench.ask(0x11)  # PS_Identify: slot and score
    assert (code, found[:2]) == (0x00, [0, 0])
    assert int.from_bytes(found[2:], "big") >= 50
    bench.glass.lift(bench.now)
    assert bench.ask(0x10)[0] == 0x1E
    assert bench.ask(0x11)[0] == 0x09
    bench.press("binh")
    assert bench.ask(0x11)[0] == 0x09
    ack, *packets = bench.exchange(0x16)  # PS_ReadINFpage
    assert (ack.data, sum(len(packet.data) for packet in packets)) == (b"\x00", 512)
    assert bench.ask(0x1C, 0) == b"\x00"
    assert bench.ask(0x1E, 1) == b"\x00"
    assert bench.ask(0x17, 1) == b"\x00"
    assert bench.ask(0x1A) == b"\x01", "nobody burns firmware into a simulator"


def test_instructions_of_drivers_for_the_r503() -> None:
    bench = Bench("r503")
    bench.press("an")
    assert bench.ask(0x28) == b"\x00"  # GetImageEx
    assert bench.ask(0x02, 1) == b"\x00"
    for version in (0x39, 0x3A):
        assert len(bench.ask(version)) == 33
    assert len(bench.ask(0x3C)) == 47
    assert bench.ask(0x35, 1, 128, 2, 0) == b"\x00"
    assert bench.ask(0x40) == b"\x00"
    assert bench.ask(0x36) == b"\x00"


@pytest.mark.parametrize(
    ("model", "driver"), [("as608", "AS608"), ("r307", "R307"), ("r503", "R503"), ("zfm20", "R307")]
)
def test_all_of_afrik(simulate: Simulate, model: str, driver: str) -> None:
    simulator = simulate(model=model)
    failed = afrik_fingerprint.SensorCommandError
    with getattr(afrik_fingerprint, driver)(str(simulator.port)) as finger:
        assert finger.is_connected()
        with pytest.raises(failed, match="No finger detected"):
            finger.capture_image()
        simulator.ask("press an")
        finger.enroll(3)
        slot, score = finger.identify()
        assert (slot, score > 50) == (3, True)
        finger.load_model(3, 2)
        with pytest.raises(failed, match="Error reading template"):
            finger.load_model(9)
        simulator.ask("press binh")
        with pytest.raises(failed, match="No finger detected"):
            finger.identify()
        with pytest.raises(failed, match="No matching fingerprint"):
            finger.identify()
        finger.delete_template(3)
        assert simulator.ask("slots").startswith("count=0 ")
        finger.empty_library()
        with pytest.raises(failed, match="Incorrect handshake password"):
            finger.verify_password(5)
        assert finger.verify_password()


@pytest.fixture
def r503_driver(simulate: Simulate, monkeypatch: pytest.MonkeyPatch) -> tuple[Running, r503.R503]:
    """It knows ports by number only: /dev/ttyUSB0."""
    simulator = simulate(model="r503")
    opened = serial.Serial
    monkeypatch.setattr(r503.serial, "Serial", lambda _, **given: opened(simulator.port, **given))
    return simulator, r503.R503(0)


@pytest.mark.long  # It reads until a second has passed, each time.
def test_all_of_r503(r503_driver: tuple[Running, r503.R503]) -> None:
    simulator, finger = r503_driver
    for name in ("verify_pw", "handshake", "check_sensor", "cancel", "led_control"):
        assert getattr(finger, name)() == 0, name
    parameters = finger.read_sys_para_decode()
    assert (parameters["finger_library_size"], parameters["baud_rate"]) == (200, 57600)
    assert finger.read_prod_info_decode()["fp database size"] == 200
    assert (finger.get_fw_ver()[0], finger.get_alg_ver()[0]) == (0, 0)
    assert finger.get_random_code() != finger.get_random_code()
    assert (finger.get_img(), finger.get_image_ex()) == (2, 2)
    simulator.ask("press an")
    for buffer in range(1, 7):
        assert finger.get_img() == 0
        assert finger.img2tz(buffer) == 0
    assert finger.reg_model() == 0
    assert finger.match()[0] == 0
    assert finger.store(1, 7) == 0
    assert (finger.read_valid_template_num(), finger.read_index_table()) == (1, [7])
    assert finger.get_available_location() == 0
    code, slot, score = finger.search()
    assert (code, slot, score > 50) == (0, 7, True)
    assert finger.load_char(7) == 0
    assert sum(len(part) for part in finger.up_char()) == 1536
    assert sum(len(part) for part in finger.up_image()) == 192 * 192 // 2
    assert isinstance(finger.read_info_page(), bytes)
    assert finger.write_notepad(3, "hello") == 0
    assert finger.read_notepad(3)[1].startswith(b"hello")
    assert (finger.set_security(4), finger.set_pkg_length(128), finger.set_pw(0)) == (0, 0, 0)
    assert finger.delete_char(7) == 0
    assert finger.empty_finger_lib() == 0
    assert finger.soft_reset() == 0
    assert finger.set_baud(115200) == 0
    finger.ser_close()


@pytest.mark.long
def test_r503_enrols_and_identifies_by_itself(r503_driver: tuple[Running, r503.R503]) -> None:
    simulator, finger = r503_driver
    simulator.ask("press an")
    assert finger.auto_enroll(9, finger_leave=0, ret_status=0) == 0
    slot, score = finger.auto_identify()
    assert (slot, score > 50) == (9, True)
    finger.ser_close()
