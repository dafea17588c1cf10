"""What a log may say: facts and codes, never a name or a template."""

import base64
import json

import pytest

from tests.brokers import Mosquitto

from .gate import Gate, name_of

_NAME = "Lò Thị Mây"


def _a_day(gate: Gate) -> str:
    """The logs of a day with everything in it."""
    daemon = gate.start()
    receiver = gate.receive()
    watch = gate.watch()
    assert gate.cli("workers", "add", "NV900", _NAME).code == 0
    gate.cli("workers", "add", "NV900", _NAME)
    assert gate.enrol_by_command("NV900").code == 0
    gate.enrol_by_command("NV001")
    gate.enrol_by_command("NV901", presses="NV900")
    for finger in ("NV900", "NV001", "a-stranger", "NV900"):
        gate.press(finger)
        watch.panel()
    for fault in ("drop-bytes", "noise", "silence"):
        gate.finger(f"fault {fault}")
    gate.press("NV002")
    watch.panel()
    gate.cli("workers", "deactivate", "NV900")
    gate.press("NV900")
    watch.panel()
    gate.cli("prints", "remove", "NV900", "--finger", "right-index", "--yes")
    gate.finger("unplug")
    watch.state("sensor", "unplugged")
    gate.finger("plug")
    watch.state("sensor", "ready")
    gate.in_step(watch)
    assert daemon.stop() == 0
    receiver.stop()
    return daemon.said + receiver.said


def _templates(gate: Gate) -> list[bytes]:
    """The sensor's flash file keeps them in some text form; look for every way to print them."""
    gate.stop_simulating()
    text = (gate.folder / "flash").read_bytes().split(b"\n", 1)[1]
    templates = json.loads(text)["templates"]
    return [_bytes_of(template) for template in templates.values()]


def _bytes_of(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return base64.b64decode(text)


@pytest.mark.parametrize("form", [pytest.param("plain", marks=pytest.mark.long), "json"])
def test_no_names_no_templates(gate: Gate, mosquitto: Mosquitto, form: str) -> None:
    gate.set(
        log={"format": form},
        mqtt={"port": mosquitto.port, "receipt_timeout_s": 1},
        punch={"repeat_window_s": 3600},
    )
    said = _a_day(gate)
    assert "sensor ready" in said  # The control: it is the log that we read.
    for name in (_NAME, name_of("NV001"), name_of("NV002"), "Thị"):
        assert name not in said
        assert ascii(name)[1:-1] not in said
    # Nor does any of it leave the gate.
    wire = "".join(json.dumps(entry, ensure_ascii=False) for entry in gate.entries())
    wire += mosquitto.log.read_text() + gate.payroll.read_bytes().decode(errors="replace")
    assert "Thị" not in wire
    templates = _templates(gate)
    assert len(templates) >= 60
    for template in templates:
        piece = template[8:24]
        for shown in (piece.hex(), repr(piece)[2:-1], str(list(piece))[1:-1]):
            assert shown not in said
            assert shown not in wire
    if form == "json":
        for line in said.splitlines():
            if line.startswith("{"):
                assert json.loads(line).keys() >= {"level", "logger", "thread", "message"}
        daemon = [line for line in said.splitlines() if "edge_agent.gate.daemon" in line]
        assert daemon


def test_every_line_is_json(gate: Gate, mosquitto: Mosquitto) -> None:
    gate.set(log={"format": "json"}, mqtt={"port": mosquitto.port})
    daemon = gate.start()
    watch = gate.watch()
    gate.finger("unplug")
    watch.state("sensor", "unplugged")
    mosquitto.restart()
    watch.state("uplink", "disconnected")
    assert daemon.stop() == 0
    lines = [json.loads(line) for line in daemon.said.splitlines()]
    assert {"info", "error"} <= {line["level"] for line in lines}
